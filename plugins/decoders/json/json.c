/* JSON, RFC 8259: strict, exact in numbers of any size, duplicate names kept. No packaged library is all of that and knows byte spans. */
#include <sctx/plugin.h>

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

/* Bytes of the UTF-8 sequence at `text` (RFC 3629, section 4); 0: it is none. More than `len`: it is cut off, and right so far. */
static size_t utf8_length(const unsigned char *text, size_t len) {
    if (text[0] < 0x80) return 1;
    unsigned lead = text[0];
    unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    size_t bytes = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    for (size_t i = 1; i < bytes && i < len; i++) {
        if (text[i] < low || text[i] > high) return 0;
        low = 0x80;
        high = 0xBF;
    }
    return bytes;
}

static size_t put_utf8(char *to, uint32_t code) {
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    size_t bytes = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = bytes; i-- > 1; code >>= 6) to[i] = (char)(0x80 | (code & 0x3F));
    to[0] = (char)(lead[bytes] | code);
    return bytes;
}

/* ---- strings ---------------------------------------------------------------------------------------------------------------- */

static const char escape_letters[] = "\"\\/bfnrt", escape_meanings[] = "\"\\/\b\f\n\r\t";

static int hex_value(int c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_surrogate(uint32_t code, uint32_t first) {
    return code >= first && code < first + 0x400;
}

/* Behind a backslash. */
static bool scan_escape(struct scan *scan) {
    int c = look(scan);
    if (c < 0) return fail(scan, "the string does not end");
    if (c == 'u') {
        scan->at++;
        for (int i = 0; i < 4; i++, scan->at++)
            if (hex_value(look(scan)) < 0) return fail(scan, "four hexadecimal digits must follow \\u");
        return true;
    }
    if (c == 0 || strchr(escape_letters, c) == NULL) return fail(scan, "not an escape that JSON has");
    scan->at++;
    return true;
}

/* From behind the opening quote up to the closing one. */
static bool scan_to_quote(struct scan *scan, bool *has_escapes) {
    *has_escapes = false;
    for (;;) {
        int c = look(scan);
        if (c == '"') return true;
        if (c < 0) return fail(scan, "the string does not end");
        if (c < 0x20) return fail(scan, "a control character must be escaped");
        if (c == '\\') {
            *has_escapes = true;
            scan->at++;
            if (!scan_escape(scan)) return false;
        } else if (c < 0x80) {
            scan->at++;
        } else {
            size_t left = scan->len - scan->at, bytes = utf8_length((const unsigned char *)scan->data + scan->at, left);
            if (bytes == 0) return fail(scan, "not UTF-8");
            if (bytes > left) return fail_at(scan, scan->len, "the string does not end");
            scan->at += bytes;
        }
    }
}

static uint32_t hex4(const char *digits) {
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) code = code << 4 | (uint32_t)hex_value(digits[i]);
    return code;
}

/* At the digits behind \u; answers how much was read: 4, or 10 for a pair. A surrogate without its other half stands for itself. */
static size_t unescape_unicode(const char *from, size_t left, uint32_t *code) {
    *code = hex4(from);
    if (!is_surrogate(*code, 0xD800) || left < 10 || from[4] != '\\' || from[5] != 'u') return 4;
    uint32_t low = hex4(from + 6);
    if (!is_surrogate(low, 0xDC00)) return 4;
    *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
    return 10;
}

/* Of text that scan_to_quote() has passed. What an escape stands for takes less room than the escape. */
static size_t unescape(const char *from, size_t len, char *to) {
    size_t written = 0;
    for (size_t i = 0; i < len;) {
        if (from[i] != '\\') {
            to[written++] = from[i++];
        } else if (from[i + 1] != 'u') {
            to[written++] = escape_meanings[strchr(escape_letters, from[i + 1]) - escape_letters];
            i += 2;
        } else {
            uint32_t code;
            i += 2 + unescape_unicode(from + i + 2, len - i - 2, &code);
            written += put_utf8(to + written, code);
        }
    }
    return written;
}

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
    if (!scan_to_quote(scan, &has_escapes)) return false;
    *str = (sctx_str){scan->data + from, scan->at++ - from};
    if (!has_escapes) return true;
    if (!make_room(scan, room, str->n)) return false;
    *str = (sctx_str){room->text, unescape(str->p, str->n, room->text)};
    return true;
}

/* ---- values ----------------------------------------------------------------------------------------------------------------- */

static size_t scan_digits(struct scan *scan) {
    size_t from = scan->at;
    while (look(scan) >= '0' && look(scan) <= '9') scan->at++;
    return scan->at - from;
}

/* An integer of 64 bits, if it is one; else the digits are kept. "-0" is no integer that could keep its sign. */
static sctx_value number_value(const char *text, size_t len, bool is_integer) {
    const sctx_value digits = {.type = SCTX_NUMBER, .v.s = {text, len}};
    bool negative = text[0] == '-';
    uint64_t value = 0;
    if (!is_integer) return digits;
    for (size_t i = negative; i < len; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) return digits;
        value = value * 10 + digit;
    }
    if (negative && (value == 0 || value > (uint64_t)INT64_MAX + 1)) return digits;
    if (negative) return (sctx_value){.type = SCTX_I64, .v.i = -1 - (int64_t)(value - 1)};
    if (value > (uint64_t)INT64_MAX) return (sctx_value){.type = SCTX_U64, .v.u = value};
    return (sctx_value){.type = SCTX_I64, .v.i = (int64_t)value};
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
    const sctx_value value = number_value(scan->data + from, scan->at - from, is_integer);
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

/* The escape for the character at `text`, if it must be one; answers how many bytes the character takes, 0: it stands for itself. */
static size_t escape(const char *text, size_t left, char to[8]) {
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] == 0xED && left >= 3 && at[1] >= 0xA0) {
        (void)snprintf(to, 8, "\\u%04x", 0xD000u | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu));
        return 3;
    }
    if (at[0] >= 0x20 && at[0] != '"' && at[0] != '\\') return 0;
    const char *meaning = at[0] != 0 ? strchr(escape_meanings, at[0]) : NULL;
    if (meaning != NULL)
        (void)snprintf(to, 8, "\\%c", escape_letters[meaning - escape_meanings]);
    else
        (void)snprintf(to, 8, "\\u%04x", at[0]);
    return 1;
}

static bool write_string(sctx_out *out, sctx_str str) {
    size_t from = 0;
    if (!write_text(out, "\"")) return false;
    for (size_t i = 0; i < str.n;) {
        char text[8];
        size_t bytes = escape(str.p + i, str.n - i, text);
        if (bytes > 0) {
            if (!write_bytes(out, str.p + from, i - from) || !write_text(out, text)) return false;
            from = i + bytes;
        }
        i += bytes > 0 ? bytes : 1;
    }
    return write_bytes(out, str.p + from, str.n - from) && write_text(out, "\"");
}

static bool write_base64(sctx_out *out, sctx_str bytes) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *at = (const unsigned char *)bytes.p;
    for (size_t i = 0; i < bytes.n; i += 3) {
        size_t left = bytes.n - i;
        uint32_t word = (uint32_t)at[i] << 16 | (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) | (left > 2 ? at[i + 2] : 0u);
        const char quad[] = {letters[word >> 18], letters[word >> 12 & 63], left > 1 ? letters[word >> 6 & 63] : '=',
                             left > 2 ? letters[word & 63] : '='};
        if (!write_bytes(out, quad, sizeof quad)) return false;
    }
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
        if (is_object && (!write_string(out, child->name) || !write_text(out, ":"))) return false;
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
    case SCTX_TEXT: return write_string(out, value->v.s);
    case SCTX_BYTES:
        return write_text(out, node == bare ? "\"" : "{\"$base64\":\"") && write_base64(out, value->v.s) &&
               write_text(out, node == bare ? "\"" : "\"}");
    case SCTX_OBJECT: return write_container(out, node, bytes_of_ext(node));
    case SCTX_ARRAY: return write_container(out, node, bare);
    default: return write_text(out, "null");
    }
}

/* ---- sniffing --------------------------------------------------------------------------------------------------------------- */

static int ignore_put(sctx_out *out, sctx_str name, const sctx_value *value, sctx_span span) {
    (void)out, (void)name, (void)value, (void)span;
    return 0;
}

static int ignore_open(sctx_out *out, sctx_str name, int type, sctx_span span) {
    (void)out, (void)name, (void)type, (void)span;
    return 0;
}

static int ignore_close(sctx_out *out, uint32_t end) {
    (void)out, (void)end;
    return 0;
}

static void ignore_fail(sctx_out *out, uint32_t off, const char *why) {
    (void)out, (void)off, (void)why;
}

/* An object or array, by its first and last byte, whose beginning is right. Lone numbers and words are everywhere. */
static int json_sniff(const void *data, size_t len) {
    enum { BEGINNING = 256 };
    const char *text = data;
    size_t first = 0, end = len;
    while (first < len && is_white(text[first])) first++;
    while (end > first && is_white(text[end - 1])) end--;
    if (end - first < 2 || !((text[first] == '{' && text[end - 1] == '}') || (text[first] == '[' && text[end - 1] == ']'))) return 0;
    sctx_out nowhere = {.size = sizeof nowhere, .put = ignore_put, .open = ignore_open, .close = ignore_close, .fail = ignore_fail};
    bool is_cut = end - first > BEGINNING;
    struct scan scan = {.data = text + first, .len = is_cut ? BEGINNING : end - first, .out = &nowhere};
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
