#include "bus.h"
#include "cmd.h"
#include "info.h"

static int info_run(const struct call *call) {
    int code = EXIT_FAILED;
    sctx *ctx = bus_tap(call, &code);
    if (ctx == NULL) return code;
    struct sctx_info info = SCTX_INIT(info);
    int status = sctx_info_get(ctx, &info);
    if (status < 0)
        code = bus_fail(call, status, "cannot read what is known about the context", NULL);
    else if (call->json)
        info_json(call->out, &info);
    else
        info_words(call, &info);
    sctx_close(ctx);
    return status < 0 ? code : EXIT_DONE;
}

const struct command cmd_info = {
    .name = "info",
    .operands = "",
    .summary = "what a context holds, and where its memory goes",
    .notes =
        "JSON keys: name path cells arenas (in use) memory (bytes, all files) tail (the next seq) span_ns clock participants (alive) topics,\n"
        "then details. It joins nothing.\n",
    .run = info_run,
};
