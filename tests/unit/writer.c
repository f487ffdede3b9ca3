/* Publishing: sizes, batches, reservations, what is refused. */
#include "rig.h"
#include <criterion/criterion.h>
#include <string.h>
#include <sys/statvfs.h>

static void size_travels(sctx_writer *w, sctx_reader *r, uint16_t topic, unsigned char *data, size_t len) {
    struct sctx_message m;
    uint64_t seq = 0;
    cr_assert_eq(sctx_publish(w, topic, data, len, &seq), SCTX_OK, "%zu bytes: %s", len, sctx_writer_error(w));
    cr_assert_eq(sctx_read(r, &m), SCTX_OK, "%zu bytes", len);
    cr_assert(m.seq == seq && m.len == len && m.topic == topic && m.lost == 0 && m.gone == 0, "%zu bytes", len);
    cr_assert_eq((uintptr_t)m.data % 8, 0);
    cr_assert_eq(memcmp(m.data, data, len), 0, "%zu bytes", len);
}

/* Powers of two and their neighbours, up to the largest, without any configuration; small ones again when the arena is large. */
Test(writer, every_size, .timeout = 50) {
    struct statvfs fs;
    const char *dir = getenv("SCTX_DIR");
    if (statvfs(dir ? dir : "/dev/shm", &fs) == 0 && fs.f_bavail * fs.f_frsize < UINT64_C(700) << 20)
        cr_skip("too little shared memory here");
    sctx *ctx = rig_new("writer", NULL);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t topic = rig_topic(ctx, "a/b");
    unsigned char *data = malloc(SCTX_PAYLOAD_MAX + 1u);
    cr_assert_not_null(data);
    rig_fill(data, SCTX_PAYLOAD_MAX, 42);
    size_travels(w, r, topic, data, 0);
    for (size_t size = 1; size <= SCTX_PAYLOAD_MAX; size *= size < 1u << 20 ? 2 : 4)
        for (size_t len = size - 1; len <= size + 1 && len <= SCTX_PAYLOAD_MAX; len++) size_travels(w, r, topic, data, len);
    for (size_t len = 0; len < 300; len++) size_travels(w, r, topic, data, len);
    cr_assert_eq(sctx_publish(w, topic, data, SCTX_PAYLOAD_MAX + 1u, NULL), SCTX_ERR_TOO_BIG);
    cr_assert_neq(*sctx_writer_error(w), '\0');
    cr_assert(rig_balances(r));
    cr_assert_eq(rig_stats(r).lost + rig_stats(r).gone, 0);
    cr_assert_leq(rig_info(ctx).memory_arenas, rig_info(ctx).memory_max);
    free(data);
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "writer");
}

Test(writer, seq_counts_up_for_all_writers) {
    sctx *ctx = rig_new("writer", NULL);
    sctx_writer *w[3] = {rig_writer(ctx), rig_writer(ctx), rig_writer(ctx)};
    uint16_t topic = rig_topic(ctx, "a");
    for (uint64_t i = 1; i <= 3000; i++) cr_assert_eq(rig_say(w[(i * 7 / 3) % 3], topic, "x"), i);
    for (int i = 0; i < 3; i++) sctx_writer_close(w[i]);
    cr_assert_eq(rig_info(ctx).tail, 3001);
    rig_end(ctx, "writer");
}

Test(writer, what_is_refused) {
    sctx *ctx = rig_new("writer", NULL);
    sctx_writer *w = rig_writer(ctx), *none = NULL;
    uint16_t topic = rig_topic(ctx, "a");
    struct sctx_writer_options odd = {.size = sizeof odd, .flags = 64};
    uint64_t seq = 77;
    cr_expect_eq(sctx_writer_open(ctx, &odd, &none), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_writer_open(NULL, NULL, &none), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_writer_open(ctx, NULL, NULL), SCTX_ERR_INVALID);
    cr_expect_null(none, "untouched on failure");
    cr_expect_eq(sctx_publish(NULL, topic, "x", 1, &seq), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_publish(w, topic, NULL, 1, &seq), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_publish(w, (uint16_t)(topic + 1), "x", 1, &seq), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_publish(w, UINT16_MAX, "x", 1, &seq), SCTX_ERR_INVALID);
    cr_expect_eq(seq, 77, "untouched on failure");
    cr_expect_eq(sctx_publish(w, topic, NULL, 0, &seq), SCTX_OK);
    cr_expect_eq(seq, 1, "what was refused took no seq");
    sctx_writer_close(NULL);
    sctx_writer_close(w);
    rig_end(ctx, "writer");
}

Test(writer, batch) {
    sctx *ctx = rig_new("writer", NULL);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t a = rig_topic(ctx, "a"), b = rig_topic(ctx, "b");
    struct sctx_outgoing out[100];
    struct sctx_message m;
    size_t done = 99;
    for (uint32_t i = 0; i < 100; i++) out[i] = (struct sctx_outgoing){.data = &out[i].len, .len = i % 5, .topic = i % 2 ? b : a};
    cr_assert_eq(sctx_publish_batch(w, out, 100, &done), SCTX_OK);
    cr_assert_eq(done, 100);
    int64_t time = 0;
    for (uint64_t i = 0; i < 100; i++) {
        cr_assert_eq(sctx_read(r, &m), SCTX_OK);
        cr_assert(m.seq == i + 1 && out[i].seq == m.seq && m.len == i % 5 && m.topic == out[i].topic);
        cr_assert(m.time_ns >= time);
        time = m.time_ns;
    }
    cr_assert_eq(sctx_publish_batch(w, NULL, 0, &done), SCTX_OK);
    cr_assert_eq(done, 0);
    cr_assert_eq(sctx_publish_batch(w, out, 1, NULL), SCTX_OK);
    out[3].topic = 700; /* those before it are out, it and what follows is not */
    cr_assert_eq(sctx_publish_batch(w, out, 100, &done), SCTX_ERR_INVALID);
    cr_assert_eq(done, 3);
    cr_assert_eq(rig_info(ctx).tail, 105);
    out[0].cause_mode = 3;
    cr_assert_eq(sctx_publish_batch(w, out, 1, &done), SCTX_ERR_INVALID);
    cr_assert_eq(done, 0);
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "writer");
}

Test(writer, reserve_commit_abort) {
    sctx *ctx = rig_new("writer", NULL);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t topic = rig_topic(ctx, "a");
    struct sctx_message m;
    void *room = NULL;
    for (size_t len = 0; len <= 1u << 20; len = len * 3 + 1) {
        for (size_t keep = 0; keep <= len; keep += len / 3 + 1) {
            cr_assert_eq(sctx_reserve(w, len, &room), SCTX_OK);
            cr_assert_eq((uintptr_t)room % 32, 0);
            rig_fill(room, len, len);
            cr_assert_eq(sctx_read(r, &m), SCTX_AGAIN, "nothing is visible before the commit");
            uint64_t seq = 0;
            cr_assert_eq(sctx_commit(w, topic, keep, &seq), SCTX_OK);
            cr_assert_eq(sctx_read(r, &m), SCTX_OK);
            cr_assert(m.seq == seq && m.len == keep && memcmp(m.data, room, keep) == 0, "%zu of %zu", keep, len);
        }
        cr_assert_eq(sctx_reserve(w, len, &room), SCTX_OK);
        memset(room, 0xee, len);
        sctx_abort(w);
        sctx_abort(w); /* once more does no harm */
    }
    cr_assert_eq(sctx_read(r, &m), SCTX_AGAIN, "what was aborted is nowhere");
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "writer");
}

Test(writer, calls_in_the_wrong_order) {
    sctx *ctx = rig_new("writer", NULL);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    struct sctx_outgoing out = {.data = "x", .len = 1, .topic = topic};
    void *room = NULL, *other = NULL;
    size_t done = 9;
    cr_expect_eq(sctx_commit(w, topic, 0, NULL), SCTX_ERR_STATE);
    cr_expect_neq(*(sctx_writer_error(w)), '\0');
    cr_assert_eq(sctx_reserve(w, 10, &room), SCTX_OK);
    cr_expect_eq(sctx_reserve(w, 10, &other), SCTX_ERR_STATE);
    cr_expect_null(other);
    cr_expect_eq(sctx_publish(w, topic, "x", 1, NULL), SCTX_ERR_STATE);
    cr_expect_eq(sctx_publish_batch(w, &out, 1, &done), SCTX_ERR_STATE);
    cr_expect_eq(done, 0);
    cr_expect_eq(sctx_commit(w, topic, 11, NULL), SCTX_ERR_INVALID, "more than was reserved");
    cr_expect_eq(sctx_commit(w, (uint16_t)(topic + 1), 10, NULL), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_commit(w, topic, 10, NULL), SCTX_OK, "the reservation was still there");
    cr_expect_eq(sctx_reserve(w, SCTX_PAYLOAD_MAX + 1u, &room), SCTX_ERR_TOO_BIG);
    cr_expect_eq(sctx_publish(w, topic, "x", 1, NULL), SCTX_OK);
    cr_expect_eq(sctx_reserve(w, 10, &room), SCTX_OK);
    sctx_writer_close(w); /* with a reservation open: it is gone */
    cr_expect_eq(rig_info(ctx).tail, 3);
    rig_end(ctx, "writer");
}

/* sctx_writer_error(): of the last call that failed, "" if there is nothing to add. */
Test(writer, error_text_is_of_the_last_failure) {
    sctx *ctx = rig_new("writer", NULL);
    sctx_writer *w = rig_writer(ctx);
    cr_expect_eq(*sctx_writer_error(w), '\0');
    cr_expect_eq(sctx_publish(w, 9, "x", 1, NULL), SCTX_ERR_INVALID);
    cr_expect(strstr(sctx_writer_error(w), "topic 9") != NULL);
    cr_assert_eq(sctx_remove("writer", NULL, NULL), SCTX_OK);
    cr_expect_eq(sctx_publish(w, 9, "x", 1, NULL), SCTX_ERR_REMOVED);
    cr_expect(strstr(sctx_writer_error(w), "topic 9") == NULL, "that is of the call before");
    cr_expect_eq(*sctx_writer_error(NULL), '\0');
    sctx_writer_close(w);
    sctx_close(ctx);
}

/* A writer that is gone leaves its messages readable, and its arena to the next one. */
Test(writer, messages_outlive_their_writer) {
    sctx *ctx = rig_new("writer", NULL);
    uint16_t topic = rig_topic(ctx, "a");
    for (int i = 0; i < 10; i++) {
        sctx_writer *w = rig_writer(ctx);
        (void)rig_say(w, topic, "hello");
        sctx_writer_close(w);
    }
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_START, 0, NULL);
    cr_assert_eq(rig_drain(r), 10);
    cr_assert_eq(rig_info(ctx).arenas_used, 1);
    sctx_reader_close(r);
    rig_end(ctx, "writer");
}

/* What is handed in is copied: the caller's buffer is its own again at once. */
Test(writer, data_is_copied) {
    sctx *ctx = rig_new("writer", NULL);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t topic = rig_topic(ctx, "a");
    char text[] = "before";
    struct sctx_message m;
    cr_assert_eq(sctx_publish(w, topic, text, 6, NULL), SCTX_OK);
    memcpy(text, "after!", 6);
    cr_assert_eq(sctx_read(r, &m), SCTX_OK);
    cr_assert_eq(memcmp(m.data, "before", 6), 0);
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "writer");
}
