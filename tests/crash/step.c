/* A writer that dies, or sleeps while others lap the ring, after every single instruction of a publish: of the library as it is shipped, driven by
 * ptrace's single step. After each: what readers are given is whole or not there, the next writer takes the arena and goes on.
 *
 * usage: crash_step kill|stop [CLASS]
 * $SCTX_STEP_STRIDE: every so manieth instruction (1: all), and each address at least once; else as in the table below. */
#define _GNU_SOURCE
#include "bus.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <sys/ptrace.h>
#include <sys/user.h>

#define CELLS 64u
#define ARENA (64u << 10)
#define STEPS_MOST 400000u
enum { CHILD = 1, OTHER = 2, LAPPER = 3 };
enum { NOTE_DONE, NOTE_RC, NOTE_SEQ };

static const struct class {
    const char *name;
    size_t len;
    bool grows;               /* a context of its own for each step, or the arena is large already; not each address */
    unsigned stride, soaking; /* where nothing else is asked for: most of it is a copying loop */
} classes[] = {
    {"empty", 0, false, 1, 1},         {"small", 64, false, 1, 1},
    {"uneven", 715, false, 1, 1},      {"advancing", 4096, false, 8, 1}, /* more than a step of the arena: intent moves each time */
    {"growing", 16400, true, 397, 37},                                   /* more than a quarter of the arena: a larger one is made */
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

static inline void stop_here(void) {
    __asm__ volatile("int3" ::: "memory");
}

static _Noreturn void child(size_t len) {
    static unsigned char data[PAYLOAD_MOST];
    sctx *c = join("c", "child");
    sctx_writer *w = writer(c);
    uint64_t seq = 0;
    CHECK_OK(say(w, 0, CHILD, len < 5000 ? len : 40, NULL)); /* resolves symbols, notes the clock */
    payload_make(data, len, CHILD, ++tally->said[CHILD]);
    CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    stop_here();
    int rc = sctx_publish(w, 0, data, len, &seq);
    atomic_store_explicit(&tally->notes[NOTE_SEQ], seq, memory_order_relaxed);
    atomic_store_explicit(&tally->notes[NOTE_RC], (uint64_t)(int64_t)rc, memory_order_relaxed);
    atomic_store_explicit(&tally->notes[NOTE_DONE], 1, memory_order_relaxed);
    stop_here();
    _exit(0);
}

static void await_trap(pid_t pid) {
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) {
        (void)kill(pid, SIGKILL);
        check_failed(__FILE__, __LINE__, "the child stops at its traps only");
    }
}

static pid_t child_at_publish(size_t len) {
    tally->notes[NOTE_DONE] = 0;
    pid_t pid = spawn();
    if (pid == 0) child(len);
    await_trap(pid);
    return pid;
}

static bool step(pid_t pid) {
    CHECK(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0);
    await_trap(pid);
    return tally->notes[NOTE_DONE] == 0;
}

static void end_child(pid_t pid) {
    int status;
    CHECK(kill(pid, SIGKILL) == 0);
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
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

static void kill_after(const struct class *k, unsigned n) {
    if (k->grows) bus_open();
    pid_t pid = child_at_publish(k->len);
    for (unsigned i = 0; i < n && step(pid); i++) {}
    end_child(pid);
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

static void stop_after(const struct class *k, unsigned n) {
    if (k->grows) bus_open();
    pid_t pid = child_at_publish(k->len);
    for (unsigned i = 0; i < n && step(pid); i++) {}
    bool before = heard_of_child(k), done = tally->notes[NOTE_DONE];
    uint64_t heard = bus.ear.heard;
    lap(k);
    (void)ear_drain(&bus.ear);
    CHECK(bus.ear.heard - heard == 2 * CELLS + 3);
    if (!done) {
        CHECK(ptrace(PTRACE_CONT, pid, NULL, NULL) == 0);
        await_trap(pid);
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
    end_child(pid);
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
        errno = 0;
        addresses[n] = (uint64_t)ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, rip), NULL);
        CHECK(errno == 0 && n < STEPS_MOST - 1);
        n++;
    } while (step(pid));
    end_child(pid);
    (void)ear_drain(&bus.ear);
    if (k->grows) bus_close();
    return n;
}

/* Marks the first time that each address comes; how many there are. */
static unsigned mark_first(const uint64_t *addresses, unsigned n, bool *first) {
    unsigned slots = 1, count = 0;
    while (slots < 4 * n) slots *= 2;
    uint64_t *seen = calloc(slots, sizeof *seen);
    CHECK(seen);
    for (unsigned i = 0; i < n; i++) {
        unsigned at = (unsigned)(addresses[i] * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (slots - 1);
        while (seen[at] && seen[at] != addresses[i]) at = (at + 1) & (slots - 1);
        first[i] = !seen[at];
        count += first[i];
        seen[at] = addresses[i];
    }
    free(seen);
    return count;
}

static void run_class(const struct class *k, bool kills) {
    static uint64_t addresses[STEPS_MOST];
    static bool first[STEPS_MOST];
    unsigned stride = env_number("SCTX_STEP_STRIDE", env_number("SCTX_SOAK_MINUTES", 0) ? k->soaking : k->stride), tried = 0;
    uint64_t began = now_ns();
    memset(tally, 0, sizeof *tally);
    bus.published = bus.absent = 0;
    if (!k->grows) bus_open();
    unsigned n = trace(k, addresses), distinct = mark_first(addresses, n, first);
    for (unsigned i = 0; i <= n; i++) {
        if (i < n && i % stride && (k->grows || !first[i])) continue;
        (void)snprintf(circumstances, sizeof circumstances, "%s, %s after instruction %u of %u", k->name, kills ? "killed" : "stopped", i,
                       n);
        unsigned steps = i < n ? i : UINT_MAX; /* to its end, also where it takes more instructions this time */
        if (kills)
            kill_after(k, steps);
        else
            stop_after(k, steps);
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

int main(int argc, char **argv) {
    bool kills = argc < 2 || strcmp(argv[1], "stop") != 0;
    tally = shared_new(sizeof *tally);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (argc < 3 || strcmp(argv[2], classes[i].name) == 0) run_class(&classes[i], kills);
    return 0;
}
#else
int main(void) {
    puts("single steps are tried on x86-64 only");
    return 77;
}
#endif
