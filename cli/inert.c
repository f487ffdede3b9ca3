#include "inert.h"
#include "glyph.h"
#include "utf8.h"

#include <string.h>

static size_t hex_of_bytes(char *to, const unsigned char *bytes, size_t count) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < count; i++) {
        to[4 * i] = '\\';
        to[4 * i + 1] = 'x';
        to[4 * i + 2] = digits[bytes[i] >> 4];
        to[4 * i + 3] = digits[bytes[i] & 15];
    }
    return 4 * count;
}

static size_t hex_of_code(char *to, uint32_t code) {
    static const char digits[] = "0123456789ABCDEF";
    size_t len = 0;
    to[len++] = '\\';
    to[len++] = 'u';
    to[len++] = '{';
    for (int shift = code > 0xFFFFF ? 20 : code > 0xFFFF ? 16 : 12; shift >= 0; shift -= 4) to[len++] = digits[code >> shift & 15];
    to[len++] = '}';
    return len;
}

/* One character as it is shown: its bytes or its escape. */
struct piece {
    char escape[16];
    size_t escape_len; /* 0: as it is */
    size_t bytes, columns;
};

/* A combining mark counts as well: else any number of them would fit into a line. */
static size_t columns_of(uint32_t code) {
    return glyph_columns(code) == 2 ? 2 : 1;
}

static void piece_take(struct piece *piece, const unsigned char *text, size_t len) {
    uint32_t code = 0;
    piece->escape_len = 0;
    piece->bytes = utf8_next(text, len, &code);
    if (piece->bytes == 0) piece->bytes = piece->escape_len = 1;
    if (piece->escape_len != 0 || glyph_is_control(code))
        piece->escape_len = hex_of_bytes(piece->escape, text, piece->bytes);
    else if (!glyph_is_inert(code))
        piece->escape_len = hex_of_code(piece->escape, code);
    piece->columns = piece->escape_len != 0 ? piece->escape_len : columns_of(code);
}

static size_t plain_run(const unsigned char *text, size_t len) {
    size_t run = 0;
    while (run < len && text[run] >= 0x20 && text[run] < 0x7F) run++;
    return run;
}

size_t inert_put_columns(struct out *out, const void *text, size_t len, size_t columns) {
    const unsigned char *in = text;
    size_t at = 0;
    while (at < len && columns > 0) {
        size_t run = plain_run(in + at, len - at < columns ? len - at : columns);
        out_put(out, in + at, run);
        at += run;
        columns -= run;
        if (at == len || columns == 0) break;
        struct piece piece;
        piece_take(&piece, in + at, len - at);
        if (piece.columns > columns) break;
        out_put(out, piece.escape_len != 0 ? (const void *)piece.escape : in + at, piece.escape_len != 0 ? piece.escape_len : piece.bytes);
        at += piece.bytes;
        columns -= piece.columns;
    }
    return at;
}

void inert_put(struct out *out, const void *text, size_t len) {
    inert_put_columns(out, text, len, SIZE_MAX);
}

void inert_text(struct out *out, const char *text) {
    inert_put(out, text, strlen(text));
}

size_t inert_columns(const void *text, size_t len) {
    const unsigned char *in = text;
    size_t columns = 0;
    for (size_t at = 0; at < len;) {
        struct piece piece;
        piece_take(&piece, in + at, len - at);
        at += piece.bytes;
        columns += piece.columns;
    }
    return columns;
}

static void put_u(struct out *out, unsigned unit) {
    static const char digits[] = "0123456789abcdef";
    char text[6] = {'\\', 'u', digits[unit >> 12 & 15], digits[unit >> 8 & 15], digits[unit >> 4 & 15], digits[unit & 15]};
    out_put(out, text, sizeof text);
}

void inert_json_escape(struct out *out, uint32_t code) {
    if (code > 0xFFFF) {
        put_u(out, 0xD800 + ((code - 0x10000) >> 10));
        code = 0xDC00 + ((code - 0x10000) & 0x3FF);
    }
    put_u(out, code);
}

static void put_json_special(struct out *out, uint32_t code) {
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof letters; i += 2)
        if ((uint32_t)letters[i] == code) {
            out_char(out, '\\');
            out_char(out, letters[i + 1]);
            return;
        }
    inert_json_escape(out, code);
}

/* Stops at the first byte that is not UTF-8; returns how far it came. */
static size_t put_json_characters(struct out *out, const unsigned char *in, size_t len) {
    size_t at = 0;
    while (at < len) {
        size_t run = 0;
        while (run < len - at && in[at + run] >= 0x20 && in[at + run] < 0x7F && in[at + run] != '"' && in[at + run] != '\\') run++;
        out_put(out, in + at, run);
        at += run;
        if (at == len) break;
        uint32_t code = 0;
        size_t bytes = utf8_next(in + at, len - at, &code);
        if (bytes == 0) break;
        if (code == '"' || code == '\\' || !glyph_is_inert(code))
            put_json_special(out, code);
        else
            out_put(out, in + at, bytes);
        at += bytes;
    }
    return at;
}

bool inert_json(struct out *out, const void *text, size_t len) {
    size_t mark = out_mark(out);
    out_char(out, '"');
    if (put_json_characters(out, text, len) != len) {
        out_take_back(out, mark);
        return false;
    }
    out_char(out, '"');
    return true;
}

void inert_json_value(struct out *out, const void *text, size_t len) {
    const unsigned char *in = text;
    size_t at = 0;
    out_char(out, '"');
    while ((at += put_json_characters(out, in + at, len - at)) < len) {
        bool is_surrogate = len - at >= 3 && in[at] == 0xED && in[at + 1] >= 0xA0 && in[at + 1] <= 0xBF && (in[at + 2] & 0xC0) == 0x80;
        inert_json_escape(out, is_surrogate ? 0xD000u | (in[at + 1] & 0x3Fu) << 6 | (in[at + 2] & 0x3Fu) : 0xFFFDu);
        at += is_surrogate ? 3 : 1;
    }
    out_char(out, '"');
}

void inert_json_name(struct out *out, const char *text) {
    const unsigned char *in = (const unsigned char *)text;
    size_t len = strlen(text), at = 0;
    out_char(out, '"');
    while ((at += put_json_characters(out, in + at, len - at)) < len) {
        char hex[4];
        hex_of_bytes(hex, in + at++, 1);
        out_char(out, '\\');
        out_put(out, hex, sizeof hex);
    }
    out_char(out, '"');
}
