/* The command line of sctx-top. */
#ifndef SCTX_TUI_OPTIONS_H
#define SCTX_TUI_OPTIONS_H
#include "app.h"
#include "screen.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_TIMEOUT = 4, EXIT_INTERRUPTED = 130 };

struct options {
    struct app_options app;
    struct screen_options screen;
    bool is_batch, as_json, is_ascii;
    unsigned count; /* of pictures with --batch; 0: until it is interrupted */
    double delay_s;
    const char *script; /* keys, for --screen; NULL: a terminal */
    int columns, rows;
    char settings[512];
    const char *plugins[32];
};

/* -1: go on; else the exit code, all is said. */
int options_read(struct options *options, int argc, char **argv);

#endif
