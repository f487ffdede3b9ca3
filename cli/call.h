/* One call of one command: what was asked for, and where its output goes. Everything a command shares with the others. */
#ifndef SCTX_CLI_CALL_H
#define SCTX_CLI_CALL_H
#include "inert.h"
#include "options.h"
#include "out.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_LOSS = 3, /* done, but something was lost or gone */
    EXIT_TIMED_OUT = 4,
    EXIT_ANSWER_NO = 5,
    EXIT_SIGNAL = 128, /* plus the signal's number */
};

struct call;

struct command {
    const char *name;
    const char *operands; /* "TOPIC [TEXT]" */
    unsigned operands_min, operands_max;
    const char *summary; /* one line */
    const char *notes;   /* what else to know, lines for the end of the help; NULL: nothing */
    const struct option *options;
    size_t option_count;
    int (*run)(const struct call *call); /* an exit code */
    bool takes_all; /* all that follows its name are operands, also what looks like options */
};

#define OPERANDS_ANY 0xFFFFFFu
#define OPTIONS_OF(table) .options = (table), .option_count = sizeof(table) / sizeof *(table)
#define OPTION_AS \
    { "as", 0, OPTION_TEXT, "NAME", "join under this name instead of the program's", NULL, NULL }

enum { OPTIONS_MAX = 24 };

struct call {
    const struct command *command;
    struct value values[OPTIONS_MAX];
    const char *const *operands;
    size_t operand_count;
    size_t before_dashes; /* operands that stood before "--"; all of them where there was none */
    bool has_dashes;
    const char *context; /* as given with -c; NULL: not given */
    bool json;
    bool color;      /* standard output may be coloured */
    struct out *out; /* standard output */
};

extern const struct command *const commands[];
extern const size_t command_count;
const struct command *command_find(const char *name);

/* Runs the command that argv names; returns the exit code. */
int call_main(int argc, char **argv);

/* The context's name for messages. */
const char *call_context(const struct call *call);

/* A line on stderr, "sctx CMD: ..."; whatever is in it comes out inert. */
void say(const struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for a wrong call, with a hint at --help. Returns EXIT_USAGE. */
int say_usage(const struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What command_help() and `sctx help` print. */
void help_command(struct out *out, const struct command *command);
void help_command_json(struct out *out, const struct command *command);
void help_all(struct out *out);

/* Colours, empty texts where there are none. */
enum paint { PAINT_OFF, PAINT_DIM, PAINT_BOLD, PAINT_TOPIC, PAINT_SENDER, PAINT_GOOD, PAINT_WARN, PAINT_BAD };
const char *paint(const struct call *call, enum paint paint);

#endif
