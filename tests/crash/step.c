/* A writer that dies, or sleeps while others lap the ring, or while another publishes once, after every single instruction of a publish: of the library as
 * it is shipped, driven by ptrace's single step. After each: what readers are given is whole or not there, the next writer takes the arena and goes on.
 * `pair` is every schedule of two writers in which one of them is preempted once.
 *
 * usage: crash_step kill|stop|pair [CLASS]
 * $SCTX_STEP_STRIDE: every so manieth instruction (1: all), and each address at least once; else as in the table below. */
#define _GNU_SOURCE
#include "tracee.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define CELLS 64u
#define ARENA (64u << 10)
#define STEPS_MOST 400000u
enum { CHILD = 1, OTHER = 2, LAPPER = 3 };

static const struct class {
    const char *name;
    size_t len;
    bool grows;               /* a context of its own for each step, or the arena is large already */
    unsigned stride, soaking; /* where nothing else is asked for: most of it is a copying loop */
} classes[] = {
    {"empty", 0, false, 1, 1},          {"small", 64, false, 1, 1},
    {"uneven", 715, false, 1, 1},       {"advancing", 4096, false, 16, 1}, /* more than a step of the arena: intent moves each time */
    {"growing", 16400, true, 1009, 97},                                    /* more than a quarter of the arena: a larger one is made */
};

static struct {
    sctx *ctx, *tap;
    struct ear ear;
    uint16_t topic;
    uint64_t published, absent;
} bus;

static void bus_open(void) {
    fresh("c", CELLS, ARENA, 0, 0);
    bus.ctx = join("c", "parent");
    bus.tap = tap("c");
    bus.topic = topic(bus.ctx, "t");
    CHECK(bus.topic == 0);
    bus.ear = ear_open(bus.ctx, SCTX_FROM_NOW, 0);
}

static void bus_close(void) {
    ear_close(&bus.ear);
    sctx_close(bus.tap);
    sctx_close(bus.ctx);
}

static _Noreturn void child(size_t len) {
    static unsigned char data[PAYLOAD_MOST];
    sctx *c = join("c", "child");
    sctx_writer *w = writer(c);
    uint64_t seq = 0;
    CHECK_OK(say(w, 0, CHILD, len < 5000 ? len : 40, NULL)); /* resolves symbols, notes the clock */
    payload_make(data, len, CHILD, ++tally->said[CHILD]);
    tracee_begin();
    int rc = sctx_publish(w, 0, data, len, &seq);
    tracee_over(rc, seq);
    _exit(0);
}

static pid_t child_at_publish(size_t len) {
    tally->notes[NOTE_DONE] = 0;
    pid_t pid = spawn();
    if (pid == 0) child(len);
    tracee_await(pid);
    return pid;
}

/* ---- after each step -------------------------------------------------------------------------------------------------------- */

/* The child's warm message is there, and the one that was stepped through is whole or not there. */
static bool heard_of_child(const struct class *k) {
    uint64_t n = ear_drain(&bus.ear);
    CHECK(n == 1 || n == 2);
    if (k->len >= 8) CHECK(bus.ear.last[CHILD] == tally->said[CHILD] - (n == 1));
    return n == 2;
}

static void another_publishes(const struct class *k, uint32_t who) {
    sctx_writer *w = writer(bus.ctx);
    uint64_t seq;
    CHECK_OK(say(w, 0, who, k->len, &seq));
    sctx_writer_close(w);
    CHECK(ear_drain(&bus.ear) == 1 && bus.ear.last_seq == seq);
}

static void tap_hears_everything(void) {
    struct ear late = ear_open(bus.tap, SCTX_FROM_START, 0);
    (void)ear_drain(&late);
    CHECK(late.last_seq == bus.ear.last_seq);
    ear_close(&late);
}

/* Where a trial ends: after n instructions; or, which is quicker, before the one at an address that has not come yet (0: none). */
struct moment {
    unsigned n;
    uint64_t address;
};

static void run_to(pid_t pid, struct moment m) {
    if (m.address)
        (void)tracee_run_to(pid, m.address);
    else
        for (unsigned i = 0; i < m.n && tracee_step(pid); i++) {}
}

static void kill_after(const struct class *k, struct moment m) {
    if (k->grows) bus_open();
    pid_t pid = child_at_publish(k->len);
    run_to(pid, m);
    tracee_kill(pid);
    if (heard_of_child(k))
        bus.published++;
    else
        bus.absent++;
    another_publishes(k, OTHER);
    tap_hears_everything();
    struct sctx_info i = info_of(bus.ctx);
    CHECK(i.arenas_used == 1 && i.participants_alive == 1);
    if (k->grows) bus_close();
}

static void lap(const struct class *k) {
    sctx_writer *w = writer(bus.ctx);
    for (unsigned i = 0; i < 2 * CELLS + 3; i++) {
        CHECK_OK(say(w, 0, LAPPER, k->len, NULL));
        if (i % 4 == 0) (void)ear_drain(&bus.ear);
    }
    sctx_writer_close(w);
}

static void stop_after(const struct class *k, struct moment m) {
    if (k->grows) bus_open();
    pid_t pid = child_at_publish(k->len);
    run_to(pid, m);
    bool before = heard_of_child(k), done = tally->notes[NOTE_DONE];
    uint64_t heard = bus.ear.heard;
    lap(k);
    (void)ear_drain(&bus.ear);
    CHECK(bus.ear.heard - heard == 2 * CELLS + 3);
    if (!done) {
        tracee_go_on(pid);
    }
    CHECK(tally->notes[NOTE_DONE] && tally->notes[NOTE_RC] == 0);
    CHECK(ear_drain(&bus.ear) == !before);
    if (k->len >= 8) CHECK(bus.ear.last[CHILD] == tally->said[CHILD]);
    if (!before) CHECK(bus.ear.last_seq == tally->notes[NOTE_SEQ]);
    if (before)
        bus.published++;
    else
        bus.absent++;
    tap_hears_everything();
    tracee_kill(pid);
    another_publishes(k, OTHER);
    CHECK(info_of(bus.ctx).arenas_used <= 2);
    struct sctx_reader_stats s = balanced(bus.ear.reader);
    CHECK(s.lost == 0 && s.gone == 0);
    if (k->grows) bus_close();
}

/* ---- which steps ------------------------------------------------------------------------------------------------------------ */

/* The instructions' addresses, in order; how many. */
static unsigned trace(const struct class *k, uint64_t *addresses) {
    unsigned n = 0;
    if (k->grows) bus_open();
    pid_t pid = child_at_publish(k->len);
    do {
        CHECK(n < STEPS_MOST - 1);
        addresses[n++] = tracee_at(pid);
    } while (tracee_step(pid));
    tracee_kill(pid);
    (void)ear_drain(&bus.ear);
    if (k->grows) bus_close();
    return n;
}

static void run_class(const struct class *k, bool kills) {
    static uint64_t addresses[STEPS_MOST];
    static bool first[STEPS_MOST];
    unsigned stride = env_number("SCTX_STEP_STRIDE", env_number("SCTX_SOAK_MINUTES", 0) ? k->soaking : k->stride), tried = 0;
    uint64_t began = now_ns();
    memset(tally, 0, sizeof *tally);
    bus.published = bus.absent = 0;
    if (!k->grows) bus_open();
    unsigned n = trace(k, addresses), distinct = first_times(addresses, n, first);
    for (unsigned i = 0; i <= n; i++) {
        if (i < n && i % stride && !first[i]) continue;
        (void)snprintf(circumstances, sizeof circumstances, "%s, %s after instruction %u of %u", k->name, kills ? "killed" : "stopped", i,
                       n);
        struct moment m = {i < n ? i : UINT_MAX,
                           i < n && first[i] ? addresses[i] : 0}; /* to its end, also where it takes more instructions this time */
        if (kills)
            kill_after(k, m);
        else
            stop_after(k, m);
        tried++;
    }
    *circumstances = '\0';
    CHECK(bus.published > 0 && bus.absent > 0);
    if (!k->grows) bus_close();
    printf(
        "%-10s %5zu bytes: %5u instructions, %4u addresses; %s after %5u of them: %5llu published, %5llu not, 0 torn, 0 stuck (%.1f s)\n",
        k->name, k->len, n, distinct, kills ? "killed" : "stopped, lapped twice, woken", tried, (unsigned long long)bus.published,
        (unsigned long long)bus.absent, (double)(now_ns() - began) / 1e9);
    fflush(stdout);
}

/* ---- two writers ------------------------------------------------------------------------------------------------------------ */

/* Publishes again and again, each time at its parent's leave. */
static _Noreturn void first_writer(size_t len) {
    static unsigned char data[PAYLOAD_MOST];
    sctx_writer *w = writer(join("c", "child"));
    CHECK_OK(say(w, 0, CHILD, len < 5000 ? len : 40, NULL));
    for (;;) {
        uint64_t seq = 0;
        payload_make(data, len, CHILD, ++tally->said[CHILD]);
        tracee_begin();
        int rc = sctx_publish(w, 0, data, len, &seq);
        tracee_over(rc, seq);
    }
}

/* As it stood before its next publish: it spoke last, or the other did. */
static void who_spoke_last(pid_t first, sctx_writer *second, const struct class *k, bool own_last) {
    if (own_last) {
        tally->notes[NOTE_DONE] = 0;
        tracee_go_on(first);
        CHECK(tally->notes[NOTE_DONE]);
        tracee_go_on(first); /* to the begin of the next */
    } else {
        CHECK_OK(say(second, 0, OTHER, k->len, NULL));
    }
    CHECK(ear_drain(&bus.ear) == 1);
    tally->notes[NOTE_DONE] = 0;
}

/* The first writer is preempted, the second publishes, the first goes on. */
static void preempt(pid_t first, sctx_writer *second, const struct class *k, struct moment m) {
    uint64_t other;
    run_to(first, m);
    bool inside = tally->notes[NOTE_DONE] == 0;
    uint64_t before = ear_drain(&bus.ear), heard_to = bus.ear.last_seq;
    CHECK_OK(say(second, 0, OTHER, k->len, &other));
    CHECK(ear_drain(&bus.ear) == 1 && other == heard_to + 1); /* at once, whoever is in the middle of what */
    if (inside) tracee_go_on(first);
    CHECK(tally->notes[NOTE_DONE] && tally->notes[NOTE_RC] == 0);
    uint64_t after = ear_drain(&bus.ear), seq = tally->notes[NOTE_SEQ];
    CHECK(before + after == 1 && seq == (before ? other - 1 : other + 1));
    if (k->len >= 8) CHECK(bus.ear.last[CHILD] == tally->said[CHILD] && bus.ear.last[OTHER] == tally->said[OTHER]);
    if (before)
        bus.published++;
    else
        bus.absent++;
    tracee_go_on(first); /* to the begin of its next */
}

static void pairs(const struct class *k, bool gated, bool own_last) {
    static uint64_t addresses[STEPS_MOST];
    static bool first_time[STEPS_MOST];
    unsigned stride = env_number("SCTX_STEP_STRIDE", env_number("SCTX_SOAK_MINUTES", 0) ? 1 : k->len > 1000 ? 37 : 1), n = 0;
    fresh("c", CELLS, ARENA, gated ? SCTX_CREATE_GATING : 0, 0);
    bus.ctx = join("c", "parent");
    bus.tap = tap("c");
    bus.topic = topic(bus.ctx, "t");
    bus.ear = ear_open(bus.ctx, SCTX_FROM_NOW, gated ? SCTX_READER_GATED : 0);
    sctx_writer *second = writer(bus.ctx);
    pid_t first = spawn();
    if (first == 0) first_writer(k->len);
    tracee_await(first);
    (void)ear_drain(&bus.ear);
    who_spoke_last(first, second, k, own_last);
    do {
        CHECK(n < STEPS_MOST - 1);
        addresses[n++] = tracee_at(first);
    } while (tracee_step(first));
    tracee_go_on(first);
    CHECK(ear_drain(&bus.ear) == 1);
    (void)first_times(addresses, n, first_time);
    for (unsigned i = 0; i <= n; i++) {
        if (i < n && i % stride && !first_time[i]) continue; /* the rest of a copying loop */
        (void)snprintf(circumstances, sizeof circumstances, "%s, preempted after instruction %u of %u%s%s", k->name, i, n,
                       gated ? ", gated" : "", own_last ? ", having spoken last" : "");
        who_spoke_last(first, second, k, own_last);
        preempt(first, second, k, (struct moment){i < n ? i : UINT_MAX, i < n && first_time[i] ? addresses[i] : 0});
    }
    *circumstances = '\0';
    tap_hears_everything();
    struct sctx_reader_stats s = balanced(bus.ear.reader);
    CHECK(s.lost == 0 && s.gone == 0);
    tracee_kill(first);
    sctx_writer_close(second);
    bus_close();
}

/* Each way: who spoke last before, with a gated reader or without. */
static void run_pairs(const struct class *k) {
    uint64_t began = now_ns();
    memset(tally, 0, sizeof *tally);
    bus.published = bus.absent = 0;
    if (k->grows) return; /* it makes a larger arena once in its life only */
    for (unsigned way = 0; way < 4; way++) pairs(k, way & 1, way & 2);
    CHECK(bus.published > 0 && bus.absent > 0);
    printf(
        "%-10s %5zu bytes: %6llu schedules of two writers, one of them preempted once: %llu times before its swap, %llu after; 0 torn, 0 out of order (%.1f s)\n",
        k->name, k->len, (unsigned long long)(bus.published + bus.absent), (unsigned long long)bus.absent,
        (unsigned long long)bus.published, (double)(now_ns() - began) / 1e9);
    fflush(stdout);
}

int main(int argc, char **argv) {
    bool kills = argc < 2 || strcmp(argv[1], "stop") != 0, in_pairs = argc > 1 && strcmp(argv[1], "pair") == 0;
    tally = shared_new(sizeof *tally);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (argc < 3 || strcmp(argv[2], classes[i].name) == 0) {
            if (in_pairs)
                run_pairs(&classes[i]);
            else
                run_class(&classes[i], kills);
        }
    return 0;
}
#else
int main(void) {
    puts("single steps are tried on x86-64 only");
    return 77;
}
#endif
