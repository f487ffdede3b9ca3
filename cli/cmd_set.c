#include "bus.h"
#include "cmd.h"
#include "marking.h"

#include <inttypes.h>

static int set_level(const struct marking *marking, sctx_level level) {
    if (marking->kind != SCTX_MARKER_COUNTER) return sctx_marker_set(marking->marker, level);
    /* A counter is never set: it is brought up to the level. */
    sctx_level now = sctx_marker_level(marking->marker);
    if (level.counter < now.counter) return SCTX_ERR_KIND;
    int status = sctx_marker_add(marking->marker, (sctx_level){.counter = level.counter - now.counter}, &now);
    if (status == SCTX_OK && now.counter != level.counter)
        say(marking->call, "others added to counter '%s' meanwhile: it is at %" PRIu64, marking->call->operands[0], now.counter);
    return status;
}

static int set_run(const struct call *call) {
    struct marking marking;
    sctx_level level = {.f64 = 0};
    int code = marking_open(&marking, call, &level);
    if (code == EXIT_DONE) {
        int status = set_level(&marking, level);
        if (status == SCTX_ERR_KIND && marking.kind == SCTX_MARKER_COUNTER) {
            say(call, "counter '%s' only grows, and is at %" PRIu64 " already", call->operands[0],
                sctx_marker_level(marking.marker).counter);
            code = EXIT_FAILED;
        } else {
            code = status < 0 ? bus_fail(call, status, "cannot set the marker", NULL) : marking_show(&marking, NULL);
        }
    }
    marking_close(&marking);
    return code;
}

const struct command cmd_set = {
    .name = "set",
    .operands = "NAME VALUE",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "set a marker's level; make the marker if it is not there",
    .notes =
        "A counter only grows: a VALUE below its level is refused, else what is missing is added. Where others add at the same moment,\n"
        "that comes on top, and is said on stderr. Thresholds stay until others are given. With --json it prints the marker.\n",
    .options = marking_options,
    .option_count = MARKING_OPTIONS,
    .run = set_run,
};
