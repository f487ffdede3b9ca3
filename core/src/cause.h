/* Cause: per thread and context, the seq last read. A few contexts a thread are remembered; one more displaces another, which then has
 * no cause: a cause may be missing, never false. The key is the context's id, so that two handles of one context share. */
#ifndef SCTX_CAUSE_H
#define SCTX_CAUSE_H
#include "context.h"

struct cause {
    uint64_t context; /* the context's id; 0: none */
    uint64_t seq;
    uint32_t flags; /* enum sctx_message_flags; 0: none */
};

#define CAUSE_SLOTS 4u
extern __thread struct cause sctx_thread_causes[CAUSE_SLOTS] __attribute__((visibility("hidden")));

static inline struct cause *cause_slot(const struct sctx *ctx) {
    return &sctx_thread_causes[ctx->header.id % CAUSE_SLOTS];
}

static inline void cause_note(const struct sctx *ctx, uint64_t seq, uint32_t flags) {
    struct cause *c = cause_slot(ctx);
    c->context = ctx->header.id;
    c->seq = seq;
    c->flags = flags;
}

static inline void cause_forget(const struct sctx *ctx) {
    struct cause *c = cause_slot(ctx);
    if (c->context == ctx->header.id) c->flags = 0;
}

/* NULL: none. */
static inline const struct cause *cause_of_thread(const struct sctx *ctx) {
    const struct cause *c = cause_slot(ctx);
    return c->context == ctx->header.id && c->flags ? c : NULL;
}
#endif
