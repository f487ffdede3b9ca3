/* What a recording has beside its messages: seqs of 64 bits, causes, senders, losses. Whole, damaged, of other chunks, and not there. */
#include "edit.h"
#include "mcap_bytes.h"
#include "mcap_compress.h"
#include "recording.h"
#include "recover.h"
#include "tape.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 50, CHUNKS = 3, MESSAGES = CHUNK * CHUNKS };
static const uint64_t wrap = UINT64_C(1) << 32;

static char path[PATH_ROOM], saved[PATH_ROOM];
static struct tape tape;
static struct mcap_buffer whole, edited;
static struct piece pieces[PIECES];
static size_t count;
static struct heard heard;

static void begin(void) {
    path_in_folder(path, "sheets.mcap");
    path_in_folder(saved, "saved.mcap");
}

static void end(void) {
    tape_free(&tape);
    mcap_buffer_free(&whole);
    mcap_buffer_free(&edited);
    (void)unlink(path);
    (void)unlink(saved);
}

TestSuite(recording_sheets, .init = begin, .fini = end, .timeout = 60);

static void record(uint64_t first_seq) {
    tape_make(&tape, first_seq, MESSAGES);
    tape_record(&tape, &(struct recorder_options){.path = path, .overwrite = true, .context = "sheets"}, CHUNK);
    load(path, &whole);
    count = take_apart(&whole, pieces);
}

static void hear_edited(void) {
    put_together(pieces, count, &edited);
    save(path, edited.data, edited.len);
    hear(path, &tape, 0, &heard);
}

/* As they are without their Sheet. */
static void strip(unsigned first, unsigned end_at) {
    for (unsigned i = first; i < end_at; i++) {
        struct source_message *message = &tape.messages[i];
        message->has_cause = message->cause_is_explicit = false;
        message->pid = message->join = 0;
        message->lost = message->gone = 0;
    }
}

static void remove_pieces(bool (*is_wanted)(uint8_t opcode)) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (is_wanted(pieces[i].opcode)) pieces[kept++] = pieces[i];
    cr_assert_lt(kept, count);
    count = kept;
}

static bool is_public(uint8_t opcode) {
    return opcode < MCAP_PRIVATE;
}

static void recover_edited(struct recover_account *account) {
    struct source_fault fault;
    cr_assert(recover(&(struct recover_options){.from = path, .to = saved, .overwrite = true}, account, &fault), "%s", fault.text);
    cr_assert(account->messages == MESSAGES && account->read.is_complete);
}

Test(recording_sheets, seqs_beyond_32_bits) {
    struct source_fault fault;
    struct source_message message;
    record((wrap << 9) - 60);
    hear(path, &tape, 0, &heard);
    cr_assert(heard.messages == MESSAGES && heard.faults == 0 && heard.end == SOURCE_END, "%s", heard.first_fault);
    struct source *source = source_open_file(path, &fault);
    for (unsigned i = 0; i < MESSAGES; i++) {
        const struct source_message *wanted = &tape.messages[i];
        if (wanted->is_sample) continue;
        cr_assert_eq(source_seek(source, wanted->seq), SOURCE_OK);
        while (source_next(source, &message) == SOURCE_OK && message.is_sample) continue;
        const char *what = tape_differs(wanted, &message);
        cr_assert(what == NULL || strcmp(what, "loss") == 0, "message %u, sought, has another %s", i, what);
    }
    struct source_range range;
    cr_assert_eq(source_range(source, &range), SOURCE_OK);
    cr_assert(range.first == tape.messages[0].seq && range.end == tape.messages[MESSAGES - 1].seq + 1);
    source_close(source);
}

/* A chunk that has but samples has no seqs of its own. */
Test(recording_sheets, a_last_chunk_of_samples) {
    struct source_fault fault;
    struct source_message message;
    struct source_range range;
    enum { SAMPLE = 16 };
    tape_make(&tape, 7000, SAMPLE + 1);
    tape_record(&tape, &(struct recorder_options){.path = path, .overwrite = true, .context = "sheets"}, SAMPLE);
    struct source *source = source_open_file(path, &fault);
    cr_assert(source_range(source, &range) == SOURCE_OK && range.first == 7000 && range.end == 7000 + SAMPLE + 5);
    for (unsigned i = 0; i < SAMPLE; i++) {
        cr_assert(source_seek(source, tape.messages[i].seq) == SOURCE_OK && source_next(source, &message) == SOURCE_OK);
        cr_assert_eq(message.seq, tape.messages[i].seq);
    }
    source_close(source);
}

Test(recording_sheets, without_private_records_only_what_they_say_is_missing) {
    struct recover_account account;
    record(wrap - 60);
    cr_assert(tape.messages[MESSAGES - 1].seq > wrap);
    strip(0, MESSAGES);
    remove_pieces(is_public);
    hear_edited();
    cr_assert(heard.messages == MESSAGES && heard.faults == 0 && heard.end == SOURCE_END, "%s", heard.first_fault);
    cr_assert(heard.loss.lost == 0 && heard.loss.gone == 0);
    recover_edited(&account);
    cr_assert_eq(account.read.lost_records, 0);
    hear(saved, &tape, 0, &heard);
    cr_assert(heard.messages == MESSAGES && heard.faults == 0 && heard.end == SOURCE_END, "%s", heard.first_fault);
}

/* By the low 32 bits alone, a message that another tool has put before an earlier one stays near to it. */
Test(recording_sheets, without_sheets_order_does_not_matter_around_the_wrap) {
    record(wrap - 60);
    remove_pieces(is_public);
    size_t first = find_piece(pieces, count, MCAP_CHUNK, 0), second = find_piece(pieces, count, MCAP_CHUNK, 1);
    size_t third = find_piece(pieces, count, MCAP_CHUNK, 2);
    const struct piece moved = pieces[first];
    pieces[first] = pieces[second];
    pieces[second] = moved;
    strip(0, MESSAGES);
    struct source_message *now = calloc(MESSAGES, sizeof *now), *before = tape.messages;
    cr_assert(now != NULL && third > second);
    for (unsigned i = 0; i < MESSAGES; i++) now[i] = before[i < CHUNK ? i + CHUNK : i < 2 * CHUNK ? i - CHUNK : i];
    /* Nothing tells that the first chunk is behind the wrap, if nothing comes before it. */
    tape.messages = now;
    unsigned wrapped = 0;
    for (unsigned i = 0; i < CHUNK; i++) wrapped += now[i].seq >= wrap;
    cr_assert(wrapped > 0 && wrapped < CHUNK, "%u", wrapped);
    hear_edited();
    cr_assert(heard.messages == MESSAGES && heard.end == SOURCE_END);
    tape.messages = before;
    free(now);
}

Test(recording_sheets, of_another_chunk) {
    struct recover_account account;
    record(7000);
    size_t first = find_piece(pieces, count, RECORDING_SHEET, 0), second = find_piece(pieces, count, RECORDING_SHEET, 1);
    const struct piece swapped = pieces[first];
    pieces[first] = pieces[second];
    pieces[second] = swapped;
    strip(0, 2 * CHUNK);
    hear_edited();
    cr_assert(heard.messages == MESSAGES && heard.end == SOURCE_END);
    recover_edited(&account);
    cr_assert(account.read.lost_records == 2 && account.read.lost_bytes == pieces[first].len + pieces[second].len);
    hear(saved, &tape, 0, &heard);
    cr_assert_eq(heard.messages, MESSAGES);
}

/* Even one that claims to be as long: it tells of other messages. */
Test(recording_sheets, of_another_chunk_of_the_same_length) {
    static uint8_t forged[1 << 16];
    record(7000);
    size_t first = find_piece(pieces, count, RECORDING_SHEET, 0), second = find_piece(pieces, count, RECORDING_SHEET, 1);
    size_t len = pieces[second].len;
    cr_assert_leq(len, sizeof forged);
    memcpy(forged, pieces[second].data, len);
    memcpy(forged + MCAP_HEAD_BYTES + 8, pieces[first].data + MCAP_HEAD_BYTES + 8, 8); /* the chunk's length */
    (void)mcap_set32(forged + MCAP_HEAD_BYTES, mcap_crc(0, forged + MCAP_HEAD_BYTES + 4, len - MCAP_HEAD_BYTES - 4));
    pieces[first] = (struct piece){RECORDING_SHEET, forged, len};
    strip(0, CHUNK);
    hear_edited();
    cr_assert(heard.messages == MESSAGES && heard.end == SOURCE_END);
}

Test(recording_sheets, damaged) {
    struct recover_account account;
    record(7000);
    strip(CHUNK, 2 * CHUNK);
    size_t second = find_piece(pieces, count, RECORDING_SHEET, 1);
    for (size_t at = 0; at < pieces[second].len - MCAP_HEAD_BYTES; at += 7) {
        uint8_t *byte = whole.data + (pieces[second].data - whole.data) + MCAP_HEAD_BYTES + at;
        *byte ^= 0x20;
        hear_edited();
        cr_assert(heard.messages == MESSAGES && heard.end == SOURCE_END && heard.faults == 1, "byte %zu", at);
        cr_assert(strstr(heard.first_fault, "Sheet: ") != NULL, "%s", heard.first_fault);
        recover_edited(&account);
        cr_assert(account.read.lost_records == 1 && account.read.lost_bytes == pieces[second].len, "byte %zu", at);
        hear(saved, &tape, 0, &heard);
        cr_assert(heard.messages == MESSAGES && heard.faults == 0, "byte %zu", at);
        *byte ^= 0x20;
    }
}

/* Whatever it says, it is words, or entries within what is there: an entry's bits, lengths, numbers of senders. */
Test(recording_sheets, sound_to_the_checksum_and_nonsense) {
    static uint8_t forged[1 << 16];
    record(7000);
    size_t second = find_piece(pieces, count, RECORDING_SHEET, 1), len = pieces[second].len;
    const uint8_t *was = pieces[second].data;
    for (size_t at = 20; at < len - MCAP_HEAD_BYTES; at++) {
        memcpy(forged, was, len);
        forged[MCAP_HEAD_BYTES + at] ^= (uint8_t)(at % 2 == 0 ? 0xFF : 0x81);
        (void)mcap_set32(forged + MCAP_HEAD_BYTES, mcap_crc(0, forged + MCAP_HEAD_BYTES + 4, len - MCAP_HEAD_BYTES - 4));
        pieces[second].data = forged;
        put_together(pieces, count, &edited);
        save(path, edited.data, edited.len);
        hear(path, NULL, 0, &heard);
        cr_assert(heard.messages == MESSAGES && heard.end == SOURCE_END, "byte %zu", at);
    }
}
