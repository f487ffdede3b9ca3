#include "batch.h"
#include "cmd.h"
#include "filtering.h"
#include "names.h"
#include "show.h"
#include "span.h"
#include "stop.h"

#include <inttypes.h>
#include <stdlib.h>

enum cat_option {
    CAT_COUNT,
    CAT_SPAN,
    CAT_FILTER = CAT_SPAN + SPAN_OPTIONS,
    CAT_LINES,
    CAT_RAW,
    CAT_NO_DECODE,
    CAT_SAMPLES,
    CAT_DECODERS,
    CAT_OPTIONS = CAT_DECODERS + DECODERS_OPTIONS
};

static const struct option options[CAT_OPTIONS] = {
    [CAT_COUNT] = {"count", 'n', OPTION_NUMBER, "N", "end after N messages", NULL, NULL},
    [CAT_SPAN] = OPTIONS_SPAN,
    [CAT_FILTER] = {"filter", 'f', OPTION_TEXT, "EXPR", "only what matches, see sctx-filter(7)", NULL, NULL},
    [CAT_LINES] = {"lines", 'l', OPTION_FLAG, NULL, "lines for people, as of sub, instead of JSON", NULL, NULL},
    [CAT_RAW] = {"raw", 0, OPTION_FLAG, NULL, "payloads exactly as they are, a newline after each", NULL, NULL},
    [CAT_NO_DECODE] = {"no-decode", 0, OPTION_FLAG, NULL, "never 'data', always 'text' or 'base64'", NULL, NULL},
    [CAT_SAMPLES] = {"samples", 0, OPTION_FLAG, NULL, "show the samples of markers, too; they have the key 'sample'", NULL, NULL},
    [CAT_DECODERS] = OPTIONS_DECODERS,
};

struct cat {
    const struct call *call;
    struct call shown; /* the call, with JSON unless lines are asked for, and the patterns as its operands */
    struct source *source;
    struct span span;
    struct filter *filter;
    struct decoding *decoding;
    struct show show;
    uint64_t seen, damaged;
    bool is_behind;
    struct batch batch;
};

static bool has_all(const struct cat *cat) {
    const struct value *count = &cat->call->values[CAT_COUNT];
    return cat->is_behind || (count->given && cat->seen >= count->number);
}

static bool is_asked_for(struct cat *cat, const struct source_message *message) {
    if (message->is_sample && !cat->call->values[CAT_SAMPLES].given) return false;
    enum span_place place = span_place(&cat->span, message);
    cat->is_behind |= place == SPAN_BEHIND;
    return place == SPAN_WITHIN && names_are_wanted(&cat->shown, message->topic->name);
}

static void show_gathered(struct cat *cat) {
    const struct batch_how how = {cat->decoding, cat->filter, NULL, show_wants(&cat->show)};
    bool done = batch_decode(&cat->batch, &how);
    for (size_t i = 0;
         done && i < cat->batch.count && !(cat->call->values[CAT_COUNT].given && cat->seen >= cat->call->values[CAT_COUNT].number); i++) {
        const struct batched *item = &cat->batch.items[i];
        if (item->message.lost > 0 || item->message.gone > 0) show_loss(&cat->show, item->message.lost, item->message.gone);
        if (!item->is_wanted) continue;
        show_message(&cat->show, item);
        cat->seen++;
    }
    batch_clear(&cat->batch);
}

static void tell_damage(struct cat *cat) {
    out_flush(cat->call->out);
    say(cat->call, "%s", source_fault(cat->source, NULL));
    cat->damaged++;
}

static enum source_status gather(struct cat *cat) {
    while (!batch_is_full(&cat->batch) && !has_all(cat)) {
        struct source_message message;
        enum source_status status = source_next(cat->source, &message);
        if (status != SOURCE_OK) return status;
        if (is_asked_for(cat, &message) && !batch_add(&cat->batch, &message)) return SOURCE_FAILED;
    }
    return SOURCE_OK;
}

static int show_all(struct cat *cat) {
    enum source_status status = SOURCE_OK;
    while (!has_all(cat) && stop_signal() == 0 && !out_is_over(cat->call->out) && status >= 0 && status != SOURCE_END) {
        status = gather(cat);
        show_gathered(cat);
        if (status == SOURCE_DAMAGED) tell_damage(cat);
    }
    if (status < 0) {
        out_flush(cat->call->out);
        say(cat->call, "%s: %s", cat->call->operands[0], source_fault(cat->source, NULL));
        return EXIT_FAILED;
    }
    struct source_loss loss = source_loss(cat->source);
    return cat->damaged > 0 || loss.lost > 0 || loss.gone > 0 ? EXIT_LOSS : EXIT_DONE;
}

static int open_all(struct cat *cat) {
    const struct call *call = cat->call;
    const struct value *values = call->values;
    struct source_fault fault;
    if (values[CAT_LINES].given && (call->json || values[CAT_RAW].given))
        return say_usage(call, "--lines, --raw and --json exclude each other");
    if (values[CAT_RAW].given && call->json) return say_usage(call, "--raw and --json exclude each other");
    int code = span_parse(call, &values[CAT_SPAN], &cat->span);
    if (code == EXIT_DONE) code = names_check_patterns(&cat->shown);
    if (code == EXIT_DONE) code = filtering_compile(call, "filter", values[CAT_FILTER].text, &cat->filter);
    if (code != EXIT_DONE) return code;
    bool needed = show_wants(&cat->show) != 0 || (cat->filter != NULL && filter_needs_data(cat->filter));
    if (needed && (cat->decoding = decoders_open(call, &values[CAT_DECODERS], &code)) == NULL) return code;
    cat->source = source_open_file(call->operands[0], &fault);
    if (cat->source == NULL) {
        say(call, "%s: %s", call->operands[0], fault.text);
        return EXIT_FAILED;
    }
    span_seek(&cat->span, cat->source);
    return EXIT_DONE;
}

static int cat_run(const struct call *call) {
    struct cat *cat = calloc(1, sizeof *cat);
    if (cat == NULL) {
        say(call, "out of memory");
        return EXIT_FAILED;
    }
    *cat = (struct cat){.call = call, .shown = *call};
    cat->shown.operands++;
    cat->shown.operand_count--;
    cat->shown.json = !call->values[CAT_LINES].given && !call->values[CAT_RAW].given;
    cat->show = (struct show){.call = &cat->shown,
                              .raw = call->values[CAT_RAW].given,
                              .no_decode = call->values[CAT_NO_DECODE].given,
                              .clock_second = INT64_MIN,
                              .line = {.fd = -1}};
    show_measure(&cat->show);
    int code = open_all(cat);
    if (code == EXIT_DONE) code = show_all(cat);
    filtering_tell_errors(call, cat->filter);
    source_close(cat->source);
    decoding_close(cat->decoding);
    filter_free(cat->filter);
    batch_free(&cat->batch);
    out_free(&cat->show.line);
    free(cat);
    return code;
}

const struct command cmd_cat = {
    .name = "cat",
    .operands = "FILE [PATTERN...]",
    .operands_min = 1,
    .operands_max = OPERANDS_ANY,
    .summary = "show a recording's messages as JSON lines",
    .notes =
        "FILE: what record and snapshot write, or another program's MCAP file; '-': standard input. Keys: those of sub --json. In other programs'\n"
        "files seqs count the messages from 1, and there are no senders and causes.\n"
        "A damaged part is left out, and told on stderr. Exit: 3 if something was damaged or cut, or missed when it was recorded.\n",
    OPTIONS_OF(options),
    .run = cat_run,
};
