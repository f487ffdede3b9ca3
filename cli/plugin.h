/* `sctx plugin` and what it does: a file for each of its words. */
#ifndef SCTX_CLI_PLUGIN_H
#define SCTX_CLI_PLUGIN_H
#include "call.h"
#include "search.h"

/* Of all of them; which takes which is in cmd_plugin.c. */
enum plugin_option {
    PLUGIN_PATH,
    PLUGIN_CORPUS,
    PLUGIN_SCHEMA,
    PLUGIN_REPRODUCE,
    PLUGIN_SECONDS,
    PLUGIN_SEED,
    PLUGIN_SAVE,
    PLUGIN_OPTIONS
};

/* Each returns an exit code. Their operand is call->operands[1]. */
int plugin_list(const struct call *call);
int plugin_info(const struct call *call);
int plugin_check(const struct call *call);
int plugin_new(const struct call *call);

#endif
