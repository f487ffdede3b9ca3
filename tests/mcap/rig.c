#define _GNU_SOURCE
#include "rig.h"

#include "mcap_bytes.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void number(struct mcap_buffer *to, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));
        cr_assert(mcap_buffer_add(to, &byte, 1));
    }
}

void hand(struct mcap_buffer *to, unsigned opcode, const char *format, ...) {
    struct mcap_buffer body = {0};
    va_list args;
    va_start(args, format);
    for (const char *at = format; *at != '\0'; at++) {
        const char *data;
        size_t len;
        switch (*at) {
        case 's':
            data = va_arg(args, const char *);
            number(&body, strlen(data), 4);
            cr_assert(mcap_buffer_add(&body, data, strlen(data)));
            break;
        case 'b':
        case 'L':
        case 'r':
            data = va_arg(args, const char *);
            len = va_arg(args, size_t);
            if (*at != 'r') number(&body, len, *at == 'b' ? 4 : 8);
            cr_assert(mcap_buffer_add(&body, data, len));
            break;
        case 'l': number(&body, va_arg(args, uint64_t), 4); break;
        default: number(&body, va_arg(args, uint64_t), *at - '0'); break;
        }
    }
    va_end(args);
    number(to, opcode, 1);
    number(to, body.len, 8);
    cr_assert(mcap_buffer_add(to, body.data, body.len));
    mcap_buffer_free(&body);
}

void hand_magic(struct mcap_buffer *to) {
    static const uint8_t magic[] = {0x89, 0x4D, 0x43, 0x41, 0x50, 0x30, 0x0D, 0x0A};
    cr_assert(mcap_buffer_add(to, magic, sizeof magic));
}

void hand_end(struct mcap_buffer *to, uint64_t summary_start) {
    if (summary_start == 0) hand(to, 0x0F, "4", UINT64_C(0));
    hand(to, 0x02, "884", summary_start, UINT64_C(0), UINT64_C(0));
    hand_magic(to);
}

void hand_chunk(struct mcap_buffer *to, const char *compression, uint64_t size, uint32_t crc, const void *records, size_t len) {
    hand(to, 0x06, "8884sL", UINT64_C(0), UINT64_C(100), size, (uint64_t)crc, compression, records, len);
}

static int write_memory(void *context, struct iovec *parts, int count) {
    struct memory *memory = context;
    for (int i = 0; i < count; i++) {
        size_t len = parts[i].iov_len, room = memory->fail_at > 0 ? memory->fail_at - memory->bytes.len : len;
        cr_assert(mcap_buffer_add(&memory->bytes, parts[i].iov_base, len < room ? len : room));
        if (len > room) return memory->fail_with;
    }
    return 0;
}

struct mcap_sink memory_sink(struct memory *memory) {
    return (struct mcap_sink){write_memory, memory};
}

static ssize_t read_memory(void *context, void *to, size_t len) {
    struct from *from = context;
    size_t rest = from->len - from->at;
    if (rest == 0) return from->fail_with;
    if (len > rest) len = rest;
    if (from->step > 0 && len > from->step) len = from->step;
    memcpy(to, from->data + from->at, len);
    from->at += len;
    return (ssize_t)len;
}

struct mcap_source from_source(struct from *from) {
    return (struct mcap_source){read_memory, from};
}

int file_with(const void *data, size_t len) {
    int fd = memfd_create("mcap", MFD_CLOEXEC);
    cr_assert(fd >= 0 && write(fd, data, len) == (ssize_t)len);
    return fd;
}

/* Back and forth by more than a chunk; sometimes two at the same time. */
uint64_t sample_time(unsigned i) {
    return 1000000 + (i * 7919u % 509u) * 10;
}

size_t sample_len(unsigned i) {
    return i * 37 % 256;
}

void sample_message(struct mcap_message *message, unsigned i, char data[static 256]) {
    size_t len = sample_len(i);
    for (size_t at = 0; at < len; at++) data[at] = (char)(at % 3 == 0 ? i * 31 + at : 'a' + at % 5);
    *message = (struct mcap_message){.channel_id = (uint16_t)(1 + i % 3),
                                     .sequence = i,
                                     .log_time = sample_time(i),
                                     .publish_time = sample_time(i) + 1,
                                     .data = {data, len}};
}

bool sample_is_right(const struct mcap_message *message) {
    char data[256];
    struct mcap_message wanted;
    sample_message(&wanted, message->sequence, data);
    return message->channel_id == wanted.channel_id && message->log_time == wanted.log_time &&
           message->publish_time == wanted.publish_time && message->data.len == wanted.data.len &&
           memcmp(message->data.data, data, wanted.data.len) == 0;
}

void sample_define(struct mcap_writer *writer) {
    const struct mcap_schema schema = {1, mcap_text("Sample"), mcap_text("jsonschema"), mcap_text("{}")};
    cr_assert_eq(mcap_writer_schema(writer, &schema), MCAP_OK);
    static const char *const topics[] = {"one", "two", "three"};
    for (uint16_t i = 0; i < 3; i++) {
        const struct mcap_channel channel = {(uint16_t)(1 + i), i == 0, mcap_text(topics[i]), mcap_text("json"), {0}};
        cr_assert_eq(mcap_writer_channel(writer, &channel), MCAP_OK);
    }
}

void sample(struct memory *to, const struct mcap_writer_options *options, unsigned count) {
    static const struct mcap_writer_options usual = {.chunk_bytes = 3000};
    char data[256];
    struct mcap_message message;
    struct mcap_error error;
    struct mcap_writer *writer = mcap_writer_open(memory_sink(to), options != NULL ? options : &usual, &error);
    cr_assert(writer != NULL);
    sample_define(writer);
    for (unsigned i = 0; i < count; i++) {
        sample_message(&message, i, data);
        cr_assert_eq(mcap_writer_message(writer, &message), MCAP_OK);
    }
    cr_assert_eq(mcap_writer_finish(writer), MCAP_OK);
    mcap_writer_free(writer);
}

void tell(struct told *told, const void *data, size_t len, const struct mcap_reader_options *options) {
    struct from from = {.data = data, .len = len};
    struct mcap_reader_options usual = {0};
    struct mcap_record record;
    struct mcap_reader *reader = mcap_reader_open(from_source(&from), options != NULL ? options : &usual);
    cr_assert(reader != NULL);
    *told = (struct told){0};
    while ((told->end = mcap_reader_next(reader, &record)) >= 0 && told->end != MCAP_END) {
        if (told->end == MCAP_LOST) {
            if (told->lost_events++ == 0) told->first = *mcap_reader_error(reader);
            continue;
        }
        if (told->opcodes[record.opcode] < 255) told->opcodes[record.opcode]++;
        if (record.opcode != MCAP_MESSAGE) continue;
        told->messages++;
        told->sequence_sum += record.content.message.sequence;
        told->wrong_messages += record.channel == NULL || !sample_is_right(&record.content.message);
    }
    if (told->end < 0) told->first = *mcap_reader_error(reader);
    told->account = *mcap_reader_account(reader);
    mcap_reader_free(reader);
}

void must_say(const char *text, const char *part) {
    cr_assert(strstr(text, part) != NULL, "\"%s\" should say \"%s\"", text, part);
}
