/* Lesson 4: a program that reacts. What it publishes names what it reacted to, and no line here does that.
 *
 * The library remembers which message this thread read last, and stamps its seq as the cause on what the thread publishes until its
 * next read; a read that finds nothing clears it. So in an event loop no message gets a cause that is none. See it with
 *   sctx sub --json --from start guard/alert
 * The loop sleeps in poll(), on the descriptor of the reader beside any others. */
#define _GNU_SOURCE
#include "json.h"
#include "program.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] = "Usage: guard [-c NAME]\n"
                           "\n"
                           "Reacts to markers that cross a threshold, and to what happens to files (see vitals and watchdir),\n"
                           "and tells what it concludes on guard/alert and guard/notice.\n"
                           "\n"
                           "  -c, --context NAME   the context; default: $SCTX_CONTEXT, then 'default'\n"
                           "  --help               this text\n";

/* Not what is said on guard/...: it would answer itself for ever. */
static const char *const patterns[] = {"marker/**", "files/**"};

enum verdict { FINE, LOW, HIGH };
enum { VERDICTS = 4096 };

struct guard {
    sctx *ctx;
    sctx_writer *writer;
    sctx_reader *reader;
    uint16_t alert, notice;
    unsigned char verdicts[VERDICTS]; /* enum verdict, by the marker's id */
    uint64_t missed;
};

static int conclude(struct guard *g, uint16_t topic, const char *about, const char *text) {
    cJSON *object = cJSON_CreateObject();

    json_add_text(object, "text", text);
    json_add_text(object, "about", about);
    return json_publish(g->writer, topic, object, NULL); /* with the message read last as its cause */
}

static double as_double(uint32_t kind, sctx_level level) {
    return kind == SCTX_MARKER_F64 ? level.f64 : kind == SCTX_MARKER_I64 ? (double)level.i64 : (double)level.counter;
}

/* marker/NAME. The message has the level at the moment of the announcement, the marker itself has the level of now, unit and thresholds. */
static int on_marker(struct guard *g, const char *name, const cJSON *data) {
    static const char *const words[] = {
        [FINE] = "is back between its thresholds", [LOW] = "is below its low threshold", [HIGH] = "is above its high threshold"};
    struct sctx_marker_state state = SCTX_INIT(state);
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(data, "value");
    enum verdict verdict = FINE;
    char text[256];
    uint32_t id;

    if (sctx_marker_find(g->ctx, name, &id) != SCTX_OK || sctx_marker_get(g->ctx, id, &state) != SCTX_OK || id >= VERDICTS)
        return SCTX_OK; /* not a marker: anybody may publish on marker/ */
    double level = cJSON_IsNumber(value) ? value->valuedouble : as_double(state.kind, state.level);
    double low = as_double(state.kind, state.low), high = as_double(state.kind, state.high);
    if ((state.flags & SCTX_MARKER_HAS_HIGH) && level > high)
        verdict = HIGH;
    else if ((state.flags & SCTX_MARKER_HAS_LOW) && level < low)
        verdict = LOW;
    if (verdict == g->verdicts[id]) return SCTX_OK; /* it moved, but not over a threshold */
    g->verdicts[id] = (unsigned char)verdict;
    snprintf(text, sizeof text, "%.100s %s: %.1f %s", name, words[verdict], level, state.unit ? state.unit : "");
    return conclude(g, verdict == FINE ? g->notice : g->alert, name, text);
}

/* files/EVENT */
static int on_file(struct guard *g, const char *event, const cJSON *data) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(data, "name");
    const char *name = cJSON_IsString(item) ? item->valuestring : "";

    if (strcmp(event, "create") == 0 && cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(data, "repaired")))
        return conclude(g, g->alert, name, "a file was made whose name is not text");
    if (strcmp(event, "delete") == 0) return conclude(g, g->notice, name, "a file was deleted");
    if (strcmp(event, "overflow") == 0) return conclude(g, g->alert, name, "too much happened at once: some file events are missing");
    return SCTX_OK;
}

static int react(struct guard *g, const struct sctx_message *message) {
    const struct sctx_topic *topic;
    int status = SCTX_OK;

    g->missed += message->lost + message->gone; /* nobody waits for a slow reader, but it is told what it missed */
    if (sctx_topic_get(g->ctx, message->topic, &topic) != SCTX_OK) return SCTX_OK;
    /* Anybody may have written it: it need not be JSON, nor end with a NUL. */
    cJSON *data = cJSON_ParseWithLength(message->data, message->len);
    if (strncmp(topic->name, "marker/", 7) == 0)
        status = on_marker(g, topic->name + 7, data);
    else if (strncmp(topic->name, "files/", 6) == 0)
        status = on_file(g, topic->name + 6, data);
    cJSON_Delete(data);
    return status;
}

static int run(struct guard *g, int signals) {
    struct pollfd wait[] = {{.fd = signals, .events = POLLIN}, {.fd = sctx_reader_fd(g->reader), .events = POLLIN}};
    int status = wait[1].fd < 0 ? wait[1].fd : SCTX_OK;

    while (status == SCTX_OK) {
        struct sctx_message message;
        if (poll(wait, 2, -1) < 0 && errno != EINTR) return SCTX_ERR_SYSTEM;
        if (wait[0].revents) break;
        /* Read until there is no more: that arms the descriptor again. Never read or close the descriptor itself. */
        while (status == SCTX_OK && (status = sctx_read(g->reader, &message)) == SCTX_OK) status = react(g, &message);
        if (status == SCTX_AGAIN) status = SCTX_OK;
    }
    return status;
}

static int prepare(struct guard *g) {
    struct sctx_reader_options options = SCTX_INIT(options);

    options.patterns = patterns;
    options.pattern_count = sizeof patterns / sizeof *patterns;
    int status = sctx_writer_open(g->ctx, NULL, &g->writer);
    if (status == SCTX_OK) status = json_topic(g->ctx, "guard/alert", &g->alert);
    if (status == SCTX_OK) status = json_topic(g->ctx, "guard/notice", &g->notice);
    if (status == SCTX_OK) status = sctx_reader_open(g->ctx, &options, &g->reader);
    return status;
}

int main(int argc, char **argv) {
    struct program program = {.name = "guard", .help = help};
    struct guard g = {.ctx = NULL};
    struct sctx_options options = SCTX_INIT(options);
    struct sctx_error why = {""};
    int result = 0;

    program_options(&program, argc, argv);
    int signals = program_signals();
    options.context = program.context;
    options.name = program.name;
    options.error = &why;
    int status = sctx_open(&options, &g.ctx);
    if (status == SCTX_OK) status = prepare(&g);
    if (status == SCTX_OK) status = run(&g, signals);
    if (status != SCTX_OK) result = program_failed(&program, "cannot go on", status, g.writer ? sctx_writer_error(g.writer) : why.text);
    if (g.missed) fprintf(stderr, "guard: %llu messages were missed\n", (unsigned long long)g.missed);

    sctx_reader_close(g.reader);
    sctx_writer_close(g.writer);
    sctx_close(g.ctx);
    close(signals);
    return result;
}
