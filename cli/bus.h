/* Opening a context for a command, and the words for what may go wrong with it. */
#ifndef SCTX_CLI_BUS_H
#define SCTX_CLI_BUS_H
#include "call.h"

#include <sctx/sctx.h>

/* Joins (and makes) the context, or looks at it without joining. On failure NULL, with a line on stderr and the exit code in *code. */
sctx *bus_join(const struct call *call, const char *name, int *code);
sctx *bus_tap(const struct call *call, int *code);

/* As bus_tap(), but waits for a context that is not there (yet), until the monotonic time `deadline` (SCTX_FOREVER: none).
 * *waited tells whether it had to. NULL with EXIT_TIMED_OUT, or EXIT_DONE after a signal or when nobody reads our output. */
sctx *bus_tap_wait(const struct call *call, int64_t deadline, bool *waited, int *code);

/* Is the context gone in a way that a new one may come instead? */
bool bus_is_gone(int status);

/* Says that `what` failed; `detail` (may be NULL or "") is what the library had to add. Returns an exit code. */
int bus_fail(const struct call *call, int status, const char *what, const char *detail);

#endif
