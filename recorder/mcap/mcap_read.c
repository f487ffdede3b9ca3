#include "mcap_read.h"

#include "mcap_catalog.h"
#include "mcap_intake.h"
#include "mcap_parse.h"
#include "mcap_unpack.h"
#include "mcap_walk.h"

#include <inttypes.h>
#include <stdlib.h>

enum state { AT_MAGIC, IN_DATA, IN_SUMMARY, AT_END_MAGIC, DONE };

struct mcap_reader {
    struct mcap_intake intake;
    struct mcap_reader_options options;
    enum state state;
    size_t given; /* bytes of the record that was given last */
    struct mcap_catalog catalog;
    struct mcap_codec codec;
    struct mcap_buffer space; /* a chunk's uncompressed records */
    struct mcap_walk walk;    /* through them */
    uint64_t chunk;           /* where that chunk begins */
    bool is_after_lost_chunk; /* only its MessageIndexes were read since then */
    bool is_told;             /* there was one */
    bool is_summed;           /* `crc` is over the section from its beginning */
    uint32_t crc;
    uint64_t section;                /* where the summary section begins */
    uint8_t strangers[MCAP_IDS / 8]; /* channels that were told to be unknown */
    struct mcap_account account;
    struct mcap_error error;
    bool has_failed;
};

struct mcap_reader *mcap_reader_open(struct mcap_source source, const struct mcap_reader_options *options) {
    struct mcap_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return NULL;
    reader->options = *options;
    if (reader->options.record_max == 0) reader->options.record_max = MCAP_RECORD_MAX;
    reader->catalog.bytes_max = options->definitions_max != 0 ? options->definitions_max : MCAP_DEFINITIONS_MAX;
    reader->intake = (struct mcap_intake){.source = source, .offset = options->at};
    if (options->at != 0) reader->state = options->is_summary ? IN_SUMMARY : IN_DATA;
    reader->is_summed = options->at == 0 || options->is_summary;
    reader->section = options->at;
    return reader;
}

/* ---- what goes wrong ---- */

static enum mcap_status fail(struct mcap_reader *reader, enum mcap_status status) {
    reader->has_failed = true;
    reader->error.status = status;
    return status;
}

static enum mcap_status fail_intake(struct mcap_reader *reader, int status) {
    uint64_t at = reader->intake.offset + mcap_intake_len(&reader->intake);
    if (status == -ENOMEM) return fail(reader, mcap_fail_memory(&reader->error, NULL));
    return fail(reader, mcap_fail_io(&reader->error, -status, "reading", at));
}

/* `bytes` of the file are left out. */
static enum mcap_status lose(struct mcap_reader *reader, uint8_t opcode, uint64_t bytes) {
    reader->account.lost_records++;
    reader->account.lost_bytes += bytes;
    reader->is_after_lost_chunk = opcode == MCAP_CHUNK;
    reader->is_told = false;
    if (opcode == MCAP_CHUNK) {
        reader->account.lost_chunks++;
        reader->account.untold_chunks++;
    }
    if (opcode == MCAP_MESSAGE) reader->account.lost_messages++;
    return MCAP_LOST;
}

/* ---- from record to record ---- */

static void sum(struct mcap_reader *reader, size_t bytes) {
    if (reader->is_summed) reader->crc = mcap_crc(reader->crc, mcap_intake_at(&reader->intake), bytes);
}

static void take(struct mcap_reader *reader, size_t bytes) {
    mcap_intake_take(&reader->intake, bytes);
    reader->account.bytes += bytes;
}

/* Over so many bytes, however many they are. False: the file ends before. */
static enum mcap_status skip(struct mcap_reader *reader, uint64_t bytes, bool *is_there) {
    while (bytes > 0) {
        int status = mcap_intake_fill(&reader->intake, 1);
        size_t have = mcap_intake_len(&reader->intake);
        if (status != 0) return fail_intake(reader, status);
        if (have == 0) break;
        if (have > bytes) have = (size_t)bytes;
        sum(reader, have);
        take(reader, have);
        bytes -= have;
    }
    *is_there = bytes == 0;
    return MCAP_OK;
}

/* Could a Chunk begin here, of which all but the records is there? Lengths that agree with each other and a known compression do not come by chance. */
static bool looks_like_chunk(const uint8_t *at, size_t record_max) {
    const size_t fixed = 40;
    uint64_t len = mcap_get64(at + 1);
    if (at[0] != MCAP_CHUNK || len < fixed || len > record_max) return false;
    const uint8_t *name = at + MCAP_HEAD_BYTES + 28;
    uint32_t name_len = mcap_get32(name);
    enum mcap_compression compression;
    if (name_len > 4 || !mcap_compression_of((struct mcap_str){(const char *)name + 4, name_len}, &compression)) return false;
    return len == fixed + name_len + mcap_get64(name + 4 + name_len);
}

/* To the next byte at which a Chunk could begin, or to the end of the file. */
static enum mcap_status resync(struct mcap_reader *reader) {
    const size_t head = MCAP_HEAD_BYTES + 44; /* up to the records */
    size_t next = 1;
    reader->is_summed = false;
    for (;;) {
        take(reader, next);
        int status = mcap_intake_fill(&reader->intake, head);
        size_t have = mcap_intake_len(&reader->intake);
        if (status != 0) return fail_intake(reader, status);
        if (have < head) break;
        const uint8_t *begin = mcap_intake_at(&reader->intake), *at = begin;
        const uint8_t *end = begin + have - head + 1;
        while (at < end && (at = memchr(at, MCAP_CHUNK, (size_t)(end - at))) != NULL) {
            if (looks_like_chunk(at, reader->options.record_max)) {
                take(reader, (size_t)(at - begin));
                return MCAP_OK;
            }
            at++;
        }
        next = (size_t)(end - begin);
    }
    take(reader, mcap_intake_len(&reader->intake));
    return MCAP_OK;
}

/* What begins here cannot be read, *error says why. Either the next chunk can be found, or this was all. */
static enum mcap_status lose_way(struct mcap_reader *reader, uint8_t opcode) {
    uint64_t begin = reader->intake.offset;
    bool is_there;
    enum mcap_status status = reader->options.resync ? resync(reader) : skip(reader, UINT64_MAX, &is_there);
    if (status != MCAP_OK) return status;
    bool is_end = mcap_intake_len(&reader->intake) == 0;
    if (is_end) reader->state = DONE;
    reader->account.is_cut |= is_end;
    return lose(reader, opcode, reader->intake.offset - begin);
}

static enum mcap_status end_early(struct mcap_reader *reader, const char *what) {
    const struct mcap_place place = {reader->intake.offset, 0, 0};
    reader->state = DONE;
    reader->account.is_cut = true;
    (void)mcap_fail(&reader->error, MCAP_CUT, &place, "it ends here, %s", what);
    return MCAP_LOST;
}

/* Larger than what may be held: stepped over, if it can be believed that it is that long. */
static enum mcap_status lose_large(struct mcap_reader *reader, const struct mcap_place *place, uint64_t body_len) {
    bool is_there;
    (void)mcap_fail(&reader->error, MCAP_LIMIT, place, "claims %" PRIu64 " bytes, of which %zu are allowed; a larger limit may help",
                    body_len, reader->options.record_max);
    if (reader->options.resync && place->opcode != MCAP_ATTACHMENT) return lose_way(reader, place->opcode);
    struct mcap_error why = reader->error;
    enum mcap_status status = skip(reader, MCAP_HEAD_BYTES, &is_there);
    if (status == MCAP_OK) status = skip(reader, body_len, &is_there);
    if (status != MCAP_OK) return status;
    reader->error = why;
    if (!is_there) {
        reader->state = DONE;
        reader->account.is_cut = true;
        (void)mcap_fail(&reader->error, MCAP_CUT, place, "claims %" PRIu64 " bytes, but the file ends before", body_len);
    }
    return lose(reader, place->opcode, reader->intake.offset - place->offset);
}

/* The whole record is in the intake. */
static enum mcap_status load(struct mcap_reader *reader, struct mcap_place *place, size_t *len) {
    struct mcap_intake *intake = &reader->intake;
    *place = (struct mcap_place){.offset = intake->offset};
    int status = mcap_intake_fill(intake, MCAP_HEAD_BYTES);
    if (status != 0) return fail_intake(reader, status);
    if (mcap_intake_len(intake) == 0) return end_early(reader, "before the Footer that ends a whole file");
    place->opcode = mcap_intake_at(intake)[0];
    if (mcap_intake_len(intake) < MCAP_HEAD_BYTES) {
        (void)mcap_fail(&reader->error, MCAP_CUT, place, "the file ends within its first bytes");
        return lose_way(reader, place->opcode);
    }
    uint64_t body_len = mcap_get64(mcap_intake_at(intake) + 1);
    if (place->opcode == 0) {
        (void)mcap_fail(&reader->error, MCAP_FORMAT, place, "no record begins here (opcode 0)%s",
                        reader->options.resync ? "" : "; what follows is not read");
        return lose_way(reader, 0);
    }
    if (body_len > reader->options.record_max) return lose_large(reader, place, body_len);
    *len = MCAP_HEAD_BYTES + (size_t)body_len;
    status = mcap_intake_fill(intake, *len);
    if (status != 0) return fail_intake(reader, status);
    if (mcap_intake_len(intake) >= *len) return MCAP_OK;
    (void)mcap_fail(&reader->error, MCAP_CUT, place, "the file ends %zu bytes before the record does", *len - mcap_intake_len(intake));
    return lose_way(reader, place->opcode);
}

/* ---- single records ---- */

static bool is_new_stranger(struct mcap_reader *reader, uint16_t id) {
    uint8_t *byte = &reader->strangers[id / 8], bit = (uint8_t)(1u << (id % 8));
    bool is_new = (*byte & bit) == 0;
    *byte |= bit;
    return is_new;
}

/* A message is given with its channel, or left out. MCAP_END: left out, and it was told before. */
static enum mcap_status give_message(struct mcap_reader *reader, const struct mcap_place *place, struct mcap_record *record) {
    uint16_t id = record->content.message.channel_id;
    record->channel = mcap_catalog_channel(&reader->catalog, id);
    if (record->channel != NULL) {
        reader->account.messages++;
        return MCAP_OK;
    }
    reader->account.lost_messages++;
    if (!is_new_stranger(reader, id)) return MCAP_END;
    (void)mcap_fail(&reader->error, MCAP_FORMAT, place, "no Channel %u came before; messages of it are left out", id);
    return MCAP_LOST;
}

static enum mcap_status give_in_chunk(struct mcap_reader *reader, struct mcap_record *record) {
    struct mcap_walk *walk = &reader->walk;
    while (mcap_walk_next(walk)) {
        const struct mcap_place place = {walk->at, reader->chunk, walk->opcode};
        enum mcap_status status = MCAP_OK;
        record->opcode = walk->opcode;
        record->in_chunk = true;
        record->in_summary = false;
        record->offset = reader->chunk;
        record->chunk_off = walk->at;
        record->body = (struct mcap_str){(const char *)walk->body, walk->body_len};
        record->channel = NULL;
        record->records = (struct mcap_str){0};
        if (walk->opcode == MCAP_MESSAGE) {
            record->content.message = mcap_walk_message(walk->body, walk->body_len);
            status = give_message(reader, &place, record);
            if (status == MCAP_END) continue;
        } else if (walk->opcode <= MCAP_DATA_END) {
            status = mcap_parse(&place, walk->body, walk->body_len, &record->content, &reader->error);
        }
        if (status != MCAP_OK) return MCAP_LOST;
        reader->account.records++;
        return MCAP_OK;
    }
    return MCAP_END;
}

/* Before any of it is given: if it is passed, or a definition contradicts, the rest is still known. */
static enum mcap_status learn_chunk(struct mcap_reader *reader) {
    struct mcap_walk walk = reader->walk;
    while (mcap_walk_next(&walk)) {
        if (walk.opcode != MCAP_SCHEMA && walk.opcode != MCAP_CHANNEL) continue;
        const struct mcap_place place = {walk.at, reader->chunk, walk.opcode};
        enum mcap_status status = mcap_catalog_add(&reader->catalog, &place, walk.records + walk.at, walk.next - walk.at, &reader->error);
        if (status != MCAP_OK) return status;
    }
    return MCAP_OK;
}

static enum mcap_status give_chunk(struct mcap_reader *reader, struct mcap_record *record) {
    reader->chunk = record->offset;
    enum mcap_status status = mcap_unpack(&reader->codec, &record->content.chunk, record->offset, reader->options.record_max,
                                          &reader->space, &record->records, &reader->error);
    if (status != MCAP_OK) return status;
    reader->walk = (struct mcap_walk){.records = (const uint8_t *)record->records.data, .len = record->records.len};
    status = learn_chunk(reader);
    if (status != MCAP_OK) reader->walk = (struct mcap_walk){0};
    if (status == MCAP_OK) reader->account.chunks++;
    return status;
}

static enum mcap_status check_data_end(struct mcap_reader *reader, const struct mcap_place *place, const struct mcap_data_end *end) {
    uint32_t crc = reader->crc;
    bool is_summed = reader->is_summed && reader->state == IN_DATA;
    reader->state = IN_SUMMARY;
    reader->is_summed = true;
    reader->crc = 0;
    reader->section = place->offset + MCAP_HEAD_BYTES + sizeof end->data_section_crc;
    if (!is_summed || end->data_section_crc == 0 || end->data_section_crc == crc) return MCAP_OK;
    return mcap_fail(&reader->error, MCAP_CRC, place, "the checksum of the data section is wrong: something before this was changed");
}

static enum mcap_status check_footer(struct mcap_reader *reader, const struct mcap_place *place, const struct mcap_footer *footer) {
    bool is_summed = reader->is_summed && reader->state == IN_SUMMARY;
    reader->state = AT_END_MAGIC;
    if (is_summed && footer->summary_start != 0 && footer->summary_start != reader->section) {
        return mcap_fail(&reader->error, MCAP_FORMAT, place, "the summary section does not begin at %" PRIu64 ", as it says",
                         footer->summary_start);
    }
    if (!is_summed || footer->summary_crc == 0) return MCAP_OK;
    uint32_t crc = mcap_crc(reader->crc, mcap_intake_at(&reader->intake), MCAP_HEAD_BYTES + 16);
    if (crc == footer->summary_crc) return MCAP_OK;
    return mcap_fail(&reader->error, MCAP_CRC, place, "the checksum of the summary section is wrong: something in it was changed");
}

/* How many messages a lost chunk had, the indexes behind it tell. */
static void count_lost(struct mcap_reader *reader, const struct mcap_record *record) {
    if (!reader->is_after_lost_chunk || record->opcode != MCAP_MESSAGE_INDEX) return;
    reader->account.lost_messages += record->content.message_index.entries.len / MCAP_ENTRY_BYTES;
    reader->account.untold_chunks -= !reader->is_told;
    reader->is_told = true;
}

/* What a record of this kind is checked for, and what it leaves behind. */
static enum mcap_status heed(struct mcap_reader *reader, const struct mcap_place *place, struct mcap_record *record, size_t len) {
    switch (record->opcode) {
    case MCAP_SCHEMA:
    case MCAP_CHANNEL: return mcap_catalog_add(&reader->catalog, place, mcap_intake_at(&reader->intake), len, &reader->error);
    case MCAP_MESSAGE: return give_message(reader, place, record);
    case MCAP_CHUNK: return give_chunk(reader, record);
    case MCAP_ATTACHMENT: return mcap_check_attachment(place, record->body, &record->content.attachment, &reader->error);
    case MCAP_DATA_END: return check_data_end(reader, place, &record->content.data_end);
    case MCAP_FOOTER: return check_footer(reader, place, &record->content.footer);
    default: return MCAP_OK;
    }
}

static enum mcap_status give(struct mcap_reader *reader, struct mcap_record *record) {
    struct mcap_place place;
    size_t len = 0;
    for (;;) {
        enum mcap_status status = load(reader, &place, &len);
        if (status != MCAP_OK) return status;
        const uint8_t *at = mcap_intake_at(&reader->intake);
        *record = (struct mcap_record){.opcode = place.opcode,
                                       .in_summary = reader->state == IN_SUMMARY,
                                       .offset = place.offset,
                                       .body = {(const char *)at + MCAP_HEAD_BYTES, len - MCAP_HEAD_BYTES}};
        if (place.opcode != MCAP_DATA_END && place.opcode != MCAP_FOOTER) sum(reader, len);
        reader->given = len;
        status = mcap_parse(&place, at + MCAP_HEAD_BYTES, len - MCAP_HEAD_BYTES, &record->content, &reader->error);
        if (status == MCAP_OK) status = heed(reader, &place, record, len);
        if (status == MCAP_MEMORY) return fail(reader, status);
        if (status == MCAP_LOST || status == MCAP_END) { /* of an unknown channel */
            take(reader, reader->given);
            reader->given = 0;
            if (status == MCAP_END) continue;
            return status;
        }
        if (status == MCAP_CRC && place.opcode != MCAP_CHUNK && place.opcode != MCAP_ATTACHMENT) return MCAP_LOST; /* a section's */
        if (status != MCAP_OK) return lose(reader, place.opcode, len);
        count_lost(reader, record);
        if (place.opcode != MCAP_MESSAGE_INDEX) reader->is_after_lost_chunk = false;
        reader->account.records++;
        return MCAP_OK;
    }
}

/* ---- the file's ends ---- */

static enum mcap_status check_magic(struct mcap_reader *reader) {
    int status = mcap_intake_fill(&reader->intake, MCAP_MAGIC_BYTES);
    size_t have = mcap_intake_len(&reader->intake);
    if (status != 0) return fail_intake(reader, status);
    if (have > MCAP_MAGIC_BYTES) have = MCAP_MAGIC_BYTES;
    if (memcmp(mcap_intake_at(&reader->intake), MCAP_MAGIC, have) != 0) {
        return fail(reader,
                    mcap_fail(&reader->error, MCAP_FORMAT, NULL, "this is no MCAP file: it does not begin with the format's eight bytes"));
    }
    if (have < MCAP_MAGIC_BYTES)
        return end_early(reader, have == 0 ? "it is empty" : "within the eight bytes that an MCAP file begins with");
    sum(reader, MCAP_MAGIC_BYTES);
    take(reader, MCAP_MAGIC_BYTES);
    reader->state = IN_DATA;
    return MCAP_OK;
}

static enum mcap_status check_end_magic(struct mcap_reader *reader) {
    const struct mcap_place place = {reader->intake.offset, 0, 0};
    int status = mcap_intake_fill(&reader->intake, MCAP_MAGIC_BYTES);
    size_t have = mcap_intake_len(&reader->intake);
    if (status != 0) return fail_intake(reader, status);
    reader->state = DONE;
    if (have >= MCAP_MAGIC_BYTES && memcmp(mcap_intake_at(&reader->intake), MCAP_MAGIC, MCAP_MAGIC_BYTES) == 0) {
        take(reader, MCAP_MAGIC_BYTES);
        reader->account.is_complete = true;
        return MCAP_END;
    }
    if (have < MCAP_MAGIC_BYTES) return end_early(reader, "before the eight bytes that end an MCAP file");
    (void)mcap_fail(&reader->error, MCAP_FORMAT, &place, "behind the Footer should stand the eight bytes that end an MCAP file");
    return MCAP_LOST;
}

enum mcap_status mcap_reader_next(struct mcap_reader *reader, struct mcap_record *record) {
    if (reader->has_failed) return reader->error.status;
    enum mcap_status status = give_in_chunk(reader, record);
    if (status != MCAP_END) return status;
    take(reader, reader->given);
    reader->given = 0;
    if (reader->state == AT_MAGIC) {
        status = check_magic(reader);
        if (status != MCAP_OK) return status;
    }
    if (reader->state == AT_END_MAGIC) return check_end_magic(reader);
    return reader->state == DONE ? MCAP_END : give(reader, record);
}

void mcap_reader_pass(struct mcap_reader *reader) {
    struct mcap_walk *walk = &reader->walk;
    while (mcap_walk_next(walk)) {
        if (walk->opcode != MCAP_MESSAGE) continue;
        bool is_known = mcap_catalog_channel(&reader->catalog, mcap_get16(walk->body)) != NULL;
        if (is_known) reader->account.messages++;
        if (!is_known) reader->account.lost_messages++;
    }
}

const struct mcap_account *mcap_reader_account(const struct mcap_reader *reader) {
    return &reader->account;
}

const struct mcap_error *mcap_reader_error(const struct mcap_reader *reader) {
    return &reader->error;
}

const struct mcap_schema *mcap_reader_schema(const struct mcap_reader *reader, uint16_t id) {
    return mcap_catalog_schema(&reader->catalog, id);
}

const struct mcap_channel *mcap_reader_channel(const struct mcap_reader *reader, uint16_t id) {
    return mcap_catalog_channel(&reader->catalog, id);
}

void mcap_reader_free(struct mcap_reader *reader) {
    if (reader == NULL) return;
    mcap_intake_free(&reader->intake);
    mcap_buffer_free(&reader->space);
    mcap_codec_free(&reader->codec);
    mcap_catalog_free(&reader->catalog);
    free(reader);
}
