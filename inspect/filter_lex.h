/* The words of an expression, one after the other. Strings and numbers come as values. */
#ifndef SCTX_INSPECT_FILTER_LEX_H
#define SCTX_INSPECT_FILTER_LEX_H
#include "filter_program.h"
#include "filter_show.h"

enum token_kind {
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_TEXT,
    TOKEN_NAME,
    TOKEN_COMPARISON,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_NOT,
    TOKEN_OPEN, /* ( */
    TOKEN_CLOSE,
    TOKEN_OPEN_LIST, /* [ */
    TOKEN_CLOSE_LIST,
    TOKEN_COMMA,
    TOKEN_OTHER, /* a character that means nothing */
};

struct token {
    enum token_kind kind;
    enum comparison comparison;
    uint32_t off, len; /* in the expression */
    sctx_value value;
};

struct lexer {
    struct filter *filter; /* its text is read, its pool filled */
    struct filter_error *error;
    uint32_t at;
    bool has_failed; /* the first error stays */
    struct token now;
};

/* To the next token. False: an error. */
bool lex_next(struct lexer *lexer);
/* Behind `now`, without a gap, for paths: the character there; 0 at the end. */
char lex_look(const struct lexer *lexer);
/* A string that begins at `at`; taken. */
bool lex_string(struct lexer *lexer, sctx_str *string);
/* Bytes of the name that begins at `at`; 0: none. Names within data may have more characters in them. */
uint32_t lex_name(const struct lexer *lexer, bool is_in_data);
bool lex_is(const struct lexer *lexer, const char *name); /* is `now` that name? */

/* Both return false. The second goes on: ", but found ..." and what `now` is. */
__attribute__((format(printf, 3, 4))) bool lex_fail(struct lexer *lexer, uint32_t off, const char *format, ...);
bool lex_expected(struct lexer *lexer, const char *what);

/* "; did you mean 'topic'?" where a candidate is near; else nothing. `candidates` end with NULL. */
void lex_suggest(struct show *show, sctx_str name, const char *const *candidates);

#endif
