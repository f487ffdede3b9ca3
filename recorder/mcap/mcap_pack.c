#include "mcap_pack.h"

#include "mcap_emit.h"
#include "mcap_walk.h"

#include <stdlib.h>

static struct mcap_packed_channel *channel_of(struct mcap_packer *packer, struct mcap_packed *packed, uint16_t id) {
    uint32_t slot = packer->slots[id];
    if (slot != 0) return &packed->channels[slot - 1];
    if (packed->channel_count == packed->channel_capacity) {
        size_t capacity = packed->channel_capacity > 0 ? 2 * packed->channel_capacity : 16;
        struct mcap_packed_channel *channels = realloc(packed->channels, capacity * sizeof *channels);
        if (channels == NULL) return NULL;
        packed->channels = channels;
        packed->channel_capacity = capacity;
    }
    packed->channels[packed->channel_count++] = (struct mcap_packed_channel){.id = id};
    packer->slots[id] = (uint32_t)packed->channel_count;
    return &packed->channels[packed->channel_count - 1];
}

/* Which channels are there, and how often? The slots are set afterwards. */
static bool count(struct mcap_packer *packer, struct mcap_str records, struct mcap_packed *packed) {
    struct mcap_walk walk = {.records = (const uint8_t *)records.data, .len = records.len};
    while (mcap_walk_next(&walk)) {
        if (walk.opcode == MCAP_MESSAGE) {
            struct mcap_packed_channel *channel = channel_of(packer, packed, mcap_get16(walk.body));
            if (channel == NULL) return false;
            channel->messages++;
            packed->messages++;
        } else if (walk.opcode == MCAP_SCHEMA || walk.opcode == MCAP_CHANNEL) {
            if (!mcap_buffer_add(&packed->definitions, walk.records + walk.at, walk.next - walk.at)) return false;
        }
    }
    return true;
}

/* spec: "Message Index". One for each channel, as large as its count says; then each message goes to where its channel's next entry is. */
static bool make_index(const struct mcap_packer *packer, struct mcap_str records, struct mcap_packed *packed) {
    for (size_t i = 0; i < packed->channel_count; i++) {
        struct mcap_packed_channel *channel = &packed->channels[i];
        size_t entries = (size_t)channel->messages * MCAP_ENTRY_BYTES;
        uint8_t *to = mcap_buffer_take(&packed->index, MCAP_HEAD_BYTES + 6 + entries);
        if (to == NULL) return false;
        channel->index_off = packed->chunk_length + (uint64_t)(to - packed->index.data);
        to = mcap_set16(mcap_set_head(to, MCAP_MESSAGE_INDEX, 6 + entries), channel->id);
        to = mcap_set32(to, (uint32_t)entries);
        channel->next = (size_t)(to - packed->index.data);
    }
    struct mcap_walk walk = {.records = (const uint8_t *)records.data, .len = records.len};
    while (mcap_walk_next(&walk)) {
        if (walk.opcode != MCAP_MESSAGE) continue;
        struct mcap_packed_channel *channel = &packed->channels[packer->slots[mcap_get16(walk.body)] - 1];
        uint8_t *entry = packed->index.data + channel->next;
        (void)mcap_set64(mcap_set64(entry, mcap_get64(walk.body + 6)), walk.at);
        channel->next += MCAP_ENTRY_BYTES;
    }
    return true;
}

static void sum(const struct mcap_packer *packer, struct mcap_packed *packed) {
    packed->crc = 0;
    if ((packer->flags & MCAP_NO_DATA_CRC) != 0) return;
    struct mcap_str body = packed->chunk.records;
    bool is_known = packed->is_chunk && packed->chunk.compression.len == 0 && packed->chunk.uncompressed_crc != 0;
    uint32_t crc = is_known ? packed->chunk.uncompressed_crc : mcap_crc(0, body.data, body.len);
    packed->crc = mcap_crc_join(mcap_crc(0, packed->head.data, packed->head.len), crc, body.len);
    packed->crc = mcap_crc(packed->crc, packed->index.data, packed->index.len);
}

/* From packed->chunk, all but the head of which is there, and its uncompressed records. */
static enum mcap_status finish(struct mcap_packer *packer, struct mcap_str records, struct mcap_packed *packed, struct mcap_error *error) {
    bool is_made = true;
    packed->head.len = packed->index.len = packed->definitions.len = 0;
    packed->channel_count = 0;
    packed->messages = 0;
    packed->chunk_length = 0;
    if (packer->slots == NULL) packer->slots = calloc(MCAP_IDS, sizeof *packer->slots);
    if (packer->slots == NULL) return mcap_fail_memory(error, NULL);
    if (packed->is_chunk) {
        is_made = mcap_emit_chunk_head(&packed->head, &packed->chunk);
        packed->chunk_length = packed->head.len + packed->chunk.records.len;
    }
    is_made = is_made && count(packer, records, packed);
    if (packed->is_chunk && (packer->flags & MCAP_NO_MESSAGE_INDEX) == 0) is_made = is_made && make_index(packer, records, packed);
    for (size_t i = 0; i < packed->channel_count; i++) packer->slots[packed->channels[i].id] = 0;
    if (!is_made) return mcap_fail_memory(error, NULL);
    sum(packer, packed);
    return MCAP_OK;
}

enum mcap_status mcap_pack(struct mcap_packer *packer, const struct mcap_batch *batch, struct mcap_packed *packed,
                           struct mcap_error *error) {
    const struct mcap_buffer *records = &batch->records;
    const struct mcap_str all = {(const char *)records->data, records->len};
    packed->is_chunk = (packer->flags & MCAP_UNCHUNKED) == 0;
    packed->chunk = (struct mcap_chunk){.start = batch->start, .end = batch->end, .uncompressed_size = records->len, .records = all};
    packed->chunk.compression = mcap_compression_name(MCAP_UNCOMPRESSED);
    if (packed->is_chunk) {
        if ((packer->flags & MCAP_NO_CHUNK_CRC) == 0) packed->chunk.uncompressed_crc = mcap_crc(0, records->data, records->len);
        packed->chunk.compression = mcap_compression_name(packer->compression);
        if (packer->compression != MCAP_UNCOMPRESSED) {
            if (!mcap_compress(&packer->codec, packer->compression, packer->level, records->data, records->len, &packed->body)) {
                return mcap_fail_memory(error, NULL);
            }
            packed->chunk.records = (struct mcap_str){(const char *)packed->body.data, packed->body.len};
        }
    }
    return finish(packer, all, packed, error);
}

enum mcap_status mcap_pack_again(struct mcap_packer *packer, const struct mcap_chunk *chunk, struct mcap_str records,
                                 struct mcap_packed *packed, struct mcap_error *error) {
    enum mcap_status status = mcap_walk_check((const uint8_t *)records.data, records.len, 0, error);
    if (status != MCAP_OK) return status;
    packed->is_chunk = true;
    packed->chunk = *chunk;
    return finish(packer, records, packed, error);
}

void mcap_packer_free(struct mcap_packer *packer) {
    mcap_codec_free(&packer->codec);
    free(packer->slots);
    packer->slots = NULL;
}

void mcap_packed_free(struct mcap_packed *packed) {
    free(packed->channels);
    mcap_buffer_free(&packed->head);
    mcap_buffer_free(&packed->body);
    mcap_buffer_free(&packed->index);
    mcap_buffer_free(&packed->definitions);
    *packed = (struct mcap_packed){0};
}
