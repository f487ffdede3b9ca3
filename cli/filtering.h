/* --filter and its kin, for every command that reads messages. */
#ifndef SCTX_CLI_FILTERING_H
#define SCTX_CLI_FILTERING_H
#include "call.h"
#include "filter.h"

/* `option` NULL: it is an operand. `text` NULL: *filter stays NULL. EXIT_DONE, or EXIT_USAGE with the expression and a caret on stderr. */
int filtering_compile(const struct call *call, const char *option, const char *text, struct filter **filter);
/* Messages that were left out because the expression makes no sense for them: how many, and the first reason. */
void filtering_tell_errors(const struct call *call, const struct filter *filter);

#endif
