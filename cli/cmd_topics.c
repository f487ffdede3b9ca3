#include "bus.h"
#include "cmd.h"
#include "names.h"
#include "stop.h"
#include "table.h"
#include "units.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const int64_t window_ns = 10 * NS_PER_S;

struct tally {
    const struct sctx_topic *topic;   /* NULL: not asked for */
    uint64_t messages, bytes, recent; /* recent: in the last window */
    uint64_t last_seq;
    int64_t last_time;
    uint32_t *writers, writer_count, writer_cap;
};

struct survey {
    sctx *ctx;
    struct tally *tallies;
    uint32_t count;
    int64_t window_start, window_length;
};

static void note_writer(struct tally *tally, uint32_t join) {
    /* Most often it is the one that wrote before. */
    for (uint32_t i = tally->writer_count; i > 0; i--)
        if (tally->writers[i - 1] == join) return;
    if (tally->writer_count == tally->writer_cap) {
        uint32_t cap = tally->writer_cap == 0 ? 4 : 2 * tally->writer_cap;
        uint32_t *writers = realloc(tally->writers, cap * sizeof *writers);
        if (writers == NULL) return;
        tally->writers = writers;
        tally->writer_cap = cap;
    }
    tally->writers[tally->writer_count++] = join;
}

/* Rates are over the last seconds, or over what the ring holds if that is less. A context that is younger counts as one second old: a
 * single message is not a thousand a second. */
static void set_window(struct survey *survey, const struct sctx_info *info) {
    int64_t now = realtime_ns(), length = window_ns;
    bool overwritten = info->oldest > info->first_seq;
    if (overwritten && info->span_ns > 0 && info->span_ns < length)
        length = info->span_ns > NS_PER_MS ? info->span_ns : NS_PER_MS;
    else if (!overwritten && now - info->created_ns < length)
        length = now - info->created_ns > NS_PER_S ? now - info->created_ns : NS_PER_S;
    survey->window_start = now - length;
    survey->window_length = length;
}

/* Counts what the ring held at the start; what comes meanwhile is left out, or it might never end. */
static int count_messages(struct survey *survey, uint64_t tail) {
    struct sctx_reader_options from = SCTX_INIT(from);
    from.from = SCTX_FROM_START;
    sctx_reader *reader = NULL;
    int status = sctx_reader_open(survey->ctx, &from, &reader);
    while (status == SCTX_OK && stop_signal() == 0) {
        struct sctx_message message;
        status = sctx_peek(reader, &message);
        if (status < 0 || message.seq >= tail) break;
        if (message.topic >= survey->count || survey->tallies[message.topic].topic == NULL) continue;
        struct tally *tally = &survey->tallies[message.topic];
        tally->messages++;
        tally->bytes += message.len;
        tally->recent += message.time_ns >= survey->window_start;
        tally->last_seq = message.seq;
        tally->last_time = message.time_ns;
        note_writer(tally, message.from);
    }
    sctx_reader_close(reader);
    return status == SCTX_AGAIN ? SCTX_OK : status;
}

static int by_name(const void *a, const void *b) {
    const struct tally *one = a, *other = b;
    if (one->topic == NULL || other->topic == NULL) return (one->topic == NULL) - (other->topic == NULL);
    int order = strcmp(one->topic->name, other->topic->name);
    return order != 0 ? order : (one->topic->id > other->topic->id) - (one->topic->id < other->topic->id);
}

static double rate_of(const struct survey *survey, const struct tally *tally) {
    return (double)tally->recent * 1e9 / (double)survey->window_length;
}

static void print_json(const struct call *call, const struct survey *survey, const struct tally *tally) {
    struct out *out = call->out;
    out_text(out, "{\"topic\":");
    inert_json_name(out, tally->topic->name);
    out_format(out, ",\"id\":%u,\"encoding\":", tally->topic->id);
    inert_json_name(out, tally->topic->encoding);
    out_format(out, ",\"messages\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"rate\":%.1f", tally->messages, tally->bytes, rate_of(survey, tally));
    if (tally->messages > 0)
        out_format(out, ",\"last_seq\":%" PRIu64 ",\"last_time\":%" PRId64, tally->last_seq, tally->last_time);
    else
        out_text(out, ",\"last_seq\":null,\"last_time\":null");
    out_format(out, ",\"writers\":%u}\n", tally->writer_count);
    out_line_done(out);
}

static void add_row(struct table *table, const struct survey *survey, const struct tally *tally) {
    char text[UNIT_TEXT];
    table_row(table, tally->messages == 0 ? PAINT_DIM : PAINT_OFF);
    table_cell(table, 0, tally->topic->name);
    table_cell(table, 1, tally->topic->encoding[0] != '\0' ? tally->topic->encoding : "-");
    table_format(table, 2, "%" PRIu64, tally->messages);
    table_cell(table, 3, size_text(tally->bytes, text));
    table_format(table, 4, "%.1f", rate_of(survey, tally));
    table_format(table, 5, "%u", tally->writer_count);
    if (tally->messages == 0) return;
    table_format(table, 6, "%" PRIu64, tally->last_seq);
    table_cell(table, 7, clock_text(tally->last_time, text));
}

static void print_all(const struct call *call, const struct survey *survey) {
    static const char *const heads[] = {"topic", "encoding", ">messages", ">bytes", ">rate/s", ">writers", ">last seq", "last time"};
    struct table table = {.heads = heads, .columns = sizeof heads / sizeof *heads};
    for (uint32_t i = 0; i < survey->count && survey->tallies[i].topic != NULL; i++) {
        if (call->json)
            print_json(call, survey, &survey->tallies[i]);
        else
            add_row(&table, survey, &survey->tallies[i]);
    }
    if (!call->json) table_print(&table, call);
}

static int make_survey(const struct call *call, struct survey *survey) {
    struct sctx_info info = SCTX_INIT(info);
    int status = sctx_info_get(survey->ctx, &info);
    survey->count = sctx_topic_count(survey->ctx);
    survey->tallies = calloc(survey->count + 1u, sizeof *survey->tallies);
    if (survey->tallies == NULL) return SCTX_ERR_NO_MEMORY;
    for (uint32_t id = 0; id < survey->count; id++) {
        struct tally *tally = &survey->tallies[id];
        if (sctx_topic_get(survey->ctx, (uint16_t)id, &tally->topic) < 0 || !names_are_wanted(call, tally->topic->name))
            tally->topic = NULL;
    }
    if (status < 0) return status;
    set_window(survey, &info);
    return count_messages(survey, info.tail);
}

static int topics_run(const struct call *call) {
    int code = names_check_patterns(call);
    struct survey survey = {.ctx = code == EXIT_DONE ? bus_tap(call, &code) : NULL};
    if (survey.ctx == NULL) return code;
    int status = make_survey(call, &survey);
    if (status < 0) {
        code = bus_fail(call, status, "cannot count the messages", NULL);
    } else {
        code = EXIT_DONE;
        qsort(survey.tallies, survey.count, sizeof *survey.tallies, by_name);
        print_all(call, &survey);
    }
    for (uint32_t i = 0; survey.tallies != NULL && i < survey.count; i++) free(survey.tallies[i].writers);
    free(survey.tallies);
    sctx_close(survey.ctx);
    return code;
}

const struct command cmd_topics = {
    .name = "topics",
    .operands = "[PATTERN...]",
    .operands_max = OPERANDS_ANY,
    .summary = "the topics, and what the ring holds of them",
    .notes =
        "Messages and bytes are those that the ring still holds; what was overwritten is not counted. The rate is messages a second over the\n"
        "last 10 seconds, or over what the ring holds if that is less. Topics without messages are shown too. It joins nothing.\n"
        "JSON keys: topic id encoding messages bytes rate last_seq last_time writers.\n",
    .run = topics_run,
};
