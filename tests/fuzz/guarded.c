/* Files that the library maps get pages before and after them that may not be touched: else what lies beyond would often be another mapping, and
 * AddressSanitizer knows nothing of either. Linked with --wrap=mmap and --wrap=munmap. */
#define _GNU_SOURCE
#include "base.h"
#include <pthread.h>
#include <sys/mman.h>

#define GUARD ((size_t)1 << 20)
#define MAPPINGS 4096u

void *__real_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t off);
int __real_munmap(void *at, size_t bytes);
void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t off);
int __wrap_munmap(void *at, size_t bytes);

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void *guarded[MAPPINGS];

static size_t pages(size_t bytes) {
    return (bytes + 4095) & ~(size_t)4095;
}

static unsigned find(const void *at) {
    unsigned i = 0;
    while (i < MAPPINGS && guarded[i] != at) i++;
    return i;
}

void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t off) {
    if (at || fd < 0) return __real_mmap(at, bytes, protection, flags, fd, off);
    unsigned char *around = __real_mmap(NULL, pages(bytes) + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (around == MAP_FAILED) return MAP_FAILED;
    void *map = __real_mmap(around + GUARD, bytes, protection, flags | MAP_FIXED, fd, off);
    if (map == MAP_FAILED) {
        (void)__real_munmap(around, pages(bytes) + 2 * GUARD);
        return map;
    }
    pthread_mutex_lock(&mutex);
    unsigned i = find(NULL);
    MUST(i < MAPPINGS);
    guarded[i] = map;
    pthread_mutex_unlock(&mutex);
    return map;
}

int __wrap_munmap(void *at, size_t bytes) {
    pthread_mutex_lock(&mutex);
    unsigned i = at ? find(at) : MAPPINGS;
    if (i < MAPPINGS) guarded[i] = NULL;
    pthread_mutex_unlock(&mutex);
    return i < MAPPINGS ? __real_munmap((unsigned char *)at - GUARD, pages(bytes) + 2 * GUARD) : __real_munmap(at, bytes);
}
