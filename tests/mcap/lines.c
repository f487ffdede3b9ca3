#include "lines.h"

#include <inttypes.h>

static void text(FILE *to, const char *name, struct mcap_str value) {
    if (name != NULL) (void)fprintf(to, ",\"%s\":", name);
    (void)fputc('"', to);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if (c < 0x20 || c == '"' || c == '\\')
            (void)fprintf(to, "\\u%04x", c);
        else
            (void)fputc(c, to);
    }
    (void)fputc('"', to);
}

static void hex(FILE *to, const char *name, struct mcap_str value) {
    (void)fprintf(to, ",\"%s\":\"", name);
    for (size_t i = 0; i < value.len; i++) (void)fprintf(to, "%02x", (unsigned char)value.data[i]);
    (void)fputc('"', to);
}

static void number(FILE *to, const char *name, uint64_t value) {
    (void)fprintf(to, ",\"%s\":%" PRIu64, name, value);
}

static void map(FILE *to, struct mcap_map pairs) {
    struct mcap_str key, value;
    (void)fputs(",\"metadata\":{", to);
    for (const char *comma = ""; mcap_map_next(&pairs, &key, &value); comma = ",") {
        (void)fputs(comma, to);
        text(to, NULL, key);
        (void)fputc(':', to);
        text(to, NULL, value);
    }
    (void)fputc('}', to);
}

static void counts(FILE *to, const char *name, struct mcap_counts pairs) {
    uint16_t id;
    uint64_t value;
    (void)fprintf(to, ",\"%s\":{", name);
    for (const char *comma = ""; mcap_counts_next(&pairs, &id, &value); comma = ",") {
        (void)fprintf(to, "%s\"%u\":%" PRIu64, comma, id, value);
    }
    (void)fputc('}', to);
}

static uint64_t number_at(const char *bytes) {
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--) value = value << 8 | (unsigned char)bytes[i];
    return value;
}

static void entries(FILE *to, struct mcap_str all) {
    (void)fputs(",\"records\":[", to);
    for (size_t at = 0; at + 16 <= all.len; at += 16) {
        (void)fprintf(to, "%s[%" PRIu64 ",%" PRIu64 "]", at > 0 ? "," : "", number_at(all.data + at), number_at(all.data + at + 8));
    }
    (void)fputc(']', to);
}

static void print_chunk(FILE *to, const struct mcap_chunk *chunk) {
    number(to, "messageStartTime", chunk->start);
    number(to, "messageEndTime", chunk->end);
    number(to, "uncompressedSize", chunk->uncompressed_size);
    number(to, "uncompressedCrc", chunk->uncompressed_crc);
    text(to, "compression", chunk->compression);
    hex(to, "records", chunk->records);
}

static void print_chunk_index(FILE *to, const struct mcap_chunk_index *index) {
    number(to, "messageStartTime", index->start);
    number(to, "messageEndTime", index->end);
    number(to, "chunkStartOffset", index->chunk_offset);
    number(to, "chunkLength", index->chunk_length);
    counts(to, "messageIndexOffsets", index->message_index_offsets);
    number(to, "messageIndexLength", index->message_index_length);
    text(to, "compression", index->compression);
    number(to, "compressedSize", index->compressed_size);
    number(to, "uncompressedSize", index->uncompressed_size);
}

static void print_attachment(FILE *to, const struct mcap_attachment *attachment) {
    number(to, "logTime", attachment->log_time);
    number(to, "createTime", attachment->create_time);
    text(to, "name", attachment->name);
    text(to, "mediaType", attachment->media_type);
    hex(to, "data", attachment->data);
}

static void print_attachment_index(FILE *to, const struct mcap_attachment_index *index) {
    number(to, "offset", index->offset);
    number(to, "length", index->length);
    number(to, "logTime", index->log_time);
    number(to, "createTime", index->create_time);
    number(to, "dataSize", index->data_size);
    text(to, "name", index->name);
    text(to, "mediaType", index->media_type);
}

static void print_statistics(FILE *to, const struct mcap_statistics *statistics) {
    number(to, "messageCount", statistics->messages);
    number(to, "schemaCount", statistics->schemas);
    number(to, "channelCount", statistics->channels);
    number(to, "attachmentCount", statistics->attachments);
    number(to, "metadataCount", statistics->metadata);
    number(to, "chunkCount", statistics->chunks);
    number(to, "messageStartTime", statistics->start);
    number(to, "messageEndTime", statistics->end);
    counts(to, "channelMessageCounts", statistics->channel_messages);
}

static void print_message(FILE *to, const struct mcap_message *message) {
    number(to, "channelId", message->channel_id);
    number(to, "sequence", message->sequence);
    number(to, "logTime", message->log_time);
    number(to, "publishTime", message->publish_time);
    hex(to, "data", message->data);
}

static void print_definition(FILE *to, const struct mcap_record *record) {
    const struct mcap_schema *schema = &record->content.schema;
    const struct mcap_channel *channel = &record->content.channel;
    if (record->opcode == MCAP_SCHEMA) {
        number(to, "id", schema->id);
        text(to, "name", schema->name);
        text(to, "encoding", schema->encoding);
        hex(to, "data", schema->data);
    } else {
        number(to, "id", channel->id);
        number(to, "schemaId", channel->schema_id);
        text(to, "topic", channel->topic);
        text(to, "messageEncoding", channel->message_encoding);
        map(to, channel->metadata);
    }
}

static void print_small(FILE *to, const struct mcap_record *record) {
    const union mcap_content *content = &record->content;
    switch (record->opcode) {
    case MCAP_HEADER:
        text(to, "profile", content->header.profile);
        text(to, "library", content->header.library);
        break;
    case MCAP_FOOTER:
        number(to, "summaryStart", content->footer.summary_start);
        number(to, "summaryOffsetStart", content->footer.summary_offset_start);
        number(to, "summaryCrc", content->footer.summary_crc);
        break;
    case MCAP_MESSAGE_INDEX:
        number(to, "channelId", content->message_index.channel_id);
        entries(to, content->message_index.entries);
        break;
    case MCAP_METADATA:
        text(to, "name", content->metadata.name);
        map(to, content->metadata.metadata);
        break;
    case MCAP_METADATA_INDEX:
        number(to, "offset", content->metadata_index.offset);
        number(to, "length", content->metadata_index.length);
        text(to, "name", content->metadata_index.name);
        break;
    case MCAP_SUMMARY_OFFSET:
        number(to, "groupOpcode", content->summary_offset.group_opcode);
        number(to, "groupStart", content->summary_offset.group_start);
        number(to, "groupLength", content->summary_offset.group_length);
        break;
    case MCAP_DATA_END: number(to, "dataSectionCrc", content->data_end.data_section_crc); break;
    default:
        number(to, "opcode", record->opcode);
        hex(to, "data", record->body);
        break;
    }
}

void line_print(FILE *to, const struct mcap_record *record) {
    bool is_known = record->opcode >= MCAP_HEADER && record->opcode <= MCAP_DATA_END;
    (void)fprintf(to, "{\"type\":\"%s\"", is_known ? mcap_opcode_name(record->opcode) : "Unknown");
    switch (record->opcode) {
    case MCAP_SCHEMA:
    case MCAP_CHANNEL: print_definition(to, record); break;
    case MCAP_MESSAGE: print_message(to, &record->content.message); break;
    case MCAP_CHUNK: print_chunk(to, &record->content.chunk); break;
    case MCAP_CHUNK_INDEX: print_chunk_index(to, &record->content.chunk_index); break;
    case MCAP_ATTACHMENT: print_attachment(to, &record->content.attachment); break;
    case MCAP_ATTACHMENT_INDEX: print_attachment_index(to, &record->content.attachment_index); break;
    case MCAP_STATISTICS: print_statistics(to, &record->content.statistics); break;
    default: print_small(to, record); break;
    }
    (void)fputs("}\n", to);
}
