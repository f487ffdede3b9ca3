/* What is published on a topic that declares an encoding: checked by the encoding's decoder, or made from JSON by its encoder. */
#ifndef SCTX_CLI_ENCODING_H
#define SCTX_CLI_ENCODING_H
#include "decoders.h"

#include <sctx/sctx.h>

struct encoding {
    const struct call *call;
    const struct value *decoders; /* the values of the four options */
    struct decoding *decoding;    /* NULL: nothing had to be looked for yet */
    uint32_t number;              /* the host's, of the topic */
    enum { ENCODING_AS_IT_IS, ENCODING_JSON, ENCODING_BY_DECODER } way;
    struct tree tree;
    struct emitted emitted;
    char fault[TREE_REASON_MAX * 2 + 300]; /* why a payload is refused */
};

void encoding_init(struct encoding *encoding, const struct call *call, const struct value decoders[static DECODERS_OPTIONS]);
void encoding_free(struct encoding *encoding);

/* Does the decoder take the schema, before it is registered for good? EXIT_DONE, or said why not. */
int encoding_check_schema(struct encoding *encoding, const char *topic, const char *name, const void *schema, size_t schema_len);

/* From now on payloads are for this topic. `raw`: as they are, whatever they are. An exit code. */
int encoding_begin(struct encoding *encoding, const struct sctx_topic *topic, bool raw);

/* What is to be published instead of these bytes: *data and *len change where JSON was encoded. false: `fault` says what is wrong. */
bool encoding_make(struct encoding *encoding, const void **data, size_t *len);

#endif
