/* A context's memory: bounded, told, and given back. */
#include "rig.h"
#include <criterion/criterion.h>
#include <string.h>

static uint64_t memory_of(sctx *ctx) {
    struct sctx_info i = rig_info(ctx);
    return i.memory_ring + i.memory_arenas;
}

Test(memory, ten_thousand_writers_leave_what_one_leaves, .timeout = 50) {
    sctx *ctx = rig_new("memory", NULL);
    uint16_t topic = rig_topic(ctx, "a");
    uint64_t after_one = 0;
    int files = 0;
    for (int i = 0; i < 10000; i++) {
        sctx_writer *w = rig_writer(ctx);
        (void)rig_say(w, topic, "hello");
        sctx_writer_close(w);
        if (i == 0) after_one = memory_of(ctx), files = rig_files("memory");
    }
    cr_assert_eq(memory_of(ctx), after_one);
    cr_assert_eq(rig_files("memory"), files);
    cr_assert_eq(rig_info(ctx).arenas_used, 1);
    cr_assert_lt(after_one, 3u << 20);
    rig_end(ctx, "memory");
}

/* Without any configuration: 16 MiB, and small ones before and after. The larger arena takes the place of the smaller. */
Test(memory, large_message_in_the_default_context, .timeout = 30) {
    sctx *ctx = rig_new("memory", NULL);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t topic = rig_topic(ctx, "a");
    size_t len = 16u << 20;
    unsigned char *data = malloc(len);
    cr_assert_not_null(data);
    rig_fill(data, len, 1);
    struct sctx_message m;
    (void)rig_say(w, topic, "before");
    cr_assert_eq(sctx_publish(w, topic, data, len, NULL), SCTX_OK, "%s", sctx_writer_error(w));
    (void)rig_say(w, topic, "after");
    cr_assert(sctx_read(r, &m) == SCTX_OK && m.len == 6 && memcmp(m.data, "before", 6) == 0);
    cr_assert(sctx_read(r, &m) == SCTX_OK && m.len == len && rig_filled(m.data, len, 1));
    cr_assert(sctx_read(r, &m) == SCTX_OK && m.len == 5 && m.lost + m.gone == 0);
    sctx_writer_close(w);
    uint64_t large = memory_of(ctx);
    for (int i = 0; i < 200; i++) { /* large ones again, from writers that come and go: no more memory */
        w = rig_writer(ctx);
        cr_assert_eq(sctx_publish(w, topic, data, len, NULL), SCTX_OK);
        sctx_writer_close(w);
    }
    cr_assert_leq(memory_of(ctx), large);
    free(data);
    sctx_reader_close(r);
    rig_end(ctx, "memory");
}

/* The cap holds, the error says what it is about, nothing was published, and the writer goes on with what it has. */
Test(memory, cap) {
    struct sctx_create_options o = {.cells = 64, .arena_bytes = 64u << 10, .max_memory = 2u << 20};
    static unsigned char data[2u << 20];
    sctx *ctx = rig_new("memory", &o);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t topic = rig_topic(ctx, "a");
    uint64_t seq = 77;
    (void)rig_say(w, topic, "x");
    cr_expect_eq(sctx_publish(w, topic, data, sizeof data, &seq), SCTX_ERR_NO_SPACE);
    cr_expect_not_null(strstr(sctx_writer_error(w), "KiB"), "%s", sctx_writer_error(w));
    cr_expect_eq(seq, 77);
    void *room = NULL;
    cr_expect_eq(sctx_reserve(w, sizeof data, &room), SCTX_ERR_NO_SPACE);
    cr_expect_eq(sctx_publish(w, topic, data, 10000, &seq), SCTX_OK);
    cr_expect_eq(seq, 2, "what failed took no seq");
    cr_expect_leq(memory_of(ctx), o.max_memory);
    sctx_writer *more[64];
    int n = 0, rc = SCTX_OK;
    while (n < 64 && (rc = sctx_writer_open(ctx, NULL, &more[n])) == SCTX_OK) n++;
    cr_expect_eq(rc, SCTX_ERR_NO_SPACE, "after %d more writers: %s", n, sctx_strerror(rc));
    cr_expect_leq(memory_of(ctx), o.max_memory, "%llu", (unsigned long long)memory_of(ctx));
    cr_expect_gt(n, 5);
    cr_expect_eq(sctx_publish(w, topic, data, 10000, NULL), SCTX_OK);
    while (n) sctx_writer_close(more[--n]);
    cr_expect_eq(rig_drain(r), 3);
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "memory");
}

/* Arenas that grew and are no longer referred to are given back. */
Test(memory, old_generations_go, .timeout = 30) {
    struct sctx_create_options o = {.cells = 64, .arena_bytes = 64u << 10};
    static unsigned char data[1u << 20];
    sctx *ctx = rig_new("memory", &o);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    for (size_t len = 1000; len <= sizeof data; len *= 2) cr_assert_eq(sctx_publish(w, topic, data, len, NULL), SCTX_OK);
    for (int i = 0; i < 100; i++) (void)rig_say(w, topic, "x");
    sctx_writer_close(w);
    w = rig_writer(ctx);
    cr_assert_eq(rig_files("memory"), 3, "ring, alive, one arena");
    struct sctx_info i = rig_info(ctx);
    cr_assert_leq(i.memory_arenas, (4u << 20) + 8192, "%llu", (unsigned long long)i.memory_arenas);
    sctx_writer_close(w);
    rig_end(ctx, "memory");
}
