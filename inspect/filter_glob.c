#include "filter_glob.h"

/* Bytes of the character there; what is not UTF-8 counts byte by byte, or as one with the continuation bytes behind it. */
static size_t character_at(sctx_str text, size_t at) {
    size_t bytes = 1;
    if ((unsigned char)text.p[at] >= 0xC0)
        while (at + bytes < text.n && bytes < 4 && ((unsigned char)text.p[at + bytes] & 0xC0) == 0x80) bytes++;
    return bytes;
}

bool glob_matches(sctx_str pattern, sctx_str text) {
    size_t p = 0, t = 0, star = SIZE_MAX, star_text = 0;
    for (;;) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = ++p; /* what an earlier star took never has to be taken back */
            star_text = t;
            continue;
        }
        if (p == pattern.n && t == text.n) return true;
        if (p < pattern.n && t < text.n) {
            bool is_quoted = pattern.p[p] == '\\' && p + 1 < pattern.n;
            if (!is_quoted && pattern.p[p] == '?') {
                p++;
                t += character_at(text, t);
                continue;
            }
            if (pattern.p[p + is_quoted] == text.p[t]) {
                p += 1u + is_quoted;
                t++;
                continue;
            }
        }
        if (star == SIZE_MAX || star_text == text.n) return false;
        p = star;
        star_text += character_at(text, star_text);
        t = star_text;
    }
}
