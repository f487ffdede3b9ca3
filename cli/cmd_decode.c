#include "cmd.h"
#include "decoders.h"
#include "input.h"
#include "names.h"
#include "value.h"

#include <errno.h>
#include <fcntl.h>
#include <sctx/sctx.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum decode_option {
    DECODE_ENCODING,
    DECODE_SCHEMA,
    DECODE_TREE,
    DECODE_DECODERS,
    DECODE_OPTIONS = DECODE_DECODERS + DECODERS_OPTIONS,
};

static const struct option options[DECODE_OPTIONS] = {
    [DECODE_ENCODING] = {"encoding", 'e', OPTION_TEXT, "NAME",
                         "what the payload is: json, msgpack, struct:Order, ...\n(else it is guessed)", NULL, NULL},
    [DECODE_SCHEMA] = {"schema", 0, OPTION_TEXT, "FILE", "what describes it, for encodings that need that", NULL, NULL},
    [DECODE_TREE] = {"tree", 't', OPTION_FLAG, NULL, "each value with its type, and the bytes that it came from", NULL, NULL},
    [DECODE_DECODERS] = OPTIONS_DECODERS,
};

/* A payload and its schema, whole. */
struct decode {
    const struct call *call;
    struct input payload, schema;
    const char *data, *schema_data;
    size_t len, schema_len;
    struct tree tree;
};

static bool read_file(const struct call *call, struct input *input, const char *path, size_t most, const char **data, size_t *len) {
    bool is_stdin = path == NULL || strcmp(path, "-") == 0;
    *input = (struct input){.fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), .item_max = most};
    enum input_status status = input->fd < 0 ? INPUT_FAILED : input_whole(input, data, len);
    int error = errno;
    if (input->fd >= 0 && !is_stdin) (void)close(input->fd);
    if (status == INPUT_LINE) return true;
    if (status == INPUT_TOO_LONG)
        say(call, "%s is longer than %zu bytes", is_stdin ? "standard input" : path, most);
    else if (status != INPUT_STOPPED)
        say(call, "cannot read %s: %s", is_stdin ? "standard input" : path, strerror(error));
    return false;
}

static int no_decoder(const struct call *call, struct decoding *decoding) {
    const struct search *search = host_search(decoding_host(decoding));
    struct out list = {.fd = -1};
    decoders_say_refused(call, decoding, true);
    for (size_t i = 0; i < search->count; i++)
        if (search->found[i].refused == NULL && !search->found[i].shadowed)
            out_format(&list, "%s%s", list.len > 0 ? ", " : "", search->found[i].manifest.encodings);
    out_char(&list, '\0');
    if (call->values[DECODE_ENCODING].given)
        say(call, "nothing decodes the encoding '%s'; there are: %s", call->values[DECODE_ENCODING].text, list.data);
    else
        say(call, "it is not recognised; say what it is with --encoding: %s", list.data);
    out_free(&list);
    return EXIT_FAILED;
}

static int show(struct decode *decode, struct decoding *decoding, const struct host_item *item) {
    const struct call *call = decode->call;
    struct host_choice choice = host_choice(decoding_host(decoding), item->topic);
    struct value_fault fault = value_fault(&decode->tree);
    if (item->outcome == HOST_UNDECODED) return no_decoder(call, decoding);
    if (call->values[DECODE_TREE].given) {
        value_list(call, &decode->tree);
    } else if (decode->tree.count > 0) {
        value_json(call->out, &decode->tree, 0);
        out_char(call->out, '\n');
    }
    out_flush(call->out);
    if (fault.text[0] == '\0') return EXIT_DONE;
    say(call, "%s: %s", choice.decoder != NULL ? choice.decoder->manifest.name : "no decoder", fault.text);
    return EXIT_FAILED;
}

static int decode_payload(struct decode *decode, struct decoding *decoding) {
    const char *encoding = decode->call->values[DECODE_ENCODING].text;
    const struct host_topic_is topic = {.topic = "",
                                        .encoding = encoding != NULL ? encoding : "",
                                        .schema = decode->schema_data,
                                        .schema_len = decode->schema_len};
    uint32_t number = 0;
    struct decoding_topic is = {topic.topic, topic.encoding, NULL, topic.schema, topic.schema_len, 0};
    if (!decoding_topic(decoding, &is, &number)) {
        say(decode->call, "out of memory");
        return EXIT_FAILED;
    }
    struct host_item item = {.topic = number, .want = SCTX_WANT_TREE, .data = decode->data, .len = decode->len, .tree = &decode->tree};
    host_decode(decoding_host(decoding), &item, 1, true);
    return show(decode, decoding, &item);
}

static int decode_run(const struct call *call) {
    const struct value *values = call->values;
    struct decode decode = {.call = call};
    int code = EXIT_DONE;
    if (values[DECODE_ENCODING].given) code = names_check_encoding(call, values[DECODE_ENCODING].text);
    if (code != EXIT_DONE) return code;
    tree_init(&decode.tree, (struct tree_limits){0, 0});
    struct decoding *decoding = decoders_open(call, &values[DECODE_DECODERS], &code);
    if (decoding != NULL) {
        bool got = !values[DECODE_SCHEMA].given ||
                   read_file(call, &decode.schema, values[DECODE_SCHEMA].text, SCTX_SCHEMA_MAX, &decode.schema_data, &decode.schema_len);
        const char *path = call->operand_count > 0 ? call->operands[0] : NULL;
        got = got && read_file(call, &decode.payload, path, SCTX_PLUGIN_PAYLOAD_MAX, &decode.data, &decode.len);
        code = got ? decode_payload(&decode, decoding) : EXIT_FAILED;
    }
    decoding_close(decoding);
    input_free(&decode.payload);
    input_free(&decode.schema);
    tree_free(&decode.tree);
    return code;
}

const struct command cmd_decode = {
    .name = "decode",
    .operands = "[FILE]",
    .operands_max = 1,
    .summary = "decode one payload, from FILE or standard input, and show its value as JSON",
    .notes =
        "Integers and decimals are shown exactly, whatever their size. What JSON has no word for: {\"$base64\":\"...\"} for bytes,\n"
        "{\"$float\":\"nan\"}, {\"$ext\":[N,\"...\"]}, {\"$tag\":[N,...]}. Of a malformed payload it shows what came before the fault, says on\n"
        "stderr at which byte that is, and exits with 1.\n"
        "With --tree --json an object a value: path type off len, value but for objects and arrays; label, shown_as, guessed if there.\n",
    OPTIONS_OF(options),
    .run = decode_run,
};
