#include "json.h"
#include "glyph.h"
#include "inert.h"
#include "utf8.h"

#include <string.h>

struct scan {
    const unsigned char *text;
    size_t at, len;
    unsigned depth;
    struct out *out;
    const char *reason;
};

static bool scan_value(struct scan *scan);

static bool fail(struct scan *scan, const char *reason) {
    if (scan->reason == NULL) scan->reason = reason;
    return false;
}

static void emit(struct scan *scan, size_t from) {
    if (scan->out != NULL) out_put(scan->out, scan->text + from, scan->at - from);
}

static int look(const struct scan *scan) {
    return scan->at < scan->len ? scan->text[scan->at] : -1;
}

static void skip_white(struct scan *scan) {
    for (int c = look(scan); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = look(scan)) scan->at++;
}

static bool take(struct scan *scan, char c) {
    if (look(scan) != c) return false;
    scan->at++;
    if (scan->out != NULL) out_char(scan->out, c);
    return true;
}

static bool scan_word(struct scan *scan, const char *word) {
    size_t len = strlen(word);
    if (scan->len - scan->at < len || memcmp(scan->text + scan->at, word, len) != 0) return fail(scan, "not a JSON value");
    size_t from = scan->at;
    scan->at += len;
    emit(scan, from);
    return true;
}

static size_t scan_digits(struct scan *scan) {
    size_t from = scan->at;
    while (look(scan) >= '0' && look(scan) <= '9') scan->at++;
    return scan->at - from;
}

static bool scan_number(struct scan *scan) {
    size_t from = scan->at;
    if (look(scan) == '-') scan->at++;
    bool zero = look(scan) == '0';
    size_t digits = scan_digits(scan);
    if (digits == 0) return fail(scan, "a digit is missing");
    if (zero && digits > 1) return fail(scan, "a number begins with 0");
    if (look(scan) == '.') {
        scan->at++;
        if (scan_digits(scan) == 0) return fail(scan, "a digit is missing after the point");
    }
    if (look(scan) == 'e' || look(scan) == 'E') {
        scan->at++;
        if (look(scan) == '+' || look(scan) == '-') scan->at++;
        if (scan_digits(scan) == 0) return fail(scan, "a digit is missing in the exponent");
    }
    emit(scan, from);
    return true;
}

/* Four hexadecimal digits; negative if they are not. */
static int hex_unit(const struct scan *scan, size_t at) {
    int unit = 0;
    if (scan->len < 4 || at > scan->len - 4) return -1;
    for (size_t i = at; i < at + 4; i++) {
        int c = scan->text[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0) return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool scan_escape(struct scan *scan) {
    size_t from = scan->at++;
    int c = look(scan);
    if (c < 0 || memchr("\"\\/bfnrtu", c, 9) == NULL) return fail(scan, "an unknown escape");
    scan->at++;
    if (c == 'u') {
        int unit = hex_unit(scan, scan->at);
        if (unit < 0) return fail(scan, "four hexadecimal digits are missing");
        scan->at += 4;
        if (unit >= 0xD800 && unit <= 0xDFFF) {
            bool escaped = scan->len - scan->at >= 2 && scan->text[scan->at] == '\\' && scan->text[scan->at + 1] == 'u';
            int low = escaped ? hex_unit(scan, scan->at + 2) : -1;
            if (unit > 0xDBFF || low < 0xDC00 || low > 0xDFFF) return fail(scan, "half a surrogate pair");
            scan->at += 6;
        }
    }
    emit(scan, from);
    return true;
}

static bool scan_string(struct scan *scan) {
    take(scan, '"');
    for (;;) {
        size_t from = scan->at;
        int c = look(scan);
        while (c >= 0x20 && c < 0x7F && c != '"' && c != '\\') {
            scan->at++;
            c = look(scan);
        }
        emit(scan, from);
        if (c == '"') return take(scan, '"');
        if (c < 0) return fail(scan, "a string does not end");
        if (c < 0x20) return fail(scan, "a control character in a string");
        if (c == '\\') {
            if (!scan_escape(scan)) return false;
            continue;
        }
        uint32_t code = 0;
        size_t bytes = utf8_next(scan->text + scan->at, scan->len - scan->at, &code);
        if (bytes == 0) return fail(scan, "not UTF-8");
        from = scan->at;
        scan->at += bytes;
        if (glyph_is_inert(code))
            emit(scan, from);
        else if (scan->out != NULL)
            inert_json_escape(scan->out, code);
    }
}

static bool scan_member(struct scan *scan) {
    if (look(scan) != '"') return fail(scan, "a key in quotes is missing");
    if (!scan_string(scan)) return false;
    skip_white(scan);
    if (!take(scan, ':')) return fail(scan, "':' is missing");
    return scan_value(scan);
}

static bool scan_list(struct scan *scan, char first, char last, bool (*scan_item)(struct scan *)) {
    if (++scan->depth > JSON_DEPTH_MAX) return fail(scan, "nested too deeply");
    take(scan, first);
    skip_white(scan);
    if (!take(scan, last)) {
        do {
            skip_white(scan);
            if (!scan_item(scan)) return false;
            skip_white(scan);
        } while (take(scan, ','));
        if (!take(scan, last)) return fail(scan, last == '}' ? "',' or '}' is missing" : "',' or ']' is missing");
    }
    scan->depth--;
    return true;
}

static bool scan_value(struct scan *scan) {
    skip_white(scan);
    int c = look(scan);
    if (c == '{') return scan_list(scan, '{', '}', scan_member);
    if (c == '[') return scan_list(scan, '[', ']', scan_value);
    if (c == '"') return scan_string(scan);
    if (c == '-' || (c >= '0' && c <= '9')) return scan_number(scan);
    if (c < 0) return fail(scan, "a value is missing");
    return scan_word(scan, c == 't' ? "true" : c == 'f' ? "false" : "null");
}

bool json_copy(struct out *out, const void *text, size_t len, struct json_fault *fault) {
    struct scan scan = {.text = text, .len = len, .out = out};
    size_t mark = out != NULL ? out_mark(out) : 0;
    bool good = scan_value(&scan);
    if (good) {
        skip_white(&scan);
        good = scan.at == len || fail(&scan, "more after the end of the document");
    }
    if (!good) {
        if (out != NULL) out_take_back(out, mark);
        if (fault != NULL) *fault = (struct json_fault){.offset = scan.at, .reason = scan.reason};
    }
    return good;
}
