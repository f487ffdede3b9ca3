/* Contexts: making them, joining, what is refused and how it is explained, being removed. */
#include "reader.h"
#include "rig.h"
#include "testpoint.h"
#include <criterion/criterion.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

Test(context, options_are_kept) {
    struct sctx_create_options o = {.cells = 128,
                                    .arena_bytes = 128u << 10,
                                    .max_memory = 8u << 20,
                                    .gate_timeout_ns = 77,
                                    .flags = SCTX_CREATE_GATING,
                                    .first_seq = UINT64_C(1) << 50};
    sctx *ctx = rig_new("context", &o);
    struct sctx_info i = rig_info(ctx);
    cr_expect(i.cells == 128 && i.arena_bytes == 128u << 10 && i.memory_max == 8u << 20 && i.gate_timeout_ns == 77);
    cr_expect(i.flags == SCTX_CREATE_GATING && i.first_seq == o.first_seq && i.tail == o.first_seq && i.oldest == o.first_seq);
    cr_expect_str_eq(i.name, "context");
    char path[PATH_MAX];
    cr_assert_eq(sctx_path("context", NULL, path, sizeof path), SCTX_OK);
    cr_expect_str_eq(i.path, path);
    cr_expect(i.participants_alive == 1 && i.participants_known == 1 && i.readers == 0 && i.topics == 0 && i.markers == 0);
    cr_expect(i.arenas_used == 0 && i.memory_arenas == 0 && i.clock_epochs == 1 && i.clock_hz > 1000000);
    cr_expect_eq(sctx_join_number(ctx), 1, "the first");
    rig_end(ctx, "context");

    ctx = rig_new("context", NULL);
    i = rig_info(ctx);
    cr_expect(i.cells == 32768 && i.arena_bytes == 1u << 20 && i.memory_max == 1u << 30 && i.gate_timeout_ns == (uint64_t)SECOND &&
              i.first_seq == 1);
    cr_expect_lt(i.memory_ring, 2u << 20, "cheap to make: %llu bytes", (unsigned long long)i.memory_ring);
    rig_end(ctx, "context");
}

Test(context, an_older_and_smaller_result_struct) {
    sctx *ctx = rig_new("context", NULL);
    struct sctx_info i;
    memset(&i, 0x5a, sizeof i);
    i.size = offsetof(struct sctx_info, cells);
    cr_assert_eq(sctx_info_get(ctx, &i), SCTX_OK);
    cr_expect_eq(i.size, offsetof(struct sctx_info, cells));
    cr_expect_eq(i.layout_major, 1);
    cr_expect_eq(i.cells, 0x5a5a5a5a5a5a5a5a, "behind its end nothing is written");
    rig_end(ctx, "context");
}

/* The span is what the info says of it, while messages come and the oldest go. */
Test(context, span_is_what_info_says) {
    struct sctx_create_options o = {.cells = 64};
    sctx *ctx = rig_new("context", &o);
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "a");
    for (int n = 0; n < 200; n++) {
        struct sctx_extent span = SCTX_INIT(span);
        struct sctx_info i = rig_info(ctx);
        cr_assert_eq(sctx_extent_get(ctx, &span), SCTX_OK);
        cr_assert(span.first_seq == i.first_seq && span.oldest == i.oldest && span.tail == i.tail && span.span_ns == i.span_ns, "at %d", n);
        cr_assert_eq(span.tail, (uint64_t)n + 1);
        (void)rig_say(w, topic, "x");
    }
    cr_expect_eq(sctx_extent_get(ctx, NULL), SCTX_ERR_INVALID);
    sctx_writer_close(w);
    rig_end(ctx, "context");
}

static int create_with(uint64_t cells, uint64_t arena, uint64_t memory, uint32_t flags, const char *group, struct sctx_error *error) {
    struct sctx_create_options o = {.size = sizeof o,
                                    .context = "refused",
                                    .cells = cells,
                                    .arena_bytes = arena,
                                    .max_memory = memory,
                                    .flags = flags,
                                    .group = group,
                                    .error = error};
    error->text[0] = '\0';
    return sctx_create(&o);
}

Test(context, bad_numbers_are_explained) {
    static const struct {
        uint64_t cells, arena, memory;
        uint32_t flags;
        const char *group;
        int status;
    } cases[] = {{63, 0, 0, 0, NULL, SCTX_ERR_INVALID},
                 {32, 0, 0, 0, NULL, SCTX_ERR_INVALID},
                 {100, 0, 0, 0, NULL, SCTX_ERR_INVALID},
                 {1u << 25, 0, 0, 0, NULL, SCTX_ERR_INVALID},
                 {UINT64_C(1) << 63, 0, 0, 0, NULL, SCTX_ERR_INVALID},
                 {0, 32u << 10, 0, 0, NULL, SCTX_ERR_INVALID},
                 {0, 100000, 0, 0, NULL, SCTX_ERR_INVALID},
                 {0, 512u << 20, 0, 0, NULL, SCTX_ERR_INVALID},
                 {0, 0, 1u << 20, 0, NULL, SCTX_ERR_INVALID},
                 {0, 0, 0, 8, NULL, SCTX_ERR_INVALID},
                 {0, 0, 0, SCTX_CREATE_TAP_ONLY, NULL, SCTX_ERR_INVALID},
                 {0, 0, 0, 0, "no-such-group-here", SCTX_ERR_NOT_FOUND}};
    struct sctx_error error;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_eq(create_with(cases[i].cells, cases[i].arena, cases[i].memory, cases[i].flags, cases[i].group, &error), cases[i].status,
                     "case %zu", i);
        cr_expect_neq(error.text[0], '\0', "case %zu", i);
    }
    cr_expect_eq(rig_files("refused"), -1);
    cr_expect_eq(sctx_create(NULL), SCTX_ERR_INVALID);
}

Test(context, names_and_paths) {
    struct sctx_error error = {{0}};
    struct sctx_create_options c = {.size = sizeof c, .context = "../x", .error = &error};
    struct sctx_options o = {.size = sizeof o, .context = "a b", .error = &error};
    sctx *ctx = NULL;
    cr_expect_eq(sctx_create(&c), SCTX_ERR_NAME);
    cr_expect_neq(*(error.text), '\0');
    error.text[0] = '\0';
    cr_expect_eq(sctx_open(&o, &ctx), SCTX_ERR_NAME);
    cr_expect_neq(*(error.text), '\0');
    o = (struct sctx_options){.size = sizeof o, .context = "nobody-of-that-name:x", .error = &error};
    cr_expect_eq(sctx_open(&o, &ctx), SCTX_ERR_NOT_FOUND);
    o = (struct sctx_options){.size = sizeof o, .context = "named", .name = "a\nb", .error = &error};
    cr_expect_eq(sctx_open(&o, &ctx), SCTX_ERR_NAME);
    o.name = "";
    cr_expect_eq(sctx_open(&o, &ctx), SCTX_ERR_NAME);
    o.flags = 1;
    cr_expect_eq(sctx_open(&o, &ctx), SCTX_ERR_INVALID);
    cr_expect_null(ctx, "untouched on failure");
    char path[PATH_MAX], expected[64];
    cr_expect_eq(sctx_path("x", "/some/where", path, sizeof path), SCTX_OK);
    cr_expect_str_eq(path, "/some/where/x");
    cr_expect_eq(sctx_path("12345:x", "/some/where", path, sizeof path), SCTX_OK, "another user's are where that user's are");
    (void)snprintf(expected, sizeof expected, "/dev/shm/sctx-12345/x");
    cr_expect_str_eq(path, expected);
    cr_expect_eq(sctx_path("x", "/some/where", path, 13), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_path("x", "/some/where", path, 14), SCTX_OK);
    cr_expect_eq(sctx_path("nobody-of-that-name:x", NULL, path, sizeof path), SCTX_ERR_NOT_FOUND);
    cr_expect_eq(sctx_path("x/y", NULL, path, sizeof path), SCTX_ERR_NAME);
    cr_expect_eq(setenv("SCTX_CONTEXT", "from-the-environment", 1), 0);
    cr_expect_eq(sctx_path(NULL, "/d", path, sizeof path), SCTX_OK);
    cr_expect_str_eq(path, "/d/from-the-environment");
    cr_expect_eq(unsetenv("SCTX_CONTEXT"), 0);
    cr_expect_eq(sctx_path(NULL, "/d", path, sizeof path), SCTX_OK);
    cr_expect_str_eq(path, "/d/default");
}

Test(context, every_status_has_a_text) {
    for (int status = 0; status >= SCTX_ERR_SYSTEM; status--) {
        cr_expect_neq(*(sctx_strerror(status)), '\0');
        for (int other = 0; other > status; other--) cr_expect_str_neq(sctx_strerror(status), sctx_strerror(other));
    }
    cr_expect_neq(*(sctx_strerror(1)), '\0');
    cr_expect_neq(*(sctx_strerror(-24)), '\0');
    cr_expect_neq(*(sctx_strerror(INT_MIN)), '\0');
}

/* ---- removed, lost ---------------------------------------------------------------------------------------------------------- */

static void *wait_for_ever(void *reader) {
    static int status;
    status = sctx_wait(reader, SCTX_FOREVER);
    return &status;
}

Test(context, removed, .timeout = 20) {
    sctx *ctx = rig_new("context", NULL);
    sctx_writer *w = rig_writer(ctx), *w2 = NULL;
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL), *sleeper = rig_reader(ctx, SCTX_FROM_NOW, 0, "never"), *r2 = NULL;
    uint16_t topic = rig_topic(ctx, "a"), id;
    struct sctx_topic_options other = {.size = sizeof other, .name = "b"};
    struct sctx_marker_options level = {.size = sizeof level, .kind = SCTX_MARKER_I64, .name = "level"};
    struct sctx_message m;
    sctx_marker *marker = NULL;
    pthread_t thread;
    void *status = NULL;
    cr_assert_eq(pthread_create(&thread, NULL, wait_for_ever, sleeper), 0);
    (void)rig_say(w, topic, "x");
    cr_assert_eq(sctx_check(ctx), SCTX_OK);
    cr_assert_eq(sctx_remove("context", NULL, NULL), SCTX_OK);
    cr_assert_eq(rig_files("context"), -1);
    cr_expect_eq(pthread_join(thread, &status), 0);
    cr_expect_eq(*(int *)status, SCTX_ERR_REMOVED);
    cr_expect_eq(sctx_check(ctx), SCTX_ERR_REMOVED);
    cr_expect_eq(sctx_publish(w, topic, "x", 1, NULL), SCTX_ERR_REMOVED);
    (void)sctx_read(r, &m);
    cr_expect_eq(sctx_read(r, &m), SCTX_ERR_REMOVED);
    cr_expect_eq(sctx_writer_open(ctx, NULL, &w2), SCTX_ERR_REMOVED);
    cr_expect_eq(sctx_reader_open(ctx, NULL, &r2), SCTX_ERR_REMOVED);
    cr_expect_eq(sctx_topic_register(ctx, &other, &id), SCTX_ERR_REMOVED);
    cr_expect_eq(sctx_marker_open(ctx, &level, &marker), SCTX_ERR_REMOVED);
    struct sctx_error error = {{0}};
    cr_expect_eq(sctx_remove("context", NULL, &error), SCTX_ERR_NOT_FOUND);
    cr_expect_neq(*(error.text), '\0');
    sctx *again = rig_new("context", NULL); /* another of that name is another */
    cr_expect_eq(sctx_check(ctx), SCTX_ERR_REMOVED);
    cr_expect_eq(rig_info(again).tail, 1);
    sctx_reader_close(r);
    sctx_reader_close(sleeper);
    sctx_writer_close(w);
    sctx_close(ctx);
    rig_end(again, "context");
}

Test(context, lost) {
    for (int how = 0; how < 2; how++) {
        sctx *ctx = rig_new("context", NULL);
        char path[PATH_MAX], ring[PATH_MAX + 8], old[PATH_MAX + 8];
        cr_assert_eq(sctx_path("context", NULL, path, sizeof path), SCTX_OK);
        (void)snprintf(ring, sizeof ring, "%s/ring", path);
        (void)snprintf(old, sizeof old, "%s/old", path);
        if (how == 0)
            cr_assert_eq(unlink(ring), 0);
        else
            cr_assert_eq(rename(ring, old), 0); /* replaced, or on the way to be */
        cr_expect_eq(sctx_check(ctx), SCTX_ERR_LOST, "case %d", how);
        cr_expect_eq(sctx_check(ctx), SCTX_ERR_LOST);
        struct sctx_info i = SCTX_INIT(i);
        cr_expect_eq(sctx_info_get(ctx, &i), SCTX_ERR_LOST);
        cr_expect_eq(sctx_extent_get(ctx, &(struct sctx_extent){.size = sizeof(struct sctx_extent)}), SCTX_ERR_LOST);
        sctx_close(ctx);
        (void)sctx_remove("context", NULL, NULL);
    }
}

/* Who waits in short pieces finds out as well. */
Test(context, lost_while_waiting_a_little_each_time, .timeout = 30) {
    for (int tap = 0; tap < 2; tap++) {
        sctx *ctx = rig_new("context", NULL), *look = tap ? rig_tap("context") : ctx;
        sctx_reader *r = rig_reader(look, SCTX_FROM_NOW, 0, NULL);
        char path[PATH_MAX], ring[PATH_MAX + 8];
        cr_assert_eq(sctx_path("context", NULL, path, sizeof path), SCTX_OK);
        (void)snprintf(ring, sizeof ring, "%s/ring", path);
        cr_assert_eq(unlink(ring), 0);
        int rc = SCTX_TIMEOUT;
        for (int64_t end = rig_now_ns() + 10 * SECOND; rc == SCTX_TIMEOUT && rig_now_ns() < end;) rc = sctx_wait(r, 20 * MS);
        cr_expect_eq(rc, SCTX_ERR_LOST, "tap: %d", tap);
        sctx_reader_close(r);
        if (tap) sctx_close(look);
        sctx_close(ctx);
        (void)sctx_remove("context", NULL, NULL);
    }
}

/* ---- fork ------------------------------------------------------------------------------------------------------------------- */

struct inherited {
    sctx *ctx;
    sctx_writer *w;
    sctx_reader *r;
    sctx_marker *m;
};

#define FORKED(call) \
    if ((call) != SCTX_ERR_FORKED) return __LINE__ % 200 + 1

static int use_inherited(void *argument) {
    struct inherited *h = argument;
    struct sctx_message message;
    struct sctx_reader_stats s = SCTX_INIT(s);
    struct sctx_info i = SCTX_INIT(i);
    struct sctx_outgoing out = {.topic = 0};
    struct sctx_marker_options level = {.size = sizeof level, .name = "level"};
    const struct sctx_topic *t;
    sctx_writer *w;
    sctx_reader *r;
    sctx_marker *marker;
    void *room;
    FORKED(sctx_check(h->ctx));
    FORKED(sctx_publish(h->w, 0, "x", 1, NULL));
    FORKED(sctx_publish_batch(h->w, &out, 1, NULL));
    FORKED(sctx_reserve(h->w, 1, &room));
    FORKED(sctx_commit(h->w, 0, 1, NULL));
    FORKED(sctx_read(h->r, &message));
    FORKED(sctx_peek(h->r, &message));
    FORKED(sctx_wait(h->r, 0));
    FORKED(sctx_reader_fd(h->r));
    FORKED(sctx_reader_stats(h->r, &s));
    FORKED(sctx_writer_open(h->ctx, NULL, &w));
    FORKED(sctx_reader_open(h->ctx, NULL, &r));
    FORKED(sctx_marker_open(h->ctx, &level, &marker));
    FORKED(sctx_marker_set(h->m, (sctx_level){.i64 = 9}));
    FORKED(sctx_topic_get(h->ctx, 0, &t));
    FORKED(sctx_info_get(h->ctx, &i));
    FORKED(sctx_extent_get(h->ctx, &(struct sctx_extent){.size = sizeof(struct sctx_extent)}));
    sctx_marker_close(h->m);
    sctx_reader_close(h->r);
    sctx_writer_close(h->w);
    sctx_close(h->ctx);
    sctx *own = rig_join("context", "child"); /* it opens its own */
    w = rig_writer(own);
    (void)rig_say(w, rig_topic(own, "a"), "from the child");
    sctx_writer_close(w);
    sctx_close(own);
    return 0;
}

Test(context, forked, .disabled = SCTX_EMULATED) {
    sctx *ctx = rig_new("context", NULL);
    struct sctx_marker_options level = {.size = sizeof level, .kind = SCTX_MARKER_I64, .name = "level"};
    struct inherited h = {.ctx = ctx, .w = rig_writer(ctx), .r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL)};
    cr_assert_eq(sctx_marker_open(ctx, &level, &h.m), SCTX_OK);
    uint16_t topic = rig_topic(ctx, "a");
    (void)rig_say(h.w, topic, "before");
    pid_t child = rig_child(use_inherited, &h);
    cr_assert_eq(rig_child_result(child), 0);
    (void)rig_say(h.w, topic, "after");
    cr_assert_eq(rig_drain(h.r), 3);
    cr_assert_eq(rig_info(ctx).participants_alive, 1);
    cr_assert_eq(rig_info(ctx).readers, 1, "closing in the child closed nothing here");
    cr_assert_eq(sctx_marker_level(h.m).i64, 0);
    sctx_marker_close(h.m);
    sctx_reader_close(h.r);
    sctx_writer_close(h.w);
    rig_end(ctx, "context");
}

/* ---- at once ---------------------------------------------------------------------------------------------------------------- */

#define PROCESSES 8u
#define ROUNDS 20u

static struct {
    _Atomic uint32_t ready[ROUNDS], opened[ROUNDS], made[ROUNDS], odd[ROUNDS];
    _Atomic uint64_t id[ROUNDS];
} * race;

/* Half of the rounds by sctx_create(), half by sctx_open() alone. */
static int create_at_once(void *argument) {
    (void)argument;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "race.%u", i);
        struct sctx_create_options o = {.size = sizeof o, .context = name, .cells = 64};
        rig_meet(&race->ready[i], PROCESSES);
        int rc = i % 2 ? SCTX_ERR_EXISTS : sctx_create(&o);
        if (rc == SCTX_OK)
            atomic_fetch_add(&race->made[i], 1);
        else if (rc != SCTX_ERR_EXISTS)
            return 2;
        sctx *ctx = rig_join(name, "racer");
        uint64_t none = 0, id = rig_info(ctx).id;
        if (!atomic_compare_exchange_strong(&race->id[i], &none, id) && none != id) atomic_fetch_add(&race->odd[i], 1);
        rig_meet(&race->opened[i], PROCESSES);
        sctx_close(ctx);
    }
    return 0;
}

Test(context, eight_processes_create_at_once, .timeout = 40) {
    race = rig_shared(sizeof *race);
    pid_t children[PROCESSES];
    for (unsigned i = 0; i < PROCESSES; i++) children[i] = rig_child(create_at_once, NULL);
    for (unsigned i = 0; i < PROCESSES; i++) cr_assert_eq(rig_child_result(children[i]), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "race.%u", i);
        cr_assert_eq(race->made[i], i % 2 ? 0 : 1, "round %u: made %u times", i, race->made[i]);
        cr_assert_eq(race->odd[i], 0, "round %u: more than one context", i);
        cr_assert_eq(rig_files(name), 2, "the ring and its locks");
        cr_assert_eq(sctx_remove(name, NULL, NULL), SCTX_OK);
    }
}

/* Between any two steps of making a context somebody else makes one, and cleans up what the dead have left: that is not it. */
static unsigned interruptions;
static void make_another(const char *step) {
    if (strncmp(step, "create:", 7) != 0) return;
    struct sctx_create_options o = {.size = sizeof o, .context = "another", .cells = 64};
    sctx_testpoint_hook = NULL;
    MUST_OK(sctx_create(&o));
    MUST_OK(sctx_remove("another", NULL, NULL));
    sctx_testpoint_hook = make_another;
    interruptions++;
}

Test(context, others_clean_up_while_one_is_made) {
    struct sctx_create_options o = {.size = sizeof o, .context = "context", .cells = 64};
    (void)sctx_remove("context", NULL, NULL);
    sctx_testpoint_hook = make_another;
    int rc = sctx_create(&o);
    sctx_testpoint_hook = NULL;
    cr_assert_eq(rc, SCTX_OK, "%s", sctx_strerror(rc));
    cr_assert_gt(interruptions, 4);
    cr_assert_eq(rig_files("context"), 2);
    rig_end(rig_join("context", "test"), "context");
}

/* sctx_info_get() may be called from any thread at any time, and so may everything else. */
static _Atomic bool stop;

static void *look_all_the_time(void *ctx) {
    while (!stop) (void)rig_info(ctx);
    return NULL;
}

Test(context, info_does_not_disturb_other_threads, .timeout = 20) {
    sctx *ctx = rig_new("context", NULL);
    struct sctx_marker_options o = {.size = sizeof o, .kind = SCTX_MARKER_I64, .name = "level"};
    sctx_marker *m = NULL;
    sctx_writer *w = rig_writer(ctx);
    (void)rig_say(w, rig_topic(ctx, "a"), "something to look at");
    pthread_t thread;
    cr_assert_eq(sctx_marker_open(ctx, &o, &m), SCTX_OK);
    cr_assert_eq(pthread_create(&thread, NULL, look_all_the_time, ctx), 0);
    int64_t end = rig_now_ns() + SECOND;
    uint64_t calls = 0, wrong = 0;
    for (; rig_now_ns() < end; calls++) wrong += sctx_marker_set(m, (sctx_level){.i64 = 1}) != SCTX_OK;
    stop = true;
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_eq(wrong, 0, "%llu of %llu were refused", (unsigned long long)wrong, (unsigned long long)calls);
    sctx_marker_close(m);
    sctx_writer_close(w);
    rig_end(ctx, "context");
}

/* A file that is missing is no context that is missing: it is not made anew, and what is wrong is said. */
Test(context, a_missing_file_is_damage) {
    for (int which = 0; which < 2; which++) {
        char path[PATH_MAX], file[PATH_MAX + 8];
        struct sctx_error why = {""};
        struct sctx_options o = {.size = sizeof o, .context = "context", .error = &why};
        sctx *ctx = rig_new("context", NULL);
        cr_assert_eq(sctx_path("context", NULL, path, sizeof path), SCTX_OK);
        (void)snprintf(file, sizeof file, "%s/%s", path, which ? "alive" : "ring");
        sctx_close(ctx);
        cr_assert_eq(unlink(file), 0);
        cr_expect_eq(sctx_open(&o, &ctx), SCTX_ERR_DAMAGED);
        cr_expect(strstr(why.text, file) && strstr(why.text, "missing"), "%s", why.text);
        if (!which) cr_expect_eq(sctx_tap_open(&o, &ctx), SCTX_ERR_DAMAGED);
        cr_assert_eq(sctx_remove("context", NULL, NULL), SCTX_OK);
    }
}

/* What a newer program asks for and this library does not know is refused; an older one's shorter struct is enough. */
Test(context, options_grow_at_the_end) {
    struct {
        struct sctx_writer_options known;
        uint64_t newer;
    } longer = {.known = {.size = sizeof longer}};
    struct sctx_error why = {"untouched"};
    struct sctx_writer_options older = {.size = 8, .error = &why};
    sctx *ctx = rig_new("context", NULL);
    sctx_writer *w;
    cr_assert_eq(sctx_writer_open(ctx, &longer.known, &w), SCTX_OK);
    sctx_writer_close(w);
    longer.newer = 1;
    cr_expect_eq(sctx_writer_open(ctx, &longer.known, &w), SCTX_ERR_INVALID);
    cr_assert_eq(sctx_writer_open(ctx, &older, &w), SCTX_OK);
    sctx_writer_close(w);
    older.size = 0;
    cr_expect_eq(sctx_writer_open(ctx, &older, &w), SCTX_ERR_INVALID);
    cr_expect_str_eq(why.text, "untouched");
    rig_end(ctx, "context");
}

/* A reader's views are not inherited: where they were, the child may have something of its own by now. */
static int close_over_own_memory(void *argument) {
    sctx_reader *r = argument;
    unsigned char *at = NULL;
    size_t bytes = 0;
    for (uint32_t i = 0; i < LAYOUT_ARENA_SLOTS && !at; i++) at = r->views[i].map.base, bytes = r->views[i].map.bytes;
    MUST(at != NULL);
    MUST(mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == at);
    memset(at, 7, bytes);
    sctx_reader_close(r);
    for (size_t i = 0; i < bytes; i++) MUST(at[i] == 7);
    return 0;
}

Test(context, a_child_closes_its_parents_reader, .disabled = SCTX_EMULATED) {
    sctx *ctx = rig_new("context", NULL);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    (void)rig_say(w, rig_topic(ctx, "a"), "x");
    cr_assert_eq(rig_drain(r), 1);
    cr_assert_eq(rig_child_result(rig_child(close_over_own_memory, r)), 0);
    (void)rig_say(w, 0, "y");
    cr_assert_eq(rig_drain(r), 1);
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "context");
}

/* A folder that was named relatively is still found when the program has gone elsewhere, or sees another root. */
static int open_and_go(void *argument) {
    const char *above = argument;
    struct sctx_options o = {.size = sizeof o, .context = "context", .dir = "."};
    sctx *ctx;
    MUST(chdir(above) == 0);
    MUST_OK(sctx_open(&o, &ctx));
    MUST(chdir("/") == 0);
    MUST_OK(sctx_check(ctx));
    MUST(geteuid() != 0 || chroot("/proc/self/fdinfo") == 0);
    MUST_OK(sctx_check(ctx));
    (void)rig_say(rig_writer(ctx), rig_topic(ctx, "a"), "x");
    return 0;
}

Test(context, a_relative_folder) {
    const char *above = getenv("SCTX_DIR");
    sctx *ctx = rig_new("context", NULL);
    cr_assert_not_null(above);
    char copy[PATH_MAX];
    (void)snprintf(copy, sizeof copy, "%s", above);
    cr_assert_eq(rig_child_result(rig_child(open_and_go, copy)), 0);
    rig_end(ctx, "context");
}

static void create_another(const char *name) {
    if (strcmp(name, "remove:renamed") != 0) return;
    sctx_testpoint_hook = NULL;
    struct sctx_create_options o = {.size = sizeof o, .context = "another"};
    MUST_OK(sctx_create(&o));
}

/* Who makes a context cleans up what the dead left; what is just being removed is not that. */
Test(context, others_are_made_while_one_is_removed) {
    sctx *ctx = rig_new("context", NULL);
    sctx_testpoint_hook = create_another;
    cr_assert_eq(sctx_remove("context", NULL, NULL), SCTX_OK);
    cr_assert_null(sctx_testpoint_hook);
    cr_assert_eq(sctx_check(ctx), SCTX_ERR_REMOVED);
    sctx_close(ctx);
    cr_assert_eq(sctx_remove("another", NULL, NULL), SCTX_OK);
}
