/* JSON text as a tree, by the decoder json, which is linked in: for encoders, and wherever text has to be JSON. */
#ifndef SCTX_HOST_JSON_H
#define SCTX_HOST_JSON_H
#include "tree.h"

/* Clears and fills the tree. `want`: enum sctx_want; with 0 it is only checked. true: exactly one document, whole. */
bool json_parse(const void *text, size_t len, uint32_t want, struct tree *tree);

#endif
