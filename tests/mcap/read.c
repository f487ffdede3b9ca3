/* The stream reader on whole, cut, changed and hostile files. */
#include "mcap_bytes.h"
#include "rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <zstd.h>

#define N(value) UINT64_C(value)

static struct told told;

/* Where each record of the data section ends, and how many messages are whole up to there. */
struct end {
    size_t offset;
    unsigned messages;
};

static size_t ends_of(const struct memory *file, struct end *ends, size_t max) {
    struct from from = {.data = file->bytes.data, .len = file->bytes.len};
    struct mcap_reader *reader = mcap_reader_open(from_source(&from), &(struct mcap_reader_options){0});
    struct mcap_record record;
    size_t count = 0;
    while (mcap_reader_next(reader, &record) == MCAP_OK) {
        if (record.opcode == MCAP_MESSAGE) ends[count - 1].messages++;
        if (record.in_chunk) continue;
        cr_assert_lt(count, max);
        ends[count] = (struct end){record.offset + MCAP_HEAD_BYTES + record.body.len, count > 0 ? ends[count - 1].messages : 0};
        count++;
    }
    mcap_reader_free(reader);
    return count;
}

static struct end ends[1024];

Test(read, cut_at_every_byte, .timeout = 100) {
    struct memory file = {0};
    sample(&file, &(struct mcap_writer_options){.compression = MCAP_LZ4, .chunk_bytes = 2000}, 330);
    cr_assert(file.bytes.len > 40000 && file.bytes.len < 90000, "%zu", file.bytes.len);
    size_t count = ends_of(&file, ends, 1024), next = 0;
    cr_assert_eq(ends[count - 1].messages, 330);
    for (size_t len = 1; len < file.bytes.len; len++) {
        while (next < count && ends[next].offset <= len) next++;
        tell(&told, file.bytes.data, len, NULL);
        cr_assert_eq(told.end, MCAP_END, "cut at %zu", len);
        cr_assert_eq(told.messages, next > 0 ? ends[next - 1].messages : 0, "cut at %zu", len);
        cr_assert_eq(told.wrong_messages, 0);
        cr_assert(told.account.is_cut && !told.account.is_complete && told.lost_events == 1, "cut at %zu", len);
        cr_assert_eq(told.first.status, MCAP_CUT);
    }
    tell(&told, file.bytes.data, file.bytes.len, NULL);
    cr_assert(told.messages == 330 && told.lost_events == 0 && told.account.is_complete && !told.account.is_cut);
    mcap_buffer_free(&file.bytes);
}

Test(read, every_changed_bit_is_noticed, .timeout = 100) {
    struct memory file = {0};
    sample(&file, &(struct mcap_writer_options){.compression = MCAP_ZSTD, .chunk_bytes = 2000}, 200);
    for (size_t at = 0; at < file.bytes.len; at++) {
        uint8_t bit = (uint8_t)(1u << (at * 5 % 8));
        file.bytes.data[at] ^= bit;
        tell(&told, file.bytes.data, file.bytes.len, &(struct mcap_reader_options){.resync = at % 2 == 0});
        cr_assert(told.end < 0 || told.lost_events > 0, "byte %zu", at);
        /* A MessageIndex may become a Message: what is in no chunk, only the checksum of the whole section tells. */
        cr_assert(told.wrong_messages == 0 || file.bytes.data[at] == MCAP_MESSAGE, "byte %zu", at);
        file.bytes.data[at] ^= bit;
    }
    mcap_buffer_free(&file.bytes);
}

Test(read, a_damaged_chunk_is_left_out_as_a_whole_and_counted) {
    struct memory file = {0};
    struct mcap_buffer *bytes = &file.bytes;
    sample(&file, &(struct mcap_writer_options){.compression = MCAP_UNCOMPRESSED, .chunk_bytes = 2000}, 100);
    tell(&told, bytes->data, bytes->len, NULL);
    unsigned chunks = told.opcodes[MCAP_CHUNK];
    uint64_t sum = told.sequence_sum;
    size_t count = ends_of(&file, ends, 1024);
    size_t second = 0; /* the record whose end is that of the second chunk */
    for (size_t i = 1, seen = 0; i < count && seen < 2; i++) {
        seen += ends[i].messages > ends[i - 1].messages;
        second = i;
    }
    unsigned lost = ends[second].messages - ends[second - 1].messages;
    bytes->data[ends[second].offset - 1] ^= 1;
    tell(&told, bytes->data, bytes->len, NULL);
    cr_assert_eq(told.messages, 100 - lost);
    cr_assert_lt(told.sequence_sum, sum);
    cr_assert(told.account.lost_messages == lost && told.account.lost_chunks == 1 && told.account.untold_chunks == 0);
    cr_assert(told.opcodes[MCAP_CHUNK] == chunks - 1 && told.account.is_complete && !told.account.is_cut);
    cr_assert_eq(told.first.status, MCAP_CRC);
    must_say(told.first.text, "Chunk: the checksum of its records is wrong");
    cr_assert_eq(told.lost_events, 2); /* and the checksum of the data section */
    mcap_buffer_free(bytes);
}

static struct mcap_buffer file;

static void begin(void) {
    mcap_buffer_free(&file);
    hand_magic(&file);
    hand(&file, 0x01, "ss", "", "hand");
}

static void finish(void) {
    hand_end(&file, 0);
    tell(&told, file.data, file.len, NULL);
}

Test(read, by_hand_without_chunks_and_with_what_nobody_knows) {
    begin();
    hand(&file, 0x99, "r", "private", (size_t)7);
    hand(&file, 0x7F, "r", "future", (size_t)6);
    hand(&file, 0x03, "2sssr", N(1), "S", "", "", "more", (size_t)4);
    hand(&file, 0x04, "22ssbr", N(1), N(1), "t", "", "", (size_t)0, "more", (size_t)4);
    hand(&file, 0x05, "2488", N(1), N(0), N(1000000), N(1000001));
    finish();
    cr_assert(told.messages == 1 && told.wrong_messages == 0 && told.lost_events == 0 && told.account.is_complete);
    cr_assert(told.opcodes[0x99] == 1 && told.opcodes[0x7F] == 1 && told.opcodes[MCAP_SCHEMA] == 1);
}

Test(read, what_is_no_mcap_file) {
    tell(&told, "hello, world", 12, NULL);
    cr_assert_eq(told.end, MCAP_FORMAT);
    must_say(told.first.text, "no MCAP file");
    tell(&told, "", 0, NULL);
    cr_assert(told.end == MCAP_END && told.account.is_cut && told.first.status == MCAP_CUT);
    must_say(told.first.text, "empty");
}

Test(read, messages_of_unknown_channels_are_told_once) {
    begin();
    for (int i = 0; i < 5; i++) hand(&file, 0x05, "2488", N(9), N(0), N(1), N(1));
    finish();
    cr_assert(told.messages == 0 && told.lost_events == 1 && told.account.lost_messages == 5);
    must_say(told.first.text, "no Channel 9 came before");
}

Test(read, contradictions_and_malformed_records) {
    begin();
    hand(&file, 0x03, "2sss", N(1), "A", "", "");
    hand(&file, 0x03, "2sss", N(1), "A", "", ""); /* the same again is fine */
    hand(&file, 0x03, "2sss", N(1), "B", "", "");
    hand(&file, 0x0C, "l", N(77));
    hand(&file, 0x0C, "ss", "fine", "");
    finish();
    cr_assert(told.lost_events == 2 && told.account.lost_records == 2 && told.opcodes[MCAP_SCHEMA] == 2 &&
              told.opcodes[MCAP_METADATA] == 1);
    must_say(told.first.text, "Schema: id 1 stands for something else already");
}

/* A file with one such chunk; what the reader says of it. */
static const char *with_chunk(const char *compression, uint64_t size, const void *records, size_t len,
                              const struct mcap_reader_options *options) {
    begin();
    hand_chunk(&file, compression, size, 0, records, len);
    hand_end(&file, 0);
    tell(&told, file.data, file.len, options);
    cr_assert(told.end == MCAP_END && told.lost_events == 1 && told.account.lost_chunks == 1 && told.account.untold_chunks == 1);
    cr_assert(told.account.is_complete && told.opcodes[MCAP_CHUNK] == 0 && told.opcodes[MCAP_FOOTER] == 1);
    return told.first.text;
}

Test(read, bombs_and_absurd_claims) {
    static char zeros[1 << 20], packed[1 << 21];
    const struct mcap_reader_options small = {.record_max = 1 << 16};
    size_t zstd = ZSTD_compress(packed, sizeof packed, zeros, sizeof zeros, 3);
    must_say(with_chunk("zstd", sizeof zeros, packed, zstd, &small), "of which 65536 are allowed");
    must_say(with_chunk("zstd", 1000, packed, zstd, NULL), "cannot be decompressed");
    must_say(with_chunk("zstd", N(1) << 60, packed, zstd, NULL), "are allowed");
    must_say(with_chunk("zstd", 2000000, packed, zstd, NULL), "fewer bytes than it claims");
    must_say(with_chunk("zstd", sizeof zeros, packed, zstd / 2, NULL), "cannot be decompressed");
    size_t lz4 = LZ4F_compressFrame(packed, sizeof packed, zeros, sizeof zeros, NULL);
    must_say(with_chunk("lz4", sizeof zeros, packed, lz4, &small), "of which 65536 are allowed");
    must_say(with_chunk("lz4", 1000, packed, lz4, NULL), "more bytes than it claims");
    must_say(with_chunk("lz4", 1000000, "abc", 3, NULL), "cannot become");
    must_say(with_chunk("lz4", 1 << 20, packed, lz4 - 8, NULL), "cut");
    must_say(with_chunk("lz4", 10, "this is no frame", 16, NULL), "cannot be decompressed");
    must_say(with_chunk("", 10, "abc", 3, NULL), "cannot become");
    must_say(with_chunk("", 2, "abc", 3, NULL), "another size than it claims");
    must_say(with_chunk("bz2", 2, "abc", 3, NULL), "compressed by 'bz2', which is neither lz4 nor zstd");
}

Test(read, what_may_not_be_in_a_chunk) {
    struct mcap_buffer records = {0};
    hand(&records, 0x05, "24", N(1), N(2));
    must_say(with_chunk("", records.len, records.data, records.len, NULL), "at byte 0 of its records, Message: its log_time does not fit");
    records.len = 0;
    hand(&records, 0x06, "r", "x", (size_t)1);
    must_say(with_chunk("", records.len, records.data, records.len, NULL), "Chunk: may not be within a chunk");
    records.len = 0;
    hand(&records, 0x05, "2488r", N(1), N(2), N(3), N(4), "x", (size_t)1);
    must_say(with_chunk("", records.len - 1, records.data, records.len - 1, NULL), "does not fit into the chunk");
    mcap_buffer_free(&records);
}

Test(read, lengths_of_records_that_lie) {
    static const uint64_t lengths[] = {UINT64_MAX, UINT64_MAX - 8, N(1) << 62, (N(1) << 28) + 1, 5000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        uint8_t head[9];
        (void)mcap_set_head(head, MCAP_CHUNK, lengths[i]);
        begin();
        cr_assert(mcap_buffer_add(&file, head, sizeof head) && mcap_buffer_add(&file, "rest", 4));
        tell(&told, file.data, file.len, NULL);
        cr_assert(told.end == MCAP_END && told.lost_events == 1 && told.account.is_cut && told.first.status == MCAP_CUT);
        must_say(told.first.text, "Chunk: ");
    }
    begin();
    hand(&file, 0x88, "r", "0123456789012345678901234567890123456789", (size_t)40);
    hand(&file, 0x0C, "ss", "behind", "");
    hand_end(&file, 0);
    tell(&told, file.data, file.len, &(struct mcap_reader_options){.record_max = 39});
    cr_assert(told.lost_events == 1 && told.first.status == MCAP_LIMIT && told.opcodes[MCAP_METADATA] == 1 && told.account.is_complete);
    cr_assert_eq(told.account.lost_bytes, 49);
}

Test(read, resync_finds_the_next_chunk) {
    struct memory whole = {0};
    sample(&whole, &(struct mcap_writer_options){.chunk_bytes = 2000, .flags = MCAP_CHUNKS_ALONE}, 100);
    size_t count = ends_of(&whole, ends, 1024), first = 1;
    while (first < count && ends[first].messages == 0) first++;
    uint8_t *length = whole.bytes.data + ends[first - 1].offset + 1;
    length[5] ^= 0x10; /* the first chunk's length: far beyond the end */
    tell(&told, whole.bytes.data, whole.bytes.len, NULL);
    cr_assert(told.messages == 0 && told.account.is_cut);
    tell(&told, whole.bytes.data, whole.bytes.len, &(struct mcap_reader_options){.resync = true});
    cr_assert(told.messages == 100 - ends[first].messages && told.account.is_complete && !told.account.is_cut && told.wrong_messages == 0);
    mcap_buffer_free(&whole.bytes);
    begin();
    cr_assert(mcap_buffer_add(&file, "\0nonsense", 9));
    finish();
    cr_assert(told.lost_events == 1 && told.first.status == MCAP_FORMAT && told.opcodes[MCAP_FOOTER] == 0);
    must_say(told.first.text, "no record begins here");
}

Test(read, byte_by_byte_passing_chunks_and_errors_of_the_source) {
    struct memory whole = {0};
    struct mcap_record record;
    sample(&whole, NULL, 100);
    struct from from = {.data = whole.bytes.data, .len = whole.bytes.len, .step = 1};
    struct mcap_reader *reader = mcap_reader_open(from_source(&from), &(struct mcap_reader_options){0});
    enum mcap_status status;
    unsigned messages = 0;
    while ((status = mcap_reader_next(reader, &record)) == MCAP_OK) {
        if (record.opcode == MCAP_CHUNK) mcap_reader_pass(reader);
        messages += record.opcode == MCAP_MESSAGE;
    }
    cr_assert(status == MCAP_END && messages == 0 && mcap_reader_account(reader)->messages == 100 &&
              mcap_reader_account(reader)->is_complete);
    cr_assert(mcap_reader_channel(reader, 3) != NULL && mcap_reader_schema(reader, 1) != NULL && mcap_reader_channel(reader, 4) == NULL);
    mcap_reader_free(reader);
    from = (struct from){.data = whole.bytes.data, .len = 1000, .fail_with = -EIO};
    reader = mcap_reader_open(from_source(&from), &(struct mcap_reader_options){0});
    while ((status = mcap_reader_next(reader, &record)) == MCAP_OK) continue;
    cr_assert(status == MCAP_IO && mcap_reader_error(reader)->os_error == EIO && mcap_reader_next(reader, &record) == MCAP_IO);
    cr_assert_str_eq(mcap_reader_error(reader)->text, "reading at byte 1000 failed: Input/output error");
    mcap_reader_free(reader);
    mcap_buffer_free(&whole.bytes);
}

Test(read, definitions_have_a_limit) {
    begin();
    for (uint64_t id = 1; id <= 5; id++) hand(&file, 0x03, "2sss", id, "a name of some length", "", "");
    hand_end(&file, 0);
    tell(&told, file.data, file.len, &(struct mcap_reader_options){.definitions_max = 100});
    cr_assert(told.first.status == MCAP_LIMIT && told.opcodes[MCAP_SCHEMA] == 2 && told.lost_events == 3 && told.account.is_complete);
}
