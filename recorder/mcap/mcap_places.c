#include "mcap_places.h"

#include "mcap_bytes.h"
#include "mcap_parse.h"

#include <inttypes.h>
#include <stdlib.h>

/* A stretch of messages that are in no chunk is read as one; hence about as large as a chunk. */
#define STRETCH_MAX (UINT32_C(1) << 20)

/* ---- arrays ---- */

static enum mcap_status grow(struct mcap_places *places, void **array, size_t *capacity, size_t count, size_t size,
                             struct mcap_error *error) {
    if (count < *capacity) return MCAP_OK;
    size_t more = *capacity > 0 ? *capacity : 64;
    size_t bytes = places->chunk_capacity * sizeof *places->chunks + places->id_capacity * sizeof *places->ids +
                   places->record_capacity * sizeof *places->records;
    if (more * size > places->bytes_max - (bytes < places->bytes_max ? bytes : places->bytes_max)) {
        return mcap_fail(error, MCAP_LIMIT, NULL, "the index takes more than the %zu bytes that are allowed", places->bytes_max);
    }
    void *larger = realloc(*array, (*capacity + more) * size);
    if (larger == NULL) return mcap_fail_memory(error, NULL);
    *array = larger;
    *capacity += more;
    return MCAP_OK;
}
#define GROW(places, array, count, capacity, error) \
    grow((places), (void **)&(places)->array, &(places)->capacity, (places)->count, sizeof *(places)->array, (error))

static enum mcap_status add_chunk(struct mcap_places *places, const struct mcap_chunk_place *place, struct mcap_error *error) {
    enum mcap_status status = GROW(places, chunks, chunk_count, chunk_capacity, error);
    if (status == MCAP_OK) places->chunks[places->chunk_count++] = *place;
    return status;
}

static enum mcap_status add_id(struct mcap_places *places, uint16_t id, struct mcap_error *error) {
    enum mcap_status status = GROW(places, ids, id_count, id_capacity, error);
    if (status == MCAP_OK) places->ids[places->id_count++] = id;
    return status;
}

static enum mcap_status add_record(struct mcap_places *places, uint8_t opcode, uint64_t offset, uint64_t length, struct mcap_error *error) {
    enum mcap_status status = GROW(places, records, record_count, record_capacity, error);
    if (status == MCAP_OK) places->records[places->record_count++] = (struct mcap_record_place){offset, length, opcode};
    return status;
}

static struct mcap_chunk_place *last(const struct mcap_places *places) {
    return places->chunk_count > 0 ? &places->chunks[places->chunk_count - 1] : NULL;
}

/* ---- what both ways have in common ---- */

static enum mcap_status keep_definition(struct mcap_places *places, const struct mcap_record *record, struct mcap_error *error) {
    const struct mcap_place place = {record->in_chunk ? record->chunk_off : record->offset, record->in_chunk ? record->offset : 0,
                                     record->opcode};
    return mcap_catalog_add(&places->catalog, &place, (const uint8_t *)record->body.data - MCAP_HEAD_BYTES,
                            MCAP_HEAD_BYTES + record->body.len, error);
}

/* A body that is to stay, taken apart where it stays. */
static enum mcap_status keep_body(struct mcap_buffer *bytes, const struct mcap_record *record, union mcap_content *content,
                                  struct mcap_error *error) {
    const struct mcap_place place = {record->offset, 0, record->opcode};
    bytes->len = 0;
    if (!mcap_buffer_add(bytes, record->body.data, record->body.len)) return mcap_fail_memory(error, &place);
    return mcap_parse(&place, bytes->data, bytes->len, content, error);
}

static enum mcap_status keep_header(struct mcap_places *places, const struct mcap_record *record, struct mcap_error *error) {
    union mcap_content content;
    enum mcap_status status = keep_body(&places->header_bytes, record, &content, error);
    if (status == MCAP_OK) places->header = content.header;
    return status;
}

static enum mcap_status keep_statistics(struct mcap_places *places, const struct mcap_record *record, struct mcap_error *error) {
    union mcap_content content;
    enum mcap_status status = keep_body(&places->statistics_bytes, record, &content, error);
    if (status != MCAP_OK) return status;
    places->statistics = content.statistics;
    places->has_statistics = true;
    return MCAP_OK;
}

/* ---- from the summary ---- */

static enum mcap_status keep_chunk_index(struct mcap_places *places, const struct mcap_chunk_index *index, struct mcap_error *error) {
    struct mcap_counts rest = index->message_index_offsets;
    struct mcap_chunk_place place = {.offset = index->chunk_offset,
                                     .length = index->chunk_length,
                                     .start = index->start,
                                     .end = index->end,
                                     .size = index->uncompressed_size,
                                     .message_index = index->chunk_offset + index->chunk_length,
                                     .message_index_length = index->message_index_length,
                                     .channels = (uint32_t)places->id_count,
                                     .is_chunk = true,
                                     .has_messages = true};
    uint16_t id;
    uint64_t offset;
    while (mcap_counts_next(&rest, &id, &offset)) {
        enum mcap_status status = add_id(places, id, error);
        if (status != MCAP_OK) return status;
        place.channel_count++;
    }
    if (place.message_index_length == 0) place.message_index = 0;
    return add_chunk(places, &place, error);
}

static enum mcap_status learn_summary(struct mcap_places *places, const struct mcap_record *record, struct mcap_error *error) {
    const struct mcap_attachment_index *attachment = &record->content.attachment_index;
    const struct mcap_metadata_index *metadata = &record->content.metadata_index;
    switch (record->opcode) {
    case MCAP_CHUNK_INDEX: return keep_chunk_index(places, &record->content.chunk_index, error);
    case MCAP_ATTACHMENT_INDEX: return add_record(places, MCAP_ATTACHMENT, attachment->offset, attachment->length, error);
    case MCAP_METADATA_INDEX: return add_record(places, MCAP_METADATA, metadata->offset, metadata->length, error);
    default: return MCAP_OK;
    }
}

/* ---- from all records ---- */

static enum mcap_status begin_chunk(struct mcap_places *places, const struct mcap_record *record, struct mcap_error *error) {
    const struct mcap_chunk_place place = {.offset = record->offset,
                                           .length = MCAP_HEAD_BYTES + record->body.len,
                                           .size = record->records.len,
                                           .channels = (uint32_t)places->id_count,
                                           .is_chunk = true};
    return add_chunk(places, &place, error);
}

/* A message that is in no chunk belongs to the stretch before it, or begins one. */
static enum mcap_status lengthen_stretch(struct mcap_places *places, const struct mcap_record *record, struct mcap_error *error) {
    uint64_t end = record->offset + MCAP_HEAD_BYTES + record->body.len;
    struct mcap_chunk_place *place = last(places);
    if (place == NULL || place->is_chunk || places->is_after_gap || end - place->offset > STRETCH_MAX) {
        const struct mcap_chunk_place first = {.offset = record->offset, .channels = (uint32_t)places->id_count};
        enum mcap_status status = add_chunk(places, &first, error);
        if (status != MCAP_OK) return status;
        place = &places->chunks[places->chunk_count - 1];
    }
    place->length = place->size = end - place->offset;
    places->is_after_gap = false;
    return MCAP_OK;
}

static enum mcap_status count_message(struct mcap_places *places, const struct mcap_record *record, struct mcap_error *error) {
    const struct mcap_message *message = &record->content.message;
    if (!record->in_chunk) {
        enum mcap_status status = lengthen_stretch(places, record, error);
        if (status != MCAP_OK) return status;
    }
    struct mcap_chunk_place *place = &places->chunks[places->chunk_count - 1];
    if (!place->has_messages || message->log_time < place->start) place->start = message->log_time;
    if (!place->has_messages || message->log_time > place->end) place->end = message->log_time;
    place->has_messages = true;
    if (places->last_chunk == NULL) places->last_chunk = calloc(MCAP_IDS, sizeof *places->last_chunk);
    if (places->last_chunk == NULL) return mcap_fail_memory(error, NULL);
    uint32_t *met = &places->last_chunk[message->channel_id];
    if (*met == places->chunk_count) return MCAP_OK;
    *met = (uint32_t)places->chunk_count;
    place->channel_count++;
    return add_id(places, message->channel_id, error);
}

static void note_message_index(struct mcap_places *places, const struct mcap_record *record) {
    struct mcap_chunk_place *place = last(places);
    if (place == NULL || !place->is_chunk || record->offset != place->offset + place->length + place->message_index_length) return;
    place->message_index = place->offset + place->length;
    place->message_index_length += MCAP_HEAD_BYTES + record->body.len;
}

static enum mcap_status learn_data(struct mcap_places *places, const struct mcap_record *record, struct mcap_error *error) {
    switch (record->opcode) {
    case MCAP_CHUNK: return begin_chunk(places, record, error);
    case MCAP_MESSAGE: return count_message(places, record, error);
    case MCAP_MESSAGE_INDEX: note_message_index(places, record); return MCAP_OK;
    case MCAP_ATTACHMENT:
    case MCAP_METADATA: break;
    default:
        if (record->opcode < MCAP_PRIVATE || record->in_chunk || record->in_summary) return MCAP_OK;
    }
    return add_record(places, record->opcode, record->offset, MCAP_HEAD_BYTES + record->body.len, error);
}

enum mcap_status mcap_places_learn(struct mcap_places *places, const struct mcap_record *record, bool all, struct mcap_error *error) {
    switch (record->opcode) {
    case MCAP_HEADER: return keep_header(places, record, error);
    case MCAP_SCHEMA:
    case MCAP_CHANNEL: return keep_definition(places, record, error);
    case MCAP_STATISTICS: return keep_statistics(places, record, error);
    default: return all ? learn_data(places, record, error) : learn_summary(places, record, error);
    }
}

enum mcap_status mcap_places_gap(struct mcap_places *places) {
    places->is_after_gap = true;
    return MCAP_OK;
}

/* ---- can it be true? ---- */

static int by_offset(const void *a, const void *b) {
    uint64_t x = ((const struct mcap_chunk_place *)a)->offset, y = ((const struct mcap_chunk_place *)b)->offset;
    return (x > y) - (x < y);
}

static enum mcap_status check_chunks(struct mcap_places *places, uint64_t data_end, struct mcap_error *error) {
    uint64_t end = MCAP_MAGIC_BYTES;
    if (places->chunk_count > 0) qsort(places->chunks, places->chunk_count, sizeof *places->chunks, by_offset);
    for (size_t i = 0; i < places->chunk_count; i++) {
        const struct mcap_chunk_place *chunk = &places->chunks[i];
        if (chunk->offset < end || chunk->offset > data_end || chunk->length > data_end - chunk->offset) {
            return mcap_fail(error, MCAP_FORMAT, NULL,
                             "a ChunkIndex says %" PRIu64 " bytes at %" PRIu64
                             ", which overlap another chunk or the summary. The file can be scanned",
                             chunk->length, chunk->offset);
        }
        end = chunk->offset + chunk->length;
    }
    return MCAP_OK;
}

enum mcap_status mcap_places_check(struct mcap_places *places, uint64_t data_end, struct mcap_error *error) {
    const struct mcap_statistics *said = places->has_statistics ? &places->statistics : NULL;
    bool is_empty = said != NULL && said->messages == 0;
    if (is_empty) return check_chunks(places, data_end, error);
    if (places->chunk_count == 0) {
        return mcap_fail(error, MCAP_NO_SUMMARY, NULL,
                         "the summary does not say where messages are (there is no ChunkIndex). The file can be scanned");
    }
    if (said != NULL && said->chunks > places->chunk_count) {
        return mcap_fail(error, MCAP_NO_SUMMARY, NULL,
                         "the summary tells of %zu chunks, of which there are %" PRIu32 ". The file can be scanned", places->chunk_count,
                         said->chunks);
    }
    bool is_known = places->catalog.channels.count > 0;
    for (size_t i = 0; i < places->id_count && is_known; i++) is_known = mcap_catalog_channel(&places->catalog, places->ids[i]) != NULL;
    if (!is_known) return mcap_fail(error, MCAP_NO_SUMMARY, NULL, "the summary does not repeat all Channels. The file can be scanned");
    return check_chunks(places, data_end, error);
}

void mcap_places_free(struct mcap_places *places) {
    const struct mcap_places empty = {.catalog = {.bytes_max = places->catalog.bytes_max}, .bytes_max = places->bytes_max};
    mcap_catalog_free(&places->catalog);
    mcap_buffer_free(&places->header_bytes);
    mcap_buffer_free(&places->statistics_bytes);
    free(places->chunks);
    free(places->ids);
    free(places->records);
    free(places->last_chunk);
    *places = empty;
}
