/* Records gathered for one chunk. Adding a message is a check, 31 bytes of head and one memcpy: no allocation once the batch has its size, no index (that
 * is made when the batch is packed, mcap_pack.h).
 *
 * A writer has a batch of its own. Who fills and packs on different threads has two or more and passes them back and forth:
 *
 *   filling thread   mcap_batch_schema(), _channel(), _message()                      -> full batch
 *   packing thread   mcap_pack(), mcap_writer_put(), mcap_batch_clear()               -> empty batch */
#ifndef MCAP_BATCH_H
#define MCAP_BATCH_H
#include "mcap.h"
#include "mcap_buffer.h"

/* Bytes of records in one batch at most; a reader need not take that much. */
#define MCAP_BATCH_MAX (UINT32_C(1) << 30)

/* All zeros is an empty one; to be read only. */
struct mcap_batch {
    struct mcap_buffer records;
    uint64_t messages;
    uint64_t start, end; /* least and largest log time, if there are messages */
};

/* Allocates for so many bytes of records at once. False: no memory. */
bool mcap_batch_reserve(struct mcap_batch *batch, size_t bytes);

/* MCAP_OK; MCAP_LIMIT: more than MCAP_BATCH_MAX in all; MCAP_MEMORY. After an error the batch is as before.
 * A batch does not look whether ids are known. Before its first message a channel has to be added, and its schema before that: to this batch or to one
 * that is written earlier. */
enum mcap_status mcap_batch_schema(struct mcap_batch *batch, const struct mcap_schema *schema);
enum mcap_status mcap_batch_channel(struct mcap_batch *batch, const struct mcap_channel *channel);
enum mcap_status mcap_batch_message(struct mcap_batch *batch, const struct mcap_message *message);
/* A record as it is, with its head: a Schema, Channel or Message. MCAP_WRONG_CALL: it is none, or not as long as it says. */
enum mcap_status mcap_batch_record(struct mcap_batch *batch, const void *record, size_t len);

/* Bytes that a message takes. */
static inline size_t mcap_batch_bytes(const struct mcap_message *message) {
    return MCAP_HEAD_BYTES + MCAP_MESSAGE_HEAD_BYTES + message->data.len;
}

void mcap_batch_clear(struct mcap_batch *batch); /* keeps the memory */
void mcap_batch_free(struct mcap_batch *batch);

#endif
