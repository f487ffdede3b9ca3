#include "utf8.h"

static size_t next(const unsigned char *text, size_t len, uint32_t *code, bool surrogates) {
    if (len == 0) return 0;
    if (text[0] < 0x80) {
        *code = text[0];
        return 1;
    }
    size_t bytes = text[0] >= 0xF0 ? 4 : text[0] >= 0xE0 ? 3 : 2;
    if (text[0] < 0xC2 || text[0] > 0xF4 || len < bytes) return 0;
    uint32_t value = text[0] & (0x7Fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((text[i] & 0xC0) != 0x80) return 0;
        value = value << 6 | (text[i] & 0x3Fu);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < least[bytes] || value > 0x10FFFF || (!surrogates && value >= 0xD800 && value <= 0xDFFF)) return 0;
    *code = value;
    return bytes;
}

size_t utf8_next(const unsigned char *text, size_t len, uint32_t *code) {
    return next(text, len, code, false);
}

size_t utf8_next_wide(const unsigned char *text, size_t len, uint32_t *code) {
    return next(text, len, code, true);
}

bool utf8_is_wide(const char *text, size_t len) {
    const unsigned char *at = (const unsigned char *)text;
    bool after_high = false;
    for (size_t i = 0; i < len;) {
        uint32_t code = at[i];
        if (code < 0x80) {
            after_high = false;
            i++;
            continue;
        }
        size_t bytes = next(at + i, len - i, &code, true);
        if (bytes == 0 || (after_high && code >= 0xDC00 && code <= 0xDFFF)) return false;
        after_high = code >= 0xD800 && code <= 0xDBFF;
        i += bytes;
    }
    return true;
}

size_t utf8_put(char *to, uint32_t code) {
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
