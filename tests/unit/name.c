/* Names of contexts, topics and participants; patterns over topics. */
#include "name.h"
#include <criterion/criterion.h>
#include <sctx/sctx.h>
#include <stdlib.h>
#include <time.h>

/* ---- UTF-8 ------------------------------------------------------------------------------------------------------------------ */

static size_t encode(unsigned cp, unsigned char *to) {
    if (cp < 0x80) return to[0] = (unsigned char)cp, 1;
    size_t len = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = len; --i > 0; cp >>= 6) to[i] = (unsigned char)(0x80 | (cp & 0x3f));
    to[0] = (unsigned char)((0xf00u >> len & 0xffu) | cp);
    return len;
}

Test(name, utf8_every_code_point) {
    for (unsigned cp = 0; cp < 0x120000; cp++) {
        unsigned char text[4];
        unsigned got = 0;
        size_t len = encode(cp, text), seen = utf8_next(text, len, &got);
        bool valid = cp < 0x110000 && !(cp >= 0xd800 && cp < 0xe000);
        if (valid)
            cr_assert(seen == len && got == cp, "U+%04X: %zu bytes, U+%04X", cp, seen, got);
        else
            cr_assert_eq(seen, 0, "U+%04X is none", cp);
        for (size_t cut = 0; cut < len; cut++) cr_assert_eq(utf8_next(text, cut, &got), 0, "U+%04X cut to %zu", cp, cut);
    }
}

/* Every sequence of up to three bytes: accepted only if it is how its code point is written. */
Test(name, utf8_nothing_but_the_shortest_form) {
    for (unsigned v = 0; v < 1u << 24; v++) {
        if (v >= 1u << 16 && (v >> 16) < 0xc0 && (v & 0xffff) > 0xff)
            continue; /* the first byte stands for itself: the rest hardly matters */
        unsigned char text[3] = {(unsigned char)(v >> 16), (unsigned char)(v >> 8), (unsigned char)v}, again[4];
        unsigned cp = 0;
        size_t len = utf8_next(text, 3, &cp);
        if (len == 0) continue;
        cr_assert(len <= 3 && encode(cp, again) == len && memcmp(text, again, len) == 0, "%06x", v);
    }
}

Test(name, utf8_overlong) {
    static const char *const bad[] = {"\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xf0\x80\x80\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xfe",
                                      "\xff",
                                      "\x80",
                                      "\xbf"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        unsigned cp;
        cr_expect_eq(utf8_next((const unsigned char *)bad[i], strlen(bad[i]), &cp), 0, "number %zu", i);
        cr_expect_not(name_is_topic(bad[i]), "number %zu", i);
    }
}

/* ---- names ------------------------------------------------------------------------------------------------------------------ */

Test(name, context) {
    static const char *const good[] = {"a", "Z", "0", "_", "a.b", "a-b", "shop_2", "A-.-"};
    static const char *const bad[] = {"", ".", "..", ".a", "-a", "a/b", "a b", "a\n", "\xc3\xa4", "a:b", "a\\", "*"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) cr_expect(name_is_context(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) cr_expect_not(name_is_context(bad[i]), "%s", bad[i]);
    char name[SCTX_NAME_MAX + 2];
    memset(name, 'x', sizeof name);
    name[SCTX_NAME_MAX] = '\0';
    cr_expect(name_is_context(name));
    name[SCTX_NAME_MAX] = 'x';
    name[SCTX_NAME_MAX + 1] = '\0';
    cr_expect_not(name_is_context(name));
    static const char also[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    for (int c = 1; c < 256; c++) {
        char two[] = {'a', (char)c, '\0'};
        cr_expect_eq(name_is_context(two), strchr(also, c) != NULL, "character %d", c);
    }
}

Test(name, topic) {
    static const char *const good[] = {"a", "a/b", "a b", "A-Z_.:,;!?", "\xc3\xa4/\xe2\x82\xac/\xf0\x9f\x98\x80", "order/new", "#", "~"};
    static const char *const bad[] = {"",   "/",  "/a",  "a/",   "a//b",     "*",        "a/*",
                                      "a*", "**", "a\n", "\x7f", "a\x1b[1m", "\xc2\x80", "\xc2\x9f"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) cr_expect(name_is_topic(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) cr_expect_not(name_is_topic(bad[i]), "number %zu", i);
    char name[SCTX_TOPIC_MAX + 2];
    memset(name, 'x', sizeof name);
    name[SCTX_TOPIC_MAX] = '\0';
    cr_expect(name_is_topic(name));
    name[SCTX_TOPIC_MAX] = 'x';
    name[SCTX_TOPIC_MAX + 1] = '\0';
    cr_expect_not(name_is_topic(name));
    cr_expect(name_is_pattern("a/*/**"));
    cr_expect_not(name_is_pattern("a//**"));
    cr_expect_not(name_is_pattern(""));
}

Test(name, control_characters_never) {
    for (unsigned cp = 0; cp < 0x3000; cp++) {
        char text[8] = "a";
        if (cp >= 0xd800 && cp < 0xe000) continue;
        text[1 + encode(cp, (unsigned char *)text + 1)] = '\0';
        bool control = cp && (cp < 0x20 || (cp >= 0x7f && cp < 0xa0));
        cr_expect_eq(name_is_text(text, 64), !control, "U+%04X", cp);
    }
}

/* ---- patterns --------------------------------------------------------------------------------------------------------------- */

/* What '*' and '**' mean, as plainly as it can be said. Levels are single letters here; 'S' is '**'. */
static bool matches_plainly(const char *p, const char *n) {
    if (*p == '\0') return *n == '\0';
    if (*p == 'S') return matches_plainly(p + 1, n) || (*n && matches_plainly(p, n + 1));
    return *n && (*p == '*' || *p == *n) && matches_plainly(p + 1, n + 1);
}

/* The number-th word over the alphabet, `levels` long. */
static void word(unsigned number, unsigned levels, const char *alphabet, char *plain, char *path) {
    unsigned base = (unsigned)strlen(alphabet);
    for (unsigned i = 0; i < levels; i++, number /= base) {
        *plain = alphabet[number % base];
        if (i) *path++ = '/';
        if (*plain == 'S')
            *path++ = '*', *path++ = '*';
        else
            *path++ = *plain;
        plain++;
    }
    *plain = *path = '\0';
}

static unsigned power(unsigned base, unsigned n) {
    return n ? base * power(base, n - 1) : 1;
}

Test(name, matches_like_the_plain_definition) {
    unsigned wrong = 0, yes = 0, all = 0;
    for (unsigned pl = 1; pl <= 5; pl++)
        for (unsigned p = 0; p < power(4, pl); p++) {
            char pattern[32], pattern_plain[8];
            word(p, pl, "ab*S", pattern_plain, pattern);
            for (unsigned nl = 1; nl <= 6; nl++)
                for (unsigned n = 0; n < power(2, nl); n++) {
                    char name[32], name_plain[8];
                    word(n, nl, "ab", name_plain, name);
                    bool should = matches_plainly(pattern_plain, name_plain);
                    all++;
                    yes += should;
                    if (sctx_topic_matches(pattern, name) == should) continue;
                    if (wrong++ < 10) cr_log_error("'%s' on '%s': should be %d", pattern, name, should);
                }
        }
    cr_assert_eq(wrong, 0, "%u of %u wrong", wrong, all);
    cr_assert(yes > all / 10 && yes < all);
}

Test(name, matches_whole_levels_only) {
    cr_expect(sctx_topic_matches("order/*", "order/new"));
    cr_expect_not(sctx_topic_matches("order/*", "order"));
    cr_expect_not(sctx_topic_matches("order/*", "order/new/x"));
    cr_expect(sctx_topic_matches("order/**", "order"));
    cr_expect_not(sctx_topic_matches("order/**", "orders"));
    cr_expect_not(sctx_topic_matches("ord*", "order"));
    cr_expect_not(sctx_topic_matches("order", "order/new"));
    cr_expect_not(sctx_topic_matches("order/ne", "order/new"));
    cr_expect_not(sctx_topic_matches("order/newer", "order/new"));
}

/* The worst that fits into a pattern is still done at once. */
Test(name, matches_is_quick, .timeout = 20) {
    char pattern[SCTX_TOPIC_MAX + 1] = "", name[SCTX_TOPIC_MAX + 1] = "";
    while (strlen(pattern) < 240) strcat(pattern, "**/a/");
    strcat(pattern, "b");
    while (strlen(name) < 250) strcat(name, "a/");
    strcat(name, "a");
    cr_assert(name_is_pattern(pattern) && name_is_topic(name));
    clock_t begin = clock();
    for (int i = 0; i < 1000; i++) cr_assert_not(sctx_topic_matches(pattern, name));
    cr_assert_lt((double)(clock() - begin) / CLOCKS_PER_SEC, 10.0);
}
