/* logfmt: one line of key=value pairs. What it is stands in README.md; there is no packaged library for C. */
#include <sctx/plugin.h>

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

static bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

/* May it stand in a key, and in a value without quotes? */
static bool is_plain(int c) {
    return c > ' ' && c != '=' && c != '"';
}

static bool is(sctx_str str, const char *word) {
    return str.n == strlen(word) && memcmp(str.p, word, str.n) == 0;
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

/* Over the character at which the scan stands. */
static bool scan_character(struct scan *scan) {
    size_t left = scan->len - scan->at, bytes = utf8_length((const unsigned char *)scan->data + scan->at, left);
    if (bytes == 0) return fail(scan, "not UTF-8");
    if (bytes > left) return fail_at(scan, scan->len, "the line ends within a character");
    scan->at += bytes;
    return true;
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

/* ---- values without quotes -------------------------------------------------------------------------------------------------- */

static size_t digits_at(sctx_str word, size_t at) {
    size_t from = at;
    while (at < word.n && is_digit(word.p[at])) at++;
    return at - from;
}

/* A number as JSON writes one (RFC 8259, section 6)? */
static bool is_number(sctx_str word, bool *is_integer) {
    size_t at = word.n > 0 && word.p[0] == '-', digits = digits_at(word, at);
    if (digits == 0 || (digits > 1 && word.p[at] == '0')) return false;
    at += digits;
    *is_integer = at == word.n;
    if (at < word.n && word.p[at] == '.') {
        digits = digits_at(word, ++at);
        if (digits == 0) return false;
        at += digits;
    }
    if (at < word.n && (word.p[at] == 'e' || word.p[at] == 'E')) {
        at++;
        if (at < word.n && (word.p[at] == '+' || word.p[at] == '-')) at++;
        digits = digits_at(word, at);
        if (digits == 0) return false;
        at += digits;
    }
    return at == word.n;
}

/* In 64 bits, if it fits; else the digits are kept. "-0" is no integer that could keep its sign. */
static sctx_value integer_value(sctx_str word) {
    const sctx_value as_written = {.type = SCTX_NUMBER, .flags = SCTX_GUESSED, .v.s = word};
    bool negative = word.p[0] == '-';
    uint64_t value = 0;
    for (size_t i = negative; i < word.n; i++) {
        uint64_t digit = (uint64_t)(word.p[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) return as_written;
        value = value * 10 + digit;
    }
    if (negative && (value == 0 || value > (uint64_t)INT64_MAX + 1)) return as_written;
    if (negative) return (sctx_value){.type = SCTX_I64, .flags = SCTX_GUESSED, .v.i = -1 - (int64_t)(value - 1)};
    if (value > (uint64_t)INT64_MAX) return (sctx_value){.type = SCTX_U64, .flags = SCTX_GUESSED, .v.u = value};
    return (sctx_value){.type = SCTX_I64, .flags = SCTX_GUESSED, .v.i = (int64_t)value};
}

/* What a word without quotes looks like. */
static sctx_value word_value(sctx_str word) {
    bool is_integer;
    if (is(word, "true") || is(word, "false")) return (sctx_value){.type = SCTX_BOOL, .flags = SCTX_GUESSED, .v.u = word.n == 4};
    if (!is_number(word, &is_integer)) return (sctx_value){.type = SCTX_TEXT, .v.s = word};
    return is_integer ? integer_value(word) : (sctx_value){.type = SCTX_NUMBER, .flags = SCTX_GUESSED, .v.s = word};
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

static const char escape_letters[] = "\"\\/'bfnrt", escape_meanings[] = "\"\\/'\b\f\n\r\t";

static int hex_value(int c) {
    return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Behind a backslash. */
static bool scan_escape(struct scan *scan) {
    int c = look(scan);
    if (c < 0) return fail(scan, "the closing quote is missing");
    if (c == 'u') {
        scan->at++;
        for (int i = 0; i < 4; i++, scan->at++)
            if (hex_value(look(scan)) < 0) return fail(scan, "four hexadecimal digits must follow \\u");
        return true;
    }
    if (c == 0 || strchr(escape_letters, c) == NULL) return fail(scan, "not an escape");
    scan->at++;
    return true;
}

/* From behind the opening quote up to the closing one. */
static bool scan_to_quote(struct scan *scan, bool *has_escapes) {
    *has_escapes = false;
    for (int c = look(scan); c != '"'; c = look(scan)) {
        if (c < 0) return fail(scan, "the closing quote is missing");
        if (c < ' ') return fail(scan, "a control character must be escaped");
        if (c == '\\') {
            *has_escapes = true;
            scan->at++;
            if (!scan_escape(scan)) return false;
        } else if (!scan_character(scan)) {
            return false;
        }
    }
    return true;
}

static uint32_t hex4(const char *digits) {
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) code = code << 4 | (uint32_t)hex_value(digits[i]);
    return code;
}

static bool is_surrogate(uint32_t code, uint32_t first) {
    return code >= first && code < first + 0x400;
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
static size_t unescape(sctx_str from, char *to) {
    size_t written = 0;
    for (size_t i = 0; i < from.n;) {
        if (from.p[i] != '\\') {
            to[written++] = from.p[i++];
        } else if (from.p[i + 1] != 'u') {
            to[written++] = escape_meanings[strchr(escape_letters, from.p[i + 1]) - escape_letters];
            i += 2;
        } else {
            uint32_t code;
            i += 2 + unescape_unicode(from.p + i + 2, from.n - i - 2, &code);
            written += put_utf8(to + written, code);
        }
    }
    return written;
}

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
    if (!scan_to_quote(scan, &has_escapes)) return false;
    *text = (sctx_str){scan->data + from, scan->at++ - from};
    if (!has_escapes) return true;
    if (!make_room(scan, text->n)) return false;
    *text = (sctx_str){scan->text, unescape(*text, scan->text)};
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

/* At a lone surrogate, which has no UTF-8 of its own? */
static bool is_lone(const char *text, size_t left) {
    return left >= 3 && (unsigned char)text[0] == 0xED && (unsigned char)text[1] >= 0xA0;
}

/* Does it need no quotes, so far as its characters go? */
static bool is_word(sctx_str str) {
    for (size_t i = 0; i < str.n; i++)
        if (!is_plain((unsigned char)str.p[i]) || is_lone(str.p + i, str.n - i)) return false;
    return true;
}

/* The escape for the character at `text`, if it must be one; answers how many bytes the character takes, 0: it stands for itself. */
static size_t escape(const char *text, size_t left, char to[8]) {
    const unsigned char *at = (const unsigned char *)text;
    if (is_lone(text, left)) {
        (void)snprintf(to, 8, "\\u%04x", 0xD000u | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu));
        return 3;
    }
    if (at[0] >= ' ' && at[0] != '"' && at[0] != '\\') return 0;
    const char *meaning = at[0] != 0 ? strchr(escape_meanings, at[0]) : NULL;
    if (meaning != NULL)
        (void)snprintf(to, 8, "\\%c", escape_letters[meaning - escape_meanings]);
    else
        (void)snprintf(to, 8, "\\u%04x", at[0]);
    return 1;
}

static bool write_quoted(sctx_out *out, sctx_str str) {
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
    return plain ? write_bytes(out, value->v.s.p, value->v.s.n) : write_quoted(out, value->v.s);
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

static void ignore_summary(sctx_out *out, sctx_str line) {
    (void)out, (void)line;
}

static void ignore_fail(sctx_out *out, uint32_t off, const char *why) {
    (void)out, (void)off, (void)why;
}

/* A whole line with two pairs or more; lines of logs are not endless. */
static int logfmt_sniff(const void *data, size_t len) {
    enum { LONGEST = 64 << 10, PAIRS = 2 };
    sctx_out nowhere = {.size = sizeof nowhere,
                        .put = ignore_put,
                        .open = ignore_open,
                        .close = ignore_close,
                        .summary = ignore_summary,
                        .fail = ignore_fail};
    struct scan scan = {.data = data, .len = len, .out = &nowhere};
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
