/* The options of a command, as one table that feeds parsing, --help and `sctx help --json` (from which man pages and completion are made).
 * Parsing keeps the values in an array with the table's indexes, so a command names its options by an enum. */
#ifndef SCTX_CLI_OPTIONS_H
#define SCTX_CLI_OPTIONS_H
#include "out.h"

enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER, OPTION_REAL, OPTION_SIZE, OPTION_DURATION, OPTION_CHOICE };

struct option {
    const char *name; /* without the dashes */
    char letter;      /* 0: none */
    enum option_type type;
    const char *argument; /* what stands for it in the help; NULL for flags */
    const char *help;
    const char *fallback;       /* the value where it is not given, as it would be written; NULL: none */
    const char *const *choices; /* OPTION_CHOICE: ends with NULL */
};

enum { OPTION_TIMES = 16 };

struct value {
    bool given;
    const char *text;              /* as written; the last one, if it was given more than once */
    const char *all[OPTION_TIMES]; /* OPTION_TEXT: each, in their order */
    size_t count;
    union {
        uint64_t number; /* NUMBER; SIZE in bytes */
        int64_t ns;      /* DURATION */
        double real;
        size_t choice; /* index into choices */
    };
};

struct option_table {
    const struct option *options;
    size_t count;
    struct value *values; /* one for each */
};

enum { OPTION_TABLES = 2 };

/* Reads options and operands, in any order; "--" ends the options. Operands are gathered at the beginning of argv, their
 * number is returned. On a mistake -1, with a line for people in `complaint`.
 * `first_only`: stops at the first operand, which then is argv[0] and followed by the rest.
 * `before` (may be NULL): how many operands stood before "--"; -1: there was none. */
struct complaint {
    char text[512];
};
int options_parse(struct option_table tables[static OPTION_TABLES], int argc, char **argv, bool first_only, int *before,
                  struct complaint *complaint);

/* Fills in the fallbacks. */
void options_reset(struct option_table *table);

/* "--rate=N" etc. with help, aligned, and as a JSON array. */
void options_help(struct out *out, const struct option *options, size_t count);
void options_json(struct out *out, const struct option *options, size_t count);

/* The nearest of `names` to a misspelt word, or NULL if none is near. */
struct nearest {
    const char *word, *best;
    size_t distance;
};
void nearest_try(struct nearest *nearest, const char *name);

#endif
