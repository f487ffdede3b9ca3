/* Any bytes as a recording: read, sought in, and recovered; and any entries in a Sheet, which come back as they were.
 *
 * The first byte says how. Checksums are mended first where it asks for that, so that what lies behind them is reached. Whatever is in the file: messages are
 * within memory and as source.h promises them, and what recover() makes of it is a whole file with all the messages that it says. */
#define _GNU_SOURCE
#include "recording.h"
#include "mcap_bytes.h"
#include "mcap_compress.h"
#include "must.h"
#include "recover.h"
#include "source.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum how { MEND = 1, SEEK = 2, RECOVER = 4, SHEET = 0x80 };

struct path {
    int fd;
    char text[40];
};

static void open_path(struct path *path) {
    path->fd = memfd_create("fuzz", MFD_CLOEXEC);
    must(path->fd >= 0);
    (void)snprintf(path->text, sizeof path->text, "/proc/self/fd/%d", path->fd);
}

/* ---- reading ---------------------------------------------------------------------------------------------------------------- */

static volatile uint8_t looked_at;

static void look_at(const void *bytes, size_t len) {
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i += 61) looked_at = at[i];
    if (len > 0) looked_at = at[len - 1];
}

static void check_message(struct source *source, const struct source_message *message) {
    const struct source_topic *topic = message->topic;
    must(topic == source_topic(source, topic->id) && strlen(topic->name) < SIZE_MAX && strlen(topic->encoding) < SIZE_MAX);
    must(topic->schema_len <= SCTX_SCHEMA_MAX && (topic->schema != NULL || topic->schema_len == 0));
    must(message->data != NULL && ((uintptr_t)message->data & 7) == 0);
    look_at(topic->schema, topic->schema_len);
    look_at(message->data, message->len);
    look_at(message->from, strlen(message->from));
}

struct heard {
    uint64_t messages, faults;
    enum source_status end;
};

static struct heard hear(struct source *source) {
    struct heard heard = {.end = SOURCE_OK};
    struct source_message message;
    for (uint64_t steps = 0; heard.end >= 0 && heard.end != SOURCE_END; steps++) {
        must(steps < UINT64_C(1) << 26);
        heard.end = source_next(source, &message);
        must(heard.end != SOURCE_AGAIN && heard.end != SOURCE_GONE);
        if (heard.end == SOURCE_OK) check_message(source, &message);
        if (heard.end == SOURCE_DAMAGED || heard.end < 0) must(source_fault(source, NULL)[0] != '\0');
        heard.messages += heard.end == SOURCE_OK;
        heard.faults += heard.end == SOURCE_DAMAGED;
    }
    return heard;
}

static struct heard hear_file(const struct path *path, bool seek) {
    struct source_fault fault;
    struct source_range range = {.first = 0};
    struct source *source = source_open_file(path->text, &fault);
    must(source != NULL);
    struct heard all = hear(source);
    if (seek) {
        enum source_status status = source_range(source, &range);
        must(status == SOURCE_OK || source_fault(source, NULL)[0] != '\0');
        if (source_seek(source, range.first + 1) == SOURCE_OK) must(hear(source).messages <= all.messages || all.faults > 0);
        if (source_seek_time(source, range.last_ns) == SOURCE_OK) (void)hear(source);
    }
    source_close(source);
    return all;
}

static void recover_file(const struct path *path) {
    struct path saved, again;
    struct recover_account account, second;
    struct source_fault fault = {""};
    open_path(&saved);
    open_path(&again);
    if (recover(&(struct recover_options){.from = path->text, .to = saved.text, .overwrite = true}, &account, &fault)) {
        struct heard heard = hear_file(&saved, false);
        must(heard.end == SOURCE_END && heard.faults == 0 && heard.messages == account.messages);
        must(recover(&(struct recover_options){.from = saved.text, .to = again.text, .overwrite = true}, &second, &fault));
        must(second.messages == account.messages && second.read.is_complete && second.read.lost_records == 0 && !second.read.is_cut);
    } else {
        must(fault.text[0] != '\0');
    }
    (void)close(saved.fd);
    (void)close(again.fd);
}

/* Records as they follow each other, as far as they do: sheets get the checksum and the length of the chunk behind them, chunks none. */
static void mend(uint8_t *data, size_t size) {
    uint8_t *sheet = NULL;
    for (size_t at = MCAP_MAGIC_BYTES; at + MCAP_HEAD_BYTES <= size;) {
        uint64_t len = mcap_get64(data + at + 1);
        uint8_t *body = data + at + MCAP_HEAD_BYTES;
        if (len > size - at - MCAP_HEAD_BYTES) return;
        if (data[at] == MCAP_CHUNK && len >= 28) {
            (void)mcap_set32(body + 24, 0);
            if (sheet != NULL) {
                (void)mcap_set64(sheet + MCAP_HEAD_BYTES + 8, MCAP_HEAD_BYTES + len);
                (void)mcap_set32(sheet + MCAP_HEAD_BYTES, mcap_crc(0, sheet + MCAP_HEAD_BYTES + 4, mcap_get64(sheet + 1) - 4));
            }
        }
        if (data[at] == RECORDING_INDEX && len >= 4) (void)mcap_set32(body, mcap_crc(0, body + 4, len - 4));
        if (data[at] == MCAP_DATA_END && len >= 4) (void)mcap_set32(body, 0);
        sheet = data[at] == RECORDING_SHEET && len >= 16 ? data + at : NULL;
        at += MCAP_HEAD_BYTES + len;
    }
}

static void read_file(const uint8_t *data, size_t size, uint8_t how) {
    struct path path;
    open_path(&path);
    uint8_t *copy = malloc(size > 0 ? size : 1);
    must(copy != NULL);
    if (size > 0) memcpy(copy, data, size);
    if ((how & MEND) != 0) mend(copy, size);
    must(write(path.fd, copy, size) == (ssize_t)size);
    free(copy);
    (void)hear_file(&path, (how & SEEK) != 0);
    if ((how & RECOVER) != 0) recover_file(&path);
    (void)close(path.fd);
}

/* ---- sheets ----------------------------------------------------------------------------------------------------------------- */

static const uint8_t *take_number(const uint8_t *at, const uint8_t *end, uint64_t *number) {
    size_t len = at < end ? *at++ & 15 : 0;
    *number = 0;
    for (; len > 0 && at < end; len--) *number = *number << 8 | *at++;
    return at;
}

static const uint8_t *take_entry(const uint8_t *at, const uint8_t *end, struct recording_entry *entry) {
    uint64_t join = 0, name = 0;
    uint8_t bits = *at++;
    *entry = (struct recording_entry){.has_cause = (bits & 1) != 0, .cause_is_explicit = (bits & 2) != 0, .is_sample = (bits & 4) != 0};
    at = take_number(at, end, &entry->seq);
    if (entry->has_cause) at = take_number(at, end, &entry->cause);
    if ((bits & 8) != 0) at = take_number(at, end, &entry->lost);
    if ((bits & 16) != 0) at = take_number(at, end, &entry->gone);
    if ((bits & 32) != 0) at = take_number(at, end, &join);
    if ((bits & 64) != 0) at = take_number(at, end, &name);
    entry->join = entry->pid = (uint32_t)join;
    entry->name = (const char *)at;
    entry->name_len = (uint8_t)(name < (uint64_t)(end - at) ? name : (uint64_t)(end - at));
    return at;
}

static void write_and_read_sheet(const uint8_t *data, size_t size) {
    struct recording_sheet sheet = {.count = 0};
    struct recording_cursor cursor;
    struct recording_entry wanted, found;
    const uint8_t *end = data + size;
    for (const uint8_t *at = data; at < end && !recording_sheet_is_full(&sheet);) {
        at = take_entry(at, end, &wanted);
        must(recording_sheet_add(&sheet, &wanted));
    }
    uint32_t count = sheet.count;
    struct mcap_str body = recording_sheet_body(&sheet, size);
    must(body.data != NULL && recording_sheet_read(body, &cursor) == NULL && cursor.chunk_length == size && cursor.count == count);
    const uint8_t *at = data;
    for (uint32_t i = 0; i < count; i++) {
        at = take_entry(at, end, &wanted);
        must(recording_sheet_next(&cursor, &found));
        must(found.seq == wanted.seq && found.has_cause == wanted.has_cause && (!found.has_cause || found.cause == wanted.cause));
        must(found.cause_is_explicit == wanted.cause_is_explicit && found.is_sample == wanted.is_sample);
        must(found.lost == wanted.lost && found.gone == wanted.gone && found.join == wanted.join && found.pid == wanted.pid);
        must(found.name_len == wanted.name_len && (found.name_len == 0 || memcmp(found.name, wanted.name, found.name_len) == 0));
    }
    must(!recording_sheet_next(&cursor, &found));
    recording_sheet_free(&sheet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    if ((data[0] & SHEET) != 0)
        write_and_read_sheet(data + 1, size - 1);
    else
        read_file(data + 1, size - 1, data[0]);
    return 0;
}
