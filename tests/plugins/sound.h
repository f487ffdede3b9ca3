/* What holds of every tree, whatever a plugin or its worker made of it. */
#ifndef SCTX_PLUGINS_SOUND_H
#define SCTX_PLUGINS_SOUND_H
#include "tree.h"

/* NULL: it is sound; else what is not. `want` and payload_len: as asked for. */
const char *unsound(const struct tree *tree, uint32_t want, size_t payload_len);

#endif
