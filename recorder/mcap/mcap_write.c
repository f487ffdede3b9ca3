#include "mcap_write.h"

#include "mcap_bytes.h"
#include "mcap_catalog.h"
#include "mcap_emit.h"
#include "mcap_summary.h"

#include <stdlib.h>

struct channel_state {
    uint64_t messages; /* written */
    uint32_t defined;  /* the stamp of the chunk in which its definition was last gathered; 0: never */
};

struct mcap_writer {
    struct mcap_sink sink;
    struct mcap_writer_options options;
    struct mcap_packer packer;
    struct mcap_batch batch;
    struct mcap_packed packed;
    struct mcap_catalog catalog;
    struct channel_state *channels; /* by id */
    uint32_t channel_size;
    uint32_t stamp; /* of the chunk that is gathered; with MCAP_CHUNKS_ALONE another one for each */
    struct mcap_statistics statistics;
    struct mcap_buffer chunk_index, attachment_index, metadata_index;
    struct mcap_buffer scratch, offsets;
    uint64_t offset; /* in the file */
    uint64_t record_bytes;
    uint32_t crc; /* of everything up to there */
    bool has_failed, is_finished;
    struct mcap_error error;
};

/* ---- bytes to the sink ---- */

static enum mcap_status out_of_memory(struct mcap_writer *writer) {
    return mcap_fail_memory(&writer->error, NULL);
}

static enum mcap_status usable(struct mcap_writer *writer) {
    if (writer->has_failed) return writer->error.status;
    if (writer->is_finished) return mcap_fail(&writer->error, MCAP_WRONG_CALL, NULL, "the file is finished");
    return MCAP_OK;
}

static enum mcap_status send(struct mcap_writer *writer, struct iovec *parts, int count) {
    uint64_t bytes = 0;
    for (int i = 0; i < count; i++) bytes += parts[i].iov_len;
    int status = writer->sink.write(writer->sink.context, parts, count);
    if (status != 0) {
        writer->has_failed = true;
        return mcap_fail_io(&writer->error, status, "writing", writer->offset);
    }
    writer->offset += bytes;
    return MCAP_OK;
}

static struct iovec part(const void *data, size_t len) {
    return (struct iovec){(void *)(uintptr_t)data, len};
}

/* To the data section: all that its checksum is over. */
static enum mcap_status send_data(struct mcap_writer *writer, const struct iovec *parts, int count) {
    struct iovec copies[3];
    uint32_t crc = writer->crc;
    for (int i = 0; i < count; i++) {
        copies[i] = parts[i];
        if ((writer->options.flags & MCAP_NO_DATA_CRC) == 0) crc = mcap_crc(crc, parts[i].iov_base, parts[i].iov_len);
    }
    enum mcap_status status = send(writer, copies, count);
    if (status == MCAP_OK) writer->crc = crc;
    return status;
}

static enum mcap_status send_scratch(struct mcap_writer *writer) {
    const struct iovec all = part(writer->scratch.data, writer->scratch.len);
    return send_data(writer, &all, 1);
}

struct mcap_writer *mcap_writer_open(struct mcap_sink sink, const struct mcap_writer_options *options, struct mcap_error *error) {
    struct mcap_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        (void)mcap_fail_memory(error, NULL);
        return NULL;
    }
    writer->sink = sink;
    writer->options = *options;
    if (writer->options.chunk_bytes == 0) writer->options.chunk_bytes = MCAP_CHUNK_BYTES;
    if (writer->options.chunk_bytes > MCAP_BATCH_MAX) writer->options.chunk_bytes = MCAP_BATCH_MAX;
    writer->stamp = 1;
    writer->packer = (struct mcap_packer){.compression = options->compression, .level = options->level, .flags = options->flags};
    const struct mcap_header header = {options->profile, options->library};
    enum mcap_status status = out_of_memory(writer);
    if (mcap_batch_reserve(&writer->batch, writer->options.chunk_bytes) &&
        mcap_buffer_add(&writer->scratch, MCAP_MAGIC, MCAP_MAGIC_BYTES) && mcap_emit_header(&writer->scratch, &header)) {
        status = send_scratch(writer);
    }
    if (status == MCAP_OK) return writer;
    *error = writer->error;
    mcap_writer_free(writer);
    return NULL;
}

/* ---- schemas and channels ---- */

/* A record becomes known. */
static enum mcap_status learn(struct mcap_writer *writer, uint8_t opcode, const uint8_t *record, size_t len) {
    const struct mcap_place place = {writer->offset, 0, opcode};
    enum mcap_status status = mcap_catalog_add(&writer->catalog, &place, record, len, &writer->error);
    return status == MCAP_FORMAT ? (writer->error.status = MCAP_WRONG_CALL) : status;
}

static struct channel_state *state_of(struct mcap_writer *writer, uint32_t id) {
    if (id >= writer->channel_size) {
        uint32_t size = writer->channel_size > 0 ? writer->channel_size : 16;
        while (size <= id) size *= 2;
        struct channel_state *channels = realloc(writer->channels, size * sizeof *channels);
        if (channels == NULL) return NULL;
        memset(channels + writer->channel_size, 0, (size - writer->channel_size) * sizeof *channels);
        writer->channels = channels;
        writer->channel_size = size;
    }
    return &writer->channels[id];
}

/* A chunk is closed before it would become larger than it may. */
static enum mcap_status make_room(struct mcap_writer *writer, size_t bytes) {
    size_t len = writer->batch.records.len;
    return len > 0 && len + bytes > writer->options.chunk_bytes ? mcap_writer_flush(writer) : MCAP_OK;
}

static enum mcap_status gathered(struct mcap_writer *writer, enum mcap_status status) {
    if (status == MCAP_MEMORY) return out_of_memory(writer);
    if (status == MCAP_LIMIT)
        return mcap_fail(&writer->error, status, NULL, "larger than the %u bytes that a chunk may have", MCAP_BATCH_MAX);
    return status;
}

static enum mcap_status gather_record(struct mcap_writer *writer, const struct mcap_catalog_entry *entry) {
    return gathered(writer, mcap_batch_record(&writer->batch, entry->record, entry->len));
}

/* So that what is learned next can be gathered for certain. */
static enum mcap_status prepare(struct mcap_writer *writer, bool is_emitted) {
    if (!is_emitted) return out_of_memory(writer);
    enum mcap_status status = make_room(writer, writer->scratch.len);
    if (status != MCAP_OK) return status;
    return mcap_batch_reserve(&writer->batch, writer->batch.records.len + writer->scratch.len) ? MCAP_OK : out_of_memory(writer);
}

enum mcap_status mcap_writer_schema(struct mcap_writer *writer, const struct mcap_schema *schema) {
    enum mcap_status status = usable(writer);
    if (status != MCAP_OK) return status;
    uint32_t before = writer->catalog.schemas.count;
    writer->scratch.len = 0;
    status = prepare(writer, mcap_emit_schema(&writer->scratch, schema));
    if (status == MCAP_OK) status = learn(writer, MCAP_SCHEMA, writer->scratch.data, writer->scratch.len);
    if (status != MCAP_OK || writer->catalog.schemas.count == before) return status;
    return gather_record(writer, writer->catalog.schemas.entries[schema->id]);
}

static enum mcap_status define(struct mcap_writer *writer, const struct mcap_channel *channel) {
    enum mcap_status status = MCAP_OK;
    if ((writer->options.flags & MCAP_CHUNKS_ALONE) != 0 && channel->schema_id != 0) {
        status = gather_record(writer, writer->catalog.schemas.entries[channel->schema_id]);
    }
    if (status == MCAP_OK) status = gather_record(writer, writer->catalog.channels.entries[channel->id]);
    if (status == MCAP_OK) writer->channels[channel->id].defined = writer->stamp;
    return status;
}

enum mcap_status mcap_writer_channel(struct mcap_writer *writer, const struct mcap_channel *channel) {
    enum mcap_status status = usable(writer);
    if (status != MCAP_OK) return status;
    if (channel->schema_id != 0 && mcap_catalog_schema(&writer->catalog, channel->schema_id) == NULL) {
        return mcap_fail(&writer->error, MCAP_WRONG_CALL, NULL, "channel %u names schema %u, which was not added", channel->id,
                         channel->schema_id);
    }
    uint32_t before = writer->catalog.channels.count;
    writer->scratch.len = 0;
    status = prepare(writer, state_of(writer, channel->id) != NULL && mcap_emit_channel(&writer->scratch, channel));
    if (status == MCAP_OK) status = learn(writer, MCAP_CHANNEL, writer->scratch.data, writer->scratch.len);
    if (status != MCAP_OK || writer->catalog.channels.count == before) return status;
    return define(writer, channel);
}

/* ---- messages ---- */

/* Its channel has to stand in the file, or with MCAP_CHUNKS_ALONE in the same chunk, before it. */
static enum mcap_status define_for(struct mcap_writer *writer, const struct mcap_message *message) {
    const struct mcap_channel *channel = mcap_catalog_channel(&writer->catalog, message->channel_id);
    if (channel == NULL) return mcap_fail(&writer->error, MCAP_WRONG_CALL, NULL, "channel %u was not added", message->channel_id);
    return define(writer, channel);
}

enum mcap_status mcap_writer_message(struct mcap_writer *writer, const struct mcap_message *message) {
    enum mcap_status status = usable(writer);
    if (status == MCAP_OK) status = make_room(writer, mcap_batch_bytes(message));
    if (status != MCAP_OK) return status;
    uint32_t id = message->channel_id;
    if (id >= writer->channel_size || writer->channels[id].defined != writer->stamp) {
        status = define_for(writer, message);
        if (status != MCAP_OK) return status;
    }
    return gathered(writer, mcap_batch_message(&writer->batch, message));
}

/* ---- chunks ---- */

static enum mcap_status learn_packed(struct mcap_writer *writer, const struct mcap_packed *packed) {
    const struct mcap_buffer *definitions = &packed->definitions;
    for (size_t at = 0; at < definitions->len;) {
        const uint8_t *record = definitions->data + at;
        size_t len = MCAP_HEAD_BYTES + (size_t)mcap_get64(record + 1);
        enum mcap_status status = learn(writer, record[0], record, len);
        if (status != MCAP_OK) return status;
        at += len;
    }
    for (size_t i = 0; i < packed->channel_count; i++) {
        uint16_t id = packed->channels[i].id;
        if (mcap_catalog_channel(&writer->catalog, id) == NULL) {
            return mcap_fail(&writer->error, MCAP_WRONG_CALL, NULL, "messages of channel %u, which was not added", id);
        }
        struct channel_state *state = state_of(writer, id);
        if (state == NULL) return out_of_memory(writer);
        if (state->defined == 0) state->defined = (writer->options.flags & MCAP_CHUNKS_ALONE) == 0;
    }
    return MCAP_OK;
}

static bool index_chunk(struct mcap_writer *writer, const struct mcap_packed *packed) {
    const struct mcap_chunk *chunk = &packed->chunk;
    writer->offsets.len = 0;
    for (size_t i = 0; i < packed->channel_count && packed->index.len > 0; i++) {
        const struct mcap_packed_channel *channel = &packed->channels[i];
        if (!mcap_counts_add(&writer->offsets, channel->id, writer->offset + channel->index_off)) return false;
    }
    const struct mcap_chunk_index index = {.start = chunk->start,
                                           .end = chunk->end,
                                           .chunk_offset = writer->offset,
                                           .chunk_length = packed->chunk_length,
                                           .message_index_offsets = mcap_counts_of(&writer->offsets),
                                           .message_index_length = packed->index.len,
                                           .compression = chunk->compression,
                                           .compressed_size = chunk->records.len,
                                           .uncompressed_size = chunk->uncompressed_size};
    return mcap_emit_chunk_index(&writer->chunk_index, &index);
}

static void account(struct mcap_writer *writer, const struct mcap_packed *packed) {
    struct mcap_statistics *all = &writer->statistics;
    if (packed->messages > 0) {
        if (all->messages == 0 || packed->chunk.start < all->start) all->start = packed->chunk.start;
        if (all->messages == 0 || packed->chunk.end > all->end) all->end = packed->chunk.end;
    }
    all->messages += packed->messages;
    all->chunks += packed->is_chunk;
    for (size_t i = 0; i < packed->channel_count; i++) writer->channels[packed->channels[i].id].messages += packed->channels[i].messages;
    writer->record_bytes += packed->chunk.uncompressed_size;
}

static enum mcap_status put(struct mcap_writer *writer, const struct mcap_packed *packed) {
    const struct mcap_str records = packed->chunk.records;
    enum mcap_status status = learn_packed(writer, packed);
    if (status == MCAP_OK && writer->options.before_chunk != NULL) {
        status = writer->options.before_chunk(writer->options.context, writer, packed);
    }
    if (status != MCAP_OK) return status;
    size_t indexed = writer->chunk_index.len;
    if (packed->is_chunk && !index_chunk(writer, packed)) {
        writer->chunk_index.len = indexed;
        return out_of_memory(writer);
    }
    struct iovec parts[] = {part(packed->head.data, packed->head.len), part(records.data, records.len),
                            part(packed->index.data, packed->index.len)};
    uint64_t bytes = packed->head.len + records.len + packed->index.len;
    status = send(writer, parts, 3);
    if (status != MCAP_OK) return status;
    if ((writer->options.flags & MCAP_NO_DATA_CRC) == 0) writer->crc = mcap_crc_join(writer->crc, packed->crc, bytes);
    account(writer, packed);
    return MCAP_OK;
}

enum mcap_status mcap_writer_flush(struct mcap_writer *writer) {
    enum mcap_status status = usable(writer);
    if (status != MCAP_OK || writer->batch.records.len == 0) return status;
    status = mcap_pack(&writer->packer, &writer->batch, &writer->packed, &writer->error);
    if (status == MCAP_OK) status = put(writer, &writer->packed);
    if (status != MCAP_OK) return status;
    mcap_batch_clear(&writer->batch);
    if ((writer->options.flags & MCAP_CHUNKS_ALONE) != 0) writer->stamp++;
    return MCAP_OK;
}

enum mcap_status mcap_writer_put(struct mcap_writer *writer, const struct mcap_packed *packed) {
    enum mcap_status status = mcap_writer_flush(writer);
    return status == MCAP_OK && packed->chunk.uncompressed_size > 0 ? put(writer, packed) : status;
}

/* ---- other records ---- */

enum mcap_status mcap_writer_private(struct mcap_writer *writer, uint8_t opcode, struct mcap_str body) {
    uint8_t head[MCAP_HEAD_BYTES];
    enum mcap_status status = usable(writer);
    if (status != MCAP_OK) return status;
    if (opcode < MCAP_PRIVATE) return mcap_fail(&writer->error, MCAP_WRONG_CALL, NULL, "opcode 0x%02x is not private", opcode);
    (void)mcap_set_head(head, opcode, body.len);
    const struct iovec parts[] = {part(head, sizeof head), part(body.data, body.len)};
    return send_data(writer, parts, 2);
}

enum mcap_status mcap_writer_attachment(struct mcap_writer *writer, const struct mcap_attachment *attachment) {
    uint8_t crc[sizeof attachment->crc] = {0};
    struct mcap_buffer *head = &writer->scratch;
    enum mcap_status status = usable(writer);
    if (status != MCAP_OK) return status;
    head->len = 0;
    if (!mcap_emit_attachment_head(head, attachment)) return out_of_memory(writer);
    const struct mcap_attachment_index index = {.offset = writer->offset,
                                                .length = head->len + attachment->data.len + sizeof crc,
                                                .log_time = attachment->log_time,
                                                .create_time = attachment->create_time,
                                                .data_size = attachment->data.len,
                                                .name = attachment->name,
                                                .media_type = attachment->media_type};
    if (!mcap_emit_attachment_index(&writer->attachment_index, &index)) return out_of_memory(writer);
    if ((writer->options.flags & MCAP_NO_ATTACHMENT_CRC) == 0) {
        uint32_t sum = mcap_crc(0, head->data + MCAP_HEAD_BYTES, head->len - MCAP_HEAD_BYTES);
        (void)mcap_set32(crc, mcap_crc(sum, attachment->data.data, attachment->data.len));
    }
    const struct iovec parts[] = {part(head->data, head->len), part(attachment->data.data, attachment->data.len), part(crc, sizeof crc)};
    status = send_data(writer, parts, 3);
    writer->statistics.attachments += status == MCAP_OK;
    return status;
}

enum mcap_status mcap_writer_metadata(struct mcap_writer *writer, const struct mcap_metadata *metadata) {
    enum mcap_status status = usable(writer);
    if (status != MCAP_OK) return status;
    writer->scratch.len = 0;
    if (!mcap_emit_metadata(&writer->scratch, metadata)) return out_of_memory(writer);
    const struct mcap_metadata_index index = {writer->offset, writer->scratch.len, metadata->name};
    if (!mcap_emit_metadata_index(&writer->metadata_index, &index)) return out_of_memory(writer);
    status = send_scratch(writer);
    writer->statistics.metadata += status == MCAP_OK;
    return status;
}

/* ---- the end ---- */

static bool count_channels(struct mcap_writer *writer) {
    writer->offsets.len = 0;
    for (uint32_t id = 0; id < writer->channel_size; id++) {
        uint64_t messages = writer->channels[id].messages;
        if (messages > 0 && !mcap_counts_add(&writer->offsets, (uint16_t)id, messages)) return false;
    }
    writer->statistics.channel_messages = mcap_counts_of(&writer->offsets);
    writer->statistics.schemas = (uint16_t)writer->catalog.schemas.count;
    writer->statistics.channels = writer->catalog.channels.count;
    return true;
}

enum mcap_status mcap_writer_finish(struct mcap_writer *writer) {
    struct mcap_buffer *rest = &writer->scratch;
    enum mcap_status status = mcap_writer_flush(writer);
    if (status != MCAP_OK) return status;
    if (!count_channels(writer)) return out_of_memory(writer);
    const struct mcap_data_end end = {(writer->options.flags & MCAP_NO_DATA_CRC) == 0 ? writer->crc : 0};
    const struct mcap_summary summary = {.flags = writer->options.flags,
                                         .catalog = &writer->catalog,
                                         .statistics = writer->statistics,
                                         .chunks = &writer->chunk_index,
                                         .attachments = &writer->attachment_index,
                                         .metadata = &writer->metadata_index};
    rest->len = 0;
    if (!mcap_emit_data_end(rest, &end) || !mcap_summary_emit(rest, &summary, writer->offset + rest->len) ||
        !mcap_buffer_add(rest, MCAP_MAGIC, MCAP_MAGIC_BYTES)) {
        return out_of_memory(writer);
    }
    struct iovec all = part(rest->data, rest->len);
    status = send(writer, &all, 1);
    writer->is_finished = status == MCAP_OK;
    return status;
}

void mcap_writer_stats(const struct mcap_writer *writer, struct mcap_writer_stats *stats) {
    *stats = (struct mcap_writer_stats){.bytes = writer->offset,
                                        .record_bytes = writer->record_bytes + writer->batch.records.len,
                                        .messages = writer->statistics.messages + writer->batch.messages,
                                        .chunks = writer->statistics.chunks,
                                        .gathered_messages = writer->batch.messages,
                                        .gathered_bytes = writer->batch.records.len,
                                        .start = writer->statistics.start,
                                        .end = writer->statistics.end};
}

const struct mcap_error *mcap_writer_error(const struct mcap_writer *writer) {
    return &writer->error;
}

void mcap_writer_free(struct mcap_writer *writer) {
    if (writer == NULL) return;
    mcap_packer_free(&writer->packer);
    mcap_packed_free(&writer->packed);
    mcap_batch_free(&writer->batch);
    mcap_catalog_free(&writer->catalog);
    mcap_buffer_free(&writer->chunk_index);
    mcap_buffer_free(&writer->attachment_index);
    mcap_buffer_free(&writer->metadata_index);
    mcap_buffer_free(&writer->scratch);
    mcap_buffer_free(&writer->offsets);
    free(writer->channels);
    free(writer);
}
