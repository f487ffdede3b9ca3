#include "mcap_batch.h"

#include "mcap_bytes.h"
#include "mcap_emit.h"

bool mcap_batch_reserve(struct mcap_batch *batch, size_t bytes) {
    return bytes <= batch->records.len || mcap_buffer_room(&batch->records, bytes - batch->records.len) != NULL;
}

static enum mcap_status added(struct mcap_batch *batch, size_t before, bool is_added) {
    if (!is_added) return MCAP_MEMORY;
    if (batch->records.len <= MCAP_BATCH_MAX) return MCAP_OK;
    batch->records.len = before;
    return MCAP_LIMIT;
}

enum mcap_status mcap_batch_schema(struct mcap_batch *batch, const struct mcap_schema *schema) {
    size_t before = batch->records.len;
    return added(batch, before, mcap_emit_schema(&batch->records, schema));
}

enum mcap_status mcap_batch_channel(struct mcap_batch *batch, const struct mcap_channel *channel) {
    size_t before = batch->records.len;
    return added(batch, before, mcap_emit_channel(&batch->records, channel));
}

static void note_time(struct mcap_batch *batch, uint64_t log_time) {
    if (batch->messages++ == 0) {
        batch->start = batch->end = log_time;
    } else if (log_time > batch->end) {
        batch->end = log_time;
    } else if (log_time < batch->start) {
        batch->start = log_time;
    }
}

enum mcap_status mcap_batch_message(struct mcap_batch *batch, const struct mcap_message *message) {
    struct mcap_buffer *records = &batch->records;
    if (message->data.len > MCAP_BATCH_MAX || records->len + mcap_batch_bytes(message) > MCAP_BATCH_MAX) return MCAP_LIMIT;
    uint8_t *to = mcap_buffer_take(records, mcap_batch_bytes(message));
    if (to == NULL) return MCAP_MEMORY;
    to = mcap_set_head(to, MCAP_MESSAGE, MCAP_MESSAGE_HEAD_BYTES + message->data.len);
    to = mcap_set32(mcap_set16(to, message->channel_id), message->sequence);
    to = mcap_set64(mcap_set64(to, message->log_time), message->publish_time);
    if (message->data.len > 0) memcpy(to, message->data.data, message->data.len);
    note_time(batch, message->log_time);
    return MCAP_OK;
}

enum mcap_status mcap_batch_record(struct mcap_batch *batch, const void *record, size_t len) {
    const uint8_t *bytes = record;
    size_t before = batch->records.len, least = MCAP_HEAD_BYTES;
    if (len >= least && bytes[0] == MCAP_MESSAGE) least += MCAP_MESSAGE_HEAD_BYTES;
    if (len < least || mcap_get64(bytes + 1) != len - MCAP_HEAD_BYTES) return MCAP_WRONG_CALL;
    if (bytes[0] != MCAP_MESSAGE && bytes[0] != MCAP_SCHEMA && bytes[0] != MCAP_CHANNEL) return MCAP_WRONG_CALL;
    enum mcap_status status = added(batch, before, mcap_buffer_add(&batch->records, record, len));
    if (status == MCAP_OK && bytes[0] == MCAP_MESSAGE) note_time(batch, mcap_get64(bytes + MCAP_HEAD_BYTES + 6));
    return status;
}

void mcap_batch_clear(struct mcap_batch *batch) {
    batch->records.len = 0;
    batch->messages = 0;
    batch->start = batch->end = 0;
}

void mcap_batch_free(struct mcap_batch *batch) {
    mcap_buffer_free(&batch->records);
    *batch = (struct mcap_batch){0};
}
