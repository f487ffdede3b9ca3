/* recorder/mcap: any bytes as a file, by stream, by index and scanned; and any messages written and read back.
 *
 * The first byte says how: which limits, and what the input is. Whatever is in the file, the accounts of a reader agree with what it gave, a query
 * gives messages in order, backwards is the other way round, and errors are harmless words. */
#define _GNU_SOURCE
#include "mcap_query.h"
#include "mcap_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                                 \
    do {                                                                                \
        if (!(condition)) {                                                             \
            (void)fprintf(stderr, "fuzz: not so: %s, line %d\n", #condition, __LINE__); \
            abort();                                                                    \
        }                                                                               \
    } while (0)

enum { RECORD_MAX = 1 << 20 };

static void check_error(const struct mcap_error *error) {
    must(error->status < 0 && error->text[0] != '\0');
    for (const char *at = error->text; *at != '\0'; at++) must(*at >= 0x20 && *at < 0x7F);
}

struct bytes {
    const uint8_t *data;
    size_t len, at, step;
};

static ssize_t read_bytes(void *context, void *to, size_t len) {
    struct bytes *from = context;
    if (len > from->len - from->at) len = from->len - from->at;
    if (len > from->step) len = from->step;
    if (len > 0) memcpy(to, from->data + from->at, len);
    from->at += len;
    return (ssize_t)len;
}

static void read_stream(const uint8_t *data, size_t size, uint8_t how) {
    struct bytes from = {data, size, 0, (how & 1) != 0 ? 7 : SIZE_MAX};
    const struct mcap_reader_options options = {.record_max = RECORD_MAX, .definitions_max = 1 << 16, .resync = (how & 2) != 0};
    struct mcap_reader *reader = mcap_reader_open((struct mcap_source){read_bytes, &from}, &options);
    struct mcap_record record;
    enum mcap_status status;
    uint64_t records = 0, messages = 0, steps = 0;
    must(reader != NULL);
    while ((status = mcap_reader_next(reader, &record)) >= 0 && status != MCAP_END) {
        must(++steps <= UINT64_C(1) << 26);
        if (status == MCAP_LOST) {
            check_error(mcap_reader_error(reader));
            continue;
        }
        records++;
        messages += record.opcode == MCAP_MESSAGE;
        must(record.opcode != MCAP_MESSAGE || (record.channel != NULL && record.channel->id == record.content.message.channel_id));
        if (record.opcode == MCAP_CHUNK && (how & 4) != 0) mcap_reader_pass(reader);
    }
    if (status < 0) check_error(mcap_reader_error(reader));
    const struct mcap_account *account = mcap_reader_account(reader);
    must(account->records == records && account->bytes <= size);
    must((how & 4) != 0 || account->messages == messages);
    mcap_reader_free(reader);
}

struct seen {
    uint64_t time, offset, chunk_off;
};

/* The messages, up to max; *is_untimely: a chunk said that its times do not hold, so the order does not either. */
static size_t query(struct mcap_file *file, const struct mcap_query_options *options, struct seen *seen, size_t max, bool *is_untimely) {
    struct mcap_query *of = mcap_query_open(file, options);
    struct mcap_record record;
    enum mcap_status status;
    size_t count = 0;
    must(of != NULL);
    while (count < max && (status = mcap_query_next(of, &record)) != MCAP_END) {
        if (status == MCAP_OK) {
            must(record.channel != NULL);
            seen[count++] = (struct seen){record.content.message.log_time, record.offset, record.chunk_off};
        } else {
            must(status == MCAP_LOST);
            check_error(mcap_query_error(of));
            if (strstr(mcap_query_error(of)->text, "outside of the time") != NULL) *is_untimely = true;
        }
    }
    mcap_query_close(of);
    return count;
}

static void read_index(const uint8_t *data, size_t size, uint8_t how) {
    enum { MAX = 4096 };
    static struct seen forwards[MAX], backwards[MAX];
    struct mcap_error error;
    struct mcap_record record;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    const struct mcap_file_options options = {
        .record_max = RECORD_MAX, .definitions_max = 1 << 16, .index_max = 1 << 18, .scan = how % 3, .resync = true};
    struct mcap_file *file = mcap_file_open(fd, &options, &error);
    if (file == NULL) {
        check_error(&error);
    } else {
        const struct mcap_query_options all = {.memory_max = 1}, other = {.memory_max = 1, .is_backwards = true};
        bool is_untimely = false, is_untimely_again = false;
        size_t count = query(file, &all, forwards, MAX, &is_untimely);
        size_t again = query(file, &other, backwards, MAX, &is_untimely_again);
        must(count == again);
        must(count == MAX || is_untimely == is_untimely_again);
        for (size_t i = 0; count < MAX && i < count && options.scan == MCAP_SCAN_ALWAYS && !is_untimely; i++) {
            must(memcmp(&forwards[i], &backwards[count - 1 - i], sizeof *forwards) == 0);
            must(i == 0 || forwards[i].time >= forwards[i - 1].time);
        }
        size_t places;
        const struct mcap_record_place *others = mcap_file_records(file, &places);
        for (size_t i = 0; i < places && i < 64; i++) {
            if (mcap_file_record(file, others[i].offset, &record, &error) != MCAP_OK) check_error(&error);
        }
        for (size_t i = 0; i < count && i < 64; i++) {
            uint64_t chunk = forwards[i].offset;
            if (mcap_file_message(file, chunk, forwards[i].chunk_off, &record, &error) != MCAP_OK) check_error(&error);
        }
        mcap_file_close(file);
    }
    (void)close(fd);
}

static int write_bytes(void *context, struct iovec *parts, int count) {
    struct mcap_buffer *to = context;
    for (int i = 0; i < count; i++) must(mcap_buffer_add(to, parts[i].iov_base, parts[i].iov_len));
    return 0;
}

/* The input is a list of messages; written, they come back as they were. */
static void write_and_read(const uint8_t *data, size_t size, uint8_t how) {
    struct mcap_buffer file = {0};
    struct mcap_error error;
    const struct mcap_writer_options options = {.compression = how % 3,
                                                .flags = size > 2 ? ((uint32_t)data[0] << 8 | data[1]) & 0x3FFF : 0,
                                                .chunk_bytes = 1 + how * 8u};
    struct mcap_writer *writer = mcap_writer_open((struct mcap_sink){write_bytes, &file}, &options, &error);
    must(writer != NULL);
    for (uint16_t id = 0; id < 4; id++) {
        const struct mcap_channel channel = {id, 0, mcap_text("t"), mcap_text(""), {0}};
        must(mcap_writer_channel(writer, &channel) == MCAP_OK);
    }
    uint32_t sequence = 0;
    for (size_t at = 2; at + 2 <= size; sequence++) {
        size_t len = data[at + 1] < size - at - 2 ? data[at + 1] : size - at - 2;
        const struct mcap_message message = {data[at] % 4, sequence, data[at] / 4, at, {(const char *)data + at + 2, len}};
        must(mcap_writer_message(writer, &message) == MCAP_OK);
        at += 2 + len;
    }
    must(mcap_writer_finish(writer) == MCAP_OK);
    mcap_writer_free(writer);

    struct bytes from = {file.data, file.len, 0, SIZE_MAX};
    struct mcap_reader *reader = mcap_reader_open((struct mcap_source){read_bytes, &from}, &(struct mcap_reader_options){0});
    struct mcap_record record;
    enum mcap_status status;
    size_t at = 2;
    must(reader != NULL);
    while ((status = mcap_reader_next(reader, &record)) != MCAP_END) {
        must(status == MCAP_OK);
        if (record.opcode != MCAP_MESSAGE) continue;
        const struct mcap_message *message = &record.content.message;
        must(at + 2 <= size && message->publish_time == at && message->channel_id == data[at] % 4);
        must(memcmp(message->data.data, data + at + 2, message->data.len) == 0);
        at += 2 + message->data.len;
        sequence--;
    }
    must(sequence == 0 && mcap_reader_account(reader)->is_complete && mcap_reader_account(reader)->lost_records == 0);
    mcap_reader_free(reader);
    mcap_buffer_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    uint8_t how = data[0];
    if ((how & 0x80) != 0) {
        write_and_read(data + 1, size - 1, how & 0x7F);
    } else {
        read_stream(data + 1, size - 1, how);
        read_index(data + 1, size - 1, how >> 3);
    }
    return 0;
}
