/* The words of a layout, one ahead; and how errors name the place where they are. */
#ifndef STRUCT_LEXER_H
#define STRUCT_LEXER_H
#include <sctx/plugin.h>
#include <stdbool.h>

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,
    TOKEN_NUMBER, /* also 'B' */
    TOKEN_STRING, /* without its quotes */
    TOKEN_SIGN,   /* one character; "<<" is two tokens */
};

struct token {
    enum token_kind kind;
    uint32_t at;  /* offset into the layout, of the quote if there is one */
    sctx_str str; /* without quotes */
    uint64_t number;
};

struct lexer {
    sctx_str text;
    size_t at; /* behind the token */
    struct token token;
    sctx_out *out;
    int status;
    /* A line "#define NAME NUMBER". false: it has failed. NULL: this is the lexer of such a line. */
    bool (*define)(struct lexer *lexer, const struct token *name, uint64_t number);
};

/* Steps to the next token. false: it has failed. */
bool lexer_next(struct lexer *lexer);

/* Says "line L, column C: ..." to the host, for offset `at`; returns false. Only the first of several counts. */
__attribute__((format(printf, 3, 4))) bool lexer_fail(struct lexer *lexer, size_t at, const char *format, ...);
bool lexer_no_memory(struct lexer *lexer);

static inline bool token_is(const struct lexer *lexer, char sign) {
    return lexer->token.kind == TOKEN_SIGN && lexer->token.str.p[0] == sign;
}
bool token_is_word(const struct lexer *lexer, const char *word);

/* The token, as messages quote it: "'u8'", "the end". At most 48 bytes with the NUL. */
const char *token_text(const struct lexer *lexer, char text[48]);

#endif
