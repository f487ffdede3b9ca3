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
    bool is_sample;     /* writers are so fast that the ring holds next to no time, or not even what was to be counted */
    uint64_t counted;   /* messages, of all topics */
    double rate_of_one; /* what each of them stands for then, a second; 0: not known */
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
    enum { SAMPLE_BELOW_MS = 20 };
    int64_t now = realtime_ns(), length = window_ns;
    bool overwritten = info->oldest > info->first_seq;
    survey->is_sample = overwritten && info->span_ns < SAMPLE_BELOW_MS * NS_PER_MS;
    if (overwritten && info->span_ns > 0 && info->span_ns < length)
        length = info->span_ns > NS_PER_MS ? info->span_ns : NS_PER_MS;
    else if (!overwritten && now - info->created_ns < length)
        length = now - info->created_ns > NS_PER_S ? now - info->created_ns : NS_PER_S;
    survey->window_start = now - length;
    survey->window_length = length;
}

static void forget(struct survey *survey, bool all) {
    if (all) survey->counted = 0;
    for (uint32_t id = 0; id < survey->count; id++) {
        struct tally *tally = &survey->tallies[id];
        tally->recent = 0;
        if (all) tally->messages = tally->bytes = tally->writer_count = 0;
    }
}

static void count_one(struct survey *survey, const struct sctx_message *message) {
    survey->counted++;
    if (message->topic >= survey->count || survey->tallies[message->topic].topic == NULL) return;
    struct tally *tally = &survey->tallies[message->topic];
    tally->messages++;
    tally->bytes += message->len;
    tally->recent += message->time_ns >= survey->window_start;
    tally->last_seq = message->seq;
    tally->last_time = message->time_ns;
    note_writer(tally, message->from);
}

/* Writers overwrote what was to be counted next. A part of it: rates are over the rest. All of it: the count begins again, with what there is now,
 * and ends there. Returns where. */
static uint64_t overtaken(struct survey *survey, const sctx_reader *reader, const struct sctx_message *next, uint64_t end) {
    struct sctx_reader_stats stats = SCTX_INIT(stats);
    int64_t until = survey->window_start + survey->window_length;
    forget(survey, next->seq >= end);
    if (next->time_ns > survey->window_start && next->time_ns < until) {
        survey->window_start = next->time_ns;
        survey->window_length = until - next->time_ns;
    }
    if (next->seq < end) return end;
    survey->is_sample = true;
    return sctx_reader_stats(reader, &stats) == SCTX_OK && stats.tail > next->seq ? stats.tail : next->seq + 1;
}

/* Counts what the ring held at the start; what comes meanwhile is left out, or it might never end. */
static int count_messages(struct survey *survey) {
    enum { BEGIN_AGAIN_MAX = 8 };
    struct sctx_reader_options from = SCTX_INIT(from);
    struct sctx_extent extent = SCTX_INIT(extent);
    from.from = SCTX_FROM_START;
    sctx_reader *reader = NULL;
    int status = sctx_reader_open(survey->ctx, &from, &reader);
    if (status == SCTX_OK) status = sctx_extent_get(survey->ctx, &extent);
    uint64_t end = extent.tail;
    for (unsigned begun = 0; status == SCTX_OK && stop_signal() == 0;) {
        struct sctx_message message;
        status = sctx_peek(reader, &message);
        if (status < 0 || (message.seq >= end && (message.lost == 0 || begun == BEGIN_AGAIN_MAX))) break;
        if (message.lost > 0) {
            begun += message.seq >= end;
            end = overtaken(survey, reader, &message, end);
        }
        count_one(survey, &message);
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
    if (survey->rate_of_one > 0) return survey->rate_of_one * (double)tally->messages;
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

/* How much is published at all, over a moment. Each of the messages counted stands for its part of that. */
static int measure_whole(struct survey *survey) {
    enum { MOMENT_MS = 20 };
    struct sctx_info before = SCTX_INIT(before), after = SCTX_INIT(after);
    int64_t since = monotonic_ns();
    int status = sctx_info_get(survey->ctx, &before);
    while (status == SCTX_OK && monotonic_ns() < since + MOMENT_MS * NS_PER_MS && stop_signal() == 0)
        sleep_until(since + MOMENT_MS * NS_PER_MS);
    int64_t elapsed = monotonic_ns() - since;
    if (status == SCTX_OK) status = sctx_info_get(survey->ctx, &after);
    if (status == SCTX_OK && survey->counted > 0)
        survey->rate_of_one = (double)(after.tail - before.tail) * 1e9 / (double)elapsed / (double)survey->counted;
    return status;
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
    status = count_messages(survey);
    return status == SCTX_OK && survey->is_sample ? measure_whole(survey) : status;
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
        "last 10 seconds, or over what the ring holds if that is less; where that is next to nothing, because writers are so fast, the rate is that of\n"
        "the next 20 ms. Topics without messages are shown too. It joins nothing.\n"
        "JSON keys: topic id encoding messages bytes rate last_seq last_time writers.\n",
    .run = topics_run,
};
