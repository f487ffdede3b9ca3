/* Topics: (name, encoding, schema) to id and back; who makes one at once makes one. */
#include "context.h"
#include "rig.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static int make(sctx *ctx, const char *name, const char *encoding, const void *schema, uint32_t schema_bytes, uint16_t *id) {
    struct sctx_topic_options o = {.size = sizeof o, .name = name, .encoding = encoding, .schema = schema, .schema_bytes = schema_bytes};
    return sctx_topic_register(ctx, &o, id);
}

static uint16_t made(sctx *ctx, const char *name, const char *encoding, const char *schema) {
    uint16_t id = UINT16_MAX;
    cr_assert_eq(make(ctx, name, encoding, schema, schema ? (uint32_t)strlen(schema) : 0, &id), SCTX_OK);
    return id;
}

Test(topic, identity) {
    sctx *ctx = rig_new("topic", NULL);
    cr_expect_eq(made(ctx, "a", NULL, NULL), 0, "new, with the encoding ''");
    cr_expect_eq(made(ctx, "a", "", NULL), 0);
    cr_expect_eq(made(ctx, "a", "json", NULL), 1, "another encoding, another id");
    cr_expect_eq(made(ctx, "a", "json", "{}"), 2, "another schema as well");
    cr_expect_eq(made(ctx, "a", "json", "{ }"), 3);
    cr_expect_eq(made(ctx, "b", "json", "{}"), 4);
    cr_expect_eq(made(ctx, "a", "json", "{}"), 2);
    cr_expect_eq(made(ctx, "a", NULL, NULL), 0, "the first of that name");
    cr_expect_eq(made(ctx, "b", NULL, NULL), 4, "whatever its encoding");
    cr_expect_eq(sctx_topic_count(ctx), 5);
    const struct sctx_topic *t = NULL;
    cr_assert_eq(sctx_topic_get(ctx, 3, &t), SCTX_OK);
    cr_expect(strcmp(t->name, "a") == 0 && strcmp(t->encoding, "json") == 0 && t->schema_bytes == 3 && memcmp(t->schema, "{ }", 3) == 0 &&
              t->id == 3);
    cr_assert_eq(sctx_topic_get(ctx, 0, &t), SCTX_OK);
    cr_expect(t->schema == NULL && t->schema_bytes == 0 && *t->encoding == '\0');
    const struct sctx_topic *before = t;
    cr_expect_eq(sctx_topic_get(ctx, 5, &t), SCTX_ERR_NOT_FOUND);
    cr_expect_eq(sctx_topic_get(ctx, UINT16_MAX, &t), SCTX_ERR_NOT_FOUND);
    cr_expect_eq(t, before, "untouched on failure");
    rig_end(ctx, "topic");
}

Test(topic, what_is_refused) {
    static unsigned char big[SCTX_SCHEMA_MAX + 1];
    char encoding[SCTX_ENCODING_MAX + 2];
    sctx *ctx = rig_new("topic", NULL);
    uint16_t id = 77;
    memset(encoding, 'e', sizeof encoding);
    encoding[sizeof encoding - 1] = '\0';
    cr_expect_eq(make(ctx, "a/*", "", NULL, 0, &id), SCTX_ERR_NAME);
    cr_expect_eq(make(ctx, "", "", NULL, 0, &id), SCTX_ERR_NAME);
    cr_expect_eq(make(ctx, NULL, "", NULL, 0, &id), SCTX_ERR_NAME);
    cr_expect_eq(make(ctx, "a", encoding, NULL, 0, &id), SCTX_ERR_NAME);
    cr_expect_eq(make(ctx, "a", "js\non", NULL, 0, &id), SCTX_ERR_NAME);
    cr_expect_eq(make(ctx, "a", "", big, sizeof big, &id), SCTX_ERR_INVALID);
    cr_expect_eq(make(ctx, "a", "", NULL, 1, &id), SCTX_ERR_INVALID);
    cr_expect_eq(make(NULL, "a", "", NULL, 0, &id), SCTX_ERR_INVALID);
    cr_expect_eq(sctx_topic_register(ctx, NULL, &id), SCTX_ERR_INVALID);
    cr_expect_eq(id, 77, "untouched on failure");
    cr_expect_eq(sctx_topic_count(ctx), 0);
    encoding[SCTX_ENCODING_MAX] = '\0';
    cr_expect_eq(make(ctx, "a", encoding, NULL, 0, &id), SCTX_OK);
    rig_fill(big, SCTX_SCHEMA_MAX, 1);
    cr_expect_eq(make(ctx, "a", "", big, SCTX_SCHEMA_MAX, &id), SCTX_OK, "the largest schema");
    sctx *tap = rig_tap("topic");
    const struct sctx_topic *t = NULL;
    cr_assert_eq(sctx_topic_get(tap, id, &t), SCTX_OK);
    cr_expect(t->schema_bytes == SCTX_SCHEMA_MAX && memcmp(t->schema, big, SCTX_SCHEMA_MAX) == 0);
    sctx_close(tap);
    rig_end(ctx, "topic");
}

/* What is handed out stays while thousands more come. */
Test(topic, borrowed_until_close) {
    sctx *ctx = rig_new("topic", NULL), *other = rig_join("topic", "other");
    char name[32];
    cr_assert_eq(made(ctx, "first", "json", "schema"), 0);
    const struct sctx_topic *first = NULL, *t = NULL;
    cr_assert_eq(sctx_topic_get(ctx, 0, &first), SCTX_OK);
    for (unsigned i = 1; i <= 3000; i++) {
        (void)snprintf(name, sizeof name, "t/%u", i);
        cr_assert_eq(made(i % 2 ? ctx : other, name, "", NULL), i);
    }
    cr_assert(strcmp(first->name, "first") == 0 && strcmp(first->schema, "schema") == 0);
    for (unsigned i = 1; i <= 3000; i++) {
        (void)snprintf(name, sizeof name, "t/%u", i);
        cr_assert_eq(sctx_topic_get(other, (uint16_t)i, &t), SCTX_OK);
        cr_assert_str_eq(t->name, name);
    }
    sctx_close(other);
    rig_end(ctx, "topic");
}

/* The limits, brought nearer: our copy of the header says how many there may be. */
Test(topic, full) {
    sctx *ctx = rig_new("topic", NULL);
    cr_assert_eq(ctx->header.section[SECTION_TOPICS].count, 65535);
    ctx->header.section[SECTION_TOPICS].count = 300;
    char name[32];
    uint16_t id = 0;
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(name, sizeof name, "t/%u", i);
        cr_assert_eq(made(ctx, name, "", NULL), i);
    }
    cr_expect_eq(make(ctx, "more", "", NULL, 0, &id), SCTX_ERR_FULL);
    cr_expect_eq(made(ctx, "t/7", NULL, NULL), 7, "those that are there are still found");
    rig_end(ctx, "topic");

    static unsigned char schema[100000];
    ctx = rig_new("topic", NULL);
    ctx->header.section[SECTION_HEAP].count = 1u << 20;
    unsigned n = 0;
    int rc;
    for (rc = SCTX_OK; rc == SCTX_OK && n < 100; n += rc == SCTX_OK) {
        memset(schema, (int)n, sizeof schema);
        rc = make(ctx, "a", "", schema, sizeof schema, &id);
    }
    cr_expect_eq(rc, SCTX_ERR_FULL);
    cr_expect_eq(n, 10);
    cr_expect_eq(sctx_topic_count(ctx), 10);
    cr_expect_eq(make(ctx, "small", "", NULL, 0, &id), SCTX_OK, "there is room for something small");
    rig_end(ctx, "topic");
}

/* ---- many at once ----------------------------------------------------------------------------------------------------------- */

#define PROCESSES 8u
#define NAMES 200u

static struct {
    _Atomic uint32_t ready;
    uint16_t ids[PROCESSES][NAMES];
} * shared;

static int register_all(void *argument) {
    unsigned me = *(unsigned *)argument;
    sctx *ctx = rig_join("topic", "child");
    rig_meet(&shared->ready, PROCESSES);
    for (unsigned i = 0; i < NAMES; i++) {
        unsigned n = (i * (2 * me + 1) + me * 25) % NAMES; /* each in an order of its own */
        if ((2 * me + 1) % 5 == 0) n = (i + me * 25) % NAMES;
        char name[32];
        (void)snprintf(name, sizeof name, "same/%u", n);
        MUST_OK(make(ctx, name, "json", name, (uint32_t)strlen(name), &shared->ids[me][n]));
    }
    sctx_close(ctx);
    return 0;
}

Test(topic, eight_processes_register_the_same_names, .timeout = 40) {
    shared = rig_shared(sizeof *shared);
    sctx *ctx = rig_new("topic", NULL);
    unsigned numbers[PROCESSES];
    pid_t children[PROCESSES];
    for (unsigned i = 0; i < PROCESSES; i++) {
        numbers[i] = i;
        children[i] = rig_child(register_all, &numbers[i]);
    }
    for (unsigned i = 0; i < PROCESSES; i++) cr_assert_eq(rig_child_result(children[i]), 0);
    cr_assert_eq(sctx_topic_count(ctx), NAMES);
    for (unsigned n = 0; n < NAMES; n++) {
        char name[32];
        const struct sctx_topic *t = NULL;
        (void)snprintf(name, sizeof name, "same/%u", n);
        for (unsigned i = 1; i < PROCESSES; i++) cr_assert_eq(shared->ids[i][n], shared->ids[0][n], "%s", name);
        cr_assert_eq(sctx_topic_get(ctx, shared->ids[0][n], &t), SCTX_OK);
        cr_assert_str_eq(t->name, name);
    }
    cr_assert_leq(rig_info(ctx).memory_tables, 64 * 1024);
    rig_end(ctx, "topic");
}

/* Many entries that name the same large block would take its size many times over in whoever reads them. */
Test(topic, forged_entries_cost_no_more_than_the_heap) {
    static char schema[SCTX_SCHEMA_MAX];
    struct sctx_create_options with = {.cells = 64, .arena_bytes = 64u << 10};
    sctx *ctx = rig_new("topic", &with);
    uint16_t id;
    cr_assert_eq(make(ctx, "large", "x", schema, sizeof schema, &id), SCTX_OK);
    uint64_t entry = load_relaxed(&ctx->topics[0]);
    for (uint32_t i = 1; i < 200; i++) store_release(&ctx->topics[i], entry);
    sctx *tap = rig_tap("topic");
    const struct sctx_topic *t;
    uint32_t fine = 0;
    cr_assert_eq(sctx_topic_count(tap), 200);
    for (uint16_t i = 0; i < 200; i++) fine += sctx_topic_get(tap, i, &t) == SCTX_OK;
    cr_assert(fine >= 1 && fine <= LAYOUT_HEAP_BYTES / SCTX_SCHEMA_MAX, "%u", fine);
    sctx_close(tap);
    rig_end(ctx, "topic");
}
