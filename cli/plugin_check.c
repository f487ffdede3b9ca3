/* `sctx plugin check`: what was found, for people and for programs, and the inputs kept in files. */
#define _GNU_SOURCE
#include "out.h"
#include "plugin.h"
#include "run.h"
#include "stop.h"
#include "units.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct session {
    const struct call *call;
    struct check_options options;
    struct manifest manifest;
    char path[PATH_MAX], corpus[PATH_MAX], folder[PATH_MAX], input[PATH_MAX];
    bool is_folder_made, shows_progress;
};

/* ---- what is asked ---------------------------------------------------------------------------------------------------------- */

static const char *given(const struct call *call, enum plugin_option option) {
    return call->values[option].given ? call->values[option].text : NULL;
}

static bool read_manifest(struct session *session) {
    struct manifest_fault fault = {""};
    const char *file = session->call->operands[1];
    int fd = realpath(file, session->path) != NULL ? open(session->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    bool read = fd >= 0 && manifest_read(fd, &session->manifest, &fault);
    if (fd < 0)
        say(session->call, "%s: %s", file, strerror(errno));
    else if (!read)
        say(session->call, "%s: %s", file, fault.text);
    if (fd >= 0) (void)close(fd);
    return read;
}

static bool is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* corpus/ beside the file, or beside the folder that it was built in. */
static const char *find_corpus(struct session *session) {
    static const char *const ways[] = {"corpus", "../corpus"};
    int folder = (int)(strrchr(session->path, '/') - session->path);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        int len = snprintf(session->corpus, sizeof session->corpus, "%.*s/%s", folder, session->path, ways[i]);
        if (len > 0 && len < PATH_MAX && is_folder(session->corpus)) return session->corpus;
    }
    return NULL;
}

/* TEST[=N][:FILE] */
static int read_case(struct session *session, const char *text) {
    struct check_options *options = &session->options;
    size_t word = strcspn(text, "=:");
    const char *at = text + word;
    uint64_t number = 0;
    char digits[16] = "";
    if (!test_find(text, word, &options->test)) return say_usage(session->call, "--reproduce '%s': no test is called so", text);
    if (*at == '=') {
        size_t len = strcspn(at + 1, ":");
        (void)snprintf(digits, sizeof digits, "%.*s", (int)(len < sizeof digits ? len : sizeof digits - 1), at + 1);
        if (!number_parse(digits, &number) || number > UINT32_MAX)
            return say_usage(session->call, "--reproduce '%s': behind '=' stands a number", text);
        at += 1 + len;
    }
    if ((*at == ':') != (options->test != TEST_LOAD)) return say_usage(session->call, "--reproduce '%s': it goes TEST[=N]:FILE", text);
    options->only = true;
    options->param = (uint32_t)number;
    options->input = *at == ':' ? at + 1 : NULL;
    return EXIT_DONE;
}

static int read_call(struct session *session) {
    const struct call *call = session->call;
    struct check_options *options = &session->options;
    if (given(call, PLUGIN_REPRODUCE) != NULL) {
        int code = read_case(session, given(call, PLUGIN_REPRODUCE));
        if (code != EXIT_DONE) return code;
    }
    if (!read_manifest(session)) return EXIT_FAILED;
    options->path = session->path;
    options->manifest = &session->manifest;
    options->schema = given(call, PLUGIN_SCHEMA);
    options->corpus = given(call, PLUGIN_CORPUS) != NULL ? given(call, PLUGIN_CORPUS) : find_corpus(session);
    options->seed = call->values[PLUGIN_SEED].number;
    options->mutate_ns = call->values[PLUGIN_SECONDS].ns;
    const char *save = given(call, PLUGIN_SAVE);
    if (save != NULL)
        (void)snprintf(session->folder, sizeof session->folder, "%s", save);
    else
        (void)snprintf(session->folder, sizeof session->folder, "%s-findings", session->manifest.name);
    return EXIT_DONE;
}

/* ---- progress --------------------------------------------------------------------------------------------------------------- */

static bool tick(void *context, const struct check_memory *memory) {
    enum { COLUMNS = 60 };
    const struct session *session = context;
    struct out err = {.fd = STDERR_FILENO};
    if (session->shows_progress) {
        char name[CHECK_NAME];
        memcpy(name, memory->input_name, sizeof name);
        name[sizeof name - 1] = '\0';
        out_format(&err, "\r\033[K%u cases, %u findings; %s: ", memory->cases, memory->finding_count,
                   memory->test < TESTS ? test_word(memory->test) : "");
        (void)inert_put_columns(&err, name, strlen(name), COLUMNS);
        out_flush(&err);
        out_free(&err);
    }
    return stop_signal() == 0;
}

static void end_progress(const struct session *session) {
    if (session->shows_progress) (void)!write(STDERR_FILENO, "\r\033[K", 4);
}

/* ---- findings --------------------------------------------------------------------------------------------------------------- */

/* The input of a finding, in the folder; "" where it has none, or it cannot be written, which is said. */
static void keep(struct session *session, const struct check_memory *memory, const struct check_finding *finding, char path[PATH_MAX]) {
    path[0] = '\0';
    if (session->options.only && session->options.input != NULL) {
        (void)snprintf(path, PATH_MAX, "%s", session->options.input);
        return;
    }
    if (finding->test == TEST_LOAD) return;
    if (!session->is_folder_made && mkdir(session->folder, 0755) != 0 && errno != EEXIST) {
        say(session->call, "cannot make the folder %s: %s", session->folder, strerror(errno));
        return;
    }
    session->is_folder_made = true;
    int len = snprintf(path, PATH_MAX, "%s/%s-%s", session->folder, rule_word(finding->rule), test_word(finding->test));
    int fd = len > 0 && len < PATH_MAX ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
    struct out out = {.fd = fd};
    if (fd >= 0) {
        out_put(&out, memory->kept + finding->input_off, finding->input_len);
        out_flush(&out);
        if (close(fd) != 0 && out.error == 0) out.error = errno;
    }
    int error = fd < 0 ? errno : out.error;
    out_free(&out);
    if (error == 0) return;
    say(session->call, "cannot write %s: %s", path, strerror(error));
    path[0] = '\0';
}

/* As a shell takes it for one word. */
static void put_word(struct out *out, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=:,+@%-";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        out_text(out, word);
        return;
    }
    out_char(out, '\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            out_text(out, "'\\''");
        else
            out_char(out, *word);
    }
    out_char(out, '\'');
}

/* The command that runs this case alone; NUL-terminated. */
static void put_command(struct out *out, const struct session *session, const struct check_finding *finding, const char *path) {
    static const enum plugin_option kept[] = {PLUGIN_CORPUS, PLUGIN_SCHEMA};
    static const char *const names[] = {" --corpus ", " --schema "};
    struct out which = {.fd = -1};
    out_text(out, "sctx plugin check ");
    put_word(out, session->call->operands[1]);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const char *value = given(session->call, kept[i]);
        if (value == NULL) continue;
        out_text(out, names[i]);
        put_word(out, value);
    }
    out_text(&which, test_word(finding->test));
    if (finding->param != 0) out_format(&which, "=%u", finding->param);
    if (path[0] != '\0') out_format(&which, ":%s", path);
    out_char(&which, '\0');
    out_text(out, " --reproduce ");
    put_word(out, out_is_over(&which) || which.data == NULL ? "" : which.data);
    out_char(out, '\0');
    out_free(&which);
}

static void print_words(const struct call *call, const struct check_finding *finding, const char *what, const char *command) {
    struct out *out = call->out;
    out_format(out, "%s%s%s: ", paint(call, PAINT_BAD), rule_word(finding->rule), paint(call, PAINT_OFF));
    inert_text(out, what);
    if (finding->input[0] != '\0') {
        out_text(out, "; on ");
        inert_text(out, finding->input);
    }
    if (finding->times > 1) out_format(out, ", and %u more", finding->times - 1);
    out_format(out, " (%s)\n    ", rule_why(finding->rule));
    inert_text(out, command);
    out_char(out, '\n');
}

static void put_text(struct out *out, const char *key, const char *text) {
    out_format(out, ",\"%s\":", key);
    inert_json_name(out, text);
}

static void print_json(const struct call *call, const struct check_finding *finding, const char *what, const char *path,
                       const char *command) {
    struct out *out = call->out;
    out_format(out, "{\"finding\":\"%s\"", rule_word(finding->rule));
    put_text(out, "what", what);
    put_text(out, "input", finding->input);
    put_text(out, "why", rule_why(finding->rule));
    put_text(out, "test", test_word(finding->test));
    out_format(out, ",\"times\":%u", finding->times);
    if (path[0] != '\0')
        put_text(out, "saved", path);
    else
        out_text(out, ",\"saved\":null");
    put_text(out, "reproduce", command);
    out_text(out, "}\n");
}

static void print_finding(struct session *session, const struct check_memory *memory, const struct check_finding *finding) {
    char path[PATH_MAX];
    struct out command = {.fd = -1};
    const char *what = finding->what[0] != '\0' ? finding->what : rule_what(finding->rule);
    keep(session, memory, finding, path);
    put_command(&command, session, finding, path);
    const char *line = out_is_over(&command) || command.data == NULL ? "" : command.data;
    if (session->call->json)
        print_json(session->call, finding, what, path, line);
    else
        print_words(session->call, finding, what, line);
    out_free(&command);
}

static void print_summary(const struct session *session, const struct check_memory *memory) {
    struct out *out = session->call->out;
    char text[UNIT_TEXT];
    if (session->call->json) {
        out_text(out, "{\"plugin\":");
        inert_json_name(out, session->manifest.name);
        out_format(out, ",\"cases\":%u,\"findings\":%u,\"worst_ns\":%" PRId64, memory->cases, memory->finding_count, memory->worst_ns);
        put_text(out, "worst_input", memory->worst_input);
        out_format(out, ",\"seed\":%" PRIu64 "}\n", memory->seed);
        return;
    }
    out_format(out, "%s: %u cases, ", session->manifest.name, memory->cases);
    if (memory->finding_count == 0)
        out_text(out, "nothing found");
    else
        out_format(out, "%u finding%s", memory->finding_count, memory->finding_count == 1 ? "" : "s");
    if (memory->worst_ns > 0) {
        out_format(out, "; the slowest payload took %s (", duration_text(memory->worst_ns, text));
        inert_text(out, memory->worst_input);
        out_char(out, ')');
    }
    out_format(out, "; seed %" PRIu64 "\n", memory->seed);
}

int plugin_check(const struct call *call) {
    struct check check;
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        say(call, "out of memory");
        return EXIT_FAILED;
    }
    session->call = call;
    session->shows_progress = isatty(STDERR_FILENO) == 1;
    session->options.tick = tick;
    session->options.context = session;
    int code = read_call(session);
    if (code == EXIT_DONE) {
        enum check_end end = check_run(&check, &session->options);
        end_progress(session);
        for (uint32_t i = 0; end != CHECK_CANNOT && i < check.memory->finding_count; i++)
            print_finding(session, check.memory, &check.memory->findings[i]);
        if (end == CHECK_CANNOT) {
            say(call, "%s", check.why);
        } else if (check.memory->unopened[0] != '\0') {
            say(call, "open() refuses %s: %s; name a schema with --schema FILE",
                check.memory->schema.len > 0 ? "the schema" : "to do without a schema", check.memory->unopened);
        } else {
            print_summary(session, check.memory);
        }
        bool is_clean = end == CHECK_RAN && check.memory->unopened[0] == '\0' && check.memory->finding_count == 0;
        code = is_clean ? EXIT_DONE : EXIT_FAILED;
        check_free(&check);
    }
    free(session);
    return code;
}
