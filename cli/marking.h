/* What `set` and `add` share: the options that describe a marker, and opening it. */
#ifndef SCTX_CLI_MARKING_H
#define SCTX_CLI_MARKING_H
#include "call.h"
#include "level.h"

enum marking_option { MARKING_KIND, MARKING_UNIT, MARKING_LOW, MARKING_HIGH, MARKING_ANNOUNCE, MARKING_STEP, MARKING_AS, MARKING_OPTIONS };
extern const struct option marking_options[MARKING_OPTIONS];

struct marking {
    const struct call *call;
    sctx *ctx;
    sctx_marker *marker;
    uint32_t id, kind;
};

/* Joins and finds or makes the marker operands[0]; reads operands[1] as a level of its kind. An exit code; anything but EXIT_DONE is said. */
int marking_open(struct marking *marking, const struct call *call, sctx_level *level);
/* Prints the marker if JSON is asked for; with this level (NULL: as it is now). */
int marking_show(const struct marking *marking, const sctx_level *level);
void marking_close(struct marking *marking);

#endif
