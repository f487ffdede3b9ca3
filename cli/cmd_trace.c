#include "causes.h"
#include "cmd.h"
#include "filtering.h"
#include "reading.h"
#include "show.h"
#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum trace_option { TRACE_MERMAID, TRACE_MOST, TRACE_FILTER, TRACE_READING, TRACE_OPTIONS = TRACE_READING + READING_OPTIONS };

static const struct option options[TRACE_OPTIONS] = {
    [TRACE_MERMAID] = {"mermaid", 0, OPTION_FLAG, NULL, "as a sequence diagram for Mermaid", NULL, NULL},
    [TRACE_MOST] = {"max", 0, OPTION_NUMBER, "N", "show at most N messages", "10000", NULL},
    [TRACE_FILTER] = {"filter", 'f', OPTION_TEXT, "EXPR", "of these show only what matches, see sctx-filter(7)", NULL, NULL},
    [TRACE_READING] = OPTIONS_READING,
};

/* A message that is shown. */
struct step {
    uint32_t node, depth;
    int64_t after_ns; /* since its cause */
    bool has_cause, is_asked, is_left_out; /* by --filter */
    char *text, *from, *topic; /* text: as it is shown, without what stands before it */
    size_t len;
};

struct trace {
    const struct call *call;
    struct reading reading;
    struct filter *filter;
    struct causes causes;
    struct step *steps;
    size_t count, most;
    bool is_cut;
    struct show show;
    struct out line;
};

/* ---- which ------------------------------------------------------------------------------------------------------------------ */

static bool note(void *context, const struct batched *item) {
    struct trace *trace = context;
    const struct source_message *message = &item->message;
    bool has_keys = item->is_decoded && item->outcome == HOST_DECODED;
    return causes_add(&trace->causes, message->seq, message->time_ns, message->has_cause, message->cause, has_keys ? &item->tree : NULL);
}

static void add(struct trace *trace, uint32_t node, uint32_t depth, bool is_asked) {
    const struct causes_node *nodes = trace->causes.nodes;
    if (trace->count >= trace->most) {
        trace->is_cut = true;
        return;
    }
    uint32_t parent = nodes[node].parent;
    trace->steps[trace->count++] = (struct step){.node = node,
                                                 .depth = depth,
                                                 .has_cause = parent != CAUSES_NONE,
                                                 .is_asked = is_asked,
                                                 .after_ns = parent != CAUSES_NONE ? nodes[node].time_ns - nodes[parent].time_ns : 0};
}

/* The origin first, then the way to the one that was asked for, then all its effects, each before its own. */
static void choose(struct trace *trace, uint32_t asked) {
    const struct causes_node *nodes = trace->causes.nodes;
    uint32_t depth = 0;
    for (uint32_t at = nodes[asked].parent; at != CAUSES_NONE; at = nodes[at].parent) depth++;
    for (uint32_t up = depth; up > 0; up--) {
        uint32_t at = asked;
        for (uint32_t i = 0; i < up; i++) at = nodes[at].parent;
        add(trace, at, depth - up, false);
    }
    add(trace, asked, depth, true);
    uint32_t at = asked, level = depth;
    while (!trace->is_cut) {
        if (nodes[at].first != CAUSES_NONE) {
            at = nodes[at].first;
            level++;
        } else {
            while (at != asked && nodes[at].next == CAUSES_NONE) {
                at = nodes[at].parent;
                level--;
            }
            if (at == asked) break;
            at = nodes[at].next;
        }
        add(trace, at, level, false);
    }
}

/* ---- what they say ---------------------------------------------------------------------------------------------------------- */

static int by_node(const void *a, const void *b) {
    const struct step *x = *(const struct step *const *)a, *y = *(const struct step *const *)b;
    return (x->node > y->node) - (x->node < y->node);
}

struct telling {
    struct trace *trace;
    struct step **steps; /* in the order of their seqs */
    size_t next;
};

static bool tell(void *context, const struct batched *item) {
    struct telling *telling = context;
    struct trace *trace = telling->trace;
    const struct causes_node *nodes = trace->causes.nodes;
    while (telling->next < trace->count && nodes[telling->steps[telling->next]->node].seq < item->message.seq) telling->next++;
    if (telling->next == trace->count) return false;
    struct step *step = telling->steps[telling->next];
    if (nodes[step->node].seq != item->message.seq) return true;
    char more[96];
    step->is_left_out = !item->is_wanted;
    if (step->has_cause)
        (void)snprintf(more, sizeof more, ",\"depth\":%" PRIu32 ",\"after_ns\":%" PRId64, step->depth, step->after_ns);
    else
        (void)snprintf(more, sizeof more, ",\"depth\":%" PRIu32 ",\"after_ns\":null", step->depth);
    trace->line.len = 0;
    trace->show.more = more;
    show_message(&trace->show, item);
    trace->show.more = NULL;
    step->text = malloc(trace->line.len + 1);
    step->from = strdup(item->message.from);
    step->topic = strdup(item->message.topic->name);
    if (step->text == NULL || step->from == NULL || step->topic == NULL) return false;
    memcpy(step->text, trace->line.data, trace->line.len);
    step->len = trace->line.len;
    return true;
}

static int tell_all(struct trace *trace) {
    struct telling telling = {trace, calloc(trace->count, sizeof(struct step *)), 0};
    if (telling.steps == NULL) {
        say(trace->call, "out of memory");
        return EXIT_FAILED;
    }
    for (size_t i = 0; i < trace->count; i++) telling.steps[i] = &trace->steps[i];
    qsort(telling.steps, trace->count, sizeof *telling.steps, by_node);
    trace->reading.filter = trace->filter;
    int code = reading_all(&trace->reading, show_wants(&trace->show), tell, &telling);
    free(telling.steps);
    return code;
}

/* ---- showing ---------------------------------------------------------------------------------------------------------------- */

static void show_steps(const struct trace *trace) {
    struct out *out = trace->call->out;
    for (size_t i = 0; i < trace->count; i++) {
        const struct step *step = &trace->steps[i];
        char after[UNIT_TEXT] = "";
        if (step->is_left_out) continue;
        if (!trace->call->json) {
            if (step->has_cause) (void)duration_text(step->after_ns, after);
            out_text(out, step->is_asked ? "> " : "  ");
            out_text(out, paint(trace->call, PAINT_DIM));
            out_format(out, "%10" PRIu64 "  %*s%9s", trace->causes.nodes[step->node].seq, step->has_cause ? 1 : 0,
                       step->has_cause ? "+" : "", after);
            out_text(out, paint(trace->call, PAINT_OFF));
            out_format(out, "  %*s", (int)(2 * (step->depth < 40 ? step->depth : 40)), "");
        }
        if (step->text != NULL)
            out_put(out, step->text, step->len);
        else
            out_text(out, "(gone meanwhile)\n");
        out_line_done(out);
    }
}

/* Mermaid has its own ideas about many characters: names go as they are but for those. */
static void put_mermaid(struct out *out, const char *text) {
    for (; *text != '\0'; text++) {
        bool plain = (unsigned char)*text >= 0x80 || (*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z') ||
                     (*text >= 'A' && *text <= 'Z') || strchr(" _-./", *text) != NULL;
        out_char(out, plain && (unsigned char)*text >= 0x20 ? *text : '_');
    }
}

static const char *cause_from(const struct trace *trace, const struct step *step) {
    uint32_t parent = trace->causes.nodes[step->node].parent;
    for (size_t i = 0; i < trace->count; i++)
        if (trace->steps[i].node == parent && trace->steps[i].from != NULL) return trace->steps[i].from;
    return NULL;
}

static void show_mermaid(const struct trace *trace) {
    struct out *out = trace->call->out;
    out_text(out, "sequenceDiagram\n");
    for (size_t i = 0; i < trace->count; i++) {
        const struct step *step = &trace->steps[i];
        const char *from = step->has_cause ? cause_from(trace, step) : NULL;
        char after[UNIT_TEXT];
        if (step->from == NULL || step->is_left_out) continue;
        out_text(out, from != NULL ? "    " : "    Note over ");
        put_mermaid(out, from != NULL ? from : step->from);
        if (from != NULL) {
            out_text(out, "->>");
            put_mermaid(out, step->from);
        }
        out_format(out, ": %" PRIu64 " ", trace->causes.nodes[step->node].seq);
        put_mermaid(out, step->topic);
        if (from != NULL) out_format(out, " after %s", duration_text(step->after_ns, after));
        out_char(out, '\n');
    }
}

static int show_trace(struct trace *trace, uint64_t seq) {
    int code = reading_all(&trace->reading, SCTX_WANT_KEYS, note, trace);
    if (code == EXIT_FAILED) return code;
    uint32_t asked = causes_find(&trace->causes, seq);
    if (asked == CAUSES_NONE) {
        uint32_t count = trace->causes.count;
        if (count == 0)
            say(trace->call, "there are no messages");
        else
            say(trace->call, "there is no message %" PRIu64 " (any more); there are %" PRIu64 " to %" PRIu64, seq,
                trace->causes.nodes[0].seq, trace->causes.nodes[count - 1].seq);
        return EXIT_FAILED;
    }
    choose(trace, asked);
    int told = tell_all(trace);
    if (trace->call->values[TRACE_MERMAID].given)
        show_mermaid(trace);
    else
        show_steps(trace);
    out_flush(trace->call->out);
    if (trace->count > 0 && trace->causes.nodes[trace->steps[0].node].has_unknown)
        say(trace->call, "seq %" PRIu64 " has a cause that is not held any more", trace->causes.nodes[trace->steps[0].node].seq);
    if (trace->is_cut) say(trace->call, "there is more: --max shows it");
    return told != EXIT_DONE ? told : trace->is_cut ? EXIT_LOSS : code;
}

static int trace_run(const struct call *call) {
    uint64_t seq = 0;
    if (!number_parse(call->operands[0], &seq)) return say_usage(call, "SEQ is a message's number, not '%s'", call->operands[0]);
    struct trace *trace = calloc(1, sizeof *trace);
    struct call shown = *call;
    if (trace == NULL) {
        say(call, "out of memory");
        return EXIT_FAILED;
    }
    *trace = (struct trace){.call = call, .line = {.fd = -1}, .most = call->values[TRACE_MOST].number};
    if (trace->most == 0 || trace->most > 1000000) trace->most = 1000000;
    shown.out = &trace->line;
    trace->show = (struct show){.call = &shown, .clock_second = INT64_MIN, .line = {.fd = -1}};
    trace->steps = calloc(trace->most, sizeof *trace->steps);
    int code = EXIT_FAILED;
    if (trace->steps == NULL)
        say(call, "out of memory");
    else
        code = filtering_compile(call, "filter", call->values[TRACE_FILTER].text, &trace->filter);
    if (code == EXIT_DONE)
        code = reading_open(&trace->reading, call, call->values[TRACE_READING + READING_FILE].text,
                            &call->values[TRACE_READING + READING_DECODERS]);
    if (code == EXIT_DONE) code = show_trace(trace, seq);
    filtering_tell_errors(call, trace->filter);
    filter_free(trace->filter);
    for (size_t i = 0; trace->steps != NULL && i < trace->count; i++) {
        free(trace->steps[i].text);
        free(trace->steps[i].from);
        free(trace->steps[i].topic);
    }
    reading_close(&trace->reading);
    causes_free(&trace->causes);
    out_free(&trace->line);
    out_free(&trace->show.line);
    free(trace->steps);
    free(trace);
    return code;
}

const struct command cmd_trace = {
    .name = "trace",
    .operands = "SEQ",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "show what led to a message, back to the origin, and all that followed from it",
    .notes = "By the causes that messages carry, and by the ids that decoders find in them. It joins nothing.\n"
             "JSON: the keys of sub, and depth (0: the origin) and after_ns (since its cause; null: it has none that is held).\n",
    OPTIONS_OF(options),
    .run = trace_run,
};
