#include "call.h"
#include "stop.h"

#include <errno.h>
#include <sctx/sctx.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum global { GLOBAL_CONTEXT, GLOBAL_JSON, GLOBAL_COLOR, GLOBAL_HELP, GLOBAL_VERSION, GLOBAL_COUNT };
enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

static const char *const color_choices[] = {"auto", "always", "never", NULL};

static const struct option globals[GLOBAL_COUNT] = {
    [GLOBAL_CONTEXT] = {"context", 'c', OPTION_TEXT, "NAME",
                        "the context: NAME, or USER:NAME for another user's\n(else $SCTX_CONTEXT, else 'default')", NULL, NULL},
    [GLOBAL_JSON] = {"json", 'j', OPTION_FLAG, NULL, "one JSON object a line", NULL, NULL},
    [GLOBAL_COLOR] = {"color", 0, OPTION_CHOICE, "WHEN", "auto, always or never; NO_COLOR is respected", "auto", color_choices},
    [GLOBAL_HELP] = {"help", 'h', OPTION_FLAG, NULL, "this text", NULL, NULL},
    [GLOBAL_VERSION] = {"version", 'V', OPTION_FLAG, NULL, "print the version", NULL, NULL},
};

const struct command *command_find(const char *name) {
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

/* ---- lines on stderr ---- */

static void say_list(const struct call *call, const char *tail, const char *format, va_list list) {
    char text[2048];
    vsnprintf(text, sizeof text, format, list);
    struct out err = {.fd = STDERR_FILENO};
    out_text(&err, "sctx");
    if (call->command != NULL) out_format(&err, " %s", call->command->name);
    out_text(&err, ": ");
    inert_text(&err, text);
    out_text(&err, tail);
    out_char(&err, '\n');
    out_flush(&err);
    out_free(&err);
}

void say(const struct call *call, const char *format, ...) {
    va_list list;
    va_start(list, format);
    say_list(call, "", format, list);
    va_end(list);
}

int say_usage(const struct call *call, const char *format, ...) {
    char tail[64];
    snprintf(tail, sizeof tail, " (see: sctx %s%s--help)", call->command != NULL ? call->command->name : "",
             call->command != NULL ? " " : "");
    va_list list;
    va_start(list, format);
    say_list(call, tail, format, list);
    va_end(list);
    return EXIT_USAGE;
}

/* ---- help ---- */

static void help_usage(struct out *out, const struct command *command) {
    out_format(out, "usage: sctx %s [OPTION...]%s%s\n", command->name, command->operands[0] != '\0' ? " " : "", command->operands);
}

void help_command(struct out *out, const struct command *command) {
    help_usage(out, command);
    out_format(out, "\n%s\n", command->summary);
    if (command->option_count > 0) {
        out_text(out, "\nOptions:\n");
        options_help(out, command->options, command->option_count);
    }
    out_text(out, "\nFor all commands:\n");
    options_help(out, globals, GLOBAL_COUNT);
    if (command->notes != NULL) {
        out_char(out, '\n');
        out_text(out, command->notes);
    }
}

void help_command_json(struct out *out, const struct command *command) {
    out_format(out, "{\"command\":\"%s\",\"operands\":", command->name);
    inert_json_name(out, command->operands);
    out_text(out, ",\"summary\":");
    inert_json_name(out, command->summary);
    out_text(out, ",\"notes\":");
    inert_json_name(out, command->notes != NULL ? command->notes : "");
    out_text(out, ",\"options\":");
    options_json(out, command->options, command->option_count);
    out_text(out, ",\"globals\":");
    options_json(out, globals, GLOBAL_COUNT);
    out_text(out, "}\n");
}

void help_all(struct out *out) {
    out_text(
        out,
        "usage: sctx [-c CONTEXT] COMMAND [OPTION...] [ARGUMENT...]\n\nA bus in shared memory that any program on this machine joins.\n\nCommands:\n");
    for (size_t i = 0; i < command_count; i++) out_format(out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
    out_text(out, "\nFor all commands:\n");
    options_help(out, globals, GLOBAL_COUNT);
    out_text(out, "\nExit: 0 done, 1 failed, 2 wrong usage, 3 done with loss, 4 timed out, 5 the answer is no, 130 interrupted.\n"
                  "\nTry it, in two terminals:\n"
                  "  sctx sub '**'\n"
                  "  echo '{\"price\":7}' | sctx pub --encoding json shop/order\n");
}

/* ---- running ---- */

static bool wants_color(enum color color) {
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    if (color != COLOR_AUTO) return color == COLOR_ALWAYS;
    return (none == NULL || none[0] == '\0') && isatty(STDOUT_FILENO) && (term == NULL || strcmp(term, "dumb") != 0);
}

const char *paint(const struct call *call, enum paint paint) {
    static const char *const codes[] = {
        [PAINT_OFF] = "\033[0m",     [PAINT_DIM] = "\033[2m",   [PAINT_BOLD] = "\033[1m",  [PAINT_TOPIC] = "\033[36m",
        [PAINT_SENDER] = "\033[35m", [PAINT_GOOD] = "\033[32m", [PAINT_WARN] = "\033[33m", [PAINT_BAD] = "\033[31m",
    };
    return call->color ? codes[paint] : "";
}

const char *call_context(const struct call *call) {
    const char *name = call->context != NULL ? call->context : getenv("SCTX_CONTEXT");
    return name != NULL && name[0] != '\0' ? name : "default";
}

/* Standard output ends here: what is left is written, and a failure becomes an exit code. */
static int close_output(const struct call *call, int code) {
    out_flush(call->out);
    int error = call->out->error;
    out_free(call->out);
    if (error == EPIPE) return code == EXIT_FAILED ? code : EXIT_DONE;
    if (error == 0 || error == EINTR) return code;
    say(call, "cannot write to standard output: %s%s", strerror(error), error == ENOSPC ? "; free some space or write elsewhere" : "");
    return EXIT_FAILED;
}

/* Of the options only those that stand before the command's name are ours. */
static int run_as_is(struct call *call, const struct value *values, int argc, char **argv) {
    if (argc == 1 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
        help_command(call->out, call->command);
        return EXIT_DONE;
    }
    call->operands = (const char *const *)argv;
    call->operand_count = (size_t)argc;
    call->context = values[GLOBAL_CONTEXT].text;
    call->json = values[GLOBAL_JSON].given;
    return call->command->run(call);
}

static int run_command(struct call *call, struct option_table tables[static OPTION_TABLES], int argc, char **argv) {
    struct complaint complaint;
    int before = -1;
    const struct command *command = call->command;
    if (command->takes_all) return run_as_is(call, tables[0].values, argc, argv);
    tables[1] = (struct option_table){command->options, command->option_count, call->values};
    options_reset(&tables[1]);
    int operands = options_parse(tables, argc, argv, false, &before, &complaint);
    if (operands < 0) return say_usage(call, "%s", complaint.text);
    const struct value *values = tables[0].values;
    if (values[GLOBAL_HELP].given) {
        help_command(call->out, command);
        return EXIT_DONE;
    }
    if (values[GLOBAL_CONTEXT].given && values[GLOBAL_CONTEXT].text[0] == '\0')
        return say_usage(call, "-c '' names no context; without -c it is $SCTX_CONTEXT, or 'default'");
    if ((unsigned)operands < command->operands_min)
        return say_usage(call, "something is missing; it goes: sctx %s %s", command->name, command->operands);
    if ((unsigned)operands > command->operands_max)
        return say_usage(call, "'%s' is too much; it goes: sctx %s%s%s", argv[command->operands_max], command->name,
                         command->operands[0] != '\0' ? " " : "", command->operands);
    call->operands = (const char *const *)argv;
    call->operand_count = (size_t)operands;
    call->has_dashes = before >= 0;
    call->before_dashes = before >= 0 ? (size_t)before : (size_t)operands;
    call->context = values[GLOBAL_CONTEXT].text;
    call->json = values[GLOBAL_JSON].given;
    call->color = wants_color((enum color)values[GLOBAL_COLOR].choice);
    return command->run(call);
}

static int unknown_command(const struct call *call, const char *name) {
    struct nearest nearest = {.word = name};
    for (size_t i = 0; i < command_count; i++) nearest_try(&nearest, commands[i]->name);
    if (nearest.best != NULL) return say_usage(call, "unknown command '%s'; did you mean '%s'?", name, nearest.best);
    return say_usage(call, "unknown command '%s'", name);
}

int call_main(int argc, char **argv) {
    struct value values[GLOBAL_COUNT];
    struct option_table tables[OPTION_TABLES] = {{globals, GLOBAL_COUNT, values}};
    struct out out = {.fd = STDOUT_FILENO};
    struct call call = {.out = &out};
    struct complaint complaint;
    options_reset(&tables[0]);
    int words = options_parse(tables, argc > 0 ? argc - 1 : 0, argv + 1, true, NULL, &complaint);
    if (words < 0) return say_usage(&call, "%s", complaint.text);
    if (values[GLOBAL_VERSION].given) {
        out_text(&out, "sctx " SCTX_VERSION "\n");
        return close_output(&call, EXIT_DONE);
    }
    if (words == 0) {
        if (!values[GLOBAL_HELP].given) return say_usage(&call, "which command?");
        help_all(&out);
        return close_output(&call, EXIT_DONE);
    }
    call.command = command_find(argv[1]);
    if (call.command == NULL) return unknown_command(&call, argv[1]);
    int code = run_command(&call, tables, words - 1, argv + 2);
    code = close_output(&call, code);
    bool failed = out.error != 0 && out.error != EINTR && out.error != EPIPE;
    return stop_signal() != 0 && !failed ? EXIT_SIGNAL + stop_signal() : code;
}
