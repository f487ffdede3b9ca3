/* What is known about a context, as JSON or in words. */
#ifndef SCTX_CLI_INFO_H
#define SCTX_CLI_INFO_H
#include "call.h"

#include <sctx/sctx.h>

void info_json(struct out *out, const struct sctx_info *info);
void info_words(const struct call *call, const struct sctx_info *info);

#endif
