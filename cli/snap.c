#include "snap.h"

#include "bus.h"
#include "samples.h"
#include "stop.h"

struct snap {
    struct source *source;
    struct taping *taping;
    uint64_t end; /* the first seq that was published after we began */
};

static bool take(void *context, const struct source_message *message) {
    return recorder_add(((struct snap *)context)->taping->recorder, message);
}

/* The oldest first, since it goes first. What goes while we copy is told with the next message. */
static enum source_status copy(struct snap *snap) {
    struct source_message message;
    enum source_status status = SOURCE_OK;
    while (stop_signal() == 0 && (status = source_next(snap->source, &message)) == SOURCE_OK && message.seq < snap->end) {
        if (!take(snap, &message)) break;
        taping_progress(snap->taping, "");
    }
    return status;
}

static int write_to_file(struct snap *snap, const struct call *call, sctx *ctx, const struct value values[static TAPING_OPTIONS]) {
    struct recorder_options recorder = {.path = NULL};
    struct source_range range;
    int status = SCTX_OK;
    if (source_range(snap->source, &range) != SOURCE_OK) {
        (void)source_fault(snap->source, &status);
        return bus_fail(call, status, "cannot look", NULL);
    }
    snap->end = range.end;
    int code = taping_open(snap->taping, call, values, &recorder);
    if (code != EXIT_DONE) return code;
    struct samples *samples = samples_open(ctx);
    enum source_status end = copy(snap);
    /* The levels as they are now: behind the messages, for that is when it is. */
    if (end >= 0 && (samples == NULL || !samples_take(samples, range.end > 0 ? range.end - 1 : 0, take, snap))) end = SOURCE_FAILED;
    samples_close(samples);
    code = taping_close(snap->taping);
    if (end >= 0) return code;
    (void)source_fault(snap->source, &status);
    return bus_fail(call, status < 0 ? status : SCTX_ERR_NO_MEMORY, "cannot read on", NULL);
}

int snap_take(struct taping *taping, const struct call *call, sctx *ctx, const struct sctx_reader_options *reading,
              const struct value values[static TAPING_OPTIONS]) {
    struct snap snap = {.taping = taping};
    int status = SCTX_OK;
    snap.source = source_open_live(ctx, reading, &status);
    int code = snap.source != NULL ? write_to_file(&snap, call, ctx, values) : bus_fail(call, status, "cannot read", NULL);
    source_close(snap.source);
    return code;
}
