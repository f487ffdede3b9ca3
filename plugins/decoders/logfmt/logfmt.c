/* logfmt: one line of key=value pairs. What it is stands in README.md; there is no packaged library for C. */
#include "counter.h"
#include "decimal.h"
#include "quoted.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scan {
    const char *data;
    size_t at, len;
    sctx_out *out;
    int status;     /* enum sctx_plugin_status */
    uint32_t pairs; /* with '=' */
    char *text;     /* a value whose escapes have been replaced */
    size_t room;
    bool has_message;
};

/* ---- errors ----------------------------------------------------------------------------------------------------------------- */

static bool fail_at(struct scan *scan, size_t off, const char *why) {
    scan->status = off >= scan->len ? SCTX_PLUGIN_TRUNCATED : SCTX_PLUGIN_MALFORMED;
    scan->out->fail(scan->out, (uint32_t)off, why);
    return false;
}

static bool fail(struct scan *scan, const char *why) {
    return fail_at(scan, scan->at, why);
}

/* ---- characters ------------------------------------------------------------------------------------------------------------- */

static int look(const struct scan *scan) {
    return scan->at < scan->len ? (unsigned char)scan->data[scan->at] : -1;
}

/* May it stand in a key, and in a value without quotes? */
static bool is_plain(int c) {
    return c > ' ' && c != '=' && c != '"';
}

static bool is(sctx_str str, const char *word) {
    return str.n == strlen(word) && memcmp(str.p, word, str.n) == 0;
}

/* Over the character at which the scan stands. */
static bool scan_character(struct scan *scan) {
    size_t left = scan->len - scan->at, bytes = utf8_length((const unsigned char *)scan->data + scan->at, left);
    if (bytes == 0) return fail(scan, "not UTF-8");
    if (bytes > left) return fail_at(scan, scan->len, "the line ends within a character");
    scan->at += bytes;
    return true;
}

/* ---- values without quotes -------------------------------------------------------------------------------------------------- */

/* What a word without quotes looks like. */
static sctx_value word_value(sctx_str word) {
    bool is_integer;
    sctx_value value = {.type = SCTX_TEXT, .v.s = word};
    if (is(word, "true") || is(word, "false"))
        value = (sctx_value){.type = SCTX_BOOL, .v.u = word.n == 4};
    else if (decimal_is(word.p, word.n, &is_integer))
        value = decimal_value(word.p, word.n, is_integer);
    if (value.type != SCTX_TEXT) value.flags = SCTX_GUESSED;
    return value;
}

/* Up to the first character that may not stand in a word. */
static bool scan_word(struct scan *scan, sctx_str *word) {
    size_t from = scan->at;
    while (is_plain(look(scan)))
        if (!scan_character(scan)) return false;
    *word = (sctx_str){scan->data + from, scan->at - from};
    return true;
}

/* ---- values in quotes ------------------------------------------------------------------------------------------------------- */

static bool make_room(struct scan *scan, size_t bytes) {
    if (bytes <= scan->room) return true;
    char *larger = realloc(scan->text, bytes * 2);
    if (larger == NULL) {
        scan->status = SCTX_PLUGIN_INTERNAL;
        scan->out->fail(scan->out, (uint32_t)scan->at, "out of memory");
        return false;
    }
    scan->text = larger;
    scan->room = bytes * 2;
    return true;
}

/* At a quote. The text is valid until the next one. */
static bool scan_quoted(struct scan *scan, sctx_str *text) {
    size_t from = ++scan->at;
    bool has_escapes;
    const char *why = quoted_scan(scan->data, scan->len, true, &scan->at, &has_escapes);
    if (why != NULL) return fail(scan, why);
    *text = (sctx_str){scan->data + from, scan->at++ - from};
    if (!has_escapes) return true;
    if (!make_room(scan, text->n)) return false;
    *text = (sctx_str){scan->text, quoted_unescape(*text, scan->text)};
    return true;
}

/* ---- the line --------------------------------------------------------------------------------------------------------------- */

/* The first line of the first msg. */
static void summarize(struct scan *scan, sctx_str key, sctx_str text) {
    if (scan->has_message || !is(key, "msg")) return;
    const char *end = text.n > 0 ? memchr(text.p, '\n', text.n) : NULL;
    if (end != NULL) text.n = (size_t)(end - text.p);
    scan->has_message = true;
    scan->out->summary(scan->out, text);
}

/* Behind '='. */
static bool scan_value(struct scan *scan, sctx_str key) {
    size_t from = scan->at;
    sctx_value value;
    sctx_str text;
    if (look(scan) == '"') {
        if (!scan_quoted(scan, &text)) return false;
        value = (sctx_value){.type = SCTX_TEXT, .v.s = text};
    } else {
        if (!scan_word(scan, &text)) return false;
        if (look(scan) == '=' || look(scan) == '"') return fail(scan, "a value with '=' or quotes in it must be in quotes");
        value = word_value(text);
    }
    scan->pairs++;
    summarize(scan, key, text);
    return scan->out->put(scan->out, key, &value, (sctx_span){(uint32_t)from, (uint32_t)(scan->at - from)}) == 0;
}

/* A key, and its value if it has one. */
static bool scan_pair(struct scan *scan) {
    static const sctx_value yes = {.type = SCTX_BOOL, .v.u = 1};
    size_t from = scan->at;
    sctx_str key;
    if (!scan_word(scan, &key)) return false;
    if (look(scan) == '"') return fail(scan, "a quote stands only at the beginning of a value");
    if (key.n == 0) return fail(scan, look(scan) == '=' ? "a key is missing" : "a control character");
    if (look(scan) != '=') return scan->out->put(scan->out, key, &yes, (sctx_span){(uint32_t)from, (uint32_t)key.n}) == 0;
    scan->at++;
    return scan_value(scan, key);
}

/* Over blanks; true where the line ends. */
static bool skip_to_end(struct scan *scan) {
    while (look(scan) == ' ' || look(scan) == '\t') scan->at++;
    size_t left = scan->len - scan->at;
    if (left >= 2 && memcmp(scan->data + scan->at, "\r\n", 2) == 0)
        scan->at += 2;
    else if (look(scan) == '\n')
        scan->at++;
    else
        return left == 0;
    return true;
}

static void scan_line(struct scan *scan) {
    sctx_out *out = scan->out;
    bool goes_on = out->open(out, (sctx_str){NULL, 0}, SCTX_OBJECT, (sctx_span){0, (uint32_t)scan->len}) == 0;
    while (goes_on && !skip_to_end(scan)) goes_on = scan_pair(scan);
    if (goes_on && scan->at < scan->len) goes_on = fail(scan, "something follows the line");
    if (goes_on) (void)out->close(out, 0);
    free(scan->text);
}

/* ---- writing ---------------------------------------------------------------------------------------------------------------- */

static bool write_bytes(sctx_out *out, const char *text, size_t len) {
    return out->emit(out, text, len) == 0;
}

static bool write_text(sctx_out *out, const char *text) {
    return write_bytes(out, text, strlen(text));
}

/* Does it need no quotes, so far as its characters go? */
static bool is_word(sctx_str str) {
    for (size_t i = 0; i < str.n; i++)
        if (!is_plain((unsigned char)str.p[i]) || utf8_is_lone(str.p + i, str.n - i)) return false;
    return true;
}

static int refuse(sctx_out *out, const sctx_node *node, const char *why) {
    out->fail(out, node->span.off, why);
    return SCTX_PLUGIN_UNSUPPORTED;
}

/* False: there is no room for it. `value` is of a type that can be written. */
static bool write_value(sctx_out *out, const sctx_value *value) {
    char digits[24];
    switch (value->type) {
    case SCTX_BOOL: return write_text(out, value->v.u != 0 ? "true" : "false");
    case SCTX_I64: (void)snprintf(digits, sizeof digits, "%" PRId64, value->v.i); return write_text(out, digits);
    case SCTX_U64: (void)snprintf(digits, sizeof digits, "%" PRIu64, value->v.u); return write_text(out, digits);
    case SCTX_NUMBER: return write_bytes(out, value->v.s.p, value->v.s.n);
    default: break;
    }
    /* Other readers take null for no value. */
    bool plain = is_word(value->v.s) && word_value(value->v.s).type == SCTX_TEXT && !is(value->v.s, "null");
    return plain ? write_bytes(out, value->v.s.p, value->v.s.n) : quoted_emit(out, value->v.s);
}

static int write_member(sctx_out *out, const sctx_node *node, bool *goes_on) {
    int type = node->value.type;
    if (node->name.n == 0 || !is_word(node->name)) return refuse(out, node, "a key has neither blanks, '=', quotes nor control characters");
    if (type == SCTX_OBJECT || type == SCTX_ARRAY) return refuse(out, node, "logfmt is flat");
    if (type == SCTX_NULL || type == SCTX_BYTES || type == SCTX_F64)
        return refuse(out, node, "only text, numbers and booleans have a form");
    *goes_on = write_bytes(out, node->name.p, node->name.n) && write_text(out, "=") && write_value(out, &node->value);
    return SCTX_PLUGIN_OK;
}

/* ---- sniffing --------------------------------------------------------------------------------------------------------------- */

/* A whole line with two pairs or more; lines of logs are not endless. */
static int logfmt_sniff(const void *data, size_t len) {
    enum { LONGEST = 64 << 10, PAIRS = 2 };
    struct counter counter;
    counter_begin(&counter, SIZE_MAX);
    struct scan scan = {.data = data, .len = len, .out = &counter.out};
    if (len > LONGEST) return 0;
    scan_line(&scan);
    return scan.status == SCTX_PLUGIN_OK && scan.pairs >= PAIRS ? 60 : 0;
}

/* ---- the slots -------------------------------------------------------------------------------------------------------------- */

static int logfmt_decode(void *self, const void *data, size_t len, sctx_out *out) {
    (void)self;
    struct scan scan = {.data = data, .len = len, .out = out};
    scan_line(&scan);
    return scan.status;
}

static int logfmt_encode(void *self, const sctx_node *root, sctx_out *out) {
    (void)self;
    bool goes_on = true;
    int status = SCTX_PLUGIN_OK;
    if (root->value.type != SCTX_OBJECT) return refuse(out, root, "only an object can be a line");
    for (const sctx_node *node = root->first; node != NULL && goes_on && status == SCTX_PLUGIN_OK; node = node->next) {
        if (node != root->first) goes_on = write_text(out, " ");
        if (goes_on) status = write_member(out, node, &goes_on);
    }
    return status;
}

SCTX_PLUGIN("name=logfmt\nversion=1.0\nlicense=MIT\nencodings=logfmt\nsummary=logfmt, a line of key=value pairs\n", .sniff = logfmt_sniff,
            .decode = logfmt_decode, .encode = logfmt_encode);
