/* How many messages a recording has along its time, counted by a thread of its own while one already looks at it. */
#ifndef SCTX_TUI_DENSITY_H
#define SCTX_TUI_DENSITY_H
#include "source.h"

enum { DENSITY_PARTS = 512 };

struct density;

/* Between these times. NULL: no memory, or no thread. */
struct density *density_open(const char *path, const struct source_range *range);
void density_close(struct density *density); /* NULL is allowed */
/* Messages of each of `count` parts of the time, at most DENSITY_PARTS, as far as they are counted. Returns the largest of them. [any thread] */
double density_get(struct density *density, double *values, size_t count);
bool density_is_done(const struct density *density);

#endif
