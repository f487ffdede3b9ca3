/* Text in double quotes, with JSON's escapes (RFC 8259, section 7). A surrogate without its other half stands for itself, in three bytes. */
#ifndef SCTX_SHARED_QUOTED_H
#define SCTX_SHARED_QUOTED_H
#include <sctx/plugin.h>
#include <stdbool.h>

/* From *at, behind the opening quote, to the closing one, of which *at is then the place. NULL: all is right. Else what is wrong at *at, which is
 * len if the text is cut off. `apostrophe`: \' is an escape, too. */
const char *quoted_scan(const char *text, size_t len, bool apostrophe, size_t *at, bool *has_escapes);
/* What stands between quotes that quoted_scan() has passed; takes no more room than it. Returns its length. */
size_t quoted_unescape(sctx_str from, char *to);
/* The escape for the character at `text`, NUL-terminated, if it must be one; returns how many bytes of the text that is. 0: it stands for itself. */
size_t quoted_escape(const char *text, size_t len, char to[8]);
/* Emits the text with its quotes; false: the host wants no more. */
bool quoted_emit(sctx_out *out, sctx_str text);

#endif
