/* Liveness: one byte of the file `alive` for each place in the context, held with an open-file-description lock.
 *
 *   - Each handle opens `alive` for itself, since locks of one description never conflict with each other.
 *   - The descriptor is never mapped: a mapping keeps its description alive in forked children, and with it the lock of a dead parent.
 *   - A forked child drops the descriptors it inherited (fork handler); exec drops them (close-on-exec).
 *   - A program may close descriptors behind our back and open files of its own under the same number. A descriptor is therefore
 *     used, and closed, only while it is still the file that we opened.
 *
 * The kernel frees the lock when the process is gone, whatever killed it. [any thread] */
#ifndef SCTX_LOCK_H
#define SCTX_LOCK_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A descriptor that knows which file it is. */
struct own_fd {
    int fd; /* -1: none */
    dev_t dev;
    ino_t ino;
};
#define OWN_FD_NONE \
    { .fd = -1 }

/* Takes over fd (which may be negative); 0 or -errno. */
int own_fd_take(struct own_fd *own, int fd);
bool own_fd_valid(const struct own_fd *own);
void own_fd_close(struct own_fd *own);

struct lock {
    struct own_fd file;
    struct lock *next, **link; /* in the list of what a forked child drops */
};

enum lock_base { LOCK_PARTICIPANT = 0, LOCK_READER = 4096, LOCK_ARENA = 8192, LOCK_CREATE = 12288 };

/* A description of its own of `alive` in `dir`; 0 or -errno, -ELOOP: it is no plain file with one name of `owner`'s. */
int lock_open(struct lock *lock, int dir, uid_t owner, bool writable);
/* The same with a description that is open already (or -1 and errno): it is taken over. */
int lock_take(struct lock *lock, int fd);
void lock_close(struct lock *lock);

/* 0: taken. -EAGAIN: somebody else holds it. Other -errno. */
int lock_try(const struct lock *lock, uint32_t byte);
int lock_release(const struct lock *lock, uint32_t byte);

/* 1: held by another description. 0: free (or held by this very one). -errno. */
int lock_probe(const struct lock *lock, uint32_t byte);
/* The same of `count` (at most LOCK_RANGE_MAX) bytes from `byte` on, with a call for each that is held rather than for each there is. 0 or -errno. */
enum { LOCK_RANGE_MAX = 1024 };
int lock_probe_range(const struct lock *lock, uint32_t byte, uint32_t count, bool *held);

/* ---- processes -------------------------------------------------------------------------------------------------------------- */

/* The start time of a process, in the kernel's ticks since boot; 0: no such process visible here. */
uint64_t process_start_time(uint32_t pid);
uint64_t process_own_start_time(void);

/* ---- fork ------------------------------------------------------------------------------------------------------------------- */

/* A page that holds 1 in this process and reads 0 in forked children. NULL: out of memory. */
const uint32_t *fork_token_new(void);
void fork_token_free(const uint32_t *token);
#endif
