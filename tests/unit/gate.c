/* Gated readers: they get everything, or they are let go and told so. */
#include "rig.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct sctx_create_options gating(uint64_t timeout_ns) {
    return (struct sctx_create_options){.cells = 64, .arena_bytes = 64u << 10, .flags = SCTX_CREATE_GATING, .gate_timeout_ns = timeout_ns};
}

#define MESSAGES 20000u

struct shared {
    _Atomic uint32_t ready, done;
};

/* Publishes MESSAGES of changing sizes, as fast as the gates let it. */
static int publish_all(void *argument) {
    struct shared *s = argument;
    static unsigned char data[2000];
    sctx *ctx = rig_join("gate", "writer");
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    rig_await(&s->ready, 1);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        size_t len = 4 + i * 37 % 1900;
        rig_fill(data, len, i);
        MUST_OK(sctx_publish(w, topic, data, len, NULL));
    }
    atomic_store(&s->done, 1);
    sctx_writer_close(w);
    sctx_close(ctx);
    return 0;
}

Test(gate, gets_everything, .timeout = 50) {
    struct sctx_create_options o = gating(20 * (uint64_t)SECOND);
    sctx *ctx = rig_new("gate", &o);
    struct shared *s = rig_shared(sizeof *s);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, SCTX_READER_GATED, NULL);
    cr_assert_eq(rig_stats(r).gated, 1);
    pid_t child = rig_child(publish_all, s);
    atomic_store(&s->ready, 1);
    struct sctx_message m;
    for (uint32_t i = 0; i < MESSAGES;) {
        int rc = sctx_read(r, &m);
        if (rc == SCTX_AGAIN) {
            cr_assert_eq(sctx_wait(r, 10 * SECOND), SCTX_OK);
            continue;
        }
        cr_assert_eq(rc, SCTX_OK);
        cr_assert(m.seq == i + 1u && rig_filled(m.data, m.len, i), "message %u", i);
        if (i % 5000 == 7) (void)usleep(20000); /* slow at times: writers wait */
        i++;
    }
    cr_assert_eq(rig_child_result(child), 0);
    struct sctx_reader_stats st = rig_stats(r);
    cr_assert(st.delivered == MESSAGES && st.lost == 0 && st.gone == 0 && st.gated == 1);
    cr_assert_eq(rig_info(ctx).gate_evictions, 0);
    cr_assert_eq(sctx_reader_seek(r, 1), SCTX_ERR_INVALID, "gated readers cannot");
    sctx_reader_close(r);
    rig_end(ctx, "gate");
}

Test(gate, only_where_allowed) {
    sctx *ctx = rig_new("gate", NULL);
    sctx_reader *r = NULL;
    struct sctx_reader_options o = {.size = sizeof o, .flags = SCTX_READER_GATED};
    cr_assert_eq(sctx_reader_open(ctx, &o, &r), SCTX_ERR_GATING);
    cr_assert_null(r);
    cr_assert_eq(rig_info(ctx).flags, 0);
    rig_end(ctx, "gate");
    struct sctx_create_options with = gating(123456789);
    ctx = rig_new("gate", &with);
    cr_assert_eq(rig_info(ctx).flags, SCTX_CREATE_GATING);
    cr_assert_eq(rig_info(ctx).gate_timeout_ns, 123456789);
    rig_end(ctx, "gate");
}

/* One that does not read holds writers up for the gate's time-out, once; then it goes on as any other, and knows it. */
Test(gate, too_slow_is_let_go, .timeout = 30) {
    struct sctx_create_options o = gating(300 * (uint64_t)MS);
    sctx *ctx = rig_new("gate", &o), *other = rig_join("gate", "other");
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, SCTX_READER_GATED, NULL);
    sctx_writer *w = rig_writer(other);
    uint16_t topic = rig_topic(other, "a");
    for (int i = 0; i < 64; i++) (void)rig_say(w, topic, "x"); /* as many as there is room for: no waiting */
    int64_t begin = rig_now_ns();
    (void)rig_say(w, topic, "x");
    int64_t took = rig_now_ns() - begin;
    cr_assert(took >= 300 * MS && took < 5 * SECOND, "%lld ns", (long long)took);
    begin = rig_now_ns();
    for (int i = 0; i < 1000; i++) (void)rig_say(w, topic, "x");
    cr_assert_lt(rig_now_ns() - begin, 300 * MS, "it holds nobody any more");
    struct sctx_message m;
    cr_assert_eq(sctx_read(r, &m), SCTX_OK);
    cr_assert(m.lost > 900);
    (void)rig_drain(r);
    cr_assert_eq(rig_stats(r).gated, 2);
    cr_assert(rig_balances(r));
    cr_assert_eq(rig_info(ctx).gate_evictions, 1);
    struct sctx_participant p = SCTX_INIT(p);
    cr_assert_eq(sctx_participant_get(ctx, 0, &p), SCTX_OK);
    cr_assert_eq(p.roles, SCTX_ROLE_READER, "it is an ordinary reader from now on");
    sctx_reader_close(r);
    sctx_writer_close(w);
    sctx_close(other);
    rig_end(ctx, "gate");
}

static int gate_and_sleep(void *argument) {
    struct shared *s = argument;
    sctx *ctx = rig_join("gate", "sleeper");
    (void)rig_reader(ctx, SCTX_FROM_NOW, SCTX_READER_GATED, NULL);
    atomic_store(&s->ready, 1);
    (void)pause();
    return 1;
}

/* Killed: writers go on at once, long before the time-out. */
Test(gate, killed_holds_nobody, .timeout = 30) {
    struct sctx_create_options o = gating(20 * (uint64_t)SECOND);
    sctx *ctx = rig_new("gate", &o);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    for (int round = 0; round < 5; round++) {
        struct shared *s = rig_shared(sizeof *s);
        pid_t child = rig_child(gate_and_sleep, s);
        rig_await(&s->ready, 1);
        cr_assert_eq(kill(child, SIGKILL), 0);
        cr_assert_eq(rig_child_result(child), 128 + SIGKILL);
        int64_t begin = rig_now_ns();
        for (int i = 0; i < 500; i++) (void)rig_say(w, topic, "x");
        cr_assert_lt(rig_now_ns() - begin, 3 * SECOND);
    }
    cr_assert_eq(rig_info(ctx).gate_evictions, 0, "the dead are no evictions");
    sctx_writer_close(w);
    rig_end(ctx, "gate");
}

/* A program that gates itself would wait for itself for ever. */
Test(gate, own_gated_reader_does_not_block, .timeout = 20) {
    struct sctx_create_options o = gating(15 * (uint64_t)SECOND);
    sctx *ctx = rig_new("gate", &o);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, SCTX_READER_GATED, NULL);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    int64_t begin = rig_now_ns();
    for (int i = 0; i < 1000; i++) (void)rig_say(w, topic, "x");
    cr_assert_lt(rig_now_ns() - begin, 3 * SECOND);
    (void)rig_drain(r);
    cr_assert(rig_balances(r) && rig_stats(r).lost > 0 && rig_stats(r).gated == 2);
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "gate");
}

/* Closed: it holds nobody. Its patterns do not matter: it is waited for whatever the topic. */
Test(gate, closed_holds_nobody, .timeout = 20) {
    struct sctx_create_options o = gating(15 * (uint64_t)SECOND);
    sctx *ctx = rig_new("gate", &o), *other = rig_join("gate", "other");
    sctx_writer *w = rig_writer(other);
    uint16_t topic = rig_topic(other, "a");
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, SCTX_READER_GATED, "b");
    for (int i = 0; i < 64; i++) (void)rig_say(w, topic, "x");
    struct sctx_message m;
    cr_assert_eq(sctx_read(r, &m), SCTX_AGAIN);
    cr_assert_eq(rig_stats(r).filtered, 64);
    for (int i = 0; i < 64; i++) (void)rig_say(w, topic, "x");
    sctx_reader_close(r);
    int64_t begin = rig_now_ns();
    for (int i = 0; i < 1000; i++) (void)rig_say(w, topic, "x");
    cr_assert_lt(rig_now_ns() - begin, 3 * SECOND);
    sctx_writer_close(w);
    sctx_close(other);
    rig_end(ctx, "gate");
}
