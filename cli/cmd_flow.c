#include "batch.h"
#include "bus.h"
#include "cmd.h"
#include "filtering.h"
#include "flow.h"
#include "graph.h"
#include "names.h"
#include "stop.h"
#include "table.h"
#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum flow_option {
    FLOW_FILE,
    FLOW_FOR,
    FLOW_COUNT,
    FLOW_FROM,
    FLOW_FILTER,
    FLOW_UNANSWERED,
    FLOW_DOT,
    FLOW_MERMAID,
    FLOW_NO_DECODE,
    FLOW_DECODERS,
    FLOW_OPTIONS = FLOW_DECODERS + DECODERS_OPTIONS
};

static const struct option options[FLOW_OPTIONS] = {
    [FLOW_FILE] = {"file", 0, OPTION_TEXT, "FILE", "a recording, instead of the context; '-': standard input", NULL, NULL},
    [FLOW_FOR] = {"for", 0, OPTION_DURATION, "S", "look for so long; 0: only at what is there (else until Ctrl-C)", NULL, NULL},
    [FLOW_COUNT] = {"count", 'n', OPTION_NUMBER, "N", "end after N answers", NULL, NULL},
    [FLOW_FROM] = {"from", 0, OPTION_TEXT, "WHERE", "begin at: start (what is held), now, or a SEQ", "start", NULL},
    [FLOW_FILTER] = {"filter", 'f', OPTION_TEXT, "EXPR",
                     "count only answers that match, see sctx-filter(7); with\n--unanswered: show only such messages", NULL, NULL},
    [FLOW_UNANSWERED] = {"unanswered", 'u', OPTION_FLAG, NULL, "show the messages that nobody answered, where others like them were", NULL,
                         NULL},
    [FLOW_DOT] = {"dot", 0, OPTION_FLAG, NULL, "as a graph for Graphviz", NULL, NULL},
    [FLOW_MERMAID] = {"mermaid", 0, OPTION_FLAG, NULL, "as a flowchart for Mermaid", NULL, NULL},
    [FLOW_NO_DECODE] = {"no-decode", 0, OPTION_FLAG, NULL, "only causes that messages carry, no ids that decoders find", NULL, NULL},
    [FLOW_DECODERS] = OPTIONS_DECODERS,
};

struct looking {
    const struct call *call;
    sctx *ctx; /* NULL: a recording */
    struct source *source;
    struct decoding *decoding;
    struct filter *filter;
    struct flow *flow;
    struct sctx_reader_options from;
    int64_t deadline; /* SCTX_FOREVER: none */
    uint64_t end;     /* what is published from here on is not looked at */
    uint64_t damaged, answers, unanswered;
    bool is_wanted[FLOW_REMEMBERED]; /* with --unanswered, by seq modulo FLOW_REMEMBERED */
    struct batch batch;
};

/* ---- counting --------------------------------------------------------------------------------------------------------------- */

static bool has_all(const struct looking *looking) {
    const struct value *count = &looking->call->values[FLOW_COUNT];
    return count->given && looking->answers >= count->number;
}

/* The filter goes as the trigger: what does not match is decoded nevertheless, since it may be what is answered. */
static bool count_gathered(struct looking *looking) {
    const struct batch_how how = {looking->decoding, NULL, looking->filter,
                                  looking->call->values[FLOW_NO_DECODE].given ? 0 : SCTX_WANT_KEYS};
    bool done = batch_decode(&looking->batch, &how);
    for (size_t i = 0; done && i < looking->batch.count && !has_all(looking); i++) {
        const struct batched *item = &looking->batch.items[i];
        const struct tree *keys = item->is_decoded && item->outcome == HOST_DECODED ? &item->tree : NULL;
        bool is_wanted = (looking->filter == NULL || item->is_trigger) && names_are_wanted(looking->call, item->message.topic->name);
        bool counts = is_wanted || looking->call->values[FLOW_UNANSWERED].given;
        (void)(counts ? flow_add : flow_remember)(looking->flow, &item->message, keys);
        looking->is_wanted[item->message.seq % FLOW_REMEMBERED] = is_wanted;
        bool is_answer = item->message.has_cause || (keys != NULL && keys->keys[SCTX_KEY_CAUSE].len > 0);
        looking->answers += is_wanted && is_answer;
    }
    batch_clear(&looking->batch);
    return done;
}

static enum source_status gather(struct looking *looking) {
    while (!batch_is_full(&looking->batch)) {
        struct source_message message;
        enum source_status status = source_next(looking->source, &message);
        if (status != SOURCE_OK) return status;
        if (message.seq >= looking->end) return SOURCE_END;
        if (!message.is_sample && !batch_add(&looking->batch, &message)) return SOURCE_FAILED;
    }
    return SOURCE_OK;
}

/* AGAIN: the time is over. */
static enum source_status wait_for_more(struct looking *looking, bool *is_over) {
    enum { SLICE_MS = 100 };
    int64_t slice = SLICE_MS * NS_PER_MS, left = looking->deadline == SCTX_FOREVER ? slice : looking->deadline - monotonic_ns();
    *is_over = left <= 0 || out_has_hung_up(looking->call->out);
    return *is_over ? SOURCE_AGAIN : source_wait(looking->source, left < slice ? left : slice);
}

static enum source_status look(struct looking *looking) {
    enum source_status status = SOURCE_OK;
    bool is_over = false;
    while (!is_over && !has_all(looking) && stop_signal() == 0 && status >= 0 && status != SOURCE_END) {
        status = gather(looking);
        if (!count_gathered(looking)) return SOURCE_FAILED;
        if (status == SOURCE_DAMAGED && looking->damaged++ == 0) say(looking->call, "%s", source_fault(looking->source, NULL));
        is_over = looking->end == UINT64_MAX && looking->deadline != SCTX_FOREVER && monotonic_ns() >= looking->deadline;
        if (status == SOURCE_AGAIN && !is_over) status = wait_for_more(looking, &is_over);
    }
    return status;
}

/* ---- showing ---------------------------------------------------------------------------------------------------------------- */

static void show_table(const struct call *call, const struct flow_edge *const *edges, uint32_t count) {
    static const char *const heads[] = {"FROM", "TOPIC", "TO", "ANSWER", ">COUNT", ">P50", ">P99", ">MAX"};
    struct table table = {.heads = heads, .columns = sizeof heads / sizeof *heads};
    for (uint32_t i = 0; i < count; i++) {
        const struct flow_edge *edge = edges[i];
        const char *const names[] = {edge->from, edge->topic, edge->to, edge->answer};
        const int64_t times[] = {flow_percentile(edge, 0.5), flow_percentile(edge, 0.99), edge->max_ns};
        char text[UNIT_TEXT];
        table_row(&table, PAINT_OFF);
        for (size_t column = 0; column < 4; column++) table_cell(&table, column, names[column]);
        table_format(&table, 4, "%" PRIu64, edge->count);
        for (size_t column = 0; column < 3; column++) table_cell(&table, 5 + column, duration_text(times[column], text));
    }
    table_print(&table, call);
}

static void show_json(struct out *out, const struct flow_edge *edge) {
    static const char *const keys[] = {"{\"from\":", ",\"topic\":", ",\"to\":", ",\"answer\":"};
    const char *const names[] = {edge->from, edge->topic, edge->to, edge->answer};
    for (size_t i = 0; i < 4; i++) {
        out_text(out, keys[i]);
        inert_json_name(out, names[i]);
    }
    out_format(out, ",\"count\":%" PRIu64 ",\"p50_ns\":%" PRId64 ",\"p99_ns\":%" PRId64 ",\"max_ns\":%" PRId64 "}\n", edge->count,
               flow_percentile(edge, 0.5), flow_percentile(edge, 0.99), edge->max_ns);
    out_line_done(out);
}

static void show_message_json(struct out *out, const struct flow_unanswered *message) {
    out_format(out, "{\"seq\":%" PRIu64 ",\"time\":%" PRId64 ",\"topic\":", message->seq, message->time_ns);
    inert_json_name(out, message->topic);
    out_text(out, ",\"from\":");
    inert_json_name(out, message->from);
    out_text(out, "}\n");
    out_line_done(out);
}

/* How many there are. */
static uint64_t show_unanswered(const struct looking *looking) {
    static const char *const heads[] = {">SEQ", "TIME", "TOPIC", "FROM"};
    const struct call *call = looking->call;
    struct table table = {.heads = heads, .columns = sizeof heads / sizeof *heads};
    struct flow_unanswered message;
    uint64_t shown = 0;
    for (uint64_t place = 0; flow_next_unanswered(looking->flow, &place, &message);) {
        if (!looking->is_wanted[message.seq % FLOW_REMEMBERED]) continue;
        shown++;
        if (call->json) {
            show_message_json(call->out, &message);
            continue;
        }
        char clock[UNIT_TEXT];
        table_row(&table, PAINT_OFF);
        table_format(&table, 0, "%" PRIu64, message.seq);
        table_cell(&table, 1, clock_text(message.time_ns, clock));
        table_cell(&table, 2, message.topic);
        table_cell(&table, 3, message.from);
    }
    if (shown > 0 && !call->json) table_print(&table, call);
    out_flush(call->out);
    return shown;
}

static bool show(struct looking *looking) {
    const struct call *call = looking->call;
    if (call->values[FLOW_UNANSWERED].given) {
        looking->unanswered = show_unanswered(looking);
        return true;
    }
    uint32_t count = flow_count(looking->flow);
    const struct flow_edge **edges = graph_edges(looking->flow);
    if (edges == NULL) return false;
    if (call->values[FLOW_DOT].given || call->values[FLOW_MERMAID].given)
        graph_put(call->out, edges, count, call->values[FLOW_DOT].given);
    else if (!call->json)
        show_table(call, edges, count);
    else
        for (uint32_t i = 0; i < count; i++) show_json(call->out, edges[i]);
    out_flush(call->out);
    free(edges);
    return true;
}

/* ---- the command ------------------------------------------------------------------------------------------------------------ */

static int answer(struct looking *looking, enum source_status status) {
    const struct call *call = looking->call;
    if (!show(looking)) status = SOURCE_FAILED;
    if (status < 0) {
        int code = SCTX_OK;
        const char *why = source_fault(looking->source, &code);
        if (looking->ctx != NULL && code < 0) return bus_fail(call, code, "cannot read on", NULL);
        say(call, "cannot read on: %s", why[0] != '\0' ? why : "out of memory");
        return EXIT_FAILED;
    }
    uint64_t unheld = flow_unheld(looking->flow), unknown = flow_unknown(looking->flow) - unheld;
    struct source_loss loss = source_loss(looking->source);
    if (unknown > 0) say(call, "%" PRIu64 " more answer messages that were not seen, or too long ago", unknown);
    if (unheld > 0) say(call, "%" PRIu64 " more are between more pairs than are told apart", unheld);
    if (loss.lost + loss.gone > 0) say(call, "%" PRIu64 " messages were missed", loss.lost + loss.gone);
    if (looking->damaged > 0 || unheld > 0 || loss.lost + loss.gone > 0) return EXIT_LOSS;
    return looking->unanswered > 0 ? EXIT_ANSWER_NO : EXIT_DONE;
}

static int open_source(struct looking *looking) {
    const struct call *call = looking->call;
    const char *path = call->values[FLOW_FILE].text;
    bool waited = false;
    int code = EXIT_DONE, status = SCTX_OK;
    if (path != NULL) {
        struct source_fault fault;
        looking->source = source_open_file(path, &fault);
        if (looking->source != NULL) return EXIT_DONE;
        say(call, "%s: %s", path, fault.text);
        return EXIT_FAILED;
    }
    looking->ctx = bus_tap_wait(call, looking->deadline, &waited, &code);
    if (looking->ctx == NULL) {
        if (code == EXIT_TIMED_OUT) say(call, "there is no context '%s'", call_context(call));
        return code;
    }
    if (waited) looking->from.from = SCTX_FROM_START;
    looking->source = source_open_live(looking->ctx, &looking->from, &status);
    if (looking->source == NULL) return bus_fail(call, status, "cannot read", NULL);
    struct source_range range;
    bool is_past_only = call->values[FLOW_FOR].given && call->values[FLOW_FOR].ns == 0;
    if (is_past_only && source_range(looking->source, &range) == SOURCE_OK) looking->end = range.end;
    bool is_endless = looking->deadline == SCTX_FOREVER && !call->values[FLOW_COUNT].given;
    if (is_endless && isatty(STDERR_FILENO)) say(call, "counting until Ctrl-C");
    return EXIT_DONE;
}

static int read_options(struct looking *looking) {
    const struct call *call = looking->call;
    const struct value *values = call->values;
    const char *from = values[FLOW_FROM].text;
    if (strcmp(from, "start") == 0)
        looking->from.from = SCTX_FROM_START;
    else if (number_parse(from, &looking->from.seq))
        looking->from.from = SCTX_FROM_SEQ;
    else if (strcmp(from, "now") != 0)
        return say_usage(call, "--from takes start, now or a seq, not '%s'", from);
    if (values[FLOW_UNANSWERED].given && values[FLOW_DOT].given + values[FLOW_MERMAID].given > 0)
        return say_usage(call, "--unanswered shows messages, which neither --dot nor --mermaid can draw");
    if (values[FLOW_DOT].given + values[FLOW_MERMAID].given + call->json > 1)
        return say_usage(call, "--dot, --mermaid and --json exclude each other");
    if (values[FLOW_FILE].given && (values[FLOW_FOR].given || values[FLOW_FROM].given))
        return say_usage(call, "--for and --from are for a context: a recording is read from its beginning to its end");
    if (values[FLOW_FOR].given) looking->deadline = monotonic_ns() + values[FLOW_FOR].ns;
    int code = names_check_patterns(call);
    return code == EXIT_DONE ? filtering_compile(call, "filter", values[FLOW_FILTER].text, &looking->filter) : code;
}

static int flow_run(const struct call *call) {
    struct looking *looking = calloc(1, sizeof *looking);
    if (looking == NULL) {
        say(call, "out of memory");
        return EXIT_FAILED;
    }
    *looking = (struct looking){.call = call, .deadline = SCTX_FOREVER, .end = UINT64_MAX, .flow = flow_open()};
    looking->from = (struct sctx_reader_options)SCTX_INIT(looking->from);
    int code = looking->flow != NULL ? read_options(looking) : EXIT_FAILED;
    bool decodes = !call->values[FLOW_NO_DECODE].given || (looking->filter != NULL && filter_needs_data(looking->filter));
    if (looking->flow == NULL) say(call, "out of memory");
    if (code == EXIT_DONE && decodes) looking->decoding = decoders_open(call, &call->values[FLOW_DECODERS], &code);
    if (code == EXIT_DONE) code = open_source(looking);
    if (looking->source != NULL) code = answer(looking, look(looking));
    filtering_tell_errors(call, looking->filter);
    source_close(looking->source);
    sctx_close(looking->ctx);
    decoding_close(looking->decoding);
    filter_free(looking->filter);
    flow_close(looking->flow);
    batch_free(&looking->batch);
    free(looking);
    return code;
}

const struct command cmd_flow = {
    .name = "flow",
    .operands = "[PATTERN...]",
    .operands_max = OPERANDS_ANY,
    .summary = "show who answers whom, on which topics, how often and how fast",
    .notes =
        "By the causes that messages carry, and by the ids that decoders find in them. It joins nothing. Patterns and --filter choose the\n"
        "answers; what they answer may be any of the last 65536 messages. Percentiles are at most an eighth too high; the maximum is exact.\n"
        "With --unanswered: what nobody answered, although others that the same program said on the same topic were, once the longest time that\n"
        "an answer took is over.\n"
        "JSON: from topic to answer count p50_ns p99_ns max_ns; of messages: seq time topic from. Exit: 3 if messages were missed, 5 if\n"
        "--unanswered shows some.\n",
    OPTIONS_OF(options),
    .run = flow_run,
};
