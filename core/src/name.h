/* Names: of contexts, topics, participants; and patterns over topics. */
#ifndef SCTX_NAME_H
#define SCTX_NAME_H
#include <stdbool.h>
#include <stddef.h>

bool name_is_context(const char *name);                /* [A-Za-z0-9_][A-Za-z0-9._-]{0,63} */
bool name_is_topic(const char *name);                  /* see sctx_topic_register() */
bool name_is_pattern(const char *pattern);             /* the same; a level may be '*' or '**' */
bool name_is_text(const char *text, size_t max_bytes); /* valid UTF-8 without control characters, 1 to max_bytes bytes */

/* Length of the UTF-8 sequence at p (of n bytes), 0 if it is not one; its code point to *cp. */
size_t utf8_next(const unsigned char *p, size_t n, unsigned *cp);
#endif
