#include "encoding.h"
#include "json.h"
#include "value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void encoding_init(struct encoding *encoding, const struct call *call, const struct value decoders[static DECODERS_OPTIONS]) {
    *encoding = (struct encoding){.call = call, .decoders = decoders};
    tree_init(&encoding->tree, (struct tree_limits){0, 0});
}

void encoding_free(struct encoding *encoding) {
    decoding_close(encoding->decoding);
    tree_free(&encoding->tree);
    free(encoding->emitted.data);
}

static int open_decoders(struct encoding *encoding) {
    int code = EXIT_DONE;
    if (encoding->decoding == NULL) encoding->decoding = decoders_open(encoding->call, encoding->decoders, &code);
    return encoding->decoding != NULL ? EXIT_DONE : code;
}

static enum host_outcome decode(struct encoding *encoding, uint32_t number, const void *data, size_t len) {
    struct host_item item = {.topic = number, .want = 0, .data = data, .len = len, .tree = &encoding->tree};
    host_decode(decoding_host(encoding->decoding), &item, 1, true);
    return item.outcome;
}

int encoding_check_schema(struct encoding *encoding, const char *topic, const char *name, const void *schema, size_t schema_len) {
    uint32_t number = 0;
    int code = open_decoders(encoding);
    if (code != EXIT_DONE) return code;
    const struct host_topic_is is = {.topic = topic, .encoding = name, .schema = schema, .schema_len = schema_len};
    if (!host_topic_add(decoding_host(encoding->decoding), &is, &number)) {
        say(encoding->call, "out of memory");
        return EXIT_FAILED;
    }
    if (decode(encoding, number, "", 0) != HOST_FAILED) return EXIT_DONE;
    say(encoding->call, "the schema is of no use for '%s': %s", name, encoding->tree.reason);
    return EXIT_FAILED;
}

int encoding_begin(struct encoding *encoding, const struct sctx_topic *topic, bool raw) {
    bool is_json = strcmp(topic->encoding, "json") == 0 || strcmp(topic->encoding, "application/json") == 0;
    bool by_option = encoding->decoders[DECODERS_PIN].given || encoding->decoders[DECODERS_PLUGIN].given;
    encoding->way = raw || (topic->encoding[0] == '\0' && !by_option) ? ENCODING_AS_IT_IS
                    : is_json && !by_option                           ? ENCODING_JSON
                                                                      : ENCODING_BY_DECODER;
    if (encoding->way != ENCODING_BY_DECODER) return EXIT_DONE;
    int code = open_decoders(encoding);
    if (code != EXIT_DONE) return code;
    const struct source_topic is = {topic->name, topic->encoding, NULL, topic->schema, topic->schema_bytes, topic->id};
    if (!decoders_topic(encoding->decoding, &is, &encoding->number)) {
        say(encoding->call, "out of memory");
        return EXIT_FAILED;
    }
    struct host_choice choice = host_choice(decoding_host(encoding->decoding), encoding->number);
    if (choice.decoder == NULL || choice.is_view) encoding->way = ENCODING_AS_IT_IS;
    return EXIT_DONE;
}

static bool refuse(struct encoding *encoding, const char *what, const struct value_fault *fault) {
    (void)snprintf(encoding->fault, sizeof encoding->fault, "%s: %s", what, fault->text);
    return false;
}

/* Both JSON and the encoding itself are taken: what is neither is refused, with what is wrong with it as either. */
static bool by_decoder(struct encoding *encoding, const void **data, size_t *len) {
    struct host *host = decoding_host(encoding->decoding);
    enum host_encoded encoded = host_encode(host, encoding->number, *data, *len, &encoding->tree, &encoding->emitted);
    const char *name = host_choice(host, encoding->number).decoder->manifest.name;
    struct value_fault as_json = value_fault(&encoding->tree);
    if (encoded == HOST_ENCODED) {
        *data = encoding->emitted.data;
        *len = encoding->emitted.len;
        return true;
    }
    if (encoded == HOST_ENCODER_FAILED) return refuse(encoding, name, &as_json);
    if (encoded == HOST_NOT_ENCODABLE) { /* it is JSON: that its bytes may pass for the encoding as well is chance */
        (void)snprintf(encoding->fault, sizeof encoding->fault, "%s cannot hold this: %s", name, as_json.text);
        return false;
    }
    enum host_outcome outcome = decode(encoding, encoding->number, *data, *len);
    struct value_fault as_is = value_fault(&encoding->tree);
    if (outcome == HOST_DECODED && as_is.text[0] == '\0') return true;
    if (encoded == HOST_NO_ENCODER || outcome != HOST_DECODED) return refuse(encoding, name, &as_is);
    (void)snprintf(encoding->fault, sizeof encoding->fault, "neither JSON (%s) nor %s (%s)", as_json.text, name, as_is.text);
    return false;
}

bool encoding_make(struct encoding *encoding, const void **data, size_t *len) {
    if (encoding->way == ENCODING_AS_IT_IS) return true;
    if (encoding->way == ENCODING_BY_DECODER) return by_decoder(encoding, data, len);
    if (json_parse(*data, *len, 0, &encoding->tree)) return true;
    if (encoding->tree.status == SCTX_PLUGIN_OK)
        (void)snprintf(encoding->fault, sizeof encoding->fault, "nested more deeply than decoders go (%u)", SCTX_PLUGIN_DEPTH_MAX);
    else
        (void)snprintf(encoding->fault, sizeof encoding->fault, "byte %" PRIu32 ": not JSON: %s", encoding->tree.fault_off,
                       encoding->tree.reason);
    return false;
}
