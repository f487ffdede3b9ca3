/* A context of its own for each test, in the test's folder ($SCTX_DIR). */
#ifndef FIXTURE_H
#define FIXTURE_H
#include <criterion/criterion.h>
#include <sctx/sctx.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static inline void fresh(const char *name, uint64_t cells, uint64_t arena, uint32_t flags, uint64_t first_seq) {
    struct sctx_create_options o = {
        .size = sizeof o, .context = name, .cells = cells, .arena_bytes = arena, .flags = flags, .first_seq = first_seq};
    (void)sctx_remove(name, NULL, NULL);
    cr_assert_eq(sctx_create(&o), SCTX_OK);
}

static inline sctx *join(const char *context, const char *name) {
    struct sctx_options o = {.size = sizeof o, .context = context, .name = name};
    sctx *ctx = NULL;
    cr_assert_eq(sctx_open(&o, &ctx), SCTX_OK);
    return ctx;
}

static inline sctx *tap(const char *context) {
    struct sctx_options o = {.size = sizeof o, .context = context};
    sctx *ctx = NULL;
    cr_assert_eq(sctx_tap_open(&o, &ctx), SCTX_OK);
    return ctx;
}

static inline uint16_t topic(sctx *ctx, const char *name, const char *encoding) {
    struct sctx_topic_options o = {.size = sizeof o, .name = name, .encoding = encoding};
    uint16_t id = UINT16_MAX;
    cr_assert_eq(sctx_topic_register(ctx, &o, &id), SCTX_OK);
    return id;
}

static inline sctx_writer *writer(sctx *ctx) {
    sctx_writer *w = NULL;
    cr_assert_eq(sctx_writer_open(ctx, NULL, &w), SCTX_OK);
    return w;
}

static inline sctx_reader *reader(sctx *ctx, uint32_t from, uint32_t flags, const char *pattern) {
    struct sctx_reader_options o = {.size = sizeof o, .from = from, .flags = flags, .patterns = &pattern, .pattern_count = pattern != NULL};
    sctx_reader *r = NULL;
    cr_assert_eq(sctx_reader_open(ctx, &o, &r), SCTX_OK);
    return r;
}

static inline struct sctx_reader_stats balanced(const sctx_reader *r) {
    struct sctx_reader_stats s = {.size = sizeof s};
    cr_assert_eq(sctx_reader_stats(r, &s), SCTX_OK);
    cr_assert_eq(s.cursor - s.start_seq, s.delivered + s.filtered + s.lost + s.gone);
    return s;
}
#endif
