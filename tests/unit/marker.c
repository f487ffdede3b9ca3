/* Markers: levels of three kinds, exact under concurrent adds, thresholds and their announcements. */
#include "rig.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static sctx_marker *opened(sctx *ctx, const char *name, uint32_t kind, const char *unit) {
    struct sctx_marker_options o = {.size = sizeof o, .kind = kind, .name = name, .unit = unit};
    sctx_marker *m = NULL;
    MUST_OK(sctx_marker_open(ctx, &o, &m));
    return m;
}

static struct sctx_marker_state state_of(sctx *ctx, const char *name) {
    struct sctx_marker_state s = SCTX_INIT(s);
    uint32_t id = 0;
    MUST_OK(sctx_marker_find(ctx, name, &id));
    MUST_OK(sctx_marker_get(ctx, id, &s));
    MUST(s.id == id && strcmp(s.name, name) == 0);
    return s;
}

Test(marker, kinds) {
    sctx *ctx = rig_new("marker", NULL);
    sctx_marker *f = opened(ctx, "f", SCTX_MARKER_F64, "°C"), *i = opened(ctx, "i", SCTX_MARKER_I64, NULL),
                *c = opened(ctx, "c", SCTX_MARKER_COUNTER, "B");
    sctx_level now;
    cr_expect(sctx_marker_level(f).f64 == 0 && sctx_marker_level(i).i64 == 0 && sctx_marker_level(c).counter == 0, "a new one is 0");
    cr_expect_eq(state_of(ctx, "f").time_ns, 0, "never set");
    cr_expect_eq(sctx_marker_set(f, (sctx_level){.f64 = 1.5}), SCTX_OK);
    cr_expect_eq(sctx_marker_add(f, (sctx_level){.f64 = -4}, &now), SCTX_OK);
    cr_expect(now.f64 == -2.5 && sctx_marker_level(f).f64 == -2.5);
    cr_expect_eq(sctx_marker_set(i, (sctx_level){.i64 = INT64_MAX}), SCTX_OK);
    cr_expect_eq(sctx_marker_add(i, (sctx_level){.i64 = -1}, &now), SCTX_OK);
    cr_expect_eq(now.i64, INT64_MAX - 1);
    cr_expect_eq(sctx_marker_add(c, (sctx_level){.counter = UINT64_MAX}, &now), SCTX_OK);
    cr_expect_eq(sctx_marker_add(c, (sctx_level){.counter = 3}, &now), SCTX_OK);
    cr_expect_eq(now.counter, 2, "it wraps");
    cr_expect_eq(sctx_marker_add(c, (sctx_level){.counter = 3}, NULL), SCTX_OK);
    cr_expect_eq(sctx_marker_set(c, (sctx_level){.counter = 0}), SCTX_ERR_KIND, "a counter is only added to");
    cr_expect_eq(sctx_marker_level(c).counter, 5);
    struct sctx_marker_state s = state_of(ctx, "f");
    cr_expect(s.kind == SCTX_MARKER_F64 && strcmp(s.unit, "°C") == 0 && s.level.f64 == -2.5 && s.flags == 0 && s.time_ns > 0);
    cr_expect_str_eq(state_of(ctx, "i").unit, "");
    cr_expect_eq(sctx_marker_count(ctx), 3);
    cr_expect_eq(sctx_marker_level(NULL).counter, 0);
    sctx_marker_close(f);
    sctx_marker_close(i);
    sctx_marker_close(c);
    sctx_marker_close(NULL);
    rig_end(ctx, "marker");
}

Test(marker, what_is_refused) {
    sctx *ctx = rig_new("marker", NULL), *tap = rig_tap("marker");
    sctx_marker *a = opened(ctx, "a", SCTX_MARKER_I64, "kg"), *m = NULL;
    struct sctx_marker_state s = SCTX_INIT(s);
    struct {
        struct sctx_marker_options o;
        int status;
    } cases[] = {{{.kind = SCTX_MARKER_F64, .name = "a"}, SCTX_ERR_KIND},
                 {{.kind = SCTX_MARKER_COUNTER, .name = "a"}, SCTX_ERR_KIND},
                 {{.kind = 0, .name = "b"}, SCTX_ERR_NOT_FOUND},
                 {{.kind = 4, .name = "b"}, SCTX_ERR_INVALID},
                 {{.kind = SCTX_MARKER_I64, .name = ""}, SCTX_ERR_NAME},
                 {{.kind = SCTX_MARKER_I64, .name = "a/*"}, SCTX_ERR_NAME},
                 {{.kind = SCTX_MARKER_I64, .name = NULL}, SCTX_ERR_NAME},
                 {{.kind = SCTX_MARKER_I64, .name = "b", .flags = 8}, SCTX_ERR_INVALID},
                 {{.kind = SCTX_MARKER_I64, .name = "b", .unit = "0123456789abcdef"}, SCTX_ERR_NAME}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cases[i].o.size = sizeof cases[i].o;
        cr_expect_eq(sctx_marker_open(ctx, &cases[i].o, &m), cases[i].status, "case %zu", i);
    }
    cr_expect_eq(sctx_marker_open(ctx, NULL, &m), SCTX_ERR_INVALID);
    struct sctx_marker_options on_tap = {.size = sizeof on_tap, .kind = SCTX_MARKER_I64, .name = "b"};
    cr_expect_eq(sctx_marker_open(tap, &on_tap, &m), SCTX_ERR_NOT_FOUND);
    cr_expect_null(m, "untouched on failure");
    uint32_t id = 77;
    cr_expect_eq(sctx_marker_find(ctx, "b", &id), SCTX_ERR_NOT_FOUND);
    cr_expect_eq(sctx_marker_get(ctx, 1, &s), SCTX_ERR_NOT_FOUND);
    cr_expect_eq(sctx_marker_get(ctx, UINT32_MAX, &s), SCTX_ERR_NOT_FOUND);
    cr_expect_eq(id, 77);
    cr_expect_eq(sctx_marker_set(NULL, (sctx_level){0}), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_marker_count(ctx), 1);
    m = opened(ctx, "a", 0, NULL); /* there already: any kind */
    cr_expect_eq(sctx_marker_set(m, (sctx_level){.i64 = 3}), SCTX_OK);
    cr_expect_eq(sctx_marker_level(a).i64, 3);
    sctx_marker_close(m);
    m = opened(ctx, "a", SCTX_MARKER_I64, "other"); /* the unit is its maker's */
    cr_expect_str_eq(state_of(ctx, "a").unit, "kg");
    sctx_marker_close(m);
    sctx_marker_close(a);
    sctx_close(tap);
    rig_end(ctx, "marker");
}

/* ---- at once ---------------------------------------------------------------------------------------------------------------- */

#define PROCESSES 4u
#define ADDS 200000u

static _Atomic uint32_t *ready;

static int add_all(void *argument) {
    (void)argument;
    sctx *ctx = rig_join("marker", "adder");
    sctx_marker *f = opened(ctx, "f", SCTX_MARKER_F64, NULL), *i = opened(ctx, "i", SCTX_MARKER_I64, NULL),
                *c = opened(ctx, "c", SCTX_MARKER_COUNTER, NULL);
    rig_meet(ready, PROCESSES);
    for (unsigned n = 0; n < ADDS; n++) {
        MUST_OK(sctx_marker_add(f, (sctx_level){.f64 = 0.5}, NULL)); /* exact in binary */
        MUST_OK(sctx_marker_add(i, (sctx_level){.i64 = n % 2 ? 5 : -3}, NULL));
        MUST_OK(sctx_marker_add(c, (sctx_level){.counter = 1}, NULL));
    }
    sctx_marker_close(f);
    sctx_marker_close(i);
    sctx_marker_close(c);
    sctx_close(ctx);
    return 0;
}

Test(marker, concurrent_adds_are_exact, .timeout = 40) {
    ready = rig_shared(sizeof *ready);
    sctx *ctx = rig_new("marker", NULL);
    pid_t children[PROCESSES];
    for (unsigned i = 0; i < PROCESSES; i++) children[i] = rig_child(add_all, NULL);
    for (unsigned i = 0; i < PROCESSES; i++) cr_assert_eq(rig_child_result(children[i]), 0);
    cr_assert_eq(sctx_marker_count(ctx), 3, "each was made once");
    cr_assert_eq(state_of(ctx, "f").level.f64, PROCESSES * ADDS / 2.0);
    cr_assert_eq(state_of(ctx, "i").level.i64, (int64_t)(PROCESSES * ADDS));
    cr_assert_eq(state_of(ctx, "c").level.counter, PROCESSES * ADDS);
    rig_end(ctx, "marker");
}

/* ---- announcements ---------------------------------------------------------------------------------------------------------- */

static sctx_reader *announcements;

/* The next announcement is this; NULL: there is none. */
static void expect_text(const char *text, int line) {
    struct sctx_message m;
    int rc = sctx_read(announcements, &m);
    cr_assert_eq(rc, text ? SCTX_OK : SCTX_AGAIN, "line %d: %s", line, rc == SCTX_OK ? (const char *)m.data : sctx_strerror(rc));
    if (text) cr_assert(m.len == strlen(text) && memcmp(m.data, text, m.len) == 0, "line %d: %.*s", line, (int)m.len, (const char *)m.data);
}
#define EXPECT(text) expect_text(text, __LINE__)
#define SAYS(name, value, was, zone, crossed) \
    "{\"marker\":\"" name "\",\"value\":" value ",\"was\":" was ",\"zone\":\"" zone "\",\"crossed\":" crossed "}"

Test(marker, thresholds) {
    sctx *ctx = rig_new("marker", NULL);
    struct sctx_marker_options o = {.size = sizeof o,
                                    .kind = SCTX_MARKER_I64,
                                    .name = "room/temp",
                                    .low = {.i64 = 5},
                                    .high = {.i64 = 30},
                                    .flags = SCTX_MARKER_HAS_LOW | SCTX_MARKER_HAS_HIGH | SCTX_MARKER_ANNOUNCE};
    sctx_marker *m = NULL;
    announcements = rig_reader(ctx, SCTX_FROM_NOW, 0, "marker/**");
    cr_assert_eq(sctx_marker_open(ctx, &o, &m), SCTX_OK);
    cr_assert_eq(sctx_marker_set(m, (sctx_level){.i64 = 20}), SCTX_OK);
    EXPECT(NULL); /* nobody ever set the 0 that it began with */
    cr_assert_eq(sctx_marker_set(m, (sctx_level){.i64 = 30}), SCTX_OK);
    EXPECT(NULL); /* reaching it is not crossing it */
    cr_assert_eq(sctx_marker_add(m, (sctx_level){.i64 = 1}, NULL), SCTX_OK);
    EXPECT(SAYS("room/temp", "31", "30", "high", "true"));
    cr_assert_eq(sctx_marker_set(m, (sctx_level){.i64 = 90}), SCTX_OK);
    EXPECT(NULL); /* still high */
    cr_assert_eq(sctx_marker_set(m, (sctx_level){.i64 = -7}), SCTX_OK);
    EXPECT(SAYS("room/temp", "-7", "90", "low", "true"));
    cr_assert_eq(sctx_marker_set(m, (sctx_level){.i64 = 5}), SCTX_OK);
    EXPECT(SAYS("room/temp", "5", "-7", "normal", "true")); /* and back */
    const struct sctx_topic *t = NULL;
    cr_assert_eq(sctx_topic_get(ctx, 0, &t), SCTX_OK);
    cr_assert(strcmp(t->name, "marker/room/temp") == 0 && strcmp(t->encoding, "json") == 0);
    struct sctx_marker_state s = state_of(ctx, "room/temp");
    cr_assert(s.low.i64 == 5 && s.high.i64 == 30 && s.flags == o.flags);
    sctx_marker_close(m);
    m = opened(ctx, "room/temp", SCTX_MARKER_I64, NULL); /* flags 0 leave what is there */
    cr_assert_eq(state_of(ctx, "room/temp").flags, o.flags);
    cr_assert_eq(sctx_marker_set(m, (sctx_level){.i64 = 31}), SCTX_OK);
    EXPECT(SAYS("room/temp", "31", "5", "high", "true"));
    sctx_marker_close(m);
    o.name = "room/oven";
    cr_assert_eq(sctx_marker_open(ctx, &o, &m), SCTX_OK);
    cr_assert_eq(sctx_marker_set(m, (sctx_level){.i64 = 31}), SCTX_OK);
    EXPECT(SAYS("room/oven", "31", "null", "high", "true")); /* high from the first */
    sctx_marker_close(m);
    o.name = "room/cellar";
    cr_assert_eq(sctx_marker_open(ctx, &o, &m), SCTX_OK);
    cr_assert_eq(sctx_marker_add(m, (sctx_level){.i64 = 3}, NULL), SCTX_OK);
    EXPECT(SAYS("room/cellar", "3", "null", "low", "true")); /* low from the first, by adding, too */
    sctx_marker_close(m);
    sctx_reader_close(announcements);
    rig_end(ctx, "marker");
}

Test(marker, steps_and_numbers) {
    sctx *ctx = rig_new("marker", NULL);
    struct sctx_marker_options o = {
        .size = sizeof o, .kind = SCTX_MARKER_F64, .name = "say \"x\\\"", .step = {.f64 = 0.25}, .flags = SCTX_MARKER_ANNOUNCE};
    sctx_marker *m = NULL;
    announcements = rig_reader(ctx, SCTX_FROM_NOW, 0, "marker/**");
    cr_assert_eq(sctx_marker_open(ctx, &o, &m), SCTX_OK);
    cr_assert_eq(sctx_marker_set(m, (sctx_level){.f64 = 0.125}), SCTX_OK);
    EXPECT(NULL);
    cr_assert_eq(sctx_marker_set(m, (sctx_level){.f64 = 0.25}), SCTX_OK);
    EXPECT(SAYS("say \\\"x\\\\\\\"", "0.25", "0.125", "normal", "false"));
    cr_assert_eq(sctx_marker_set(m, (sctx_level){.f64 = 0.1}), SCTX_OK);
    EXPECT(NULL); /* 0.15 since the last time */
    cr_assert_eq(sctx_marker_set(m, (sctx_level){.f64 = 1e300}), SCTX_OK);
    EXPECT(SAYS("say \\\"x\\\\\\\"", "1e+300", "0.1", "normal", "false"));
    cr_assert_eq(sctx_marker_set(m, (sctx_level){.f64 = -HUGE_VAL}), SCTX_OK);
    EXPECT(SAYS("say \\\"x\\\\\\\"", "{\"$float\":\"-inf\"}", "1e+300", "normal", "false"));
    sctx_marker_close(m);
    sctx_reader_close(announcements);
    rig_end(ctx, "marker");
}

/* Ups and downs around a threshold from several processes: they alternate, so as many went up as came down. */
#define CROSSINGS 2000u

static int cross_all(void *argument) {
    (void)argument;
    sctx *ctx = rig_join("marker", "crosser");
    sctx_marker *m = opened(ctx, "edge", SCTX_MARKER_I64, NULL);
    rig_meet(ready, PROCESSES);
    for (unsigned n = 0; n < CROSSINGS; n++) {
        MUST_OK(sctx_marker_add(m, (sctx_level){.i64 = 1}, NULL));
        MUST_OK(sctx_marker_add(m, (sctx_level){.i64 = -1}, NULL));
    }
    sctx_marker_close(m);
    sctx_close(ctx);
    return 0;
}

Test(marker, no_crossing_is_lost_or_told_twice, .timeout = 40) {
    ready = rig_shared(sizeof *ready);
    sctx *ctx = rig_new("marker", NULL);
    struct sctx_marker_options o = {.size = sizeof o,
                                    .kind = SCTX_MARKER_I64,
                                    .name = "edge",
                                    .high = {.i64 = 2},
                                    .flags = SCTX_MARKER_HAS_HIGH | SCTX_MARKER_ANNOUNCE};
    sctx_marker *m = NULL;
    cr_assert_eq(sctx_marker_open(ctx, &o, &m), SCTX_OK);
    announcements = rig_reader(ctx, SCTX_FROM_NOW, 0, "marker/edge");
    pid_t children[PROCESSES];
    for (unsigned i = 0; i < PROCESSES; i++) children[i] = rig_child(cross_all, NULL);
    for (unsigned i = 0; i < PROCESSES; i++) cr_assert_eq(rig_child_result(children[i]), 0);
    uint64_t up = 0, down = 0;
    struct sctx_message msg;
    while (sctx_read(announcements, &msg) == SCTX_OK) {
        char text[200] = "";
        cr_assert_lt(msg.len, sizeof text);
        memcpy(text, msg.data, msg.len);
        cr_assert_not_null(strstr(text, "\"crossed\":true"), "%s", text);
        up += strstr(text, "\"value\":3,\"was\":2,\"zone\":\"high\"") != NULL;
        down += strstr(text, "\"value\":2,\"was\":3,\"zone\":\"normal\"") != NULL;
    }
    cr_assert_eq(rig_stats(announcements).lost + rig_stats(announcements).gone, 0);
    cr_assert_eq(up, down, "%llu up, %llu down", (unsigned long long)up, (unsigned long long)down);
    cr_assert_eq(up + down, rig_stats(announcements).delivered);
    sctx_marker_close(m);
    sctx_reader_close(announcements);
    rig_end(ctx, "marker");
}
