/* The soak: 5 writers, 30 readers of all kinds, and somebody who kills, replaces, stops and continues them at random. In the end nothing was torn, nothing
 * came twice or out of order, nothing was lost without being counted, time never went back, and all places are free again. */
#define _GNU_SOURCE
#include "soak.h"
#include "lock.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GATE_TIMEOUT_NS ((uint64_t)(200 * MS))

static const struct {
    enum actor_kind kind;
    unsigned count;
} cast[] = {{ACTOR_WRITER, 3},  {ACTOR_GATED_WRITER, 2}, {ACTOR_READER, 8}, {ACTOR_SLOW, 4},
            {ACTOR_PATTERN, 6}, {ACTOR_PEEK, 4},         {ACTOR_TAP, 4},    {ACTOR_GATED, 4}};
#define ACTORS 35u

static struct {
    struct actor actors[ACTORS];
    uint64_t random;
    uint64_t kills, stops;
    int failed; /* an actor that ended by itself: its result */
} stage;

static bool writes(const struct actor *a) {
    return a->kind == ACTOR_WRITER || a->kind == ACTOR_GATED_WRITER;
}

static void enter(struct actor *a) {
    a->seed = rig_random(&stage.random);
    a->goes_on = 0;
    a->pid = rig_child(writes(a) ? soak_write : soak_read, a);
}

static void everybody_enters(void) {
    unsigned n = 0;
    for (size_t i = 0; i < sizeof cast / sizeof *cast; i++)
        for (unsigned k = 0; k < cast[i].count; k++) stage.actors[n++].kind = cast[i].kind;
    MUST(n == ACTORS);
    for (unsigned i = 0; i < ACTORS; i++) enter(&stage.actors[i]);
}

static void go_on(struct actor *a) {
    if (!a->goes_on) return;
    MUST(kill(a->pid, SIGCONT) == 0);
    a->goes_on = 0;
}

/* Something happens to somebody: a third is killed and replaced, the others stop for a while, some of them long. */
static void accident(int64_t now) {
    struct actor *a = &stage.actors[rig_random(&stage.random) % ACTORS];
    uint64_t die = rig_random(&stage.random);
    if (die % 3 == 0) {
        MUST(kill(a->pid, SIGKILL) == 0);
        int result = rig_child_result(a->pid);
        if (result != 128 + SIGKILL) stage.failed = result ? result : 1;
        stage.kills++;
        enter(a);
    } else if (!a->goes_on) {
        MUST(kill(a->pid, SIGSTOP) == 0);
        int64_t most = die % 97 == 0 ? 3 * SECOND : die % 7 == 0 ? 400 * MS : 30 * MS;
        a->goes_on = now + (int64_t)((die >> 8) % (uint64_t)most);
        stage.stops++;
    }
}

/* Nobody ends before being told to. */
static void look_after_all(int64_t now) {
    for (unsigned i = 0; i < ACTORS; i++) {
        struct actor *a = &stage.actors[i];
        if (a->goes_on && a->goes_on <= now) go_on(a);
        int status = 0;
        if (waitpid(a->pid, &status, WNOHANG) != a->pid) continue;
        stage.failed = WIFEXITED(status) ? WEXITSTATUS(status) + 1000 : WTERMSIG(status) + 2000;
        enter(a);
    }
}

static void play(int64_t ns) {
    for (int64_t now = rig_now_ns(), end = now + ns; now < end && !stage.failed; now = rig_now_ns()) {
        (void)usleep((useconds_t)(rig_random(&stage.random) % 20000));
        accident(now);
        look_after_all(now);
    }
}

/* Writers first; then readers, which read what is left. */
static void everybody_leaves(void) {
    for (unsigned i = 0; i < ACTORS; i++) go_on(&stage.actors[i]);
    for (int readers = 0; readers < 2; readers++) {
        atomic_store(readers ? &totals->readers_stop : &totals->writers_stop, 1);
        for (unsigned i = 0; i < ACTORS; i++) {
            if (writes(&stage.actors[i]) == readers) continue;
            int result = rig_child_result(stage.actors[i].pid);
            if (result && !stage.failed) stage.failed = result;
        }
    }
}

/* ---- what is left ----------------------------------------------------------------------------------------------------------- */

static unsigned locks_held(const struct lock *l, uint32_t base) {
    unsigned n = 0;
    for (uint32_t i = 0; i < 1024; i++) {
        int held = lock_probe(l, base + i);
        MUST(held >= 0);
        n += held > 0;
    }
    return n;
}

static void check_left(sctx *ctx, const char *context, unsigned writers) {
    char path[PATH_MAX];
    struct sctx_info i = rig_info(ctx);
    MUST_OK(sctx_path(context, NULL, path, sizeof path));
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct lock lock = {.file = OWN_FD_NONE};
    cr_assert_eq(lock_open(&lock, folder, geteuid(), false), 0);
    cr_expect_eq(locks_held(&lock, LOCK_PARTICIPANT), 1, "%s: only we are left", context);
    cr_expect_eq(locks_held(&lock, LOCK_READER), 0, "%s", context);
    cr_expect_eq(locks_held(&lock, LOCK_ARENA), 0, "%s", context);
    lock_close(&lock);
    cr_expect_eq(i.participants_alive, 1, "%s", context);
    cr_expect_leq(i.arenas_used, writers, "%s: the dead's arenas were adopted", context);
    cr_expect_leq(i.memory_ring + i.memory_arenas, i.memory_max);
    DIR *dir = fdopendir(folder);
    unsigned arenas = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        bool arena = strncmp(e->d_name, "arena.", 6) == 0;
        arenas += arena;
        cr_expect(arena || e->d_name[0] == '.' || strcmp(e->d_name, "ring") == 0 || strcmp(e->d_name, "alive") == 0, "%s/%s", context,
                  e->d_name);
    }
    closedir(dir);
    cr_expect_leq(arenas, writers * 8, "%s: %u files of arenas", context, arenas);

    for (unsigned n = 0; n < writers; n++) { /* newcomers find places, and each other's messages */
        sctx_writer *w = rig_writer(ctx);
        (void)rig_say(w, rig_topic(ctx, "epilogue"), "the end");
        sctx_writer_close(w);
    }
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_START, 0, "epilogue");
    cr_expect_eq(rig_drain(r), writers, "%s", context);
    cr_expect(rig_balances(r));
    sctx_reader_close(r);
}

static double duration(void) {
    const char *minutes = getenv("SCTX_SOAK_MINUTES"), *seconds = getenv("SCTX_SOAK_SECONDS");
    if (seconds && *seconds) return atof(seconds);
    return minutes && *minutes ? atof(minutes) * 60 : 60;
}

static void summary(double seconds, uint64_t seed) {
    (void)fprintf(
        stderr,
        "soak, %.0f s, seed %llu: published=%llu delivered=%llu filtered=%llu lost=%llu gone=%llu kills=%llu stops=%llu evicted=%llu "
        "readers=%llu torn=%llu order=%llu silent=%llu inversions=%llu accounts=%llu gated_losses=%llu\n",
        seconds, (unsigned long long)seed, (unsigned long long)totals->published, (unsigned long long)totals->delivered,
        (unsigned long long)totals->filtered, (unsigned long long)totals->lost, (unsigned long long)totals->gone,
        (unsigned long long)stage.kills, (unsigned long long)stage.stops, (unsigned long long)totals->evicted,
        (unsigned long long)totals->retired, (unsigned long long)totals->torn, (unsigned long long)totals->order,
        (unsigned long long)totals->silent, (unsigned long long)totals->inversions, (unsigned long long)totals->accounts,
        (unsigned long long)totals->gated_losses);
}

/* Without a time-out of its own: it takes as long as it is told to. */
Test(soak, all_goes_on) {
    struct sctx_create_options plain = {.cells = 4096, .arena_bytes = 256u << 10}, gated = {.cells = 1024,
                                                                                            .arena_bytes = 256u << 10,
                                                                                            .flags = SCTX_CREATE_GATING,
                                                                                            .gate_timeout_ns = GATE_TIMEOUT_NS};
    const char *given = getenv("SCTX_SOAK_SEED");
    uint64_t seed = given && *given ? strtoull(given, NULL, 10) : (uint64_t)rig_now_ns() % 1000000000;
    double seconds = duration();
    totals = rig_shared(sizeof *totals);
    stage.random = seed;
    (void)fprintf(stderr, "soak: seed %llu, SCTX_SOAK_SEED repeats it\n", (unsigned long long)seed);
    sctx *one = rig_new("soak", &plain), *two = rig_new("soak.gated", &gated);
    everybody_enters();
    play((int64_t)(seconds * 1e9));
    everybody_leaves();
    summary(seconds, seed);
    cr_expect_eq(stage.failed, 0, "an actor ended with %d", stage.failed);
    cr_expect_eq(totals->torn + totals->order + totals->silent + totals->inversions + totals->accounts + totals->gated_losses, 0);
    cr_expect(totals->published > (uint64_t)(seconds * 100) && totals->delivered > totals->published);
    check_left(one, "soak", 3);
    check_left(two, "soak.gated", 2);
    rig_end(two, "soak.gated");
    rig_end(one, "soak");
}
