#include "bus.h"
#include "cmd.h"
#include "level.h"

static int get_run(const struct call *call) {
    int code = EXIT_FAILED;
    if (call->operands[0][0] == '\0') return say_usage(call, "'' is no name for a marker");
    sctx *ctx = bus_tap(call, &code);
    if (ctx == NULL) return code;
    uint32_t id = 0;
    struct sctx_marker_state state = SCTX_INIT(state);
    char text[UNIT_TEXT];
    int status = sctx_marker_find(ctx, call->operands[0], &id);
    if (status == SCTX_OK) status = sctx_marker_get(ctx, id, &state);
    code = EXIT_DONE;
    if (status == SCTX_ERR_NOT_FOUND) {
        say(call, "there is no marker '%s' in context '%s'; `sctx markers` shows which there are", call->operands[0], call_context(call));
        code = EXIT_FAILED;
    } else if (status < 0) {
        code = bus_fail(call, status, "cannot read the marker", NULL);
    } else if (call->json) {
        level_json(call->out, &state);
    } else {
        out_format(call->out, "%s\n", level_text(state.kind, state.level, text));
    }
    sctx_close(ctx);
    return code;
}

const struct command cmd_get = {
    .name = "get",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "print a marker's level",
    .notes = "JSON keys: marker kind value unit low high time. It joins nothing.\n",
    .run = get_run,
};
