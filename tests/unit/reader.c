/* Reading: where it begins, what it skips, what it counts. */
#include "rig.h"
#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

#define CELLS 64u
static const struct sctx_create_options small = {.cells = CELLS, .arena_bytes = 64u << 10};

static void say_many(sctx_writer *w, uint16_t topic, unsigned n) {
    for (unsigned i = 0; i < n; i++) (void)rig_say(w, topic, "some text");
}

Test(reader, from_now_start_and_seq) {
    sctx *ctx = rig_new("reader", &small);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    struct sctx_message m;
    say_many(w, topic, 10);
    sctx_reader *now = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL), *start = rig_reader(ctx, SCTX_FROM_START, 0, NULL), *seq = NULL,
                *later = NULL;
    struct sctx_reader_options o = {.size = sizeof o, .from = SCTX_FROM_SEQ, .seq = 7};
    cr_assert_eq(sctx_reader_open(ctx, &o, &seq), SCTX_OK);
    o.seq = 13;
    cr_assert_eq(sctx_reader_open(ctx, &o, &later), SCTX_OK);
    cr_assert_eq(sctx_read(now, &m), SCTX_AGAIN);
    cr_assert_eq(sctx_read(later, &m), SCTX_AGAIN);
    cr_assert(sctx_read(start, &m) == SCTX_OK && m.seq == 1);
    cr_assert(sctx_read(seq, &m) == SCTX_OK && m.seq == 7);
    say_many(w, topic, 5);
    cr_assert(sctx_read(now, &m) == SCTX_OK && m.seq == 11);
    cr_assert(sctx_read(later, &m) == SCTX_OK && m.seq == 13);
    cr_assert_eq(rig_drain(start), 14);
    cr_assert_eq(rig_drain(seq), 8);
    sctx_reader *all[] = {now, start, seq, later};
    for (int i = 0; i < 4; i++) {
        cr_assert(rig_balances(all[i]));
        cr_assert_eq(rig_stats(all[i]).lost + rig_stats(all[i]).gone, 0);
        sctx_reader_close(all[i]);
    }
    sctx_writer_close(w);
    rig_end(ctx, "reader");
}

/* From a seq that the ring no longer holds: it counts as lost. From the start: what is there, with nothing lost. */
Test(reader, from_what_is_overwritten) {
    sctx *ctx = rig_new("reader", &small);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    struct sctx_message m;
    say_many(w, topic, 1000);
    struct sctx_reader_options o = {.size = sizeof o, .from = SCTX_FROM_SEQ, .seq = 500};
    sctx_reader *r = NULL, *start = rig_reader(ctx, SCTX_FROM_START, 0, NULL);
    cr_assert_eq(sctx_reader_open(ctx, &o, &r), SCTX_OK);
    cr_assert_eq(sctx_read(r, &m), SCTX_OK);
    cr_assert(m.seq > 1000 - CELLS && m.lost == m.seq - 500 && m.gone == 0);
    cr_assert_eq(rig_stats(r).start_seq, 500);
    (void)rig_drain(r);
    cr_assert_eq(rig_stats(r).cursor, 1001);
    cr_assert(rig_balances(r));
    cr_assert_eq(sctx_read(start, &m), SCTX_OK);
    cr_assert_eq(m.seq, 1001 - CELLS);
    cr_assert_eq(m.lost + m.gone, 0);
    sctx_reader_close(r);
    o.seq = 0; /* before the context's first: from the first on */
    cr_assert_eq(sctx_reader_open(ctx, &o, &r), SCTX_OK);
    cr_assert_eq(rig_stats(r).start_seq, 1);
    sctx_reader_close(r);
    sctx_reader_close(start);
    sctx_writer_close(w);
    rig_end(ctx, "reader");
}

/* Lapped by any number of messages: everything is delivered or counted lost, and what each message tells adds up. */
Test(reader, lapped) {
    sctx *ctx = rig_new("reader", &small);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t topic = rig_topic(ctx, "a");
    uint64_t told = 0, expected = 1;
    struct sctx_message m;
    for (unsigned n = 1; n < 700; n += 13) {
        say_many(w, topic, n);
        while (sctx_read(r, &m) == SCTX_OK) {
            cr_assert_eq(m.seq, expected + m.lost + m.gone, "no hole that was not told");
            expected = m.seq + 1;
            told += m.lost + m.gone;
        }
        struct sctx_reader_stats s = rig_stats(r);
        cr_assert(rig_balances(r));
        cr_assert(s.cursor == s.tail && s.lost + s.gone == told, "after %u", n);
        cr_assert_eq(s.gone, 0, "the arena had room for a lap");
        if (n < CELLS) cr_assert_eq(s.lost, 0);
    }
    cr_assert_gt(told, 0);
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "reader");
}

/* The payload was overwritten, the cell is still there: gone, not lost. */
Test(reader, gone) {
    static const struct sctx_create_options o = {.cells = 1024, .arena_bytes = 64u << 10};
    static unsigned char data[8000];
    sctx *ctx = rig_new("reader", &o);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL), *other = rig_reader(ctx, SCTX_FROM_NOW, 0, "b");
    uint16_t a = rig_topic(ctx, "a");
    struct sctx_message m;
    (void)rig_topic(ctx, "b");
    for (uint64_t i = 0; i < 100; i++) {
        rig_fill(data, sizeof data, i + 1);
        cr_assert_eq(sctx_publish(w, a, data, sizeof data, NULL), SCTX_OK);
    }
    cr_assert_eq(sctx_read(r, &m), SCTX_OK);
    cr_assert(m.lost == 0 && m.gone == m.seq - 1 && m.gone >= 90);
    do cr_assert(rig_filled(m.data, m.len, m.seq), "seq %llu", (unsigned long long)m.seq);
    while (sctx_read(r, &m) == SCTX_OK);
    cr_assert(rig_balances(r));
    cr_assert_eq(rig_stats(r).lost, 0);
    cr_assert_eq(sctx_read(other, &m), SCTX_AGAIN); /* of those that are gone the topic is not known */
    cr_assert_eq(rig_stats(other).gone, rig_stats(r).gone);
    cr_assert_eq(rig_stats(other).filtered, rig_stats(r).delivered);
    cr_assert(rig_balances(other));
    sctx_reader *start = rig_reader(ctx, SCTX_FROM_START, 0, NULL);
    cr_assert_eq(sctx_read(start, &m), SCTX_OK);
    cr_assert_eq(m.lost + m.gone, 0, "the start is where something can be read");
    sctx_reader_close(start);
    sctx_reader_close(r);
    sctx_reader_close(other);
    sctx_writer_close(w);
    rig_end(ctx, "reader");
}

Test(reader, patterns) {
    static const char *const names[] = {"order/new", "order/paid", "order/eu/new", "stock", "log/till/1"};
    static const struct {
        const char *pattern;
        unsigned hits; /* bit i: names[i] */
    } cases[] = {{"order/*", 3}, {"order/**", 7}, {"**", 31},   {"*", 8},     {"**/new", 5},
                 {"*/*/*", 20},  {"nothing", 0},  {"stock", 8}, {"*/paid", 2}};
    sctx *ctx = rig_new("reader", NULL);
    sctx_writer *w = rig_writer(ctx);
    uint16_t ids[5];
    for (int i = 0; i < 4; i++) ids[i] = rig_topic(ctx, names[i]);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, cases[c].pattern);
        ids[4] = rig_topic(ctx, names[4]); /* the first time: one that comes after the reader */
        for (int i = 0; i < 5; i++) (void)rig_say(w, ids[i], names[i]);
        unsigned seen = 0;
        struct sctx_message m;
        while (sctx_read(r, &m) == SCTX_OK)
            for (int i = 0; i < 5; i++) seen |= (unsigned)(m.topic == ids[i]) << i;
        cr_expect_eq(seen, cases[c].hits, "%s: %u", cases[c].pattern, seen);
        cr_expect(rig_balances(r));
        cr_expect_eq(rig_stats(r).delivered + rig_stats(r).filtered, 5);
        sctx_reader_close(r);
    }
    static const char *const two[] = {"stock", "log/**"};
    struct sctx_reader_options o = {.size = sizeof o, .patterns = two, .pattern_count = 2};
    sctx_reader *r = NULL;
    cr_assert_eq(sctx_reader_open(ctx, &o, &r), SCTX_OK);
    for (int i = 0; i < 5; i++) (void)rig_say(w, ids[i], names[i]);
    cr_assert_eq(rig_drain(r), 2);
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "reader");
}

Test(reader, what_is_refused) {
    static const char *const bad[] = {"", "/a", "a/", "a//b", "a\x01", "\xff", NULL};
    sctx *ctx = rig_new("reader", NULL);
    sctx_reader *r = NULL;
    struct sctx_message m;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sctx_reader_options o = {.size = sizeof o, .patterns = &bad[i], .pattern_count = 1};
        cr_expect_eq(sctx_reader_open(ctx, &o, &r), SCTX_ERR_NAME, "pattern %zu", i);
    }
    struct sctx_reader_options flags = {.size = sizeof flags, .flags = 128}, from = {.size = sizeof from, .from = 3},
                               none = {.size = sizeof none, .pattern_count = 1};
    cr_expect_eq(sctx_reader_open(ctx, &flags, &r), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_reader_open(ctx, &from, &r), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_reader_open(ctx, &none, &r), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_reader_open(NULL, NULL, &r), SCTX_ERR_INVALID);
    cr_expect_null(r, "untouched on failure");
    cr_expect_eq(sctx_read(NULL, &m), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_peek(NULL, &m), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_wait(NULL, 0), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_reader_fd(NULL), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_reader_seek(NULL, 0), SCTX_ERR_INVALID);
    cr_expect_eq(rig_info(ctx).readers, 0, "what was refused holds no place");
    r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    memset(&m, 0x5a, sizeof m);
    struct sctx_message before = m;
    cr_expect_eq(sctx_read(r, NULL), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_read(r, &m), SCTX_AGAIN);
    cr_expect_eq(memcmp(&m, &before, sizeof m), 0, "untouched on failure");
    sctx_reader_close(NULL);
    sctx_reader_close(r);
    rig_end(ctx, "reader");
}

Test(reader, copied_data_stays) {
    sctx *ctx = rig_new("reader", &small);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t topic = rig_topic(ctx, "a");
    struct sctx_message m;
    (void)rig_say(w, topic, "first");
    cr_assert_eq(sctx_read(r, &m), SCTX_OK);
    static unsigned char data[8000];
    for (int i = 0; i < 100; i++) cr_assert_eq(sctx_publish(w, topic, data, sizeof data, NULL), SCTX_OK);
    cr_assert_eq(memcmp(m.data, "first", 5), 0);
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "reader");
}

Test(reader, peek_and_still_valid) {
    sctx *ctx = rig_new("reader", &small);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t topic = rig_topic(ctx, "a");
    struct sctx_message m, other;
    static unsigned char data[8000];
    (void)rig_say(w, topic, "first");
    (void)rig_say(w, topic, "second");
    cr_assert_eq(sctx_peek(r, &m), SCTX_OK);
    cr_assert(m.seq == 1 && memcmp(m.data, "first", 5) == 0);
    cr_assert(sctx_still_valid(r, &m));
    cr_assert(sctx_still_valid(r, &m));
    other = m;
    other.seq = 9;
    cr_assert_not(sctx_still_valid(r, &other), "not the one last peeked");
    cr_assert_eq(sctx_peek(r, &m), SCTX_OK);
    cr_assert(m.seq == 2 && rig_stats(r).delivered == 2);
    for (int i = 0; i < 20; i++) cr_assert_eq(sctx_publish(w, topic, data, sizeof data, NULL), SCTX_OK);
    cr_assert_not(sctx_still_valid(r, &m), "20 times 8000 bytes went over it");
    cr_assert(rig_stats(r).delivered == 1 && rig_stats(r).gone == 1 && rig_balances(r));
    cr_assert_not(sctx_still_valid(r, &m));
    cr_assert(rig_stats(r).delivered == 1 && rig_stats(r).gone == 1, "counted once");
    cr_assert_eq(sctx_peek(r, &m), SCTX_OK);
    cr_assert_eq(m.gone + m.lost, m.seq - 2, "the one that became invalid is told with the next");
    cr_assert(rig_balances(r));
    cr_assert_not(sctx_still_valid(NULL, &m));
    cr_assert_not(sctx_still_valid(r, NULL));
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "reader");
}

/* A message peeked out of an arena that its writer left for a larger one: the wait looks at the new one, which must not answer for the old. */
Test(reader, still_valid_after_the_arena_grew) {
    sctx *ctx = rig_new("reader", &small);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t topic = rig_topic(ctx, "a");
    struct sctx_message m;
    static unsigned char data[60000];
    (void)rig_say(w, topic, "first");
    cr_assert_eq(sctx_peek(r, &m), SCTX_OK);
    cr_assert_eq(sctx_publish(w, topic, data, sizeof data, NULL), SCTX_OK); /* needs a larger arena */
    cr_assert(sctx_still_valid(r, &m), "the old one is still there");
    cr_assert_eq(sctx_wait(r, 0), SCTX_OK);
    if (sctx_still_valid(r, &m)) cr_assert_eq(memcmp(m.data, "first", 5), 0); /* whatever it says, it must be so */
    cr_assert(rig_balances(r));
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "reader");
}

Test(reader, seek) {
    sctx *ctx = rig_new("reader", &small);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t topic = rig_topic(ctx, "a");
    struct sctx_message m;
    say_many(w, topic, 200);
    (void)rig_drain(r);
    cr_assert_eq(sctx_reader_seek(r, 190), SCTX_OK);
    struct sctx_reader_stats s = rig_stats(r);
    cr_assert(s.start_seq == 190 && s.cursor == 190 && s.delivered + s.filtered + s.lost + s.gone == 0);
    cr_assert(sctx_read(r, &m) == SCTX_OK && m.seq == 190 && m.lost == 0);
    cr_assert_eq(sctx_reader_seek(r, 10), SCTX_OK); /* overwritten long ago */
    cr_assert(sctx_read(r, &m) == SCTX_OK && m.lost == m.seq - 10 && rig_balances(r));
    cr_assert_eq(sctx_reader_seek(r, 300), SCTX_OK); /* not there yet */
    cr_assert_eq(sctx_read(r, &m), SCTX_AGAIN);
    say_many(w, topic, 120);
    cr_assert(sctx_read(r, &m) == SCTX_OK && m.seq == 300);
    static const uint64_t odd[] = {0, 1, UINT64_MAX, UINT64_C(1) << 63, UINT32_MAX, UINT64_MAX - 63};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        cr_assert_eq(sctx_reader_seek(r, odd[i]), SCTX_OK);
        for (int n = 0; n < 300 && sctx_read(r, &m) == SCTX_OK; n++) cr_assert(m.seq >= 257 && m.seq <= 320);
        cr_assert(rig_balances(r), "after a seek to %llu", (unsigned long long)odd[i]);
    }
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "reader");
}

/* What a message says of itself. */
Test(reader, message_fields) {
    sctx *ctx = rig_new("reader", NULL), *other = rig_join("reader", "other");
    sctx_writer *w = rig_writer(other);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t topic = rig_topic(other, "a");
    struct sctx_message m;
    struct timespec t;
    cr_assert_eq(clock_gettime(CLOCK_REALTIME, &t), 0);
    int64_t before = (int64_t)t.tv_sec * SECOND + t.tv_nsec;
    (void)rig_say(w, topic, "x");
    cr_assert_eq(clock_gettime(CLOCK_REALTIME, &t), 0);
    int64_t after = (int64_t)t.tv_sec * SECOND + t.tv_nsec;
    cr_assert_eq(sctx_read(r, &m), SCTX_OK);
    cr_assert_eq(m.from, sctx_join_number(other));
    cr_assert_eq(m.flags, 0);
    cr_assert(m.time_ns > before - 5 * MS && m.time_ns < after + 5 * MS, "%lld not in %lld..%lld", (long long)m.time_ns, (long long)before,
              (long long)after);
    sctx_reader_close(r);
    sctx_writer_close(w);
    sctx_close(other);
    rig_end(ctx, "reader");
}

Test(reader, wait_takes_the_time_given) {
    sctx *ctx = rig_new("reader", NULL);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t topic = rig_topic(ctx, "a");
    int64_t begin = rig_now_ns();
    cr_assert_eq(sctx_wait(r, 0), SCTX_TIMEOUT);
    cr_assert_lt(rig_now_ns() - begin, 200 * MS);
    begin = rig_now_ns();
    cr_assert_eq(sctx_wait(r, 300 * MS), SCTX_TIMEOUT); /* longer than the bus itself ever sleeps at once */
    int64_t took = rig_now_ns() - begin;
    cr_assert(took >= 300 * MS && took < 2 * SECOND, "%lld ns", (long long)took);
    (void)rig_say(w, topic, "x");
    cr_assert_eq(sctx_wait(r, SCTX_FOREVER), SCTX_OK);
    cr_assert_eq(sctx_wait(r, SCTX_FOREVER), SCTX_OK, "it is still there");
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "reader");
}

/* 1,024 places, each of them free again; a tap needs none. */
Test(reader, places) {
    sctx *ctx = rig_new("reader", &small), *tap = rig_tap("reader");
    static sctx_reader *all[1025];
    uint32_t n = 0;
    while (n < 1025 && sctx_reader_open(ctx, NULL, &all[n]) == SCTX_OK) n++;
    if (n < 100) cr_skip("too few descriptors are allowed here");
    if (n == 1024) {
        cr_assert_eq(sctx_reader_open(ctx, NULL, &all[n]), SCTX_ERR_FULL);
        cr_assert_eq(rig_info(ctx).readers, 1024);
    }
    sctx_reader *look = rig_reader(tap, SCTX_FROM_START, 0, NULL);
    sctx_reader_close(look);
    while (n) sctx_reader_close(all[--n]);
    cr_assert_eq(rig_info(ctx).readers, 0);
    sctx_close(tap);
    rig_end(ctx, "reader");
}

Test(reader, in_batches) {
    enum { ROOM = 100 };
    sctx *ctx = rig_new("batches", &small);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_START, 0, NULL);
    struct sctx_message m[8];
    _Alignas(8) char buffer[ROOM];
    char large[2 * ROOM];
    size_t count = 77;
    cr_assert_eq(sctx_read_batch(r, m, 8, buffer, sizeof buffer, &count), SCTX_AGAIN);
    cr_assert_eq(count, 0);
    cr_assert_eq(sctx_read_batch(r, m, 0, buffer, sizeof buffer, &count), SCTX_ERR_INVALID);
    cr_assert_eq(sctx_read_batch(r, m, 8, NULL, 1, &count), SCTX_ERR_INVALID);
    cr_assert_eq(sctx_read_batch(r, m, 8, buffer, sizeof buffer, NULL), SCTX_ERR_INVALID);
    cr_assert_eq(sctx_read_batch(NULL, m, 8, buffer, sizeof buffer, &count), SCTX_ERR_INVALID);
    (void)rig_say(w, topic, "one");
    (void)rig_say(w, topic, "");
    (void)rig_say(w, topic, "thirteen byte");
    rig_fill(large, sizeof large, 5);
    cr_assert_eq(sctx_publish(w, topic, large, sizeof large, NULL), SCTX_OK);
    (void)rig_say(w, topic, "behind it");
    /* Four: the last of them does not fit. */
    cr_assert_eq(sctx_read_batch(r, m, 8, buffer, sizeof buffer, &count), SCTX_OK);
    cr_assert_eq(count, 4);
    cr_expect(m[0].seq == 1 && m[0].len == 3 && memcmp(m[0].data, "one", 3) == 0 && m[0].data == (void *)buffer);
    cr_expect(m[1].len == 0 && m[2].len == 13 && memcmp(m[2].data, "thirteen byte", 13) == 0);
    for (size_t i = 0; i < count; i++) cr_expect_eq((uintptr_t)m[i].data % 8, 0);
    cr_expect(m[3].len == sizeof large && rig_filled(m[3].data, sizeof large, 5));
    /* As many as are asked for, and no further. */
    (void)rig_say(w, topic, "and one more");
    cr_assert_eq(sctx_read_batch(r, m, 1, buffer, sizeof buffer, &count), SCTX_OK);
    cr_expect(count == 1 && m[0].seq == 5 && m[0].len == 9);
    cr_assert_eq(sctx_read_batch(r, m, 8, NULL, 0, &count), SCTX_OK);
    cr_expect(count == 1 && m[0].seq == 6 && memcmp(m[0].data, "and one more", 12) == 0);
    /* What was lost is told with the message behind it, as by sctx_read(). */
    say_many(w, topic, 2 * CELLS);
    uint64_t lost = 0, got = 0;
    while (sctx_read_batch(r, m, 8, buffer, sizeof buffer, &count) == SCTX_OK) {
        for (size_t i = 0; i < count; i++) lost += m[i].lost + m[i].gone;
        got += count;
    }
    cr_expect(lost > 0 && lost + got == 2 * CELLS);
    cr_expect(rig_balances(r));
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "batches");
}
