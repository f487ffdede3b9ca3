/* Ticks to time: between noted moments, after the last, across jumps, with torn moments in between. */
#include "clock.h"
#include "rig.h"
#include <criterion/criterion.h>

#define HZ UINT64_C(2500000000) /* 2.5 ticks a nanosecond */
#define T0 UINT64_C(1000000000000)
#define REAL0 INT64_C(1700000000000000000)

static struct clock_triple triples[LAYOUT_CLOCK_SLOTS];
static struct ring_hot hot;
static struct clock_view view = {.triples = triples, .hot = &hot, .kind = CLOCK_KIND_MONOTONIC, .hz = HZ};

static uint64_t check_of(uint64_t ticks, uint64_t mono, uint64_t real) {
    return mix64(mix64(mix64(0x736374785f747269, ticks), mono), real);
}

/* A moment `ns` after the first one; the wall clock is `off_ns` ahead of what it should be. */
static void noted(uint64_t i, int64_t ns, int64_t off_ns) {
    struct clock_triple *t = &triples[i % LAYOUT_CLOCK_SLOTS];
    t->ticks = T0 + (uint64_t)(ns * 5 / 2);
    t->mono_ns = (uint64_t)(5 * SECOND + ns);
    t->real_ns = (uint64_t)(REAL0 + ns + off_ns);
    t->check = check_of(t->ticks, t->mono_ns, t->real_ns);
    hot.clock_head = i + 1;
}

static int64_t converted(struct clock_map *map, int64_t ns) {
    return clock_convert(map, &view, T0 + (uint64_t)(ns * 5 / 2)) - REAL0;
}

static bool near(int64_t a, int64_t b, int64_t by) {
    return a - b <= by && b - a <= by;
}

Test(clock, between_two_moments) {
    struct clock_map map = {0};
    noted(0, 0, 0);
    noted(1, SECOND, 0);
    for (int64_t ns = 0; ns <= SECOND; ns += 12345679) cr_assert(near(converted(&map, ns), ns, 2), "%lld", (long long)ns);
    cr_assert_eq(converted(&map, SECOND), SECOND);
}

/* The wall clock was slewed by 100 us in that second: each moment noted is still hit exactly. */
Test(clock, follows_a_slewed_clock) {
    struct clock_map map = {0};
    noted(0, 0, 0);
    noted(1, SECOND, 100000);
    noted(2, 2 * SECOND, 100000);
    cr_assert_eq(converted(&map, 0), 0);
    cr_assert(near(converted(&map, SECOND / 2), SECOND / 2 + 50000, 2));
    cr_assert_eq(converted(&map, SECOND), SECOND + 100000);
    cr_assert(near(converted(&map, 3 * SECOND / 2), 3 * SECOND / 2 + 100000, 2));
}

Test(clock, after_the_last_and_before_the_first) {
    struct clock_map map = {0};
    noted(0, 0, 0);
    cr_assert(near(converted(&map, SECOND), SECOND, 10));
    cr_assert(near(converted(&map, 10 * SECOND), 10 * SECOND, 100));
    cr_assert(near(converted(&map, -SECOND), -SECOND, 10));
}

/* The rate measured when the context was made was 0.1 % off: what was noted later corrects it. */
Test(clock, rate_becomes_exact) {
    struct clock_map map = {0};
    struct clock_view v = view;
    v.hz = HZ + HZ / 1000;
    noted(0, 0, 0);
    noted(1, SECOND, 0);
    int64_t got = clock_convert(&map, &v, T0 + (uint64_t)(11 * SECOND) * 5 / 2) - REAL0;
    cr_assert(near(got, 11 * SECOND, 1000), "%lld", (long long)got);
}

Test(clock, nothing_is_interpolated_across_a_jump) {
    struct clock_map map = {0};
    noted(0, 0, 0);
    noted(1, SECOND, 3600 * SECOND); /* the time was set: an hour ahead */
    noted(2, 2 * SECOND, 3600 * SECOND);
    cr_assert(near(converted(&map, SECOND / 2), SECOND / 2, 1000));
    cr_assert(near(converted(&map, 3 * SECOND / 2), 3 * SECOND / 2 + 3600 * SECOND, 1000));
    cr_assert(near(converted(&map, SECOND / 2), SECOND / 2, 1000), "and back");
    noted(1, SECOND, -3600 * SECOND); /* or back */
    noted(2, 2 * SECOND, -3600 * SECOND);
    struct clock_map anew = {0};
    cr_assert(near(converted(&anew, SECOND / 2), SECOND / 2, 1000));
    cr_assert(near(converted(&anew, 3 * SECOND / 2), 3 * SECOND / 2 - 3600 * SECOND, 1000));
}

Test(clock, torn_moments_are_not_used) {
    struct clock_map map = {0};
    noted(0, 0, 0);
    noted(1, SECOND, 0);
    noted(2, 2 * SECOND, 0);
    triples[1].real_ns += (uint64_t)(7 * SECOND); /* its check is of the one before */
    for (int64_t ns = 0; ns <= 2 * SECOND; ns += 77777777) cr_assert(near(converted(&map, ns), ns, 10), "%lld", (long long)ns);
    for (int i = 0; i < 3; i++) triples[i].check = 0;
    struct clock_map anew = {0};
    (void)converted(&anew, 1); /* none at all: any time, but no crash */
}

/* Hostile moments: backwards, far off, all the same. Whatever comes out, it comes. */
Test(clock, nonsense_does_no_harm, .timeout = 20) {
    uint64_t random = 3;
    for (int round = 0; round < 2000; round++) {
        struct clock_map map = {0};
        for (uint64_t i = 0; i < LAYOUT_CLOCK_SLOTS; i++) {
            triples[i].ticks = rig_random(&random) >> (rig_random(&random) % 64);
            triples[i].mono_ns = rig_random(&random) >> (rig_random(&random) % 64);
            triples[i].real_ns = rig_random(&random) >> (rig_random(&random) % 63 + 1);
            triples[i].check = check_of(triples[i].ticks, triples[i].mono_ns, triples[i].real_ns);
        }
        view.hz = rig_random(&random) >> (rig_random(&random) % 64);
        for (int i = 0; i < 20; i++) (void)clock_convert(&map, &view, rig_random(&random));
    }
}

Test(clock, monotone_along_ticks) {
    struct clock_map map = {0};
    uint64_t random = 9;
    for (uint64_t i = 0; i < LAYOUT_CLOCK_SLOTS; i++) noted(i, (int64_t)i * SECOND, (int64_t)(rig_random(&random) % 200000));
    int64_t last = INT64_MIN;
    for (int64_t ns = 0; ns < (int64_t)LAYOUT_CLOCK_SLOTS * SECOND; ns += (int64_t)(rig_random(&random) % 2000000)) {
        int64_t got = converted(&map, ns);
        cr_assert(got >= last, "at %lld: %lld after %lld", (long long)ns, (long long)got, (long long)last);
        last = got;
    }
}

Test(clock, note_about_once_a_second) {
    struct clock_view own = view;
    own.hz = (uint64_t)SECOND;
    memset(triples, 0, sizeof triples);
    memset(&hot, 0, sizeof hot);
    hot.clock_epochs = 1;
    uint64_t first = clock_note(&own);
    cr_assert_eq(hot.clock_head, 1);
    cr_assert_eq(clock_note(&own), first);
    cr_assert_eq(hot.clock_head, 1);
    triples[0].ticks -= (uint64_t)SECOND; /* a second ago */
    triples[0].mono_ns -= (uint64_t)SECOND;
    triples[0].real_ns -= (uint64_t)SECOND;
    triples[0].check = check_of(triples[0].ticks, triples[0].mono_ns, triples[0].real_ns);
    cr_assert(clock_note(&own) > first);
    cr_assert_eq(hot.clock_head, 2);
    cr_assert_eq(hot.clock_epochs, 1);
}

Test(clock, note_counts_jumps) {
    struct clock_view own = view;
    own.hz = (uint64_t)SECOND;
    memset(triples, 0, sizeof triples);
    memset(&hot, 0, sizeof hot);
    hot.clock_epochs = 1;
    (void)clock_note(&own);
    triples[0].ticks -= (uint64_t)(2 * SECOND);
    triples[0].mono_ns -= (uint64_t)(2 * SECOND);
    triples[0].real_ns -= (uint64_t)(62 * SECOND); /* since then the wall clock went a minute ahead */
    triples[0].check = check_of(triples[0].ticks, triples[0].mono_ns, triples[0].real_ns);
    (void)clock_note(&own);
    cr_assert_eq(hot.clock_head, 2);
    cr_assert_eq(hot.clock_epochs, 2);
}

Test(clock, measured_rate) {
    uint32_t kind = clock_kind_here();
    uint64_t a = clock_measure_hz(kind, 20000000), b = clock_measure_hz(kind, 20000000);
    cr_assert(a > 1000000, "%llu", (unsigned long long)a);
    cr_assert(a > b - b / 50 && a < b + b / 50, "%llu and %llu", (unsigned long long)a, (unsigned long long)b);
    cr_assert_eq(clock_measure_hz(CLOCK_KIND_MONOTONIC, 1), (uint64_t)SECOND);
}
