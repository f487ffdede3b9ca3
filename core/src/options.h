/* Option structs as callers hand them in: they begin with their size, and only grow at the end. What an older caller does not know is 0; what a
 * newer one knows and we do not has to be. */
#ifndef SCTX_OPTIONS_H
#define SCTX_OPTIONS_H
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define OPTIONS_MOST 4096u /* bytes: more is no size but what happened to be there */

/* Copies *from (NULL: all defaults) to the `bytes` bytes at `to`; false if its size makes no sense, or if it asks for what is not known here. */
static inline bool options_take(void *to, uint32_t bytes, const void *from) {
    uint32_t size = bytes;
    memset(to, 0, bytes);
    if (!from) return true;
    memcpy(&size, from, sizeof size);
    if (size < sizeof size || size > OPTIONS_MOST) return false;
    memcpy(to, from, size < bytes ? size : bytes);
    for (uint32_t i = bytes; i < size; i++)
        if (((const unsigned char *)from)[i]) return false;
    return true;
}
#endif
