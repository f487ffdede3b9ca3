#include "batch.h"
#include "bus.h"
#include "cmd.h"
#include "filtering.h"
#include "show.h"
#include "stop.h"
#include "units.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum expect_option {
    EXPECT_WITHIN,
    EXPECT_COUNT,
    EXPECT_NONE,
    EXPECT_THEN,
    EXPECT_FROM,
    EXPECT_QUIET,
    EXPECT_DECODERS,
    EXPECT_OPTIONS = EXPECT_DECODERS + DECODERS_OPTIONS
};

static const struct option options[EXPECT_OPTIONS] = {
    [EXPECT_WITHIN] = {"within", 'w', OPTION_DURATION, "S", "how long to wait for it", "5s", NULL},
    [EXPECT_COUNT] = {"count", 'n', OPTION_NUMBER, "N", "it has to come so many times", "1", NULL},
    [EXPECT_NONE] = {"none", 0, OPTION_FLAG, NULL, "it must not come in that time: exit 5 if it does", NULL, NULL},
    [EXPECT_THEN] = {"then", 0, OPTION_TEXT, "EXPR", "and after that, this one; may be given again and again", NULL, NULL},
    [EXPECT_FROM] = {"from", 0, OPTION_TEXT, "WHERE", "look at what was published from there on, too: start, now,\nor a SEQ", "now", NULL},
    [EXPECT_QUIET] = {"quiet", 'q', OPTION_FLAG, NULL, "do not show what came", NULL, NULL},
    [EXPECT_DECODERS] = OPTIONS_DECODERS,
};

enum { STEPS_MAX = OPTION_TIMES + 1 };

struct expect {
    const struct call *call;
    sctx *ctx;
    struct source *source;
    struct decoding *decoding;
    struct filter *steps[STEPS_MAX]; /* EXPR, then each --then */
    size_t step_count, step;
    uint64_t came; /* of this step */
    int64_t deadline;
    struct sctx_reader_options from;
    struct show show;
    struct batch batch;
};

static uint64_t wanted(const struct expect *expect) {
    return expect->step == 0 ? expect->call->values[EXPECT_COUNT].number : 1;
}

static bool is_done(const struct expect *expect) {
    return expect->step == expect->step_count;
}

/* One at a time: what comes behind a match is for the next step. false: no memory. */
static bool look_at(struct expect *expect, const struct source_message *message) {
    const struct batch_how how = {expect->decoding, expect->steps[expect->step], NULL,
                                  expect->call->values[EXPECT_QUIET].given ? 0 : show_wants(&expect->show)};
    if (!batch_add(&expect->batch, message) || !batch_decode(&expect->batch, &how)) return false;
    if (expect->batch.items[0].is_wanted) {
        if (!expect->call->values[EXPECT_QUIET].given) show_message(&expect->show, &expect->batch.items[0]);
        expect->came++;
        if (expect->came >= wanted(expect)) {
            expect->step++;
            expect->came = 0;
        }
    }
    batch_clear(&expect->batch);
    return true;
}

static enum source_status wait_for_it(struct expect *expect) {
    enum { SLICE_MS = 100 };
    enum source_status status = SOURCE_OK;
    struct source_message message;
    while (!is_done(expect) && stop_signal() == 0) {
        status = source_next(expect->source, &message);
        if (status < 0) return status;
        if (status == SOURCE_OK && !look_at(expect, &message)) return SOURCE_FAILED;
        if (status != SOURCE_AGAIN) continue;
        int64_t left = expect->deadline - monotonic_ns();
        if (left <= 0) return SOURCE_AGAIN;
        out_flush(expect->call->out);
        status = source_wait(expect->source, left < SLICE_MS * NS_PER_MS ? left : SLICE_MS * NS_PER_MS);
        if (status < 0) return status;
    }
    return status;
}

static void tell_missing(const struct expect *expect) {
    char within[UNIT_TEXT];
    (void)duration_text(expect->call->values[EXPECT_WITHIN].ns, within);
    const char *text = expect->step == 0 ? expect->call->operands[0] : expect->call->values[EXPECT_THEN].all[expect->step - 1];
    if (wanted(expect) > 1)
        say(expect->call, "'%s' came %" PRIu64 " times within %s, not %" PRIu64, text, expect->came, within, wanted(expect));
    else
        say(expect->call, "'%s' did not come within %s%s", text, within, expect->step > 0 ? "; what was to come before it did" : "");
}

static int answer(struct expect *expect, enum source_status status) {
    const struct call *call = expect->call;
    bool none = call->values[EXPECT_NONE].given;
    int code = SCTX_OK;
    out_flush(call->out);
    if (status == SOURCE_GONE || status == SOURCE_FAILED) {
        (void)source_fault(expect->source, &code);
        return bus_fail(call, code < 0 ? code : SCTX_ERR_NO_MEMORY, "cannot read on", NULL);
    }
    if (is_done(expect)) {
        if (none) say(call, "'%s' came", call->operands[0]);
        return none ? EXIT_ANSWER_NO : EXIT_DONE;
    }
    if (none || stop_signal() != 0) return EXIT_DONE;
    struct source_loss loss = source_loss(expect->source);
    tell_missing(expect);
    if (loss.lost + loss.gone > 0) say(call, "%" PRIu64 " messages were missed: it may have been among them", loss.lost + loss.gone);
    return EXIT_TIMED_OUT;
}

static int open_and_wait(struct expect *expect) {
    const struct call *call = expect->call;
    bool waited = false;
    int code = EXIT_DONE, status = SCTX_OK;
    for (size_t i = 0; i < expect->step_count; i++) {
        bool needed = filter_needs_data(expect->steps[i]) || !call->values[EXPECT_QUIET].given;
        if (needed && expect->decoding == NULL && (expect->decoding = decoders_open(call, &call->values[EXPECT_DECODERS], &code)) == NULL)
            return code;
    }
    expect->ctx = bus_tap_wait(call, expect->deadline, &waited, &code);
    if (expect->ctx == NULL) return code == EXIT_TIMED_OUT && call->values[EXPECT_NONE].given ? EXIT_DONE : code;
    if (waited) expect->from.from = SCTX_FROM_START;
    expect->source = source_open_live(expect->ctx, &expect->from, &status);
    if (expect->source == NULL) return bus_fail(call, status, "cannot read", NULL);
    return answer(expect, wait_for_it(expect));
}

static int read_options(struct expect *expect) {
    const struct call *call = expect->call;
    const struct value *values = call->values;
    const char *from = values[EXPECT_FROM].text;
    if (strcmp(from, "start") == 0)
        expect->from.from = SCTX_FROM_START;
    else if (number_parse(from, &expect->from.seq))
        expect->from.from = SCTX_FROM_SEQ;
    else if (strcmp(from, "now") != 0)
        return say_usage(call, "--from takes start, now or a seq, not '%s'", from);
    if (values[EXPECT_NONE].given && values[EXPECT_THEN].given) return say_usage(call, "--none and --then exclude each other");
    if (values[EXPECT_COUNT].number == 0) return say_usage(call, "--count is 1 or more; that nothing comes is --none");
    expect->step_count = 1 + values[EXPECT_THEN].count;
    int code = filtering_compile(call, NULL, call->operands[0], &expect->steps[0]);
    for (size_t i = 1; code == EXIT_DONE && i < expect->step_count; i++)
        code = filtering_compile(call, "then", values[EXPECT_THEN].all[i - 1], &expect->steps[i]);
    return code;
}

static int expect_run(const struct call *call) {
    struct expect *expect = calloc(1, sizeof *expect);
    if (expect == NULL) {
        say(call, "out of memory");
        return EXIT_FAILED;
    }
    *expect = (struct expect){.call = call, .deadline = monotonic_ns() + call->values[EXPECT_WITHIN].ns};
    expect->from = (struct sctx_reader_options)SCTX_INIT(expect->from);
    expect->show = (struct show){.call = call, .clock_second = INT64_MIN, .line = {.fd = -1}};
    int code = read_options(expect);
    if (code == EXIT_DONE) code = open_and_wait(expect);
    for (size_t i = 0; i < STEPS_MAX; i++) {
        filtering_tell_errors(call, expect->steps[i]);
        filter_free(expect->steps[i]);
    }
    source_close(expect->source);
    sctx_close(expect->ctx);
    decoding_close(expect->decoding);
    batch_free(&expect->batch);
    out_free(&expect->show.line);
    free(expect);
    return code;
}

const struct command cmd_expect = {
    .name = "expect",
    .operands = "EXPR",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "wait for a message that matches, for tests",
    .notes =
        "Exit: 0 it came, 4 it did not come in time, 5 it came although --none. It shows what came as sub does; it joins nothing, and waits for a\n"
        "context that is not there yet. EXPR: see sctx-filter(7).\n",
    OPTIONS_OF(options),
    .run = expect_run,
};
