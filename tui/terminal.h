/* Three ways to run sctx-top: on a terminal, from a script of keys, and as text again and again. Each returns an exit code. */
#ifndef SCTX_TUI_TERMINAL_H
#define SCTX_TUI_TERMINAL_H
#include "options.h"

int terminal_run(const struct options *options);
int script_run(const struct options *options);
int batch_run(const struct options *options);

#endif
