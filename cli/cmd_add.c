#include "bus.h"
#include "cmd.h"
#include "marking.h"

#include <inttypes.h>

static int add_run(const struct call *call) {
    struct marking marking;
    sctx_level delta = {.f64 = 0}, now = {.f64 = 0};
    int code = marking_open(&marking, call, &delta);
    int64_t sum = 0;
    if (code == EXIT_DONE && marking.kind == SCTX_MARKER_I64 &&
        __builtin_add_overflow(sctx_marker_level(marking.marker).i64, delta.i64, &sum)) {
        say(call, "marker '%s' is at %" PRId64 ": the sum is beyond 64 bits; it stays as it is", call->operands[0],
            sctx_marker_level(marking.marker).i64);
        code = EXIT_FAILED;
    }
    if (code == EXIT_DONE) {
        int status = sctx_marker_add(marking.marker, delta, &now);
        code = status < 0 ? bus_fail(call, status, "cannot add to the marker", NULL) : marking_show(&marking, &now);
    }
    marking_close(&marking);
    return code;
}

const struct command cmd_add = {
    .name = "add",
    .operands = "NAME DELTA",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "add to a marker's level, in one step; make the marker if it is not there",
    .notes =
        "With --json it prints the marker with the level that this call made, which no other call got of a counter.\n"
        "A counter that goes beyond 64 bits begins at 0 again. Of an i64 a sum beyond 64 bits is refused, unless others add meanwhile.\n",
    .options = marking_options,
    .option_count = MARKING_OPTIONS,
    .run = add_run,
};
