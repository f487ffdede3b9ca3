/* The options of every command that looks into payloads, and the decoders that come of them. */
#ifndef SCTX_CLI_DECODERS_H
#define SCTX_CLI_DECODERS_H
#include "call.h"
#include "decoding.h"
#include "source.h"

/* Four in a row of a command's table, in this order. */
enum { DECODERS_PIN, DECODERS_CONFIG, DECODERS_PLUGIN, DECODERS_MODE, DECODERS_OPTIONS };
extern const char *const decoders_modes[];
#define OPTIONS_DECODERS                                                                                                                \
    {"decoder", 0, OPTION_TEXT, "[PATTERN=]NAME",                                                                                       \
     "decode by this one whatever topics declare; several with\ncommas between them, the first that matches counts", NULL, NULL},       \
        {"config", 0, OPTION_TEXT, "KEY=VALUE", "for decoders; several with commas between them", NULL, NULL},                          \
        {"plugin", 0, OPTION_TEXT, "PATH", "look here for plugins first: a file or a folder; several\nwith ':' between them", NULL, NULL}, \
    {                                                                                                                                   \
        "plugins", 0, OPTION_CHOICE, "HOW", "run those that did not come with sctx: in a worker each,\nin this process (inproc), or not at all (off)", \
            "worker", decoders_modes                                                                                                    \
    }

/* `values`: of the four. What is told of plugins goes to stderr. `*code`: EXIT_DONE; else NULL, and why was said. */
struct decoding *decoders_open(const struct call *call, const struct value values[static DECODERS_OPTIONS], int *code);

/* Says on stderr which plugins are refused and why: those that were asked for by option or environment, or all. */
void decoders_say_refused(const struct call *call, struct decoding *decoding, bool all);

/* The host's number of a source's topic. false: out of memory. */
bool decoders_topic(struct decoding *decoding, const struct source_topic *topic, uint32_t *number);

#endif
