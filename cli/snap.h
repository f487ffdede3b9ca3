/* What the ring holds now, written to a file: `snapshot`, and what `break` does once it has stopped somebody. */
#ifndef SCTX_CLI_SNAP_H
#define SCTX_CLI_SNAP_H
#include "taping.h"

#include <sctx/sctx.h>

/* `reading` chooses the topics. `values`: those of OPTIONS_TAPING. Says what was written, and returns an exit code; afterwards taping->path is the
 * file. */
int snap_take(struct taping *taping, const struct call *call, sctx *ctx, const struct sctx_reader_options *reading,
              const struct value values[static TAPING_OPTIONS]);

#endif
