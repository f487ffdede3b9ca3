/* Which topics a reader wants: patterns, with the verdict per topic id remembered, and the latch bits to sleep with. */
#ifndef SCTX_FILTER_H
#define SCTX_FILTER_H
#include "context.h"

enum verdict { VERDICT_UNKNOWN, VERDICT_YES, VERDICT_NO }; /* UNKNOWN as an answer: out of memory, ask again */

struct filter {
    char **patterns;   /* NULL-terminated; NULL: everything */
    uint8_t *verdicts; /* by topic id; NULL: everything */
    uint32_t topics;   /* ids below this are in `bits` */
    uint32_t bits;
};

int filter_init(struct filter *filter, const char *const *patterns, uint32_t count);
void filter_free(struct filter *filter);

/* Asks the topic cache; an id that makes no sense is not wanted. */
enum verdict filter_ask(struct sctx *ctx, struct filter *filter, uint16_t topic);

static inline enum verdict filter_verdict(struct sctx *ctx, struct filter *f, uint16_t topic) {
    if (!f->verdicts) return VERDICT_YES;
    uint8_t v = f->verdicts[topic];
    return v != VERDICT_UNKNOWN ? (enum verdict)v : filter_ask(ctx, f, topic);
}

/* Latch bits of all topics wanted by now, and of topics yet to come. */
uint32_t filter_bits(struct sctx *ctx, struct filter *filter);
#endif
