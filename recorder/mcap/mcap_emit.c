#include "mcap_emit.h"

#include "mcap_bytes.h"

/* Where a text goes; a map, a list and an array have the same layout. */
static uint8_t *set_bytes(uint8_t *to, const void *data, size_t len) {
    to = mcap_set32(to, (uint32_t)len);
    if (len > 0) memcpy(to, data, len);
    return to + len;
}
static uint8_t *set_str(uint8_t *to, struct mcap_str text) {
    return set_bytes(to, text.data, text.len);
}

/* Room for a record with `fixed` bytes of numbers, and these variable parts with the 4 bytes that each has its length in. Its head is set; NULL: no. */
static uint8_t *begin(struct mcap_buffer *to, uint8_t opcode, size_t fixed, const size_t *parts, size_t part_count, size_t follows) {
    size_t body = fixed;
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i] > UINT32_MAX) return NULL;
        body += 4 + parts[i];
    }
    uint8_t *at = mcap_buffer_take(to, MCAP_HEAD_BYTES + body);
    return at != NULL ? mcap_set_head(at, opcode, body + follows) : NULL;
}
#define BEGIN(to, opcode, fixed, ...) \
    begin((to), (opcode), (fixed), (const size_t[]){__VA_ARGS__}, sizeof(size_t[]){__VA_ARGS__} / sizeof(size_t), 0)

bool mcap_emit_header(struct mcap_buffer *to, const struct mcap_header *header) {
    uint8_t *at = BEGIN(to, MCAP_HEADER, 0, header->profile.len, header->library.len);
    if (at == NULL) return false;
    (void)set_str(set_str(at, header->profile), header->library);
    return true;
}

bool mcap_emit_footer(struct mcap_buffer *to, const struct mcap_footer *footer) {
    uint8_t *at = begin(to, MCAP_FOOTER, 20, NULL, 0, 0);
    if (at == NULL) return false;
    (void)mcap_set32(mcap_set64(mcap_set64(at, footer->summary_start), footer->summary_offset_start), footer->summary_crc);
    return true;
}

bool mcap_emit_schema(struct mcap_buffer *to, const struct mcap_schema *schema) {
    uint8_t *at = BEGIN(to, MCAP_SCHEMA, 2, schema->name.len, schema->encoding.len, schema->data.len);
    if (at == NULL) return false;
    at = mcap_set16(at, schema->id);
    (void)set_str(set_str(set_str(at, schema->name), schema->encoding), schema->data);
    return true;
}

bool mcap_emit_channel(struct mcap_buffer *to, const struct mcap_channel *channel) {
    uint8_t *at = BEGIN(to, MCAP_CHANNEL, 4, channel->topic.len, channel->message_encoding.len, channel->metadata.len);
    if (at == NULL) return false;
    at = mcap_set16(mcap_set16(at, channel->id), channel->schema_id);
    at = set_str(set_str(at, channel->topic), channel->message_encoding);
    (void)set_bytes(at, channel->metadata.data, channel->metadata.len);
    return true;
}

bool mcap_emit_chunk_index(struct mcap_buffer *to, const struct mcap_chunk_index *index) {
    uint8_t *at = BEGIN(to, MCAP_CHUNK_INDEX, 56, index->message_index_offsets.len, index->compression.len);
    if (at == NULL) return false;
    at = mcap_set64(mcap_set64(at, index->start), index->end);
    at = mcap_set64(mcap_set64(at, index->chunk_offset), index->chunk_length);
    at = set_bytes(at, index->message_index_offsets.data, index->message_index_offsets.len);
    at = set_str(mcap_set64(at, index->message_index_length), index->compression);
    (void)mcap_set64(mcap_set64(at, index->compressed_size), index->uncompressed_size);
    return true;
}

bool mcap_emit_attachment_index(struct mcap_buffer *to, const struct mcap_attachment_index *index) {
    uint8_t *at = BEGIN(to, MCAP_ATTACHMENT_INDEX, 40, index->name.len, index->media_type.len);
    if (at == NULL) return false;
    at = mcap_set64(mcap_set64(at, index->offset), index->length);
    at = mcap_set64(mcap_set64(mcap_set64(at, index->log_time), index->create_time), index->data_size);
    (void)set_str(set_str(at, index->name), index->media_type);
    return true;
}

bool mcap_emit_statistics(struct mcap_buffer *to, const struct mcap_statistics *statistics) {
    uint8_t *at = BEGIN(to, MCAP_STATISTICS, 42, statistics->channel_messages.len);
    if (at == NULL) return false;
    at = mcap_set16(mcap_set64(at, statistics->messages), statistics->schemas);
    at = mcap_set32(mcap_set32(at, statistics->channels), statistics->attachments);
    at = mcap_set32(mcap_set32(at, statistics->metadata), statistics->chunks);
    at = mcap_set64(mcap_set64(at, statistics->start), statistics->end);
    (void)set_bytes(at, statistics->channel_messages.data, statistics->channel_messages.len);
    return true;
}

bool mcap_emit_metadata(struct mcap_buffer *to, const struct mcap_metadata *metadata) {
    uint8_t *at = BEGIN(to, MCAP_METADATA, 0, metadata->name.len, metadata->metadata.len);
    if (at == NULL) return false;
    (void)set_bytes(set_str(at, metadata->name), metadata->metadata.data, metadata->metadata.len);
    return true;
}

bool mcap_emit_metadata_index(struct mcap_buffer *to, const struct mcap_metadata_index *index) {
    uint8_t *at = BEGIN(to, MCAP_METADATA_INDEX, 16, index->name.len);
    if (at == NULL) return false;
    (void)set_str(mcap_set64(mcap_set64(at, index->offset), index->length), index->name);
    return true;
}

bool mcap_emit_summary_offset(struct mcap_buffer *to, const struct mcap_summary_offset *offset) {
    uint8_t *at = begin(to, MCAP_SUMMARY_OFFSET, 17, NULL, 0, 0);
    if (at == NULL) return false;
    (void)mcap_set64(mcap_set64(mcap_set8(at, offset->group_opcode), offset->group_start), offset->group_length);
    return true;
}

bool mcap_emit_data_end(struct mcap_buffer *to, const struct mcap_data_end *end) {
    uint8_t *at = begin(to, MCAP_DATA_END, 4, NULL, 0, 0);
    if (at == NULL) return false;
    (void)mcap_set32(at, end->data_section_crc);
    return true;
}

bool mcap_emit_attachment_head(struct mcap_buffer *to, const struct mcap_attachment *attachment) {
    const size_t parts[] = {attachment->name.len, attachment->media_type.len};
    uint8_t *at = begin(to, MCAP_ATTACHMENT, 24, parts, 2, attachment->data.len + sizeof attachment->crc);
    if (at == NULL) return false;
    at = mcap_set64(mcap_set64(at, attachment->log_time), attachment->create_time);
    at = set_str(set_str(at, attachment->name), attachment->media_type);
    (void)mcap_set64(at, attachment->data.len);
    return true;
}

bool mcap_emit_chunk_head(struct mcap_buffer *to, const struct mcap_chunk *chunk) {
    uint8_t *at = begin(to, MCAP_CHUNK, 36, &chunk->compression.len, 1, chunk->records.len);
    if (at == NULL) return false;
    at = mcap_set64(mcap_set64(at, chunk->start), chunk->end);
    at = mcap_set32(mcap_set64(at, chunk->uncompressed_size), chunk->uncompressed_crc);
    (void)mcap_set64(set_str(at, chunk->compression), chunk->records.len);
    return true;
}

bool mcap_map_add(struct mcap_buffer *map, struct mcap_str key, struct mcap_str value) {
    if (key.len > UINT32_MAX || value.len > UINT32_MAX) return false;
    uint8_t *at = mcap_buffer_take(map, 8 + key.len + value.len);
    if (at == NULL) return false;
    (void)set_str(set_str(at, key), value);
    return true;
}

struct mcap_map mcap_map_of(const struct mcap_buffer *map) {
    return (struct mcap_map){map->data, map->len};
}

bool mcap_counts_add(struct mcap_buffer *counts, uint16_t id, uint64_t number) {
    uint8_t *at = mcap_buffer_take(counts, MCAP_COUNT_BYTES);
    if (at == NULL) return false;
    (void)mcap_set64(mcap_set16(at, id), number);
    return true;
}

struct mcap_counts mcap_counts_of(const struct mcap_buffer *counts) {
    return (struct mcap_counts){counts->data, counts->len};
}
