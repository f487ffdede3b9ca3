/* Gated readers: they get everything, or they are let go and told so. */
#include "context.h"
#include "rig.h"
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
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

/* What the gated reader of the next tests does, in a process of its own. */
struct plan {
    _Atomic uint32_t ready, done;
    uint32_t messages, bytes, pause_us;
    bool peeks;
    struct sctx_reader_stats stats;
};

static bool whole(sctx_reader *r, bool peeks, const struct plan *p) {
    struct sctx_message m;
    if ((peeks ? sctx_peek(r, &m) : sctx_read(r, &m)) != SCTX_OK) return false;
    if (p->pause_us) (void)usleep(p->pause_us);
    if (peeks) MUST(sctx_still_valid(r, &m));
    return true;
}

static int read_slowly(void *argument) {
    struct plan *p = argument;
    sctx *ctx = rig_join("gate", "slow");
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, SCTX_READER_GATED, NULL);
    atomic_store(&p->ready, 1);
    for (uint32_t i = 0; i < p->messages;) {
        if (whole(r, p->peeks, p))
            i++;
        else
            MUST_OK(sctx_wait(r, 20 * SECOND));
    }
    p->stats = rig_stats(r);
    sctx_reader_close(r);
    sctx_close(ctx);
    return 0;
}

static void publish_to_slow_reader(struct sctx_create_options o, struct plan *p) {
    sctx *ctx = rig_new("gate", &o);
    pid_t child = rig_child(read_slowly, p);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    rig_await(&p->ready, 1);
    static unsigned char data[8192];
    for (uint32_t i = 0; i < p->messages; i++) cr_assert_eq(sctx_publish(w, topic, data, p->bytes, NULL), SCTX_OK);
    cr_assert_eq(rig_child_result(child), 0);
    cr_assert(p->stats.gated == 1 && p->stats.lost == 0 && p->stats.gone == 0 && p->stats.delivered == p->messages,
              "gated %u, lost %llu, gone %llu", p->stats.gated, (unsigned long long)p->stats.lost, (unsigned long long)p->stats.gone);
    sctx_writer_close(w);
    rig_end(ctx, "gate");
}

/* It takes longer for the 64 messages after which it tells where it is otherwise than writers are patient: but it goes on all the time. */
Test(gate, slow_but_steady_stays, .timeout = 50) {
    struct sctx_create_options o = gating(1200 * (uint64_t)MS);
    struct plan *p = rig_shared(sizeof *p);
    o.cells = 512;
    p->messages = 512 + 60;
    p->pause_us = 25000;
    publish_to_slow_reader(o, p);
}

/* What is peeked at is still to be had when it was looked at. */
Test(gate, what_is_peeked_at_is_kept, .timeout = 50) {
    struct plan *p = rig_shared(sizeof *p);
    p->messages = 600;
    p->bytes = 6000;
    p->pause_us = 1000;
    p->peeks = true;
    publish_to_slow_reader(gating(20 * (uint64_t)SECOND), p);
}

/* A batch tells sleepers at its end; but if it has to wait for one of them before, then at once. */
Test(gate, a_batch_does_not_wait_for_whom_it_did_not_wake, .timeout = 50) {
    enum { LAPS = 40 };
    struct sctx_create_options o = gating(20 * (uint64_t)SECOND);
    static struct sctx_outgoing batch[LAPS * 64];
    struct plan *p = rig_shared(sizeof *p);
    sctx *ctx = rig_new("gate", &o);
    p->messages = LAPS * 64;
    pid_t child = rig_child(read_slowly, p);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    rig_await(&p->ready, 1);
    for (uint32_t i = 0; i < p->messages; i++) batch[i] = (struct sctx_outgoing){.data = "x", .len = 1, .topic = topic};
    int64_t begin = rig_now_ns();
    cr_assert_eq(sctx_publish_batch(w, batch, p->messages, NULL), SCTX_OK);
    cr_assert_lt(rig_now_ns() - begin, LAPS * 125 * MS, "it slept for the time-out, 250 ms, in every lap");
    cr_assert_eq(rig_child_result(child), 0);
    sctx_writer_close(w);
    rig_end(ctx, "gate");
}

/* Its program sleeps in poll() until something of its topics comes; the gate moves meanwhile. */
Test(gate, behind_a_descriptor_with_patterns, .timeout = 50) {
    enum { LAPS = 40 };
    struct sctx_create_options o = gating(20 * (uint64_t)SECOND);
    sctx *ctx = rig_new("gate", &o);
    _Atomic uint32_t *stop = rig_shared(sizeof *stop);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        sctx *own = rig_join("gate", "loop");
        sctx_reader *r = rig_reader(own, SCTX_FROM_NOW, SCTX_READER_GATED, "b");
        struct pollfd wait = {.fd = sctx_reader_fd(r), .events = POLLIN};
        atomic_store(stop, 1);
        for (uint64_t got = 0; got == 0;) {
            MUST(poll(&wait, 1, 20000) == 1);
            got = rig_drain(r);
        }
        struct sctx_reader_stats s = rig_stats(r);
        _exit(s.gated == 1 && s.lost == 0 && s.filtered >= LAPS * 64 ? 0 : 1);
    }
    sctx_writer *w = rig_writer(ctx);
    uint16_t a = rig_topic(ctx, "a"), b = rig_topic(ctx, "b");
    rig_await(stop, 1);
    int64_t begin = rig_now_ns();
    for (int i = 0; i < LAPS * 64; i++) (void)rig_say(w, a, "x");
    cr_assert_lt(rig_now_ns() - begin, LAPS * 125 * MS, "it slept for the time-out, 250 ms, in every lap");
    (void)rig_say(w, b, "x");
    cr_assert_eq(rig_child_result(child), 0);
    sctx_writer_close(w);
    rig_end(ctx, "gate");
}

/* From a seq that is still to come: what is before holds nobody. */
Test(gate, from_a_later_seq, .timeout = 30) {
    struct sctx_create_options o = gating(20 * (uint64_t)SECOND);
    sctx *ctx = rig_new("gate", &o), *other = rig_join("gate", "other");
    struct sctx_reader_options late = {.size = sizeof late, .flags = SCTX_READER_GATED, .from = SCTX_FROM_SEQ, .seq = 1000};
    sctx_reader *r;
    cr_assert_eq(sctx_reader_open(ctx, &late, &r), SCTX_OK);
    sctx_writer *w = rig_writer(other);
    uint16_t topic = rig_topic(other, "a");
    int64_t begin = rig_now_ns();
    for (int i = 0; i < 1040; i++) (void)rig_say(w, topic, "x");
    cr_assert_lt(rig_now_ns() - begin, 10 * SECOND);
    cr_assert_eq(rig_drain(r), 41);
    cr_assert(rig_stats(r).gated == 1 && rig_stats(r).lost == 0);
    sctx_reader_close(r);
    sctx_writer_close(w);
    sctx_close(other);
    rig_end(ctx, "gate");
}

static _Atomic bool hostile;

static void *toggle_gate(void *argument) {
    _Atomic uint64_t *gate = argument;
    for (uint64_t i = 1; atomic_load(&hostile); i ^= 3) {
        atomic_store(gate, i);
        (void)usleep(5000);
    }
    return NULL;
}

static void *crawl_gate(void *argument) {
    _Atomic uint64_t *gate = argument;
    for (uint64_t i = UINT64_MAX - (1u << 20); atomic_load(&hostile); i++) {
        atomic_store(gate, i);
        (void)usleep(5000);
    }
    return NULL;
}

static void holds_nobody(void *(*move)(void *)) {
    struct sctx_create_options o = gating(100 * (uint64_t)MS);
    sctx *ctx = rig_new("gate", &o), *other = rig_join("gate", "other");
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, SCTX_READER_GATED, NULL);
    sctx_writer *w = rig_writer(other);
    uint16_t topic = rig_topic(other, "a");
    pthread_t thread;
    atomic_store(&hostile, true);
    cr_assert_eq(pthread_create(&thread, NULL, move, &ctx->readers[0].gate), 0);
    int64_t begin = rig_now_ns();
    for (int i = 0; i < 66; i++) (void)rig_say(w, topic, "x");
    cr_assert_lt(rig_now_ns() - begin, 8 * SECOND);
    atomic_store(&hostile, false);
    (void)pthread_join(thread, NULL);
    sctx_reader_close(r);
    sctx_writer_close(w);
    sctx_close(other);
    rig_end(ctx, "gate");
}

/* A gate that goes to and fro wins its owner no time. */
Test(gate, to_and_fro_holds_nobody, .timeout = 30) {
    holds_nobody(toggle_gate);
}

/* Nor one that comes nearer, from far behind what was overwritten long ago. */
Test(gate, crawling_holds_nobody, .timeout = 30) {
    holds_nobody(crawl_gate);
}

/* Raises all gates, again and again: not what readers do. */
static int raise_again(void *argument) {
    struct shared *s = argument;
    sctx *ctx = rig_join("gate", "liar");
    store_relaxed(&ctx->hot->gate_slots, LAYOUT_READER_SLOTS);
    while (!atomic_load(&s->done)) {
        for (uint32_t k = 0; k < LAYOUT_READER_SLOTS; k++) store_relaxed(&ctx->readers[k].gate, 1 + k % 30);
        atomic_fetch_add(&ctx->hot->gate_epoch, 1);
        store_release(&s->ready, 1);
    }
    return 0;
}

/* Whoever is let go, there is another one at once: the call comes back all the same. */
Test(gate, gates_out_of_nothing_hold_nobody_for_ever, .timeout = 30) {
    struct sctx_create_options o = gating((uint64_t)(50 * MS));
    sctx *ctx = rig_new("gate", &o);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    struct shared *s = rig_shared(sizeof *s);
    pid_t child = rig_child(raise_again, s);
    rig_await(&s->ready, 1);
    int rc = SCTX_OK;
    for (int i = 0; i < 80 && rc == SCTX_OK; i++) { /* where the liar has to wait for a processor, some get through */
        int64_t begin = rig_now_ns();
        rc = sctx_publish(w, topic, "x", 1, NULL);
        cr_assert_lt(rig_now_ns() - begin, 8 * SECOND);
    }
    cr_assert(rc == SCTX_OK || rc == SCTX_ERR_DAMAGED, "%d", rc);
    atomic_store(&s->done, 1);
    cr_assert_eq(rig_child_result(child), 0);
    sctx_writer_close(w);
    rig_end(ctx, "gate");
}

Test(gate, timeout_has_a_limit, .timeout = 20) {
    struct sctx_create_options o = gating(3600 * (uint64_t)SECOND + 1);
    o.size = sizeof o;
    o.context = "gate";
    cr_assert_eq(sctx_create(&o), SCTX_ERR_INVALID);
    o.gate_timeout_ns--;
    cr_assert_eq(sctx_create(&o), SCTX_OK);
    cr_assert_eq(sctx_remove("gate", NULL, NULL), SCTX_OK);
}
