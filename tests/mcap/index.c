/* Files whose summary lies: about where things are, how large they are, and when. It is told, or the file is scanned; nothing is read twice. */
#include "mcap_bytes.h"
#include "rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N(value) UINT64_C(value)

static struct memory whole;
static struct mcap_error error;

enum { MESSAGES = 200 };

static void begin(void) {
    sample(&whole, &(struct mcap_writer_options){.compression = MCAP_LZ4, .chunk_bytes = 3000}, MESSAGES);
}
static void end(void) {
    mcap_buffer_free(&whole.bytes);
}
TestSuite(index, .init = begin, .fini = end, .timeout = 60);

/* Of record number `number` with this opcode, counted from `at` on; what is behind its head. */
static uint8_t *body_of(uint64_t at, uint8_t opcode, unsigned number) {
    uint8_t *data = whole.bytes.data;
    while (at + MCAP_HEAD_BYTES < whole.bytes.len) {
        if (data[at] == opcode && number-- == 0) return data + at + MCAP_HEAD_BYTES;
        at += MCAP_HEAD_BYTES + mcap_get64(data + at + 1);
    }
    cr_assert_fail("no record 0x%02x", opcode);
    return NULL;
}

static uint8_t *footer(void) {
    return whole.bytes.data + whole.bytes.len - MCAP_MAGIC_BYTES - 20;
}
static uint8_t *chunk_index(unsigned number) { /* its start, end, chunk_offset, chunk_length */
    return body_of(mcap_get64(footer()), MCAP_CHUNK_INDEX, number);
}

/* What is opened of it. The summary's checksum is taken away: it would tell at once. */
static struct mcap_file *open_it(enum mcap_scan scan, int *fd) {
    (void)mcap_set32(footer() + 16, 0);
    *fd = file_with(whole.bytes.data, whole.bytes.len);
    return mcap_file_open(*fd, &(struct mcap_file_options){.scan = scan}, &error);
}

/* Each sample once, in order; returns how many. *lost: how often something was told. */
static unsigned query(struct mcap_file *file, size_t memory_max, unsigned *lost) {
    static bool seen[MESSAGES];
    struct mcap_record record;
    struct mcap_query *of = mcap_query_open(file, &(struct mcap_query_options){.memory_max = memory_max});
    enum mcap_status status;
    unsigned count = 0;
    memset(seen, 0, sizeof seen);
    *lost = 0;
    cr_assert_not_null(of);
    while ((status = mcap_query_next(of, &record)) != MCAP_END) {
        cr_assert(status == MCAP_OK || status == MCAP_LOST, "%s", mcap_query_error(of)->text);
        *lost += status == MCAP_LOST;
        if (status == MCAP_LOST) error = *mcap_query_error(of);
        if (status != MCAP_OK) continue;
        const struct mcap_message *message = &record.content.message;
        cr_assert(sample_is_right(message) && message->sequence < MESSAGES && !seen[message->sequence], "message %u", message->sequence);
        seen[message->sequence] = true;
        count++;
    }
    mcap_query_close(of);
    return count;
}

/* By the summary it is not opened, and that says why; scanned it has everything. */
static void must_be_scanned(const char *why) {
    unsigned lost;
    int fd;
    cr_assert_null(open_it(MCAP_SCAN_NEVER, &fd), "not told: %s", why);
    must_say(error.text, why);
    (void)close(fd);
    struct mcap_file *file = open_it(MCAP_SCAN_IF_NEEDED, &fd);
    cr_assert_not_null(file, "%s", error.text);
    cr_assert(query(file, 0, &lost) == MESSAGES && lost == 0);
    mcap_file_close(file);
    (void)close(fd);
}

Test(index, summary_start_that_leads_nowhere) {
    const uint64_t was = mcap_get64(footer()), size = whole.bytes.len;
    (void)mcap_set64(footer(), UINT64_MAX);
    must_be_scanned("summary_start");
    (void)mcap_set64(footer(), 1);
    must_be_scanned("summary_start");
    (void)mcap_set64(footer(), size);
    must_be_scanned("summary_start");
    (void)mcap_set64(footer(), size - MCAP_MAGIC_BYTES - 29); /* the Footer itself: a summary of nothing */
    must_be_scanned("scanned");
    (void)mcap_set64(footer(), was + 3);
    must_be_scanned("");
}

/* Cyclic: the summary is said to begin where the data does. */
Test(index, a_summary_that_is_the_data) {
    unsigned lost;
    int fd;
    (void)mcap_set64(footer(), MCAP_MAGIC_BYTES);
    struct mcap_file *file = open_it(MCAP_SCAN_IF_NEEDED, &fd);
    cr_assert_not_null(file, "%s", error.text);
    cr_assert(query(file, 0, &lost) == MESSAGES && lost == 0);
    mcap_file_close(file);
    (void)close(fd);
}

Test(index, chunks_that_overlap_or_are_one) {
    const uint64_t first = mcap_get64(chunk_index(0) + 16), length = mcap_get64(chunk_index(0) + 24);
    (void)mcap_set64(chunk_index(1) + 16, first); /* the same one twice */
    (void)mcap_set64(chunk_index(1) + 24, length);
    must_be_scanned("overlap");
    (void)mcap_set64(chunk_index(1) + 16, first + 9); /* within the other */
    (void)mcap_set64(chunk_index(1) + 24, 100);
    must_be_scanned("overlap");
}

Test(index, chunks_beyond_the_data) {
    static const uint64_t offsets[] = {0, 7, UINT64_MAX, UINT64_MAX - 8, N(1) << 62};
    const uint64_t was = mcap_get64(chunk_index(2) + 16), length = mcap_get64(chunk_index(2) + 24), summary = mcap_get64(footer());
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        (void)mcap_set64(chunk_index(2) + 16, offsets[i]);
        must_be_scanned("a ChunkIndex says");
        (void)mcap_set64(chunk_index(2) + 16, was);
        (void)mcap_set64(chunk_index(2) + 24, i < 2 ? UINT64_MAX - was : offsets[i]);
        must_be_scanned("a ChunkIndex says");
        (void)mcap_set64(chunk_index(2) + 24, length);
    }
    (void)mcap_set64(chunk_index(2) + 16, summary); /* the summary as a chunk */
    must_be_scanned("a ChunkIndex says");
}

/* Within the bounds, and wrong: told when it is met, and the others are given. */
Test(index, a_chunk_that_is_not_there) {
    unsigned lost, all;
    int fd;
    uint8_t *index = chunk_index(1);
    const uint64_t offset = mcap_get64(index + 16), length = mcap_get64(index + 24);
    (void)mcap_set64(index + 16, offset + 5);
    (void)mcap_set64(index + 24, length - 5);
    struct mcap_file *file = open_it(MCAP_SCAN_NEVER, &fd);
    cr_assert_not_null(file, "%s", error.text);
    all = query(file, 0, &lost);
    cr_assert(all < MESSAGES && all > 0 && lost == 1);
    mcap_file_close(file);
    (void)close(fd);
    (void)mcap_set64(index + 16, offset);
    file = open_it(MCAP_SCAN_NEVER, &fd);
    cr_assert_not_null(file);
    cr_assert(query(file, 0, &lost) == all && lost == 1);
    must_say(error.text, "should be a Chunk of");
    mcap_file_close(file);
    (void)close(fd);
}

/* How much room a chunk takes is looked up to keep within the memory; whatever it says, all is there. */
Test(index, sizes_and_times_that_lie) {
    static const uint64_t lies[] = {0, 1, UINT64_MAX, UINT64_MAX - (N(1) << 20), N(1) << 63};
    unsigned lost;
    int fd;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        for (unsigned chunk = 0; chunk < 5; chunk++) {
            uint8_t *index = chunk_index(chunk);
            /* Behind the map of offsets (its length first) and the length of the indexes comes the name of the compression, then both sizes. */
            uint8_t *sizes = index + 32 + 4 + mcap_get32(index + 32) + 8 + 4 + strlen("lz4");
            (void)mcap_set64(mcap_set64(sizes, lies[i]), lies[i]);
        }
        struct mcap_file *file = open_it(MCAP_SCAN_NEVER, &fd);
        cr_assert_not_null(file, "%s", error.text);
        cr_assert(query(file, 1, &lost) == MESSAGES && lost == 0, "lie %zu", i);
        cr_assert(query(file, 10000, &lost) == MESSAGES && lost == 0, "lie %zu", i);
        mcap_file_close(file);
        (void)close(fd);
    }
    (void)mcap_set64(mcap_set64(chunk_index(1), 5), 6); /* from 5 to 6 */
    struct mcap_file *file = open_it(MCAP_SCAN_NEVER, &fd);
    cr_assert_not_null(file);
    cr_assert(query(file, 0, &lost) == MESSAGES && lost == 1);
    must_say(error.text, "outside of the time from 5 to 6");
    mcap_file_close(file);
    (void)close(fd);
}

Test(index, records_and_messages_anywhere) {
    struct mcap_record record;
    int fd;
    struct mcap_file *file = open_it(MCAP_SCAN_NEVER, &fd);
    cr_assert_not_null(file, "%s", error.text);
    const uint64_t chunk = mcap_get64(chunk_index(0) + 16);
    unsigned found = 0;
    for (uint64_t offset = 0; offset < whole.bytes.len + 20; offset++) {
        enum mcap_status status = mcap_file_record(file, offset, &record, &error);
        if (status != MCAP_OK) cr_assert(error.text[0] != '\0' && error.status == status);
        status = mcap_file_message(file, chunk, offset, &record, &error);
        if (status != MCAP_OK) continue;
        cr_assert(record.opcode == MCAP_MESSAGE && record.chunk_off == offset);
        if (record.channel != NULL) found += sample_is_right(&record.content.message);
    }
    cr_assert_gt(found, 10);
    cr_assert_lt(mcap_file_record(file, UINT64_MAX, &record, &error), 0);
    cr_assert_lt(mcap_file_message(file, UINT64_MAX - 8, 0, &record, &error), 0);
    cr_assert_lt(mcap_file_message(file, chunk, UINT64_MAX, &record, &error), 0);
    mcap_file_close(file);
    (void)close(fd);
}

Test(index, an_index_larger_than_allowed) {
    int fd = file_with(whole.bytes.data, whole.bytes.len);
    cr_assert_null(mcap_file_open(fd, &(struct mcap_file_options){.index_max = 1000}, &error));
    cr_assert_eq(error.status, MCAP_LIMIT);
    (void)close(fd);
}
