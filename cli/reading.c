#include "reading.h"
#include "bus.h"
#include "stop.h"

#include <string.h>

static int open_context(struct reading *reading, struct sctx_reader_options *from) {
    int code = EXIT_FAILED, status = SCTX_OK;
    struct source_range range;
    reading->ctx = bus_tap(reading->call, &code);
    if (reading->ctx == NULL) return code;
    reading->source = source_open_live(reading->ctx, from, &status);
    if (reading->source == NULL) return bus_fail(reading->call, status, "cannot read", NULL);
    if (source_range(reading->source, &range) == SOURCE_OK) reading->end = range.end;
    return EXIT_DONE;
}

int reading_open(struct reading *reading, const struct call *call, const char *path, const struct value decoders[static DECODERS_OPTIONS]) {
    struct sctx_reader_options from = SCTX_INIT(from);
    struct source_fault fault;
    int code = EXIT_DONE;
    reading->call = call;
    from.from = SCTX_FROM_START;
    reading->decoding = decoders_open(call, decoders, &code);
    if (reading->decoding == NULL) return code;
    if (path == NULL) return open_context(reading, &from);
    reading->source = source_open_file(path, &fault);
    if (reading->source != NULL) return EXIT_DONE;
    say(call, "%s: %s", path, fault.text);
    return EXIT_FAILED;
}

static bool hand_over(struct reading *reading, uint32_t want, bool (*take)(void *context, const struct batched *item), void *context) {
    const struct batch_how how = {want != 0 || reading->filter != NULL ? reading->decoding : NULL, reading->filter, NULL, want};
    bool on = batch_decode(&reading->batch, &how);
    for (size_t i = 0; on && i < reading->batch.count; i++) on = take(context, &reading->batch.items[i]);
    batch_clear(&reading->batch);
    return on;
}

static enum source_status gather(struct reading *reading) {
    while (!batch_is_full(&reading->batch)) {
        struct source_message message;
        enum source_status status = source_next(reading->source, &message);
        if (status != SOURCE_OK) return status == SOURCE_AGAIN ? SOURCE_END : status;
        if (reading->ctx != NULL && message.seq >= reading->end) return SOURCE_END;
        if (!message.is_sample && !batch_add(&reading->batch, &message)) return SOURCE_FAILED;
    }
    return SOURCE_OK;
}

/* To the beginning. A pipe that has been read has none. */
static bool rewind_source(struct reading *reading) {
    return source_seek(reading->source, 0) == SOURCE_OK;
}

int reading_all(struct reading *reading, uint32_t want, bool (*take)(void *context, const struct batched *item), void *context) {
    enum source_status status = SOURCE_OK;
    bool on = true;
    if (reading->batch.room > 0 && !rewind_source(reading)) {
        say(reading->call, "%s", source_fault(reading->source, NULL));
        return EXIT_FAILED;
    }
    reading->damaged = 0;
    while (on && status >= 0 && status != SOURCE_END && stop_signal() == 0) {
        status = gather(reading);
        on = hand_over(reading, want, take, context);
        if (status == SOURCE_DAMAGED && reading->damaged++ == 0) say(reading->call, "%s", source_fault(reading->source, NULL));
    }
    if (status < 0) {
        const char *why = source_fault(reading->source, NULL);
        say(reading->call, "cannot read on: %s", why[0] != '\0' ? why : "out of memory");
        return EXIT_FAILED;
    }
    return reading->damaged > 0 ? EXIT_LOSS : EXIT_DONE;
}

void reading_close(struct reading *reading) {
    source_close(reading->source);
    sctx_close(reading->ctx);
    decoding_close(reading->decoding);
    batch_free(&reading->batch);
}
