/* Killed at every single instruction of what is done once: joining, making a context, registering, taking over an arena. Of the library as it is shipped, and
 * of the C library within. Nobody else may notice: the bus goes on, what the dead one was at is there whole or not at all, and its places are free.
 *
 * Each address is tried when it is first come to (a breakpoint), not each time: joining sorts a table of 1,024, which says nothing new each time round.
 *
 * usage: crash_instructions [OPERATION]
 * $SCTX_ADDRESS_STRIDE: every so manieth address outside libsctx (1: all; 8; while soaking 1); inside it always all. */
#define _GNU_SOURCE
#include "tracee.h"
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define CELLS 64u
#define ARENA (64u << 10)
#define STEPS_MOST 4000000u
#define TRIALS_OF_A_CONTEXT 100u /* then a new one: what others register in it adds up */
enum { FIRST = 1, LATE, DEAD };

/* ---- what is tried ---------------------------------------------------------------------------------------------------------- */

static sctx *mine; /* the child's */

static void prepare_context(void) {
    mine = join("c", "child");
}

static int do_join(void) {
    struct sctx_options o = {.size = sizeof o, .context = "c", .name = "child"};
    int rc = sctx_open(&o, &mine);
    sctx_close(mine);
    return rc;
}

static int do_create(void) {
    struct sctx_create_options o = {.size = sizeof o, .context = "other", .cells = CELLS, .arena_bytes = ARENA};
    return sctx_create(&o);
}

static int do_remove(void) {
    return sctx_remove("other", NULL, NULL);
}
static void before_remove(void) {
    fresh("other", CELLS, ARENA, 0, 0);
}

static int do_writer(void) {
    sctx_writer *w = NULL;
    int rc = sctx_writer_open(mine, NULL, &w);
    if (rc == SCTX_OK) sctx_writer_close(w);
    return rc;
}

/* Its arena waits for who takes it over. */
static void before_adopt(void) {
    pid_t pid = spawn();
    if (pid == 0) {
        sctx_writer *w = writer(join("c", "dead"));
        CHECK_OK(say(w, 0, DEAD, 700, NULL));
        _exit(0);
    }
    expect_exit(pid, await_child(pid, NULL));
}

static char name[40];

static int do_topic(void) {
    struct sctx_topic_options o = {.size = sizeof o, .name = name, .encoding = "json"};
    uint16_t id;
    return sctx_topic_register(mine, &o, &id);
}

static int do_marker(void) {
    struct sctx_marker_options o = {.size = sizeof o, .kind = SCTX_MARKER_I64, .name = name, .unit = "u"};
    sctx_marker *m = NULL;
    int rc = sctx_marker_open(mine, &o, &m);
    if (rc == SCTX_OK) rc = sctx_marker_set(m, (sctx_level){.i64 = 7});
    return rc;
}

static int do_reader(void) {
    struct sctx_reader_options o = {.size = sizeof o, .from = SCTX_FROM_NOW, .flags = SCTX_READER_GATED};
    sctx_reader *r = NULL;
    int rc = sctx_reader_open(mine, &o, &r);
    if (rc == SCTX_OK) sctx_reader_close(r);
    return rc;
}

static const struct operation {
    const char *name;
    void (*before)(void);  /* in the parent, before each trial; or NULL */
    void (*prepare)(void); /* in the child, before it is driven; or NULL */
    int (*run)(void);
    bool alone; /* each trial in a context of its own: what those before left would be taken over */
} operations[] = {
    {"join", NULL, NULL, do_join, false},
    {"create", NULL, NULL, do_create, false},
    {"remove", before_remove, NULL, do_remove, false},
    {"writer-new", NULL, prepare_context, do_writer, true},
    {"writer-adopts", before_adopt, prepare_context, do_writer, false},
    {"topic", NULL, prepare_context, do_topic, false},
    {"marker", NULL, prepare_context, do_marker, false},
    {"gated-reader", NULL, prepare_context, do_reader, false},
};

/* ---- the bus around it ------------------------------------------------------------------------------------------------------ */

static struct {
    sctx *ctx;
    sctx_writer *writer;
    struct ear ear;
    unsigned trials, named;
    uint64_t done, not_done;
} bus;

static void bus_open(void) {
    fresh("c", CELLS, ARENA, SCTX_CREATE_GATING, 0);
    bus.ctx = join("c", "parent");
    CHECK(topic(bus.ctx, "t") == 0);
    bus.writer = writer(bus.ctx);
    bus.ear = ear_open(bus.ctx, SCTX_FROM_NOW, 0);
    bus.trials = 0;
}

static void bus_close(void) {
    struct sctx_reader_stats s = balanced(bus.ear.reader);
    CHECK(s.lost == 0 && s.gone == 0);
    ear_close(&bus.ear);
    sctx_writer_close(bus.writer);
    sctx_close(bus.ctx);
}

static pid_t child_at(const struct operation *op) {
    if (++bus.trials > (op->alone ? 1 : TRIALS_OF_A_CONTEXT)) {
        bus_close();
        bus_open();
        bus.trials = 1;
    }
    (void)snprintf(name, sizeof name, "child/%u", bus.named++);
    if (op->run == do_create) (void)sctx_remove("other", NULL, NULL);
    if (op->before) op->before();
    tally->notes[NOTE_DONE] = 0;
    pid_t pid = spawn();
    if (pid == 0) {
        if (op->prepare) op->prepare();
        tracee_begin();
        int rc = op->run();
        tracee_over(rc, 0);
        _exit(0);
    }
    tracee_await(pid);
    return pid;
}

/* Those who were there go on. */
static void bus_goes_on(void) {
    uint64_t seq;
    CHECK_OK(say(bus.writer, 0, FIRST, 40, &seq));
    (void)ear_drain(&bus.ear);
    CHECK(bus.ear.last_seq == seq);
}

/* Who comes later registers the same names, and takes the dead one's places. */
static void another_does_the_same(void) {
    sctx *c = join("c", "late");
    const struct sctx_topic *t;
    uint16_t id = topic(c, name), same = topic(bus.ctx, name);
    CHECK(id != 0 && id == same);
    CHECK_OK(sctx_topic_get(c, id, &t));
    CHECK(strcmp(t->name, name) == 0);
    struct sctx_marker_options o = {.size = sizeof o, .kind = SCTX_MARKER_I64, .name = name};
    sctx_marker *m;
    CHECK_OK(sctx_marker_open(c, &o, &m));
    int64_t level = sctx_marker_level(m).i64;
    CHECK(level == 0 || level == 7);
    CHECK_OK(sctx_marker_set(m, (sctx_level){.i64 = 8}));
    sctx_marker_close(m);
    struct ear e = ear_open(c, SCTX_FROM_NOW, SCTX_READER_GATED);
    sctx_writer *w = writer(c);
    uint64_t seq;
    CHECK_OK(say(w, 0, LATE, 2000, &seq));
    CHECK_OK(say(w, id, LATE, 0, NULL));
    CHECK(ear_drain(&bus.ear) == 2 && ear_drain(&e) == 2);
    sctx_writer_close(w);
    ear_close(&e);
    struct ear all = ear_open(c, SCTX_FROM_START, 0);
    (void)ear_drain(&all);
    CHECK(all.last_seq == bus.ear.last_seq);
    ear_close(&all);
    sctx_close(c);
    struct sctx_info i = info_of(bus.ctx);
    CHECK(i.participants_alive == 1 && i.arenas_used <= 3 && i.readers == 1 && i.gate_evictions == 0);
}

/* A context that was being made, or removed, is there whole or is made anew. */
static void the_other_is_whole(void) {
    sctx *c = join("other", "late");
    sctx_writer *w = writer(c);
    sctx_reader *r = reader(c, SCTX_FROM_NOW, 0);
    struct sctx_message m;
    CHECK_OK(sctx_publish(w, topic(c, "t"), "{}", 2, NULL));
    CHECK_OK(sctx_read(r, &m));
    sctx_reader_close(r);
    sctx_writer_close(w);
    sctx_close(c);
    CHECK_OK(sctx_remove("other", NULL, NULL));
}

static void trial(const struct operation *op, uint64_t address) {
    pid_t pid = child_at(op);
    if (address) (void)tracee_run_to(pid, address);
    if (!address) tracee_go_on(pid);
    bool done = tally->notes[NOTE_DONE];
    if (done) CHECK(tally->notes[NOTE_RC] == 0);
    tracee_kill(pid);
    bus.done += done;
    bus.not_done += !done;
    bus_goes_on();
    another_does_the_same();
    if (op->run == do_create || op->run == do_remove) the_other_is_whole();
}

/* ---- which instructions ----------------------------------------------------------------------------------------------------- */

static unsigned trace(const struct operation *op, uint64_t *addresses) {
    unsigned n = 0;
    pid_t pid = child_at(op);
    do {
        CHECK(n < STEPS_MOST - 1);
        addresses[n++] = tracee_at(pid);
    } while (tracee_step(pid));
    tracee_kill(pid);
    return n;
}

static bool in_libsctx(uint64_t address) {
    Dl_info ours, there;
    CHECK(dladdr((void *)(uintptr_t)sctx_open, &ours) != 0);
    return dladdr((void *)(uintptr_t)address, &there) != 0 && there.dli_fbase == ours.dli_fbase;
}

static void try_operation(const struct operation *op) {
    static uint64_t addresses[STEPS_MOST];
    static bool first[STEPS_MOST];
    unsigned stride = env_number("SCTX_ADDRESS_STRIDE", env_number("SCTX_SOAK_MINUTES", 0) ? 1 : 8), distinct, tried = 0, ours = 0,
             others = 0;
    uint64_t began = now_ns();
    memset(tally, 0, sizeof *tally);
    bus.done = bus.not_done = 0;
    bus_open();
    trial(op, 0); /* what is found for its symbols is found now */
    unsigned n = trace(op, addresses);
    distinct = first_times(addresses, n, first);
    for (unsigned i = 0; i < n; i++) {
        if (!first[i]) continue;
        bool own = in_libsctx(addresses[i]);
        ours += own;
        if (!own && others++ % stride != 0) continue;
        (void)snprintf(circumstances, sizeof circumstances, "%s, killed before instruction %u of %u", op->name, i, n);
        trial(op, addresses[i]);
        tried++;
    }
    (void)snprintf(circumstances, sizeof circumstances, "%s, killed after all of it", op->name);
    trial(op, 0);
    *circumstances = '\0';
    bus_close();
    printf("%-14s %7u instructions, %5u addresses, %4u of them in libsctx; killed at %5u: %5llu not done, %llu done (%.1f s)\n", op->name,
           n, distinct, ours, tried + 1, (unsigned long long)bus.not_done, (unsigned long long)bus.done, (double)(now_ns() - began) / 1e9);
    fflush(stdout);
}

int main(int argc, char **argv) {
    become_nobody();
    tally = shared_new(sizeof *tally);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (argc < 2 || strcmp(argv[1], operations[i].name) == 0) try_operation(&operations[i]);
    return 0;
}
#else
int main(void) {
    puts("single steps are tried on x86-64 only");
    return 77;
}
#endif
