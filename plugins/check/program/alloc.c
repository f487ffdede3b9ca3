#include "alloc.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* glibc's own, under the names that it keeps for those who replace them. */
void *__libc_malloc(size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

struct alloc alloc;

/* In front of each block. Behind it are 8 bytes of `fence`. */
struct head {
    void *base; /* what glibc gave */
    size_t size;
    uint32_t magic;
    uint32_t is_plugin;
    uint64_t unused;
};
_Static_assert(sizeof(struct head) % 16 == 0, "blocks are aligned for any type");

enum { MAGIC = 0x5C7EB10C, FREED = 0x5C7EF4EE, JUNK_MAX = 64 << 10 };
static const unsigned char fence[8] = {0xFE, 0x11, 0xCE, 0xFE, 0x11, 0xCE, 0xFE, 0x11};

static bool must_fail(void) {
    return alloc.is_plugin && ++alloc.calls == alloc.fail_at;
}

static void fill(void *block, size_t size) {
    if (alloc.is_plugin && alloc.is_strict) memset(block, alloc.junk, size < JUNK_MAX ? size : JUNK_MAX);
}

static void count(const struct head *head, int sign) {
    if (head->is_plugin == 0) return;
    alloc.blocks += (uint64_t)sign;
    alloc.bytes += (uint64_t)sign * head->size;
}

static void *finish(void *base, struct head *head, size_t size) {
    *head = (struct head){.base = base, .size = size, .magic = MAGIC, .is_plugin = alloc.is_plugin};
    memcpy((char *)(head + 1) + size, fence, sizeof fence);
    count(head, 1);
    return head + 1;
}

static void *take(size_t alignment, size_t size) {
    size_t front = alignment > sizeof(struct head) ? alignment : sizeof(struct head);
    if (must_fail() || size > PTRDIFF_MAX - front - sizeof fence) {
        errno = ENOMEM;
        return NULL;
    }
    size_t whole = front + size + sizeof fence;
    char *base = alignment > 16 ? __libc_memalign(alignment, whole) : __libc_malloc(whole);
    if (base == NULL) return NULL;
    fill(base + front, size);
    return finish(base, (struct head *)(void *)(base + front) - 1, size);
}

/* Of a block that is in use; what is not, is the plugin's mistake. */
static struct head *head_of(void *block) {
    struct head *head = (struct head *)block - 1;
    const char *what = NULL;
    if (head->magic == FREED)
        what = "frees a block twice, or uses it afterwards";
    else if (head->magic != MAGIC)
        what = "frees what is no block, or has written before its beginning";
    else if (memcmp((char *)block + head->size, fence, sizeof fence) != 0)
        what = "writes behind the end of a block that it allocated";
    if (what != NULL && alloc.wrong != NULL) alloc.wrong(what);
    return head;
}

/* From here on: seen by the plugin, whose calls are bound to these. */
#pragma GCC visibility push(default)

void *malloc(size_t size) {
    return take(16, size);
}

void free(void *block) {
    if (block == NULL) return;
    struct head *head = head_of(block);
    count(head, -1);
    fill(block, head->size);
    head->magic = FREED;
    __libc_free(head->base);
}

void *calloc(size_t number, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(number, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    void *block = take(16, bytes);
    if (block != NULL) memset(block, 0, bytes);
    return block;
}

static void *resize_in_place(struct head *head, size_t size) {
    if (must_fail()) {
        errno = ENOMEM;
        return NULL;
    }
    count(head, -1);
    struct head *larger = __libc_realloc(head, sizeof *head + size + sizeof fence);
    if (larger == NULL) {
        count(head, 1);
        return NULL;
    }
    return finish(larger, larger, size);
}

void *realloc(void *block, size_t size) {
    if (block == NULL) return malloc(size);
    struct head *head = head_of(block);
    if (size == 0) {
        free(block);
        return NULL;
    }
    if (size > PTRDIFF_MAX / 2) {
        errno = ENOMEM;
        return NULL;
    }
    if ((!alloc.is_strict || !alloc.is_plugin) && head->base == head) return resize_in_place(head, size);
    void *moved = take(16, size);
    if (moved == NULL) return NULL;
    memcpy(moved, block, size < head->size ? size : head->size);
    free(block);
    return moved;
}

void *memalign(size_t alignment, size_t size) {
    return take(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return take(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    void *got = take(alignment, size);
    if (got == NULL) return ENOMEM;
    *block = got;
    return 0;
}

size_t malloc_usable_size(void *block) {
    return block != NULL ? head_of(block)->size : 0;
}

#pragma GCC visibility pop
