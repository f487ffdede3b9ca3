/* Gated readers: writers wait for them. tests/model/gate.pml.
 *
 *   readers[g].gate   0, or the next seq that this reader needs; byte LOCK_READER+g of `alive` is locked by its owner
 *   hot.gate_epoch    advanced by each joiner after its gate is up
 *
 *   Joiner  G1 lock the slot. G2 gate = tail hint. G3 epoch++, seq_cst. G4 walk to h, the first unpublished seq. G5 gate = h. From h on
 *           nothing is lost.
 *   Writer  before each advance of intent: every own record given up has seq < limit. For each t tried, once t-1 is known to be published:
 *           load the epoch, seq_cst; if it is new, or t-N >= limit: scan the gates again. Swap only if t-N < limit.
 *   Blocked by g: its lock is free: take it, clear the gate, give it back. It lives, but the least gate has not come further for the patience: swap
 *           it to 0; the reader goes on lossy, flagged and counted. Our own participant's: let go at once, for we cannot wait for ourselves.
 *   Reader  copy, then swap the gate forward (release), once for many messages. Failed: evicted.
 *
 *   A blocked writer polls, with growing sleeps. After an eighth of the patience it raises READER_AWAITED at the reader that it waits for, which moves
 *   its gate at the next message then, not only now and then. */
#ifndef SCTX_GATE_H
#define SCTX_GATE_H
#include "ring.h"

struct gate_keeper {
    bool used;               /* the context allows gating */
    bool any;                /* the last scan found a gate */
    bool waited;             /* gate_wait() had to wait since this was last cleared */
    uint32_t epoch;          /* as of the last scan */
    uint64_t limit;          /* the least gate of the last scan */
    const struct lock *lock; /* a description to probe and take dead readers' locks with */
};

/* Waits until no gate needs `seq`. REMOVED, LOST, DAMAGED: gates are raised out of nothing, without end. */
int gate_wait(struct sctx *ctx, struct gate_keeper *keeper, uint64_t seq);

/* May `seq` be overwritten? */
static inline int gate_pass(struct sctx *ctx, struct gate_keeper *k, uint64_t seq) {
    if (likely(!k->used)) return SCTX_OK;
    if (likely(load_seq_cst(&ctx->hot->gate_epoch) == k->epoch && (!k->any || seq_before(seq, k->limit)))) return SCTX_OK;
    return gate_wait(ctx, k, seq);
}

/* A gate's word for the next seq needed: 0 means none, so seq 0 is guarded from one before. */
static inline uint64_t gate_word(uint64_t seq) {
    return seq ? seq : UINT64_MAX;
}

/* G2 to G5 (the slot is locked); returns h. */
uint64_t gate_join(struct sctx *ctx, uint32_t slot);
#endif
