#include "batch.h"
#include "bus.h"
#include "cmd.h"
#include "filtering.h"
#include "flight.h"
#include "names.h"
#include "samples.h"
#include "stop.h"
#include "taping.h"
#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum record_option {
    RECORD_FILE,
    RECORD_COUNT = RECORD_FILE + TAPING_OPTIONS,
    RECORD_TIMEOUT,
    RECORD_FROM,
    RECORD_FILTER,
    RECORD_LOSSLESS,
    RECORD_WHEN,
    RECORD_PRE,
    RECORD_POST,
    RECORD_SPLIT,
    RECORD_KEEP,
    RECORD_MIN_FREE,
    RECORD_MARKERS,
    RECORD_AS,
    RECORD_DECODERS,
    RECORD_OPTIONS = RECORD_DECODERS + DECODERS_OPTIONS
};

static const struct option options[RECORD_OPTIONS] = {
    [RECORD_FILE] = OPTIONS_TAPING,
    [RECORD_COUNT] = {"count", 'n', OPTION_NUMBER, "N", "end after N messages", NULL, NULL},
    [RECORD_TIMEOUT] = {"timeout", 't', OPTION_DURATION, "S", "end after this time", NULL, NULL},
    [RECORD_FROM] = {"from", 0, OPTION_TEXT, "WHERE", "start: with the oldest that is held; now; or a SEQ", "now", NULL},
    [RECORD_FILTER] = {"filter", 'f', OPTION_TEXT, "EXPR", "only what matches, see sctx-filter(7)", NULL, NULL},
    [RECORD_LOSSLESS] = {"lossless", 0, OPTION_FLAG, NULL, "lose nothing: writers wait for this reader, as for sub --gated", NULL, NULL},
    [RECORD_WHEN] = {"when", 0, OPTION_TEXT, "EXPR",
                     "a flight recorder: hold messages in memory, and write them\nwhenever one matches this", NULL, NULL},
    [RECORD_PRE] = {"pre", 0, OPTION_DURATION, "S", "with --when: how much of what was before", "10s", NULL},
    [RECORD_POST] = {"post", 0, OPTION_DURATION, "S", "with --when: how much of what comes after", "5s", NULL},
    [RECORD_SPLIT] = {"split", 0, OPTION_TEXT, "SIZE|TIME", "a new file after so much: 100MiB, 10m", NULL, NULL},
    [RECORD_KEEP] = {"keep", 0, OPTION_NUMBER, "N", "with --split: keep only the latest N files", NULL, NULL},
    [RECORD_MIN_FREE] = {"min-free", 0, OPTION_SIZE, "SIZE", "end when the disk has less than that free", NULL, NULL},
    [RECORD_MARKERS] = {"markers", 0, OPTION_DURATION, "S", "sample the levels of markers this often; 0: never", "100ms", NULL},
    [RECORD_AS] = OPTION_AS,
    [RECORD_DECODERS] = OPTIONS_DECODERS,
};

struct record {
    const struct call *call;
    sctx *ctx;
    struct source *source;
    struct sctx_reader_options from;
    struct taping taping;
    struct filter *filter, *trigger;
    struct decoding *decoding;
    struct flight *flight;
    struct samples *samples;
    int64_t deadline, next_sample_ns; /* monotonic */
    uint64_t wanted, taken, last_seq;
    struct batch batch;
};

/* ---- what comes ------------------------------------------------------------------------------------------------------------- */

static bool take(void *context, const struct source_message *message) {
    struct record *record = context;
    if (!message->is_sample) record->taken++;
    return recorder_add(record->taping.recorder, message);
}

static bool has_all(const struct record *record) {
    return record->wanted != 0 && record->taken >= record->wanted;
}

/* Loss is told also where the filter leaves out the message that it came with. */
static bool take_filtered(struct record *record, const struct batched *item) {
    if (record->flight != NULL) return flight_add(record->flight, &item->message, item->is_trigger);
    if (item->is_wanted) return take(record, &item->message);
    return recorder_add_loss(record->taping.recorder, item->message.lost, item->message.gone);
}

static bool take_gathered(struct record *record) {
    const struct batch_how how = {record->decoding, record->filter, record->trigger, 0};
    bool done = batch_decode(&record->batch, &how);
    for (size_t i = 0; done && i < record->batch.count && !has_all(record); i++) {
        const struct batched *item = &record->batch.items[i];
        if (record->flight != NULL && !item->is_wanted && !item->is_trigger) continue;
        done = take_filtered(record, item);
    }
    batch_clear(&record->batch);
    return done;
}

enum end { END_DONE, END_CONTEXT, END_FAILED, END_RECORDER };

/* All that is there, up to a batch: straight to the file where nothing has to be decided. */
static enum source_status gather(struct record *record, enum end *end) {
    bool is_plain = record->filter == NULL && record->flight == NULL, done = true;
    enum source_status status = SOURCE_OK;
    struct source_message message;
    for (unsigned i = 0; done && i < 1024 && !has_all(record) && !batch_is_full(&record->batch); i++) {
        status = source_next(record->source, &message);
        if (status != SOURCE_OK) break;
        record->last_seq = message.seq;
        done = is_plain ? take(record, &message) : batch_add(&record->batch, &message);
    }
    if (done && !is_plain) done = take_gathered(record);
    if (!done) *end = END_RECORDER;
    return status;
}

static bool take_samples(struct record *record, int64_t now) {
    if (record->samples == NULL || now < record->next_sample_ns) return true;
    record->next_sample_ns = now + record->call->values[RECORD_MARKERS].ns;
    /* With a window that is not open they would belong to nothing. */
    if (record->flight != NULL && !flight_state(record->flight).is_open) return true;
    return samples_take(record->samples, record->last_seq, take, record);
}

static void progress(struct record *record) {
    char note[96] = "";
    if (record->flight != NULL) {
        struct flight_state state = flight_state(record->flight);
        (void)snprintf(note, sizeof note, "%s, %llu triggers, %llu held", state.is_open ? "in a window" : "waiting",
                       (unsigned long long)state.triggers, (unsigned long long)state.held);
    }
    taping_progress(&record->taping, note);
}

static enum end read_on(struct record *record) {
    enum { SLICE_MS = 50 };
    enum end end = END_DONE;
    while (!has_all(record) && stop_signal() == 0) {
        int64_t now = monotonic_ns(), left = record->deadline == SCTX_FOREVER ? SLICE_MS * NS_PER_MS : record->deadline - now;
        if (left <= 0) break;
        enum source_status status = gather(record, &end);
        if (end != END_DONE) return end;
        if (!recorder_tick(record->taping.recorder) || !take_samples(record, now)) return END_RECORDER;
        progress(record);
        if (status == SOURCE_AGAIN) status = source_wait(record->source, left < SLICE_MS * NS_PER_MS ? left : SLICE_MS * NS_PER_MS);
        if (status < 0) return status == SOURCE_GONE ? END_CONTEXT : END_FAILED;
    }
    return end;
}

/* ---- beginning and end ------------------------------------------------------------------------------------------------------ */

/* Missed behind the last message, with no message to tell it. */
static void add_last_loss(struct record *record) {
    struct recorder_state state;
    struct source_loss loss = source_loss(record->source);
    recorder_state(record->taping.recorder, &state);
    if (record->flight == NULL && loss.lost >= state.lost && loss.gone >= state.gone)
        (void)recorder_add_loss(record->taping.recorder, loss.lost - state.lost, loss.gone - state.gone);
}

static int record_source(struct record *record) {
    enum end end = read_on(record);
    int status = SCTX_OK;
    add_last_loss(record);
    (void)source_fault(record->source, &status);
    int code = taping_close(&record->taping);
    if (record->flight != NULL && !record->call->json) {
        struct flight_state state = flight_state(record->flight);
        say(record->call, "%llu triggers in %llu windows%s", (unsigned long long)state.triggers, (unsigned long long)state.windows,
            state.shortened > 0 ? "; some windows begin late, since memory for what was before ran out" : "");
    }
    if (end == END_CONTEXT) {
        say(record->call, "context '%s' was removed or replaced; what was recorded is in the file", call_context(record->call));
        return EXIT_FAILED;
    }
    return end == END_FAILED ? bus_fail(record->call, status, "cannot read on", NULL) : code;
}

static int open_source(struct record *record) {
    const struct call *call = record->call;
    int code = EXIT_FAILED, status = SCTX_OK;
    bool waited = false;
    if (call->values[RECORD_LOSSLESS].given)
        record->ctx = bus_join(call, call->values[RECORD_AS].text, &code);
    else
        record->ctx = bus_tap_wait(call, record->deadline, &waited, &code);
    if (record->ctx == NULL) return code;
    if (waited) record->from.from = SCTX_FROM_START;
    record->source = source_open_live(record->ctx, &record->from, &status);
    if (record->source != NULL) return EXIT_DONE;
    if (status == SCTX_ERR_GATING) {
        say(call, "context '%s' was not created for gated readers; make one that is: sctx create NAME --gating allow", call_context(call));
        return EXIT_FAILED;
    }
    return bus_fail(call, status, "cannot read", NULL);
}

static int open_rest(struct record *record, struct recorder_options *recorder) {
    const struct call *call = record->call;
    bool needs_data =
        (record->filter != NULL && filter_needs_data(record->filter)) || (record->trigger != NULL && filter_needs_data(record->trigger));
    int code = EXIT_DONE;
    if (needs_data && (record->decoding = decoders_open(call, &call->values[RECORD_DECODERS], &code)) == NULL) return code;
    if (record->trigger != NULL) {
        const struct flight_options flight = {.pre_ns = call->values[RECORD_PRE].ns,
                                              .post_ns = call->values[RECORD_POST].ns,
                                              .take = take,
                                              .context = record};
        record->flight = flight_open(&flight);
    }
    code = open_source(record);
    if (code != EXIT_DONE) return code;
    if (call->values[RECORD_MARKERS].ns > 0) record->samples = samples_open(record->ctx);
    code = taping_open(&record->taping, call, &call->values[RECORD_FILE], recorder);
    return code == EXIT_DONE ? record_source(record) : code;
}

static bool split_parse(const char *text, struct recorder_options *recorder) {
    size_t digits = strspn(text, "0123456789.");
    if (text[digits] == '\0') return false;
    if (strchr("smhu", text[digits]) != NULL) return duration_parse(text, &recorder->split_ns) && recorder->split_ns > 0;
    return size_parse(text, &recorder->split_bytes) && recorder->split_bytes > 0;
}

static int read_options(struct record *record, struct recorder_options *recorder) {
    const struct call *call = record->call;
    const struct value *values = call->values;
    const char *from = values[RECORD_FROM].text;
    if (strcmp(from, "start") == 0)
        record->from.from = SCTX_FROM_START;
    else if (number_parse(from, &record->from.seq))
        record->from.from = SCTX_FROM_SEQ;
    else if (strcmp(from, "now") != 0)
        return say_usage(call, "--from takes start, now or a seq, not '%s'", from);
    if (values[RECORD_SPLIT].given && !split_parse(values[RECORD_SPLIT].text, recorder))
        return say_usage(call, "--split takes a size or a time with its unit, such as 100MiB or 10m, not '%s'", values[RECORD_SPLIT].text);
    if (values[RECORD_SPLIT].given && strcmp(values[RECORD_FILE + TAPING_OUTPUT].text, "-") == 0)
        return say_usage(call, "--split needs files: not -o -");
    if (values[RECORD_KEEP].given &&
        (!values[RECORD_SPLIT].given || values[RECORD_KEEP].number == 0 || values[RECORD_KEEP].number > UINT32_MAX))
        return say_usage(call, "--keep needs --split, and a number of files from 1");
    if ((values[RECORD_PRE].given || values[RECORD_POST].given) && !values[RECORD_WHEN].given)
        return say_usage(call, "--pre and --post need --when");
    recorder->keep = values[RECORD_KEEP].given ? (unsigned)values[RECORD_KEEP].number : 0;
    recorder->min_free = values[RECORD_MIN_FREE].given ? values[RECORD_MIN_FREE].number : 0;
    int code = filtering_compile(call, "filter", values[RECORD_FILTER].text, &record->filter);
    if (code == EXIT_DONE) code = filtering_compile(call, "when", values[RECORD_WHEN].text, &record->trigger);
    return code == EXIT_DONE ? names_check_patterns(call) : code;
}

static int record_run(const struct call *call) {
    const struct value *values = call->values;
    struct recorder_options recorder = {.path = NULL};
    struct record *record = calloc(1, sizeof *record);
    if (record == NULL) {
        say(call, "out of memory");
        return EXIT_FAILED;
    }
    *record = (struct record){.call = call, .deadline = SCTX_FOREVER, .wanted = values[RECORD_COUNT].number};
    record->from = (struct sctx_reader_options)SCTX_INIT(record->from);
    record->from.flags = (values[RECORD_LOSSLESS].given ? SCTX_READER_GATED : 0u) | SCTX_READER_NO_CAUSE;
    record->from.patterns = call->operands;
    record->from.pattern_count = (uint32_t)call->operand_count;
    if (values[RECORD_TIMEOUT].given) record->deadline = monotonic_ns() + values[RECORD_TIMEOUT].ns;
    int code = taping_check(call, &values[RECORD_FILE]);
    if (code == EXIT_DONE) code = read_options(record, &recorder);
    if (code == EXIT_DONE) code = open_rest(record, &recorder);
    filtering_tell_errors(call, record->filter);
    filtering_tell_errors(call, record->trigger);
    samples_close(record->samples);
    flight_close(record->flight);
    source_close(record->source);
    sctx_close(record->ctx);
    decoding_close(record->decoding);
    filter_free(record->filter);
    filter_free(record->trigger);
    batch_free(&record->batch);
    free(record);
    return code;
}

const struct command cmd_record = {
    .name = "record",
    .operands = "[PATTERN...]",
    .operands_max = OPERANDS_ANY,
    .summary = "record messages to a file that others can open, too (MCAP)",
    .notes =
        "It looks on without joining, unless --lossless: writers never wait for the disk. What it misses is counted, and stands in the file.\n"
        "Ctrl-C ends it and closes the file. After a kill everything but the last quarter of a second can be read: sctx recover.\n"
        "With --json at the end: file messages bytes lost gone samples files removed unwritten.\n"
        "Exit: 3 if messages were missed, 1 if it could not go on, 130 after Ctrl-C.\n",
    OPTIONS_OF(options),
    .run = record_run,
};
