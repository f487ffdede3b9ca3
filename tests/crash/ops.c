#define _GNU_SOURCE
#include "ops.h"
#include "context.h"
#include "intern.h"
#include "testpoint.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child's things. */
static sctx *ctx, *ctx_2;
static sctx_writer *w, *w_2;
static struct ear ear;
static sctx_marker *marker;

static void prepare_context(void) {
    ctx = join("c", "child");
}

static void prepare_writer(void) {
    prepare_context();
    w = writer(ctx);
    CHECK_OK(say(w, 0, WHO_CHILD, 40, NULL));
}

static void publish_times(size_t len, unsigned n) {
    for (unsigned i = 0; i < n; i++) CHECK_OK(say(w, 0, WHO_CHILD, len, NULL));
}

/* ---- publishing ------------------------------------------------------------------------------------------------------------- */

static void publish_small(void) {
    publish_times(40, 3);
}
static void publish_step(void) {
    publish_times(5000, 3);
}
static void publish_growing(void) {
    publish_times(20000, 2);
    publish_times(70000, 1);
}

static void prepare_two_writers(void) {
    prepare_writer();
    ctx_2 = join("c", "child-2");
    w_2 = writer(ctx_2);
}
static void provoke_publish(void) {
    CHECK_OK(say(w_2, 0, WHO_CHILD_2, 40, NULL));
}

static void publish_batch(void) {
    static unsigned char data[5][6000];
    static const uint32_t lens[5] = {40, 6000, 24, 3000, 200};
    struct sctx_outgoing m[5] = {{0}};
    size_t done = 0;
    for (unsigned i = 0; i < 5; i++) {
        payload_make(data[i], lens[i], WHO_CHILD, ++tally->said[WHO_CHILD]);
        m[i] = (struct sctx_outgoing){.data = data[i], .len = lens[i]};
    }
    tally->started += 5;
    CHECK_OK(sctx_publish_batch(w, m, 5, &done));
    CHECK(done == 5);
    tally->acked += 5;
}

static void reserve_and_commit(void) {
    for (unsigned i = 0; i < 3; i++) {
        void *room;
        size_t len = i == 1 ? 9000 : 300;
        CHECK_OK(sctx_reserve(w, len, &room));
        if (i == 2) sctx_abort(w);
        if (i == 2) CHECK_OK(sctx_reserve(w, len, &room));
        payload_make(room, len, WHO_CHILD, ++tally->said[WHO_CHILD]);
        tally->started++;
        CHECK_OK(sctx_commit(w, 0, len, NULL));
        tally->acked++;
    }
}

static void open_and_publish(void) {
    w = writer(ctx);
    publish_times(300, 2);
    sctx_writer_close(w);
}

/* ---- those who died before -------------------------------------------------------------------------------------------------- */

static void dead_writer(void) {
    pid_t pid = spawn();
    if (pid == 0) {
        prepare_writer();
        publish_times(700, 3);
        _exit(0);
    }
    expect_exit(pid, await_child(pid, NULL));
}

/* Its arena's file is not to be had any more: the next owner makes another. */
static void dead_writer_without_file(void) {
    char path[512], file[600];
    dead_writer();
    CHECK_OK(sctx_path("c", NULL, path, sizeof path));
    (void)snprintf(file, sizeof file, "%s/arena.2.1", path);
    CHECK(truncate(file, 100) == 0);
}

static void die(const char *name) {
    if (strcmp(name, "intern:claimed") == 0) (void)kill(getpid(), SIGKILL);
}
static void dead_registrar(void) {
    pid_t pid = spawn();
    if (pid == 0) {
        prepare_context();
        sctx_testpoint_hook = die;
        (void)topic(ctx, "dead/name");
        _exit(1);
    }
    int status = await_child(pid, NULL);
    CHECK(WIFSIGNALED(status));
}

static void dead_gated_reader(void) {
    pid_t pid = spawn();
    if (pid == 0) {
        prepare_context();
        (void)reader(ctx, SCTX_FROM_NOW, SCTX_READER_GATED);
        _exit(0);
    }
    expect_exit(pid, await_child(pid, NULL));
}

/* ---- joining, topics, markers ----------------------------------------------------------------------------------------------- */

static void join_and_leave(void) {
    sctx_close(join("c", "child"));
}

static void register_topics(void) {
    uint16_t a = topic(ctx, "child/a"), b = topic(ctx, "child/a");
    CHECK(a == b && a != 0 && a != topic(ctx, "child/b"));
}

static void prepare_two_contexts(void) {
    prepare_context();
    ctx_2 = join("c", "child-2");
}
static void provoke_topic(void) {
    (void)topic(ctx_2, "child/b");
}
static void provoke_same_topic(void) {
    (void)topic(ctx_2, "child/a");
}

static struct sctx_marker_options marker_options(const char *name, uint32_t kind) {
    return (struct sctx_marker_options){.size = sizeof(struct sctx_marker_options), .kind = kind, .name = name, .unit = "u"};
}

static void marker_set(void) {
    struct sctx_marker_options o = marker_options("child/level", SCTX_MARKER_I64);
    CHECK_OK(sctx_marker_open(ctx, &o, &marker));
    CHECK_OK(sctx_marker_set(marker, (sctx_level){.i64 = 7}));
    CHECK(sctx_marker_level(marker).i64 == 7);
    sctx_marker_close(marker);
}

static void marker_add(void) {
    struct sctx_marker_options o = marker_options("child/sum", SCTX_MARKER_F64);
    CHECK_OK(sctx_marker_open(ctx, &o, &marker));
    for (int i = 0; i < 3; i++) CHECK_OK(sctx_marker_add(marker, (sctx_level){.f64 = 0.5}, NULL));
    CHECK(sctx_marker_level(marker).f64 > 1.4);
    sctx_marker_close(marker);
}

static void marker_announce(void) {
    struct sctx_marker_options o = marker_options("child/alarm", SCTX_MARKER_I64);
    o.flags = SCTX_MARKER_HAS_HIGH | SCTX_MARKER_ANNOUNCE;
    o.high.i64 = 10;
    CHECK_OK(sctx_marker_open(ctx, &o, &marker));
    for (int i = 0; i < 2; i++) {
        tally->started++;
        CHECK_OK(sctx_marker_set(marker, (sctx_level){.i64 = i ? 0 : 20}));
        tally->acked++;
    }
    sctx_marker_close(marker);
}

/* ---- reading, waiting ------------------------------------------------------------------------------------------------------- */

static void read_all(void) {
    ear = ear_open(ctx, SCTX_FROM_START, 0);
    CHECK(ear_drain(&ear) > 0);
    ear_close(&ear);
}

static void peek_all(void) {
    struct sctx_message m;
    static unsigned char copy[PAYLOAD_MOST];
    sctx_reader *r = reader(ctx, SCTX_FROM_START, 0);
    while (sctx_peek(r, &m) == SCTX_OK) {
        uint32_t who;
        uint64_t counter;
        memcpy(copy, m.data, m.len);
        if (sctx_still_valid(r, &m) && m.topic == 0) CHECK(payload_whole(copy, m.len, &who, &counter));
    }
    (void)balanced(r);
    sctx_reader_close(r);
}

static void prepare_ear(void) {
    prepare_context();
    ear = ear_open(ctx, SCTX_FROM_NOW, 0);
}
static void wait_for_some(void) {
    for (int i = 0; i < 3; i++) {
        int rc = sctx_wait(ear.reader, INT64_C(5000000000));
        CHECK(rc == SCTX_OK);
        (void)ear_drain(&ear);
    }
    ear_close(&ear);
}

static void publish_to_sleepers(void) {
    for (int i = 0; i < 2; i++) {
        uint64_t end = now_ns() + 1000000000;
        while (!load_seq_cst(&ctx->hot->want) && now_ns() < end) sleep_us(100); /* they sleep again */
        CHECK_OK(say(w, 0, WHO_CHILD, 40, NULL));
    }
}

static void read_gated(void) {
    ear = ear_open(ctx, SCTX_FROM_NOW, SCTX_READER_GATED);
    for (int i = 0; i < 6; i++) {
        uint64_t end = now_ns() + 2000000000;
        while (ear_drain(&ear) == 0 && now_ns() < end) sleep_us(200);
    }
    struct sctx_reader_stats s = balanced(ear.reader);
    CHECK(s.gated == 2 || (s.lost == 0 && s.gone == 0));
    ear_close(&ear);
}

static void publish_a_lap(void) {
    publish_times(40, OP_CELLS + 6);
}

/* ---- making and removing ---------------------------------------------------------------------------------------------------- */

static void create_another(void) {
    struct sctx_create_options o = {.size = sizeof o, .context = "other", .cells = OP_CELLS, .arena_bytes = OP_ARENA};
    int rc = sctx_create(&o);
    CHECK(rc == SCTX_OK || rc == SCTX_ERR_EXISTS);
}
static void remove_it(void) {
    CHECK_OK(sctx_remove("c", NULL, NULL));
}

const struct op ops[] = {
    {"publish", 0, 1, NULL, prepare_writer, publish_small, NULL, NULL},
    {"publish-a-step", 0, 1, NULL, prepare_writer, publish_step, NULL, NULL},
    {"publish-growing", 0, 1, NULL, prepare_writer, publish_growing, NULL, NULL},
    {"publish-overtaken", 0, 2, NULL, prepare_two_writers, publish_small, "publish:before-swap", provoke_publish},
    {"batch", 0, 1, NULL, prepare_writer, publish_batch, NULL, NULL},
    {"reserve", 0, 1, NULL, prepare_writer, reserve_and_commit, NULL, NULL},
    {"join", 0, 0, NULL, NULL, join_and_leave, NULL, NULL},
    {"writer-new", 0, 1, NULL, prepare_context, open_and_publish, NULL, NULL},
    {"writer-adopts", 0, 1, dead_writer, prepare_context, open_and_publish, NULL, NULL},
    {"writer-replaces", 0, 1, dead_writer_without_file, prepare_context, open_and_publish, NULL, NULL},
    {"topic", 0, 0, NULL, prepare_context, register_topics, NULL, NULL},
    {"topic-overtaken", 0, 0, NULL, prepare_two_contexts, register_topics, "intern:before-entry", provoke_topic},
    {"topic-beaten", 0, 0, NULL, prepare_two_contexts, register_topics, "intern:claimed", provoke_same_topic},
    {"topic-takes-over", 0, 0, dead_registrar, prepare_context, register_topics, NULL, NULL},
    {"marker-set", 0, 0, NULL, prepare_context, marker_set, NULL, NULL},
    {"marker-add", 0, 0, NULL, prepare_context, marker_add, NULL, NULL},
    {"marker-announce", 0, 1, NULL, prepare_context, marker_announce, NULL, NULL},
    {"read", 0, 0, NULL, prepare_context, read_all, NULL, NULL},
    {"peek", 0, 0, NULL, prepare_context, peek_all, NULL, NULL},
    {"wait", OP_POKED, 0, NULL, prepare_ear, wait_for_some, NULL, NULL},
    {"wait-in-chain", OP_POKED | OP_SLEEPERS, 0, NULL, prepare_ear, wait_for_some, NULL, NULL},
    {"wake", OP_SLEEPERS, 1, NULL, prepare_writer, publish_to_sleepers, NULL, NULL},
    {"gated-read", OP_GATING | OP_POKED, 0, NULL, prepare_context, read_gated, NULL, NULL},
    {"gated-publish", OP_GATING, 1, dead_gated_reader, prepare_writer, publish_a_lap, NULL, NULL},
    {"create", OP_CREATES, 0, NULL, NULL, create_another, NULL, NULL},
    {"remove", OP_REMOVES, 0, NULL, NULL, remove_it, NULL, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL},
};
