#include "bus.h"
#include "cmd.h"
#include "names.h"
#include "samples.h"
#include "stop.h"
#include "taping.h"

enum snapshot_option { SNAPSHOT_FILE, SNAPSHOT_OPTIONS = SNAPSHOT_FILE + TAPING_OPTIONS };

static const struct option options[SNAPSHOT_OPTIONS] = {[SNAPSHOT_FILE] = OPTIONS_TAPING};

struct snapshot {
    struct source *source;
    struct taping taping;
    uint64_t end; /* the first seq that was published after we began */
};

static bool take(void *context, const struct source_message *message) {
    return recorder_add(((struct snapshot *)context)->taping.recorder, message);
}

/* The oldest first, since it goes first. What goes while we copy is told with the next message. */
static enum source_status copy(struct snapshot *snapshot) {
    struct source_message message;
    enum source_status status = SOURCE_OK;
    while (stop_signal() == 0 && (status = source_next(snapshot->source, &message)) == SOURCE_OK && message.seq < snapshot->end) {
        if (!take(snapshot, &message)) break;
        taping_progress(&snapshot->taping, "");
    }
    return status;
}

static int write_snapshot(struct snapshot *snapshot, const struct call *call, sctx *ctx) {
    struct recorder_options recorder = {.path = NULL};
    struct source_range range;
    int status = SCTX_OK;
    if (source_range(snapshot->source, &range) != SOURCE_OK) {
        (void)source_fault(snapshot->source, &status);
        return bus_fail(call, status, "cannot look", NULL);
    }
    snapshot->end = range.end;
    int code = taping_open(&snapshot->taping, call, &call->values[SNAPSHOT_FILE], &recorder);
    if (code != EXIT_DONE) return code;
    struct samples *samples = samples_open(ctx);
    enum source_status end = copy(snapshot);
    /* The levels as they are now: behind the messages, for that is when it is. */
    if (end >= 0 && (samples == NULL || !samples_take(samples, range.end > 0 ? range.end - 1 : 0, take, snapshot))) end = SOURCE_FAILED;
    samples_close(samples);
    code = taping_close(&snapshot->taping);
    if (end >= 0) return code;
    (void)source_fault(snapshot->source, &status);
    return bus_fail(call, status < 0 ? status : SCTX_ERR_NO_MEMORY, "cannot read on", NULL);
}

static int snapshot_run(const struct call *call) {
    struct snapshot snapshot = {.end = 0};
    struct sctx_reader_options from = SCTX_INIT(from);
    from.from = SCTX_FROM_START;
    from.patterns = call->operands;
    from.pattern_count = (uint32_t)call->operand_count;
    int code = taping_check(call, &call->values[SNAPSHOT_FILE]), status = SCTX_OK;
    if (code == EXIT_DONE) code = names_check_patterns(call);
    if (code != EXIT_DONE) return code;
    sctx *ctx = bus_tap(call, &code);
    if (ctx == NULL) return code;
    snapshot.source = source_open_live(ctx, &from, &status);
    code = snapshot.source != NULL ? write_snapshot(&snapshot, call, ctx) : bus_fail(call, status, "cannot read", NULL);
    source_close(snapshot.source);
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
