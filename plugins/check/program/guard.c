#define _GNU_SOURCE
#include "guard.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { GUARD = 64 << 10, PAGE = 4096, ALL_MAX = 8 };

static const struct guarded *all[ALL_MAX];
static size_t count;

bool guard_make(struct guarded *guarded, size_t room, const char *name) {
    room = (room + PAGE - 1) & ~(size_t)(PAGE - 1);
    unsigned char *map = mmap(NULL, room + 2 * (size_t)GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED || count == ALL_MAX || mprotect(map + GUARD, room, PROT_READ | PROT_WRITE) != 0) return false;
    *guarded = (struct guarded){name, map + GUARD, room};
    all[count++] = guarded;
    return true;
}

const void *guard_place(struct guarded *guarded, const void *data, size_t len, bool at_end) {
    static unsigned char junk;
    size_t pages = (len + PAGE) & ~(size_t)(PAGE - 1);
    if (pages > guarded->room) pages = guarded->room;
    unsigned char *part = at_end ? guarded->start + guarded->room - pages : guarded->start;
    unsigned char *place = at_end ? guarded->start + guarded->room - len : guarded->start;
    junk = (unsigned char)(junk * 5 + 113);
    (void)mprotect(part, pages, PROT_READ | PROT_WRITE);
    memset(part, junk, pages);
    if (len > 0) memcpy(place, data, len);
    (void)mprotect(part, pages, PROT_READ);
    return place;
}

void *guard_room(const struct guarded *guarded, size_t len) {
    return guarded->start + guarded->room - len;
}

enum guard_side guard_find(const void *address, const struct guarded **guarded) {
    uintptr_t at = (uintptr_t)address;
    for (size_t i = 0; i < count; i++) {
        uintptr_t start = (uintptr_t)all[i]->start, end = start + all[i]->room;
        *guarded = all[i];
        if (at >= start - GUARD && at < start) return GUARD_BEFORE;
        if (at >= start && at < end) return GUARD_WITHIN;
        if (at >= end && at < end + GUARD) return GUARD_BEHIND;
    }
    return GUARD_NONE;
}
