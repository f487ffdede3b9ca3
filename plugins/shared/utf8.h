/* UTF-8 (RFC 3629), character by character. */
#ifndef SCTX_SHARED_UTF8_H
#define SCTX_SHARED_UTF8_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at `text`, of which there are len, at least one; 0: it is none (overlong, surrogate, beyond U+10FFFF). More than len: it
 * is cut off, and right so far. */
size_t utf8_length(const unsigned char *text, size_t len);
/* Bytes of the character at `text` and its code point; 0: none, or cut off, or len is 0. */
size_t utf8_next(const unsigned char *text, size_t len, uint32_t *code);
/* Bytes up to the first that is not part of valid UTF-8; len: all of it is. */
size_t utf8_valid(const char *text, size_t len);
/* Is all of it what a tree's text may be: UTF-8, with lone surrogates in three bytes each? A pair of them is not: together they have a form
 * of four bytes. */
bool utf8_is_wide(const char *text, size_t len);
/* At a lone surrogate, of which UTF-8 knows no form? */
static inline bool utf8_is_lone(const char *text, size_t len) {
    return len >= 3 && (unsigned char)text[0] == 0xED && (unsigned char)text[1] >= 0xA0;
}
/* Writes the character in at most 4 bytes, surrogates in 3; returns how many. code: at most U+10FFFF. */
size_t utf8_put(char *to, uint32_t code);

#endif
