/* Somebody who may join writes nonsense over the ring and the arenas for as long as it lasts, everywhere, while others use them: nobody
 * crashes, and nobody hangs: each call comes back within PATIENCE, each command ends. What they read meanwhile may be nonsense, too.
 *
 * What it writes: words at random, words that stand elsewhere, small changes, the same over a whole stretch, a header with a check that fits; and now and
 * then all is put back as it was, so that the others get further than to the first check. It cuts no file. */
#define _GNU_SOURCE
#include "../unit/rig.h"
#include "layout.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define PATIENCE (60 * SECOND)
#else
#define PATIENCE (15 * SECOND)
#endif
#define ACTORS 6u
#define CONTEXT "scribble"

/* In memory that nobody scribbles over. */
static struct shared {
    _Atomic uint32_t stop;
    struct {
        _Atomic int64_t since; /* when the call began that it is in; 0: in none */
        _Atomic uint64_t calls, good;
        _Atomic int64_t longest;
    } actors[ACTORS];
    _Atomic uint64_t written;
} * shared;

struct part {
    unsigned me;
    uint64_t seed;
};

/* ---- who writes nonsense -------------------------------------------------------------------------------------------------- */

struct target {
    unsigned char *map, *good;
    size_t bytes, used; /* of the ring: without what was never used */
};

static struct target target_open(const char *folder, const char *file) {
    char path[PATH_MAX];
    struct stat st;
    struct target t = {0};
    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) return t;
    t.bytes = t.used = (size_t)st.st_size;
    t.map = mmap(NULL, t.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    MUST(t.map != MAP_FAILED);
    close(fd);
    if (strcmp(file, "ring") == 0) {
        const struct ring_header *h = (const struct ring_header *)(const void *)t.map;
        t.used = h->section[SECTION_HEAP].off + LAYOUT_PAGE; /* allocated up to here and beyond; the rest are holes */
    }
    t.good = malloc(t.used);
    MUST(t.good);
    memcpy(t.good, t.map, t.used);
    return t;
}

/* Half of all places lie in the first pages or in the hot lines and cells. */
static size_t a_place(const struct target *t, uint64_t r) {
    size_t most = r >> 62 == 0 ? t->used : r >> 62 == 1 ? 4 * LAYOUT_PAGE : 32 * LAYOUT_PAGE;
    if (most > t->used) most = t->used;
    return (size_t)((r & UINT32_MAX) % (most / 8)) * 8;
}

static void fit_header(const struct target *t) {
    struct ring_header *h = (struct ring_header *)(void *)t->map;
    uint32_t bytes = h->bytes;
    if (h->gate_timeout_ns > UINT64_C(1000000000)) h->gate_timeout_ns = 1000000; /* it may be taken at its word */
    if (bytes <= LAYOUT_PAGE - offsetof(struct ring_header, bytes)) h->check = hash_bytes(&h->bytes, bytes, h->id);
}

static void scribble_once(const struct target *t, bool ring, uint64_t *random) {
    uint64_t r = rig_random(random), v = rig_random(random), word;
    size_t at = a_place(t, r), from = a_place(t, v);
    memcpy(&word, t->map + at, 8);
    switch (r >> 32 & 15) {
    case 0: memcpy(t->map, t->good, t->used); return;
    case 1: memset(t->map + at, (int)(v & 255), (v >> 8) % 4096 < t->used - at ? (v >> 8) % 4096 : t->used - at); return;
    case 2:
    case 3: memcpy(t->map + at, t->good + from, 64 < t->used - (at > from ? at : from) ? 64 : 8); return;
    case 4:
    case 5: memcpy(&word, t->map + from, 8); break;
    case 6:
    case 7: word += (uint64_t)(int64_t)(int8_t)v; break;
    case 8: word = v & 1 ? UINT64_MAX : 0; break;
    case 9: word ^= UINT64_C(1) << (v & 63); break;
    case 10:
        if (ring) fit_header(t);
        return;
    default: word = v >> (v & 63); break;
    }
    memcpy(t->map + at, &word, 8);
}

static int scribble(void *argument) {
    const struct part *p = argument;
    struct target targets[8] = {{0}};
    uint64_t random = p->seed;
    char folder[PATH_MAX];
    MUST_OK(sctx_path(CONTEXT, NULL, folder, sizeof folder));
    targets[0] = target_open(folder, "ring");
    unsigned n = 1;
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && n < 8 && (e = readdir(dir));)
        if (strncmp(e->d_name, "arena.", 6) == 0 && (targets[n] = target_open(folder, e->d_name)).map) n++;
    if (dir) closedir(dir);
    while (!atomic_load(&shared->stop)) {
        uint64_t r = rig_random(&random);
        unsigned which = r % 4 ? 0 : (unsigned)(r >> 8) % n;
        for (unsigned i = 0; i < (r >> 16) % 64; i++) scribble_once(&targets[which], which == 0, &random);
        atomic_fetch_add(&shared->written, 1);
        if (r >> 32 & 1) (void)usleep((useconds_t)((r >> 40) % 2000));
    }
    memcpy(targets[0].map, targets[0].good, targets[0].used);
    return 0;
}

/* ---- who goes on ---------------------------------------------------------------------------------------------------------- */

static void before(unsigned me) {
    atomic_store(&shared->actors[me].since, rig_now_ns());
}

static int after(unsigned me, int rc) {
    int64_t took = rig_now_ns() - atomic_exchange(&shared->actors[me].since, 0);
    if (took > atomic_load(&shared->actors[me].longest)) atomic_store(&shared->actors[me].longest, took);
    atomic_fetch_add(&shared->actors[me].calls, 1);
    if (rc >= 0) atomic_fetch_add(&shared->actors[me].good, 1);
    return rc;
}
#define CALL(call) (before(me), after(me, (call)))

static sctx *enter(unsigned me, bool tap) {
    sctx *ctx = NULL;
    struct sctx_options o = {.size = sizeof o, .context = CONTEXT, .name = "actor"};
    return CALL(tap ? sctx_tap_open(&o, &ctx) : sctx_open(&o, &ctx)) == SCTX_OK ? ctx : NULL;
}

static void balanced(const sctx_reader *r) {
    MUST(rig_balances(r));
}

static void read_on(unsigned me, sctx *ctx, uint32_t flags, uint64_t random) {
    static const char *const patterns[] = {"a/*", "**/b"};
    sctx_reader *r;
    struct sctx_reader_options o = {.size = sizeof o, .flags = flags, .from = (uint32_t)(random >> 8) % 2};
    o.patterns = patterns;
    o.pattern_count = random >> 16 & 1 ? 2 : 0;
    if (CALL(sctx_reader_open(ctx, &o, &r)) != SCTX_OK) return;
    for (unsigned i = 0; i < 2000 && !atomic_load(&shared->stop); i++) {
        struct sctx_message m;
        unsigned char sum = 0;
        int rc = CALL(i % 3 ? sctx_read(r, &m) : sctx_peek(r, &m));
        balanced(r);
        for (uint32_t k = 0; rc == SCTX_OK && k < m.len; k++) sum ^= ((const unsigned char *)m.data)[k];
        __asm__ volatile("" ::"r"(sum));
        if (rc == SCTX_OK) MUST(strlen(sctx_participant_name(ctx, m.from)) <= SCTX_NAME_MAX);
        if (rc != SCTX_OK && rc != SCTX_AGAIN) break;
        if (rc == SCTX_AGAIN && CALL(sctx_wait(r, 2 * MS)) < SCTX_INTERRUPTED) break;
        (void)sctx_still_valid(r, &m);
        balanced(r);
    }
    before(me);
    sctx_reader_close(r);
    (void)after(me, 0);
}

static void write_on(unsigned me, sctx *ctx, uint64_t random) {
    static const unsigned char payload[40000];
    sctx_writer *w;
    uint16_t id;
    char name[32];
    (void)snprintf(name, sizeof name, "new/%u", (unsigned)random % 50);
    struct sctx_topic_options o = {.size = sizeof o, .name = name, .encoding = "json"};
    (void)CALL(sctx_topic_register(ctx, &o, &id));
    if (CALL(sctx_writer_open(ctx, NULL, &w)) != SCTX_OK) return;
    for (unsigned i = 0; i < 1000 && !atomic_load(&shared->stop); i++) {
        size_t len = i % 100 == 99 ? sizeof payload : (size_t)(rig_random(&random) % 300);
        int rc = CALL(sctx_publish(w, (uint16_t)(i % 3), payload, len, NULL));
        if (rc == SCTX_ERR_REMOVED || rc == SCTX_ERR_LOST || rc == SCTX_ERR_DAMAGED) break;
    }
    before(me);
    sctx_writer_close(w);
    (void)after(me, 0);
}

static void ask(unsigned me, sctx *ctx, bool tap) {
    struct sctx_info info = SCTX_INIT(info);
    struct sctx_marker_options o = {.size = sizeof o, .name = "load", .kind = SCTX_MARKER_F64};
    sctx_marker *marker;
    (void)CALL(sctx_info_get(ctx, &info));
    before(me);
    uint32_t topics = sctx_topic_count(ctx), markers = sctx_marker_count(ctx);
    (void)after(me, 0);
    for (uint32_t i = 0; i < topics && i < 3000; i++) {
        const struct sctx_topic *t;
        if (CALL(sctx_topic_get(ctx, (uint16_t)i, &t)) == SCTX_OK) MUST(strlen(t->name) <= SCTX_TOPIC_MAX);
    }
    for (uint32_t i = 0; i < markers; i++) {
        struct sctx_marker_state s = SCTX_INIT(s);
        (void)CALL(sctx_marker_get(ctx, i, &s));
    }
    for (uint32_t i = 0; i < sctx_participant_slots(ctx); i++) {
        struct sctx_participant p = SCTX_INIT(p);
        (void)CALL(sctx_participant_get(ctx, i, &p));
    }
    if (tap || CALL(sctx_marker_open(ctx, &o, &marker)) != SCTX_OK) return;
    for (unsigned i = 0; i < 50; i++) (void)CALL(sctx_marker_set(marker, (sctx_level){.f64 = i}));
    before(me);
    sctx_marker_close(marker);
    (void)after(me, 0);
}

static int act(void *argument) {
    const struct part *p = argument;
    unsigned me = p->me;
    uint64_t random = p->seed;
    MUST_OK(sctx_guard_install());
    while (!atomic_load(&shared->stop)) {
        bool tap = me == 0 || me == 5;
        sctx *ctx = enter(me, tap);
        if (!ctx) continue;
        uint64_t r = rig_random(&random);
        if (me < 2) read_on(me, ctx, 0, r);
        if (me == 2) read_on(me, ctx, SCTX_READER_GATED, r);
        if (me == 3) write_on(me, ctx, r);
        if (me >= 4) ask(me, ctx, tap);
        before(me);
        sctx_close(ctx);
        (void)after(me, 0);
    }
    return 0;
}

/* ---- commands ------------------------------------------------------------------------------------------------------------- */

static int command(void *argument) {
    char *const *arguments = argument;
    int none = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++) (void)dup2(none, fd);
    (void)execv(arguments[0], arguments);
    return 98;
}

/* Result of the child, or -1 if it does not end. */
static int result_in_time(pid_t child) {
    int status = 0;
    for (int64_t end = rig_now_ns() + PATIENCE; waitpid(child, &status, WNOHANG) != child; (void)usleep(2000))
        if (rig_now_ns() > end) {
            (void)kill(child, SIGKILL);
            (void)waitpid(child, &status, 0);
            return -1;
        }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void run_a_command(unsigned which) {
    static char lines[][8][8] = {{"topics"},      {"ps"}, {"info"}, {"markers"}, {"sub", "--tap", "-t", "0.2", "--from", "start"},
                                 {"ps", "--json"}};
    static char context_option[] = "-c", context[] = CONTEXT;
    char program[PATH_MAX], *arguments[12] = {program, NULL};
    const char *build = getenv("SCTX_BUILD_DIR");
    unsigned n = 1;
    (void)snprintf(program, sizeof program, "%s/bin/sctx", build ? build : "build");
    if (access(program, X_OK) != 0) return; /* built without the commands */
    for (unsigned i = 0; lines[which % 6][i][0]; i++) arguments[n++] = lines[which % 6][i];
    arguments[n++] = context_option;
    arguments[n] = context;
    int result = result_in_time(rig_child(command, arguments));
    cr_assert(result >= 0 && result < 98, "sctx %s: %d (-1: it did not end; 128 and more: a signal)", arguments[1], result);
}

/* ---- all of them ---------------------------------------------------------------------------------------------------------- */

static void prepare(void) {
    struct sctx_create_options o = {.cells = 1024,
                                    .arena_bytes = LAYOUT_ARENA_MIN,
                                    .flags = SCTX_CREATE_GATING,
                                    .gate_timeout_ns = (uint64_t)(20 * MS)};
    struct sctx_marker_options load = {.size = sizeof load, .name = "load", .kind = SCTX_MARKER_F64, .flags = 7, .high.f64 = 10};
    sctx_marker *marker;
    sctx *ctx = rig_new(CONTEXT, &o);
    uint16_t ids[] = {rig_topic(ctx, "a/b"), rig_topic(ctx, "a/c"), rig_topic(ctx, "c/d")};
    sctx_writer *w = rig_writer(ctx);
    for (unsigned i = 0; i < 1500; i++) (void)rig_say(w, ids[i % 3], "what is scribbled over");
    sctx_writer_close(w);
    MUST_OK(sctx_marker_open(ctx, &load, &marker));
    sctx_marker_close(marker);
    sctx_close(ctx);
}

static void check_calls(pid_t *actors) {
    for (unsigned i = 0; i < ACTORS; i++) {
        int status = 0;
        int64_t since = atomic_load(&shared->actors[i].since);
        if (waitpid(actors[i], &status, WNOHANG) == actors[i]) {
            actors[i] = 0;
            cr_assert_fail("actor %u ended: status %x", i, (unsigned)status);
        }
        if (since && rig_now_ns() - since > PATIENCE) {
            (void)kill(actors[i], SIGABRT);
            cr_assert_fail("actor %u: a call does not come back", i);
        }
    }
}

static double duration(void) {
    const char *minutes = getenv("SCTX_SOAK_MINUTES");
    return minutes && *minutes ? atof(minutes) * 60 : 10;
}

Test(scribble, nobody_crashes_or_hangs) {
    const char *given = getenv("SCTX_SOAK_SEED");
    uint64_t seed = given && *given ? strtoull(given, NULL, 10) : (uint64_t)rig_now_ns() % 1000000000;
    struct part parts[ACTORS + 1];
    pid_t actors[ACTORS];
    (void)fprintf(stderr, "scribble: seed %llu, SCTX_SOAK_SEED repeats it\n", (unsigned long long)seed);
    shared = rig_shared(sizeof *shared);
    prepare();
    for (unsigned i = 0; i < ACTORS + 1; i++) parts[i] = (struct part){.me = i, .seed = seed + i};
    pid_t scribbler = rig_child(scribble, &parts[ACTORS]);
    for (unsigned i = 0; i < ACTORS; i++) actors[i] = rig_child(act, &parts[i]);
    int64_t end = rig_now_ns() + (int64_t)(duration() * 1e9);
    for (unsigned n = 0; rig_now_ns() < end; n++) {
        check_calls(actors);
        run_a_command(n);
        (void)usleep(10000);
    }
    atomic_store(&shared->stop, 1);
    for (unsigned i = 0; i < ACTORS; i++) cr_expect_eq(result_in_time(actors[i]), 0, "actor %u", i);
    cr_expect_eq(result_in_time(scribbler), 0);
    for (unsigned i = 0; i < ACTORS; i++)
        (void)fprintf(stderr, "scribble: actor %u: %llu calls, %llu of them good, the longest %lld ms\n", i,
                      (unsigned long long)shared->actors[i].calls, (unsigned long long)shared->actors[i].good,
                      (long long)(shared->actors[i].longest / MS));
    cr_expect(shared->written > 100);
}
