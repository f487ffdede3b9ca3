/* What comes from a worker: whatever it is, the tree is sound afterwards, and its findings say what was not. */
#include "sound.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct tree tree;
static char written[4096];
static size_t written_len;

/* {"a":[1,"x"],"b":12.5 EUR,"c":<FF>}, as a builder leaves it, in memory that is exactly as large. */
enum { ROOT, A, A0, A1, B, C, NODES, PAYLOAD = 20 };

static const char pool[] = "axb12.5EURc\xFFsumk";
static const struct tree_node nodes[NODES] = {
    [ROOT] = {.type = SCTX_OBJECT, .parent = ROOT, .next = NODES, .span = {0, PAYLOAD}},
    [A] = {.type = SCTX_ARRAY, .depth = 1, .parent = ROOT, .next = B, .name = {0, 1}, .span = {5, 7}},
    [A0] = {.type = SCTX_U64, .depth = 2, .parent = A, .next = A1, .span = {6, 1}, .v.u = 1},
    [A1] = {.type = SCTX_TEXT, .depth = 2, .parent = A, .next = B, .span = {8, 3}, .v.s = {1, 1}},
    [B] = {.type = SCTX_NUMBER, .depth = 1, .parent = ROOT, .next = C, .name = {2, 1}, .label = {7, 3}, .span = {14, 4}, .v.s = {3, 4}},
    [C] = {.type = SCTX_BYTES, .depth = 1, .parent = ROOT, .next = NODES, .name = {10, 1}, .span = {18, 1}, .v.s = {11, 1}},
};
static const char *const whole = "{\"a\":[1,\"x\"],\"b\":12.5,\"c\":{\"$base64\":\"/w==\"}}";

static void come(void) {
    tree_free(&tree);
    tree_init(&tree, (struct tree_limits){0, 0});
    tree.nodes = malloc(sizeof nodes);
    tree.pool = malloc(sizeof pool - 1);
    cr_assert(tree.nodes != NULL && tree.pool != NULL);
    memcpy(tree.nodes, nodes, sizeof nodes);
    memcpy(tree.pool, pool, sizeof pool - 1);
    tree.count = tree.node_room = NODES;
    tree.pool_len = tree.pool_room = sizeof pool - 1;
    tree.summary = (struct tree_text){12, 3};
    tree.keys[SCTX_KEY_SELF] = (struct tree_text){15, 1};
}

/* Room for more nodes than that, or more text. */
static void come_with_room(uint32_t count, uint32_t bytes) {
    come();
    tree.nodes = realloc(tree.nodes, count * sizeof *tree.nodes);
    tree.pool = realloc(tree.pool, bytes);
    cr_assert(tree.nodes != NULL && tree.pool != NULL);
    tree.node_room = count;
    tree.pool_room = bytes;
}

static void leave(void) {
    tree_free(&tree);
}

TestSuite(tree_check, .init = come, .fini = leave);

static void put(void *context, const char *text, size_t len) {
    (void)context;
    cr_assert_lt(written_len + len, sizeof written);
    memcpy(written + written_len, text, len);
    written_len += len;
    written[written_len] = '\0';
}

static void put_string(void *context, const char *text, size_t len) {
    put(context, "\"", 1);
    put(context, text, len);
    put(context, "\"", 1);
}

static const char *json(void) {
    const struct tree_sink sink = {.put = put, .string = put_string};
    written_len = 0;
    tree_json(&tree, 0, &sink);
    return written;
}

/* Checked, sound, and for this reason. SPOILT comes with every other. */
static void expect_found(uint32_t findings) {
    tree_check(&tree, SCTX_WANT_TREE | SCTX_WANT_SUMMARY | SCTX_WANT_KEYS, PAYLOAD);
    const char *what = unsound(&tree, SCTX_WANT_TREE, PAYLOAD);
    uint32_t want = findings != 0 ? findings | TREE_SPOILT : 0;
    cr_assert(what == NULL, "unsound: %s", what);
    cr_assert_eq(tree.findings, want, "findings %x, not %x", tree.findings, want);
}

#define expect_json(want) cr_assert_str_eq(json(), want)

Test(tree_check, leaves_what_is_right_as_it_is) {
    expect_found(0);
    expect_json(whole);
    cr_assert_eq(memcmp(tree.nodes, nodes, sizeof nodes), 0);
    cr_assert(tree.status == SCTX_PLUGIN_OK && tree.summary.len == 3 && tree.keys[SCTX_KEY_SELF].len == 1 && !tree.cut);
    /* What the plugin did wrong, and its worker mended, is not held against it twice. */
    tree.findings = TREE_BAD_SPAN | TREE_SILENT;
    tree.status = SCTX_PLUGIN_MALFORMED;
    tree_check(&tree, SCTX_WANT_TREE, PAYLOAD);
    cr_assert_eq(tree.findings, (uint32_t)(TREE_BAD_SPAN | TREE_SILENT));
}

Test(tree_check, next_and_parent_follow_from_the_depths) {
    static const uint32_t lies[] = {0, 1, 2, 4, 5, NODES - 1, NODES, NODES + 1, 1u << 20, UINT32_MAX};
    for (uint32_t node = 0; node < NODES; node++)
        for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
            for (int both = 0; both < 2; both++) {
                come();
                tree.nodes[node].next = lies[i];
                if (both) tree.nodes[node].parent = lies[i];
                bool is_lie = lies[i] != nodes[node].next || (both && lies[i] != nodes[node].parent);
                expect_found(is_lie ? TREE_SPOILT : 0);
                expect_json(whole);
            }
}

Test(tree_check, rings_of_nodes_are_broken) {
    for (uint32_t i = 0; i < NODES; i++) tree.nodes[i].next = tree.nodes[i].parent = NODES - 1 - i;
    expect_found(TREE_SPOILT);
    expect_json(whole);
}

Test(tree_check, depths_that_cannot_be_cut_the_tree) {
    static const uint32_t lies[] = {2, 3, SCTX_PLUGIN_DEPTH_MAX + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        come();
        tree.nodes[C].depth = lies[i];
        expect_found(TREE_UNBALANCED);
        expect_json("{\"a\":[1,\"x\"],\"b\":12.5}");
        cr_assert(tree.cut);
    }
    come();
    tree.nodes[ROOT].depth = 1;
    expect_found(TREE_UNBALANCED);
    cr_assert(tree.count == 0 && tree.cut);
    /* A child of a leaf. */
    come();
    tree.nodes[A].type = SCTX_NULL;
    expect_found(TREE_UNBALANCED);
    expect_json("{\"a\":null}");
}

Test(tree_check, a_second_root_is_left_out) {
    tree.nodes[B].depth = 0;
    expect_found(TREE_MORE_ROOTS);
    expect_json("{\"a\":[1,\"x\"]}");
    cr_assert(tree.cut);
}

Test(tree_check, no_deeper_than_the_limit) {
    enum { LEVELS = SCTX_PLUGIN_DEPTH_MAX + 8 };
    come_with_room(LEVELS, sizeof pool - 1);
    for (uint32_t i = 0; i < LEVELS; i++)
        tree.nodes[i] = (struct tree_node){.type = SCTX_ARRAY, .depth = i, .parent = i > 0 ? i - 1 : 0, .next = LEVELS};
    tree.count = LEVELS;
    expect_found(TREE_UNBALANCED);
    cr_assert_eq(tree.count, SCTX_PLUGIN_DEPTH_MAX + 1);
}

Test(tree_check, types_and_what_goes_with_them) {
    tree.nodes[A0].type = SCTX_ARRAY + 1;
    expect_found(TREE_BAD_TYPE);
    expect_json("{\"a\":[null,\"x\"],\"b\":12.5,\"c\":{\"$base64\":\"/w==\"}}");
    come();
    tree.nodes[C].type = UINT8_MAX;
    expect_found(TREE_BAD_TYPE);
    come();
    tree.nodes[A0].type = SCTX_BOOL;
    tree.nodes[A0].v.u = 77;
    tree.nodes[A0].as = UINT8_MAX;
    tree.nodes[A0].flags = UINT16_MAX;
    expect_found(0);
    cr_assert(tree.nodes[A0].v.u == 1 && tree.nodes[A0].as == SCTX_PLAIN && tree.nodes[A0].flags == SCTX_GUESSED);
}

Test(tree_check, spans_beyond_the_payload) {
    static const sctx_span lies[] = {{0, PAYLOAD + 1}, {PAYLOAD, 1}, {PAYLOAD + 1, 0}, {UINT32_MAX, UINT32_MAX}, {1, UINT32_MAX}};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        come();
        tree.nodes[B].span = lies[i];
        expect_found(TREE_BAD_SPAN);
        cr_assert(tree.nodes[B].span.off == 0 && tree.nodes[B].span.len == 0);
    }
    come();
    tree.nodes[B].span = (sctx_span){PAYLOAD, 0};
    expect_found(0);
    come();
    tree.status = SCTX_PLUGIN_MALFORMED;
    tree.failed = true;
    tree.fault_off = PAYLOAD + 1;
    expect_found(TREE_BAD_SPAN);
    cr_assert_eq(tree.fault_off, (uint32_t)PAYLOAD);
}

static const struct tree_text beyond[] = {
    {0, sizeof pool}, {sizeof pool - 1, 1}, {sizeof pool, 0}, {UINT32_MAX, 2}, {2, UINT32_MAX}, {UINT32_MAX, UINT32_MAX},
};

Test(tree_check, texts_beyond_the_pool) {
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        come();
        tree.nodes[B].name = beyond[i];
        expect_found(TREE_SPOILT);
        expect_json("{\"a\":[1,\"x\"],\"\":12.5,\"c\":{\"$base64\":\"/w==\"}}");
        come();
        tree.nodes[B].label = beyond[i];
        expect_found(TREE_SPOILT);
        expect_json(whole);
        come();
        tree.nodes[A1].v.s = beyond[i];
        expect_found(TREE_SPOILT);
        expect_json("{\"a\":[1,\"\"],\"b\":12.5,\"c\":{\"$base64\":\"/w==\"}}");
        come();
        tree.nodes[B].v.s = beyond[i];
        expect_found(TREE_BAD_NUMBER);
        expect_json("{\"a\":[1,\"x\"],\"b\":\"\",\"c\":{\"$base64\":\"/w==\"}}");
        come();
        tree.nodes[C].v.s = beyond[i];
        expect_found(TREE_SPOILT);
        expect_json("{\"a\":[1,\"x\"],\"b\":12.5,\"c\":{\"$base64\":\"\"}}");
        come();
        tree.summary = tree.keys[SCTX_KEY_CAUSE] = beyond[i];
        expect_found(TREE_SPOILT);
        cr_assert(tree.summary.len == 0 && tree.keys[SCTX_KEY_CAUSE].len == 0 && tree.keys[SCTX_KEY_SELF].len == 1);
    }
}

Test(tree_check, texts_that_are_none) {
    tree.nodes[A1].v.s = tree.nodes[C].v.s;
    tree.nodes[C].v.s.len = 0;
    expect_found(TREE_BAD_TEXT);
    cr_assert_eq(tree.nodes[A1].type, SCTX_BYTES);
    come();
    tree.nodes[B].name = tree.nodes[C].v.s;
    expect_found(TREE_BAD_TEXT);
    cr_assert_eq(tree.nodes[B].name.len, 0u);
    come();
    tree.nodes[B].label = tree.nodes[C].v.s;
    expect_found(TREE_BAD_TEXT);
    cr_assert_eq(tree.nodes[B].label.len, 0u);
    come();
    tree.summary = tree.nodes[C].v.s;
    tree.nodes[C].v.s.len = 0;
    expect_found(TREE_BAD_TEXT);
    cr_assert_eq(tree.summary.len, 0u);
    /* Half a character. */
    come();
    memcpy(tree.pool, "\xC3\xA9", 2);
    expect_found(TREE_BAD_TEXT);
}

Test(tree_check, numbers_that_are_none) {
    static const char *const lies[] = {"12.x", "012.", "  1 ", "0x10", "+1.5", "1.5\n", "nan ", "\xED\xA0\x80.", "1,\"z"};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        come();
        memcpy(tree.pool + 3, lies[i], 4);
        expect_found(TREE_BAD_NUMBER);
        cr_assert_eq(tree.nodes[B].type, SCTX_TEXT, "%s", lies[i]);
    }
    memcpy(tree.pool + 3, "1\xFF\xFF\xFF", 4);
    tree.nodes[B].type = SCTX_NUMBER;
    tree.findings = 0;
    expect_found(TREE_BAD_TEXT);
    cr_assert_eq(tree.nodes[B].type, SCTX_BYTES);
}

Test(tree_check, summary_and_keys_that_are_too_long) {
    const struct tree_text summary = {sizeof pool - 1, TREE_SUMMARY_MAX}, key = {summary.off + TREE_SUMMARY_MAX + 1, TREE_KEY_MAX};
    const uint32_t bytes = key.off + TREE_KEY_MAX + 1;
    for (uint32_t more = 0; more < 2; more++) {
        come_with_room(NODES, bytes);
        memset(tree.pool + tree.pool_len, 'e', bytes - tree.pool_len);
        tree.pool_len = bytes;
        tree.summary = (struct tree_text){summary.off, summary.len + more};
        expect_found(more ? TREE_SPOILT : 0);
        cr_assert_eq(tree.summary.len, more ? 0u : (uint32_t)TREE_SUMMARY_MAX);
        tree.findings = 0;
        tree.keys[SCTX_KEY_FLOW] = (struct tree_text){key.off, key.len + more};
        expect_found(more ? TREE_SPOILT : 0);
        cr_assert_eq(tree.keys[SCTX_KEY_FLOW].len, more ? 0u : (uint32_t)TREE_KEY_MAX);
    }
}

/* As many nodes as there may be, and each says that all of the pool is its name: looked through, that would be a quarter of a terabyte. */
Test(tree_check, one_text_for_everybody_costs_no_time, .timeout = 20) {
    const uint32_t bytes = 2u << 20;
    come_with_room(TREE_NODES_MAX, bytes);
    memset(tree.pool, 'e', bytes);
    tree.pool_len = bytes;
    tree.count = TREE_NODES_MAX;
    for (uint32_t i = 0; i < TREE_NODES_MAX; i++)
        tree.nodes[i] = (struct tree_node){.type = i > 0 ? SCTX_NULL : SCTX_OBJECT,
                                           .depth = i > 0,
                                           .next = i > 0 ? i + 1 : TREE_NODES_MAX,
                                           .name = {0, bytes},
                                           .label = {0, bytes}};
    expect_found(TREE_SPOILT);
    cr_assert_eq(tree.count, TREE_NODES_MAX);
}

Test(tree_check, statuses) {
    tree.status = SCTX_PLUGIN_INTERNAL + 1;
    tree.failed = true;
    expect_found(TREE_BAD_STATUS);
    come();
    tree.status = -1;
    expect_found(TREE_BAD_STATUS);
    come();
    tree.status = SCTX_PLUGIN_TRUNCATED;
    expect_found(TREE_SILENT);
    come();
    tree.failed = true;
    memset(tree.reason, 'e', sizeof tree.reason);
    expect_found(0);
    cr_assert(tree.status == SCTX_PLUGIN_MALFORMED && strlen(tree.reason) == sizeof tree.reason - 1);
}

Test(tree_check, nothing_where_something_was_wanted) {
    tree.count = 0;
    expect_found(TREE_NO_ROOT);
    cr_assert_eq(tree.status, SCTX_PLUGIN_INTERNAL);
    expect_json("null");
    come();
    tree.count = 0;
    tree_check(&tree, SCTX_WANT_SUMMARY, PAYLOAD);
    cr_assert(tree.status == SCTX_PLUGIN_OK && tree.findings == 0 && tree.summary.len == 3, "only a summary was wanted");
}

/* A summary of bytes that are no text grows as it is mended, and is cut after that. */
Test(tree, summary_that_is_mended_keeps_to_its_limit) {
    static char line[TREE_SUMMARY_MAX + 100];
    struct tree_builder builder;
    tree_init(&tree, (struct tree_limits){0, 0});
    memset(line, 0xFF, sizeof line);
    tree_build(&builder, &tree, SCTX_WANT_SUMMARY, 0);
    builder.out.summary(&builder.out, (sctx_str){line, sizeof line});
    tree_built(&builder, SCTX_PLUGIN_OK);
    cr_assert(tree.summary.len == TREE_SUMMARY_MAX && memcmp(tree_str(&tree, tree.summary).p, "\\xFF\\xFF", 8) == 0);
    cr_assert(unsound(&tree, SCTX_WANT_SUMMARY, 0) == NULL && tree.findings == TREE_BAD_TEXT);
    tree_free(&tree);
}
