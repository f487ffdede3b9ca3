/* What record and snapshot have in common: the file's options, progress while it goes on, and the account at the end. */
#ifndef SCTX_CLI_TAPING_H
#define SCTX_CLI_TAPING_H
#include "call.h"
#include "recorder.h"

/* Three in a row of a command's table, in this order. */
enum { TAPING_OUTPUT, TAPING_COMPRESSION, TAPING_FORCE, TAPING_OPTIONS };
extern const char *const taping_compressions[];
#define OPTIONS_TAPING                                                                                     \
    {"output", 'o', OPTION_TEXT, "FILE", "the file to write, required; '-': standard output", NULL, NULL}, \
        {"compression", 0, OPTION_CHOICE, "HOW", "lz4, zstd or none", "lz4", taping_compressions}, {       \
        "force", 0, OPTION_FLAG, NULL, "overwrite the file if it is there", NULL, NULL                     \
    }

struct taping {
    const struct call *call;
    struct recorder *recorder;
    int64_t begun_ns, shown_ns;
    uint64_t shown_messages;
    bool on_terminal; /* progress is shown */
    char path[300];   /* of the file that was written last */
};

/* Usage errors, before anything is opened. EXIT_DONE or EXIT_USAGE. */
int taping_check(const struct call *call, const struct value values[static TAPING_OPTIONS]);
/* `options` with what goes beyond the three. EXIT_DONE, or said why not. */
int taping_open(struct taping *taping, const struct call *call, const struct value values[static TAPING_OPTIONS],
                struct recorder_options *options);
/* Now and then: a line on the terminal that is written over and over. `note`: more to be said, or "". */
void taping_progress(struct taping *taping, const char *note);
/* Closes the file and says what is in it: to stderr, with --json to standard output. Returns an exit code; EXIT_LOSS if anything was missed. */
int taping_close(struct taping *taping);

#endif
