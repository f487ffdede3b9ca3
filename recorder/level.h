/* Recorded samples of markers, set again. Thresholds come along; but nothing is announced: what was, stands in the recording. Private to the player. */
#ifndef SCTX_RECORDER_LEVEL_H
#define SCTX_RECORDER_LEVEL_H
#include "source.h"

struct levels;

struct levels *levels_open(void); /* NULL: no memory */
/* Sets the marker that the sample tells of. SCTX_OK; a payload that is no sample is left out without a word. Else as sctx_marker_open() and _set(). */
int levels_set(struct levels *levels, sctx *ctx, const struct source_message *message);
void levels_close(struct levels *levels); /* before the context; NULL is allowed */

#endif
