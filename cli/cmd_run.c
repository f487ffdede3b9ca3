#define _GNU_SOURCE
#include "bus.h"
#include "child.h"
#include "cmd.h"
#include "console.h"
#include "host.h"
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

enum run_option { RUN_AS, RUN_QUIET, RUN_TTY, RUN_OPTIONS };

static const struct option options[RUN_OPTIONS] = {
    [RUN_AS] = {"as", 0, OPTION_TEXT, "NAME", "publish under this name instead of the program's", NULL, NULL},
    [RUN_QUIET] = {"quiet", 'q', OPTION_FLAG, NULL, "do not show what it prints", NULL, NULL},
    [RUN_TTY] = {"tty", 't', OPTION_FLAG, NULL, "give it a terminal, and pass ours through to it", NULL, NULL},
};

/* The encodings that a line may have, each a topic of its own. */
enum { AS_TEXT, AS_JSON, AS_LOGFMT, FORMS };

struct run {
    const struct call *call;
    sctx *ctx;
    sctx_writer *writer;
    const char *name;
    uint16_t topics[CHILD_STREAMS][FORMS], events;
    bool has_topic[CHILD_STREAMS][FORMS];
    struct host *host; /* NULL: lines are not looked at */
    struct child child;
    struct console console; /* with --tty */
    bool has_console;
    char **argv;
    int64_t begun_ns;
    uint64_t lines, start_seq;
    bool is_broken;
};

static const char *const form_names[FORMS] = {"text", "json", "logfmt"};

/* ---- publishing ------------------------------------------------------------------------------------------------------------- */

static bool register_topic(struct run *run, const char *leaf, const char *encoding, uint16_t *topic) {
    char name[SCTX_TOPIC_MAX + 1];
    struct sctx_topic_options how = SCTX_INIT(how);
    (void)snprintf(name, sizeof name, "proc/%.150s/%s", run->name, leaf);
    how.name = name;
    how.encoding = encoding;
    int status = sctx_topic_register(run->ctx, &how, topic);
    if (status < 0) (void)bus_fail(run->call, status, "cannot make the topic", NULL);
    return status == SCTX_OK;
}

/* What goes wrong on the bus is told once, and is no reason to end a program that does its work. */
static void publish(struct run *run, uint16_t topic, const void *data, size_t len, uint64_t *seq) {
    struct sctx_outgoing outgoing = {.data = data, .len = (uint32_t)len, .topic = topic, .cause_mode = SCTX_CAUSE_NONE};
    if (run->start_seq != 0) {
        outgoing.cause_mode = SCTX_CAUSE_SEQ;
        outgoing.cause = run->start_seq;
    }
    int status = sctx_publish_batch(run->writer, &outgoing, 1, NULL);
    if (status < 0 && !run->is_broken) {
        (void)bus_fail(run->call, status, "cannot publish", sctx_writer_error(run->writer));
        run->is_broken = true;
    }
    if (seq != NULL) *seq = outgoing.seq;
}

/* As the decoders judge it: one of them has to be sure. */
static int form_of(struct run *run, const char *line, size_t len) {
    if (len == 0 || run->host == NULL) return AS_TEXT;
    const struct found *found = host_sniff(run->host, line, len);
    for (int form = AS_JSON; found != NULL && form < FORMS; form++)
        if (strcmp(found->manifest.name, form_names[form]) == 0) return form;
    return AS_TEXT;
}

static bool take_line(void *context, int stream, const char *line, size_t len) {
    static const char *const leaves[CHILD_STREAMS] = {"stdout", "stderr"};
    struct run *run = context;
    if (run->has_console) { /* terminals end lines with both */
        while (len > 0 && line[len - 1] == '\r') len--;
    } else if (!run->call->values[RUN_QUIET].given) {
        struct out own = {.fd = STDERR_FILENO}, *to = stream == CHILD_OUT ? run->call->out : &own;
        out_put(to, line, len);
        out_char(to, '\n');
        out_flush(to);
        out_free(stream == CHILD_OUT ? &own : to);
    }
    int form = form_of(run, line, len);
    if (!run->has_topic[stream][form])
        run->has_topic[stream][form] = register_topic(run, leaves[stream], form_names[form], &run->topics[stream][form]);
    if (run->has_topic[stream][form]) publish(run, run->topics[stream][form], line, len, NULL);
    run->lines++;
    return true;
}

/* With --tty: as it comes, prompts too. */
static void pass(void *context, const char *data, size_t len) {
    const struct run *run = context;
    out_put(run->call->out, data, len);
    out_flush(run->call->out);
}

static void publish_start(struct run *run) {
    struct out text = {.fd = -1};
    out_format(&text, "{\"event\":\"start\",\"pid\":%d,\"command\":[", (int)run->child.pid);
    for (size_t i = 0; run->argv[i] != NULL; i++) {
        if (i > 0) out_char(&text, ',');
        inert_json_name(&text, run->argv[i]);
    }
    out_text(&text, "]}");
    publish(run, run->events, text.data, text.len, &run->start_seq);
    out_free(&text);
}

static int64_t microseconds(struct timeval time) {
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

static void publish_end(struct run *run) {
    struct out text = {.fd = -1};
    const struct child *child = &run->child;
    out_format(&text, "{\"event\":\"end\",\"pid\":%d,", (int)child->pid);
    if (WIFSIGNALED(child->status))
        out_format(&text, "\"exit\":null,\"signal\":%d", WTERMSIG(child->status));
    else
        out_format(&text, "\"exit\":%d,\"signal\":null", WEXITSTATUS(child->status));
    out_format(&text,
               ",\"took_ns\":%" PRId64 ",\"user_us\":%" PRId64 ",\"system_us\":%" PRId64 ",\"max_rss_kib\":%ld,\"lines\":%" PRIu64 "}",
               monotonic_ns() - run->begun_ns, microseconds(child->usage.ru_utime), microseconds(child->usage.ru_stime),
               child->usage.ru_maxrss, run->lines);
    publish(run, run->events, text.data, text.len, NULL);
    out_free(&text);
}

/* ---- the program ------------------------------------------------------------------------------------------------------------ */

/* A signal that was meant for it, too, has reached it by the terminal; one that was sent to us alone is handed on, once. */
static void hand_on_signal(struct run *run, bool *handed) {
    int number = stop_signal();
    if (number == 0 || *handed) return;
    *handed = true;
    if (number != SIGINT || run->has_console || isatty(STDIN_FILENO) == 0) child_kill(&run->child, number);
}

static int look_after(struct run *run) {
    bool handed = false;
    while (!child_is_over(&run->child)) {
        struct pollfd polls[CHILD_POLLS + CONSOLE_POLLS];
        size_t count = child_polls(&run->child, polls);
        if (run->has_console) count += console_polls(&run->console, polls + count);
        (void)poll(polls, count, 250);
        hand_on_signal(run, &handed);
        if (run->has_console) console_look_after(&run->console, run->child.streams[CHILD_OUT].fd >= 0);
        (void)child_read(&run->child, take_line, run);
    }
    publish_end(run);
    return child_exit_code(&run->child);
}

static int run_program(struct run *run) {
    struct child_how how = {.argv = run->argv, .input = -1, .catch_out = true, .catch_err = true};
    int error = 0;
    if (run->call->values[RUN_TTY].given) {
        error = console_open(&run->console);
        if (error != 0) {
            say(run->call, "cannot make a terminal: %s", strerror(error));
            return EXIT_FAILED;
        }
        run->has_console = true;
        how.terminal = run->console.path;
        how.master = run->console.master;
        if (!run->call->values[RUN_QUIET].given) how.pass = pass;
        how.pass_context = run;
    }
    run->begun_ns = monotonic_ns();
    error = child_start(&run->child, &how);
    if (error != 0 && run->has_console) console_close(&run->console); /* what is said now is for our terminal as it is */
    if (error != 0) {
        say(run->call, "cannot start '%s': %s", run->argv[0], strerror(error));
        /* As shells have it. */
        return error == ENOENT ? 127 : 126;
    }
    publish_start(run);
    return look_after(run);
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static int join(struct run *run) {
    const struct call *call = run->call;
    struct sctx_error why = {""};
    struct sctx_writer_options how = {.size = sizeof how, .error = &why};
    int code = EXIT_FAILED;
    run->name = call->values[RUN_AS].given ? call->values[RUN_AS].text : base_name(call->operands[0]);
    if (strchr(run->name, '/') != NULL || run->name[0] == '\0') return say_usage(call, "'%s' is no name for a level of a topic", run->name);
    run->ctx = bus_join(call, run->name, &code);
    if (run->ctx == NULL) return code;
    int status = sctx_writer_open(run->ctx, &how, &run->writer);
    if (status < 0) return bus_fail(call, status, "cannot open a writer", why.text);
    return register_topic(run, "events", "json", &run->events) ? EXIT_DONE : EXIT_FAILED;
}

static int run_run(const struct call *call) {
    const struct host_options how = {.search = {.bundled_only = true}, .mode = HOST_OFF};
    struct run run = {.call = call, .child = {.pidfd = -1, .streams = {{.fd = -1}, {.fd = -1}}}};
    run.argv = calloc(call->operand_count + 1, sizeof *run.argv);
    if (run.argv == NULL) {
        say(call, "out of memory");
        return EXIT_FAILED;
    }
    for (size_t i = 0; i < call->operand_count; i++) run.argv[i] = (char *)(uintptr_t)call->operands[i];
    run.host = host_open(&how);
    int code = join(&run);
    if (code == EXIT_DONE) code = run_program(&run);
    child_free(&run.child);
    if (run.has_console) console_close(&run.console);
    sctx_writer_close(run.writer);
    sctx_close(run.ctx);
    host_close(run.host);
    free(run.argv);
    return code;
}

const struct command cmd_run = {
    .name = "run",
    .operands = "-- COMMAND...",
    .operands_min = 1,
    .operands_max = OPERANDS_ANY,
    .summary = "run any program, and publish what it prints",
    .notes =
        "Each line of its output is a message on proc/NAME/stdout or proc/NAME/stderr, with the encoding json or logfmt where it looks like that, else\n"
        "text. proc/NAME/events tells of its start (event pid command) and end (event pid exit signal took_ns user_us system_us max_rss_kib\n"
        "lines), JSON; the start is the cause of all others. NAME is the program's, or --as. The output is shown as ever, line by line; standard\n"
        "input is the program's. With --tty it has a terminal, as large as ours, on which stdout and stderr are one: all lines are on\n"
        "proc/NAME/stdout, as they were printed, with what the terminal echoed. Ours, if standard input is one, passes all keys to it meanwhile.\n"
        "Exit: the program's own; 128 and the signal that ended it; 126 or 127 if it cannot be started.\n",
    OPTIONS_OF(options),
    .run = run_run,
};
