#include "cause.h"

__thread struct cause sctx_thread_causes[CAUSE_SLOTS];

void sctx_cause_set(sctx *ctx, uint64_t seq) {
    cause_note(ctx, seq, SCTX_MSG_CAUSE | SCTX_MSG_CAUSE_EXPLICIT);
}

void sctx_cause_clear(sctx *ctx) {
    cause_forget(ctx);
}

bool sctx_cause_get(sctx *ctx, uint64_t *seq) {
    const struct cause *c = cause_of_thread(ctx);
    if (c) *seq = c->seq;
    return c != NULL;
}
