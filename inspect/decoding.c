#include "decoding.h"

#include <sctx/sctx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pin {
    const char *pattern; /* NULL: all topics */
    const char *decoder;
};

struct decoding {
    struct host *host;
    char *pin_text, *config; /* config: one KEY=VALUE a line */
    struct pin *pins;
    size_t pin_count;
    uint32_t *numbers; /* by topic id: the host's number plus 1; 0: not met yet */
    size_t number_count;
};

static bool keep_config(struct decoding *decoding, const char *config) {
    decoding->config = strdup(config != NULL ? config : "");
    if (decoding->config == NULL) return false;
    for (char *at = decoding->config; *at != '\0'; at++)
        if (*at == ',') *at = '\n';
    return true;
}

/* A topic's name may have '=' in it, a decoder's not: the last one counts. */
static bool keep_pins(struct decoding *decoding, const char *pins) {
    size_t most = 1;
    decoding->pin_text = strdup(pins != NULL ? pins : "");
    if (decoding->pin_text == NULL) return false;
    for (const char *at = decoding->pin_text; *at != '\0'; at++) most += *at == ',';
    decoding->pins = calloc(most, sizeof *decoding->pins);
    if (decoding->pins == NULL) return false;
    char *rest = decoding->pin_text;
    for (char *word = strsep(&rest, ","); word != NULL; word = strsep(&rest, ",")) {
        char *equals = strrchr(word, '=');
        if (*word == '\0') continue;
        if (equals != NULL) *equals = '\0';
        decoding->pins[decoding->pin_count++] = (struct pin){equals != NULL ? word : NULL, equals != NULL ? equals + 1 : word};
    }
    return true;
}

/* "cbor, hex, json" of what is used. */
static void list_decoders(const struct host *host, char *text, size_t room) {
    const struct search *search = host_search(host);
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < search->count && len + 1 < room; i++) {
        const struct found *found = &search->found[i];
        if (found->refused != NULL || found->shadowed) continue;
        int bytes = snprintf(text + len, room - len, "%s%s", len > 0 ? ", " : "", found->manifest.name);
        if (bytes > 0) len += (size_t)bytes;
    }
}

static bool check_pins(const struct decoding *decoding, struct decoding_fault *fault) {
    char names[300];
    for (size_t i = 0; i < decoding->pin_count; i++) {
        if (host_find(decoding->host, decoding->pins[i].decoder) != NULL) continue;
        list_decoders(decoding->host, names, sizeof names);
        (void)snprintf(fault->text, sizeof fault->text, "there is no decoder '%.64s'; there are: %s", decoding->pins[i].decoder, names);
        return false;
    }
    return true;
}

struct decoding *decoding_open(const struct decoding_options *options, struct decoding_fault *fault) {
    struct decoding *decoding = calloc(1, sizeof *decoding);
    (void)snprintf(fault->text, sizeof fault->text, "out of memory");
    if (decoding == NULL) return NULL;
    decoding->host = host_open(&options->host);
    if (decoding->host != NULL && keep_config(decoding, options->config) && keep_pins(decoding, options->pins) &&
        check_pins(decoding, fault))
        return decoding;
    decoding_close(decoding);
    return NULL;
}

void decoding_close(struct decoding *decoding) {
    if (decoding == NULL) return;
    host_close(decoding->host);
    free(decoding->pin_text);
    free(decoding->config);
    free(decoding->pins);
    free(decoding->numbers);
    free(decoding);
}

static const char *pin_of(const struct decoding *decoding, const char *topic) {
    for (size_t i = 0; i < decoding->pin_count; i++)
        if (decoding->pins[i].pattern == NULL || sctx_topic_matches(decoding->pins[i].pattern, topic)) return decoding->pins[i].decoder;
    return NULL;
}

static bool has_room_for(struct decoding *decoding, uint16_t id) {
    if (id < decoding->number_count) return true;
    size_t count = ((size_t)id | 63) + 1;
    uint32_t *larger = realloc(decoding->numbers, count * sizeof *larger);
    if (larger == NULL) return false;
    memset(larger + decoding->number_count, 0, (count - decoding->number_count) * sizeof *larger);
    decoding->numbers = larger;
    decoding->number_count = count;
    return true;
}

bool decoding_topic(struct decoding *decoding, const struct decoding_topic *topic, uint32_t *number) {
    if (!has_room_for(decoding, topic->id)) return false;
    if (decoding->numbers[topic->id] == 0) {
        const struct host_topic_is is = {topic->name,      topic->encoding, topic->kind,      pin_of(decoding, topic->name),
                                         decoding->config, topic->schema,   topic->schema_len};
        if (!host_topic_add(decoding->host, &is, number)) return false;
        decoding->numbers[topic->id] = *number + 1;
    }
    *number = decoding->numbers[topic->id] - 1;
    return true;
}

void decoding_forget(struct decoding *decoding) {
    if (decoding->number_count > 0) memset(decoding->numbers, 0, decoding->number_count * sizeof *decoding->numbers);
}

struct host *decoding_host(struct decoding *decoding) {
    return decoding->host;
}
