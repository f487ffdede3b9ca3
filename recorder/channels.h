/* The channels of a recording: one for each topic and sender, as long as there are enough ids; then senders share one a topic, and the Sheets name
 * them. Private to the recorder. */
#ifndef SCTX_RECORDER_CHANNELS_H
#define SCTX_RECORDER_CHANNELS_H
#include "mcap_batch.h"
#include "source.h"

struct channel {
    const struct source_topic *topic; /* the source's */
    char *from;                       /* "" in a shared one */
    uint32_t batch;                   /* the last one that it was written into */
    uint16_t id;
    bool is_shared, is_sample;
};

struct channels {
    struct channel *list; /* by id - 1 */
    uint32_t count, room;
    uint32_t *slots; /* hash table of id, 0: free */
    uint32_t slot_count;
    uint16_t *schemas; /* by topic id: the schema's id, 0: none yet */
    uint32_t schema_topics, schema_count;
    /* the last one found */
    const struct source_topic *last_topic;
    uint32_t last_join;
    struct channel *last;
};

/* NULL: no memory, or more topics than ids. Valid until the next call. */
struct channel *channels_find(struct channels *channels, const struct source_message *message);
/* Writes the channel and its schema into the batch, if they are not in it yet. `number`: of the batch, from 1. false: no memory. */
bool channels_define(struct channels *channels, struct channel *channel, struct mcap_batch *batch, uint32_t number);
void channels_free(struct channels *channels);

#endif
