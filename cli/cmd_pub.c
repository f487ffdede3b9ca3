#include "bus.h"
#include "cmd.h"
#include "encoding.h"
#include "input.h"
#include "names.h"
#include "stop.h"
#include "units.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum pub_option {
    PUB_ENCODING,
    PUB_SCHEMA,
    PUB_WHOLE,
    PUB_UNCHECKED,
    PUB_RATE,
    PUB_COUNT,
    PUB_CAUSE,
    PUB_AS,
    PUB_DECODERS,
    PUB_OPTIONS = PUB_DECODERS + DECODERS_OPTIONS
};

static const struct option options[PUB_OPTIONS] = {
    [PUB_ENCODING] = {"encoding", 'e', OPTION_TEXT, "NAME",
                      "what the payload is: json, text, msgpack, ...\n(else that of the topic, if it is known already)", NULL, NULL},
    [PUB_SCHEMA] = {"schema", 0, OPTION_TEXT, "FILE", "the topic's schema; needs --encoding", NULL, NULL},
    [PUB_WHOLE] = {"whole", 'w', OPTION_FLAG, NULL, "all of standard input is one message", NULL, NULL},
    [PUB_UNCHECKED] = {"unchecked", 0, OPTION_FLAG, NULL, "publish bytes as they are, whatever the topic's encoding says", NULL, NULL},
    [PUB_RATE] = {"rate", 'r', OPTION_REAL, "N", "at most N messages a second", NULL, NULL},
    [PUB_COUNT] = {"count", 'n', OPTION_NUMBER, "N", "publish TEXT N times; end after N lines of input", NULL, NULL},
    [PUB_CAUSE] = {"cause", 0, OPTION_NUMBER, "SEQ", "the message that this one answers", NULL, NULL},
    [PUB_AS] = OPTION_AS,
    [PUB_DECODERS] = OPTIONS_DECODERS,
};

struct pub {
    const struct call *call;
    sctx *ctx;
    sctx_writer *writer;
    uint16_t topic;
    struct encoding encoding;
    int64_t interval_ns, next_ns; /* 0: no rate */
    uint64_t line;                /* of the input, from 1; 0: not from lines */
    bool refused;                 /* something was not published */
};

static void pace(struct pub *pub) {
    int64_t now = monotonic_ns();
    /* Sleep that took too long is made up for, but not a pause of the input. */
    if (pub->next_ns < now - 100 * NS_PER_MS) pub->next_ns = now;
    while (pub->next_ns > now && stop_signal() == 0) {
        sleep_until(pub->next_ns);
        now = monotonic_ns();
    }
    pub->next_ns += pub->interval_ns;
}

/* Publishes one message; false: there is no use in going on. A line that is not what the topic's encoding says, or too large for this context, is
 * refused, and the next is tried. */
static bool publish(struct pub *pub, const char *text, size_t len) {
    const void *data = text;
    if (!encoding_make(&pub->encoding, &data, &len)) {
        pub->refused = true;
        if (pub->line > 0)
            say(pub->call, "line %" PRIu64 ", %s; the line was not published", pub->line, pub->encoding.fault);
        else
            say(pub->call, "%s; nothing was published (as it is: --unchecked)", pub->encoding.fault);
        return true;
    }
    if (pub->interval_ns > 0) pace(pub);
    if (stop_signal() != 0) return false;
    uint64_t seq = 0;
    int status = sctx_publish(pub->writer, pub->topic, data, len, &seq);
    if (status < 0) {
        pub->refused = true;
        if ((status == SCTX_ERR_TOO_BIG || status == SCTX_ERR_NO_SPACE) && pub->line > 0) {
            const char *detail = sctx_writer_error(pub->writer);
            say(pub->call, "line %" PRIu64 ": %s; the line was not published", pub->line,
                detail[0] != '\0' ? detail : sctx_strerror(status));
            return true;
        }
        bus_fail(pub->call, status, "cannot publish", sctx_writer_error(pub->writer));
        return false;
    }
    if (pub->call->json && !out_is_over(pub->call->out)) {
        out_format(pub->call->out, "{\"seq\":%" PRIu64 ",\"topic\":", seq);
        inert_json_name(pub->call->out, pub->call->operands[0]);
        out_format(pub->call->out, ",\"len\":%zu}\n", len);
        out_line_done(pub->call->out);
    }
    /* Also if nobody reads the seqs any more: what is to be published does not depend on that. */
    return true;
}

static void publish_text(struct pub *pub, const char *text) {
    const struct value *count = &pub->call->values[PUB_COUNT];
    size_t len = strlen(text);
    for (uint64_t left = count->given ? count->number : 1; left > 0 && !pub->refused; left--)
        if (!publish(pub, text, len)) break;
}

static void publish_input(struct pub *pub) {
    struct input input = {.fd = STDIN_FILENO, .item_max = SCTX_PAYLOAD_MAX};
    const struct value *values = pub->call->values;
    const char *data = NULL;
    size_t len = 0;
    enum input_status status = INPUT_END;
    if (values[PUB_WHOLE].given) {
        status = input_whole(&input, &data, &len);
        if (status == INPUT_LINE) publish(pub, data, len);
    } else {
        for (uint64_t left = values[PUB_COUNT].given ? values[PUB_COUNT].number : UINT64_MAX; left > 0; left--) {
            status = input_line(&input, &data, &len);
            pub->line++;
            if (status == INPUT_TOO_LONG) {
                say(pub->call, "line %" PRIu64 " is longer than a message can be (%u bytes); the line was not published", pub->line,
                    SCTX_PAYLOAD_MAX);
                pub->refused = true;
                continue;
            }
            if (status != INPUT_LINE || !publish(pub, data, len)) break;
            /* Whoever waits for the seq sees it before the next line is asked for. */
            if (pub->call->json && input.start == input.len) out_flush(pub->call->out);
        }
    }
    if (status == INPUT_FAILED)
        say(pub->call, "cannot read standard input: %s", strerror(errno));
    else if (status == INPUT_TOO_LONG && pub->line == 0)
        say(pub->call, "the input is longer than a message can be (%u bytes)", SCTX_PAYLOAD_MAX);
    pub->refused |= status == INPUT_FAILED || status == INPUT_TOO_LONG;
    input_free(&input);
}

/* The schema's bytes, to be freed; NULL with a line on stderr. */
static char *read_schema(const struct call *call, const char *path, size_t *len) {
    struct input input = {.fd = open(path, O_RDONLY | O_CLOEXEC), .item_max = SCTX_SCHEMA_MAX};
    const char *data = NULL;
    enum input_status status = input.fd < 0 ? INPUT_FAILED : input_whole(&input, &data, len);
    if (status == INPUT_LINE && *len > 0) {
        close(input.fd);
        return input.data;
    }
    say(call, "cannot use schema '%s': %s", path,
        status == INPUT_FAILED     ? strerror(errno)
        : status == INPUT_TOO_LONG ? "it is longer than 1 MiB"
                                   : "it is empty");
    if (input.fd >= 0) close(input.fd);
    input_free(&input);
    return NULL;
}

static int register_topic(struct pub *pub, const char *schema, size_t schema_len) {
    const struct call *call = pub->call;
    struct sctx_topic_options topic_options = SCTX_INIT(topic_options);
    topic_options.name = call->operands[0];
    topic_options.encoding = call->values[PUB_ENCODING].text;
    topic_options.schema = schema;
    topic_options.schema_bytes = (uint32_t)schema_len;
    int status = sctx_topic_register(pub->ctx, &topic_options, &pub->topic);
    const struct sctx_topic *topic = NULL;
    if (status == SCTX_OK) status = sctx_topic_get(pub->ctx, pub->topic, &topic);
    if (status < 0) return bus_fail(call, status, "cannot make the topic", NULL);
    return encoding_begin(&pub->encoding, topic, call->values[PUB_UNCHECKED].given);
}

static int set_cause(struct pub *pub) {
    const struct value *cause = &pub->call->values[PUB_CAUSE];
    struct sctx_extent span = SCTX_INIT(span);
    if (!cause->given) return EXIT_DONE;
    int status = sctx_extent_get(pub->ctx, &span);
    if (status < 0) return bus_fail(pub->call, status, "cannot look for the cause", NULL);
    if (cause->number < span.first_seq || cause->number >= span.tail) {
        say(pub->call, "there is no message %" PRIu64 " to be the cause; %" PRIu64 " is the next", cause->number, span.tail);
        return EXIT_FAILED;
    }
    sctx_cause_set(pub->ctx, cause->number);
    return EXIT_DONE;
}

static int publish_all(struct pub *pub, const char *schema, size_t schema_len) {
    const struct call *call = pub->call;
    int code = register_topic(pub, schema, schema_len);
    if (code == EXIT_DONE) code = set_cause(pub);
    if (code != EXIT_DONE) return code;
    struct sctx_error why = {""};
    struct sctx_writer_options asked = {.size = sizeof asked, .error = &why};
    int status = sctx_writer_open(pub->ctx, &asked, &pub->writer);
    if (status < 0) return bus_fail(call, status, "cannot open a writer", why.text);
    if (call->operand_count == 2)
        publish_text(pub, call->operands[1]);
    else
        publish_input(pub);
    sctx_writer_close(pub->writer);
    return pub->refused ? EXIT_FAILED : EXIT_DONE;
}

static int join_and_publish(struct pub *pub, const char *schema, size_t schema_len) {
    int code = EXIT_FAILED;
    pub->ctx = bus_join(pub->call, pub->call->values[PUB_AS].text, &code);
    if (pub->ctx != NULL) code = publish_all(pub, schema, schema_len);
    sctx_close(pub->ctx);
    return code;
}

static int pub_run(const struct call *call) {
    const struct value *values = call->values;
    struct pub pub = {.call = call};
    char *schema = NULL;
    size_t schema_len = 0;
    if (values[PUB_SCHEMA].given && !values[PUB_ENCODING].given)
        return say_usage(call, "--schema needs --encoding: a schema describes an encoding");
    if (values[PUB_WHOLE].given && (call->operand_count == 2 || values[PUB_COUNT].given))
        return say_usage(call, "--whole takes standard input as one message: no TEXT, no --count");
    if (values[PUB_RATE].given && !(values[PUB_RATE].real > 1e-9)) return say_usage(call, "--rate must be more than 0");
    if (values[PUB_RATE].given) {
        pub.interval_ns = (int64_t)(1e9 / values[PUB_RATE].real);
        pub.next_ns = monotonic_ns();
    }
    int code = names_check_topic(call, call->operands[0]);
    if (code == EXIT_DONE && values[PUB_ENCODING].given) code = names_check_encoding(call, values[PUB_ENCODING].text);
    if (code != EXIT_DONE) return code;
    if (values[PUB_SCHEMA].given && (schema = read_schema(call, values[PUB_SCHEMA].text, &schema_len)) == NULL) return EXIT_FAILED;
    encoding_init(&pub.encoding, call, &values[PUB_DECODERS]);
    if (schema != NULL && !values[PUB_UNCHECKED].given)
        code = encoding_check_schema(&pub.encoding, call->operands[0], values[PUB_ENCODING].text, schema, schema_len);
    if (code == EXIT_DONE) code = join_and_publish(&pub, schema, schema_len);
    encoding_free(&pub.encoding);
    free(schema);
    return code;
}

const struct command cmd_pub = {
    .name = "pub",
    .operands = "TOPIC [TEXT]",
    .operands_min = 1,
    .operands_max = 2,
    .summary = "publish: TEXT, or each line of standard input",
    .notes =
        "Without TEXT each line of standard input is one message, without its newline; an empty line is a message of 0 bytes.\n"
        "On a topic with the encoding msgpack, cbor, protobuf, struct or another that is not text, JSON is encoded, and what is in the encoding already\n"
        "is published as it is. What is neither is refused, on a topic with the encoding json what is not JSON, everywhere a line that is\n"
        "too long: the others are published, and the exit is 1.\n"
        "--json prints the seq of each message, which may be another's --cause. If nobody reads that any more, it still publishes all.\n",
    OPTIONS_OF(options),
    .run = pub_run,
};
