#include "mcap_parse.h"

#include "mcap_bytes.h"

/* The first field that does not fit is remembered; all that follow are zero. */
struct cursor {
    const uint8_t *at, *end;
    const char *wrong;  /* the field */
    const char *reason; /* "is cut" by default */
};

static const uint8_t *take(struct cursor *cursor, uint64_t bytes, const char *field) {
    if (cursor->wrong != NULL) return NULL;
    if ((uint64_t)(cursor->end - cursor->at) < bytes) {
        cursor->wrong = field;
        cursor->reason = "does not fit into the record";
        return NULL;
    }
    const uint8_t *taken = cursor->at;
    cursor->at += bytes;
    return taken;
}

static void refuse(struct cursor *cursor, const char *field, const char *reason) {
    if (cursor->wrong != NULL) return;
    cursor->wrong = field;
    cursor->reason = reason;
}

static uint8_t get8(struct cursor *cursor, const char *field) {
    const uint8_t *from = take(cursor, 1, field);
    return from != NULL ? *from : 0;
}
static uint16_t get16(struct cursor *cursor, const char *field) {
    const uint8_t *from = take(cursor, 2, field);
    return from != NULL ? mcap_get16(from) : 0;
}
static uint32_t get32(struct cursor *cursor, const char *field) {
    const uint8_t *from = take(cursor, 4, field);
    return from != NULL ? mcap_get32(from) : 0;
}
static uint64_t get64(struct cursor *cursor, const char *field) {
    const uint8_t *from = take(cursor, 8, field);
    return from != NULL ? mcap_get64(from) : 0;
}

static struct mcap_str bytes_of(struct cursor *cursor, uint64_t len, const char *field) {
    const uint8_t *from = take(cursor, len, field);
    return from != NULL ? (struct mcap_str){(const char *)from, (size_t)len} : (struct mcap_str){0};
}
static struct mcap_str get_str(struct cursor *cursor, const char *field) {
    return bytes_of(cursor, get32(cursor, field), field);
}
static struct mcap_str get_data(struct cursor *cursor, const char *field) {
    return bytes_of(cursor, get64(cursor, field), field);
}

static struct mcap_map get_map(struct cursor *cursor, const char *field) {
    struct mcap_str bytes = get_str(cursor, field), key, value;
    struct mcap_map map = {(const uint8_t *)bytes.data, bytes.len}, rest = map;
    while (mcap_map_next(&rest, &key, &value)) continue;
    if (rest.len > 0) refuse(cursor, field, "is a map whose pairs do not end where it does");
    return map;
}

static struct mcap_counts get_counts(struct cursor *cursor, const char *field) {
    struct mcap_str bytes = get_str(cursor, field);
    if (bytes.len % MCAP_COUNT_BYTES != 0) refuse(cursor, field, "is no whole number of pairs");
    return (struct mcap_counts){(const uint8_t *)bytes.data, bytes.len};
}

static void parse_footer(struct cursor *cursor, struct mcap_footer *to) {
    to->summary_start = get64(cursor, "summary_start");
    to->summary_offset_start = get64(cursor, "summary_offset_start");
    to->summary_crc = get32(cursor, "summary_crc");
}

static void parse_schema(struct cursor *cursor, struct mcap_schema *to) {
    to->id = get16(cursor, "id");
    if (to->id == 0) refuse(cursor, "id", "is 0, which no schema may have");
    to->name = get_str(cursor, "name");
    to->encoding = get_str(cursor, "encoding");
    to->data = get_str(cursor, "data");
}

static void parse_channel(struct cursor *cursor, struct mcap_channel *to) {
    to->id = get16(cursor, "id");
    to->schema_id = get16(cursor, "schema_id");
    to->topic = get_str(cursor, "topic");
    to->message_encoding = get_str(cursor, "message_encoding");
    to->metadata = get_map(cursor, "metadata");
}

static void parse_message(struct cursor *cursor, struct mcap_message *to) {
    to->channel_id = get16(cursor, "channel_id");
    to->sequence = get32(cursor, "sequence");
    to->log_time = get64(cursor, "log_time");
    to->publish_time = get64(cursor, "publish_time");
    to->data = bytes_of(cursor, (uint64_t)(cursor->end - cursor->at), "data");
}

static void parse_chunk(struct cursor *cursor, struct mcap_chunk *to) {
    to->start = get64(cursor, "message_start_time");
    to->end = get64(cursor, "message_end_time");
    to->uncompressed_size = get64(cursor, "uncompressed_size");
    to->uncompressed_crc = get32(cursor, "uncompressed_crc");
    to->compression = get_str(cursor, "compression");
    to->records = get_data(cursor, "records");
}

static void parse_message_index(struct cursor *cursor, struct mcap_message_index *to) {
    to->channel_id = get16(cursor, "channel_id");
    to->entries = get_str(cursor, "records");
    if (to->entries.len % MCAP_ENTRY_BYTES != 0) refuse(cursor, "records", "is no whole number of entries");
}

static void parse_chunk_index(struct cursor *cursor, struct mcap_chunk_index *to) {
    to->start = get64(cursor, "message_start_time");
    to->end = get64(cursor, "message_end_time");
    to->chunk_offset = get64(cursor, "chunk_start_offset");
    to->chunk_length = get64(cursor, "chunk_length");
    to->message_index_offsets = get_counts(cursor, "message_index_offsets");
    to->message_index_length = get64(cursor, "message_index_length");
    to->compression = get_str(cursor, "compression");
    to->compressed_size = get64(cursor, "compressed_size");
    to->uncompressed_size = get64(cursor, "uncompressed_size");
}

static void parse_attachment(struct cursor *cursor, struct mcap_attachment *to) {
    to->log_time = get64(cursor, "log_time");
    to->create_time = get64(cursor, "create_time");
    to->name = get_str(cursor, "name");
    to->media_type = get_str(cursor, "media_type");
    to->data = get_data(cursor, "data");
    to->crc = get32(cursor, "crc");
}

static void parse_attachment_index(struct cursor *cursor, struct mcap_attachment_index *to) {
    to->offset = get64(cursor, "offset");
    to->length = get64(cursor, "length");
    to->log_time = get64(cursor, "log_time");
    to->create_time = get64(cursor, "create_time");
    to->data_size = get64(cursor, "data_size");
    to->name = get_str(cursor, "name");
    to->media_type = get_str(cursor, "media_type");
}

static void parse_statistics(struct cursor *cursor, struct mcap_statistics *to) {
    to->messages = get64(cursor, "message_count");
    to->schemas = get16(cursor, "schema_count");
    to->channels = get32(cursor, "channel_count");
    to->attachments = get32(cursor, "attachment_count");
    to->metadata = get32(cursor, "metadata_count");
    to->chunks = get32(cursor, "chunk_count");
    to->start = get64(cursor, "message_start_time");
    to->end = get64(cursor, "message_end_time");
    to->channel_messages = get_counts(cursor, "channel_message_counts");
}

static void parse_metadata_index(struct cursor *cursor, struct mcap_metadata_index *to) {
    to->offset = get64(cursor, "offset");
    to->length = get64(cursor, "length");
    to->name = get_str(cursor, "name");
}

static void parse_summary_offset(struct cursor *cursor, struct mcap_summary_offset *to) {
    to->group_opcode = get8(cursor, "group_opcode");
    to->group_start = get64(cursor, "group_start");
    to->group_length = get64(cursor, "group_length");
}

static void parse_known(enum mcap_opcode opcode, struct cursor *cursor, union mcap_content *to) {
    switch (opcode) {
    case MCAP_HEADER:
        to->header.profile = get_str(cursor, "profile");
        to->header.library = get_str(cursor, "library");
        break;
    case MCAP_FOOTER: parse_footer(cursor, &to->footer); break;
    case MCAP_SCHEMA: parse_schema(cursor, &to->schema); break;
    case MCAP_CHANNEL: parse_channel(cursor, &to->channel); break;
    case MCAP_MESSAGE: parse_message(cursor, &to->message); break;
    case MCAP_CHUNK: parse_chunk(cursor, &to->chunk); break;
    case MCAP_MESSAGE_INDEX: parse_message_index(cursor, &to->message_index); break;
    case MCAP_CHUNK_INDEX: parse_chunk_index(cursor, &to->chunk_index); break;
    case MCAP_ATTACHMENT: parse_attachment(cursor, &to->attachment); break;
    case MCAP_ATTACHMENT_INDEX: parse_attachment_index(cursor, &to->attachment_index); break;
    case MCAP_STATISTICS: parse_statistics(cursor, &to->statistics); break;
    case MCAP_METADATA:
        to->metadata.name = get_str(cursor, "name");
        to->metadata.metadata = get_map(cursor, "metadata");
        break;
    case MCAP_METADATA_INDEX: parse_metadata_index(cursor, &to->metadata_index); break;
    case MCAP_SUMMARY_OFFSET: parse_summary_offset(cursor, &to->summary_offset); break;
    case MCAP_DATA_END: to->data_end.data_section_crc = get32(cursor, "data_section_crc"); break;
    }
}

enum mcap_status mcap_parse(const struct mcap_place *place, const uint8_t *body, size_t len, union mcap_content *content,
                            struct mcap_error *error) {
    struct cursor cursor = {.at = body, .end = body + len};
    uint8_t opcode = place->opcode;
    if (opcode < MCAP_HEADER || opcode > MCAP_DATA_END) return MCAP_OK;
    parse_known(opcode, &cursor, content);
    if ((opcode == MCAP_FOOTER || opcode == MCAP_DATA_END) && cursor.at != cursor.end) refuse(&cursor, "end", "is followed by more");
    if (cursor.wrong == NULL) return MCAP_OK;
    return mcap_fail(error, MCAP_FORMAT, place, "its %s %s", cursor.wrong, cursor.reason);
}
