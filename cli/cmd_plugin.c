#include "cmd.h"
#include "plugin.h"

#include <string.h>

#define TAKES(option) (1u << PLUGIN_##option)

static const struct word {
    const char *name, *operand; /* operand NULL: it has none */
    unsigned takes;             /* options, a bit each */
    int (*run)(const struct call *call);
} words[] = {
    {"list", NULL, TAKES(PATH), plugin_list},
    {"info", "NAME", TAKES(PATH), plugin_info},
    {"check", "FILE", TAKES(CORPUS) | TAKES(SCHEMA) | TAKES(REPRODUCE) | TAKES(SECONDS) | TAKES(SEED) | TAKES(SAVE), plugin_check},
    {"new", "NAME", 0, plugin_new},
};
enum { WORDS = sizeof words / sizeof *words };

static const struct option options[PLUGIN_OPTIONS] = {
    [PLUGIN_PATH] = {"plugin", 0, OPTION_TEXT, "PATH", "list, info: look there first; files and folders, with ':' between", NULL, NULL},
    [PLUGIN_CORPUS] = {"corpus", 0, OPTION_TEXT, "DIR",
                       "check: payloads to begin with, one a file\n(else corpus/ beside the file, or one folder above)", NULL, NULL},
    [PLUGIN_SCHEMA] = {"schema", 0, OPTION_TEXT, "FILE", "check: the schema of these payloads (else DIR/.schema)", NULL, NULL},
    [PLUGIN_REPRODUCE] = {"reproduce", 0, OPTION_TEXT, "CASE", "check: this case alone, as a finding names it", NULL, NULL},
    [PLUGIN_SECONDS] = {"seconds", 0, OPTION_DURATION, "TIME", "check: mutate payloads for so long", "5s", NULL},
    [PLUGIN_SEED] = {"seed", 0, OPTION_NUMBER, "N", "check: of the mutations", "1", NULL},
    [PLUGIN_SAVE] = {"save", 0, OPTION_TEXT, "DIR", "check: where inputs are kept (else ./NAME-findings)", NULL, NULL},
};

static const struct word *word_find(const char *name, struct nearest *nearest) {
    for (size_t i = 0; i < WORDS; i++) {
        if (strcmp(words[i].name, name) == 0) return &words[i];
        nearest_try(nearest, words[i].name);
    }
    return NULL;
}

static int plugin_run(const struct call *call) {
    struct nearest nearest = {.word = call->operands[0]};
    const struct word *word = word_find(call->operands[0], &nearest);
    if (word == NULL && nearest.best != NULL) return say_usage(call, "no '%s'; did you mean '%s'?", call->operands[0], nearest.best);
    if (word == NULL) return say_usage(call, "no '%s'; there are list, info, check and new", call->operands[0]);
    if (word->operand != NULL && call->operand_count < 2)
        return say_usage(call, "something is missing; it goes: sctx plugin %s %s", word->name, word->operand);
    if (word->operand == NULL && call->operand_count > 1) return say_usage(call, "'%s' is too much", call->operands[1]);
    for (size_t i = 0; i < PLUGIN_OPTIONS; i++)
        if (call->values[i].given && (word->takes & 1u << i) == 0)
            return say_usage(call, "plugin %s has no option --%s", word->name, options[i].name);
    return word->run(call);
}

const struct command cmd_plugin = {
    .name = "plugin",
    .operands = "list | info NAME | check FILE | new NAME",
    .operands_min = 1,
    .operands_max = 2,
    .summary = "payload decoders: what there is, and how to write one",
    .notes =
        "list   the plugins that are found, in the order in which they are looked for, and which of them are used\n"
        "info   all about one: NAME is a plugin's, or a file with a '/' in it. No code of a plugin runs for these two\n"
        "check  runs the plugin FILE in a sandbox, and holds it against each rule of sctx/plugin.h; exit 1: it breaks one\n"
        "new    writes a project with a decoder that works into the new folder NAME\n"
        "See sctx-plugin(1), and plugins.md for authors.\n"
        "JSON keys of list: name version origin encodings file state reason; of info: these, and schemas license summary;\n"
        "of check: finding what input why test times saved reproduce, and at the end: plugin cases findings worst_ns worst_input seed.\n",
    OPTIONS_OF(options),
    .run = plugin_run,
};
