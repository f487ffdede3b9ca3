/* The levels of markers, sampled now and then for a recording: each that has been set since it was last looked at becomes a message of its own kind,
 * on "marker/NAME/level", {"level":4.5,"kind":"f64","unit":"C"}, which other programs can plot. Integers that a double cannot hold come with "exact", as text. */
#ifndef SCTX_RECORDER_SAMPLES_H
#define SCTX_RECORDER_SAMPLES_H
#include "source.h"

struct samples;

/* NULL: no memory. The context stays the caller's. */
struct samples *samples_open(sctx *ctx);
/* Hands over what has changed; at first everything. `seq`: of the last message. false: `take` said so, or there is no memory. */
bool samples_take(struct samples *samples, uint64_t seq, bool (*take)(void *context, const struct source_message *message), void *context);
void samples_close(struct samples *samples); /* NULL is allowed */

#endif
