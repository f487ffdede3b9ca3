/* A recording that ends anywhere: all its complete chunks are read, and recovered, and that it is cut is told. */
#include "mcap_buffer.h"
#include "mcap_read.h"
#include "recover.h"
#include "tape.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK = 40, CHUNKS = 9, MESSAGES = CHUNK * CHUNKS };

static struct tape tape;
static size_t ends[CHUNKS + 1], size; /* ends: of chunk number i */
static char cut[PATH_ROOM], saved[PATH_ROOM];

static void begin(void) {
    path_in_folder(cut, "cut.mcap");
    path_in_folder(saved, "saved.mcap");
    tape_make(&tape, 1000, MESSAGES);
}

static void end(void) {
    tape_free(&tape);
    (void)unlink(cut);
    (void)unlink(saved);
}

TestSuite(recording_cut, .init = begin, .fini = end, .timeout = 240);

static void find_ends(void) {
    struct mcap_record record;
    unsigned count = 0;
    int fd = open(cut, O_RDONLY | O_CLOEXEC);
    struct mcap_reader *reader = mcap_reader_open(mcap_source_fd(&fd), &(struct mcap_reader_options){0});
    while (mcap_reader_next(reader, &record) == MCAP_OK) {
        if (record.opcode != MCAP_CHUNK) continue;
        cr_assert_lt(count, CHUNKS);
        ends[count++] = record.offset + MCAP_HEAD_BYTES + record.body.len;
    }
    cr_assert_eq(count, CHUNKS);
    ends[CHUNKS] = SIZE_MAX;
    size = mcap_reader_account(reader)->bytes;
    mcap_reader_free(reader);
    (void)close(fd);
}

/* Longest first: a byte less each time. Returns how many messages are whole. */
static unsigned cut_at(size_t len) {
    unsigned chunks = 0;
    cr_assert_eq(truncate(cut, (off_t)len), 0);
    while (ends[chunks] <= len) chunks++;
    return chunks * CHUNK;
}

static void record(enum mcap_compression compression) {
    tape_record(&tape, &(struct recorder_options){.path = cut, .overwrite = true, .context = "cut", .compression = compression}, CHUNK);
    find_ends();
    cr_assert(size > 55000 && size < 80000, "%zu", size);
}

/* What the messages of the tape up to there say was missed. */
static uint64_t lost_up_to(unsigned count) {
    uint64_t lost = 0;
    for (unsigned i = 0; i < count; i++) lost += tape.messages[i].lost;
    return lost;
}

Test(recording_cut, every_byte_read) {
    struct heard heard;
    record(MCAP_LZ4);
    hear(cut, &tape, 0, &heard);
    cr_assert(heard.messages == MESSAGES && heard.faults == 0 && heard.end == SOURCE_END, "%u messages, end %d: %s", heard.messages,
              heard.end, heard.first_fault);
    cr_assert_eq(heard.loss.lost, lost_up_to(MESSAGES));
    for (size_t len = size; len-- > 0;) {
        unsigned whole = cut_at(len);
        hear(cut, &tape, 0, &heard);
        cr_assert_eq(heard.messages, whole, "cut at %zu: %u messages, not %u", len, heard.messages, whole);
        cr_assert(heard.faults > 0 && heard.end == SOURCE_END, "cut at %zu, and not told", len);
        cr_assert_geq(heard.loss.lost, lost_up_to(whole));
    }
}

static void recover_every(size_t stride) {
    struct source_fault fault;
    struct recover_account account;
    struct heard heard;
    const struct recover_options options = {.from = cut, .to = saved, .overwrite = true};
    cr_assert(recover(&options, &account, &fault), "%s", fault.text);
    cr_assert(account.read.is_complete && !account.read.is_cut && account.read.lost_records == 0);
    for (size_t len = size - 1; len >= stride; len -= stride) {
        unsigned whole = cut_at(len);
        cr_assert(recover(&options, &account, &fault), "cut at %zu: %s", len, fault.text);
        cr_assert_eq(account.messages, whole, "cut at %zu", len);
        cr_assert(account.read.is_cut && !account.read.is_complete, "cut at %zu, and not told", len);
        hear(saved, &tape, 0, &heard);
        cr_assert(heard.messages == whole && heard.faults == 0 && heard.end == SOURCE_END, "cut at %zu, recovered: %s", len,
                  heard.first_fault);
        cr_assert_eq(heard.loss.lost, lost_up_to(whole), "cut at %zu", len);
    }
}

/* SCTX_RECORDER_STRIDE: only every seventh byte or so, where the machine is slow. */
Test(recording_cut, recovered) {
    const char *stride = getenv("SCTX_RECORDER_STRIDE");
    record(MCAP_ZSTD);
    recover_every(stride != NULL && atoi(stride) > 0 ? (size_t)atoi(stride) : 1);
}
