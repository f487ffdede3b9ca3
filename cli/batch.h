/* Messages taken from a source together: filtered, decoded, and shown in their order. A decoder in a process of its own costs two switches
 * a batch, not a message. */
#ifndef SCTX_CLI_BATCH_H
#define SCTX_CLI_BATCH_H
#include "decoders.h"
#include "filter.h"
#include "source.h"

enum { BATCH_MAX = 64, BATCH_BYTES = 4 << 20 /* of payloads, but for the last one */ };

struct batched {
    struct source_message message; /* its data and its sender's name are the batch's own */
    size_t data_off;
    struct tree tree; /* kept from batch to batch */
    bool is_decoded;  /* it was tried: outcome tells, and decoder */
    enum host_outcome outcome;
    struct host_choice choice;
    bool is_wanted;  /* by the filter */
    bool is_trigger; /* by the filter that triggers */
};

struct batch {
    struct batched items[BATCH_MAX];
    size_t count;
    char *bytes;
    size_t len, room;
};

/* One more; data and the sender's name are copied. false: out of memory. */
bool batch_add(struct batch *batch, const struct source_message *message);
bool batch_is_full(const struct batch *batch);

struct batch_how {
    struct decoding *decoding; /* NULL: decode nothing */
    struct filter *filter;     /* NULL: all are wanted */
    struct filter *trigger;    /* NULL: none is one */
    uint32_t want; /* enum sctx_want of what is shown; 0: decode for the filter only */
};
/* Sets is_wanted and is_trigger, and decodes. false: out of memory. */
bool batch_decode(struct batch *batch, const struct batch_how *how);
void batch_clear(struct batch *batch);
void batch_free(struct batch *batch);

#endif
