#include "filter_lex.h"
#include "filter_units.h"
#include "utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char look(const struct lexer *lexer, uint32_t ahead) {
    return lexer->at + ahead < lexer->filter->len ? lexer->filter->text[lexer->at + ahead] : '\0';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

char lex_look(const struct lexer *lexer) {
    return look(lexer, 0);
}

uint32_t lex_name(const struct lexer *lexer, bool is_in_data) {
    uint32_t len = 0;
    for (;; len++) {
        char c = look(lexer, len);
        bool is_more = is_in_data && ((unsigned char)c >= 0x80 || c == '$' || c == '@' || (c == '-' && len > 0));
        if (!is_letter(c) && !is_digit(c) && !is_more) return len;
    }
}

bool lex_is(const struct lexer *lexer, const char *name) {
    const struct token *now = &lexer->now;
    return now->kind == TOKEN_NAME && now->len == strlen(name) && memcmp(lexer->filter->text + now->off, name, now->len) == 0;
}

/* ---- strings ---------------------------------------------------------------------------------------------------------------- */

static void pool_put(struct filter *filter, const char *text, size_t len) {
    memcpy(filter->pool + filter->pool_len, text, len);
    filter->pool_len += (uint32_t)len;
}

/* Four hex digits at `ahead`. */
static bool look_hex(const struct lexer *lexer, uint32_t ahead, uint32_t *code) {
    *code = 0;
    for (uint32_t i = 0; i < 4; i++) {
        char c = look(lexer, ahead + i);
        uint32_t digit = is_digit(c)                              ? (uint32_t)(c - '0')
                         : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (uint32_t)((c | 0x20) - 'a' + 10)
                                                                  : 16;
        if (digit == 16) return false;
        *code = *code << 4 | digit;
    }
    return true;
}

static bool take_escape(struct lexer *lexer) {
    static const char letters[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    char text[4], c = look(lexer, 1);
    for (const char *pair = letters; *pair != '\0'; pair += 2)
        if (*pair == c) {
            pool_put(lexer->filter, pair + 1, 1);
            lexer->at += 2;
            return true;
        }
    uint32_t code, low;
    if (c != 'u' || !look_hex(lexer, 2, &code))
        return lex_fail(lexer, lexer->at,
                        "expected an escape as JSON has them (\\n, \\\", \\\\, \\u00e9); within '...' a backslash is itself");
    lexer->at += 6;
    if (code >= 0xD800 && code < 0xDC00 && look(lexer, 0) == '\\' && look(lexer, 1) == 'u' && look_hex(lexer, 2, &low) && low >= 0xDC00 &&
        low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        lexer->at += 6;
    }
    pool_put(lexer->filter, text, utf8_put(text, code));
    return true;
}

/* The pool is as long as the expression, and an escape is never shorter than what it stands for. */
bool lex_string(struct lexer *lexer, sctx_str *string) {
    struct filter *filter = lexer->filter;
    uint32_t begin = lexer->at, from = filter->pool_len;
    char quote = look(lexer, 0);
    for (lexer->at++; look(lexer, 0) != quote;) {
        if (lexer->at >= filter->len) return lex_fail(lexer, begin, "the text that begins here does not end: a %c is missing", quote);
        if (quote == '"' && look(lexer, 0) == '\\') {
            if (!take_escape(lexer)) return false;
        } else {
            pool_put(filter, filter->text + lexer->at++, 1);
        }
    }
    lexer->at++;
    *string = (sctx_str){filter->pool + from, filter->pool_len - from};
    filter->pool[filter->pool_len++] = '\0';
    return true;
}

/* ---- numbers ---------------------------------------------------------------------------------------------------------------- */

static void skip_digits(struct lexer *lexer) {
    while (is_digit(look(lexer, 0))) lexer->at++;
}

static bool take_fraction(struct lexer *lexer, bool *is_whole) {
    if (look(lexer, 0) == '.') {
        lexer->at++;
        if (!is_digit(look(lexer, 0))) return lex_fail(lexer, lexer->at, "expected a digit after the point");
        skip_digits(lexer);
        *is_whole = false;
    }
    return true;
}

/* Of e, only what is an exponent: 1e3, 1e-3. */
static bool take_exponent(struct lexer *lexer) {
    if ((look(lexer, 0) | 0x20) != 'e') return false;
    uint32_t sign = look(lexer, 1) == '-' || look(lexer, 1) == '+';
    if (!is_digit(look(lexer, 1 + sign))) return false;
    lexer->at += 1 + sign;
    skip_digits(lexer);
    return true;
}

static sctx_value integer_of(sctx_str digits, bool is_negative, int base) {
    char text[72];
    sctx_value value = {.type = SCTX_NUMBER};
    if (digits.n >= sizeof text) return value;
    memcpy(text, digits.p, digits.n);
    text[digits.n] = '\0';
    errno = 0;
    uint64_t number = strtoull(text, NULL, base);
    if (errno != 0 || (is_negative && number > UINT64_C(1) << 63)) return value;
    value.type = is_negative || number <= INT64_MAX ? SCTX_I64 : SCTX_U64;
    value.v.u = is_negative ? -number : number;
    return value;
}

static bool take_hex(struct lexer *lexer, bool is_negative) {
    struct token *now = &lexer->now;
    uint32_t begin = lexer->at;
    lexer->at += 2;
    uint32_t digits = lexer->at;
    while (is_digit(look(lexer, 0)) || ((look(lexer, 0) | 0x20) >= 'a' && (look(lexer, 0) | 0x20) <= 'f')) lexer->at++;
    if (lexer->at == digits || lex_name(lexer, false) > 0) return lex_fail(lexer, lexer->at, "expected a hexadecimal digit");
    now->value = integer_of((sctx_str){lexer->filter->text + begin, lexer->at - begin}, is_negative, 16);
    if (now->value.type == SCTX_NUMBER) return lex_fail(lexer, now->off, "a hexadecimal number has at most 64 bits");
    return true;
}

static bool take_unit(struct lexer *lexer, sctx_str digits, bool has_exponent, bool is_negative) {
    struct token *now = &lexer->now;
    sctx_str unit = {lexer->filter->text + lexer->at, lex_name(lexer, false)};
    const char *names[32] = {NULL};
    char text[200];
    struct show show = show_begin(text, sizeof text);
    switch (quantity_parse(digits, unit, &now->value)) {
    case QUANTITY_NO_UNIT:
        for (unsigned n = 0; quantity_unit(n) != NULL; n++) names[n] = quantity_unit(n);
        show_plain(&show, "no unit '");
        show_cut(&show, unit.p, unit.n, 20);
        show_plain(&show, "': " QUANTITY_UNITS);
        lex_suggest(&show, unit, names);
        return lex_fail(lexer, lexer->at, "%s", text);
    case QUANTITY_NOT_WHOLE:
        return lex_fail(lexer, now->off, "not a whole number of %s", now->value.as == SCTX_SIZE ? "bytes" : "nanoseconds");
    case QUANTITY_TOO_LARGE: return lex_fail(lexer, now->off, "too large: at most 2^63 - 1 nanoseconds or bytes");
    case QUANTITY_FINE: break;
    }
    if (has_exponent) return lex_fail(lexer, lexer->at, "a number with an exponent has no unit");
    if (is_negative) now->value.v.i = -now->value.v.i;
    lexer->at += (uint32_t)unit.n;
    return true;
}

static bool lex_number(struct lexer *lexer) {
    struct token *now = &lexer->now;
    const char *text = lexer->filter->text;
    bool is_negative = look(lexer, 0) == '-', is_whole = true;
    now->kind = TOKEN_NUMBER;
    lexer->at += is_negative;
    if (look(lexer, 0) == '0' && (look(lexer, 1) | 0x20) == 'x') return take_hex(lexer, is_negative);
    uint32_t begin = lexer->at;
    skip_digits(lexer);
    if (!take_fraction(lexer, &is_whole)) return false;
    sctx_str digits = {text + begin, lexer->at - begin};
    bool has_exponent = take_exponent(lexer);
    if (lex_name(lexer, false) > 0) return take_unit(lexer, digits, has_exponent, is_negative);
    now->value.type = SCTX_NUMBER;
    if (is_whole && !has_exponent) now->value = integer_of(digits, is_negative, 10);
    if (now->value.type == SCTX_NUMBER) now->value.v.s = (sctx_str){text + now->off, lexer->at - now->off};
    return true;
}

/* ---- signs ------------------------------------------------------------------------------------------------------------------ */

/* The longer ones first. */
static const struct {
    const char *text;
    enum token_kind kind;
    enum comparison comparison;
} signs[] = {
    {"!=~", TOKEN_COMPARISON, IS_NO_MATCH},
    {"==", TOKEN_COMPARISON, IS_EQUAL},
    {"!=", TOKEN_COMPARISON, IS_UNEQUAL},
    {"<=", TOKEN_COMPARISON, IS_AT_MOST},
    {">=", TOKEN_COMPARISON, IS_AT_LEAST},
    {"!~", TOKEN_COMPARISON, IS_UNLIKE},
    {"=~", TOKEN_COMPARISON, IS_MATCH},
    {"&&", TOKEN_AND, 0},
    {"||", TOKEN_OR, 0},
    {"<", TOKEN_COMPARISON, IS_LESS},
    {">", TOKEN_COMPARISON, IS_GREATER},
    {"~", TOKEN_COMPARISON, IS_LIKE},
    {"!", TOKEN_NOT, 0},
    {"(", TOKEN_OPEN, 0},
    {")", TOKEN_CLOSE, 0},
    {"[", TOKEN_OPEN_LIST, 0},
    {"]", TOKEN_CLOSE_LIST, 0},
    {",", TOKEN_COMMA, 0},
};

const char *comparison_text(enum comparison comparison) {
    if (comparison == IS_IN) return "in";
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (signs[i].kind == TOKEN_COMPARISON && signs[i].comparison == comparison) return signs[i].text;
    return "?";
}

static bool lex_sign(struct lexer *lexer) {
    const char *text = lexer->filter->text + lexer->at;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t len = strlen(signs[i].text);
        if (strncmp(text, signs[i].text, len) != 0) continue;
        lexer->now.kind = signs[i].kind;
        lexer->now.comparison = signs[i].comparison;
        lexer->at += (uint32_t)len;
        return true;
    }
    if (*text == '=') return lex_fail(lexer, lexer->at, "expected '==', but found '='");
    if (*text == '&' || *text == '|') return lex_fail(lexer, lexer->at, "expected '%c%c', but found one '%c'", *text, *text, *text);
    uint32_t code;
    size_t bytes = utf8_next((const unsigned char *)text, lexer->filter->len - lexer->at, &code);
    lexer->now.kind = TOKEN_OTHER;
    lexer->at += bytes > 0 ? (uint32_t)bytes : 1;
    return true;
}

bool lex_next(struct lexer *lexer) {
    bool is_fine = true;
    while (look(lexer, 0) == ' ' || look(lexer, 0) == '\t' || look(lexer, 0) == '\n' || look(lexer, 0) == '\r') lexer->at++;
    char c = look(lexer, 0);
    lexer->now = (struct token){.kind = TOKEN_END, .off = lexer->at};
    if (is_digit(c) || (c == '-' && is_digit(look(lexer, 1)))) {
        is_fine = lex_number(lexer);
    } else if (c == '"' || c == '\'') {
        lexer->now.kind = TOKEN_TEXT;
        lexer->now.value.type = SCTX_TEXT;
        is_fine = lex_string(lexer, &lexer->now.value.v.s);
    } else if (is_letter(c)) {
        lexer->now.kind = TOKEN_NAME;
        lexer->at += lex_name(lexer, false);
    } else if (lexer->at < lexer->filter->len) {
        is_fine = lex_sign(lexer);
    }
    lexer->now.len = lexer->at - lexer->now.off;
    if (lex_is(lexer, "in")) {
        lexer->now.kind = TOKEN_COMPARISON;
        lexer->now.comparison = IS_IN;
    }
    return is_fine;
}

/* ---- errors ----------------------------------------------------------------------------------------------------------------- */

bool lex_fail(struct lexer *lexer, uint32_t off, const char *format, ...) {
    char text[sizeof lexer->error->text];
    va_list list;
    if (lexer->has_failed) return false;
    lexer->has_failed = true;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    struct show show = show_begin(lexer->error->text, sizeof lexer->error->text);
    show_text(&show, text, strlen(text));
    lexer->error->offset = off;
    return false;
}

bool lex_expected(struct lexer *lexer, const char *what) {
    const struct token *now = &lexer->now;
    static const char *const words[] = {"and", "&&", "or", "||", "not", "!", "is", "==", "matches", "=~", "like", "~", "contains", "~"};
    char text[sizeof lexer->error->text];
    struct show show = show_begin(text, sizeof text);
    show_plain(&show, "expected ");
    show_plain(&show, what);
    if (now->kind == TOKEN_END) {
        show_plain(&show, ", but the expression ends");
    } else {
        show_plain(&show, ", but found '");
        show_cut(&show, lexer->filter->text + now->off, now->len, 24);
        show_plain(&show, "'");
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i += 2)
        if (lex_is(lexer, words[i])) {
            show_plain(&show, ": did you mean '");
            show_plain(&show, words[i + 1]);
            show_plain(&show, "'?");
        }
    return lex_fail(lexer, now->off, "%s", text);
}

/* ---- suggestions ------------------------------------------------------------------------------------------------------------ */

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* Letters to be added, taken away, replaced or exchanged with the next. */
static unsigned distance(sctx_str a, const char *b) {
    enum { MOST = 16 };
    unsigned rows[3][MOST + 1];
    size_t n = strlen(b);
    if (a.n > MOST || n > MOST) return UINT32_MAX;
    for (unsigned k = 0; k <= n; k++) rows[0][k] = k;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *higher = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned k = 1; k <= n; k++) {
            char x = lower(a.p[i - 1]), y = lower(b[k - 1]);
            row[k] = least(above[k - 1] + (x != y), least(above[k], row[k - 1]) + 1);
            if (i > 1 && k > 1 && x == lower(b[k - 2]) && y == lower(a.p[i - 2])) row[k] = least(row[k], higher[k - 2] + 1);
        }
    }
    return rows[a.n % 3][n];
}

void lex_suggest(struct show *show, sctx_str name, const char *const *candidates) {
    const char *best = NULL;
    unsigned nearest = name.n < 4 ? 2 : 3; /* not as far as this */
    for (; *candidates != NULL; candidates++) {
        unsigned far = distance(name, *candidates);
        if (far >= nearest || far >= strlen(*candidates)) continue;
        nearest = far;
        best = *candidates;
    }
    if (best == NULL) return;
    show_plain(show, "; did you mean '");
    show_plain(show, best);
    show_plain(show, "'?");
}
