/* Publishing and reading: every order of two that matters is forced. Steps as in layout.h. */
#define _GNU_SOURCE
#include "race.h"
#include "ring.h"
#include "writer.h"
#include <stdlib.h>
#include <string.h>

#define CELLS 64u
#define ARENA (64u << 10)

struct side {
    sctx *ctx;
    sctx_writer *writer;
    uint16_t topic;
    uint32_t who;
    size_t len;
    unsigned times;
    uint64_t seq;
};

static struct side side(uint32_t who, size_t len, unsigned times) {
    struct side s = {.ctx = join("c", "side"), .who = who, .len = len, .times = times};
    s.topic = topic(s.ctx, "t");
    s.writer = writer(s.ctx);
    return s;
}

static void publish(void *argument) {
    struct side *s = argument;
    for (unsigned i = 0; i < s->times; i++) CHECK_OK(say(s->writer, s->topic, s->who, s->len, &s->seq));
}

static void publish_n(struct side *s, size_t len, unsigned times) {
    s->len = len;
    s->times = times;
    publish(s);
}

static void publish_batch(void *argument) {
    struct side *s = argument;
    static unsigned char data[4][64];
    struct sctx_outgoing m[4] = {{0}};
    for (unsigned i = 0; i < s->times; i++) {
        payload_make(data[i], 64, s->who, ++tally->said[s->who]);
        m[i] = (struct sctx_outgoing){.data = data[i], .len = 64, .topic = s->topic};
    }
    CHECK_OK(sctx_publish_batch(s->writer, m, s->times, NULL));
    s->seq = m[s->times - 1].seq;
}

struct listener {
    struct ear ear;
    uint64_t heard;
};

static void drain(void *argument) {
    struct listener *l = argument;
    l->heard = ear_drain(&l->ear);
}

/* A message whose payload is overwritten while it is copied is gone; intent says so, for it was stored before (P1, R3). */
static void overwritten_while_copied(const char *writer_stops_at) {
    fresh("c", CELLS, ARENA, 0, 0);
    struct side w = side(1, 3000, 1);
    struct listener l = {.ear = ear_open(join("c", "r"), SCTX_FROM_START, 0)};
    publish_n(&w, 3000, 1); /* ends at 3040: the second is where the arena's second lap will come to stand */
    publish_n(&w, 8000, 1);
    publish_n(&w, 12000, 4); /* 60 KiB and a bit: the next record of 15000 begins at the arena's start */
    struct actor r = {0}, a = {0};
    CHECK(actor_start(&r, drain, &l, "read:before-copy")); /* it found message 1 */
    w.len = 15000;
    w.times = 1;
    CHECK(actor_start(&a, publish, &w, writer_stops_at));
    actor_finish(&r);
    CHECK(balanced(l.ear.reader).gone == 3); /* what began in the steps that were given up */
    actor_finish(&a);
    CHECK(l.heard + ear_drain(&l.ear) == 4);
}

static void payload_overwritten_by_a_writer_in_the_middle(void) {
    overwritten_while_copied("publish:payload-written");
}

static void payload_overwritten_by_a_published_message(void) {
    overwritten_while_copied("publish:swapped");
}

/* The same for a peeking reader: still_valid() takes the message back. */
static void payload_overwritten_after_a_peek(void) {
    fresh("c", CELLS, ARENA, 0, 0);
    struct side w = side(1, 3000, 1);
    sctx_reader *r = reader(join("c", "r"), SCTX_FROM_START, 0);
    struct sctx_message m;
    publish_n(&w, 3000, 1);
    CHECK_OK(sctx_peek(r, &m));
    CHECK(sctx_still_valid(r, &m));
    publish_n(&w, 12000, 7);
    CHECK(!sctx_still_valid(r, &m));
    CHECK(balanced(r).gone == 1 && balanced(r).delivered == 0);
}

/* The ring is lapped between a reader's looks at the cell's seq, ref, and seq again (R1): what is in it now is another message. */
static void lapped_between_the_looks(const char *point) {
    fresh("c", CELLS, ARENA, 0, 0);
    struct side w = side(1, 40, 1);
    struct listener l = {.ear = ear_open(join("c", "r"), SCTX_FROM_START, 0)};
    publish_n(&w, 40, CELLS);
    struct actor r = {0};
    CHECK(actor_start(&r, drain, &l, point));
    publish_n(&w, 40, 1); /* on the same cell */
    actor_finish(&r);
    CHECK(ear_drain(&l.ear) == 0);
    struct sctx_reader_stats s = balanced(l.ear.reader);
    CHECK(s.cursor == CELLS + 2 && s.delivered == l.ear.heard && l.ear.last_seq == CELLS + 1);
}

static void ring_lapped_after_seq(void) {
    lapped_between_the_looks("read:seq");
}
static void ring_lapped_after_ref(void) {
    lapped_between_the_looks("read:ref");
}
static void ring_lapped_before_the_copy(void) {
    lapped_between_the_looks("read:before-copy");
}

/* A cell that a broken program pointed into another message's payload: the record there does not know its own place. */
static void a_ref_into_a_payload(void) {
    fresh("c", CELLS, ARENA, 0, 0);
    struct side w = side(1, 40, 1);
    struct ear e = ear_open(join("c", "r"), SCTX_FROM_START, 0);
    uint64_t fake[8] = {0};
    fake[2] = (uint64_t)8 << 32; /* a record of 8 bytes, as far as its third word is concerned */
    CHECK_OK(sctx_publish(w.writer, topic(w.ctx, "other"), fake, sizeof fake, NULL));
    publish_n(&w, 40, 1);
    struct cell *c = w.ctx->cells;
    store_relaxed(&c[2].ref, load_relaxed(&c[1].ref) + 1);
    store_relaxed(&c[1].ref, load_relaxed(&c[1].ref) + 1);
    CHECK(ear_drain(&e) == 0 && balanced(e.reader).gone == 2);
}

/* Two writers want the same seq: one gets it, the other the next (P6). */
static void two_for_one_seq(void) {
    fresh("c", CELLS, ARENA, 0, 0);
    struct side w = side(1, 40, 1), x = side(2, 40, 1);
    struct ear e = ear_open(join("c", "r"), SCTX_FROM_START, 0);
    struct actor a = {0};
    CHECK(actor_start(&a, publish, &w, "publish:before-swap"));
    publish_n(&x, 40, 1);
    actor_finish(&a);
    CHECK(x.seq == 1 && w.seq == 2);
    CHECK(ear_drain(&e) == 2 && e.last[1] == 1 && e.last[2] == 1);
}

/* A writer sleeps before its swap while others lap the ring: what it wanted to swap is not there any more. */
static void lapped_before_the_swap(const char *point) {
    for (unsigned laps = 1; laps <= 2; laps++) {
        fresh("c", CELLS, ARENA, 0, 0);
        struct side w = side(1, 40, 1), x = side(2, 40, 1);
        struct ear e = ear_open(join("c", "r"), SCTX_FROM_START, 0);
        struct actor a = {0};
        publish_n(&x, 40, CELLS + 5);
        CHECK(actor_start(&a, publish, &w, point));
        publish_n(&x, 40, laps * CELLS);
        actor_finish(&a);
        CHECK(w.seq == x.seq + 1);
        (void)ear_drain(&e);
        CHECK(e.last_seq == w.seq && e.last[1] == 1 && e.last[2] == tally->said[2]);
        memset(tally, 0, sizeof *tally);
    }
}

static void ring_lapped_before_the_swap(void) {
    lapped_before_the_swap("publish:before-swap");
}
static void ring_lapped_after_the_look_at_the_cell(void) {
    lapped_before_the_swap("publish:cell-read");
}

/* The tail is a hint: behind, ahead, far off. No message is overwritten, no seq is left out (P3). */
static void the_hint_lags(void) {
    fresh("c", CELLS, ARENA, 0, 0);
    struct side w = side(1, 40, 1), x = side(2, 40, 1);
    struct ear e = ear_open(join("c", "r"), SCTX_FROM_START, 0);
    struct actor a = {0};
    CHECK(actor_start(&a, publish, &w, "publish:swapped")); /* published, not yet told */
    publish_n(&x, 40, 3);
    CHECK(x.seq == 4);
    actor_finish(&a); /* the hint falls back */
    publish_n(&x, 40, 1);
    CHECK(x.seq == 5);
    CHECK(ear_drain(&e) == 5);
}

static void the_hint_is_wrong(void) {
    fresh("c", CELLS, ARENA, 0, 0);
    struct side w = side(1, 40, 1), x = side(2, 40, 1);
    struct ear e = ear_open(join("c", "r"), SCTX_FROM_START, 0);
    publish_n(&w, 40, 10);
    uint64_t wrong[] = {1, 5 * CELLS, 1000000, 0, UINT64_MAX, 19, 17 + CELLS}; /* behind, far ahead, ahead by a few, by almost a lap */
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        store_relaxed(&w.ctx->hot->tail, wrong[i]);
        publish_n(&x, 40, 1);
        CHECK(x.seq == 11 + i);
        CHECK(ring_tail(w.ctx) == 12 + i);
    }
    CHECK(ear_drain(&e) == 10 + sizeof wrong / sizeof *wrong);
}

/* Time is stamped after the cell was seen (P5): who is overtaken stamps again. */
static void time_of_one_who_was_overtaken(void) {
    fresh("c", CELLS, ARENA, 0, 0);
    struct side w = side(1, 40, 1), x = side(2, 40, 1);
    struct ear e = ear_open(join("c", "r"), SCTX_FROM_START, 0);
    struct actor a = {0};
    CHECK(actor_start(&a, publish, &w, "publish:before-swap"));
    sleep_us(4000); /* readers even out steps back of less than 1 ms */
    publish_n(&x, 40, 1);
    actor_finish(&a);
    CHECK(ear_drain(&e) == 2 && e.last_seq == w.seq);
}

static void time_of_a_batch_that_was_overtaken(void) {
    fresh("c", CELLS, ARENA, 0, 0);
    struct side w = side(1, 40, 3), x = side(2, 40, 1);
    struct ear e = ear_open(join("c", "r"), SCTX_FROM_START, 0);
    struct actor a = {.skip = 1};
    CHECK(actor_start(&a, publish_batch, &w, "publish:before-payload")); /* of the second */
    sleep_us(4000);
    publish_n(&x, 40, 1);
    actor_finish(&a);
    CHECK(ear_drain(&e) == 4 && x.seq == 2 && w.seq == 4);
}

static void time_of_a_counter_that_falls_back(void) {
    fresh("c", CELLS, ARENA, 0, 0);
    struct side w = side(1, 40, 1);
    struct ear e = ear_open(join("c", "r"), SCTX_FROM_START, 0);
    publish_n(&w, 40, 1);
    struct record *r = (struct record *)(void *)w.writer->arena.data;
    uint64_t ahead = w.writer->last_ticks + w.ctx->header.clock_hz / 100;
    w.writer->last_ticks = ahead;
    store_relaxed(&r->time, ahead);
    publish_n(&w, 40, 2);
    CHECK(ear_drain(&e) == 3);
    CHECK(load_relaxed(&((struct record *)(void *)(w.writer->arena.data + 96))->time) >= ahead);
}

/* What is overwritten is counted, wherever the reader is when it happens. */
static void loss_is_counted(void) {
    fresh("c", CELLS, ARENA, 0, 0);
    struct side w = side(1, 40, 1);
    struct ear e = ear_open(join("c", "r"), SCTX_FROM_START, 0);
    for (unsigned n = 0; n < 4 * CELLS; n += 7) {
        publish_n(&w, 40, n);
        (void)ear_drain(&e);
    }
    struct sctx_reader_stats s = balanced(e.reader);
    CHECK(s.cursor == w.seq + 1 && s.lost > CELLS && s.delivered > CELLS);
}

int main(int argc, char **argv) {
    static const struct race_case cases[] = {
        {"payload_overwritten_by_a_writer_in_the_middle", payload_overwritten_by_a_writer_in_the_middle},
        {"payload_overwritten_by_a_published_message", payload_overwritten_by_a_published_message},
        {"payload_overwritten_after_a_peek", payload_overwritten_after_a_peek},
        {"ring_lapped_after_seq", ring_lapped_after_seq},
        {"ring_lapped_after_ref", ring_lapped_after_ref},
        {"ring_lapped_before_the_copy", ring_lapped_before_the_copy},
        {"a_ref_into_a_payload", a_ref_into_a_payload},
        {"two_for_one_seq", two_for_one_seq},
        {"ring_lapped_before_the_swap", ring_lapped_before_the_swap},
        {"ring_lapped_after_the_look_at_the_cell", ring_lapped_after_the_look_at_the_cell},
        {"the_hint_lags", the_hint_lags},
        {"the_hint_is_wrong", the_hint_is_wrong},
        {"time_of_one_who_was_overtaken", time_of_one_who_was_overtaken},
        {"time_of_a_batch_that_was_overtaken", time_of_a_batch_that_was_overtaken},
        {"time_of_a_counter_that_falls_back", time_of_a_counter_that_falls_back},
        {"loss_is_counted", loss_is_counted},
        {NULL, NULL},
    };
    return race_main(cases, argc, argv);
}
