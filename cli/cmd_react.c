#define _GNU_SOURCE
#include "batch.h"
#include "bus.h"
#include "child.h"
#include "cmd.h"
#include "filtering.h"
#include "names.h"
#include "stop.h"
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum react_option {
    REACT_TOPIC,
    REACT_ENCODING,
    REACT_PARALLEL,
    REACT_RATE,
    REACT_REENTRANT,
    REACT_COUNT,
    REACT_TIMEOUT,
    REACT_FROM,
    REACT_AS,
    REACT_DECODERS,
    REACT_OPTIONS = REACT_DECODERS + DECODERS_OPTIONS
};

static const struct option options[REACT_OPTIONS] = {
    [REACT_TOPIC] = {"topic", 0, OPTION_TEXT, "TOPIC", "where its output is published (else the message's topic and\n'/reply')", NULL,
                     NULL},
    [REACT_ENCODING] = {"encoding", 'e', OPTION_TEXT, "NAME", "what its output is: json, ...", NULL, NULL},
    [REACT_PARALLEL] = {"max-parallel", 0, OPTION_NUMBER, "N", "so many commands at once; further messages wait in the ring", "1", NULL},
    [REACT_RATE] = {"rate", 'r', OPTION_REAL, "N", "start at most N commands a second", NULL, NULL},
    [REACT_REENTRANT] = {"reentrant", 0, OPTION_FLAG, NULL, "react also to what came of the command's own output", NULL, NULL},
    [REACT_COUNT] = {"count", 'n', OPTION_NUMBER, "N", "end after N matches", NULL, NULL},
    [REACT_TIMEOUT] = {"timeout", 't', OPTION_DURATION, "S", "end after this time", NULL, NULL},
    [REACT_FROM] = {"from", 0, OPTION_TEXT, "WHERE", "start: also what is held already; now", "now", NULL},
    [REACT_AS] = OPTION_AS,
    [REACT_DECODERS] = OPTIONS_DECODERS,
};

enum { PARALLEL_MAX = 64, OWN_SLOTS = 1 << 20 };

struct task {
    bool is_used;
    struct child child;
    uint64_t seq; /* of the message that it answers */
    uint16_t topic;
    struct react *react;
};

struct react {
    const struct call *call;
    sctx *ctx;
    sctx_writer *writer;
    struct source *source;
    struct decoding *decoding;
    struct filter *filter;
    struct batch batch;
    size_t at; /* in the batch */
    struct task tasks[PARALLEL_MAX];
    size_t parallel, running;
    uint64_t *own; /* seqs that came of our own output, each at its low bits; 0: none */
    uint64_t wanted, started, failed;
    int64_t deadline, next_start_ns, interval_ns;
    char **argv;
    bool is_broken;
};

/* ---- what came of us -------------------------------------------------------------------------------------------------------- */

static void note_own(struct react *react, uint64_t seq) {
    react->own[seq % OWN_SLOTS] = seq;
}

static bool is_own(const struct react *react, uint64_t seq) {
    return seq != 0 && react->own[seq % OWN_SLOTS] == seq;
}

/* ---- publishing ------------------------------------------------------------------------------------------------------------- */

static bool publish(struct react *react, uint16_t topic, uint64_t cause, const void *data, size_t len) {
    struct sctx_outgoing outgoing = {.data = data, .len = (uint32_t)len, .topic = topic, .cause_mode = SCTX_CAUSE_SEQ, .cause = cause};
    int status = sctx_publish_batch(react->writer, &outgoing, 1, NULL);
    if (status < 0) {
        (void)bus_fail(react->call, status, "cannot publish", sctx_writer_error(react->writer));
        react->is_broken |= status != SCTX_ERR_TOO_BIG && status != SCTX_ERR_NO_SPACE;
        return !react->is_broken;
    }
    note_own(react, outgoing.seq);
    return true;
}

static bool take_line(void *context, int stream, const char *line, size_t len) {
    struct task *task = context;
    (void)stream;
    return len == 0 || publish(task->react, task->topic, task->seq, line, len);
}

static int topic_for(struct react *react, const struct source_topic *topic, uint16_t *id) {
    char name[SCTX_TOPIC_MAX + 8];
    struct sctx_topic_options how = SCTX_INIT(how);
    (void)snprintf(name, sizeof name, "%s/reply", topic->name);
    how.name = react->call->values[REACT_TOPIC].given ? react->call->values[REACT_TOPIC].text : name;
    how.encoding = react->call->values[REACT_ENCODING].given ? react->call->values[REACT_ENCODING].text : "";
    return sctx_topic_register(react->ctx, &how, id);
}

static void tell_failure(struct react *react, const struct task *task) {
    struct out text = {.fd = -1};
    struct sctx_topic_options how = SCTX_INIT(how);
    uint16_t topic = 0;
    int status = task->child.status;
    how.name = "react/failed";
    how.encoding = "json";
    out_format(&text, "{\"seq\":%" PRIu64 ",\"command\":", task->seq);
    inert_json_name(&text, react->argv[0]);
    if (WIFSIGNALED(status))
        out_format(&text, ",\"exit\":null,\"signal\":%d}", WTERMSIG(status));
    else
        out_format(&text, ",\"exit\":%d,\"signal\":null}", WEXITSTATUS(status));
    if (sctx_topic_register(react->ctx, &how, &topic) == SCTX_OK) (void)publish(react, topic, task->seq, text.data, text.len);
    out_free(&text);
    say(react->call, "'%s' failed on seq %" PRIu64 ": %s %d", react->argv[0], task->seq, WIFSIGNALED(status) ? "signal" : "exit",
        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    react->failed++;
}

/* ---- commands --------------------------------------------------------------------------------------------------------------- */

static void set_variables(struct child_variables *set, const struct react *react, const struct source_message *message) {
    child_set(set, "SCTX_CONTEXT=%s", call_context(react->call));
    child_set(set, "SCTX_MSG_SEQ=%" PRIu64, message->seq);
    child_set(set, "SCTX_MSG_TIME=%" PRId64, message->time_ns);
    child_set(set, "SCTX_MSG_TOPIC=%s", message->topic->name);
    child_set(set, "SCTX_MSG_FROM=%s", message->from);
    child_set(set, "SCTX_MSG_PID=%" PRIu32, message->pid);
    child_set(set, "SCTX_MSG_ENCODING=%s", message->topic->encoding);
    child_set(set, "SCTX_MSG_LEN=%" PRIu32, message->len);
    if (message->has_cause) child_set(set, "SCTX_MSG_CAUSE=%" PRIu64, message->cause);
}

static bool start(struct react *react, const struct source_message *message) {
    struct task *task = react->tasks;
    while (task->is_used) task++;
    *task = (struct task){.seq = message->seq, .react = react};
    int status = topic_for(react, message->topic, &task->topic);
    if (status < 0) {
        (void)bus_fail(react->call, status, "cannot make the topic", NULL);
        return false;
    }
    struct child_variables set = {.count = 0};
    set_variables(&set, react, message);
    char **environment = child_environment(&set, "SCTX_MSG_");
    int input = child_input(message->data, message->len);
    const struct child_how how = {.argv = react->argv, .environment = environment, .input = input, .catch_out = true};
    int error = environment != NULL && input >= 0 ? child_start(&task->child, &how) : ENOMEM;
    free(environment);
    child_unset(&set);
    if (input >= 0) (void)close(input);
    if (error != 0) {
        say(react->call, "cannot start '%s': %s", react->argv[0], strerror(error));
        return false;
    }
    task->is_used = true;
    react->running++;
    react->started++;
    react->next_start_ns = monotonic_ns() + react->interval_ns;
    return true;
}

/* Takes what running commands say. */
static void look_after(struct react *react) {
    for (size_t i = 0; i < PARALLEL_MAX; i++) {
        struct task *task = &react->tasks[i];
        if (!task->is_used) continue;
        (void)child_read(&task->child, take_line, task);
        if (!child_is_over(&task->child)) continue;
        if (task->child.status != 0) tell_failure(react, task);
        child_free(&task->child);
        task->is_used = false;
        react->running--;
    }
}

/* ---- messages --------------------------------------------------------------------------------------------------------------- */

static bool gather(struct react *react, enum source_status *status) {
    const struct batch_how how = {react->decoding, react->filter, NULL, 0};
    batch_clear(&react->batch);
    react->at = 0;
    *status = SOURCE_OK;
    while (!batch_is_full(&react->batch) && *status == SOURCE_OK) {
        struct source_message message;
        *status = source_next(react->source, &message);
        if (*status == SOURCE_OK && !batch_add(&react->batch, &message)) return false;
    }
    return batch_decode(&react->batch, &how);
}

static bool may_start(const struct react *react) {
    if (react->running >= react->parallel || (react->wanted != 0 && react->started >= react->wanted)) return false;
    return react->interval_ns == 0 || monotonic_ns() >= react->next_start_ns;
}

/* What is not ours and matches. */
static bool is_asked_for(struct react *react, const struct batched *item) {
    const struct source_message *message = &item->message;
    bool ours = is_own(react, message->seq) || (message->has_cause && is_own(react, message->cause));
    if (ours) note_own(react, message->seq);
    return item->is_wanted && (!ours || react->call->values[REACT_REENTRANT].given);
}

static bool react_to_gathered(struct react *react) {
    for (; react->at < react->batch.count; react->at++) {
        struct batched *item = &react->batch.items[react->at];
        if (item->is_wanted && !may_start(react)) return true;
        if (is_asked_for(react, item) && !start(react, &item->message)) return false;
    }
    return true;
}

static void wait_for_something(struct react *react, bool may_read) {
    struct pollfd polls[PARALLEL_MAX * CHILD_POLLS + 1];
    size_t count = 0;
    int timeout_ms = 250;
    for (size_t i = 0; i < PARALLEL_MAX; i++)
        if (react->tasks[i].is_used) count += child_polls(&react->tasks[i].child, polls + count);
    int fd = may_read ? sctx_reader_fd(source_reader(react->source)) : -1;
    if (fd >= 0) polls[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    int64_t now = monotonic_ns();
    if (react->interval_ns != 0 && react->next_start_ns > now && react->next_start_ns - now < timeout_ms * NS_PER_MS)
        timeout_ms = (int)((react->next_start_ns - now) / NS_PER_MS) + 1;
    (void)poll(polls, count, timeout_ms);
}

static bool is_finished(const struct react *react) {
    if (react->wanted != 0 && react->started >= react->wanted) return true;
    return stop_signal() != 0 || (react->deadline != SCTX_FOREVER && monotonic_ns() >= react->deadline);
}

static int react_until_the_end(struct react *react) {
    enum source_status status = SOURCE_OK;
    bool on = true;
    while (on && !react->is_broken && !is_finished(react)) {
        look_after(react);
        if (react->at == react->batch.count) on = gather(react, &status);
        if (on) on = react_to_gathered(react);
        if (status < 0) break;
        bool has_read = react->at == react->batch.count;
        if (on && (!has_read || status == SOURCE_AGAIN)) wait_for_something(react, has_read);
    }
    /* Those that run may say what they have to say; a second signal ends us at once. */
    while (react->running > 0 && !react->is_broken) {
        look_after(react);
        if (react->running > 0) wait_for_something(react, false);
    }
    int code = SCTX_OK;
    if (status < 0) {
        (void)source_fault(react->source, &code);
        return bus_fail(react->call, code < 0 ? code : SCTX_ERR_NO_MEMORY, "cannot read on", NULL);
    }
    struct source_loss loss = source_loss(react->source);
    if (!on || react->is_broken) return EXIT_FAILED;
    if (loss.lost + loss.gone > 0)
        say(react->call, "%" PRIu64 " messages were missed: commands took too long for this ring", loss.lost + loss.gone);
    return loss.lost + loss.gone > 0 ? EXIT_LOSS : react->failed > 0 ? EXIT_FAILED : EXIT_DONE;
}

/* ---- beginning and end ------------------------------------------------------------------------------------------------------ */

static int open_all(struct react *react) {
    const struct call *call = react->call;
    struct sctx_reader_options from = SCTX_INIT(from);
    struct sctx_error why = {""};
    struct sctx_writer_options how = {.size = sizeof how, .error = &why};
    int code = EXIT_DONE, status = SCTX_OK;
    from.flags = SCTX_READER_NO_CAUSE;
    from.from = strcmp(call->values[REACT_FROM].text, "start") == 0 ? SCTX_FROM_START : SCTX_FROM_NOW;
    if (filter_needs_data(react->filter) && (react->decoding = decoders_open(call, &call->values[REACT_DECODERS], &code)) == NULL)
        return code;
    react->ctx = bus_join(call, call->values[REACT_AS].text, &code);
    if (react->ctx == NULL) return code;
    react->source = source_open_live(react->ctx, &from, &status);
    if (react->source == NULL) return bus_fail(call, status, "cannot read", NULL);
    status = sctx_writer_open(react->ctx, &how, &react->writer);
    return status < 0 ? bus_fail(call, status, "cannot open a writer", why.text) : EXIT_DONE;
}

static int read_options(struct react *react) {
    const struct call *call = react->call;
    const struct value *values = call->values;
    int code = EXIT_DONE;
    if (values[REACT_PARALLEL].number == 0 || values[REACT_PARALLEL].number > PARALLEL_MAX)
        return say_usage(call, "--max-parallel is 1 to %d", (int)PARALLEL_MAX);
    if (values[REACT_RATE].given && !(values[REACT_RATE].real > 1e-6)) return say_usage(call, "--rate must be more than 0");
    if (strcmp(values[REACT_FROM].text, "start") != 0 && strcmp(values[REACT_FROM].text, "now") != 0)
        return say_usage(call, "--from takes start or now, not '%s'", values[REACT_FROM].text);
    if (values[REACT_TOPIC].given) code = names_check_topic(call, values[REACT_TOPIC].text);
    if (code == EXIT_DONE && values[REACT_ENCODING].given) code = names_check_encoding(call, values[REACT_ENCODING].text);
    react->parallel = values[REACT_PARALLEL].number;
    react->interval_ns = values[REACT_RATE].given ? (int64_t)(1e9 / values[REACT_RATE].real) : 0;
    return code == EXIT_DONE ? filtering_compile(call, NULL, call->operands[0], &react->filter) : code;
}

static int react_run(const struct call *call) {
    struct react *react = calloc(1, sizeof *react);
    int code = EXIT_FAILED;
    if (react != NULL) {
        *react = (struct react){.call = call, .deadline = SCTX_FOREVER, .wanted = call->values[REACT_COUNT].number};
        if (call->values[REACT_TIMEOUT].given) react->deadline = monotonic_ns() + call->values[REACT_TIMEOUT].ns;
        react->own = calloc(OWN_SLOTS, sizeof *react->own);
        react->argv = calloc(call->operand_count, sizeof *react->argv);
    }
    if (react == NULL || react->own == NULL || react->argv == NULL) {
        say(call, "out of memory");
    } else {
        for (size_t i = 1; i < call->operand_count; i++) react->argv[i - 1] = (char *)(uintptr_t)call->operands[i];
        code = read_options(react);
        if (code == EXIT_DONE) code = open_all(react);
        if (code == EXIT_DONE) code = react_until_the_end(react);
        filtering_tell_errors(call, react->filter);
    }
    if (react == NULL) return code;
    for (size_t i = 0; i < PARALLEL_MAX; i++)
        if (react->tasks[i].is_used) child_free(&react->tasks[i].child);
    sctx_writer_close(react->writer);
    source_close(react->source);
    sctx_close(react->ctx);
    decoding_close(react->decoding);
    filter_free(react->filter);
    batch_free(&react->batch);
    free(react->own);
    free(react->argv);
    free(react);
    return code;
}

const struct command cmd_react = {
    .name = "react",
    .operands = "EXPR -- COMMAND...",
    .operands_min = 2,
    .operands_max = OPERANDS_ANY,
    .summary = "run a command for each message that matches, and publish what it prints",
    .notes =
        "The payload is its standard input; SCTX_MSG_SEQ, _TIME, _TOPIC, _FROM, _PID, _ENCODING, _LEN, _CAUSE and SCTX_CONTEXT are in its\n"
        "environment. Each line that it prints is a message whose cause is the one that matched. One that fails is told on stderr and on topic\n"
        "react/failed. It never reacts to what came of its own output, unless --reentrant. EXPR: see sctx-filter(7).\n"
        "Exit: 1 if a command failed, 3 if messages were missed.\n",
    OPTIONS_OF(options),
    .run = react_run,
};
