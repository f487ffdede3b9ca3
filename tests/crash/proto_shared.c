/* What is claimed: arenas, blocks and entries of topics and markers, places of participants and readers. Two at once never get the same, and the next
 * owner leaves alone what others can still see. */
#define _GNU_SOURCE
#include "arena.h"
#include "intern.h"
#include "race.h"
#include "reader.h"
#include "ring.h"
#include "writer.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CELLS 64u
#define ARENA (64u << 10)

static void publish_n(sctx_writer *w, uint32_t who, size_t len, unsigned n) {
    for (unsigned i = 0; i < n; i++) CHECK_OK(say(w, 0, who, len, NULL));
}

/* A process that publishes and dies without closing anything. */
static void a_writer_dies(uint32_t who, size_t len, unsigned n) {
    pid_t pid = spawn();
    if (pid == 0) {
        sctx *c = join("c", "dead");
        publish_n(writer(c), who, len, n);
        _exit(0);
    }
    expect_exit(pid, await_child(pid, NULL));
}

/* ---- arenas ----------------------------------------------------------------------------------------------------------------- */

static void adopted_from_the_dead(void) {
    fresh("c", CELLS, ARENA, 0, 0);
    sctx *c = join("c", "t");
    CHECK(topic(c, "t") == 0);
    struct ear e = ear_open(c, SCTX_FROM_START, 0);
    a_writer_dies(1, 600, 6);
    sctx_writer *w = writer(c);
    CHECK(w->arena.slot == 0 && w->arena.gen == 1);
    publish_n(w, 2, 600, 6);
    CHECK(ear_drain(&e) == 12);
}

/* One closes and says where it stopped, the next dies: the third begins at intent. */
static void closed_then_died(void) {
    fresh("c", CELLS, ARENA, 0, 0);
    sctx *c = join("c", "t");
    CHECK(topic(c, "t") == 0);
    struct ear e = ear_open(c, SCTX_FROM_START, 0);
    sctx_writer *w = writer(c);
    publish_n(w, 1, 40, 2);
    sctx_writer_close(w);
    a_writer_dies(2, 40, 3);
    w = writer(c);
    CHECK(w->arena.slot == 0);
    publish_n(w, 3, 40, 5);
    CHECK(ear_drain(&e) == 10);
}

struct opener {
    sctx *ctx;
    sctx_writer *writer;
};

static void open_writer(void *argument) {
    struct opener *o = argument;
    o->writer = writer(o->ctx);
}

static void two_claim_an_arena(const char *point, bool adopt) {
    fresh("c", CELLS, ARENA, 0, 0);
    struct opener o = {.ctx = join("c", "a")};
    sctx *c = join("c", "b");
    CHECK(topic(c, "t") == 0);
    struct ear e = ear_open(join("c", "r"), SCTX_FROM_START, 0);
    memset(tally, 0, sizeof *tally);
    if (adopt) a_writer_dies(1, 40, 3);
    struct actor a = {0};
    if (!actor_start(&a, open_writer, &o, point)) CHECK(adopt); /* adopting makes no file */
    sctx_writer *w = writer(c);
    actor_finish(&a);
    CHECK(w->arena.slot != o.writer->arena.slot);
    for (unsigned i = 0; i < 5; i++) {
        publish_n(w, 2, 200, 1);
        publish_n(o.writer, 3, 200, 1);
    }
    CHECK(ear_drain(&e) == (adopt ? 13 : 10));
}

static void two_arenas(void) {
    static const char *const points[] = {"arena:before-lock", "arena:locked",    "arena:allocated",  "arena:before-magic",
                                         "arena:before-gen",  "arena:after-gen", "arena:before-join"};
    for (unsigned i = 0; i < sizeof points / sizeof *points; i++) {
        two_claim_an_arena(points[i], false);
        two_claim_an_arena(points[i], true);
    }
}

static unsigned arena_files(uint32_t slot, uint32_t upto) {
    char path[512], file[600];
    unsigned n = 0;
    CHECK_OK(sctx_path("c", NULL, path, sizeof path));
    for (uint32_t gen = 1; gen <= upto; gen++) {
        struct stat st;
        (void)snprintf(file, sizeof file, "%s/arena.%u.%u", path, slot, gen);
        n += stat(file, &st) == 0;
    }
    return n;
}

/* A larger arena has a file of its own. The old one stays as long as messages in it can be read, and no longer. */
static void a_larger_arena(void) {
    fresh("c", CELLS, ARENA, 0, 0);
    sctx *c = join("c", "t");
    CHECK(topic(c, "t") == 0);
    struct ear e = ear_open(c, SCTX_FROM_START, 0);
    sctx_writer *w = writer(c);
    publish_n(w, 1, 40, 3);
    CHECK(ear_drain(&e) == 3); /* the reader knows the first generation */
    publish_n(w, 1, 40000, 3);
    publish_n(w, 1, 100000, 1);
    CHECK(w->arena.gen == 3 && arena_files(0, 3) == 3);
    CHECK(ear_drain(&e) == 4 && balanced(e.reader).gone == 0);
    struct ear late = ear_open(tap("c"), SCTX_FROM_START, 0);
    CHECK(ear_drain(&late) == 7);
    publish_n(w, 1, 40, CELLS);
    sctx_writer_close(w);
    w = writer(c);
    CHECK(w->arena.gen == 3 && arena_files(0, 3) == 1);
    CHECK(info_of(c).memory_arenas == w->arena.bytes + LAYOUT_PAGE);
}

static void publish_large(void *argument) {
    publish_n(argument, 1, 40000, 1);
}

/* A reader comes between the steps of it. */
static void read_while_it_grows(void) {
    static const char *const points[] = {"arena:allocated",       "arena:before-magic",  "arena:before-gen", "arena:after-gen",
                                         "publish:before-intent", "publish:before-swap", "publish:swapped"};
    for (unsigned i = 0; i < sizeof points / sizeof *points; i++) {
        memset(tally, 0, sizeof *tally);
        fresh("c", CELLS, ARENA, 0, 0);
        sctx *c = join("c", "t");
        CHECK(topic(c, "t") == 0);
        struct ear e = ear_open(c, SCTX_FROM_START, 0);
        sctx_writer *w = writer(c);
        publish_n(w, 1, 40, 3);
        struct actor a = {0};
        CHECK(actor_start(&a, publish_large, w, points[i]));
        uint64_t n = ear_drain(&e);
        actor_finish(&a);
        CHECK(n + ear_drain(&e) == 4 && balanced(e.reader).gone == 0);
    }
}

/* ---- topics and markers ----------------------------------------------------------------------------------------------------- */

struct registrar {
    sctx *ctx;
    const char *name;
    uint16_t id;
};

static void register_topic(void *argument) {
    struct registrar *r = argument;
    r->id = topic(r->ctx, r->name);
}

static void register_marker(void *argument) {
    struct registrar *r = argument;
    struct sctx_marker_options o = {.size = sizeof o, .kind = SCTX_MARKER_I64, .name = r->name};
    sctx_marker *m;
    uint32_t id;
    CHECK_OK(sctx_marker_open(r->ctx, &o, &m));
    sctx_marker_close(m);
    CHECK_OK(sctx_marker_find(r->ctx, r->name, &id));
    r->id = (uint16_t)id;
}

static const char *name_seen(sctx *c, bool markers, uint16_t id) {
    if (markers) {
        struct sctx_marker_state s = {.size = sizeof s};
        CHECK_OK(sctx_marker_get(c, id, &s));
        return s.name;
    }
    const struct sctx_topic *t;
    CHECK_OK(sctx_topic_get(c, id, &t));
    return t->name;
}

static void two_register(const char *point, bool same, bool markers) {
    void (*make)(void *) = markers ? register_marker : register_topic;
    fresh("c", CELLS, ARENA, 0, 0);
    struct registrar a = {.ctx = join("c", "a"), .name = "one/name"};
    struct registrar b = {.ctx = join("c", "b"), .name = same ? "one/name" : "two/name"};
    struct actor actor = {0};
    CHECK(actor_start(&actor, make, &a, point));
    make(&b);
    actor_finish(&actor);
    CHECK((a.id == b.id) == same);
    sctx *c = join("c", "c");
    CHECK((markers ? sctx_marker_count(c) : sctx_topic_count(c)) == (same ? 1 : 2));
    CHECK(strcmp(name_seen(c, markers, a.id), a.name) == 0 && strcmp(name_seen(c, markers, b.id), b.name) == 0);
}

static void two_names(void) {
    static const char *const points[] = {"intern:before-claim", "intern:claimed", "intern:before-check", "intern:before-entry",
                                         "intern:published"};
    for (unsigned i = 0; i < sizeof points / sizeof *points; i++)
        for (unsigned kind = 0; kind < 4; kind++) two_register(points[i], kind & 1, kind & 2);
}

/* ---- places ----------------------------------------------------------------------------------------------------------------- */

static void join_again(void *argument) {
    sctx **c = argument;
    *c = join("c", "a");
}

static unsigned participants(sctx *c, const char *name) {
    unsigned n = 0;
    for (uint32_t slot = 0; slot < 16; slot++) {
        struct sctx_participant p = {.size = sizeof p};
        if (sctx_participant_get(c, slot, &p) != SCTX_OK) continue;
        n += strcmp(p.name, name) == 0 && p.alive == SCTX_ALIVE && p.pid == (uint32_t)getpid();
    }
    return n;
}

static void two_participants(void) {
    static const char *const points[] = {"join:before-lock", "join:locked", "join:cleared", "join:before-number", "join:done"};
    for (unsigned i = 0; i < sizeof points / sizeof *points; i++) {
        fresh("c", CELLS, ARENA, 0, 0);
        sctx *a = NULL, *b;
        struct actor actor = {0};
        CHECK(actor_start(&actor, join_again, &a, points[i]));
        b = join("c", "b");
        actor_finish(&actor);
        CHECK(sctx_join_number(a) != sctx_join_number(b) && a->slot != b->slot);
        CHECK(participants(b, "a") == 1 && participants(b, "b") == 1);
    }
}

static void open_reader(void *argument) {
    struct ear *e = argument;
    e->reader = reader(join("c", "r"), SCTX_FROM_NOW, 0);
}

static void two_readers(void) {
    fresh("c", CELLS, ARENA, 0, 0);
    struct ear a = {.heard = 0}, b = {.heard = 0};
    struct actor actor = {0};
    CHECK(actor_start(&actor, open_reader, &a, "reader:locked"));
    open_reader(&b);
    actor_finish(&actor);
    CHECK(a.reader->slot != b.reader->slot);
}

/* A dead reader's place is taken when no other is left. */
static void a_dead_readers_place(void) {
    fresh("c", CELLS, ARENA, 0, 0);
    pid_t pid = spawn();
    if (pid == 0) {
        (void)reader(join("c", "dead"), SCTX_FROM_NOW, 0);
        _exit(0);
    }
    expect_exit(pid, await_child(pid, NULL));
    sctx *c = join("c", "t");
    for (unsigned i = 0; i < LAYOUT_READER_SLOTS; i++) (void)reader(c, SCTX_FROM_NOW, 0);
    sctx_reader *r;
    CHECK(sctx_reader_open(c, NULL, &r) == SCTX_ERR_FULL);
}

int main(int argc, char **argv) {
    static const struct race_case cases[] = {
        {"adopted_from_the_dead", adopted_from_the_dead},
        {"closed_then_died", closed_then_died},
        {"two_arenas", two_arenas},
        {"a_larger_arena", a_larger_arena},
        {"read_while_it_grows", read_while_it_grows},
        {"two_names", two_names},
        {"two_participants", two_participants},
        {"two_readers", two_readers},
        {"a_dead_readers_place", a_dead_readers_place},
        {NULL, NULL},
    };
    return race_main(cases, argc, argv);
}
