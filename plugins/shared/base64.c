#include "base64.h"

#include <stdint.h>

size_t base64_encode(const void *bytes, size_t n, char text[BASE64_TEXT]) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *at = bytes;
    size_t len = 0;
    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t word = (uint32_t)at[i] << 16 | (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) | (left > 2 ? at[i + 2] : 0u);
        text[len++] = letters[word >> 18];
        text[len++] = letters[word >> 12 & 63];
        text[len++] = left > 1 ? letters[word >> 6 & 63] : '=';
        text[len++] = left > 2 ? letters[word & 63] : '=';
    }
    return len;
}

static int sextet(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(const char *text, size_t n, char *to, size_t *len) {
    *len = 0;
    if (n % 4 != 0) return false;
    for (size_t i = 0; i < n; i += 4) {
        bool last = i + 4 == n;
        size_t pads = last && text[i + 3] == '=' ? 1u + (text[i + 2] == '=') : 0;
        uint32_t word = 0;
        for (size_t k = 0; k < 4; k++) {
            int bits = k + pads >= 4 ? 0 : sextet(text[i + k]);
            if (bits < 0) return false;
            word = word << 6 | (uint32_t)bits;
        }
        if ((pads == 1 && (word & 0xFF) != 0) || (pads == 2 && (word & 0xFFFF) != 0)) return false;
        to[(*len)++] = (char)(word >> 16);
        if (pads < 2) to[(*len)++] = (char)(word >> 8);
        if (pads < 1) to[(*len)++] = (char)word;
    }
    return true;
}
