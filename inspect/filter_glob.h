/* Patterns over texts that are no topics: '*' is any run of characters, also none; '?' is one; '\' takes what follows for itself. */
#ifndef SCTX_INSPECT_FILTER_GLOB_H
#define SCTX_INSPECT_FILTER_GLOB_H
#include <sctx/plugin.h>
#include <stdbool.h>

/* The whole text. Takes at most the product of both lengths. */
bool glob_matches(sctx_str pattern, sctx_str text);

#endif
