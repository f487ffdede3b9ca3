/* UTF-8 (RFC 3629), character by character. */
#ifndef SCTX_HOST_UTF8_H
#define SCTX_HOST_UTF8_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at `text` and its code point; 0: not valid (overlong, surrogate, cut, beyond U+10FFFF). */
size_t utf8_next(const unsigned char *text, size_t len, uint32_t *code);
/* The same, but a lone surrogate counts as a character: what a tree's text may contain. */
size_t utf8_next_wide(const unsigned char *text, size_t len, uint32_t *code);
/* Is all of it what a tree's text may be? A pair of surrogates is not: together they have a form of four bytes. */
bool utf8_is_wide(const char *text, size_t len);
/* Writes the character in at most 4 bytes, surrogates in 3; returns how many. code: at most U+10FFFF. */
size_t utf8_put(char *to, uint32_t code);

#endif
