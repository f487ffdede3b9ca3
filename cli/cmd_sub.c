#include "batch.h"
#include "bus.h"
#include "cmd.h"
#include "filtering.h"
#include "names.h"
#include "show.h"
#include "stop.h"
#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum sub_option {
    SUB_COUNT,
    SUB_TIMEOUT,
    SUB_FROM,
    SUB_FILTER,
    SUB_RAW,
    SUB_NO_DECODE,
    SUB_GATED,
    SUB_TAP,
    SUB_VERBOSE,
    SUB_AS,
    SUB_DECODERS,
    SUB_OPTIONS = SUB_DECODERS + DECODERS_OPTIONS
};

static const struct option options[SUB_OPTIONS] = {
    [SUB_COUNT] = {"count", 'n', OPTION_NUMBER, "N", "end after N messages", NULL, NULL},
    [SUB_TIMEOUT] = {"timeout", 't', OPTION_DURATION, "S",
                     "end after this time (exit 4 if -n was not reached); 0: show\nwhat is held, and end", NULL, NULL},
    [SUB_FROM] = {"from", 0, OPTION_TEXT, "WHERE", "start: the oldest that is held; now; or a SEQ", "now", NULL},
    [SUB_FILTER] = {"filter", 'f', OPTION_TEXT, "EXPR", "only what matches: 'data.price > 100', see sctx-filter(7)", NULL, NULL},
    [SUB_RAW] = {"raw", 0, OPTION_FLAG, NULL, "payloads exactly as they are, a newline after each", NULL, NULL},
    [SUB_NO_DECODE] = {"no-decode", 0, OPTION_FLAG, NULL, "show payloads as they are; with --json never 'data', always\n'text' or 'base64'",
                       NULL, NULL},
    [SUB_GATED] = {"gated", 0, OPTION_FLAG, NULL,
                   "lose nothing: writers wait for this reader, until it takes\ntoo long (create --gate-timeout)", NULL, NULL},
    [SUB_TAP] = {"tap", 0, OPTION_FLAG, NULL,
                 "look without joining; waits for a context that is not\nthere, and follows it through rm and create", NULL, NULL},
    [SUB_VERBOSE] = {"verbose", 'v', OPTION_FLAG, NULL, "say on stderr what is listened to", NULL, NULL},
    [SUB_AS] = OPTION_AS,
    [SUB_DECODERS] = OPTIONS_DECODERS,
};

enum end { END_COUNT, END_TIME, END_SIGNAL, END_OUTPUT, END_CONTEXT, END_FAILED };

struct sub {
    const struct call *call;
    sctx *ctx;
    struct source *source;
    struct show show;
    struct filter *filter;     /* NULL: all */
    struct decoding *decoding; /* NULL: nothing is decoded */
    struct batch batch;
    struct sctx_reader_options from;
    int64_t deadline;      /* monotonic, or SCTX_FOREVER */
    uint64_t wanted, seen; /* wanted 0: no limit */
    uint64_t lost, gone;   /* told so far about this reader */
    uint64_t held_end;     /* with a time-out of 0: what comes before it was there when we looked */
    bool any_loss, told_let_go;
    uint8_t told_topics[65536 / 8]; /* whose decoder was told */
};

static bool has_all(const struct sub *sub) {
    return sub->wanted != 0 && sub->seen >= sub->wanted;
}

static int64_t time_left(const struct sub *sub) {
    if (sub->deadline == SCTX_FOREVER) return SCTX_FOREVER;
    int64_t left = sub->deadline - monotonic_ns();
    return left > 0 ? left : 0;
}

/* From then on this reader is one like any other; what it lost because of that is told as loss is. */
static void tell_let_go(struct sub *sub) {
    struct sctx_reader_stats stats = SCTX_INIT(stats);
    if (!sub->call->values[SUB_GATED].given || sub->told_let_go) return;
    if (sctx_reader_stats(source_reader(sub->source), &stats) < 0 || stats.gated != 2) return;
    sub->told_let_go = true;
    say(sub->call, "writers waited too long for this reader and let it go: it is not gated any more, and may lose messages");
}

static void tell_loss(struct sub *sub, uint64_t lost, uint64_t gone) {
    if (lost == 0 && gone == 0) return;
    tell_let_go(sub);
    show_loss(&sub->show, lost, gone);
    sub->lost += lost;
    sub->gone += gone;
    sub->any_loss = true;
}

/* With --verbose: which decoder a topic has, when it gets one. */
static void tell_choice(struct sub *sub, const struct batched *item) {
    uint16_t id = item->message.topic->id;
    if (!item->is_decoded || item->choice.decoder == NULL || (sub->told_topics[id / 8] & 1u << id % 8) != 0) return;
    sub->told_topics[id / 8] |= (uint8_t)(1u << id % 8);
    if (!sub->call->values[SUB_VERBOSE].given) return;
    out_flush(sub->call->out);
    say(sub->call, "topic '%s' is decoded by %s (%s, %s)", item->message.topic->name, item->choice.decoder->manifest.name,
        host_how_name(item->choice.how), found_origin_name(item->choice.decoder->origin));
}

/* Shows what has gathered. Loss comes where it happened, also before a message that the filter leaves out. */
static bool show_gathered(struct sub *sub) {
    const struct batch_how how = {sub->decoding, sub->filter, NULL, show_wants(&sub->show)};
    bool done = batch_decode(&sub->batch, &how);
    for (size_t i = 0; done && i < sub->batch.count && !has_all(sub); i++) {
        const struct batched *item = &sub->batch.items[i];
        tell_loss(sub, item->message.lost, item->message.gone);
        if (!item->is_wanted) continue;
        tell_choice(sub, item);
        show_message(&sub->show, item);
        sub->seen++;
    }
    batch_clear(&sub->batch);
    return done;
}

/* Nothing to read now: shows what there is, then waits. Wakes up now and then, for a signal that came just before the wait
 * and for a reader of our output that went away. */
static enum source_status wait_more(struct sub *sub) {
    enum { LOOK_AFTER_MS = 250 };
    int64_t left = time_left(sub), slice = LOOK_AFTER_MS * NS_PER_MS;
    out_flush(sub->call->out);
    tell_let_go(sub);
    show_measure(&sub->show);
    enum source_status status = source_wait(sub->source, left != SCTX_FOREVER && left < slice ? left : slice);
    if (status == SOURCE_AGAIN) out_has_hung_up(sub->call->out);
    return status == SOURCE_AGAIN ? SOURCE_OK : status;
}

/* Takes what there is, up to a batch of it. AGAIN: there is no more. *is_past: it came after what was held when we looked. */
static enum source_status gather(struct sub *sub, bool *is_past) {
    while (!batch_is_full(&sub->batch)) {
        struct source_message message;
        enum source_status status = source_next(sub->source, &message);
        if (status != SOURCE_OK) return status;
        *is_past = sub->held_end != 0 && message.seq >= sub->held_end;
        if (*is_past) return SOURCE_OK;
        if (!batch_add(&sub->batch, &message)) return SOURCE_FAILED;
        /* No more than can be wanted: a message that is taken and not shown would be missing for nobody to see. */
        if (sub->wanted != 0 && sub->filter == NULL && sub->seen + sub->batch.count >= sub->wanted) return SOURCE_OK;
    }
    return SOURCE_OK;
}

/* With a time-out of 0 it looks once: at all that was there when it came, and not at the clock. */
static enum end read_on(struct sub *sub) {
    while (!has_all(sub)) {
        bool is_past = false;
        if (stop_signal() != 0) return END_SIGNAL;
        if (out_is_over(sub->call->out)) return END_OUTPUT;
        if (sub->held_end == 0 && time_left(sub) == 0) return END_TIME;
        enum source_status status = gather(sub, &is_past);
        if (!show_gathered(sub)) return END_FAILED;
        if (is_past || (status == SOURCE_AGAIN && sub->held_end != 0)) return has_all(sub) ? END_COUNT : END_TIME;
        if (status == SOURCE_AGAIN) status = has_all(sub) ? SOURCE_OK : wait_more(sub);
        if (status < 0) return status == SOURCE_GONE ? END_CONTEXT : END_FAILED;
    }
    return END_COUNT;
}

/* Loss after the last message has no message to be told with. */
static void tell_last_loss(struct sub *sub) {
    struct sctx_reader_stats stats = SCTX_INIT(stats);
    if (sctx_reader_stats(source_reader(sub->source), &stats) == SCTX_OK && stats.lost >= sub->lost && stats.gone >= sub->gone)
        tell_loss(sub, stats.lost - sub->lost, stats.gone - sub->gone);
    tell_let_go(sub);
}

static int open_reader(struct sub *sub) {
    const struct call *call = sub->call;
    int status = SCTX_OK;
    sub->source = source_open_live(sub->ctx, &sub->from, &status);
    sub->lost = sub->gone = 0;
    if (status == SCTX_OK && sub->call->values[SUB_TIMEOUT].given && sub->call->values[SUB_TIMEOUT].ns == 0) {
        struct sctx_extent extent = SCTX_INIT(extent); /* exact, also where a writer was killed between a message and the hint to it */
        status = sctx_extent_get(sub->ctx, &extent);
        sub->held_end = extent.tail;
    }
    if (status == SCTX_OK) return EXIT_DONE;
    if (status == SCTX_ERR_GATING) {
        say(call, "context '%s' was not created for gated readers; make one that is: sctx create NAME --gating allow", call_context(call));
        return EXIT_FAILED;
    }
    return bus_fail(call, status, "cannot read", NULL);
}

static void announce(const struct sub *sub) {
    const struct call *call = sub->call;
    if (!call->values[SUB_VERBOSE].given && !isatty(STDERR_FILENO)) return;
    char patterns[512] = "all topics";
    size_t len = 0;
    for (size_t i = 0; i < call->operand_count && len < sizeof patterns - 1; i++)
        len += (size_t)snprintf(patterns + len, sizeof patterns - len, "%s%s", i == 0 ? "" : " ", call->operands[i]);
    say(call, "listening in '%s' to %s (Ctrl-C ends)", call_context(call), patterns);
}

static void close_context(struct sub *sub) {
    if (sub->decoding != NULL) decoding_forget(sub->decoding);
    if (sub->filter != NULL) filter_forget(sub->filter);
    memset(sub->told_topics, 0, sizeof sub->told_topics);
    source_close(sub->source);
    sctx_close(sub->ctx);
    sub->source = NULL;
    sub->ctx = NULL;
}

static bool open_context(struct sub *sub, int *code) {
    bool waited = false;
    if (sub->call->values[SUB_TAP].given)
        sub->ctx = bus_tap_wait(sub->call, sub->deadline, &waited, code);
    else
        sub->ctx = bus_join(sub->call, sub->call->values[SUB_AS].text, code);
    if (sub->ctx == NULL) return false;
    /* Whatever is in a context that came while we waited was published after we began. */
    if (waited) sub->from.from = SCTX_FROM_START;
    *code = open_reader(sub);
    return *code == EXIT_DONE;
}

/* Reads one context to its end or ours. true: a tap, and its context went away. */
static bool read_context(struct sub *sub, int *code) {
    enum end end = read_on(sub);
    tell_last_loss(sub);
    *code = EXIT_DONE;
    if (end == END_TIME && sub->wanted > 0) *code = EXIT_TIMED_OUT;
    if (end == END_FAILED || (end == END_CONTEXT && !sub->call->values[SUB_TAP].given)) {
        out_flush(sub->call->out);
        int status = SCTX_OK;
        (void)source_fault(sub->source, &status);
        *code = bus_fail(sub->call, status < 0 ? status : SCTX_ERR_NO_MEMORY, "cannot read on", NULL);
    }
    return end == END_CONTEXT && sub->call->values[SUB_TAP].given;
}

static int follow(struct sub *sub) {
    int code = EXIT_FAILED;
    bool again = open_context(sub, &code);
    if (again) announce(sub);
    while (again) {
        again = read_context(sub, &code);
        if (again) {
            out_flush(sub->call->out);
            say(sub->call, "context '%s' was removed or replaced", call_context(sub->call));
            close_context(sub);
            sub->from.from = SCTX_FROM_START;
            again = open_context(sub, &code);
        }
    }
    close_context(sub);
    /* A wait for the context that ran out is no more of a success than one for messages. */
    if (code == EXIT_TIMED_OUT && sub->wanted == 0) code = EXIT_DONE;
    return code == EXIT_DONE && sub->any_loss ? EXIT_LOSS : code;
}

/* What is asked for, of all that can be wrong with it before anything is joined. */
static int read_options(struct sub *sub) {
    const struct call *call = sub->call;
    const struct value *values = call->values;
    const char *from = values[SUB_FROM].text;
    if (values[SUB_GATED].given && values[SUB_TAP].given)
        return say_usage(call, "--gated and --tap exclude each other: writers cannot see a tap, so they cannot wait for it");
    if (values[SUB_RAW].given && call->json) return say_usage(call, "--raw and --json exclude each other");
    if (strcmp(from, "start") == 0)
        sub->from.from = SCTX_FROM_START;
    else if (number_parse(from, &sub->from.seq))
        sub->from.from = SCTX_FROM_SEQ;
    else if (strcmp(from, "now") != 0)
        return say_usage(call, "--from takes start, now or a seq, not '%s'%s", from,
                         number_is_too_large(from) ? ", which is too large" : "");
    return names_check_patterns(call);
}

/* Decoders are looked for only if something may be decoded. */
static int open_decoders(struct sub *sub) {
    int code = EXIT_DONE;
    bool needed = show_wants(&sub->show) != 0 || (sub->filter != NULL && filter_needs_data(sub->filter));
    if (needed) sub->decoding = decoders_open(sub->call, &sub->call->values[SUB_DECODERS], &code);
    return needed && sub->decoding == NULL ? code : EXIT_DONE;
}

static int sub_run(const struct call *call) {
    const struct value *values = call->values;
    struct sub *sub = calloc(1, sizeof *sub);
    if (sub == NULL) {
        say(call, "out of memory");
        return EXIT_FAILED;
    }
    *sub = (struct sub){.call = call, .deadline = SCTX_FOREVER, .wanted = values[SUB_COUNT].number};
    sub->show = (struct show){.call = call,
                              .raw = values[SUB_RAW].given,
                              .no_decode = values[SUB_NO_DECODE].given,
                              .clock_second = INT64_MIN,
                              .line = {.fd = -1}};
    sub->from = (struct sctx_reader_options)SCTX_INIT(sub->from);
    sub->from.flags = (values[SUB_GATED].given ? SCTX_READER_GATED : 0u) | SCTX_READER_NO_CAUSE;
    sub->from.patterns = call->operands;
    sub->from.pattern_count = (uint32_t)call->operand_count;
    if (values[SUB_TIMEOUT].given) sub->deadline = monotonic_ns() + values[SUB_TIMEOUT].ns;
    show_measure(&sub->show);
    int code = read_options(sub);
    if (code == EXIT_DONE) code = filtering_compile(call, "filter", values[SUB_FILTER].text, &sub->filter);
    if (code == EXIT_DONE) code = open_decoders(sub);
    if (code == EXIT_DONE && !(values[SUB_COUNT].given && sub->wanted == 0)) code = follow(sub);
    filtering_tell_errors(call, sub->filter);
    decoding_close(sub->decoding);
    filter_free(sub->filter);
    batch_free(&sub->batch);
    out_free(&sub->show.line);
    free(sub);
    return code;
}

const struct command cmd_sub = {
    .name = "sub",
    .operands = "[PATTERN...]",
    .operands_max = OPERANDS_ANY,
    .summary = "show messages as they come, of all topics or of those that match",
    .notes =
        "In a PATTERN, '*' is one level of a topic, '**' any number of levels. Joining makes the context if it is not there.\n"
        "JSON keys: seq time topic from pid len encoding cause, then data (the decoded value), or text (UTF-8) or base64; and error\n"
        "(decoder, offset, reason) where a payload is not what its topic declares, or its decoder failed. Where messages were missed, an\n"
        "object {\"lost\":n,\"gone\":m}. These count messages of all topics, since the topic of what was missed is not known.\n"
        "Exit: 3 if any were missed, 4 if -n was not reached in time, 130 after Ctrl-C.\n",
    OPTIONS_OF(options),
    .run = sub_run,
};
