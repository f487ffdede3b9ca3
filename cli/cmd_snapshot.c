#include "bus.h"
#include "cmd.h"
#include "names.h"
#include "snap.h"

enum snapshot_option { SNAPSHOT_FILE, SNAPSHOT_OPTIONS = SNAPSHOT_FILE + TAPING_OPTIONS };

static const struct option options[SNAPSHOT_OPTIONS] = {[SNAPSHOT_FILE] = OPTIONS_TAPING};

static int snapshot_run(const struct call *call) {
    struct taping taping;
    struct sctx_reader_options from = SCTX_INIT(from);
    from.from = SCTX_FROM_START;
    from.patterns = call->operands;
    from.pattern_count = (uint32_t)call->operand_count;
    int code = taping_check(call, &call->values[SNAPSHOT_FILE]);
    if (code == EXIT_DONE) code = names_check_patterns(call);
    if (code != EXIT_DONE) return code;
    sctx *ctx = bus_tap(call, &code);
    if (ctx == NULL) return code;
    code = snap_take(&taping, call, ctx, &from, &call->values[SNAPSHOT_FILE]);
    sctx_close(ctx);
    return code;
}

const struct command cmd_snapshot = {
    .name = "snapshot",
    .operands = "[PATTERN...]",
    .operands_max = OPERANDS_ANY,
    .summary = "write what the context holds now to a file, as record does",
    .notes =
        "It joins nothing, and works also when all programs of the context are dead. The file has all seqs from the oldest that is held to the\n"
        "newest; what is overwritten while it copies is counted, and stands in the file.\n"
        "With --json at the end: file messages bytes lost gone samples files removed unwritten. Exit: 3 if anything was missed.\n",
    OPTIONS_OF(options),
    .run = snapshot_run,
};
