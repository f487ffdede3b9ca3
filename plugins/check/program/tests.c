#define _GNU_SOURCE
#include "tests.h"
#include "alloc.h"
#include "syscalls.h"

#include <stdio.h>
#include <string.h>

static const struct manner usual = {0}, at_start = {.at_start = true};

/* ---- decoding --------------------------------------------------------------------------------------------------------------- */

/* Blocks that close() should have freed. What a plugin keeps for good, made once, is none of them: so it has to happen twice. */
static void check_leak(struct bench *bench, uint64_t blocks_before, bool (*again)(struct bench *bench)) {
    if (alloc.blocks <= blocks_before) return;
    uint64_t bytes = alloc.bytes, blocks = alloc.blocks;
    if (again(bench) && alloc.blocks > blocks)
        bench_note(bench, RULE_LEAK, "allocates what close() does not free: %u bytes", (unsigned)(alloc.bytes - bytes));
}

static bool decode_once_more(struct bench *bench) {
    return bench_decode_anew(bench, bench_input(bench), at_start, &bench->other);
}

/* On one instance twice, and on a new one, with the payload at another place each time. */
static void test_decode(struct bench *bench, uint32_t param) {
    (void)param;
    char text[CHECK_WHAT];
    void *self;
    uint64_t before = alloc.blocks;
    if (!bench_open_own(bench, usual, &self)) return;
    (void)bench_decode(bench, self, bench_input(bench), usual, &bench->tree);
    (void)bench_decode(bench, self, bench_input(bench), usual, &bench->other);
    bench_close(bench, self);
    if (bench_difference(&bench->tree, &bench->other, false, text)[0] != '\0')
        bench_note(bench, RULE_REPEAT, "decodes the same payload differently the second time: %s", text);
    if (!bench_decode_anew(bench, bench_input(bench), at_start, &bench->other)) return;
    if (bench_difference(&bench->tree, &bench->other, false, text)[0] != '\0')
        bench_note(bench, RULE_REPEAT, "decodes the same payload differently in a new instance: %s", text);
    check_leak(bench, before, decode_once_more);
}

static void test_sniff(struct bench *bench, uint32_t param) {
    (void)param;
    if (bench->plugin->sniff == NULL) return;
    int first = bench_sniff(bench, bench_input(bench), false), second = bench_sniff(bench, bench_input(bench), true);
    if (first < 0 || first > 100) bench_note(bench, RULE_SNIFF, "sniff() answers %d, which is not in 0 to 100", first);
    if (first != second) bench_note(bench, RULE_SNIFF, "sniff() answers %d, and then %d for the same bytes", first, second);
}

static void test_want(struct bench *bench, uint32_t param) {
    (void)param;
    char text[CHECK_WHAT];
    void *self;
    if (!bench_open_own(bench, usual, &self)) return;
    (void)bench_decode(bench, self, bench_input(bench), usual, &bench->tree);
    (void)bench_decode(bench, self, bench_input(bench), (struct manner){.want = SCTX_WANT_TREE}, &bench->other);
    if (bench_difference(&bench->tree, &bench->other, true, text)[0] != '\0')
        bench_note(bench, RULE_WANT, "decodes differently if only the tree is wanted: %s", text);
    (void)bench_decode(bench, self, bench_input(bench), (struct manner){.want = SCTX_WANT_SUMMARY}, &bench->other);
    sctx_str all = tree_str(&bench->tree, bench->tree.summary), alone = tree_str(&bench->other, bench->other.summary);
    bool is_same = bench->tree.status == bench->other.status && all.n == alone.n && memcmp(all.p, alone.p, all.n) == 0;
    if (!is_same && !bench->tree.cut) bench_note(bench, RULE_WANT, "decodes differently if only the summary is wanted");
    bench_close(bench, self);
}

static void test_sizes(struct bench *bench, uint32_t param) {
    (void)param;
    char text[CHECK_WHAT];
    if (!bench_decode_anew(bench, bench_input(bench), usual, &bench->tree)) return;
    void *self;
    const struct check_bytes *schema = &bench->memory->schema;
    const struct manner larger = {.extra = 64};
    if (bench_open(bench, (struct bytes){bench->memory->bytes + schema->off, schema->len}, larger, &self) != SCTX_PLUGIN_OK) {
        bench_note(bench, RULE_SIZE, "does not open where sctx_schema is larger");
        return;
    }
    bench_close(bench, self);
    if (!bench_decode_anew(bench, bench_input(bench), usual, &bench->tree) ||
        !bench_decode_anew(bench, bench_input(bench), larger, &bench->other))
        return;
    if (bench_difference(&bench->tree, &bench->other, false, text)[0] != '\0')
        bench_note(bench, RULE_SIZE, "decodes differently where a struct is larger: %s", text);
}

/* If what follows changes nothing, nobody looked at it. */
static void test_trailing(struct bench *bench, uint32_t param) {
    enum { MORE = 16 };
    (void)param;
    static unsigned char longer[CHECK_INPUT_MAX];
    char text[CHECK_WHAT];
    struct bytes input = bench_input(bench);
    if (input.len > sizeof longer - MORE || !bench_decode_anew(bench, input, usual, &bench->tree) || !tree_is_good(&bench->tree)) return;
    memcpy(longer, input.data, input.len);
    for (int fill = 0; fill <= 0xFF; fill += 0xFF) {
        memset(longer + input.len, fill, MORE);
        (void)bench_decode_anew(bench, (struct bytes){longer, input.len + MORE}, usual, &bench->other);
        if (bench_difference(&bench->tree, &bench->other, true, text)[0] == '\0')
            bench_note(bench, RULE_TRAILING, "ignores what follows the value: %d bytes %02X", MORE, (unsigned)fill);
    }
}

static void test_order(struct bench *bench, uint32_t param) {
    enum { OTHERS = 64 };
    (void)param;
    char text[CHECK_WHAT];
    void *self;
    if (!bench_decode_anew(bench, bench_input(bench), usual, &bench->tree) || !bench_open_own(bench, usual, &self)) return;
    (void)bench_decode_anew(bench, bench_input(bench), usual, &bench->tree);
    for (uint32_t i = 0; i < bench->memory->payload_count && i < OTHERS; i++)
        (void)bench_decode(bench, self, bench_payload(bench, i), usual, &bench->other);
    (void)bench_decode(bench, self, bench_input(bench), usual, &bench->other);
    bench_close(bench, self);
    if (bench_difference(&bench->tree, &bench->other, false, text)[0] != '\0')
        bench_note(bench, RULE_ORDER, "decodes differently after the other payloads: %s", text);
}

static void test_growth(struct bench *bench, uint32_t param) {
    enum { TIMES = 16, SETTLED = 4 };
    (void)param;
    void *self;
    if (!bench_open_own(bench, usual, &self)) return;
    unsigned grown = 0;
    uint64_t settled = 0;
    for (unsigned i = 0; i < TIMES; i++) {
        uint64_t before = alloc.bytes;
        (void)bench_decode(bench, self, bench_input(bench), usual, &bench->tree);
        if (i < SETTLED)
            settled = alloc.bytes;
        else
            grown += alloc.bytes > before;
    }
    if (grown == TIMES - SETTLED)
        bench_note(bench, RULE_GROWTH, "holds more memory after each payload: %u bytes", (unsigned)((alloc.bytes - settled) / grown));
    bench_close(bench, self);
}

/* ---- limits ----------------------------------------------------------------------------------------------------------------- */

/* From each callback on in turn. */
static void test_stop(struct bench *bench, uint32_t param) {
    enum { MOST = 48 };
    void *self;
    if (!bench_open_own(bench, usual, &self)) return;
    uint32_t last = param != 0 ? param : MOST;
    for (uint32_t until = param != 0 ? param : 1; until <= last; until++) {
        bench->memory->param = until;
        int status = bench_decode(bench, self, bench_input(bench), (struct manner){.until = until}, &bench->tree);
        if (bench->went_on == 0) break;
        if (bench->went_on > 1)
            bench_note(bench, RULE_STOP, "does not stop when it is told to: %u calls after that", bench->went_on - 1);
        else if (status != SCTX_PLUGIN_OK)
            bench_note(bench, RULE_STOP, "returns status %d when it is told to stop, not OK", status);
    }
    bench_close(bench, self);
}

/* ---- short memory ----------------------------------------------------------------------------------------------------------- */

/* A new instance, of whose allocations one fails. Returns how it went: a status, of open() or decode(). */
static int decode_short(struct bench *bench, uint64_t fail_at) {
    void *self;
    alloc.calls = 0;
    alloc.fail_at = fail_at;
    int status = SCTX_PLUGIN_INTERNAL;
    if (bench_open_own(bench, usual, &self)) {
        status = bench_decode(bench, self, bench_input(bench), usual, &bench->other);
        bench_close(bench, self);
    } else {
        status = bench->opened.status;
    }
    alloc.fail_at = 0;
    return status;
}

static bool decode_short_again(struct bench *bench) {
    (void)decode_short(bench, bench->memory->param);
    return true;
}

static void test_alloc(struct bench *bench, uint32_t param) {
    enum { MOST = 256 };
    static struct tree whole;
    char text[CHECK_WHAT];
    if (whole.limits.nodes == 0) tree_init(&whole, bench->tree.limits);
    alloc.calls = 0;
    if (!bench_decode_anew(bench, bench_input(bench), usual, &whole)) return;
    uint32_t calls = alloc.calls < MOST ? (uint32_t)alloc.calls : MOST;
    for (uint32_t n = param != 0 ? param : 1; n <= calls && (param == 0 || n == param); n++) {
        uint64_t before = alloc.blocks;
        bench->memory->param = n;
        int status = decode_short(bench, n);
        if (status == SCTX_PLUGIN_OK && bench_difference(&whole, &bench->other, false, text)[0] != '\0')
            bench_note(bench, RULE_ALLOC, "says OK although allocation %u failed, and hands in something else: %s", n, text);
        else if (whole.status == SCTX_PLUGIN_OK && status != SCTX_PLUGIN_OK && status != SCTX_PLUGIN_INTERNAL)
            bench_note(bench, RULE_ALLOC, "returns status %d because allocation %u failed, not INTERNAL", status, n);
        check_leak(bench, before, decode_short_again);
        if (bench_decode_anew(bench, bench_input(bench), usual, &bench->other) &&
            bench_difference(&whole, &bench->other, false, text)[0] != '\0')
            bench_note(bench, RULE_ALLOC, "decodes differently after allocation %u failed: %s", n, text);
    }
}

/* ---- encoding --------------------------------------------------------------------------------------------------------------- */

/* A word that only encoders know: a plain object that looks like it comes back as a time. */
static bool is_ambiguous(const struct text *json) {
    return memmem(json->data, json->len, "{\"$time\":", 9) != NULL;
}

static bool texts_same(const struct text *a, const struct text *b) {
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* bench->json is what the input says; true: it is a value that can be encoded. */
static bool decode_to_json(struct bench *bench, void *self) {
    if (bench_decode(bench, self, bench_input(bench), usual, &bench->tree) != SCTX_PLUGIN_OK || !tree_is_good(&bench->tree)) return false;
    bench_render(&bench->tree, &bench->json);
    return bench->json.len <= CHECK_INPUT_MAX && !is_ambiguous(&bench->json);
}

/* What was encoded, decoded: bench->other, and as JSON bench->json_again. */
static int decode_emitted(struct bench *bench, void *self) {
    const struct bytes payload = {bench->emitted.data, bench->emitted.len};
    if (payload.len > CHECK_INPUT_MAX) return -1;
    int status = bench_decode(bench, self, payload, usual, &bench->other);
    bench_render(&bench->other, &bench->json_again);
    return status;
}

static void test_encode(struct bench *bench, uint32_t param) {
    (void)param;
    void *self;
    uint64_t before = alloc.blocks;
    if (bench->plugin->encode == NULL || !bench_open_own(bench, usual, &self)) return;
    if (decode_to_json(bench, self) && bench_encode(bench, self, usual, &bench->other) == SCTX_PLUGIN_OK) {
        int status = decode_emitted(bench, self);
        if (status > SCTX_PLUGIN_OK)
            bench_note(bench, RULE_ROUND, "encodes %.60s so that it cannot decode it: status %d (%.80s)", bench->json.data, status,
                       bench->other.reason);
        else if (status == SCTX_PLUGIN_OK && !bench->other.cut && !texts_same(&bench->json, &bench->json_again))
            bench_note(bench, RULE_ROUND, "encodes %.*s, and it comes back as %.*s", (int)(bench->json.len < 80 ? bench->json.len : 80),
                       bench->json.data, (int)(bench->json_again.len < 80 ? bench->json_again.len : 80), bench->json_again.data);
    }
    bench_close(bench, self);
    check_leak(bench, before, decode_once_more);
}

static void test_encode_stop(struct bench *bench, uint32_t param) {
    enum { MOST = 16 };
    void *self;
    if (bench->plugin->encode == NULL || !bench_open_own(bench, usual, &self)) return;
    uint32_t last = param != 0 ? param : MOST;
    bool has_value = decode_to_json(bench, self);
    for (uint32_t until = param != 0 ? param : 1; has_value && until <= last; until++) {
        bench->memory->param = until;
        if (bench_encode(bench, self, (struct manner){.until = until}, &bench->other) < 0 || bench->went_on == 0) break;
        if (bench->went_on > 1)
            bench_note(bench, RULE_STOP, "does not stop when emit() tells it to: %u calls after that", bench->went_on - 1);
    }
    bench_close(bench, self);
}

static void test_encode_alloc(struct bench *bench, uint32_t param) {
    enum { MOST = 256 };
    void *self;
    if (bench->plugin->encode == NULL || !bench_open_own(bench, usual, &self)) return;
    bool has_value = decode_to_json(bench, self);
    alloc.calls = 0;
    has_value = has_value && bench_encode(bench, self, usual, &bench->other) == SCTX_PLUGIN_OK;
    uint32_t calls = has_value ? (alloc.calls < MOST ? (uint32_t)alloc.calls : MOST) : 0;
    for (uint32_t n = param != 0 ? param : 1; n <= calls && (param == 0 || n == param); n++) {
        bench->memory->param = n;
        alloc.calls = 0;
        alloc.fail_at = n;
        int status = bench_encode(bench, self, usual, &bench->other);
        alloc.fail_at = 0;
        if (status != SCTX_PLUGIN_OK && status != SCTX_PLUGIN_INTERNAL)
            bench_note(bench, RULE_ALLOC, "returns status %d because allocation %u failed, not INTERNAL", status, n);
        if (status != SCTX_PLUGIN_OK || decode_emitted(bench, self) < 0) continue;
        if (!texts_same(&bench->json, &bench->json_again))
            bench_note(bench, RULE_ALLOC, "says OK although allocation %u failed, and encodes something else", n);
    }
    bench_close(bench, self);
}

/* The input is JSON of any kind: it is refused, or a payload comes of it that can be decoded. */
static void test_json(struct bench *bench, uint32_t param) {
    (void)param;
    void *self;
    if (bench->plugin->encode == NULL || !bench_open_own(bench, usual, &self)) return;
    bench->json.len = 0;
    text_put(&bench->json, (const char *)bench->memory->input, bench->memory->input_len);
    int status = bench_encode(bench, self, usual, &bench->other);
    if (status == SCTX_PLUGIN_OK) {
        status = decode_emitted(bench, self);
        if (status > SCTX_PLUGIN_OK)
            bench_note(bench, RULE_ROUND, "encodes it so that it cannot decode it: status %d (%.80s)", status, bench->other.reason);
    }
    bench_close(bench, self);
}

/* ---- the rest --------------------------------------------------------------------------------------------------------------- */

static bool open_once_more(struct bench *bench) {
    void *self;
    if (bench_open(bench, bench_input(bench), at_start, &self) == SCTX_PLUGIN_OK) bench_close(bench, self);
    return true;
}

/* The input is a schema, good or not. What opens must decode, whatever comes. */
static void test_schema(struct bench *bench, uint32_t param) {
    enum { SOME = 4 };
    (void)param;
    void *self;
    uint64_t before = alloc.blocks;
    if (bench->plugin->open == NULL) return;
    if (bench_open(bench, bench_input(bench), usual, &self) == SCTX_PLUGIN_OK) {
        for (uint32_t i = 0; i < bench->memory->payload_count && i < SOME; i++)
            (void)bench_decode(bench, self, bench_payload(bench, i), usual, &bench->tree);
        bench_close(bench, self);
    }
    check_leak(bench, before, open_once_more);
}

void tests_try(struct bench *bench, enum check_test test, uint32_t param) {
    static void (*const all[TESTS])(struct bench * bench, uint32_t param) = {
        [TEST_DECODE] = test_decode,
        [TEST_SNIFF] = test_sniff,
        [TEST_WANT] = test_want,
        [TEST_SIZES] = test_sizes,
        [TEST_TRAILING] = test_trailing,
        [TEST_ORDER] = test_order,
        [TEST_GROWTH] = test_growth,
        [TEST_STOP] = test_stop,
        [TEST_ALLOC] = test_alloc,
        [TEST_ENCODE] = test_encode,
        [TEST_ENCODE_STOP] = test_encode_stop,
        [TEST_ENCODE_ALLOC] = test_encode_alloc,
        [TEST_JSON] = test_json,
        [TEST_SCHEMA] = test_schema,
        [TEST_SPEED] = test_speed,
    };
    struct check_memory *memory = bench->memory;
    uint32_t number = atomic_fetch_add_explicit(&memory->number, 1, memory_order_relaxed) + 1;
    if (number <= memory->first || memory->crashes[test] >= CHECK_CRASHES || all[test] == NULL) return;
    memory->test = test;
    memory->param = param;
    memory->cases++;
    all[test](bench, param);
}
