/* Waiting: sleepers, and writers that make a system call only for sleepers. tests/model/wait.pml.
 *
 *   hot.want   32-bit latch: bits 0 to 29: hash of the topic; 30: a topic was added; 31: everything
 *   hot.wave   one 64-bit word {epoch: low half, the futex; chain: high half, bits that are being woken now}
 *
 *   Sleeper  W1 e = wave.epoch. W2 want |= bits, seq_cst. W3 look at the own cell once more, seq_cst. W4 FUTEX_WAIT_BITSET(epoch, e, T, bits).
 *            W5 if it returned 0, before anything else: load wave; chain != 0: n = FUTEX_WAKE_BITSET(2, chain); n < 2: swap {seen} to {epoch, 0}.
 *   Writer   after its swap (seq_cst): want & b. Only if set: old = want &= ~b. If old & b: wave = {e+1, chain|b}, n =
 *            FUTEX_WAKE_BITSET(2, b); n < 2: swap to drop b from chain.
 *
 *   A writer clears only its own bits; everyone who holds such a bit is in that wave. No system call while anyone is busy, one call a turn from idle to
 *   busy; the woken wake two each. T = 250 ms covers a writer killed between its swap and its call, and two woken that died. */
#ifndef SCTX_WAIT_H
#define SCTX_WAIT_H
#include "context.h"

#define WAIT_TIMEOUT_NS INT64_C(250000000)
#define WAIT_NEW_TOPIC (UINT32_C(1) << 30)
#define WAIT_EVERYTHING (UINT32_C(1) << 31)

static inline uint32_t wait_topic_bit(uint32_t topic) {
    return UINT32_C(1) << (topic * UINT32_C(2654435761) >> 16) % 30;
}

/* The writer's steps after the latch showed `bits`. [any thread, joined only] */
void wait_wake(struct sctx *ctx, uint32_t bits);

static inline void wait_published(struct sctx *ctx, uint32_t bits) {
    if (unlikely(load_seq_cst(&ctx->hot->want) & bits)) wait_wake(ctx, bits);
}

/* The same for one message: nobody sleeps, nothing is computed. */
static inline void wait_published_topic(struct sctx *ctx, struct ring_hot *hot, uint32_t topic) {
    if (unlikely(load_seq_cst(&hot->want))) wait_published(ctx, wait_topic_bit(topic) | WAIT_EVERYTHING);
}

/* W1 and W2; returns e. */
uint32_t wait_announce(struct sctx *ctx, uint32_t bits);

/* W4 and W5. 0: woken, or something changed. -ETIMEDOUT, -EINTR. */
int wait_sleep(struct sctx *ctx, uint32_t epoch, uint32_t bits, int64_t ns);

/* Wakes everybody, whatever for: the context is being removed, or a helper must stop. */
void wait_wake_all(struct ring_hot *hot);
#endif
