/* What a character is to a terminal: the one place that decides what may be shown as it is, and how wide it is. By code point, from tables; the
 * terminal's own may differ. */
#ifndef SCTX_INSPECT_GLYPH_H
#define SCTX_INSPECT_GLYPH_H
#include <stdbool.h>
#include <stdint.h>

/* C0, DEL or C1. */
bool glyph_is_control(uint32_t code);
/* May be shown as it is: no control character, and nothing that is invisible or turns the direction of what follows. */
bool glyph_is_inert(uint32_t code);
/* Columns that it takes: 0 (a mark on the character before it), 1 or 2. */
unsigned glyph_columns(uint32_t code);

#endif
