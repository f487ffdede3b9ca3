/* Interning: descriptors (of topics and of markers) that are written once and found by everybody, without a lock.
 *
 *   heap    a chain of blocks from 0 on: {size, owner's join} in one word, then bytes. A block is claimed by swapping the 0 word at the
 *           chain's end. Its claimant fills it, writes `check`, and
 *   table   swaps the first 0 entry to {the block's place, its size}. That swap publishes; the entry's index is the id. Lost against
 *           another: compare names, go on with the next entry, or use what the other made.
 *
 *   What a crash leaves: a claimed block that no entry refers to. The next one who registers takes it over, if its claimant is dead and it is large
 *   enough. Nothing waits for anybody.
 *
 *   The space is allocated before use (posix_fallocate), so that a full file system is an error, never SIGBUS. */
#ifndef SCTX_INTERN_H
#define SCTX_INTERN_H
#include "context.h"

struct intern_table {
    _Atomic uint64_t *entries; /* first entry */
    uint32_t stride;           /* in words */
    uint32_t slots;
    uint32_t block_most; /* bytes of a block, at most */
    uint64_t *taken;     /* bytes of the blocks that were read so far, or NULL: blocks are disjoint, so a sum that exceeds the heap is a lie */
};

/* What a descriptor holds: up to four byte strings. */
#define INTERN_PARTS 4
struct intern_parts {
    const void *data[INTERN_PARTS];
    uint32_t bytes[INTERN_PARTS];
};

/* Swaps a descriptor into entry `id`, which was found 0. OK; EXISTS: somebody was faster, look at that entry again. *claim carries the block
 * from one try to the next: begin with 0, end with intern_abandon() if it was not used. FULL, NO_SPACE, LOST. [joined only, ctx->mutex held] */
int intern_put(struct sctx *ctx, const struct intern_table *table, uint32_t id, const struct intern_parts *parts, uint64_t *claim,
               struct sctx_error *error);
void intern_abandon(struct sctx *ctx, uint64_t claim);

/* Copies entry `id` out: a malloc'ed buffer, in which every part is followed by a NUL; *parts point into it. NOT_FOUND: 0. DAMAGED: makes no sense. NO_MEMORY. */
int intern_get(struct sctx *ctx, const struct intern_table *table, uint32_t id, struct intern_parts *parts, void **buffer);

/* Bytes of tables and heap that are in use. */
uint64_t intern_memory(struct sctx *ctx);
#endif
