#include "lexer.h"
#include "layout.h"
#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- errors ----------------------------------------------------------------------------------------------------------------- */

bool lexer_fail(struct lexer *lexer, size_t at, const char *format, ...) {
    if (lexer->status != SCTX_PLUGIN_OK) return false;
    lexer->status = SCTX_PLUGIN_BAD_SCHEMA;
    unsigned line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        unsigned char c = (unsigned char)lexer->text.p[i];
        column += (c & 0xC0) != 0x80; /* characters, not bytes */
        if (c == '\n') {
            line++;
            column = 1;
        }
    }
    char why[160], what[128];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    (void)snprintf(why, sizeof why, "line %u, column %u: %s", line, column, what);
    lexer->out->fail(lexer->out, (uint32_t)at, why);
    return false;
}

bool lexer_no_memory(struct lexer *lexer) {
    (void)lexer_fail(lexer, 0, "out of memory");
    lexer->status = SCTX_PLUGIN_INTERNAL;
    return false;
}

const char *token_text(const struct lexer *lexer, char text[48]) {
    const struct token *token = &lexer->token;
    int len = token->str.n > 40 ? 40 : (int)token->str.n;
    if (token->kind == TOKEN_END)
        (void)snprintf(text, 48, "the end");
    else
        (void)snprintf(text, 48, token->kind == TOKEN_STRING ? "\"%.*s\"" : "'%.*s'", len, token->str.p);
    return text;
}

bool token_is_word(const struct lexer *lexer, const char *word) {
    const struct token *token = &lexer->token;
    return token->kind == TOKEN_WORD && token->str.n == strlen(word) && memcmp(token->str.p, word, token->str.n) == 0;
}

/* ---- characters ------------------------------------------------------------------------------------------------------------- */

static int look(const struct lexer *lexer, size_t ahead) {
    return ahead < lexer->text.n - lexer->at ? (unsigned char)lexer->text.p[lexer->at + ahead] : -1;
}

static bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static size_t line_end(const struct lexer *lexer) {
    const char *from = lexer->text.p + lexer->at, *end = memchr(from, '\n', lexer->text.n - lexer->at);
    return end != NULL ? (size_t)(end - lexer->text.p) : lexer->text.n;
}

static bool skip_block(struct lexer *lexer) {
    size_t from = lexer->at;
    for (lexer->at += 2; look(lexer, 0) >= 0; lexer->at++)
        if (look(lexer, 0) == '*' && look(lexer, 1) == '/') {
            lexer->at += 2;
            return true;
        }
    return lexer_fail(lexer, from, "this comment has no end; '*/' is missing");
}

/* A line of the preprocessor is a comment, but for those that change what the layout means. */
static bool skip_hash(struct lexer *lexer) {
    struct lexer line = *lexer;
    size_t hash = lexer->at++;
    line.text.n = lexer->at = line_end(lexer);
    line.at = hash + 1;
    line.define = NULL; /* a '#' within it is none that begins a line */
    /* Other words than these may follow in any shape; what is wrong with a comment's words is nobody's business. */
    static const char *const directives[] = {"define", "pragma"};
    while (look(&line, 0) == ' ' || look(&line, 0) == '\t') line.at++;
    size_t which = 0, rest = line.text.n - line.at;
    while (which < 2 && (rest < 6 || memcmp(line.text.p + line.at, directives[which], 6) != 0)) which++;
    if (which == 2) return true;
    line.status = SCTX_PLUGIN_BAD_SCHEMA; /* keeps it silent */
    if (!lexer_next(&line) || line.token.str.n != 6 || !lexer_next(&line) || line.token.kind != TOKEN_WORD) return true;
    if (which == 1) {
        if (!token_is_word(&line, "pack")) return true;
        return lexer_fail(lexer, hash, "'#pragma pack' is not followed; write 'align packed;' or 'packed struct'");
    }
    struct token name = line.token;
    if (!lexer_next(&line) || line.token.kind != TOKEN_NUMBER) return true;
    uint64_t number = line.token.number;
    if (!lexer_next(&line) || line.token.kind != TOKEN_END) return true;
    return lexer->define(lexer, &name, number);
}

static bool skip_blanks(struct lexer *lexer) {
    for (;;) {
        int c = look(lexer, 0);
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            lexer->at++;
        else if (c == '/' && look(lexer, 1) == '/')
            lexer->at = line_end(lexer);
        else if (c == '/' && look(lexer, 1) == '*') {
            if (!skip_block(lexer)) return false;
        } else if (c == '#' && lexer->define != NULL) {
            if (!skip_hash(lexer)) return false;
        } else
            return true;
    }
}

/* ---- tokens ----------------------------------------------------------------------------------------------------------------- */

static unsigned digit_value(int c) {
    if (is_digit(c)) return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f') return (unsigned)(c - 'a') + 10;
    return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 99;
}

/* As in C: 0x is hexadecimal, 0b binary, another 0 in front octal; suffixes U and L say nothing here. */
static bool scan_number(struct lexer *lexer) {
    unsigned base = 10;
    size_t digits = 0, from = lexer->at;
    if (look(lexer, 0) == '0' && (look(lexer, 1) | 32) == 'x')
        base = 16, lexer->at += 2;
    else if (look(lexer, 0) == '0' && (look(lexer, 1) | 32) == 'b')
        base = 2, lexer->at += 2;
    else if (look(lexer, 0) == '0')
        base = 8;
    uint64_t value = 0;
    for (unsigned digit; (digit = digit_value(look(lexer, 0))) < base; lexer->at++, digits++) {
        if (value > (UINT64_MAX - digit) / base) return lexer_fail(lexer, from, "a number beyond 64 bits");
        value = value * base + digit;
    }
    if (digits == 0) return lexer_fail(lexer, lexer->at, "a digit is missing");
    while ((look(lexer, 0) | 32) == 'u' || (look(lexer, 0) | 32) == 'l') lexer->at++;
    if (is_letter(look(lexer, 0)) || is_digit(look(lexer, 0)) || look(lexer, 0) == '.')
        return lexer_fail(lexer, lexer->at, "'%c' in a number", look(lexer, 0));
    lexer->token.number = value;
    return true;
}

/* 'B': a number in C. */
static bool scan_character(struct lexer *lexer) {
    int c = look(lexer, 1);
    if (c < 0x20 || c > 0x7E || c == '\\' || c == '\'' || look(lexer, 2) != '\'')
        return lexer_fail(lexer, lexer->at, "expected one ASCII character in quotes");
    lexer->token.number = (uint64_t)c;
    lexer->at += 3;
    return true;
}

static bool scan_string(struct lexer *lexer) {
    size_t from = ++lexer->at;
    for (int c; (c = look(lexer, 0)) != '"'; lexer->at++) {
        if (c < 0 || c == '\n') return lexer_fail(lexer, from - 1, "this text has no end; '\"' is missing");
        if (c < 0x20 || c == '\\' || c == 0x7F)
            return lexer_fail(lexer, lexer->at, "backslashes and control characters are not known here");
    }
    lexer->token.str = (sctx_str){lexer->text.p + from, lexer->at++ - from};
    if (utf8_valid(lexer->token.str.p, lexer->token.str.n) < lexer->token.str.n) return lexer_fail(lexer, from, "this text is not UTF-8");
    return true;
}

bool lexer_next(struct lexer *lexer) {
    if (!skip_blanks(lexer)) return false;
    size_t from = lexer->at;
    int c = look(lexer, 0);
    struct token *token = &lexer->token;
    *token = (struct token){.at = (uint32_t)from, .str = {lexer->text.p + from, 0}};
    if (c < 0) return true;
    if (is_letter(c)) {
        token->kind = TOKEN_WORD;
        while (is_letter(look(lexer, 0)) || is_digit(look(lexer, 0))) lexer->at++;
        if (lexer->at - from > LAYOUT_NAME_MAX) return lexer_fail(lexer, from, "a name of more than %d bytes", LAYOUT_NAME_MAX);
    } else if (is_digit(c) || c == '\'') {
        token->kind = TOKEN_NUMBER;
        if (is_digit(c) ? !scan_number(lexer) : !scan_character(lexer)) return false;
    } else if (c == '"') {
        token->kind = TOKEN_STRING;
        return scan_string(lexer);
    } else {
        token->kind = TOKEN_SIGN;
        lexer->at++;
        if (c <= 0x20 || c > 0x7E) return lexer_fail(lexer, from, "a byte 0x%02X is not known here", (unsigned)c);
    }
    token->str.n = lexer->at - from;
    return true;
}
