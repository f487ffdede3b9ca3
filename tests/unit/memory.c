/* A context's memory: bounded, told, and given back. */
#include "rig.h"
#include "writer.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

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

static int die_with_a_large_arena(void *argument) {
    uint32_t len = *(uint32_t *)argument;
    unsigned char *data = calloc(1, len);
    sctx *ctx = rig_join("memory", "large");
    sctx_writer *w = rig_writer(ctx);
    MUST(data && sctx_publish(w, rig_topic(ctx, "a"), data, len, NULL) == SCTX_OK);
    return 0;
}

/* What the dead left does not keep the living from what they need. */
Test(memory, the_living_come_before_the_dead, .timeout = 40) {
    struct sctx_create_options o = {.cells = 64, .arena_bytes = 64u << 10, .max_memory = 40u << 20};
    uint32_t len = 2u << 20;
    sctx *ctx = rig_new("memory", &o);
    sctx_writer *w = rig_writer(ctx), *held[4];
    uint16_t topic = rig_topic(ctx, "a");
    (void)rig_say(w, topic, "x");
    for (int i = 0; i < 4; i++) { /* each writer's arena is free only when all are there: so each dead one leaves its own */
        cr_assert_eq(rig_child_result(rig_child(die_with_a_large_arena, &len)), 0);
        held[i] = rig_writer(ctx);
    }
    for (int i = 0; i < 4; i++) sctx_writer_close(held[i]);
    unsigned char *data = calloc(1, 6u << 20);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    cr_assert_eq(sctx_publish(w, topic, data, 6u << 20, NULL), SCTX_OK, "%s", sctx_writer_error(w));
    cr_assert_eq(rig_drain(r), 1);
    cr_assert_leq(memory_of(ctx), o.max_memory);
    free(data);
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "memory");
}

/* A quarter of the arena is a limit of taste: where no larger one may be had, half of it will do. */
Test(memory, at_the_cap_a_message_may_take_half_of_the_arena) {
    struct sctx_create_options o = {.cells = 64, .arena_bytes = 1u << 20, .max_memory = 2u << 20};
    static unsigned char data[600u << 10];
    sctx *ctx = rig_new("memory", &o);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    cr_expect_eq(sctx_publish(w, topic, data, 400u << 10, NULL), SCTX_OK, "%s", sctx_writer_error(w));
    cr_expect_eq(sctx_publish(w, topic, data, 600u << 10, NULL), SCTX_ERR_NO_SPACE);
    sctx_writer_close(w);
    rig_end(ctx, "memory");
}

/* A payload of exactly a quarter of an arena takes no larger one. */
Test(memory, a_quarter_fits) {
    struct sctx_create_options o = {.cells = 64, .arena_bytes = 1u << 20};
    static unsigned char data[(256u << 10) + 1];
    sctx *ctx = rig_new("memory", &o);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    cr_expect_eq(sctx_publish(w, topic, data, 256u << 10, NULL), SCTX_OK);
    cr_expect_eq(w->arena.bytes, 1u << 20);
    cr_expect_eq(sctx_publish(w, topic, data, (256u << 10) + 1, NULL), SCTX_OK);
    cr_expect_eq(w->arena.bytes, 2u << 20);
    sctx_writer_close(w);
    rig_end(ctx, "memory");
}

/* Also without growing once more: a writer looks now and then whether its old arenas are still needed. */
Test(memory, old_generations_go_in_time) {
    struct sctx_create_options o = {.cells = 64, .arena_bytes = 64u << 10};
    static unsigned char data[1u << 20];
    sctx *ctx = rig_new("memory", &o);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    for (size_t len = 1000; len <= sizeof data; len *= 2) cr_assert_eq(sctx_publish(w, topic, data, len, NULL), SCTX_OK);
    for (int i = 0; i < 100; i++) (void)rig_say(w, topic, "x");
    cr_assert_gt(rig_files("memory"), 3);
    w->clock_noted -= 2 * w->clock_hz; /* a second later */
    (void)rig_say(w, topic, "x");
    cr_assert_eq(rig_files("memory"), 3, "ring, alive, one arena");
    sctx_writer_close(w);
    rig_end(ctx, "memory");
}

/* Topics and schemas are within the cap as well. */
Test(memory, cap_of_topics) {
    struct sctx_create_options o = {.cells = 64, .arena_bytes = 64u << 10, .max_memory = 4u << 20};
    sctx *ctx = rig_new("memory", &o);
    char *schema = calloc(1, SCTX_SCHEMA_MAX), name[32];
    struct sctx_topic_options t = {.size = sizeof t, .name = name, .encoding = "x", .schema = schema, .schema_bytes = SCTX_SCHEMA_MAX};
    int n = 0, rc = SCTX_OK;
    uint16_t id;
    for (; n < 10 && rc == SCTX_OK; n += rc == SCTX_OK) {
        (void)snprintf(name, sizeof name, "t%d", n);
        rc = sctx_topic_register(ctx, &t, &id);
    }
    cr_expect_eq(rc, SCTX_ERR_NO_SPACE);
    cr_expect_eq(n, 3);
    cr_expect_leq(memory_of(ctx), o.max_memory + (64u << 10), "%llu", (unsigned long long)memory_of(ctx));
    free(schema);
    rig_end(ctx, "memory");
}

/* A file that claims to be huge is not mapped. */
Test(memory, sparse_giants_are_not_mapped) {
    struct sctx_create_options o = {.cells = 64, .arena_bytes = 64u << 10};
    char path[512], file[600];
    sctx *ctx = rig_new("memory", &o), *tap = rig_tap("memory"), *late = NULL;
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    sctx_reader *r = rig_reader(tap, SCTX_FROM_NOW, 0, NULL);
    cr_assert_eq(sctx_path("memory", NULL, path, sizeof path), SCTX_OK);
    (void)snprintf(file, sizeof file, "%s/arena.0.1", path);
    cr_assert_eq(truncate(file, INT64_C(1) << 40), 0);
    (void)rig_say(w, topic, "x");
    cr_expect_eq(rig_drain(r), 0);
    cr_expect_eq(rig_stats(r).gone, 1);
    (void)snprintf(file, sizeof file, "%s/ring", path);
    cr_assert_eq(truncate(file, INT64_C(1) << 40), 0);
    struct sctx_options open = {.size = sizeof open, .context = "memory"};
    cr_expect_eq(sctx_tap_open(&open, &late), SCTX_ERR_DAMAGED);
    sctx_reader_close(r);
    sctx_close(tap);
    sctx_writer_close(w);
    sctx_close(ctx);
    cr_assert_eq(sctx_remove("memory", NULL, NULL), SCTX_OK);
}

/* Arenas of the dead are not dropped where that does not help. */
Test(memory, nothing_is_dropped_in_vain, .timeout = 40) {
    struct sctx_create_options o = {.cells = 64, .arena_bytes = 64u << 10, .max_memory = 40u << 20};
    uint32_t len = 2u << 20;
    sctx *ctx = rig_new("memory", &o);
    cr_assert_eq(rig_child_result(rig_child(die_with_a_large_arena, &len)), 0);
    sctx_writer *held = rig_writer(ctx), *w = rig_writer(ctx); /* the dead one's, and another */
    sctx_writer_close(held);
    unsigned char *data = calloc(1, 30u << 20);
    cr_assert_eq(sctx_publish(w, rig_topic(ctx, "a"), data, 30u << 20, NULL), SCTX_ERR_NO_SPACE);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_START, 0, NULL);
    cr_assert_eq(rig_drain(r), 1, "what the dead one said is still there");
    free(data);
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "memory");
}

static int publish_without_descriptors(void *argument) {
    (void)argument;
    sctx *ctx = rig_join("memory", "grows");
    sctx_writer *w = rig_writer(ctx);
    static unsigned char data[100u << 10];
    uint16_t topic = rig_topic(ctx, "a");
    for (int i = 0; i < 20; i++) (void)rig_say(w, topic, "in the first arena");
    MUST_OK(sctx_publish(w, topic, data, sizeof data, NULL));
    struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    MUST(setrlimit(RLIMIT_NOFILE, &none) == 0);
    w->clock_noted -= 2 * w->clock_hz; /* a second later: old arenas are looked at */
    (void)rig_say(w, topic, "still there");
    return 0;
}

/* An old arena that cannot be looked at for want of descriptors is kept: cells may refer to it. */
Test(memory, old_generations_stay_if_in_doubt) {
    struct sctx_create_options o = {.cells = 64, .arena_bytes = 64u << 10};
    sctx *ctx = rig_new("memory", &o);
    cr_assert_eq(rig_child_result(rig_child(publish_without_descriptors, NULL)), 0);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_START, 0, NULL);
    cr_assert_eq(rig_drain(r), 22);
    sctx_reader_close(r);
    rig_end(ctx, "memory");
}
