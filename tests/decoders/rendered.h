/* A tree as JSON text in memory. */
#ifndef SCTX_DECODERS_RENDERED_H
#define SCTX_DECODERS_RENDERED_H
#include "tree.h"

struct rendered {
    char *data; /* NUL-terminated, NULL before the first render() */
    size_t len, room;
};

/* Only what JSON demands is escaped, and surrogates are spelled out. "" for a tree without nodes. */
void render(struct rendered *to, const struct tree *tree);
/* Appends; `to` is a struct rendered. */
void rendered_put(void *to, const char *text, size_t len);

#endif
