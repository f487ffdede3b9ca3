/* Reads everything that is said, in a thread of its own, and counts it: whatever the terminal or a plugin is at, it keeps up with the bus. It looks at a
 * context without joining it, waits for one that is not there yet, and for the next one when it is removed; or at a recording, up to a moment.
 *
 * What it counts is looked at between counter_lock() and counter_unlock(), for a short time. [any thread, but one that asks] */
#ifndef SCTX_TUI_COUNTER_H
#define SCTX_TUI_COUNTER_H
#include "flow.h"
#include "judge.h"
#include "levels.h"
#include "stats.h"
#include "tape.h"

struct counter_options {
    const char *context, *dir; /* as in struct sctx_options */
    const char *path;          /* a recording, instead; NULL */
};

enum counter_state {
    COUNTER_WAITING, /* there is no context (yet) */
    COUNTER_READS,
    COUNTER_FAILED, /* a recording cannot be read (any further) */
};

struct counter;

/* NULL: why not, in *fault. */
struct counter *counter_open(const struct counter_options *options, struct source_fault *fault);
void counter_close(struct counter *counter);

void counter_lock(struct counter *counter);
void counter_unlock(struct counter *counter);

/* With the lock: */
const struct stats *counter_stats(const struct counter *counter);
const struct flow *counter_flow(const struct counter *counter);
const struct levels *counter_levels(const struct counter *counter); /* of a recording's markers */
struct tape *counter_tape(struct counter *counter);                 /* what the scope and filter let through */

struct counter_status {
    enum counter_state state;
    char text[512];      /* why it waits or failed: print it escaped */
    unsigned generation; /* another one with each context that it finds */
    uint64_t seq;        /* counted up to here */
    bool is_behind;      /* a recording: it has not come to its moment yet */
    uint64_t damaged;    /* parts of a recording that were left out */
};
struct counter_status counter_status(struct counter *counter); /* takes the lock */

/* What goes to the tape from now on, which is emptied. The filter is taken over; NULL: none. */
void counter_want(struct counter *counter, const struct scope *scope, struct filter *filter);
/* A recording: everything up to this seq is counted, nothing behind it. */
void counter_set_moment(struct counter *counter, uint64_t seq);

#endif
