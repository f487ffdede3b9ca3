/* Gated readers: writers wait for them, in whatever order things happen. Steps as in gate.h. What is let go is counted as an eviction, so
 * a reader that lost something although nobody let it go was not waited for. */
#define _GNU_SOURCE
#include "race.h"
#include "ring.h"
#include "writer.h"

#define CELLS 64u
#define ARENA (64u << 10)
#define PATIENCE_NS 60000000u

struct side {
    sctx *ctx;
    sctx_writer *writer;
    uint16_t topic;
    uint32_t who;
    size_t len;
    unsigned times;
    uint64_t seq;
};

static struct side side(uint32_t who) {
    struct side s = {.ctx = join("c", "side"), .who = who, .len = 40, .times = 1};
    s.topic = topic(s.ctx, "t");
    s.writer = writer(s.ctx);
    return s;
}

static void publish(void *argument) {
    struct side *s = argument;
    for (unsigned i = 0; i < s->times; i++) CHECK_OK(say(s->writer, s->topic, s->who, s->len, &s->seq));
}

static void publish_n(struct side *s, unsigned times) {
    s->times = times;
    publish(s);
}

struct listener {
    sctx *ctx;
    struct ear ear;
    uint64_t heard;
};

static struct listener gated(uint32_t flags) {
    struct listener l = {.ctx = join("c", "gated")};
    l.ear = ear_open(l.ctx, SCTX_FROM_NOW, flags | SCTX_READER_GATED);
    return l;
}

static void drain(void *argument) {
    struct listener *l = argument;
    l->heard = ear_drain(&l->ear);
}

static void open_gated(void *argument) {
    struct listener *l = argument;
    l->ear = ear_open(l->ctx, SCTX_FROM_NOW, SCTX_READER_GATED);
}

/* Nothing was lost unless it was let go, and then it knows. */
static void fair(struct listener *l, uint64_t evictions) {
    struct sctx_reader_stats s = balanced(l->ear.reader);
    CHECK(info_of(l->ctx).gate_evictions == evictions);
    if (s.gated == 1) CHECK(s.lost == 0 && s.gone == 0);
}

static void a_writer_waits(void) {
    fresh("c", CELLS, ARENA, SCTX_CREATE_GATING, PATIENCE_NS);
    struct side w = side(1);
    struct listener l = gated(0);
    publish_n(&w, CELLS);
    fair(&l, 0);
    CHECK(ear_drain(&l.ear) == CELLS);
    uint64_t began = now_ns();
    publish_n(&w, CELLS);
    publish_n(&w, 1); /* one too many: waits, then lets it go */
    CHECK(now_ns() - began >= PATIENCE_NS);
    fair(&l, 1);
    CHECK(ear_drain(&l.ear) == CELLS - CELLS / 16 && balanced(l.ear.reader).gated == 2);
}

/* Lets its arena lap, not the ring: what a gated reader needs is given up no more than the cell that names it. */
static void a_writer_waits_for_room_in_its_arena(void) {
    fresh("c", CELLS, ARENA, SCTX_CREATE_GATING, PATIENCE_NS);
    struct side w = side(1);
    struct listener l = gated(0);
    w.len = 12000;
    publish_n(&w, 5);
    fair(&l, 0);
    publish_n(&w, 1);
    fair(&l, 1);
}

/* It joins after the writer's last look at the gates: the epoch tells. */
static void joined_since_the_last_look(void) {
    fresh("c", CELLS, ARENA, SCTX_CREATE_GATING, PATIENCE_NS);
    struct side w = side(1);
    publish_n(&w, 3);
    struct listener l = gated(0);
    publish_n(&w, CELLS + 10);
    (void)ear_drain(&l.ear);
    fair(&l, 1);
    CHECK(balanced(l.ear.reader).gated == 2);
}

/* A writer passed the gates for t; it gets a later one, which a gate holds. */
static void overtaken_after_the_look_at_the_gates(void) {
    fresh("c", CELLS, ARENA, SCTX_CREATE_GATING, PATIENCE_NS);
    struct side w = side(1), x = side(2);
    publish_n(&x, 8);
    struct listener l = gated(0); /* needs 9 */
    publish_n(&x, CELLS - 1);     /* 9 to 71; 72 takes the cell of 8, 73 that of 9 */
    struct actor a = {0};
    CHECK(actor_start(&a, publish, &w, "publish:before-swap"));
    publish_n(&x, 1);
    fair(&l, 0);
    actor_finish(&a);
    (void)ear_drain(&l.ear);
    fair(&l, 1);
    CHECK(w.seq == CELLS + 9 && balanced(l.ear.reader).gated == 2);
}

/* The gate stands at what is being copied until it is copied. */
static void while_it_copies(const char *point) {
    fresh("c", CELLS, ARENA, SCTX_CREATE_GATING, PATIENCE_NS);
    struct side w = side(1);
    struct listener l = gated(0);
    publish_n(&w, CELLS);
    struct actor a = {.skip = 6}; /* the gate moves with every eighth: it goes to 8 when 7 was delivered */
    CHECK(actor_start(&a, drain, &l, point));
    publish_n(&w, 7);
    CHECK(info_of(l.ctx).gate_evictions == 1);
    actor_finish(&a);
    fair(&l, 1);
    CHECK(balanced(l.ear.reader).gated == 2);
}

static void while_it_copies_1(void) {
    while_it_copies("read:before-copy");
}
static void while_it_copies_2(void) {
    while_it_copies("read:copied");
}

/* Let go just before it moves its gate: it must not put it up again without knowing. */
static void let_go_before_it_moves(void) {
    fresh("c", CELLS, ARENA, SCTX_CREATE_GATING, PATIENCE_NS);
    struct side w = side(1);
    struct listener l = gated(0);
    publish_n(&w, CELLS);
    struct actor a = {0};
    CHECK(actor_start(&a, drain, &l, "gate:before-move"));
    publish_n(&w, 20);
    fair(&l, 1);
    actor_finish(&a);
    CHECK(balanced(l.ear.reader).gated == 2);
    CHECK(load_relaxed(&l.ctx->readers[0].gate) == 0);
}

/* Joining is overtaken at each step: from where it says it starts on, nothing is lost, or it was let go. */
static void overtaken_while_it_joins(const char *point, unsigned messages) {
    fresh("c", CELLS, ARENA, SCTX_CREATE_GATING, PATIENCE_NS);
    struct side w = side(1);
    struct listener l = {.ctx = join("c", "gated")};
    publish_n(&w, 30);
    struct actor a = {0};
    CHECK(actor_start(&a, open_gated, &l, point));
    publish_n(&w, messages);
    actor_finish(&a);
    publish_n(&w, CELLS / 2);
    (void)ear_drain(&l.ear);
    struct sctx_reader_stats s = balanced(l.ear.reader);
    if (s.gated == 1) CHECK(s.lost == 0 && s.gone == 0);
    CHECK(s.start_seq <= 31 + messages);
}

static void joining(void) {
    static const char *const points[] = {"gate:before-gate", "gate:before-epoch", "gate:before-walk", "gate:joined"};
    for (unsigned i = 0; i < 4; i++) {
        overtaken_while_it_joins(points[i], 5);
        overtaken_while_it_joins(points[i], CELLS + 5);
    }
}

/* A living reader's gate is nobody's to clear before the patience is over. */
static void not_reaped_alive(void) {
    fresh("c", CELLS, ARENA, SCTX_CREATE_GATING, PATIENCE_NS);
    struct side w = side(1);
    struct listener l = gated(0);
    uint64_t began = now_ns();
    publish_n(&w, CELLS + 1);
    CHECK(now_ns() - began >= PATIENCE_NS);
    fair(&l, 1);
}

/* Our own gated reader is let go at once: we cannot wait for ourselves. */
static void not_waiting_for_oneself(void) {
    fresh("c", CELLS, ARENA, SCTX_CREATE_GATING, UINT64_C(20000000000));
    struct side w = side(1);
    struct ear e = ear_open(w.ctx, SCTX_FROM_NOW, SCTX_READER_GATED);
    publish_n(&w, CELLS + 1);
    (void)ear_drain(&e);
    CHECK(balanced(e.reader).gated == 2);
}

int main(int argc, char **argv) {
    static const struct race_case cases[] = {
        {"a_writer_waits", a_writer_waits},
        {"a_writer_waits_for_room_in_its_arena", a_writer_waits_for_room_in_its_arena},
        {"joined_since_the_last_look", joined_since_the_last_look},
        {"overtaken_after_the_look_at_the_gates", overtaken_after_the_look_at_the_gates},
        {"lapped_before_it_copies", while_it_copies_1},
        {"lapped_when_it_has_copied", while_it_copies_2},
        {"let_go_before_it_moves", let_go_before_it_moves},
        {"overtaken_while_it_joins", joining},
        {"not_reaped_alive", not_reaped_alive},
        {"not_waiting_for_oneself", not_waiting_for_oneself},
        {NULL, NULL},
    };
    return race_main(cases, argc, argv);
}
