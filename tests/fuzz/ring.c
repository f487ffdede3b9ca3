/* Fuzzes everything that reads what others can write to: a context is spoiled (base.h, patch.c), also in the middle of a call, and every
 * function is called on it, joined and tapping. What must hold whatever it contains:
 *
 *   - no call reads or writes out of bounds (AddressSanitizer), or does what C does not define (UndefinedBehaviorSanitizer)
 *   - every call ends within bounded time: CALL_NS of the processor, the deadline of libFuzzer (-timeout) on the clock
 *   - a reader's account balances after every call; a message is no longer than an arena; its bytes can be read
 *   - names are as sctx.h says, and end */
#define _GNU_SOURCE
#include "base.h"
#include "command.h"
#include "layout.h"
#include "name.h"
#include "testpoint.h"
#include <sctx/sctx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALL_NS INT64_C(1500000000)
#define READERS 4u

static struct {
    sctx *ctx[2]; /* a tap, a participant */
    sctx_reader *readers[READERS];
    unsigned reader_ctx[READERS];
    sctx_writer *writer;
    sctx_marker *marker;
    struct command armed; /* op OP_ARM: yet to come */
    uint32_t steps;
} run;

/* ---- what must hold ------------------------------------------------------------------------------------------------------- */

static void touch(const void *data, size_t len) {
    const uint8_t *p = data;
    uint8_t sum = 0;
    for (size_t i = 0; i < len; i += i + 64 < len ? 64 : 1) sum = (uint8_t)(sum + p[i]);
    __asm__ volatile("" ::"r"(sum)); /* the reads must happen */
}

static void check_account(const sctx_reader *r) {
    struct sctx_reader_stats s = SCTX_INIT(s);
    MUST(sctx_reader_stats(r, &s) == SCTX_OK);
    MUST(s.cursor - s.start_seq == s.delivered + s.filtered + s.lost + s.gone);
}

static void check_message(const struct sctx_message *m) {
    MUST(m->len <= LAYOUT_ARENA_MAX && m->data && (uintptr_t)m->data % 8 == 0);
    MUST((m->flags & ~(SCTX_MSG_CAUSE | SCTX_MSG_CAUSE_EXPLICIT)) == 0);
    touch(m->data, m->len);
}

static void check_status(int rc) {
    MUST(rc <= SCTX_OK && rc >= SCTX_ERR_SYSTEM && rc != SCTX_ERR_FORKED);
}

/* ---- handles: whatever a command needs is opened as it goes ------------------------------------------------------------------- */

static void close_handles(unsigned of) {
    for (unsigned i = 0; i < READERS; i++) {
        if (!run.readers[i] || run.reader_ctx[i] != of) continue;
        sctx_reader_close(run.readers[i]);
        run.readers[i] = NULL;
    }
    if (of == 1) {
        sctx_writer_close(run.writer);
        sctx_marker_close(run.marker);
        run.writer = NULL;
        run.marker = NULL;
    }
    sctx_close(run.ctx[of]);
    run.ctx[of] = NULL;
}

static sctx *context(unsigned which) {
    struct sctx_error error = {0};
    struct sctx_options o = {.size = sizeof o, .context = BASE_CONTEXT, .name = "fuzz", .error = &error};
    which &= 1;
    if (run.ctx[which]) return run.ctx[which];
    if (which) base_touch_files();
    int rc = which ? sctx_open(&o, &run.ctx[1]) : sctx_tap_open(&o, &run.ctx[0]);
    check_status(rc);
    MUST((rc == SCTX_OK) == (run.ctx[which] != NULL) && memchr(error.text, 0, sizeof error.text));
    return run.ctx[which];
}

static void open_again(const struct command *c) {
    close_handles(c->a & 1);
    (void)context(c->a);
}

static void open_reader(const struct command *c) {
    static const char *const patterns[] = {"a/*", "**/temp", "**", "marker/**", "none", "a/b"};
    unsigned which = c->a % READERS, of = c->a >> 2 & 1;
    struct sctx_reader_options o = {.size = sizeof o, .flags = c->b & 3u, .from = (c->b >> 2) % 3u, .seq = c->d};
    o.pattern_count = c->b >> 4 & 3u;
    o.patterns = patterns + (c->b >> 6) % 4u;
    sctx_reader_close(run.readers[which]);
    run.readers[which] = NULL;
    if (!context(of)) return;
    run.reader_ctx[which] = of;
    int rc = sctx_reader_open(run.ctx[of], &o, &run.readers[which]);
    check_status(rc);
    if (rc == SCTX_OK) check_account(run.readers[which]);
}

static sctx_reader *reader(const struct command *c) {
    struct command from_start = {.a = c->a, .b = SCTX_FROM_START << 2};
    if (!run.readers[c->a % READERS]) open_reader(&from_start);
    return run.readers[c->a % READERS];
}

static sctx_writer *writer(uint32_t flags) {
    struct sctx_writer_options o = {.size = sizeof o, .flags = flags};
    if (!run.writer && context(1)) check_status(sctx_writer_open(run.ctx[1], &o, &run.writer));
    return run.writer;
}

/* ---- reading -------------------------------------------------------------------------------------------------------------- */

static void read_some(const struct command *c, int (*call)(sctx_reader *, struct sctx_message *)) {
    sctx_reader *r = reader(c);
    for (unsigned n = c->b % 128u + 1; r && n > 0; n--) {
        struct sctx_message m;
        int rc = call(r, &m);
        check_account(r);
        check_status(rc);
        if (rc != SCTX_OK) break;
        check_message(&m);
        (void)sctx_still_valid(r, &m);
        check_account(r);
    }
}
static void read_copies(const struct command *c) {
    read_some(c, sctx_read);
}
static void read_in_place(const struct command *c) {
    read_some(c, sctx_peek);
}

static void wait_some(const struct command *c) {
    sctx_reader *r = reader(c);
    if (!r) return;
    check_status(sctx_wait(r, c->b % 1000 * INT64_C(1000)));
    check_account(r);
}

static void seek(const struct command *c) {
    sctx_reader *r = reader(c);
    if (r) check_status(sctx_reader_seek(r, c->d));
}

static void watch(const struct command *c) {
    struct sctx_message m;
    sctx_reader *r = reader(c);
    if (!r || sctx_reader_fd(r) < 0) return;
    for (unsigned i = 0; i < 200 && sctx_read(r, &m) == SCTX_OK; i++) check_message(&m);
}

/* ---- asking --------------------------------------------------------------------------------------------------------------- */

static void list_topics(const struct command *c) {
    sctx *ctx = context(c->a);
    uint32_t count = sctx_topic_count(ctx);
    MUST(count <= LAYOUT_TOPIC_SLOTS);
    for (uint32_t i = 0; ctx && i < count + 1; i++) {
        const struct sctx_topic *t;
        int rc = sctx_topic_get(ctx, (uint16_t)i, &t);
        check_status(rc);
        if (rc != SCTX_OK) continue;
        MUST(name_is_topic(t->name) && t->id == i && t->schema_bytes <= SCTX_SCHEMA_MAX && (t->schema != NULL) == (t->schema_bytes > 0));
        MUST(!*t->encoding || name_is_text(t->encoding, SCTX_ENCODING_MAX));
        if (i < 64) touch(t->schema, t->schema_bytes);
        if (i < 64) (void)sctx_topic_matches("a/**/b", t->name);
    }
}

static void list_participants(const struct command *c) {
    sctx *ctx = context(c->a);
    uint32_t found = 0; /* each of them looks at two tables: not too many at once */
    for (uint32_t i = c->b % LAYOUT_PARTICIPANT_SLOTS; ctx && found < 16 && i < sctx_participant_slots(ctx) + 1; i++) {
        struct sctx_participant p = SCTX_INIT(p);
        int rc = sctx_participant_get(ctx, i, &p);
        check_status(rc);
        if (rc != SCTX_OK) continue;
        MUST(p.join && memchr(p.name, 0, sizeof p.name) && p.alive <= SCTX_ALIVE_BY_PID && p.roles < 8);
        MUST(strlen(sctx_participant_name(ctx, p.join)) <= SCTX_NAME_MAX);
        found++;
    }
}

static void ask_name(const struct command *c) {
    if (context(c->a)) MUST(strlen(sctx_participant_name(context(c->a), (uint32_t)c->d)) <= SCTX_NAME_MAX);
}

static void list_markers(const struct command *c) {
    sctx *ctx = context(c->a);
    uint32_t count = sctx_marker_count(ctx), found;
    MUST(count <= LAYOUT_MARKER_SLOTS);
    for (uint32_t i = 0; ctx && i < count + 1; i++) {
        struct sctx_marker_state s = SCTX_INIT(s);
        int rc = sctx_marker_get(ctx, i, &s);
        check_status(rc);
        if (rc == SCTX_OK) MUST(name_is_topic(s.name) && strlen(s.unit) < 16 && s.kind - 1 < 3 && s.flags < 8);
    }
    if (ctx) check_status(sctx_marker_find(ctx, "count", &found));
}

static void look_around(const struct command *c) {
    sctx *ctx = context(c->a);
    struct sctx_info i = SCTX_INIT(i);
    if (!ctx) return;
    int rc = sctx_info_get(ctx, &i);
    check_status(rc);
    if (rc == SCTX_OK) MUST(memchr(i.name, 0, sizeof i.name) && memchr(i.path, 0, sizeof i.path) && i.topics <= LAYOUT_TOPIC_SLOTS);
    check_status(sctx_check(ctx));
}

/* ---- writing -------------------------------------------------------------------------------------------------------------- */

static const uint8_t payload[1u << 17];

static void register_topic(const struct command *c) {
    static const char *const names[] = {"a/b", "new", "sensors/x/temp", "new/one"}, *const encodings[] = {NULL, "", "json", "x"};
    char name[24];
    uint16_t id;
    struct sctx_topic_options o = {.size = sizeof o, .name = names[c->b & 3], .encoding = encodings[c->b >> 2 & 3], .schema = "ab"};
    o.schema_bytes = c->b >> 4 & 3;
    if (c->b >> 6 & 1) {
        (void)snprintf(name, sizeof name, "new/%x", (uint32_t)c->d);
        o.name = name;
    }
    if (context(c->a)) check_status(sctx_topic_register(context(c->a), &o, &id));
}

static void open_writer(const struct command *c) {
    (void)writer(c->a & 1);
}

static void publish(const struct command *c) {
    uint64_t seq;
    if (writer(0)) check_status(sctx_publish(run.writer, c->b % 6u, payload, c->c % sizeof payload, &seq));
}

static void publish_batch(const struct command *c) {
    struct sctx_outgoing m[3];
    size_t done = 0;
    for (unsigned i = 0; i < 3; i++)
        m[i] = (struct sctx_outgoing){.data = payload, .len = c->c % 4000u, .topic = c->b % 4u, .cause_mode = (uint16_t)i, .cause = c->d};
    if (!writer(0)) return;
    int rc = sctx_publish_batch(run.writer, m, 3, &done);
    check_status(rc);
    MUST((rc == SCTX_OK) == (done == 3));
}

static void reserve(const struct command *c) {
    void *room;
    size_t len = c->c % sizeof payload;
    if (!writer(0)) return;
    int rc = sctx_reserve(run.writer, len, &room);
    check_status(rc);
    if (rc == SCTX_OK) memcpy(room, payload, len);
    if (c->b & 1) check_status(sctx_commit(run.writer, 0, len, NULL));
    if (c->b & 2) sctx_abort(run.writer);
}

static void commit(const struct command *c) {
    if (!run.writer) return;
    check_status(sctx_commit(run.writer, c->b % 6u, c->c, NULL));
    MUST(strlen(sctx_writer_error(run.writer)) < sizeof(struct sctx_error));
}

static void open_marker(const struct command *c) {
    static const char *const names[] = {"load", "balance", "count", "fresh"};
    struct sctx_marker_options o = {.size = sizeof o, .name = names[c->a & 3], .kind = c->a >> 2 & 3, .flags = c->a >> 4 & 7};
    o.high.counter = c->d;
    o.step.counter = c->d >> 8;
    sctx_marker_close(run.marker);
    run.marker = NULL;
    if (context(1)) check_status(sctx_marker_open(run.ctx[1], &o, &run.marker));
}

static void change_level(const struct command *c) {
    sctx_level now, level = {.counter = c->d};
    if (!run.marker) open_marker(&(struct command){.a = c->a >> 1 & 3});
    if (!run.marker) return;
    check_status(c->a & 1 ? sctx_marker_set(run.marker, level) : sctx_marker_add(run.marker, level, &now));
    (void)sctx_marker_level(run.marker);
}

static void close_one(const struct command *c) {
    unsigned what = c->a % 8u;
    if (what < READERS) {
        sctx_reader_close(run.readers[what]);
        run.readers[what] = NULL;
    } else if (what == READERS) {
        sctx_writer_close(run.writer);
        run.writer = NULL;
    } else {
        close_handles(what & 1);
    }
}

static void remove_context(const struct command *c) {
    struct sctx_error error;
    (void)c;
    base_removed();
    check_status(sctx_remove(BASE_CONTEXT, NULL, &error));
}

/* ---- an input ------------------------------------------------------------------------------------------------------------- */

static __thread bool calls; /* not in the thread behind a descriptor: it may be anywhere while files are cut and put back */

static void at_step(const char *name) {
    (void)name;
    if (!calls || run.armed.op != OP_ARM || run.steps++ < PATCH_AT(run.armed.c)) return;
    struct command patch = run.armed;
    run.armed.op = OP_PATCH; /* only once */
    patch_apply(&patch);
}

static void arm(const struct command *c) {
    run.armed = *c;
    run.armed.op = OP_ARM;
    run.steps = 0;
}
static void fix(const struct command *c) {
    base_fix(c->a);
}
static void cut(const struct command *c) {
    base_cut(c->a, c->d);
}

static int64_t processor_ns(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void (*const commands[OP_COUNT])(const struct command *) = {
    [OP_PATCH] = patch_apply,
    [OP_FIX] = fix,
    [OP_CUT] = cut,
    [OP_ARM] = arm,
    [OP_OPEN] = open_again,
    [OP_READER] = open_reader,
    [OP_READ] = read_copies,
    [OP_PEEK] = read_in_place,
    [OP_WAIT] = wait_some,
    [OP_SEEK] = seek,
    [OP_FD] = watch,
    [OP_TOPICS] = list_topics,
    [OP_PARTICIPANTS] = list_participants,
    [OP_NAMES] = ask_name,
    [OP_MARKERS] = list_markers,
    [OP_INFO] = look_around,
    [OP_REGISTER] = register_topic,
    [OP_WRITER] = open_writer,
    [OP_PUBLISH] = publish,
    [OP_BATCH] = publish_batch,
    [OP_RESERVE] = reserve,
    [OP_COMMIT] = commit,
    [OP_MARKER] = open_marker,
    [OP_LEVEL] = change_level,
    [OP_CLOSE] = close_one,
    [OP_REMOVE] = remove_context,
};

/* What is armed is for one call. */
static void command(const struct command *c) {
    unsigned op = c->op % OP_COUNT;
    int64_t before = processor_ns();
    commands[op](c);
    int64_t took = processor_ns() - before;
    if (took > CALL_NS) base_die("a call took too long, in ns", took);
    if (op > OP_ARM) run.armed.op = OP_PATCH;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    base_open();
    calls = true;
    sctx_testpoint_hook = at_step;
    for (unsigned i = 0; i < COMMANDS_MOST && size >= sizeof(struct command); i++) {
        struct command c;
        memcpy(&c, data, sizeof c);
        data += sizeof c;
        size -= sizeof c;
        command(&c);
    }
    sctx_testpoint_hook = NULL;
    run.armed.op = OP_PATCH;
    for (unsigned i = 0; i < 2; i++) close_handles(i);
    base_restore();
    return 0;
}
