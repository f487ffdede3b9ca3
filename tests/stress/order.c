/* Time never goes back along seq: writers on two cores that hand the ring over to each other millions of times. */
#define _GNU_SOURCE
#include "../unit/rig.h"
#include "layout.h"
#include <criterion/criterion.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WRITERS 2u
#define CELLS (1u << 20)

static struct {
    _Atomic uint32_t ready, turn;
    _Atomic uint64_t published;
} * shared;

static void run_on(unsigned core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core % (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &set);
    (void)sched_setaffinity(0, sizeof set, &set); /* where it is not allowed, the kernel's choice will do */
}

/* `strict`: in turns, each message after the other's; else as the processors have it. */
struct order {
    uint32_t me, each;
    bool strict;
};

static int write_in_turns(void *argument) {
    const struct order *o = argument;
    sctx *ctx = rig_join("order", "writer");
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    run_on(o->me);
    rig_meet(&shared->ready, WRITERS);
    for (uint32_t i = 0; i < o->each; i++) {
        uint64_t text = (uint64_t)o->me << 32 | i;
        if (o->strict)
            for (uint32_t spins = 0; atomic_load(&shared->turn) % WRITERS != o->me;)
                if (++spins % 4096 == 0) (void)sched_yield();
        MUST_OK(sctx_publish(w, topic, &text, sizeof text, NULL));
        if (o->strict) atomic_fetch_add(&shared->turn, 1);
    }
    sctx_writer_close(w);
    sctx_close(ctx);
    return 0;
}

struct result {
    uint64_t seen, handovers, raw_back, back, missed;
};

/* All of the ring: raw ticks as they lie in the arenas, and times as a reader tells them. */
static struct result look(uint64_t first) {
    struct result result = {0};
    sctx *tap = rig_tap("order");
    struct sctx_reader_options o = {.size = sizeof o, .from = SCTX_FROM_SEQ, .seq = first};
    sctx_reader *r = NULL;
    MUST_OK(sctx_reader_open(tap, &o, &r));
    struct sctx_message m;
    int64_t last = INT64_MIN;
    uint64_t last_ticks = 0, next[WRITERS] = {0};
    uint32_t last_from = 0;
    while (sctx_peek(r, &m) == SCTX_OK) {
        uint64_t text;
        const struct record *record = (const struct record *)m.data - 1;
        uint64_t ticks = load_relaxed(&record->time);
        memcpy(&text, m.data, sizeof text);
        MUST(sctx_still_valid(r, &m));
        MUST((uint32_t)text == next[text >> 32]); /* each writer's in its order */
        next[text >> 32]++;
        result.raw_back += ticks < last_ticks;
        result.back += m.time_ns < last;
        result.handovers += m.from != last_from;
        last_ticks = ticks;
        last = m.time_ns;
        last_from = m.from;
        result.seen++;
    }
    result.missed = rig_stats(r).lost + rig_stats(r).gone;
    MUST(rig_balances(r));
    sctx_reader_close(r);
    sctx_close(tap);
    return result;
}

/* A round fills the ring; then it is looked at in peace. */
static struct result rounds(int64_t ns, bool strict) {
    struct sctx_create_options o = {.cells = CELLS, .arena_bytes = 64u << 20};
    struct result sum = {0};
    sctx *ctx = rig_new("order", &o);
    uint64_t first = 1;
    for (int64_t end = rig_now_ns() + ns; rig_now_ns() < end;) {
        pid_t children[WRITERS];
        struct order orders[WRITERS];
        atomic_store(&shared->ready, 0);
        atomic_store(&shared->turn, 0);
        for (uint32_t i = 0; i < WRITERS; i++) {
            orders[i] = (struct order){.me = i, .each = CELLS / WRITERS / (strict ? 4 : 1), .strict = strict};
            children[i] = rig_child(write_in_turns, &orders[i]);
        }
        for (uint32_t i = 0; i < WRITERS; i++) cr_assert_eq(rig_child_result(children[i]), 0);
        struct result one = look(first);
        cr_assert_eq(one.seen, (uint64_t)orders[0].each * WRITERS);
        first += one.seen;
        sum.seen += one.seen;
        sum.handovers += one.handovers;
        sum.raw_back += one.raw_back;
        sum.back += one.back;
        sum.missed += one.missed;
    }
    rig_end(ctx, "order");
    (void)fprintf(stderr, "%s: %llu messages, %llu hand-overs, %llu time inversions (%llu as told by a reader)\n",
                  strict ? "in turns" : "racing", (unsigned long long)sum.seen, (unsigned long long)sum.handovers,
                  (unsigned long long)sum.raw_back, (unsigned long long)sum.back);
    return sum;
}

Test(order, in_turns, .timeout = 50) {
    shared = rig_shared(sizeof *shared);
    struct result r = rounds(6 * SECOND, true);
    cr_assert_eq(r.raw_back + r.back + r.missed, 0);
    cr_assert_gt(r.handovers, r.seen - r.seen / 100);
}

Test(order, racing, .timeout = 50) {
    shared = rig_shared(sizeof *shared);
    struct result r = rounds(6 * SECOND, false);
    cr_assert_eq(r.raw_back + r.back + r.missed, 0);
    cr_assert_gt(r.handovers, 10);
}
