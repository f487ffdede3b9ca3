/* A recording as a source: read as a stream, from a file or a pipe, whole or cut, ours or another program's. What stands in it is not trusted: mcap_read.h
 * checks the format, recording.h what is ours; here texts are copied and bounded. */
#include "mcap_index.h"
#include "mcap_read.h"
#include "recording.h"
#include "recording_topics.h"
#include "source_kind.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a channel is to us; made when its first message comes. */
struct lane {
    const struct source_topic *topic;
    char *from;
    bool is_known, is_sample;
};

struct file {
    struct source base;
    int fd;
    bool owns_fd, is_ours, is_over;
    struct mcap_reader *reader;
    struct mcap_file *index; /* opened when somebody seeks */
    struct recording_place *places;
    size_t place_count;
    struct lane *lanes; /* by channel */
    uint32_t lane_count;
    struct recorded_topics topics;
    /* the sheet of the chunk that is read */
    struct mcap_buffer sheet; /* a copy: it stands before the chunk, and the reader goes on */
    uint64_t sheet_end;       /* in the file: where the sheet's chunk has to begin */
    struct recording_cursor cursor;
    bool has_sheet;
    uint64_t last_seq, place; /* place: of the message in the file, where there are no seqs */
    uint64_t lost, gone;      /* all told */
    uint64_t pending_lost, pending_gone;
    uint64_t from_seq;
    int64_t from_ns; /* INT64_MIN: everything */
    char name[256];  /* of a sender that has no channel of its own */
    void *aligned;   /* a copy of the payload that lies wrong */
    size_t aligned_room;
};

static enum source_status fail(struct file *file, enum source_status status, const char *text) {
    (void)snprintf(file->base.fault.text, sizeof file->base.fault.text, "%s", text);
    return status;
}

/* ---- topics ----------------------------------------------------------------------------------------------------------------- */

static bool str_is(struct mcap_str str, const char *text) {
    return str.len == strlen(text) && memcmp(str.data, text, str.len) == 0;
}

/* NUL-terminated, up to a NUL in it. */
static char *copy_text(struct mcap_str str) {
    char *copy = malloc(str.len + 1);
    if (copy == NULL) return NULL;
    if (str.len > 0) memcpy(copy, str.data, str.len);
    copy[str.len] = '\0';
    return copy;
}

static struct mcap_str metadata_of(const struct mcap_channel *channel, const char *key) {
    struct mcap_map map = channel->metadata;
    struct mcap_str name, value;
    while (mcap_map_next(&map, &name, &value))
        if (str_is(name, key)) return value;
    return (struct mcap_str){NULL, 0};
}

/* Other programs name the type in the schema; the bus in the encoding. */
static struct mcap_str encoding_of(const struct mcap_channel *channel, const struct mcap_schema *schema, char text[256]) {
    struct mcap_str exact = metadata_of(channel, "sctx:encoding");
    if (exact.data != NULL) return exact;
    if (schema == NULL || !str_is(schema->encoding, "protobuf") || schema->name.len == 0 || schema->name.len > 200)
        return channel->message_encoding;
    int len = snprintf(text, 256, "protobuf:%.*s", (int)schema->name.len, schema->name.data);
    return (struct mcap_str){text, (size_t)len};
}

static struct source_topic *topic_of(struct file *file, const struct mcap_channel *channel) {
    const struct mcap_schema *schema = channel->schema_id != 0 ? mcap_reader_schema(file->reader, channel->schema_id) : NULL;
    char text[256];
    return recorded_topic(&file->topics, channel->topic, encoding_of(channel, schema, text), schema);
}

static struct lane *lane_of(struct file *file, const struct mcap_channel *channel) {
    if (channel->id >= file->lane_count) {
        uint32_t count = ((uint32_t)channel->id | 63) + 1;
        struct lane *larger = realloc(file->lanes, count * sizeof *larger);
        if (larger == NULL) return NULL;
        memset(larger + file->lane_count, 0, (count - file->lane_count) * sizeof *larger);
        file->lanes = larger;
        file->lane_count = count;
    }
    struct lane *lane = &file->lanes[channel->id];
    if (lane->is_known) return lane;
    free(lane->from); /* of a try that failed */
    lane->from = copy_text(metadata_of(channel, "sctx:sender"));
    lane->is_sample = metadata_of(channel, "sctx:marker").data != NULL;
    lane->topic = topic_of(file, channel);
    lane->is_known = lane->from != NULL && lane->topic != NULL;
    return lane->is_known ? lane : NULL;
}

/* ---- messages --------------------------------------------------------------------------------------------------------------- */

static enum source_status take_sheet(struct file *file, const struct mcap_record *record) {
    file->has_sheet = false;
    file->sheet.len = 0;
    uint8_t *copy = mcap_buffer_take(&file->sheet, record->body.len > 0 ? record->body.len : 1);
    if (copy == NULL) return fail(file, SOURCE_FAILED, "out of memory");
    if (record->body.len > 0) memcpy(copy, record->body.data, record->body.len);
    const char *why = recording_sheet_read((struct mcap_str){(const char *)copy, record->body.len}, &file->cursor);
    file->sheet_end = record->offset + MCAP_HEAD_BYTES + record->body.len;
    file->has_sheet = why == NULL;
    if (why == NULL) return SOURCE_AGAIN;
    char text[200];
    (void)snprintf(text, sizeof text, "at byte %" PRIu64 ", Sheet: %s; seqs, senders and causes of the chunk behind it are left out",
                   record->offset, why);
    return fail(file, SOURCE_DAMAGED, text);
}

/* A sheet goes with the chunk directly behind it, and only if it is as long as the sheet says. */
static void take_chunk(struct file *file, const struct mcap_record *record) {
    uint64_t length = MCAP_HEAD_BYTES + record->body.len;
    if (file->sheet_end != record->offset || file->cursor.chunk_length != length) file->has_sheet = false;
}

/* The seq nearest to the last one that ends in these 32 bits. */
static uint64_t seq_near(uint64_t last, uint32_t low) {
    const uint64_t round = UINT64_C(1) << 32, half = round / 2;
    uint64_t seq = (last & ~(round - 1)) | low;
    if (seq < last && last - seq > half) return seq + round;
    return seq > last && seq - last > half && seq >= round ? seq - round : seq;
}

static const void *align(struct file *file, struct mcap_str data) {
    static const _Alignas(8) char nothing[8];
    if (data.len == 0) return nothing;
    if (((uintptr_t)data.data & 7) == 0) return data.data;
    if (data.len > file->aligned_room) {
        void *larger = realloc(file->aligned, data.len);
        if (larger == NULL) return NULL;
        file->aligned = larger;
        file->aligned_room = data.len;
    }
    memcpy(file->aligned, data.data, data.len);
    return file->aligned;
}

/* The channel's, unless so many send that channels are shared. */
static const char *sender_name(struct file *file, const struct recording_entry *entry, const struct lane *lane) {
    if (entry->name_len == 0) return lane->from;
    memcpy(file->name, entry->name, entry->name_len);
    file->name[entry->name_len] = '\0';
    return file->name;
}

/* A sheet that tells of other messages is none. */
static bool is_next_entry(struct file *file, const struct mcap_message *message, struct recording_entry *entry) {
    if (recording_sheet_next(&file->cursor, entry) && (uint32_t)entry->seq == message->sequence) return true;
    *entry = (struct recording_entry){.seq = 0};
    return false;
}

static enum source_status take_message(struct file *file, const struct mcap_record *record, struct source_message *to) {
    const struct mcap_message *message = &record->content.message;
    struct lane *lane = record->channel != NULL ? lane_of(file, record->channel) : NULL;
    struct recording_entry entry = {.seq = 0};
    if (lane == NULL) return fail(file, SOURCE_FAILED, "out of memory, or more topics than there can be");
    if (message->data.len > UINT32_MAX) return fail(file, SOURCE_DAMAGED, "a message is longer than 4 GiB");
    if (file->has_sheet && record->in_chunk && !is_next_entry(file, message, &entry)) file->has_sheet = false;
    bool has_entry = file->has_sheet && record->in_chunk;
    if (!has_entry) {
        entry.seq = file->is_ours ? seq_near(file->last_seq, message->sequence) : ++file->place;
        entry.is_sample = lane->is_sample;
    }
    file->last_seq = entry.seq;
    file->pending_lost += entry.lost;
    file->pending_gone += entry.gone;
    const void *data = align(file, message->data);
    if (data == NULL) return fail(file, SOURCE_FAILED, "out of memory");
    *to = (struct source_message){.seq = entry.seq,
                                  .time_ns = message->log_time > INT64_MAX ? INT64_MAX : (int64_t)message->log_time,
                                  .cause = entry.cause,
                                  .topic = lane->topic,
                                  .from = sender_name(file, &entry, lane),
                                  .pid = entry.pid,
                                  .join = entry.join,
                                  .data = data,
                                  .len = (uint32_t)message->data.len,
                                  .has_cause = entry.has_cause,
                                  .cause_is_explicit = entry.cause_is_explicit,
                                  .is_sample = entry.is_sample,
                                  .has_seq = has_entry || file->is_ours};
    if ((!entry.is_sample && to->seq < file->from_seq) || to->time_ns < file->from_ns) {
        file->pending_lost = file->pending_gone = 0;
        return SOURCE_AGAIN;
    }
    to->lost = file->pending_lost;
    to->gone = file->pending_gone;
    file->lost += to->lost;
    file->gone += to->gone;
    file->pending_lost = file->pending_gone = 0;
    return SOURCE_OK;
}

/* What was missed behind the last message of the chunk belongs to the next one that comes, or to the end. */
static void end_sheet(struct file *file) {
    uint64_t lost = 0, gone = 0;
    if (!file->has_sheet) return;
    recording_sheet_rest(&file->cursor, &lost, &gone);
    file->pending_lost += lost;
    file->pending_gone += gone;
    file->has_sheet = false;
}

static enum source_status end_file(struct file *file) {
    const struct mcap_account *account = mcap_reader_account(file->reader);
    end_sheet(file);
    file->lost += file->pending_lost;
    file->gone += file->pending_gone;
    file->pending_lost = file->pending_gone = 0;
    if (file->is_over) return SOURCE_END;
    file->is_over = true;
    if (account->is_complete) return SOURCE_END;
    char text[200];
    (void)snprintf(text, sizeof text,
                   "the file is cut after %" PRIu64 " bytes: what comes before is shown; sctx recover makes a whole file of it",
                   account->bytes);
    return fail(file, SOURCE_DAMAGED, text);
}

/* AGAIN: nothing for the caller in this record. */
static enum source_status take_record(struct file *file, const struct mcap_record *record, struct source_message *message) {
    if (record->in_summary) return SOURCE_AGAIN;
    switch (record->opcode) {
    case MCAP_HEADER: file->is_ours = str_is(record->content.header.profile, RECORDING_PROFILE); return SOURCE_AGAIN;
    case RECORDING_SHEET:
        if (record->in_chunk) return SOURCE_AGAIN; /* a Sheet stands before its chunk: what looks like one inside is another's record */
        end_sheet(file);
        return take_sheet(file, record);
    case MCAP_CHUNK: take_chunk(file, record); return SOURCE_AGAIN;
    case MCAP_MESSAGE: return take_message(file, record, message);
    default: return SOURCE_AGAIN;
    }
}

static enum source_status file_next(struct source *source, struct source_message *message) {
    struct file *file = (struct file *)source;
    for (;;) {
        struct mcap_record record;
        enum mcap_status status = file->is_over ? MCAP_END : mcap_reader_next(file->reader, &record);
        enum source_status taken = SOURCE_AGAIN;
        if (status == MCAP_END)
            taken = end_file(file);
        else if (status == MCAP_OK)
            taken = take_record(file, &record, message);
        else
            taken = fail(file, status == MCAP_LOST ? SOURCE_DAMAGED : SOURCE_FAILED, mcap_reader_error(file->reader)->text);
        if (taken != SOURCE_AGAIN) return taken;
    }
}

/* ---- places ----------------------------------------------------------------------------------------------------------------- */

static enum source_status reopen(struct file *file, uint64_t at) {
    const struct mcap_reader_options options = {.at = at};
    if (lseek(file->fd, (off_t)at, SEEK_SET) < 0) return fail(file, SOURCE_FAILED, "the file cannot be sought in: it is a pipe");
    mcap_reader_free(file->reader);
    file->reader = mcap_reader_open(mcap_source_fd(&file->fd), &options);
    if (file->reader == NULL) return fail(file, SOURCE_FAILED, "out of memory");
    recorded_topics_reopen(&file->topics);
    file->has_sheet = file->is_over = false;
    file->lost = file->gone = file->pending_lost = file->pending_gone = file->place = 0;
    return SOURCE_OK;
}

static bool add_place(struct file *file, const struct recording_place *place) {
    if (file->place_count % 64 == 0) {
        struct recording_place *larger = realloc(file->places, (file->place_count + 64) * sizeof *larger);
        if (larger == NULL) return false;
        file->places = larger;
    }
    file->places[file->place_count++] = *place;
    return true;
}

/* The Index, as the last Metadata says where it is. */
static void take_index(struct file *file, struct mcap_str body) {
    size_t count = recording_index_count(body);
    if (count == SIZE_MAX) return;
    file->place_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct recording_place place = recording_index_place(body, i);
        if (!add_place(file, &place)) return;
    }
}

static void take_end(struct file *file, const struct mcap_metadata *metadata) {
    struct mcap_map map = metadata->metadata;
    struct mcap_str key, value;
    struct mcap_record record;
    struct mcap_error error;
    char digits[24] = "";
    if (!str_is(metadata->name, RECORDING_END)) return;
    while (mcap_map_next(&map, &key, &value))
        if (str_is(key, "index_offset") && value.len < sizeof digits) memcpy(digits, value.data, value.len);
    if (digits[0] != '\0' && mcap_file_record(file->index, strtoull(digits, NULL, 10), &record, &error) == MCAP_OK &&
        record.opcode == RECORDING_INDEX)
        take_index(file, record.body);
}

static void take_scanned_sheet(struct file *file, uint64_t offset, struct mcap_str body) {
    struct recording_cursor cursor;
    if (recording_sheet_read(body, &cursor) != NULL) return;
    const struct recording_place place = {offset, offset + MCAP_HEAD_BYTES + body.len, cursor.first, cursor.seq_end};
    (void)add_place(file, &place);
}

static enum source_status open_index(struct file *file) {
    const struct mcap_file_options options = {.scan = MCAP_SCAN_IF_NEEDED};
    struct mcap_error error = {.text = ""};
    size_t count = 0;
    if (file->index != NULL) return SOURCE_OK;
    file->index = mcap_file_open(file->fd, &options, &error);
    if (file->index == NULL) return fail(file, SOURCE_FAILED, error.text);
    file->is_ours = str_is(mcap_file_header(file->index)->profile, RECORDING_PROFILE);
    const struct mcap_record_place *places = mcap_file_records(file->index, &count);
    for (size_t i = 0; i < count; i++) {
        struct mcap_record record;
        if (places[i].opcode != MCAP_METADATA && places[i].opcode != RECORDING_SHEET) continue;
        if (mcap_file_record(file->index, places[i].offset, &record, &error) != MCAP_OK) continue;
        if (record.opcode == RECORDING_SHEET)
            take_scanned_sheet(file, places[i].offset, record.body);
        else if (record.opcode == MCAP_METADATA)
            take_end(file, &record.content.metadata);
    }
    return SOURCE_OK;
}

static enum source_status file_seek(struct source *source, uint64_t seq) {
    struct file *file = (struct file *)source;
    enum source_status status = open_index(file);
    if (status != SOURCE_OK) return status;
    /* Not by `first`: a chunk that begins with a sample has the seq of the message before it. */
    uint64_t at = file->place_count > 0 ? file->places[file->place_count - 1].offset : 0;
    for (size_t i = file->place_count; i-- > 0;)
        if (file->places[i].end > seq) at = file->places[i].offset;
    file->from_seq = seq;
    file->from_ns = INT64_MIN;
    return reopen(file, at);
}

static enum source_status file_seek_time(struct source *source, int64_t time_ns) {
    struct file *file = (struct file *)source;
    enum source_status status = open_index(file);
    size_t count = 0;
    if (status != SOURCE_OK) return status;
    const struct mcap_chunk_place *chunks = mcap_file_chunks(file->index, &count);
    uint64_t at = 0, from = time_ns > 0 ? (uint64_t)time_ns : 0;
    for (size_t i = 0; i < count && chunks[i].end < from; i++) at = chunks[i].offset + chunks[i].length;
    file->from_seq = 0;
    file->from_ns = time_ns;
    /* Behind a chunk come its indexes, then the next one's sheet. Only our chunks say everything of their own channels. */
    return reopen(file, file->is_ours ? at : 0);
}

static enum source_status file_range(struct source *source, struct source_range *range) {
    struct file *file = (struct file *)source;
    enum source_status status = open_index(file);
    uint64_t start = 0, end = 0;
    if (status != SOURCE_OK) return status;
    *range = (struct source_range){.first = 0};
    if (mcap_file_times(file->index, &start, &end)) {
        range->first_ns = (int64_t)start;
        range->last_ns = (int64_t)end;
    }
    const struct mcap_statistics *statistics = mcap_file_statistics(file->index);
    if (file->place_count > 0) {
        range->first = file->places[0].first;
        for (size_t i = 0; i < file->place_count; i++) /* 0: of a chunk of samples */
            if (file->places[i].end > range->end) range->end = file->places[i].end;
    } else if (statistics != NULL && statistics->messages > 0) {
        range->first = 1;
        range->end = statistics->messages + 1;
    }
    return SOURCE_OK;
}

static const struct source_topic *file_topic(struct source *source, uint16_t id) {
    struct file *file = (struct file *)source;
    return id < file->topics.count ? file->topics.list[id] : NULL;
}

static struct source_loss file_loss(const struct source *source) {
    const struct file *file = (const struct file *)source;
    return (struct source_loss){file->lost, file->gone};
}

static void file_close(struct source *source) {
    struct file *file = (struct file *)source;
    mcap_reader_free(file->reader);
    mcap_file_close(file->index);
    for (uint32_t i = 0; i < file->lane_count; i++) free(file->lanes[i].from);
    recorded_topics_free(&file->topics);
    free(file->lanes);
    free(file->places);
    free(file->aligned);
    mcap_buffer_free(&file->sheet);
    if (file->owns_fd) (void)close(file->fd);
    free(file);
}

static const struct source_kind file_kind = {
    .next = file_next,
    .seek = file_seek,
    .seek_time = file_seek_time,
    .range = file_range,
    .topic = file_topic,
    .loss = file_loss,
    .close = file_close,
};

struct source *source_open_file(const char *path, struct source_fault *fault) {
    bool is_stdin = strcmp(path, "-") == 0;
    struct file *file = calloc(1, sizeof *file);
    (void)snprintf(fault->text, sizeof fault->text, "out of memory");
    if (file == NULL) return NULL;
    *file = (struct file){.base = {.kind = &file_kind}, .owns_fd = !is_stdin, .from_ns = INT64_MIN};
    do file->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    while (file->fd < 0 && errno == EINTR);
    if (file->fd < 0) {
        (void)snprintf(fault->text, sizeof fault->text, "%s", strerror(errno));
        free(file);
        return NULL;
    }
    const struct mcap_reader_options reader_options = {.at = 0};
    file->reader = mcap_reader_open(mcap_source_fd(&file->fd), &reader_options);
    if (file->reader != NULL) return &file->base;
    file_close(&file->base);
    return NULL;
}
