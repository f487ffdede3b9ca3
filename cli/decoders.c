#include "decoders.h"

#include <stdlib.h>
#include <string.h>

const char *const decoders_modes[] = {"worker", "inproc", "off", NULL};

static void on_notice(void *context, const char *line) {
    const struct call *call = context;
    out_flush(call->out);
    say(call, "%s", line);
}

/* At ':', in place; NULL: out of memory. */
static char *split(const char *list, const char ***paths, size_t *count) {
    char *copy = strdup(list), *rest = copy;
    size_t most = 1;
    for (const char *at = list; *at != '\0'; at++) most += *at == ':';
    *paths = calloc(most, sizeof **paths);
    *count = 0;
    if (copy == NULL || *paths == NULL) return copy;
    for (char *path = strsep(&rest, ":"); path != NULL; path = strsep(&rest, ":"))
        if (*path != '\0') (*paths)[(*count)++] = path;
    return copy;
}

struct decoding *decoders_open(const struct call *call, const struct value values[static DECODERS_OPTIONS], int *code) {
    const char *list = values[DECODERS_PLUGIN].given ? values[DECODERS_PLUGIN].text : "", **paths = NULL;
    struct decoding_options options = {.pins = values[DECODERS_PIN].text, .config = values[DECODERS_CONFIG].text};
    struct decoding_fault fault;
    struct decoding *decoding = NULL;
    *code = EXIT_USAGE;
    if (values[DECODERS_PLUGIN].given && values[DECODERS_MODE].choice == HOST_OFF) {
        (void)say_usage(call, "--plugin and --plugins=off exclude each other");
        return NULL;
    }
    char *copy = split(list, &paths, &options.host.search.path_count);
    options.host.search.paths = paths;
    options.host.mode = (enum host_mode)values[DECODERS_MODE].choice;
    options.host.notice = on_notice;
    options.host.context = (void *)(uintptr_t)call;
    if (copy != NULL && paths != NULL) {
        decoding = decoding_open(&options, &fault);
        if (decoding == NULL) (void)say_usage(call, "%s", fault.text);
    } else {
        say(call, "out of memory");
        *code = EXIT_FAILED;
    }
    free(copy);
    free(paths);
    if (decoding == NULL) return NULL;
    *code = EXIT_DONE;
    decoders_say_refused(call, decoding, false);
    return decoding;
}

void decoders_say_refused(const struct call *call, struct decoding *decoding, bool all) {
    const struct search *search = host_search(decoding_host(decoding));
    for (size_t i = 0; i < search->count; i++) {
        const struct found *found = &search->found[i];
        bool asked_for = found->origin == FOUND_OPTION || found->origin == FOUND_ENVIRONMENT;
        if (found->refused != NULL && (all || asked_for)) say(call, "plugin %s is not used: %s", found->path, found->refused);
    }
}

bool decoders_topic(struct decoding *decoding, const struct source_topic *topic, uint32_t *number) {
    const struct decoding_topic is = {topic->name, topic->encoding, topic->kind, topic->schema, topic->schema_len, topic->id};
    return decoding_topic(decoding, &is, number);
}
