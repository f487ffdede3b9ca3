#include "name.h"
#include <sctx/sctx.h>
#include <string.h>

size_t utf8_next(const unsigned char *p, size_t n, unsigned *cp) {
    static const unsigned least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (n == 0) return 0;
    if (p[0] < 0x80) return *cp = p[0], 1;
    size_t len = p[0] >= 0xf0 && p[0] < 0xf8 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;
    if (p[0] >= 0xf8 || len == 0 || len > n) return 0;
    unsigned v = p[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
        v = v << 6 | (p[i] & 0x3fu);
    }
    if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000)) return 0;
    *cp = v;
    return len;
}

bool name_is_text(const char *text, size_t max_bytes) {
    size_t n = strnlen(text, max_bytes + 1);
    if (n == 0 || n > max_bytes) return false;
    const unsigned char *p = (const unsigned char *)text;
    while (n) {
        unsigned cp = 0;
        size_t len = utf8_next(p, n, &cp);
        if (len == 0 || cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) return false;
        p += len;
        n -= len;
    }
    return true;
}

bool name_is_context(const char *name) {
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    size_t n = strnlen(name, SCTX_NAME_MAX + 1);
    if (n == 0 || n > SCTX_NAME_MAX || !strchr(first, name[0])) return false;
    for (size_t i = 0; i < n; i++)
        if (!strchr(first, name[i]) && name[i] != '.' && name[i] != '-') return false;
    return true;
}

bool name_is_topic(const char *name) {
    if (!name_is_text(name, SCTX_TOPIC_MAX) || strchr(name, '*')) return false;
    return name[0] != '/' && name[strlen(name) - 1] != '/' && !strstr(name, "//");
}

bool name_is_pattern(const char *pattern) {
    if (!name_is_text(pattern, SCTX_TOPIC_MAX)) return false;
    for (const char *p = pattern;; p++) {
        size_t level = strcspn(p, "/"), stars = strspn(p, "*");
        if (level == 0 || (stars ? stars != level || stars > 2 : memchr(p, '*', level) != NULL)) return false;
        p += level;
        if (!*p) return true;
    }
}

/* '**' once or more, and nothing else. */
static bool only_stars(const char *pattern) {
    while (strncmp(pattern, "**/", 3) == 0) pattern += 3;
    return strcmp(pattern, "**") == 0;
}

/* One level each, without recursion over '*': '**' is tried against every rest, which is quadratic at most per '**'; names are
 * short, and a pattern's verdict is remembered per topic. */
bool sctx_topic_matches(const char *pattern, const char *name) {
    const char *star = NULL, *star_name = NULL; /* where to go on after the last '**' */
    for (;;) {
        size_t pl = strcspn(pattern, "/"), nl = strcspn(name, "/");
        if (pl == 2 && memcmp(pattern, "**", 2) == 0) {
            if (!pattern[2]) return true;
            star = pattern = pattern + 3;
            star_name = name;
            continue;
        }
        bool same = *name && *pattern && ((pl == 1 && *pattern == '*') || (pl == nl && memcmp(pattern, name, pl) == 0));
        if (same) {
            pattern += pl + (pattern[pl] == '/');
            name += nl + (name[nl] == '/');
            if (!*pattern && !*name) return true;
            if (*name || only_stars(pattern)) continue;
        }
        if (!star || !*star_name) return false;
        size_t skip = strcspn(star_name, "/"); /* let the last '**' take one level more */
        star_name += skip + (star_name[skip] == '/');
        if (!*star_name) return false;
        pattern = star;
        name = star_name;
    }
}
