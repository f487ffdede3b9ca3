/* The command that `watch` runs when a level crosses a threshold: once for each crossing, in their order, one at a time. What is crossed while it runs
 * waits here, with the level as it was. */
#ifndef SCTX_CLI_ALARMS_H
#define SCTX_CLI_ALARMS_H
#include "call.h"
#include "child.h"
#include "level.h"

enum { ALARMS_WAITING = 1024 };

struct alarm_set {
    struct child_variables set;
    struct out input; /* its standard input: the marker, as JSON */
};

struct alarms {
    const struct call *call;
    char **argv; /* ends with NULL */
    struct child child;
    bool is_running, is_broken;                /* broken: it cannot be started */
    struct alarm_set waiting[ALARMS_WAITING];  /* a ring: `count` from `first` on */
    size_t first, count;
    uint64_t failed, missed; /* missed: there were too many at once */
};

/* The command: the operands behind "--". NULL, and said why: no memory. */
struct alarms *alarms_open(const struct call *call);
/* `before`: where the level was. Starts the command, or remembers to. */
void alarms_add(struct alarms *alarms, const struct sctx_marker_state *state, enum zone before);
/* Until this monotonic time: looks whether the command has ended, and starts it for the next. */
void alarms_wait(struct alarms *alarms, int64_t until_ns);
/* Waits until all have run; after a signal, only for the one that runs. An exit code; what went wrong is said. */
int alarms_end(struct alarms *alarms);
void alarms_close(struct alarms *alarms); /* may be NULL */

#endif
