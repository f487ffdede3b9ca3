/* Bytes from others (payloads, names, topics) made harmless before they reach a terminal; glyph.h decides what may be shown as it is.
 *
 * As text: C0, DEL, C1 and whatever is not UTF-8 become \xNN, byte by byte; characters that are invisible or turn the direction of what
 * follows become \u{XXXX}. In JSON strings the same characters become \uXXXX, so that JSON lines are inert too. */
#ifndef SCTX_CLI_INERT_H
#define SCTX_CLI_INERT_H
#include "out.h"

/* Puts the text; at most `columns` wide. Returns the bytes of it that were shown. */
size_t inert_put_columns(struct out *out, const void *text, size_t len, size_t columns);
void inert_put(struct out *out, const void *text, size_t len);
void inert_text(struct out *out, const char *text);
/* Columns that inert_put() takes on a terminal. */
size_t inert_columns(const void *text, size_t len);

/* Puts a JSON string with its quotes; false, and nothing put, if the text is not UTF-8. */
bool inert_json(struct out *out, const void *text, size_t len);
/* The same for decoded text, which may have lone surrogates in it: these become \uXXXX. Other bytes that are not UTF-8 become \uFFFD. */
void inert_json_value(struct out *out, const void *text, size_t len);
/* The same for names: a byte that is not UTF-8 becomes the four characters \xNN, as people see it. */
void inert_json_name(struct out *out, const char *text);
/* \uXXXX, as a pair of surrogates where needed. */
void inert_json_escape(struct out *out, uint32_t code);

#endif
