/* Causes: automatic, explicit, cleared; never a false one. */
#include "rig.h"
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct bench {
    sctx *ctx;
    sctx_writer *w;
    sctx_reader *r, *check; /* `check` never becomes a cause */
    uint16_t topic;
};

static struct bench set_up(const char *context) {
    struct bench b = {.ctx = rig_new(context, NULL)};
    b.w = rig_writer(b.ctx);
    b.r = rig_reader(b.ctx, SCTX_FROM_NOW, 0, "in");
    b.check = rig_reader(b.ctx, SCTX_FROM_NOW, SCTX_READER_NO_CAUSE, "out");
    b.topic = rig_topic(b.ctx, "out");
    return b;
}

static void tear_down(struct bench *b, const char *context) {
    sctx_writer_close(b->w);
    sctx_reader_close(b->r);
    sctx_reader_close(b->check);
    rig_end(b->ctx, context);
}

/* Somebody asks; the seq of that. */
static uint64_t ask(struct bench *b) {
    uint64_t seq = 0;
    struct sctx_outgoing out = {.data = "?", .len = 1, .topic = rig_topic(b->ctx, "in"), .cause_mode = SCTX_CAUSE_NONE};
    cr_assert_eq(sctx_publish_batch(b->w, &out, 1, NULL), SCTX_OK);
    seq = out.seq;
    return seq;
}

/* What is published now has this cause (0: none) and these flags. */
static void expect_cause(struct bench *b, uint64_t cause, unsigned flags, int line) {
    struct sctx_message m;
    uint64_t seq = rig_say(b->w, b->topic, "!");
    do cr_assert_eq(sctx_read(b->check, &m), SCTX_OK);
    while (m.seq != seq);
    cr_assert_eq(m.flags, flags, "line %d: flags %u", line, m.flags);
    if (flags) cr_assert_eq(m.cause, cause, "line %d: cause %llu", line, (unsigned long long)m.cause);
}
#define EXPECT_CAUSE(b, cause) expect_cause(b, cause, SCTX_MSG_CAUSE, __LINE__)
#define EXPECT_EXPLICIT(b, cause) expect_cause(b, cause, SCTX_MSG_CAUSE | SCTX_MSG_CAUSE_EXPLICIT, __LINE__)
#define EXPECT_NONE(b) expect_cause(b, 0, 0, __LINE__)

Test(cause, automatic) {
    struct bench b = set_up("cause");
    struct sctx_message m;
    EXPECT_NONE(&b);
    uint64_t one = ask(&b), two = ask(&b);
    cr_assert_eq(sctx_read(b.r, &m), SCTX_OK);
    EXPECT_CAUSE(&b, one);
    EXPECT_CAUSE(&b, one); /* until the next read */
    cr_assert_eq(sctx_peek(b.r, &m), SCTX_OK);
    EXPECT_CAUSE(&b, two);
    uint64_t seq = 0;
    cr_assert(sctx_cause_get(b.ctx, &seq) && seq == two);
    tear_down(&b, "cause");
}

Test(cause, cleared_by_an_empty_read_a_wait_and_a_time_out) {
    struct bench b = set_up("cause");
    struct sctx_message m;
    uint64_t seq = 5;
    for (int how = 0; how < 5; how++) {
        (void)ask(&b);
        if (how == 3) (void)ask(&b);
        cr_assert_eq(sctx_read(b.r, &m), SCTX_OK);
        if (how == 0) cr_assert_eq(sctx_read(b.r, &m), SCTX_AGAIN);
        if (how == 1) cr_assert_eq(sctx_wait(b.r, 0), SCTX_TIMEOUT);
        if (how == 2) cr_assert_eq(sctx_wait(b.r, 2 * MS), SCTX_TIMEOUT);
        if (how == 3) cr_assert_eq(sctx_wait(b.r, SCTX_FOREVER), SCTX_OK); /* there is more: it clears all the same */
        if (how == 4) sctx_cause_clear(b.ctx);
        cr_assert_not(sctx_cause_get(b.ctx, &seq), "case %d", how);
        EXPECT_NONE(&b);
        (void)rig_drain(b.r);
    }
    cr_assert_eq(seq, 5, "untouched");
    tear_down(&b, "cause");
}

Test(cause, explicit) {
    struct bench b = set_up("cause");
    struct sctx_message m;
    uint64_t one = ask(&b), two = ask(&b);
    cr_assert_eq(sctx_read(b.r, &m), SCTX_OK);
    sctx_cause_set(b.ctx, two);
    EXPECT_EXPLICIT(&b, two);
    EXPECT_EXPLICIT(&b, two);
    cr_assert_eq(sctx_read(b.r, &m), SCTX_OK); /* overridden until the next read */
    EXPECT_CAUSE(&b, two);
    struct sctx_outgoing out[3] = {{.topic = b.topic, .cause_mode = SCTX_CAUSE_SEQ, .cause = one},
                                   {.topic = b.topic, .cause_mode = SCTX_CAUSE_NONE},
                                   {.topic = b.topic, .cause_mode = SCTX_CAUSE_AUTO}};
    cr_assert_eq(sctx_publish_batch(b.w, out, 3, NULL), SCTX_OK);
    cr_assert(sctx_read(b.check, &m) == SCTX_OK && m.cause == one && m.flags == (SCTX_MSG_CAUSE | SCTX_MSG_CAUSE_EXPLICIT));
    cr_assert(sctx_read(b.check, &m) == SCTX_OK && m.flags == 0);
    cr_assert(sctx_read(b.check, &m) == SCTX_OK && m.cause == two && m.flags == SCTX_MSG_CAUSE);
    tear_down(&b, "cause");
}

Test(cause, off) {
    struct bench b = set_up("cause");
    struct sctx_message m;
    struct sctx_writer_options o = {.size = sizeof o, .flags = SCTX_WRITER_NO_AUTO_CAUSE};
    uint64_t one = ask(&b);
    sctx_writer_close(b.w);
    cr_assert_eq(sctx_writer_open(b.ctx, &o, &b.w), SCTX_OK);
    cr_assert_eq(sctx_read(b.r, &m), SCTX_OK);
    EXPECT_NONE(&b);
    sctx_cause_set(b.ctx, one); /* what the program says itself still counts */
    EXPECT_EXPLICIT(&b, one);
    tear_down(&b, "cause");
}

/* The distance back has 32 bits; a cause must lie before the message. */
Test(cause, distance) {
    struct sctx_create_options o = {.first_seq = (UINT64_C(1) << 40) + 5};
    struct bench b = {.ctx = rig_new("cause", &o)};
    b.w = rig_writer(b.ctx);
    b.r = rig_reader(b.ctx, SCTX_FROM_NOW, 0, "in");
    b.check = rig_reader(b.ctx, SCTX_FROM_NOW, SCTX_READER_NO_CAUSE, "out");
    b.topic = rig_topic(b.ctx, "out");
    uint64_t next = o.first_seq;
    sctx_cause_set(b.ctx, next - UINT32_MAX);
    EXPECT_EXPLICIT(&b, next - UINT32_MAX);
    next++;
    sctx_cause_set(b.ctx, next - UINT32_MAX - 1);
    EXPECT_NONE(&b); /* one more than 2^32-1 back is dropped */
    next++;
    sctx_cause_set(b.ctx, next);
    EXPECT_NONE(&b); /* itself */
    next++;
    sctx_cause_set(b.ctx, next + 1);
    EXPECT_NONE(&b); /* the future */
    next++;
    sctx_cause_set(b.ctx, next - 1);
    EXPECT_EXPLICIT(&b, next - 1);
    tear_down(&b, "cause");
}

Test(cause, of_each_context_its_own) {
    struct bench a = set_up("cause_a"), b = set_up("cause_b");
    struct sctx_message m;
    (void)ask(&b);
    uint64_t in_a = ask(&a), in_b = ask(&b);
    cr_assert_eq(sctx_read(a.r, &m), SCTX_OK);
    EXPECT_NONE(&b);
    EXPECT_CAUSE(&a, in_a);
    (void)rig_drain(b.check);
    cr_assert_eq(sctx_read(b.r, &m), SCTX_OK);
    cr_assert_eq(sctx_read(b.r, &m), SCTX_OK);
    EXPECT_CAUSE(&b, in_b);
    uint64_t seq; /* ids are random: the two may share a place, then a's is forgotten. It is never b's */
    if (sctx_cause_get(a.ctx, &seq)) EXPECT_CAUSE(&a, in_a);
    sctx_cause_clear(a.ctx);
    EXPECT_NONE(&a);
    EXPECT_CAUSE(&b, in_b);
    tear_down(&a, "cause_a");
    tear_down(&b, "cause_b");
}

static void *look_in_another_thread(void *argument) {
    uint64_t seq;
    return sctx_cause_get(argument, &seq) ? argument : NULL;
}

Test(cause, of_each_thread_its_own) {
    struct bench b = set_up("cause");
    struct sctx_message m;
    uint64_t one = ask(&b);
    cr_assert_eq(sctx_read(b.r, &m), SCTX_OK);
    pthread_t thread;
    void *seen = &b;
    cr_assert_eq(pthread_create(&thread, NULL, look_in_another_thread, b.ctx), 0);
    cr_assert_eq(pthread_join(thread, &seen), 0);
    cr_assert_null(seen);
    EXPECT_CAUSE(&b, one);
    tear_down(&b, "cause");
}

Test(cause, never_by_a_tap_or_where_it_is_switched_off) {
    struct bench b = set_up("cause");
    sctx *tap = rig_tap("cause");
    sctx_reader *look = rig_reader(tap, SCTX_FROM_NOW, 0, NULL), *quiet = rig_reader(b.ctx, SCTX_FROM_NOW, SCTX_READER_NO_CAUSE, NULL);
    struct sctx_message m;
    uint64_t one = ask(&b);
    cr_assert_eq(sctx_read(look, &m), SCTX_OK);
    EXPECT_NONE(&b);
    cr_assert_eq(sctx_peek(quiet, &m), SCTX_OK);
    EXPECT_NONE(&b);
    cr_assert_eq(sctx_read(b.r, &m), SCTX_OK);
    (void)rig_drain(look);
    (void)rig_drain(quiet);
    EXPECT_CAUSE(&b, one); /* nor do they clear it */
    sctx_reader_close(look);
    sctx_reader_close(quiet);
    sctx_close(tap);
    tear_down(&b, "cause");
}

/* ---- an event loop ---------------------------------------------------------------------------------------------------------- */

#define CLIENTS 3u
#define QUESTIONS 3400u /* each; with the answers over 20,000 messages */

struct loop {
    _Atomic uint32_t ready;
};

static uint16_t numbered(sctx *ctx, const char *what, unsigned number) {
    char name[32];
    (void)snprintf(name, sizeof name, "%s/%u", what, number);
    return rig_topic(ctx, name);
}

static struct loop *shared_loop;

/* Asks, several questions at once, and checks that each answer's cause is the question that it answers. */
static int client(void *argument) {
    unsigned number = *(unsigned *)argument;
    char pattern[32];
    (void)snprintf(pattern, sizeof pattern, "answer/%u", number);
    sctx *ctx = rig_join("loop", "client");
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, pattern);
    uint16_t topic = numbered(ctx, "ask", number);
    rig_meet(&shared_loop->ready, CLIENTS + 1);
    uint64_t random = number + 1, asked = 0, answered = 0;
    while (answered < QUESTIONS) {
        uint64_t burst = 1 + rig_random(&random) % 7, seq = 0;
        sctx_cause_clear(ctx);
        for (; burst && asked < QUESTIONS; burst--, asked++) MUST_OK(sctx_publish(w, topic, &asked, sizeof asked, &seq));
        while (answered < asked) {
            struct sctx_message m;
            int rc = sctx_read(r, &m);
            if (rc == SCTX_AGAIN) {
                MUST_OK(sctx_wait(r, 10 * SECOND));
                continue;
            }
            MUST_OK(rc);
            uint64_t question;
            MUST(m.len == sizeof question && m.lost == 0 && m.gone == 0);
            memcpy(&question, m.data, sizeof question);
            if (m.flags != SCTX_MSG_CAUSE || m.cause != question) return 1; /* a false cause, or none */
            answered++;
        }
    }
    sctx_reader_close(r);
    sctx_writer_close(w);
    sctx_close(ctx);
    return 0;
}

/* A server as programs have it: one loop over descriptors, a reader for each client, each question answered where it is read. */
Test(cause, event_loop_with_interleaved_requests, .timeout = 55) {
    sctx *ctx = rig_new("loop", NULL);
    shared_loop = rig_shared(sizeof *shared_loop);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r[CLIENTS];
    uint16_t answer[CLIENTS];
    struct pollfd fds[CLIENTS];
    unsigned numbers[CLIENTS];
    pid_t children[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++) {
        char pattern[32];
        (void)snprintf(pattern, sizeof pattern, "ask/%u", i);
        r[i] = rig_reader(ctx, SCTX_FROM_NOW, 0, pattern);
        answer[i] = numbered(ctx, "answer", i);
        numbers[i] = i;
        children[i] = rig_child(client, &numbers[i]);
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        fds[i] = (struct pollfd){.fd = sctx_reader_fd(r[i]), .events = POLLIN};
        cr_assert_geq(fds[i].fd, 0);
    }
    rig_meet(&shared_loop->ready, CLIENTS + 1);
    for (unsigned served = 0; served < CLIENTS * QUESTIONS;) {
        cr_assert_gt(poll(fds, CLIENTS, 10000), 0, "after %u", served);
        for (unsigned i = 0; i < CLIENTS; i++) {
            struct sctx_message m;
            if (!fds[i].revents) continue;
            while (sctx_read(r[i], &m) == SCTX_OK) {
                cr_assert_eq(m.lost + m.gone, 0);
                cr_assert_eq(sctx_publish(w, answer[i], &m.seq, sizeof m.seq, NULL), SCTX_OK);
                served++;
            }
        }
    }
    for (unsigned i = 0; i < CLIENTS; i++) cr_assert_eq(rig_child_result(children[i]), 0, "client %u saw a false cause", i);
    for (unsigned i = 0; i < CLIENTS; i++) sctx_reader_close(r[i]);
    sctx_writer_close(w);
    rig_end(ctx, "loop");
}
