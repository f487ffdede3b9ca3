/* What the example programs do alike and what is no lesson in sctx: options, the end by a signal, a line for an error. */
#ifndef EXAMPLES_PROGRAM_H
#define EXAMPLES_PROGRAM_H
#include <stdbool.h>
#include <stdint.h>

struct program {
    const char *name;    /* of the program, and of the participant */
    const char *help;    /* text of --help */
    bool takes_interval; /* --interval SECONDS */
    const char *flag;    /* an option of this program's own, without a value; NULL: none */
    int operands_wanted;
    const char *context; /* out: -c NAME, or NULL for the default */
    int64_t interval_ns; /* in: the default; out */
    bool has_flag;       /* out: `flag` was given */
    char **operands;     /* out: operands_wanted of them */
};

/* Reads the command line. Ends the program after --help (0) and after wrong usage (2). */
void program_options(struct program *program, int argc, char **argv);

/* From here on SIGINT, SIGTERM and SIGHUP do not kill the program, but make the descriptor readable that is returned: so nothing is
 * missed between two polls, and everything is closed in order. Call it before threads are made (sctx_reader_fd() makes one).
 * Negative: failed. */
int program_signals(void);

/* Waits for at most timeout_ns: true when a signal asked the program to end. */
bool program_stopped(int signals, int64_t timeout_ns);

/* "NAME: WHAT: status. detail" on stderr; returns the exit code, 1. */
int program_failed(const struct program *program, const char *what, int status, const char *detail);

/* ns of a clock that only goes forward. */
int64_t program_now_ns(void);

#endif
