#include "quoted.h"
#include "utf8.h"

#include <stdio.h>
#include <string.h>

/* The apostrophe last: JSON does not have it. */
static const char letters[] = "\"\\/bfnrt'", meanings[] = "\"\\/\b\f\n\r\t'";

static int hex_value(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------------- */

static const char no_end[] = "the closing quote is missing";

/* Behind a backslash. */
static const char *scan_escape(const char *text, size_t len, bool apostrophe, size_t *at) {
    if (*at == len) return no_end;
    char c = text[*at];
    if (c == 'u') {
        (*at)++;
        for (int i = 0; i < 4; i++, (*at)++)
            if (*at == len || hex_value(text[*at]) < 0) return "four hexadecimal digits must follow \\u";
        return NULL;
    }
    if (memchr(letters, c, sizeof letters - (apostrophe ? 1 : 2)) == NULL) return "not an escape";
    (*at)++;
    return NULL;
}

static const char *scan_wide(const char *text, size_t len, size_t *at) {
    size_t bytes = utf8_length((const unsigned char *)text + *at, len - *at);
    if (bytes == 0) return "not UTF-8";
    bool is_cut = bytes > len - *at;
    *at = is_cut ? len : *at + bytes;
    return is_cut ? no_end : NULL;
}

const char *quoted_scan(const char *text, size_t len, bool apostrophe, size_t *at, bool *has_escapes) {
    const char *why = NULL;
    *has_escapes = false;
    while (why == NULL) {
        unsigned char c = *at < len ? (unsigned char)text[*at] : 0;
        if (*at == len) return no_end;
        if (c == '"') return NULL;
        if (c < 0x20) return "a control character must be escaped";
        if (c == '\\') {
            *has_escapes = true;
            (*at)++;
            why = scan_escape(text, len, apostrophe, at);
        } else if (c < 0x80) {
            (*at)++;
        } else {
            why = scan_wide(text, len, at);
        }
    }
    return why;
}

static uint32_t hex4(const char *digits) {
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) code = code << 4 | (uint32_t)hex_value(digits[i]);
    return code;
}

static bool is_surrogate(uint32_t code, uint32_t first) {
    return code >= first && code < first + 0x400;
}

/* At the digits behind \u; returns how much was read: 4, or 10 for a pair. */
static size_t unescape_unicode(const char *from, size_t left, uint32_t *code) {
    *code = hex4(from);
    if (!is_surrogate(*code, 0xD800) || left < 10 || from[4] != '\\' || from[5] != 'u') return 4;
    uint32_t low = hex4(from + 6);
    if (!is_surrogate(low, 0xDC00)) return 4;
    *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
    return 10;
}

size_t quoted_unescape(sctx_str from, char *to) {
    size_t written = 0;
    for (size_t i = 0; i < from.n;) {
        if (from.p[i] != '\\') {
            to[written++] = from.p[i++];
        } else if (from.p[i + 1] != 'u') {
            to[written++] = meanings[strchr(letters, from.p[i + 1]) - letters];
            i += 2;
        } else {
            uint32_t code;
            i += 2 + unescape_unicode(from.p + i + 2, from.n - i - 2, &code);
            written += utf8_put(to + written, code);
        }
    }
    return written;
}

/* ---- writing ---------------------------------------------------------------------------------------------------------------- */

size_t quoted_escape(const char *text, size_t len, char to[8]) {
    const unsigned char *at = (const unsigned char *)text;
    if (utf8_is_lone(text, len)) {
        (void)snprintf(to, 8, "\\u%04x", 0xD000u | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu));
        return 3;
    }
    if (at[0] >= 0x20 && at[0] != '"' && at[0] != '\\') return 0;
    const char *meaning = at[0] != 0 ? strchr(meanings, at[0]) : NULL;
    if (meaning != NULL)
        (void)snprintf(to, 8, "\\%c", letters[meaning - meanings]);
    else
        (void)snprintf(to, 8, "\\u%04x", at[0]);
    return 1;
}

bool quoted_emit(sctx_out *out, sctx_str text) {
    size_t from = 0;
    if (out->emit(out, "\"", 1) != 0) return false;
    for (size_t i = 0; i < text.n;) {
        char escape[8];
        size_t bytes = quoted_escape(text.p + i, text.n - i, escape);
        if (bytes > 0) {
            if (out->emit(out, text.p + from, i - from) != 0 || out->emit(out, escape, strlen(escape)) != 0) return false;
            from = i + bytes;
        }
        i += bytes > 0 ? bytes : 1;
    }
    return out->emit(out, text.p + from, text.n - from) == 0 && out->emit(out, "\"", 1) == 0;
}
