#include "utf8.h"

size_t utf8_length(const unsigned char *text, size_t len) {
    unsigned lead = text[0];
    if (lead < 0x80) return 1;
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

size_t utf8_next(const unsigned char *text, size_t len, uint32_t *code) {
    size_t bytes = len > 0 ? utf8_length(text, len) : 0;
    if (bytes == 0 || bytes > len) return 0;
    *code = bytes == 1 ? text[0] : text[0] & (0x7Fu >> bytes);
    for (size_t i = 1; i < bytes; i++) *code = *code << 6 | (text[i] & 0x3Fu);
    return bytes;
}

size_t utf8_valid(const char *text, size_t len) {
    size_t at = 0;
    while (at < len) {
        size_t bytes = utf8_length((const unsigned char *)text + at, len - at);
        if (bytes == 0 || bytes > len - at) break;
        at += bytes;
    }
    return at;
}

bool utf8_is_wide(const char *text, size_t len) {
    bool after_high = false;
    for (size_t at = 0; at < len;) {
        size_t valid = utf8_valid(text + at, len - at);
        if (valid > 0) after_high = false;
        at += valid;
        if (at == len) break;
        if (!utf8_is_lone(text + at, len - at) || ((unsigned char)text[at + 2] & 0xC0) != 0x80 || (unsigned char)text[at + 1] > 0xBF)
            return false;
        bool is_low = (unsigned char)text[at + 1] >= 0xB0;
        if (is_low && after_high) return false;
        after_high = !is_low;
        at += 3;
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
