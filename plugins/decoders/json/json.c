/* JSON, RFC 8259: strict, exact in numbers of any size, duplicate names kept. No packaged library is all of that and knows byte spans. */
#include "base64.h"
#include "counter.h"
#include "decimal.h"
#include "quoted.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a string goes whose escapes have been replaced. */
struct room {
    char *text;
    size_t size;
};

struct scan {
    const char *data;
    size_t at, len;
    uint32_t depth; /* containers that are open */
    sctx_out *out;
    int status;              /* enum sctx_plugin_status */
    struct room name, value; /* two: a name is handed on together with the value behind it */
};

/* At a value. False, like all that scan: an error, or the host wants no more, which is none. */
static bool scan_value(struct scan *scan, sctx_str name);

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

static bool is_white(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_white(struct scan *scan) {
    while (scan->at < scan->len && is_white(scan->data[scan->at])) scan->at++;
}

static sctx_span span_from(const struct scan *scan, size_t from) {
    return (sctx_span){(uint32_t)from, (uint32_t)(scan->at - from)};
}

/* ---- strings ---------------------------------------------------------------------------------------------------------------- */

static bool make_room(struct scan *scan, struct room *room, size_t bytes) {
    if (bytes <= room->size) return true;
    char *larger = realloc(room->text, bytes * 2);
    if (larger == NULL) {
        scan->status = SCTX_PLUGIN_INTERNAL;
        scan->out->fail(scan->out, (uint32_t)scan->at, "out of memory");
        return false;
    }
    *room = (struct room){larger, bytes * 2};
    return true;
}

/* At a quote. The string is valid until `room` is used again. */
static bool scan_string(struct scan *scan, struct room *room, sctx_str *str) {
    size_t from = ++scan->at;
    bool has_escapes;
    const char *why = quoted_scan(scan->data, scan->len, false, &scan->at, &has_escapes);
    if (why != NULL) return fail(scan, why);
    *str = (sctx_str){scan->data + from, scan->at++ - from};
    if (!has_escapes) return true;
    if (!make_room(scan, room, str->n)) return false;
    *str = (sctx_str){room->text, quoted_unescape(*str, room->text)};
    return true;
}

/* ---- values ----------------------------------------------------------------------------------------------------------------- */

static size_t scan_digits(struct scan *scan) {
    size_t from = scan->at;
    while (look(scan) >= '0' && look(scan) <= '9') scan->at++;
    return scan->at - from;
}

static bool scan_number(struct scan *scan, sctx_str name) {
    size_t from = scan->at;
    bool is_integer = true;
    if (look(scan) == '-') scan->at++;
    size_t first = scan->at, digits = scan_digits(scan);
    if (digits == 0) return fail(scan, "a digit is missing");
    if (digits > 1 && scan->data[first] == '0') return fail_at(scan, first + 1, "a number does not begin with 0");
    if (look(scan) == '.') {
        is_integer = false;
        scan->at++;
        if (scan_digits(scan) == 0) return fail(scan, "a digit is missing behind the point");
    }
    if (look(scan) == 'e' || look(scan) == 'E') {
        is_integer = false;
        scan->at++;
        if (look(scan) == '+' || look(scan) == '-') scan->at++;
        if (scan_digits(scan) == 0) return fail(scan, "a digit is missing in the exponent");
    }
    const sctx_value value = decimal_value(scan->data + from, scan->at - from, is_integer);
    return scan->out->put(scan->out, name, &value, span_from(scan, from)) == 0;
}

static bool scan_word(struct scan *scan, sctx_str name, const char *word, sctx_value value) {
    size_t from = scan->at, len = strlen(word);
    for (size_t i = 0; i < len; i++, scan->at++)
        if (look(scan) != word[i]) return fail(scan, "not a JSON value");
    return scan->out->put(scan->out, name, &value, span_from(scan, from)) == 0;
}

static bool scan_member(struct scan *scan) {
    sctx_str name;
    if (look(scan) != '"') return fail(scan, "a name in quotes must follow");
    if (!scan_string(scan, &scan->name, &name)) return false;
    skip_white(scan);
    if (look(scan) != ':') return fail(scan, "':' must follow a name");
    scan->at++;
    return scan_value(scan, name);
}

/* What is nested deeper than a host shows is not looked at, whether or not the host keeps count. */
static bool open_container(struct scan *scan, sctx_str name, int type) {
    int stop = scan->out->open(scan->out, name, type, (sctx_span){(uint32_t)scan->at, 1});
    scan->at++;
    return stop == 0 && scan->depth++ < SCTX_PLUGIN_DEPTH_MAX;
}

static bool scan_container(struct scan *scan, sctx_str name, bool is_object) {
    char end = is_object ? '}' : ']';
    if (!open_container(scan, name, is_object ? SCTX_OBJECT : SCTX_ARRAY)) return false;
    skip_white(scan);
    for (bool first = true; look(scan) != end; first = false) {
        if (!first) {
            if (look(scan) != ',') return fail(scan, is_object ? "',' or '}' must follow" : "',' or ']' must follow");
            scan->at++;
            skip_white(scan);
        }
        if (is_object ? !scan_member(scan) : !scan_value(scan, (sctx_str){NULL, 0})) return false;
        skip_white(scan);
    }
    scan->at++;
    scan->depth--;
    return scan->out->close(scan->out, (uint32_t)scan->at) == 0;
}

static bool scan_value(struct scan *scan, sctx_str name) {
    skip_white(scan);
    size_t from = scan->at;
    switch (look(scan)) {
    case '{': return scan_container(scan, name, true);
    case '[': return scan_container(scan, name, false);
    case 't': return scan_word(scan, name, "true", (sctx_value){.type = SCTX_BOOL, .v.u = 1});
    case 'f': return scan_word(scan, name, "false", (sctx_value){.type = SCTX_BOOL, .v.u = 0});
    case 'n': return scan_word(scan, name, "null", (sctx_value){.type = SCTX_NULL});
    case '"': {
        sctx_value value = {.type = SCTX_TEXT};
        if (!scan_string(scan, &scan->value, &value.v.s)) return false;
        return scan->out->put(scan->out, name, &value, span_from(scan, from)) == 0;
    }
    case -1: return fail(scan, "a value is missing");
    default: break;
    }
    bool is_number = look(scan) == '-' || (look(scan) >= '0' && look(scan) <= '9');
    return is_number ? scan_number(scan, name) : fail(scan, "not a JSON value");
}

/* The one value of a payload, from where the scan stands to its end. */
static void scan_document(struct scan *scan) {
    if (scan_value(scan, (sctx_str){NULL, 0})) {
        skip_white(scan);
        if (scan->at < scan->len) (void)fail(scan, "something follows the value");
    }
    free(scan->name.text);
    free(scan->value.text);
}

/* ---- writing ---------------------------------------------------------------------------------------------------------------- */

static bool write_value(sctx_out *out, const sctx_node *node, const sctx_node *bare);

static bool write_bytes(sctx_out *out, const char *text, size_t len) {
    return out->emit(out, text, len) == 0;
}

static bool write_text(sctx_out *out, const char *text) {
    return write_bytes(out, text, strlen(text));
}

static bool write_base64(sctx_out *out, sctx_str bytes) {
    char text[BASE64_TEXT];
    for (size_t i = 0; i < bytes.n; i += BASE64_BYTES)
        if (!write_bytes(out, text, base64_encode(bytes.p + i, bytes.n - i < BASE64_BYTES ? bytes.n - i : BASE64_BYTES, text)))
            return false;
    return true;
}

static bool write_float(sctx_out *out, double value) {
    char text[32];
    if (isnan(value)) return write_text(out, "{\"$float\":\"nan\"}");
    if (isinf(value)) return write_text(out, value > 0 ? "{\"$float\":\"inf\"}" : "{\"$float\":\"-inf\"}");
    (void)snprintf(text, sizeof text, "%.17g", value);
    return write_text(out, text);
}

/* In {"$ext":[N,"..."]} the node whose bytes are written as a string alone; else NULL. */
static const sctx_node *bytes_of_ext(const sctx_node *object) {
    const sctx_node *pair = object->first;
    bool is_ext = object->count == 1 && pair->name.n == 4 && memcmp(pair->name.p, "$ext", 4) == 0;
    return is_ext && pair->value.type == SCTX_ARRAY && pair->count == 2 ? pair->first->next : NULL;
}

static bool write_container(sctx_out *out, const sctx_node *node, const sctx_node *bare) {
    bool is_object = node->value.type == SCTX_OBJECT;
    if (!write_text(out, is_object ? "{" : "[")) return false;
    for (const sctx_node *child = node->first; child != NULL; child = child->next) {
        if (child != node->first && !write_text(out, ",")) return false;
        if (is_object && (!quoted_emit(out, child->name) || !write_text(out, ":"))) return false;
        if (!write_value(out, child, bare)) return false;
    }
    return write_text(out, is_object ? "}" : "]");
}

static bool write_value(sctx_out *out, const sctx_node *node, const sctx_node *bare) {
    char digits[24];
    const sctx_value *value = &node->value;
    switch (value->type) {
    case SCTX_BOOL: return write_text(out, value->v.u != 0 ? "true" : "false");
    case SCTX_I64: (void)snprintf(digits, sizeof digits, "%" PRId64, value->v.i); return write_text(out, digits);
    case SCTX_U64: (void)snprintf(digits, sizeof digits, "%" PRIu64, value->v.u); return write_text(out, digits);
    case SCTX_F64: return write_float(out, value->v.f);
    case SCTX_NUMBER: return write_bytes(out, value->v.s.p, value->v.s.n);
    case SCTX_TEXT: return quoted_emit(out, value->v.s);
    case SCTX_BYTES:
        return write_text(out, node == bare ? "\"" : "{\"$base64\":\"") && write_base64(out, value->v.s) &&
               write_text(out, node == bare ? "\"" : "\"}");
    case SCTX_OBJECT: return write_container(out, node, bytes_of_ext(node));
    case SCTX_ARRAY: return write_container(out, node, bare);
    default: return write_text(out, "null");
    }
}

/* ---- sniffing --------------------------------------------------------------------------------------------------------------- */

/* An object or array, by its first and last byte, whose beginning is right. Lone numbers and words are everywhere. */
static int json_sniff(const void *data, size_t len) {
    enum { BEGINNING = 256 };
    const char *text = data;
    size_t first = 0, end = len;
    while (first < len && is_white(text[first])) first++;
    while (end > first && is_white(text[end - 1])) end--;
    if (end - first < 2 || !((text[first] == '{' && text[end - 1] == '}') || (text[first] == '[' && text[end - 1] == ']'))) return 0;
    struct counter counter;
    counter_begin(&counter, SIZE_MAX);
    bool is_cut = end - first > BEGINNING;
    struct scan scan = {.data = text + first, .len = is_cut ? BEGINNING : end - first, .out = &counter.out};
    scan_document(&scan);
    return scan.status == SCTX_PLUGIN_OK || (is_cut && scan.status == SCTX_PLUGIN_TRUNCATED) ? 80 : 0;
}

/* ---- the slots -------------------------------------------------------------------------------------------------------------- */

static int json_decode(void *self, const void *data, size_t len, sctx_out *out) {
    (void)self;
    struct scan scan = {.data = data, .len = len, .out = out};
    scan_document(&scan);
    return scan.status;
}

/* Whatever a node may be, JSON has it; only the room for it can end. */
static int json_encode(void *self, const sctx_node *root, sctx_out *out) {
    (void)self;
    (void)write_value(out, root, NULL);
    return SCTX_PLUGIN_OK;
}

SCTX_PLUGIN("name=json\nversion=1.0\nlicense=MIT\nencodings=json,application/json\nsummary=JSON, RFC 8259, numbers of any size\n",
            .sniff = json_sniff, .decode = json_decode, .encode = json_encode);
