#include "mcap_index.h"

#include "mcap_catalog.h"
#include "mcap_parse.h"
#include "mcap_places.h"
#include "mcap_unpack.h"
#include "mcap_walk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

/* spec: "Footer": it and the magic behind it have a fixed size. */
enum { FOOTER_BYTES = MCAP_HEAD_BYTES + 20, TAIL_BYTES = FOOTER_BYTES + MCAP_MAGIC_BYTES };

struct mcap_file {
    int fd;
    uint64_t size;
    struct mcap_file_options options;
    struct mcap_places places;
    struct mcap_codec codec;
    struct mcap_buffer raw, space; /* of mcap_file_record() */
    uint64_t held;                 /* the offset of the record that `raw` holds; 0: none */
    struct mcap_record record;     /* that record */
};

/* ---- by the summary ---- */

static enum mcap_status read_footer(struct mcap_file *file, struct mcap_footer *footer, struct mcap_error *error) {
    uint8_t tail[TAIL_BYTES];
    union mcap_content content;
    static const char unfinished[] = "the file does not end with a Footer: it is cut, or still being written. It can be scanned";
    if (file->size < MCAP_MAGIC_BYTES + TAIL_BYTES) return mcap_fail(error, MCAP_NO_SUMMARY, NULL, unfinished);
    const struct mcap_place place = {file->size - TAIL_BYTES, 0, MCAP_FOOTER};
    int status = mcap_read_at(file->fd, place.offset, tail, sizeof tail);
    if (status != 0) return mcap_fail_io(error, -status, "reading", place.offset);
    if (memcmp(tail + FOOTER_BYTES, MCAP_MAGIC, MCAP_MAGIC_BYTES) != 0 || tail[0] != MCAP_FOOTER || mcap_get64(tail + 1) != 20) {
        return mcap_fail(error, MCAP_NO_SUMMARY, NULL, unfinished);
    }
    (void)mcap_parse(&place, tail + MCAP_HEAD_BYTES, 20, &content, error);
    *footer = content.footer;
    if (footer->summary_start == 0) return mcap_fail(error, MCAP_NO_SUMMARY, &place, "the file has no summary. It can be scanned");
    if (footer->summary_start < MCAP_MAGIC_BYTES || footer->summary_start > place.offset) {
        return mcap_fail(error, MCAP_FORMAT, &place, "summary_start %" PRIu64 " is not between the file's ends. It can be scanned",
                         footer->summary_start);
    }
    return MCAP_OK;
}

static struct mcap_reader *reader_at(const struct mcap_file *file, struct mcap_span_source *span, bool is_summary,
                                     struct mcap_error *error) {
    struct mcap_reader_options options = {.at = span->at,
                                          .is_summary = is_summary,
                                          .record_max = file->options.record_max,
                                          .definitions_max = file->options.definitions_max,
                                          .resync = !is_summary && file->options.resync};
    struct mcap_reader *reader = mcap_reader_open(mcap_source_span(span), &options);
    if (reader == NULL) (void)mcap_fail_memory(error, NULL);
    return reader;
}

/* All records from there on. is_strict: what is damaged ends it; else it is left out. */
static enum mcap_status learn_from(struct mcap_file *file, uint64_t at, bool is_strict, struct mcap_error *error) {
    struct mcap_span_source span = {file->fd, at, file->size};
    struct mcap_record record;
    struct mcap_reader *reader = reader_at(file, &span, is_strict, error);
    if (reader == NULL) return error->status;
    enum mcap_status status;
    while ((status = mcap_reader_next(reader, &record)) != MCAP_END) {
        if (status < 0 || (status == MCAP_LOST && is_strict)) {
            *error = *mcap_reader_error(reader);
            status = error->status;
            break;
        }
        status = status == MCAP_LOST ? mcap_places_gap(&file->places) : mcap_places_learn(&file->places, &record, !is_strict, error);
        if (status != MCAP_OK) break;
    }
    if (status == MCAP_END) {
        file->places.account = *mcap_reader_account(reader);
        status = MCAP_OK;
    }
    mcap_reader_free(reader);
    return status;
}

/* Its Header is where it begins: what it says is nice to know. */
static enum mcap_status read_header(struct mcap_file *file, struct mcap_error *error) {
    struct mcap_span_source span = {file->fd, 0, file->size};
    struct mcap_record record;
    struct mcap_reader *reader = reader_at(file, &span, false, error);
    if (reader == NULL) return error->status;
    enum mcap_status status = mcap_reader_next(reader, &record);
    if (status == MCAP_OK && record.opcode == MCAP_HEADER)
        status = mcap_places_learn(&file->places, &record, false, error);
    else if (status < 0)
        *error = *mcap_reader_error(reader);
    mcap_reader_free(reader);
    return status < 0 ? error->status : MCAP_OK;
}

static enum mcap_status read_summary(struct mcap_file *file, struct mcap_error *error) {
    struct mcap_footer footer = {0};
    enum mcap_status status = read_footer(file, &footer, error);
    if (status == MCAP_OK) status = learn_from(file, footer.summary_start, true, error);
    if (status == MCAP_OK) status = mcap_places_check(&file->places, footer.summary_start, error);
    return status;
}

static enum mcap_status scan(struct mcap_file *file, struct mcap_error *error) {
    mcap_places_free(&file->places);
    file->places.is_scanned = true;
    return learn_from(file, 0, false, error);
}

static enum mcap_status learn(struct mcap_file *file, struct mcap_error *error) {
    enum mcap_status status = read_header(file, error);
    if (status != MCAP_OK) return status;
    if (file->options.scan == MCAP_SCAN_ALWAYS) return scan(file, error);
    status = read_summary(file, error);
    bool is_curable = status == MCAP_NO_SUMMARY || status == MCAP_FORMAT || status == MCAP_CRC || status == MCAP_CUT;
    return is_curable && file->options.scan == MCAP_SCAN_IF_NEEDED ? scan(file, error) : status;
}

struct mcap_file *mcap_file_open(int fd, const struct mcap_file_options *options, struct mcap_error *error) {
    struct stat about;
    if (fstat(fd, &about) != 0) {
        (void)mcap_fail_io(error, errno, "looking at the file", 0);
        return NULL;
    }
    if (!S_ISREG(about.st_mode)) {
        (void)mcap_fail(error, MCAP_IO, NULL, "this is no ordinary file: what comes through a pipe can only be read as a stream");
        error->os_error = ESPIPE;
        return NULL;
    }
    struct mcap_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        (void)mcap_fail_memory(error, NULL);
        return NULL;
    }
    file->fd = fd;
    file->size = (uint64_t)about.st_size;
    file->options = *options;
    if (file->options.record_max == 0) file->options.record_max = MCAP_RECORD_MAX;
    if (file->options.definitions_max == 0) file->options.definitions_max = MCAP_DEFINITIONS_MAX;
    file->places.catalog.bytes_max = file->options.definitions_max;
    file->places.bytes_max = options->index_max != 0 ? options->index_max : MCAP_INDEX_MAX;
    if (learn(file, error) == MCAP_OK) return file;
    mcap_file_close(file);
    return NULL;
}

/* ---- what is in it ---- */

const struct mcap_header *mcap_file_header(const struct mcap_file *file) {
    return &file->places.header;
}

const struct mcap_statistics *mcap_file_statistics(const struct mcap_file *file) {
    return file->places.has_statistics ? &file->places.statistics : NULL;
}

const struct mcap_account *mcap_file_account(const struct mcap_file *file) {
    return file->places.is_scanned ? &file->places.account : NULL;
}

const struct mcap_chunk_place *mcap_file_chunks(const struct mcap_file *file, size_t *count) {
    *count = file->places.chunk_count;
    return file->places.chunks;
}

uint16_t mcap_file_chunk_channel(const struct mcap_file *file, const struct mcap_chunk_place *place, uint32_t i) {
    return file->places.ids[place->channels + i];
}

bool mcap_file_times(const struct mcap_file *file, uint64_t *start, uint64_t *end) {
    bool is_any = false;
    for (size_t i = 0; i < file->places.chunk_count; i++) {
        const struct mcap_chunk_place *place = &file->places.chunks[i];
        if (!place->has_messages) continue;
        if (!is_any || place->start < *start) *start = place->start;
        if (!is_any || place->end > *end) *end = place->end;
        is_any = true;
    }
    return is_any;
}

const struct mcap_schema *mcap_file_schema(const struct mcap_file *file, uint16_t id) {
    return mcap_catalog_schema(&file->places.catalog, id);
}

const struct mcap_channel *mcap_file_channel(const struct mcap_file *file, uint16_t id) {
    return mcap_catalog_channel(&file->places.catalog, id);
}

uint32_t mcap_file_id_end(const struct mcap_file *file) {
    const struct mcap_catalog *catalog = &file->places.catalog;
    return catalog->schemas.size > catalog->channels.size ? catalog->schemas.size : catalog->channels.size;
}

const struct mcap_record_place *mcap_file_records(const struct mcap_file *file, size_t *count) {
    *count = file->places.record_count;
    return file->places.records;
}

/* ---- parts of it ---- */

static enum mcap_status read_record(struct mcap_file *file, struct mcap_place *place, struct mcap_buffer *raw, struct mcap_error *error) {
    uint8_t head[MCAP_HEAD_BYTES];
    uint64_t size = file->size;
    if (place->offset > size || size - place->offset < sizeof head)
        return mcap_fail(error, MCAP_CUT, place, "there is no record: the file ends before");
    int status = mcap_read_at(file->fd, place->offset, head, sizeof head);
    if (status != 0) return mcap_fail_io(error, -status, "reading", place->offset);
    uint64_t body_len = mcap_get64(head + 1);
    place->opcode = head[0];
    if (place->opcode == 0) return mcap_fail(error, MCAP_FORMAT, place, "no record begins here (opcode 0)");
    if (body_len > size - place->offset - sizeof head) {
        return mcap_fail(error, MCAP_CUT, place, "claims %" PRIu64 " bytes, but the file ends before", body_len);
    }
    if (body_len > file->options.record_max) {
        return mcap_fail(error, MCAP_LIMIT, place, "has %" PRIu64 " bytes, of which %zu are allowed", body_len, file->options.record_max);
    }
    raw->len = 0;
    if (mcap_buffer_take(raw, (size_t)body_len) == NULL) return mcap_fail_memory(error, place);
    status = mcap_read_at(file->fd, place->offset + sizeof head, raw->data, (size_t)body_len);
    return status != 0 ? mcap_fail_io(error, -status, "reading", place->offset) : MCAP_OK;
}

enum mcap_status mcap_file_record(struct mcap_file *file, uint64_t offset, struct mcap_record *record, struct mcap_error *error) {
    struct mcap_place place = {.offset = offset};
    file->held = 0;
    enum mcap_status status = read_record(file, &place, &file->raw, error);
    if (status != MCAP_OK) return status;
    struct mcap_record *all = &file->record;
    *all = (struct mcap_record){.opcode = place.opcode, .offset = offset, .body = {(const char *)file->raw.data, file->raw.len}};
    status = mcap_parse(&place, file->raw.data, file->raw.len, &all->content, error);
    if (status == MCAP_OK && place.opcode == MCAP_CHUNK) {
        status = mcap_unpack(&file->codec, &all->content.chunk, offset, file->options.record_max, &file->space, &all->records, error);
    }
    if (status == MCAP_OK && place.opcode == MCAP_ATTACHMENT)
        status = mcap_check_attachment(&place, all->body, &all->content.attachment, error);
    if (status != MCAP_OK) return status;
    if (place.opcode == MCAP_MESSAGE) all->channel = mcap_file_channel(file, all->content.message.channel_id);
    file->held = offset;
    *record = *all;
    return MCAP_OK;
}

enum mcap_status mcap_file_message(struct mcap_file *file, uint64_t chunk_offset, uint64_t offset, struct mcap_record *record,
                                   struct mcap_error *error) {
    uint64_t at = chunk_offset != 0 ? chunk_offset : offset;
    uint8_t wanted = chunk_offset != 0 ? MCAP_CHUNK : MCAP_MESSAGE;
    enum mcap_status status = MCAP_OK;
    if (file->held != at) status = mcap_file_record(file, at, record, error);
    if (status != MCAP_OK) return status;
    *record = file->record;
    if (record->opcode != wanted) {
        const struct mcap_place found = {at, 0, record->opcode};
        return mcap_fail(error, MCAP_FORMAT, &found, "should be a %s", mcap_opcode_name(wanted));
    }
    if (chunk_offset == 0) return MCAP_OK;
    const struct mcap_str *records = &file->record.records;
    struct mcap_walk walk = {.records = (const uint8_t *)records->data, .len = records->len};
    const struct mcap_place place = {offset, chunk_offset, MCAP_MESSAGE};
    if (offset <= records->len) walk.next = (size_t)offset;
    if (offset > records->len || !mcap_walk_next(&walk) || walk.opcode != MCAP_MESSAGE || walk.body_len < MCAP_MESSAGE_HEAD_BYTES) {
        return mcap_fail(error, MCAP_FORMAT, &place, "there is none");
    }
    *record = (struct mcap_record){.opcode = MCAP_MESSAGE,
                                   .in_chunk = true,
                                   .offset = chunk_offset,
                                   .chunk_off = offset,
                                   .body = {(const char *)walk.body, walk.body_len},
                                   .content.message = mcap_walk_message(walk.body, walk.body_len)};
    record->channel = mcap_file_channel(file, record->content.message.channel_id);
    return MCAP_OK;
}

static enum mcap_status load_stretch(struct mcap_file *file, const struct mcap_chunk_place *of, struct mcap_buffer *raw,
                                     struct mcap_str *records, struct mcap_error *error) {
    raw->len = 0;
    if (mcap_buffer_take(raw, (size_t)of->length) == NULL) return mcap_fail_memory(error, NULL);
    int status = mcap_read_at(file->fd, of->offset, raw->data, raw->len);
    *records = (struct mcap_str){(const char *)raw->data, raw->len};
    return status != 0 ? mcap_fail_io(error, -status, "reading", of->offset) : MCAP_OK;
}

enum mcap_status mcap_file_load(struct mcap_file *file, const struct mcap_chunk_place *of, struct mcap_buffer *raw,
                                struct mcap_buffer *space, struct mcap_str *records, struct mcap_error *error) {
    union mcap_content content;
    struct mcap_place place = {.offset = of->offset};
    if (!of->is_chunk) return load_stretch(file, of, raw, records, error);
    enum mcap_status status = read_record(file, &place, raw, error);
    if (status != MCAP_OK) return status;
    if (place.opcode != MCAP_CHUNK || raw->len + MCAP_HEAD_BYTES != of->length) {
        return mcap_fail(error, MCAP_FORMAT, &place, "should be a Chunk of %" PRIu64 " bytes, says its ChunkIndex", of->length);
    }
    status = mcap_parse(&place, raw->data, raw->len, &content, error);
    if (status != MCAP_OK) return status;
    return mcap_unpack(&file->codec, &content.chunk, of->offset, file->options.record_max, space, records, error);
}

void mcap_file_close(struct mcap_file *file) {
    if (file == NULL) return;
    mcap_places_free(&file->places);
    mcap_codec_free(&file->codec);
    mcap_buffer_free(&file->raw);
    mcap_buffer_free(&file->space);
    free(file);
}
