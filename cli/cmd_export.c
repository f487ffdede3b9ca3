#include "bus.h"
#include "cmd.h"
#include "exporters.h"
#include "filtering.h"
#include "names.h"
#include "shelf.h"
#include "stop.h"
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum export_option {
    EXPORT_TO,
    EXPORT_OUTPUT,
    EXPORT_FORCE,
    EXPORT_FILE,
    EXPORT_FOR,
    EXPORT_COUNT,
    EXPORT_FROM,
    EXPORT_FILTER,
    EXPORT_FIELD,
    EXPORT_SIDECAR,
    EXPORT_NO_DECODE,
    EXPORT_DECODERS,
    EXPORT_OPTIONS = EXPORT_DECODERS + DECODERS_OPTIONS
};

static const struct option options[EXPORT_OPTIONS] = {
    [EXPORT_TO] = {"to", 't', OPTION_CHOICE, "FORMAT", "required", NULL, export_formats},
    [EXPORT_OUTPUT] = {"output", 'o', OPTION_TEXT, "FILE", "the file to write; '-': standard output", "-", NULL},
    [EXPORT_FORCE] = {"force", 0, OPTION_FLAG, NULL, "overwrite the file if it is there", NULL, NULL},
    [EXPORT_FILE] = {"file", 0, OPTION_TEXT, "FILE", "a recording, instead of the context; '-': standard input", NULL, NULL},
    [EXPORT_FOR] = {"for", 0, OPTION_DURATION, "S", "look for so long; 0: only at what is there (else until Ctrl-C)", NULL, NULL},
    [EXPORT_COUNT] = {"count", 'n', OPTION_NUMBER, "N", "end after N messages", NULL, NULL},
    [EXPORT_FROM] = {"from", 0, OPTION_TEXT, "WHERE", "begin at: start (what is held), now, or a SEQ", "start", NULL},
    [EXPORT_FILTER] = {"filter", 'f', OPTION_TEXT, "EXPR", "only what matches, see sctx-filter(7); dot and mermaid: only such answers",
                       NULL, NULL},
    [EXPORT_FIELD] = {"field", 0, OPTION_TEXT, "FIELD",
                      "csv: a column, as the filter language names it: seq, from,\ndata.items[0].price; again for each further one", NULL,
                      NULL},
    [EXPORT_SIDECAR] = {"sidecar", 0, OPTION_TEXT, "DIR", "pcapng: a folder to make, with the types of Protocol Buffers for\nWireshark",
                        NULL, NULL},
    [EXPORT_NO_DECODE] = {"no-decode", 0, OPTION_FLAG, NULL,
                          "payloads as text or base64; dot and mermaid: only causes that\nmessages carry", NULL, NULL},
    [EXPORT_DECODERS] = OPTIONS_DECODERS,
};

struct job {
    const struct call *call;
    enum export_format format;
    const struct exporter *exporter;
    struct exporting exporting;
    struct call asked; /* the call without the operand '-' */
    const char **patterns;
    sctx *ctx; /* NULL: a recording */
    struct source *source;
    struct decoding *decoding;
    struct filter *filter;
    struct sctx_reader_options from;
    struct shelf shelf;
    struct out file;
    bool has_file;
    int64_t deadline, begun_ns; /* deadline SCTX_FOREVER: none */
    uint64_t end;               /* what is published from here on is not looked at */
    uint64_t messages, damaged;
    uint64_t told_lost, told_gone;   /* to the exporter */
    uint64_t taken_lost, taken_gone; /* of messages that are left out before they are decoded: the next one brings it along */
    struct batch batch;
};

static const struct value *value_of(const struct job *job, enum export_option option) {
    return &job->call->values[option];
}

static bool is_live(const struct job *job) {
    return !value_of(job, EXPORT_FILE)->given;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------------- */

static bool has_all(const struct job *job) {
    const struct value *count = value_of(job, EXPORT_COUNT);
    return count->given && job->messages >= count->number;
}

static void tell_loss(struct job *job, uint64_t lost, uint64_t gone) {
    job->told_lost += lost;
    job->told_gone += gone;
    if (lost + gone > 0 && job->exporter->loss != NULL) job->exporter->loss(&job->exporting, lost, gone);
}

/* What a format has its own dissectors for is decoded only where nobody said what it is. */
static uint32_t wants(const struct job *job) {
    if (value_of(job, EXPORT_NO_DECODE)->given) return 0;
    uint32_t want = job->exporter->want;
    for (size_t i = 0; job->format == EXPORT_PCAPNG && i < job->batch.count; i++)
        if (job->batch.items[i].message.topic->encoding[0] == '\0') want = SCTX_WANT_TREE;
    return job->format == EXPORT_CSV && !columns_need_data(&job->exporting.columns) ? 0 : want;
}

/* Of what is looked at for its answers the filter goes as the trigger, as what does not match is decoded nevertheless. */
static bool export_gathered(struct job *job) {
    bool of_answers = job->exporter->is_of_answers;
    const struct batch_how how = {job->decoding, of_answers ? NULL : job->filter, of_answers ? job->filter : NULL, wants(job)};
    bool done = batch_decode(&job->batch, &how);
    for (size_t i = 0; done && i < job->batch.count && !has_all(job); i++) {
        const struct batched *item = &job->batch.items[i];
        bool is_wanted = of_answers ? (job->filter == NULL || item->is_trigger) && names_are_wanted(&job->asked, item->message.topic->name)
                                    : item->is_wanted;
        tell_loss(job, item->message.lost, item->message.gone);
        done = job->exporter->add(&job->exporting, item, is_wanted);
        job->messages += is_wanted;
        out_line_done(job->exporting.out);
    }
    batch_clear(&job->batch);
    return done;
}

static bool is_left_out(struct job *job, const struct source_message *message) {
    return message->is_sample || (!job->exporter->is_of_answers && !names_are_wanted(&job->asked, message->topic->name));
}

static enum source_status gather(struct job *job) {
    while (!batch_is_full(&job->batch)) {
        struct source_message message;
        enum source_status status = source_next(job->source, &message);
        if (status != SOURCE_OK) return status;
        if (message.seq >= job->end && !message.is_sample) return SOURCE_END;
        message.lost = job->taken_lost += message.lost;
        message.gone = job->taken_gone += message.gone;
        if (is_left_out(job, &message)) continue;
        job->taken_lost = job->taken_gone = 0;
        if (!batch_add(&job->batch, &message)) return SOURCE_FAILED;
        /* No more than can be wanted: what is taken and not written would be missing for nobody to see. */
        const struct value *count = value_of(job, EXPORT_COUNT);
        if (count->given && job->filter == NULL && job->messages + job->batch.count >= count->number) return SOURCE_OK;
    }
    return SOURCE_OK;
}

/* Nothing to read now: what there is goes out, so that the other end of a pipe sees it at once. AGAIN: the time is over. */
static enum source_status wait_for_more(struct job *job, bool *is_over) {
    enum { SLICE_MS = 100 };
    int64_t slice = SLICE_MS * NS_PER_MS, left = job->deadline == SCTX_FOREVER ? slice : job->deadline - monotonic_ns();
    out_flush(job->exporting.out);
    *is_over = left <= 0 || out_has_hung_up(job->exporting.out);
    return *is_over ? SOURCE_AGAIN : source_wait(job->source, left < slice ? left : slice);
}

static enum source_status read_on(struct job *job) {
    enum source_status status = SOURCE_OK;
    bool is_over = false;
    out_flush(job->exporting.out);
    while (!is_over && !has_all(job) && stop_signal() == 0 && !out_is_over(job->exporting.out) && status >= 0 && status != SOURCE_END) {
        status = gather(job);
        if (!export_gathered(job)) return SOURCE_FAILED;
        if (status == SOURCE_DAMAGED && job->damaged++ == 0) say(job->call, "%s", source_fault(job->source, NULL));
        is_over = job->end == UINT64_MAX && job->deadline != SCTX_FOREVER && monotonic_ns() >= job->deadline;
        if (status == SOURCE_AGAIN && job->end != UINT64_MAX) status = SOURCE_END;
        if (status == SOURCE_AGAIN && !is_over) status = wait_for_more(job, &is_over);
    }
    return status;
}

/* ---- the end ---------------------------------------------------------------------------------------------------------------- */

static uint64_t bytes_written(const struct job *job) {
    struct stat st;
    return job->shelf.fd >= 0 && fstat(job->shelf.fd, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

static void tell_account(const struct job *job, uint64_t bytes) {
    struct out *out = job->call->out;
    char size[UNIT_TEXT], took[UNIT_TEXT];
    if (!job->call->json) {
        say(job->call, "%" PRIu64 " messages in %s: %s, %s", job->messages, duration_text(monotonic_ns() - job->begun_ns, took),
            job->shelf.path, size_text(bytes, size));
        return;
    }
    out_text(out, "{\"file\":");
    inert_json_name(out, job->shelf.path);
    out_format(out, ",\"format\":\"%s\",\"messages\":%" PRIu64 ",\"bytes\":%" PRIu64, export_formats[job->format], job->messages, bytes);
    out_format(out, ",\"lost\":%" PRIu64 ",\"gone\":%" PRIu64 "}\n", job->told_lost, job->told_gone);
}

/* Standard output is ended for all commands alike, by call_main(). */
static int end_output(struct job *job, int code) {
    if (!job->has_file) return code;
    struct source_fault fault;
    out_flush(&job->file);
    uint64_t bytes = bytes_written(job);
    int error = job->file.error;
    bool done = shelf_end(&job->shelf, &fault);
    if (error == EPIPE || error == EINTR) return code == EXIT_FAILED ? code : EXIT_DONE;
    if (error != 0)
        say(job->call, "cannot write to %s: %s%s", job->shelf.path, strerror(error),
            error == ENOSPC ? "; free some space or write elsewhere" : "");
    else if (!done)
        say(job->call, "%s", fault.text);
    if (error != 0 || !done) return EXIT_FAILED;
    tell_account(job, bytes);
    return code;
}

static int fail_to_read(const struct job *job) {
    int code = SCTX_OK;
    const char *why = source_fault(job->source, &code);
    if (job->ctx != NULL && code < 0) return bus_fail(job->call, code, "cannot read on", NULL);
    say(job->call, "cannot read on: %s", why[0] != '\0' ? why : "out of memory");
    return EXIT_FAILED;
}

/* What was missed behind the last message. Of a recording that was not read to its end, what came behind is nobody's. */
static void tell_last_loss(struct job *job) {
    struct source_loss loss = source_loss(job->source);
    if (!has_all(job) && loss.lost >= job->told_lost && loss.gone >= job->told_gone)
        tell_loss(job, loss.lost - job->told_lost, loss.gone - job->told_gone);
}

static int export_all(struct job *job) {
    const struct call *call = job->call;
    enum exit_code code = EXIT_DONE;
    bool begun = job->exporter->begin(&job->exporting);
    enum source_status status = begun ? read_on(job) : SOURCE_FAILED;
    struct sidecar_fault fault;
    if (begun) {
        tell_last_loss(job);
        if (!job->exporter->end(&job->exporting, &code) && status >= 0) status = SOURCE_FAILED;
    }
    if (out_is_over(&job->exporting.text)) status = SOURCE_FAILED;
    if (status < 0) code = (enum exit_code)fail_to_read(job);
    if (job->told_lost + job->told_gone > 0)
        say(call, "%" PRIu64 " messages were missed: %" PRIu64 " lost, %" PRIu64 " gone, of any topic", job->told_lost + job->told_gone,
            job->told_lost, job->told_gone);
    if (code == EXIT_DONE && (job->told_lost + job->told_gone > 0 || job->damaged > 0)) code = EXIT_LOSS;
    if (!sidecar_close(job->exporting.sidecar, &fault)) {
        say(call, "the sidecar is not whole: %s", fault.text);
        code = EXIT_FAILED;
    }
    return code;
}

/* ---- the command ------------------------------------------------------------------------------------------------------------ */

/* '-' among the patterns is standard output, as in `sctx export --to pcapng - | tshark -i -`. */
static int take_operands(struct job *job) {
    const struct call *call = job->call;
    bool has_dash = false;
    job->patterns = calloc(call->operand_count + 1, sizeof *job->patterns);
    if (job->patterns == NULL) {
        say(call, "out of memory");
        return EXIT_FAILED;
    }
    job->asked = *call;
    job->asked.operands = job->patterns;
    job->asked.operand_count = 0;
    for (size_t i = 0; i < call->operand_count; i++) {
        bool is_dash = strcmp(call->operands[i], "-") == 0;
        has_dash |= is_dash;
        if (!is_dash) job->patterns[job->asked.operand_count++] = call->operands[i];
    }
    if (has_dash && strcmp(value_of(job, EXPORT_OUTPUT)->text, "-") != 0)
        return say_usage(call, "'-' is standard output, and -o names a file: which one is it?");
    return names_check_patterns(&job->asked);
}

static int check_options(struct job *job) {
    const struct call *call = job->call;
    const char *from = value_of(job, EXPORT_FROM)->text, *output = value_of(job, EXPORT_OUTPUT)->text;
    bool to_stdout = strcmp(output, "-") == 0;
    if (!value_of(job, EXPORT_TO)->given) return say_usage(call, "--to FORMAT is missing: pcapng, perfetto, jsonl, csv, dot or mermaid");
    if (strcmp(from, "start") == 0)
        job->from.from = SCTX_FROM_START;
    else if (number_parse(from, &job->from.seq))
        job->from.from = SCTX_FROM_SEQ;
    else if (strcmp(from, "now") != 0)
        return say_usage(call, "--from takes start, now or a seq, not '%s'", from);
    if (output[0] == '\0') return say_usage(call, "-o '' is no file; '-' is standard output");
    if (!is_live(job) && (value_of(job, EXPORT_FOR)->given || value_of(job, EXPORT_FROM)->given))
        return say_usage(call, "--for and --from are for a context: a recording is read from its beginning to its end");
    if (value_of(job, EXPORT_FIELD)->given && job->format != EXPORT_CSV) return say_usage(call, "--field is for --to csv");
    if (value_of(job, EXPORT_SIDECAR)->given && job->format != EXPORT_PCAPNG) return say_usage(call, "--sidecar is for --to pcapng");
    if (call->json && to_stdout && job->format != EXPORT_JSONL)
        return say_usage(call, "--json and standard output exclude each other: what is exported goes there; -o FILE");
    if (to_stdout && job->exporter->is_binary && isatty(STDOUT_FILENO))
        return say_usage(call, "a capture is no text: it is not written to a terminal; -o FILE, or | tshark -i -");
    if (value_of(job, EXPORT_FOR)->given) job->deadline = monotonic_ns() + value_of(job, EXPORT_FOR)->ns;
    int code = take_operands(job);
    if (code == EXIT_DONE) code = filtering_compile(call, "filter", value_of(job, EXPORT_FILTER)->text, &job->filter);
    if (code == EXIT_DONE && job->format == EXPORT_CSV) code = columns_choose(&job->exporting.columns, call, value_of(job, EXPORT_FIELD));
    return code;
}

static int open_context(struct job *job) {
    const struct call *call = job->call;
    bool waited = false;
    int code = EXIT_DONE, status = SCTX_OK;
    struct source_range range;
    job->ctx = bus_tap_wait(call, job->deadline, &waited, &code);
    if (job->ctx == NULL) {
        if (code == EXIT_TIMED_OUT) say(call, "there is no context '%s'", call_context(call));
        return code;
    }
    if (waited) job->from.from = SCTX_FROM_START;
    job->source = source_open_live(job->ctx, &job->from, &status);
    if (job->source == NULL) return bus_fail(call, status, "cannot read", NULL);
    bool is_past_only = value_of(job, EXPORT_FOR)->given && value_of(job, EXPORT_FOR)->ns == 0;
    if (is_past_only && source_range(job->source, &range) == SOURCE_OK) job->end = range.end;
    if (job->deadline == SCTX_FOREVER && !value_of(job, EXPORT_COUNT)->given && isatty(STDERR_FILENO)) say(call, "exporting until Ctrl-C");
    return EXIT_DONE;
}

static int open_source(struct job *job) {
    struct source_fault fault;
    const char *path = value_of(job, EXPORT_FILE)->text;
    if (is_live(job)) return open_context(job);
    job->source = source_open_file(path, &fault);
    if (job->source != NULL) return EXIT_DONE;
    say(job->call, "%s: %s", path, fault.text);
    return EXIT_FAILED;
}

/* What is written must not be what is read: --force would empty it first. */
static bool is_what_is_read(const struct job *job, const char *output) {
    struct stat in, out;
    const char *path = value_of(job, EXPORT_FILE)->text;
    if (is_live(job) || stat(output, &out) != 0) return false;
    int known = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &in) : stat(path, &in);
    return known == 0 && S_ISREG(out.st_mode) && in.st_dev == out.st_dev && in.st_ino == out.st_ino;
}

static int open_output(struct job *job) {
    const char *path = value_of(job, EXPORT_OUTPUT)->text;
    struct source_fault fault;
    job->exporting.out = job->call->out;
    if (strcmp(path, "-") == 0) return EXIT_DONE;
    if (is_what_is_read(job, path)) {
        say(job->call, "%s is what is read: export to another file", path);
        return EXIT_FAILED;
    }
    if (!shelf_open(&job->shelf, path, false, 0, value_of(job, EXPORT_FORCE)->given, &fault)) {
        say(job->call, "%s", fault.text);
        shelf_close(&job->shelf);
        return EXIT_FAILED;
    }
    job->file = (struct out){.fd = job->shelf.fd};
    job->exporting.out = &job->file;
    job->has_file = true;
    return EXIT_DONE;
}

static int open_sidecar(struct job *job) {
    struct sidecar_fault fault;
    if (!value_of(job, EXPORT_SIDECAR)->given) return EXIT_DONE;
    job->exporting.sidecar = sidecar_open(value_of(job, EXPORT_SIDECAR)->text, value_of(job, EXPORT_FORCE)->given, &fault);
    if (job->exporting.sidecar != NULL) return EXIT_DONE;
    say(job->call, "%s", fault.text);
    return EXIT_FAILED;
}

static int open_decoders(struct job *job) {
    int code = EXIT_DONE;
    bool needed = !value_of(job, EXPORT_NO_DECODE)->given || (job->filter != NULL && filter_needs_data(job->filter));
    if (needed) job->decoding = decoders_open(job->call, &job->call->values[EXPORT_DECODERS], &code);
    return needed && job->decoding == NULL ? code : EXIT_DONE;
}

static void put(void *context, const void *data, size_t len) {
    out_put(((struct exporting *)context)->out, data, len);
}

static void put_name(void *context, const char *text) {
    inert_json_name(((struct exporting *)context)->out, text);
}

static void prepare(struct job *job) {
    struct exporting *exporting = &job->exporting;
    bool no_decode = value_of(job, EXPORT_NO_DECODE)->given;
    exporting->call = &job->asked;
    exporting->source = job->source;
    exporting->what = is_live(job) ? call_context(job->call) : value_of(job, EXPORT_FILE)->text;
    exporting->output = (struct export_output){put, put_name, exporting};
    exporting->text = (struct out){.fd = -1};
    exporting->shown = exporting->in_text = job->asked;
    exporting->shown.json = exporting->in_text.json = true;
    exporting->shown.out = exporting->out;
    exporting->in_text.out = &exporting->text;
    exporting->show = (struct show){.call = &exporting->shown, .no_decode = no_decode, .clock_second = INT64_MIN, .line = {.fd = -1}};
    exporting->payload = (struct show){.call = &exporting->in_text, .no_decode = no_decode, .clock_second = INT64_MIN, .line = {.fd = -1}};
    exporting->columns.is_inert = isatty(exporting->out->fd) != 0;
}

static void close_all(struct job *job) {
    source_close(job->source);
    sctx_close(job->ctx);
    decoding_close(job->decoding);
    filter_free(job->filter);
    columns_free(&job->exporting.columns);
    out_free(&job->exporting.text);
    out_free(&job->exporting.show.line);
    out_free(&job->exporting.payload.line);
    out_free(&job->file);
    if (job->has_file) shelf_close(&job->shelf);
    batch_free(&job->batch);
    free(job->patterns);
    free(job);
}

static int export_run(const struct call *call) {
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        say(call, "out of memory");
        return EXIT_FAILED;
    }
    *job = (struct job){.call = call, .deadline = SCTX_FOREVER, .end = UINT64_MAX, .begun_ns = monotonic_ns(), .shelf = {.fd = -1}};
    job->from = (struct sctx_reader_options)SCTX_INIT(job->from);
    job->format = (enum export_format)call->values[EXPORT_TO].choice;
    job->exporter = exporter_of(job->format);
    int code = check_options(job);
    if (code == EXIT_DONE) code = open_decoders(job);
    if (code == EXIT_DONE) code = open_source(job);
    if (code == EXIT_DONE && job->source != NULL) code = open_output(job);
    if (code == EXIT_DONE && job->source != NULL) code = open_sidecar(job);
    if (code == EXIT_DONE && job->source != NULL) {
        prepare(job);
        code = end_output(job, export_all(job));
    }
    filtering_tell_errors(call, job->filter);
    close_all(job);
    return code;
}

const struct command cmd_export = {
    .name = "export",
    .operands = "[-] [PATTERN...]",
    .operands_max = OPERANDS_ANY,
    .summary = "write messages, live or recorded, in a format of other programs",
    .notes =
        "It joins nothing. Formats:\n"
        "  pcapng    for Wireshark: an interface a topic, seq and cause in each packet's comment; live: sctx export --to pcapng - | tshark -i -\n"
        "            With --sidecar DIR types of Protocol Buffers: WIRESHARK_CONFIG_DIR=DIR tshark -r FILE\n"
        "  perfetto  for ui.perfetto.dev and chrome://tracing: a process a sender, a thread a topic, arrows from messages to their answers\n"
        "  jsonl     the lines of sub --json\n"
        "  csv       columns seq time topic from pid len encoding cause data, or those of --field; where several match, a JSON array\n"
        "  dot, mermaid  the graph of sctx flow, for Graphviz and Mermaid\n"
        "With --json and -o FILE at the end: file format messages bytes lost gone. Exit: 3 if messages were missed, damaged or cut; 130 after\n"
        "Ctrl-C, with the file complete.\n",
    OPTIONS_OF(options),
    .run = export_run,
};
