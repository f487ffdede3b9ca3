#define _GNU_SOURCE
#include "lock.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

int own_fd_take(struct own_fd *own, int fd) {
    if (fd < 0) return -errno;
    struct stat st;
    if (fstat(fd, &st) != 0) {
        int err = errno;
        close(fd);
        return -err;
    }
    *own = (struct own_fd){.fd = fd, .dev = st.st_dev, .ino = st.st_ino};
    return 0;
}

bool own_fd_valid(const struct own_fd *own) {
    struct stat st;
    return own->fd >= 0 && fstat(own->fd, &st) == 0 && st.st_dev == own->dev && st.st_ino == own->ino;
}

void own_fd_close(struct own_fd *own) {
    if (own_fd_valid(own)) close(own->fd);
    own->fd = -1;
}

/* The one list of locks that a forked child must drop, or its parent's death would go unnoticed. */
static pthread_mutex_t locks_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct lock *locks;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void before_fork(void) {
    pthread_mutex_lock(&locks_mutex);
}
static void after_fork_parent(void) {
    pthread_mutex_unlock(&locks_mutex);
}
static void after_fork_child(void) {
    for (struct lock *l = locks; l; l = l->next) {
        own_fd_close(&l->file);
        l->link = NULL;
    }
    locks = NULL; /* the child may free its parent's handles: nothing of theirs may stay in the list */
    pthread_mutex_unlock(&locks_mutex);
}
static void fork_handlers_install(void) {
    (void)pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

/* With the mutex held, so that no fork comes between opening and the list. */
static int lock_list(struct lock *lock, int fd) {
    lock->file.fd = -1;
    for (struct lock *l = locks; l && fd >= 0; l = l->next)
        if (l->file.fd == fd) l->file.fd = -1; /* closed behind our back: it must not pass for this one because it was the same file */
    int rc = own_fd_take(&lock->file, fd);
    lock->link = NULL;
    if (rc == 0) {
        lock->next = locks;
        lock->link = &locks;
        if (locks) locks->link = &lock->next;
        locks = lock;
    }
    return rc;
}

/* fd, or -1 and errno. */
static int plain_or_closed(int fd, uid_t owner) {
    struct stat st;
    if (fd < 0) {
        if (errno == ENXIO || errno == EISDIR) errno = ELOOP; /* a socket, a folder */
        return fd;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink <= 1 && st.st_uid == owner) return fd;
    close(fd);
    errno = ELOOP;
    return -1;
}

int lock_open(struct lock *lock, int dir, uid_t owner, bool writable) {
    pthread_once(&fork_once, fork_handlers_install);
    int flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    pthread_mutex_lock(&locks_mutex);
    int rc = lock_list(lock, plain_or_closed(openat(dir, "alive", flags), owner));
    pthread_mutex_unlock(&locks_mutex);
    return rc;
}

int lock_take(struct lock *lock, int fd) {
    int err = errno;
    pthread_once(&fork_once, fork_handlers_install);
    pthread_mutex_lock(&locks_mutex);
    errno = err;
    int rc = lock_list(lock, fd);
    pthread_mutex_unlock(&locks_mutex);
    return rc;
}

void lock_close(struct lock *lock) {
    pthread_mutex_lock(&locks_mutex);
    if (lock->link) {
        *lock->link = lock->next;
        if (lock->next) lock->next->link = lock->link;
        lock->link = NULL;
    }
    own_fd_close(&lock->file);
    pthread_mutex_unlock(&locks_mutex);
}

static int lock_control(const struct lock *lock, int command, short type, uint32_t byte, struct flock *out) {
    if (!own_fd_valid(&lock->file)) return -EBADF;
    *out = (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1};
    if (fcntl(lock->file.fd, command, out) == 0) return 0;
    return errno == EACCES ? -EAGAIN : -errno;
}

int lock_try(const struct lock *lock, uint32_t byte) {
    struct flock fl;
    return lock_control(lock, F_OFD_SETLK, F_WRLCK, byte, &fl);
}

int lock_release(const struct lock *lock, uint32_t byte) {
    struct flock fl;
    return lock_control(lock, F_OFD_SETLK, F_UNLCK, byte, &fl);
}

int lock_probe(const struct lock *lock, uint32_t byte) {
    struct flock fl;
    int rc = lock_control(lock, F_OFD_GETLK, F_RDLCK, byte, &fl);
    return rc ? rc : fl.l_type != F_UNLCK;
}

/* The kernel names one lock that is in the way, whichever: what is left of it and right of it is asked for again. */
int lock_probe_range(const struct lock *lock, uint32_t byte, uint32_t count, bool *held) {
    struct {
        off_t from, end;
    } left[LOCK_RANGE_MAX + 1];
    uint32_t ranges = 0;
    if (!own_fd_valid(&lock->file)) return -EBADF;
    if (count > LOCK_RANGE_MAX) return -EINVAL;
    memset(held, 0, count * sizeof *held);
    if (count > 0) left[ranges++].from = (off_t)byte, left[0].end = (off_t)byte + (off_t)count;
    while (ranges > 0) {
        off_t from = left[--ranges].from, end = left[ranges].end;
        struct flock fl = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = from, .l_len = end - from};
        if (fcntl(lock->file.fd, F_OFD_GETLK, &fl) != 0) return -errno;
        if (fl.l_type == F_UNLCK) continue;
        off_t first = fl.l_start > from ? fl.l_start : from,
              behind = fl.l_len > 0 && fl.l_start + fl.l_len < end ? fl.l_start + fl.l_len : end;
        for (off_t at = first; at < behind; at++) held[at - (off_t)byte] = true;
        if (behind <= first) return -EIO; /* it goes on for ever otherwise */
        if (first > from) left[ranges].from = from, left[ranges++].end = first;
        if (behind < end) left[ranges].from = behind, left[ranges++].end = end;
    }
    return 0;
}

static uint64_t start_time_in(const char *path) {
    char text[1024];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0) return 0;
    text[n] = '\0';
    char *p = strrchr(text, ')'); /* the name before it may contain anything */
    if (!p || !p[1]) return 0;
    if (p[2] == 'Z' || p[2] == 'X') return 0; /* a zombie runs no more */
    p += 2;
    for (int field = 3; field < 22; field++) {
        p = strchr(p + 1, ' ');
        if (!p) return 0;
    }
    uint64_t start = strtoull(p, NULL, 10);
    return start ? start : 1;
}

uint64_t process_start_time(uint32_t pid) {
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/%u/stat", pid);
    return start_time_in(path);
}

/* Not by its pid: inside a pid namespace that is somebody else's number in a /proc mounted outside. */
uint64_t process_own_start_time(void) {
    return start_time_in("/proc/self/stat");
}

const uint32_t *fork_token_new(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint32_t *token = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (token == MAP_FAILED) return NULL;
    if (madvise(token, page, MADV_WIPEONFORK) != 0) {
        munmap(token, page);
        return NULL;
    }
    *token = 1;
    return token;
}

void fork_token_free(const uint32_t *token) {
    union {
        const uint32_t *in;
        void *out;
    } u = {.in = token};
    if (token) munmap(u.out, (size_t)sysconf(_SC_PAGESIZE));
}
