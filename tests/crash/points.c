/* Every test point of every operation: a child that comes there kills itself, or stops while its parent laps the ring and the arenas twice, and then goes
 * on. Nobody else may notice: what is delivered is whole, once, in order and in time, accounts balance, others go on, nothing is left behind.
 *
 * usage: crash_points kill|stop [OPERATION]
 * $SCTX_POINT_HITS (3): so many of the hits of each point are tried. */
#define _GNU_SOURCE
#include "arena.h"
#include "ops.h"
#include "participant.h"
#include "testpoint.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLEEPERS 3

enum { NOTE_STOP = 1, NOTE_SLEPT }; /* in tally->notes: sleepers end; longest delay of a message to one of them */

/* ---- the child -------------------------------------------------------------------------------------------------------------- */

static struct {
    const struct op *op;
    const char *name; /* of the test point; NULL: they are listed */
    unsigned skip;
    int signal;
    bool provoked, inside;
} plan;

static void hook(const char *name) {
    if (plan.inside) return;
    plan.inside = true;
    if (plan.op->provoked_at && !plan.provoked && strcmp(name, plan.op->provoked_at) == 0) {
        plan.provoked = true;
        plan.op->provoke();
    }
    plan.inside = false;
    if (!plan.name) {
        uint64_t i = tally->point++;
        if (i < sizeof tally->names / sizeof *tally->names) (void)snprintf(tally->names[i], sizeof *tally->names, "%s", name);
    } else if (strcmp(name, plan.name) == 0 && plan.skip-- == 0) {
        (void)raise(plan.signal);
    }
}

static _Noreturn void child(void) {
    if (plan.op->prepare) plan.op->prepare();
    sctx_testpoint_hook = hook;
    plan.op->run();
    sctx_testpoint_hook = NULL;
    _exit(0);
}

/* ---- the bus around it ------------------------------------------------------------------------------------------------------ */

static struct {
    sctx *first, *second, *tap;
    sctx_writer *w1, *w2;
    struct ear ear, slow, from_tap;
    pid_t sleepers[SLEEPERS];
    uint64_t late; /* numbers the names of those who come later */
} bus;

/* Sleeps for messages, as long as it is not told to stop. A wake-up that a dead process had to pass on comes with the time-out at the latest. */
static _Noreturn void sleeper(void) {
    struct ear e = ear_open(join("c", "sleeper"), SCTX_FROM_NOW, 0);
    tally->notes[NOTE_SLEPT]++;
    while (!tally->notes[NOTE_STOP]) {
        int rc = sctx_wait(e.reader, INT64_C(3000000000));
        CHECK(rc == SCTX_OK || tally->notes[NOTE_STOP]);
        (void)ear_drain(&e);
    }
    _exit(0);
}

static void bus_open(const struct op *op) {
    memset(tally, 0, offsetof(struct tally, names));
    fresh("c", OP_CELLS, OP_ARENA, op->flags & OP_GATING ? SCTX_CREATE_GATING : 0, OP_PATIENCE_NS);
    bus.first = join("c", "first");
    CHECK(topic(bus.first, "t") == 0);
    bus.second = join("c", "second");
    bus.tap = tap("c");
    bus.w1 = writer(bus.first);
    bus.w2 = writer(bus.second);
    bus.ear = ear_open(bus.first, SCTX_FROM_START, SCTX_READER_NO_CAUSE);
    bus.slow = ear_open(bus.second, SCTX_FROM_START, SCTX_READER_NO_CAUSE);
    bus.from_tap = ear_open(bus.tap, SCTX_FROM_START, 0);
    for (unsigned i = 0; i < 5; i++) {
        CHECK_OK(say(bus.w1, 0, WHO_FIRST, 100 + 700 * i, NULL));
        CHECK_OK(say(bus.w2, 0, WHO_SECOND, 50, NULL));
    }
    if (op->before) op->before();
    for (unsigned i = 0; i < SLEEPERS && op->flags & OP_SLEEPERS; i++) {
        bus.sleepers[i] = spawn();
        if (bus.sleepers[i] == 0) sleeper();
    }
    for (uint64_t end = now_ns() + CHILD_TIMEOUT_NS; op->flags & OP_SLEEPERS && tally->notes[NOTE_SLEPT] < SLEEPERS;) {
        CHECK(now_ns() < end);
        sleep_us(100);
    }
}

static void poke(void) {
    static unsigned calls;
    if (++calls % 4 == 0) CHECK_OK(say(bus.w1, 0, WHO_FIRST, 40, NULL));
    (void)ear_drain(&bus.ear);
}

static void sleepers_end(void) {
    tally->notes[NOTE_STOP] = 1;
    for (unsigned i = 0; i < SLEEPERS; i++) {
        if (!bus.sleepers[i]) continue;
        CHECK_OK(say(bus.w1, 0, WHO_FIRST, 40, NULL)); /* wakes all that sleep; who missed it sleeps on past the limit below */
        uint64_t began = now_ns();
        expect_exit(bus.sleepers[i], await_child(bus.sleepers[i], NULL));
        CHECK(now_ns() - began < 2000000000);
        bus.sleepers[i] = 0;
    }
}

/* Twice round the ring and round both arenas. */
static void lap_twice(void) {
    for (unsigned i = 0; i < 2 * OP_CELLS + 2; i++) {
        CHECK_OK(say(i & 1 ? bus.w1 : bus.w2, 0, i & 1 ? WHO_FIRST : WHO_SECOND, i % 9 == 0 ? 5000 : 1800, NULL));
        if (i % 8 == 0) (void)ear_drain(&bus.ear);
    }
}

/* Somebody new does everything that one can do, at once. */
static void others_can(void) {
    uint64_t began = now_ns();
    char name[40];
    sctx *c = join("c", "late");
    (void)snprintf(name, sizeof name, "late/%llu", (unsigned long long)bus.late++);
    uint16_t id = topic(c, name);
    const struct sctx_topic *t;
    CHECK_OK(sctx_topic_get(c, id, &t));
    CHECK(strcmp(t->name, name) == 0 && id != 0 && topic(bus.second, name) == id);
    struct sctx_marker_options o = {.size = sizeof o, .kind = SCTX_MARKER_I64, .name = name};
    sctx_marker *m;
    CHECK_OK(sctx_marker_open(c, &o, &m));
    CHECK_OK(sctx_marker_set(m, (sctx_level){.i64 = 1}));
    sctx_marker_close(m);
    struct ear e = ear_open(c, SCTX_FROM_NOW, SCTX_READER_NO_CAUSE);
    sctx_writer *w = writer(c);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t seq;
        CHECK_OK(say(w, 0, WHO_LATE, i ? 6000 : 40, &seq));
        CHECK_OK(sctx_wait(e.reader, INT64_C(5000000000)));
        while (ear_drain(&e) == 0) CHECK(now_ns() - began < 10000000000);
        CHECK(e.last_seq >= seq);
    }
    sctx_writer_close(w);
    ear_close(&e);
    sctx_close(c);
    CHECK(now_ns() - began < 10000000000);
}

/* ---- what is left ----------------------------------------------------------------------------------------------------------- */

/* Every block of the heap is published, or an owner who lives is at it. */
static void no_block_is_lost(sctx *c) {
    for (uint64_t at = 0;;) {
        uint64_t claim = *(uint64_t *)(void *)(c->heap + at), size = claim >> 32;
        if (!claim) break;
        bool published = false;
        for (uint32_t i = 0; i < 64 && c->topics[i]; i++) published |= (c->topics[i] & UINT32_MAX) == at / 32 + 1;
        for (uint32_t i = 0; i < 64 && c->markers[i].block; i++) published |= (c->markers[i].block & UINT32_MAX) == at / 32 + 1;
        CHECK(published);
        at += size;
    }
}

static void no_arena_is_lost(sctx *c, unsigned writers) {
    sctx_writer *w[16];
    struct dirent *e;
    char path[512];
    for (unsigned i = 0; i < writers; i++) w[i] = writer(c);
    CHECK(info_of(c).arenas_used == writers); /* all were to be had again */
    CHECK_OK(sctx_path("c", NULL, path, sizeof path));
    DIR *dir = opendir(path);
    CHECK(dir);
    while ((e = readdir(dir))) {
        unsigned slot, gen;
        if (sscanf(e->d_name, "arena.%u.%u", &slot, &gen) != 2) {
            CHECK(e->d_name[0] == '.' || strcmp(e->d_name, "ring") == 0 || strcmp(e->d_name, "alive") == 0);
            continue;
        }
        CHECK(slot < writers && gen <= c->arenas[slot].gen && gen >= c->arenas[slot].oldest);
    }
    closedir(dir);
    for (unsigned i = 0; i < writers; i++) sctx_writer_close(w[i]);
}

static void register_markers(sctx *c) {
    static const struct {
        const char *name;
        uint32_t kind;
    } markers[] = {{"child/level", SCTX_MARKER_I64}, {"child/sum", SCTX_MARKER_F64}, {"child/alarm", SCTX_MARKER_I64}};
    for (unsigned i = 0; i < 3; i++) {
        struct sctx_marker_options o = {.size = sizeof o, .kind = markers[i].kind, .name = markers[i].name};
        sctx_marker *m;
        CHECK_OK(sctx_marker_open(c, &o, &m));
        sctx_marker_close(m);
    }
    (void)topic(c, "marker/child/alarm");
}

/* Nobody is there any more but the one who looks. */
static void nothing_is_left_in_the_context(const struct op *op) {
    sctx *c = join("c", "last");
    (void)topic(c, "child/a"); /* whoever died over these: their blocks are used */
    (void)topic(c, "child/b");
    (void)topic(c, "dead/nam");
    if (strncmp(op->name, "marker", 6) == 0) register_markers(c);
    no_block_is_lost(c);
    no_arena_is_lost(c, 3 + op->opens); /* two of ours, the child's, and one of those who come late */
    CHECK(info_of(c).participants_alive == 1);
    for (uint32_t g = 0; g < 16; g++) {
        CHECK(lock_probe(&c->alive, LOCK_READER + g) == 0);
        CHECK(c->readers[g].gate == 0 || c->readers[g].join != 0);
    }
    sctx_close(c);
}

/* What killed makers and removers leave is tidied up by the next one who makes a context. */
static void nothing_is_left_beside_it(void) {
    const char *upper = getenv("SCTX_DIR");
    struct dirent *e;
    for (unsigned pass = 0; pass < 2; pass++) {
        DIR *dir = opendir(upper);
        CHECK(dir);
        while ((e = readdir(dir))) {
            if (e->d_name[0] == '.' && strlen(e->d_name) < 3) continue;
            bool left = strncmp(e->d_name, ".sctx-", 6) == 0;
            CHECK(pass == 0 ? left || e->d_name[0] != '.' : !left);
            struct timespec old[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}}; /* not just being made */
            if (left) CHECK(utimensat(dirfd(dir), e->d_name, old, 0) == 0);
        }
        closedir(dir);
        if (pass == 0) {
            fresh("tidy", OP_CELLS, OP_ARENA, 0, 0);
            CHECK_OK(sctx_remove("tidy", NULL, NULL));
        }
    }
}

/* While one is stopped in the middle of making a context, another is made: what the first has begun is left alone. */
static void another_is_made(void) {
    fresh("tidy", OP_CELLS, OP_ARENA, 0, 0);
    CHECK_OK(sctx_remove("tidy", NULL, NULL));
}

/* ---- one trial -------------------------------------------------------------------------------------------------------------- */

static void hear_everything(bool died) {
    (void)ear_drain(&bus.ear);
    (void)ear_drain(&bus.slow);
    (void)ear_drain(&bus.from_tap);
    CHECK(bus.ear.last_seq == bus.slow.last_seq && bus.ear.last_seq == bus.from_tap.last_seq);
    struct sctx_reader_stats s = balanced(bus.ear.reader);
    uint64_t published = s.cursor - s.start_seq, unsure = tally->started - tally->acked;
    CHECK(published >= tally->acked && published <= tally->started);
    CHECK(died || unsure == 0);
}

static void bus_close(const struct op *op) {
    sleepers_end();
    ear_close(&bus.ear);
    ear_close(&bus.slow);
    ear_close(&bus.from_tap);
    sctx_writer_close(bus.w1);
    sctx_writer_close(bus.w2);
    sctx_close(bus.tap);
    sctx_close(bus.first);
    sctx_close(bus.second);
    if (!(op->flags & OP_REMOVES)) nothing_is_left_in_the_context(op);
    if (op->flags & (OP_REMOVES | OP_CREATES)) nothing_is_left_beside_it();
}

/* Is the point met? With one who is killed or stopped there, everything is checked. */
static bool trial(const struct op *op) {
    bus_open(op);
    if (op->flags & OP_CREATES) (void)sctx_remove("other", NULL, NULL);
    pid_t pid = spawn();
    if (pid == 0) child();
    void (*idle)(void) = op->flags & OP_POKED ? poke : NULL;
    int status = await_child(pid, idle);
    bool stopped = WIFSTOPPED(status), died = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && plan.signal == SIGKILL;
    bool alone = op->flags & OP_REMOVES;
    if (stopped) {
        if (!alone) lap_twice();
        if (!alone) others_can();
        if (op->flags & OP_CREATES) another_is_made();
        CHECK(kill(pid, SIGCONT) == 0);
        status = await_child(pid, idle);
    }
    if (!died) expect_exit(pid, status);
    if (!alone) {
        hear_everything(died);
        others_can();
        lap_twice();
        hear_everything(died);
    } else if (!died || strcmp(plan.name, "remove:renamed") == 0) {
        int rc = sctx_check(bus.first);
        CHECK(rc == SCTX_ERR_REMOVED || rc == SCTX_ERR_LOST);
    }
    if (op->flags & OP_CREATES) {
        sctx *c = join("other", "late"); /* it is there whole, or it is made now */
        CHECK(info_of(c).cells >= OP_CELLS);
        sctx_close(c);
        CHECK_OK(sctx_remove("other", NULL, NULL));
    }
    bus_close(op);
    return stopped || died;
}

/* Runs it once and lists the points that it meets, sorted by name. */
static unsigned list_points(const struct op *op, char names[][40], unsigned most) {
    plan.name = NULL;
    (void)trial(op);
    unsigned n = (unsigned)(tally->point < most ? tally->point : most);
    memcpy(names, tally->names, n * sizeof *names);
    qsort(names, n, sizeof *names, (int (*)(const void *, const void *))strcmp);
    return n;
}

static void try_op(const struct op *op, int signal, unsigned most_hits) {
    char names[256][40];
    unsigned tried = 0, points = 0, unmet = 0;
    uint64_t began = now_ns();
    plan.op = op;
    plan.signal = signal;
    (void)snprintf(circumstances, sizeof circumstances, "%s", op->name);
    unsigned n = list_points(op, names, 256);
    for (unsigned i = 0, hit = 0; i < n; i++, hit++) {
        if (i == 0 || strcmp(names[i], names[i - 1]) != 0) hit = 0, points++;
        if (hit >= most_hits) continue;
        plan.name = names[i];
        plan.skip = hit;
        (void)snprintf(circumstances, sizeof circumstances, "%s, %s at %.39s, hit %u", op->name, signal == SIGKILL ? "killed" : "stopped",
                       names[i], hit + 1);
        bool met = false; /* what depends on who is faster may take another try */
        for (unsigned again = 0; !met && again < 3; again++) met = trial(op);
        tried++;
        unmet += !met;
    }
    CHECK(op->flags & (OP_POKED | OP_SLEEPERS) || unmet == 0);
    printf("%-18s %2u points: %s at %3u hits, %u more not met again (%.1f s)\n", op->name, points,
           signal == SIGKILL ? "killed" : "stopped, lapped twice, woken", tried - unmet, unmet, (double)(now_ns() - began) / 1e9);
    fflush(stdout);
}

int main(int argc, char **argv) {
    int signal = argc > 1 && strcmp(argv[1], "stop") == 0 ? SIGSTOP : SIGKILL;
    become_nobody();
    tally = shared_new(sizeof *tally);
    for (const struct op *op = ops; op->name; op++)
        if (argc < 3 || strcmp(argv[2], op->name) == 0) try_op(op, signal, env_number("SCTX_POINT_HITS", 3));
    return 0;
}
