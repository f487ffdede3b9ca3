/* Each record by itself: what stands in the specification (https://mcap.dev/spec, "Records") as bytes, taken apart and put together. */
#include "mcap_emit.h"
#include "mcap_parse.h"
#include "rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct mcap_buffer bytes;
static struct mcap_error error;

#define N(value) UINT64_C(value)

static enum mcap_status parse(size_t len, union mcap_content *content) {
    const struct mcap_place place = {1234, 0, bytes.data[0]};
    return mcap_parse(&place, bytes.data + 9, len, content, &error);
}

static bool is(struct mcap_str text, const char *wanted) {
    return text.len == strlen(wanted) && memcmp(text.data, wanted, text.len) == 0;
}

/* What was put together is what was written by hand. */
static void same(bool is_emitted, struct mcap_buffer *emitted) {
    cr_assert(is_emitted);
    cr_assert_arr_eq(emitted->data, bytes.data, bytes.len);
    cr_assert_eq(emitted->len, bytes.len);
    mcap_buffer_free(emitted);
}

/* No part of it is a record; with more behind it, it is one, or not. */
static void ends_where_it_ends(bool may_have_more) {
    union mcap_content content;
    size_t body = bytes.len - 9;
    for (size_t len = 0; len < body; len++) {
        uint8_t *exact = malloc(len > 0 ? len : 1); /* so that reading beyond it is seen */
        memcpy(exact, bytes.data + 9, len);
        const struct mcap_place place = {1234, 0, bytes.data[0]};
        cr_assert_eq(mcap_parse(&place, exact, len, &content, &error), MCAP_FORMAT, "%zu of %zu bytes", len, body);
        free(exact);
        must_say(error.text, "at byte 1234, ");
        must_say(error.text, "does not fit into the record");
        cr_assert(error.offset == 1234 && error.opcode == bytes.data[0] && error.status == MCAP_FORMAT);
    }
    cr_assert(mcap_buffer_add(&bytes, "more", 4));
    cr_assert_eq(parse(body + 4, &content), may_have_more ? MCAP_OK : MCAP_FORMAT);
    mcap_buffer_free(&bytes);
}

/* A few whole, byte for byte: opcode, length, and numbers with the lowest byte first. */
Test(records, as_bytes) {
    struct mcap_buffer emitted = {0};
    static const uint8_t header[] = {0x01, 12, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 'p', 3, 0, 0, 0, 'l', 'i', 'b'};
    cr_assert(mcap_emit_header(&emitted, &(struct mcap_header){mcap_text("p"), mcap_text("lib")}));
    cr_assert_eq(emitted.len, sizeof header);
    cr_assert_arr_eq(emitted.data, header, sizeof header);
    emitted.len = 0;
    static const uint8_t end[] = {0x0F, 4, 0, 0, 0, 0, 0, 0, 0, 0x78, 0x56, 0x34, 0x12};
    cr_assert(mcap_emit_data_end(&emitted, &(struct mcap_data_end){0x12345678}));
    cr_assert_eq(emitted.len, sizeof end);
    cr_assert_arr_eq(emitted.data, end, sizeof end);
    emitted.len = 0;
    static const uint8_t footer[] = {0x02, 20, 0,    0, 0, 0, 0, 0, 0, 0x08, 7,    6,    5,    4,   3,
                                     2,    1,  0x18, 0, 0, 0, 0, 0, 0, 0,    0xEF, 0xBE, 0xAD, 0xDE};
    cr_assert(mcap_emit_footer(&emitted, &(struct mcap_footer){0x0102030405060708, 0x18, 0xDEADBEEF}));
    cr_assert_eq(emitted.len, sizeof footer);
    cr_assert_arr_eq(emitted.data, footer, sizeof footer);
    mcap_buffer_free(&emitted);
}

Test(records, header) {
    union mcap_content content;
    struct mcap_buffer emitted = {0};
    hand(&bytes, 0x01, "ss", "ros1", "libmcap");
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_OK);
    cr_assert(is(content.header.profile, "ros1") && is(content.header.library, "libmcap"));
    same(mcap_emit_header(&emitted, &content.header), &emitted);
    ends_where_it_ends(true);
}

Test(records, footer) {
    union mcap_content content;
    struct mcap_buffer emitted = {0};
    hand(&bytes, 0x02, "884", N(0x1122334455667788), N(9), N(0xCAFEBABE));
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_OK);
    cr_assert(content.footer.summary_start == 0x1122334455667788 && content.footer.summary_offset_start == 9 &&
              content.footer.summary_crc == 0xCAFEBABE);
    same(mcap_emit_footer(&emitted, &content.footer), &emitted);
    ends_where_it_ends(false); /* spec: "Footer": not extended */
}

Test(records, schema) {
    union mcap_content content;
    struct mcap_buffer emitted = {0};
    hand(&bytes, 0x03, "2ssb", N(258), "a.B", "protobuf", "\0\1\2", (size_t)3);
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_OK);
    cr_assert(content.schema.id == 258 && is(content.schema.name, "a.B") && is(content.schema.encoding, "protobuf"));
    cr_assert(content.schema.data.len == 3 && memcmp(content.schema.data.data, "\0\1\2", 3) == 0);
    same(mcap_emit_schema(&emitted, &content.schema), &emitted);
    ends_where_it_ends(true);
    hand(&bytes, 0x03, "2sss", N(0), "a", "", "");
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_FORMAT); /* spec: "Schema": an id of zero is invalid */
    cr_assert_str_eq(error.text, "at byte 1234, Schema: its id is 0, which no schema may have");
    mcap_buffer_free(&bytes);
}

Test(records, channel) {
    union mcap_content content;
    struct mcap_buffer emitted = {0}, map = {0};
    struct mcap_str key, value;
    static const char pairs[] = "\1\0\0\0k\2\0\0\0vw\0\0\0\0\0\0\0\0";
    hand(&bytes, 0x04, "22ssb", N(65535), N(7), "/t", "json", pairs, sizeof pairs - 1);
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_OK);
    cr_assert(content.channel.id == 65535 && content.channel.schema_id == 7);
    cr_assert(is(content.channel.topic, "/t") && is(content.channel.message_encoding, "json"));
    struct mcap_map rest = content.channel.metadata;
    cr_assert(mcap_map_next(&rest, &key, &value) && is(key, "k") && is(value, "vw"));
    cr_assert(mcap_map_next(&rest, &key, &value) && key.len == 0 && value.len == 0);
    cr_assert(!mcap_map_next(&rest, &key, &value));
    cr_assert(mcap_map_add(&map, mcap_text("k"), mcap_text("vw")) && mcap_map_add(&map, mcap_text(""), mcap_text("")));
    content.channel.metadata = mcap_map_of(&map);
    same(mcap_emit_channel(&emitted, &content.channel), &emitted);
    mcap_buffer_free(&map);
    ends_where_it_ends(true);
}

Test(records, a_map_whose_pairs_do_not_end_where_it_does) {
    union mcap_content content;
    static const char pairs[] = "\1\0\0\0k\2\0\0\0vw";
    for (size_t len = 1; len < sizeof pairs - 1; len++) {
        hand(&bytes, 0x0C, "sb", "name", pairs, len);
        cr_assert_eq(parse(bytes.len - 9, &content), MCAP_FORMAT, "%zu bytes", len);
        cr_assert_str_eq(error.text, "at byte 1234, Metadata: its metadata is a map whose pairs do not end where it does");
        mcap_buffer_free(&bytes);
    }
    hand(&bytes, 0x0C, "sb", "name", "\377\377\377\377k", (size_t)5);
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_FORMAT);
    mcap_buffer_free(&bytes);
}

Test(records, message) {
    union mcap_content content;
    hand(&bytes, 0x05, "2488r", N(3), N(0xFFFFFFFF), N(0x8000000000000001), N(2), "payload", (size_t)7);
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_OK);
    cr_assert(content.message.channel_id == 3 && content.message.sequence == UINT32_MAX && content.message.log_time == 0x8000000000000001);
    cr_assert(content.message.publish_time == 2 && is(content.message.data, "payload"));
    cr_assert_eq(parse(22, &content), MCAP_OK);
    cr_assert_eq(content.message.data.len, 0);
    cr_assert_eq(parse(21, &content), MCAP_FORMAT);
    cr_assert_str_eq(error.text, "at byte 1234, Message: its publish_time does not fit into the record");
    mcap_buffer_free(&bytes);
}

Test(records, chunk) {
    union mcap_content content;
    struct mcap_buffer emitted = {0};
    hand(&bytes, 0x06, "8884sL", N(1), N(2), N(300), N(4), "zstd", "records", (size_t)7);
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_OK);
    const struct mcap_chunk *chunk = &content.chunk;
    cr_assert(chunk->start == 1 && chunk->end == 2 && chunk->uncompressed_size == 300 && chunk->uncompressed_crc == 4);
    cr_assert(is(chunk->compression, "zstd") && is(chunk->records, "records"));
    cr_assert(mcap_emit_chunk_head(&emitted, chunk) && mcap_buffer_add(&emitted, "records", 7));
    same(true, &emitted);
    ends_where_it_ends(true);
}

Test(records, message_index) {
    union mcap_content content;
    static const char entries[32] = {1, 0, 0, 0, 0, 0, 0, 0, 2};
    hand(&bytes, 0x07, "2b", N(5), entries, sizeof entries);
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_OK);
    cr_assert(content.message_index.channel_id == 5 && content.message_index.entries.len == 32);
    ends_where_it_ends(true);
    hand(&bytes, 0x07, "2b", N(5), entries, (size_t)17);
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_FORMAT);
    cr_assert_str_eq(error.text, "at byte 1234, MessageIndex: its records is no whole number of entries");
    mcap_buffer_free(&bytes);
}

Test(records, chunk_index) {
    union mcap_content content;
    struct mcap_buffer emitted = {0};
    uint16_t id;
    uint64_t offset;
    static const char offsets[] = "\7\0\1\0\0\0\0\0\0\0\10\0\2\0\0\0\0\0\0\0";
    hand(&bytes, 0x08, "8888b8s88", N(1), N(2), N(3), N(4), offsets, sizeof offsets - 1, N(5), "lz4", N(6), N(7));
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_OK);
    const struct mcap_chunk_index *index = &content.chunk_index;
    cr_assert(index->start == 1 && index->end == 2 && index->chunk_offset == 3 && index->chunk_length == 4 &&
              index->message_index_length == 5);
    cr_assert(is(index->compression, "lz4") && index->compressed_size == 6 && index->uncompressed_size == 7);
    struct mcap_counts rest = index->message_index_offsets;
    cr_assert(mcap_counts_next(&rest, &id, &offset) && id == 7 && offset == 1);
    cr_assert(mcap_counts_next(&rest, &id, &offset) && id == 8 && offset == 2);
    cr_assert(!mcap_counts_next(&rest, &id, &offset));
    same(mcap_emit_chunk_index(&emitted, index), &emitted);
    ends_where_it_ends(true);
    hand(&bytes, 0x08, "8888b8s88", N(1), N(2), N(3), N(4), offsets, (size_t)11, N(5), "lz4", N(6), N(7));
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_FORMAT);
    must_say(error.text, "message_index_offsets is no whole number of pairs");
    mcap_buffer_free(&bytes);
}

Test(records, attachment) {
    union mcap_content content;
    struct mcap_buffer emitted = {0};
    hand(&bytes, 0x09, "88ssL4", N(1), N(2), "n", "m/t", "data", (size_t)4, N(0x01020304));
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_OK);
    const struct mcap_attachment *attachment = &content.attachment;
    cr_assert(attachment->log_time == 1 && attachment->create_time == 2 && is(attachment->name, "n") && is(attachment->media_type, "m/t"));
    cr_assert(is(attachment->data, "data") && attachment->crc == 0x01020304);
    cr_assert(mcap_emit_attachment_head(&emitted, attachment) && mcap_buffer_add(&emitted, "data\4\3\2\1", 8));
    same(true, &emitted);
    ends_where_it_ends(true);
}

Test(records, attachment_index) {
    union mcap_content content;
    struct mcap_buffer emitted = {0};
    hand(&bytes, 0x0A, "88888ss", N(1), N(2), N(3), N(4), N(5), "n", "m");
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_OK);
    const struct mcap_attachment_index *index = &content.attachment_index;
    cr_assert(index->offset == 1 && index->length == 2 && index->log_time == 3 && index->create_time == 4 && index->data_size == 5);
    cr_assert(is(index->name, "n") && is(index->media_type, "m"));
    same(mcap_emit_attachment_index(&emitted, index), &emitted);
    ends_where_it_ends(true);
}

Test(records, statistics) {
    union mcap_content content;
    struct mcap_buffer emitted = {0}, counts = {0};
    hand(&bytes, 0x0B, "82444488b", N(1), N(2), N(3), N(4), N(5), N(6), N(7), N(8), "\1\0\2\0\0\0\0\0\0\0", (size_t)10);
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_OK);
    struct mcap_statistics *statistics = &content.statistics;
    cr_assert(statistics->messages == 1 && statistics->schemas == 2 && statistics->channels == 3 && statistics->attachments == 4);
    cr_assert(statistics->metadata == 5 && statistics->chunks == 6 && statistics->start == 7 && statistics->end == 8);
    cr_assert(mcap_counts_add(&counts, 1, 2));
    statistics->channel_messages = mcap_counts_of(&counts);
    same(mcap_emit_statistics(&emitted, statistics), &emitted);
    mcap_buffer_free(&counts);
    ends_where_it_ends(true);
}

Test(records, metadata) {
    union mcap_content content;
    struct mcap_buffer emitted = {0};
    hand(&bytes, 0x0C, "sb", "name", "\1\0\0\0a\1\0\0\0b", (size_t)10);
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_OK);
    cr_assert(is(content.metadata.name, "name") && content.metadata.metadata.len == 10);
    same(mcap_emit_metadata(&emitted, &content.metadata), &emitted);
    ends_where_it_ends(true);
}

Test(records, metadata_index) {
    union mcap_content content;
    struct mcap_buffer emitted = {0};
    hand(&bytes, 0x0D, "88s", N(1), N(2), "name");
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_OK);
    cr_assert(content.metadata_index.offset == 1 && content.metadata_index.length == 2 && is(content.metadata_index.name, "name"));
    same(mcap_emit_metadata_index(&emitted, &content.metadata_index), &emitted);
    ends_where_it_ends(true);
}

Test(records, summary_offset) {
    union mcap_content content;
    struct mcap_buffer emitted = {0};
    hand(&bytes, 0x0E, "188", N(3), N(0x0102030405060708), N(9));
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_OK);
    const struct mcap_summary_offset *offset = &content.summary_offset;
    cr_assert(offset->group_opcode == 3 && offset->group_start == 0x0102030405060708 && offset->group_length == 9);
    same(mcap_emit_summary_offset(&emitted, offset), &emitted);
    ends_where_it_ends(true);
}

Test(records, data_end) {
    union mcap_content content;
    hand(&bytes, 0x0F, "4", N(0x89ABCDEF));
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_OK);
    cr_assert_eq(content.data_end.data_section_crc, 0x89ABCDEF);
    ends_where_it_ends(false); /* spec: "DataEnd": not extended */
}

Test(records, lengths_that_lie) {
    union mcap_content content;
    hand(&bytes, 0x01, "lrl", N(0xFFFFFFFF), "abc", (size_t)3, N(0));
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_FORMAT);
    cr_assert_str_eq(error.text, "at byte 1234, Header: its profile does not fit into the record");
    mcap_buffer_free(&bytes);
    hand(&bytes, 0x06, "8884s8r", N(1), N(2), N(3), N(4), "", UINT64_MAX, "abc", (size_t)3);
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_FORMAT);
    cr_assert_str_eq(error.text, "at byte 1234, Chunk: its records does not fit into the record");
    mcap_buffer_free(&bytes);
    hand(&bytes, 0x09, "88ss8r", N(1), N(2), "", "", UINT64_MAX - 3, "abcd", (size_t)4);
    cr_assert_eq(parse(bytes.len - 9, &content), MCAP_FORMAT);
    mcap_buffer_free(&bytes);
}

Test(records, names_in_errors_are_harmless) {
    const struct mcap_place place = {5, 0, MCAP_CHUNK};
    cr_assert_eq(mcap_fail(&error, MCAP_FORMAT, &place, "named '%s'", "a\033[31m\200b\n"), MCAP_FORMAT);
    cr_assert_str_eq(error.text, "at byte 5, Chunk: named 'a?[31m?b?'");
    cr_assert_str_eq(mcap_opcode_name(0x80), "private record");
    cr_assert_str_eq(mcap_opcode_name(0x10), "unknown record");
    cr_assert_str_eq(mcap_opcode_name(0), "unknown record");
}
