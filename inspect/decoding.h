/* The payloads of a context or a recording, decoded: the host's decoders, the user's pins, and which topic has which decoder.
 *
 * Topics are known by their ids in the context or recording; after decoding_forget() ids mean something else. Belongs to one thread at a time. */
#ifndef SCTX_INSPECT_DECODING_H
#define SCTX_INSPECT_DECODING_H
#include "host.h"

struct decoding_options {
    struct host_options host;
    /* "NAME" for all topics, or "PATTERN=NAME", separated by commas, the first that matches counts: the decoder to use whatever the topic
     * declares. NULL: none. */
    const char *pins;
    /* KEY=VALUE for decoders, separated by commas. NULL: none. */
    const char *config;
};

struct decoding_fault {
    char text[512]; /* "there is no decoder 'jsn'; there are: cbor, hex, json" */
};

struct decoding;

/* Copies what it is handed. NULL: why not. */
struct decoding *decoding_open(const struct decoding_options *options, struct decoding_fault *fault);
void decoding_close(struct decoding *decoding); /* NULL is allowed */

/* What a topic says of itself. `kind`: of the schema, or NULL. */
struct decoding_topic {
    const char *name, *encoding, *kind;
    const void *schema;
    size_t schema_len;
    uint16_t id;
};
/* The host's number of this topic, which is made at first. false: out of memory. */
bool decoding_topic(struct decoding *decoding, const struct decoding_topic *topic, uint32_t *number);
/* The ids of topics begin anew. Instances of decoders stay with the host until it ends. */
void decoding_forget(struct decoding *decoding);

struct host *decoding_host(struct decoding *decoding);

#endif
