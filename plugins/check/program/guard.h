/* Bytes with nothing behind them, or before: pages that may not be touched. What is placed is read-only until it is placed anew. */
#ifndef SCTX_CHECK_GUARD_H
#define SCTX_CHECK_GUARD_H
#include <stdbool.h>
#include <stddef.h>

struct guarded {
    const char *name; /* "the payload" */
    unsigned char *start;
    size_t room;
};

/* For up to `room` bytes. Kept for guard_find(), for good. */
bool guard_make(struct guarded *guarded, size_t room, const char *name);
/* With its last byte before the end, or its first one behind the beginning. The rest is junk, each time another. */
const void *guard_place(struct guarded *guarded, const void *data, size_t len, bool at_end);
/* Room for len bytes before the end, writable. */
void *guard_room(const struct guarded *guarded, size_t len);

enum guard_side { GUARD_NONE, GUARD_BEFORE, GUARD_WITHIN, GUARD_BEHIND };
/* Of which is this address? */
enum guard_side guard_find(const void *address, const struct guarded **guarded);

#endif
