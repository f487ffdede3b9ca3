#include "filter.h"
#include "name.h"
#include "topic.h"
#include "wait.h"
#include <stdlib.h>
#include <string.h>

int filter_init(struct filter *f, const char *const *patterns, uint32_t count) {
    *f = (struct filter){0};
    for (uint32_t i = 0; i < count; i++)
        if (!patterns[i] || !name_is_pattern(patterns[i])) return SCTX_ERR_NAME;
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(patterns[i], "**") == 0) return SCTX_OK;
    if (count == 0) return SCTX_OK;
    f->patterns = calloc((size_t)count + 1, sizeof *f->patterns);
    f->verdicts = calloc(UINT16_MAX + 1, 1);
    bool ok = f->patterns && f->verdicts;
    for (uint32_t i = 0; ok && i < count; i++) ok = (f->patterns[i] = strdup(patterns[i])) != NULL;
    if (ok) return SCTX_OK;
    filter_free(f);
    return SCTX_ERR_NO_MEMORY;
}

void filter_free(struct filter *f) {
    for (char **p = f->patterns; p && *p; p++) free(*p);
    free(f->patterns);
    free(f->verdicts);
    *f = (struct filter){0};
}

enum verdict filter_ask(struct sctx *ctx, struct filter *f, uint16_t id) {
    const struct sctx_topic *topic;
    int rc = sctx_topic_get(ctx, id, &topic);
    enum verdict v = VERDICT_NO;
    for (char **p = f->patterns; rc == SCTX_OK && *p && v == VERDICT_NO; p++)
        if (sctx_topic_matches(*p, topic->name)) v = VERDICT_YES;
    if (rc == SCTX_ERR_NO_MEMORY) return VERDICT_UNKNOWN;
    if (rc == SCTX_OK || rc == SCTX_ERR_DAMAGED) f->verdicts[id] = (uint8_t)v; /* not registered (yet): ask again next time */
    return v;
}

uint32_t filter_bits(struct sctx *ctx, struct filter *f) {
    if (!f->verdicts) return WAIT_EVERYTHING;
    uint32_t count = sctx_topic_count(ctx);
    for (; f->topics < count; f->topics++) {
        enum verdict v = filter_verdict(ctx, f, (uint16_t)f->topics);
        if (v == VERDICT_UNKNOWN) return WAIT_EVERYTHING;
        if (v == VERDICT_YES) f->bits |= wait_topic_bit(f->topics);
    }
    return f->bits | WAIT_NEW_TOPIC;
}
