#include "recover.h"
#include "mcap_emit.h"
#include "mcap_write.h"
#include "recording.h"
#include "shelf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rescue {
    const struct recover_options *options;
    int fd;
    struct mcap_reader *reader;
    struct shelf shelf;
    struct mcap_writer *writer; /* NULL: the Header was not read yet */
    struct mcap_packer packer;
    struct mcap_packed packed;
    struct mcap_buffer sheet; /* that stood before what comes now */
    uint64_t sheet_at;        /* where */
    uint64_t lost_sheets, lost_sheet_bytes;
    struct recording_place *places;
    size_t place_count;
    uint64_t messages, lost, gone;
    struct source_fault *fault;
};

static bool fail(struct rescue *rescue, const char *text) {
    (void)snprintf(rescue->fault->text, sizeof rescue->fault->text, "%s", text);
    return false;
}

static bool fail_at(struct rescue *rescue, const char *path, const char *text) {
    (void)snprintf(rescue->fault->text, sizeof rescue->fault->text, "%.200s: %.190s", path, text);
    return false;
}

static bool wrote(struct rescue *rescue, enum mcap_status status) {
    return status == MCAP_OK || fail_at(rescue, rescue->options->to, mcap_writer_error(rescue->writer)->text);
}

static uint64_t written_bytes(const struct rescue *rescue) {
    struct mcap_writer_stats stats;
    mcap_writer_stats(rescue->writer, &stats);
    return stats.bytes;
}

/* A file whose Header is damaged gets an empty one. */
static bool begin(struct rescue *rescue, const struct mcap_header *header) {
    struct mcap_error error = {.text = ""};
    struct mcap_writer_options options = {.compression = MCAP_LZ4};
    if (rescue->writer != NULL) return true;
    if (header != NULL) {
        options.profile = header->profile;
        options.library = header->library;
    }
    rescue->writer = mcap_writer_open(mcap_sink_fd(&rescue->shelf.fd), &options, &error);
    return rescue->writer != NULL || fail_at(rescue, rescue->options->to, error.text);
}

static bool add_place(struct rescue *rescue, const struct recording_place *place) {
    if (rescue->place_count % 256 == 0) {
        struct recording_place *larger = realloc(rescue->places, (rescue->place_count + 256) * sizeof *larger);
        if (larger == NULL) return fail(rescue, "out of memory");
        rescue->places = larger;
    }
    rescue->places[rescue->place_count++] = *place;
    return true;
}

static void count_losses(struct rescue *rescue, struct recording_cursor *cursor) {
    struct recording_entry entry;
    uint64_t lost = 0, gone = 0;
    while (recording_sheet_next(cursor, &entry)) {
        rescue->lost += entry.lost;
        rescue->gone += entry.gone;
    }
    recording_sheet_rest(cursor, &lost, &gone);
    rescue->lost += lost;
    rescue->gone += gone;
}

static void leave_sheet(struct rescue *rescue, const char *why) {
    char text[200];
    rescue->lost_sheets++;
    rescue->lost_sheet_bytes += MCAP_HEAD_BYTES + rescue->sheet.len;
    (void)snprintf(text, sizeof text, "at byte %" PRIu64 ", Sheet: %s; seqs, senders and causes of the chunk behind it are lost",
                   rescue->sheet_at, why);
    if (rescue->options->notice != NULL) rescue->options->notice(rescue->options->context, text);
}

/* The sheet goes along if it is this chunk's. */
static bool put_sheet(struct rescue *rescue, uint64_t chunk_at) {
    const struct mcap_str body = {(const char *)rescue->sheet.data, rescue->sheet.len};
    struct recording_cursor cursor;
    if (body.len == 0) return true;
    const char *why = recording_sheet_read(body, &cursor);
    bool is_before = rescue->sheet_at + MCAP_HEAD_BYTES + body.len == chunk_at;
    if (why == NULL && (!is_before || cursor.chunk_length != rescue->packed.chunk_length)) why = "it belongs to another chunk";
    if (why != NULL) {
        leave_sheet(rescue, why);
        return true;
    }
    const struct recording_place place = {written_bytes(rescue), written_bytes(rescue) + MCAP_HEAD_BYTES + body.len, cursor.first,
                                          cursor.seq_end};
    if (!wrote(rescue, mcap_writer_private(rescue->writer, RECORDING_SHEET, body))) return false;
    count_losses(rescue, &cursor);
    return add_place(rescue, &place);
}

static bool take_chunk(struct rescue *rescue, const struct mcap_record *record) {
    struct mcap_error error;
    if (mcap_pack_again(&rescue->packer, &record->content.chunk, record->records, &rescue->packed, &error) != MCAP_OK)
        return fail(rescue, error.text);
    bool done = wrote(rescue, mcap_writer_flush(rescue->writer)) && put_sheet(rescue, record->offset) &&
                wrote(rescue, mcap_writer_put(rescue->writer, &rescue->packed));
    rescue->messages += rescue->packed.messages;
    mcap_reader_pass(rescue->reader);
    return done;
}

static bool hold_sheet(struct rescue *rescue, const struct mcap_record *record) {
    rescue->sheet_at = record->offset;
    return mcap_buffer_add(&rescue->sheet, record->body.data, record->body.len) || fail(rescue, "out of memory");
}

static bool is_end(const struct mcap_metadata *metadata) {
    return metadata->name.len == strlen(RECORDING_END) && memcmp(metadata->name.data, RECORDING_END, metadata->name.len) == 0;
}

static bool take_record(struct rescue *rescue, const struct mcap_record *record) {
    if (record->in_summary) return true;
    if (!begin(rescue, record->opcode == MCAP_HEADER ? &record->content.header : NULL)) return false;
    bool done = true;
    switch (record->opcode) {
    case MCAP_SCHEMA: done = wrote(rescue, mcap_writer_schema(rescue->writer, &record->content.schema)); break;
    case MCAP_CHANNEL: done = wrote(rescue, mcap_writer_channel(rescue->writer, &record->content.channel)); break;
    case MCAP_MESSAGE:
        done = wrote(rescue, mcap_writer_message(rescue->writer, &record->content.message));
        rescue->messages++;
        break;
    case MCAP_CHUNK: done = take_chunk(rescue, record); break;
    case MCAP_ATTACHMENT: done = wrote(rescue, mcap_writer_attachment(rescue->writer, &record->content.attachment)); break;
    case MCAP_METADATA:
        done = is_end(&record->content.metadata) || wrote(rescue, mcap_writer_metadata(rescue->writer, &record->content.metadata));
        break;
    default:
        if (record->opcode >= MCAP_PRIVATE && record->opcode != RECORDING_SHEET && record->opcode != RECORDING_INDEX)
            done = wrote(rescue, mcap_writer_private(rescue->writer, record->opcode, record->body));
    }
    if (record->opcode != MCAP_MESSAGE_INDEX) rescue->sheet.len = 0;
    if (done && record->opcode == RECORDING_SHEET) done = hold_sheet(rescue, record);
    return done;
}

static bool put_end(struct rescue *rescue) {
    struct mcap_buffer map = {.data = NULL}, body = {.data = NULL};
    char texts[4][24];
    (void)snprintf(texts[0], sizeof texts[0], "%" PRIu64, written_bytes(rescue));
    (void)snprintf(texts[1], sizeof texts[1], "%" PRIu64, rescue->messages);
    (void)snprintf(texts[2], sizeof texts[2], "%" PRIu64, rescue->lost);
    (void)snprintf(texts[3], sizeof texts[3], "%" PRIu64, rescue->gone);
    bool made = recording_index_body(rescue->places, rescue->place_count, &body) &&
                mcap_map_add(&map, mcap_text("index_offset"), mcap_text(texts[0])) &&
                mcap_map_add(&map, mcap_text("messages"), mcap_text(texts[1])) &&
                mcap_map_add(&map, mcap_text("lost"), mcap_text(texts[2])) && mcap_map_add(&map, mcap_text("gone"), mcap_text(texts[3]));
    const struct mcap_metadata metadata = {mcap_text(RECORDING_END), {map.data, map.len}};
    bool done = made &&
                wrote(rescue, mcap_writer_private(rescue->writer, RECORDING_INDEX, (struct mcap_str){(const char *)body.data, body.len})) &&
                wrote(rescue, mcap_writer_metadata(rescue->writer, &metadata));
    mcap_buffer_free(&map);
    mcap_buffer_free(&body);
    return made ? done : fail(rescue, "out of memory");
}

static bool save_all(struct rescue *rescue, struct recover_account *account) {
    const struct recover_options *options = rescue->options;
    struct mcap_record record;
    for (uint64_t turn = 1;; turn++) {
        enum mcap_status status = mcap_reader_next(rescue->reader, &record);
        if (status == MCAP_END) break;
        if (status < 0) return fail_at(rescue, options->from, mcap_reader_error(rescue->reader)->text);
        if (status == MCAP_LOST && options->notice != NULL) options->notice(options->context, mcap_reader_error(rescue->reader)->text);
        if (status == MCAP_OK && !take_record(rescue, &record)) return false;
        if (turn % 256 == 0 && options->progress != NULL)
            options->progress(options->context, mcap_reader_account(rescue->reader)->bytes, rescue->messages);
    }
    if (!begin(rescue, NULL) || !wrote(rescue, mcap_writer_flush(rescue->writer))) return false;
    if (rescue->place_count > 0 && !put_end(rescue)) return false;
    if (!wrote(rescue, mcap_writer_finish(rescue->writer))) return false;
    account->bytes = written_bytes(rescue);
    return true;
}

static bool open_both(struct rescue *rescue) {
    const struct recover_options *options = rescue->options;
    bool is_stdin = strcmp(options->from, "-") == 0;
    /* In a damaged file the next whole chunk is looked for. */
    const struct mcap_reader_options how = {.resync = true};
    do rescue->fd = is_stdin ? STDIN_FILENO : open(options->from, O_RDONLY | O_CLOEXEC);
    while (rescue->fd < 0 && errno == EINTR);
    if (rescue->fd < 0) return fail_at(rescue, options->from, strerror(errno));
    rescue->reader = mcap_reader_open(mcap_source_fd(&rescue->fd), &how);
    if (rescue->reader == NULL) return fail(rescue, "out of memory");
    return shelf_open(&rescue->shelf, options->to, false, 0, options->overwrite, rescue->fault);
}

bool recover(const struct recover_options *options, struct recover_account *account, struct source_fault *fault) {
    struct rescue rescue = {.options = options, .fd = -1, .shelf = {.fd = -1}, .packer = {.compression = MCAP_LZ4}, .fault = fault};
    *account = (struct recover_account){.messages = 0};
    bool done = open_both(&rescue) && save_all(&rescue, account) && shelf_end(&rescue.shelf, fault);
    if (rescue.reader != NULL) account->read = *mcap_reader_account(rescue.reader);
    account->read.lost_records += rescue.lost_sheets;
    account->read.lost_bytes += rescue.lost_sheet_bytes;
    account->messages = rescue.messages;
    mcap_writer_free(rescue.writer);
    mcap_packed_free(&rescue.packed);
    mcap_packer_free(&rescue.packer);
    mcap_reader_free(rescue.reader);
    mcap_buffer_free(&rescue.sheet);
    free(rescue.places);
    shelf_close(&rescue.shelf);
    if (rescue.fd > STDIN_FILENO) (void)close(rescue.fd);
    return done;
}
