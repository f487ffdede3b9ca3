#define _GNU_SOURCE
#include "tape.h"
#include "mcap_buffer.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TOPICS = 4, SENDERS = 5, DATA_MAX = 240 };

static const struct source_topic topics[TOPICS] = {
    {.name = "shop/order", .encoding = "json", .id = 0},
    {.name = "log", .encoding = "", .id = 1},
    {.name = "plant/motor",
     .encoding = "struct:Motor",
     .kind = "struct-layout",
     .schema = "struct Motor { u32 n; };",
     .schema_len = 24,
     .id = 2},
    {.name = "marker/shop/open/level", .encoding = "application/json", .id = 3},
};
static const char *const senders[SENDERS] = {"till", "stock", "a name with spaces", "m\xC3\xB6tor", "x"};

static void fill(uint8_t *data, uint32_t len, unsigned number) {
    uint32_t state = number * 2654435761u + 1;
    for (uint32_t i = 0; i < len; i++) {
        state = state * 1664525u + 1013904223u;
        data[i] = (uint8_t)(state >> 24);
    }
}

void tape_make(struct tape *tape, uint64_t first_seq, unsigned count) {
    *tape = (struct tape){calloc(count, sizeof *tape->messages), count};
    cr_assert_not_null(tape->messages);
    uint64_t seq = first_seq - 1;
    for (unsigned i = 0; i < count; i++) {
        struct source_message *message = &tape->messages[i];
        bool is_sample = i % 17 == 16, is_behind_loss = i % 29 == 7;
        uint32_t len = is_sample ? 11 : i * 37 % DATA_MAX;
        uint8_t *data = malloc(DATA_MAX);
        cr_assert_not_null(data);
        fill(data, len, i);
        if (is_sample) memcpy(data, "{\"level\":3}", len);
        if (!is_sample) seq += is_behind_loss ? 6 : 1;
        *message = (struct source_message){.seq = seq,
                                           .time_ns = INT64_C(1795600000000000000) + (int64_t)i * 1234567,
                                           .topic = &topics[is_sample ? TOPICS - 1 : i % (TOPICS - 1)],
                                           .from = is_sample ? "" : senders[i % SENDERS],
                                           .pid = is_sample ? 0 : 4000000 + i % SENDERS,
                                           .join = is_sample ? 0 : 1 + i % SENDERS,
                                           .data = data,
                                           .len = len,
                                           .has_cause = !is_sample && i % 3 == 1,
                                           .cause_is_explicit = !is_sample && i % 6 == 1,
                                           .is_sample = is_sample,
                                           .has_seq = true};
        if (message->has_cause) message->cause = seq - 1 - i % 7;
        if (is_behind_loss && !is_sample) message->lost = 3, message->gone = 2;
    }
}

void tape_free(struct tape *tape) {
    for (unsigned i = 0; i < tape->count; i++) free((void *)(uintptr_t)tape->messages[i].data);
    free(tape->messages);
}

/* Chunks are closed by their age. */
static void close_chunk(struct recorder *recorder) {
    const struct timespec age = {.tv_nsec = 255000000};
    (void)nanosleep(&age, NULL);
    cr_assert(recorder_tick(recorder));
}

void tape_record(const struct tape *tape, const struct recorder_options *options, unsigned chunk) {
    struct source_fault fault;
    struct recorder_state state;
    struct recorder *recorder = recorder_open(options, &fault);
    cr_assert_not_null(recorder, "%s", fault.text);
    for (unsigned i = 0; i < tape->count; i++) {
        cr_assert(recorder_add(recorder, &tape->messages[i]));
        if (chunk != 0 && (i + 1) % chunk == 0) close_chunk(recorder);
    }
    recorder_close(recorder, &state);
    cr_assert(state.end == RECORDER_GOES_ON && state.unwritten == 0, "%s", state.text);
    cr_assert_eq(state.messages + state.samples, tape->count);
}

static bool same_schema(const struct source_topic *a, const struct source_topic *b) {
    return a->schema_len == b->schema_len && (a->schema_len == 0 || memcmp(a->schema, b->schema, a->schema_len) == 0) &&
           (a->kind == NULL ? b->kind == NULL : b->kind != NULL && strcmp(a->kind, b->kind) == 0);
}

const char *tape_differs(const struct source_message *wanted, const struct source_message *found) {
    if (wanted->seq != found->seq || wanted->has_seq != found->has_seq) return "seq";
    if (wanted->time_ns != found->time_ns) return "time";
    if (wanted->is_sample != found->is_sample) return "is_sample";
    if (wanted->has_cause != found->has_cause || (wanted->has_cause && wanted->cause != found->cause)) return "cause";
    if (wanted->cause_is_explicit != found->cause_is_explicit) return "cause_is_explicit";
    if (strcmp(wanted->topic->name, found->topic->name) != 0) return "topic";
    if (strcmp(wanted->topic->encoding, found->topic->encoding) != 0) return "encoding";
    if (!same_schema(wanted->topic, found->topic)) return "schema";
    if (strcmp(wanted->from, found->from) != 0) return "from";
    if (wanted->pid != found->pid || wanted->join != found->join) return "pid or join";
    if (wanted->lost != found->lost || wanted->gone != found->gone) return "loss";
    if (wanted->len != found->len || memcmp(wanted->data, found->data, found->len) != 0) return "data";
    return NULL;
}

void hear(const char *path, const struct tape *tape, unsigned first, struct heard *heard) {
    struct source_fault fault;
    struct source_message message;
    *heard = (struct heard){.end = SOURCE_OK};
    struct source *source = source_open_file(path, &fault);
    cr_assert_not_null(source, "%s", fault.text);
    while (heard->end >= 0 && heard->end != SOURCE_END) {
        heard->end = source_next(source, &message);
        if (heard->end == SOURCE_OK) {
            unsigned number = first + heard->messages++;
            if (tape == NULL) continue;
            cr_assert_lt(number, tape->count);
            const char *what = tape_differs(&tape->messages[number], &message);
            cr_assert_null(what, "message %u has another %s", number, what);
        } else if (heard->end == SOURCE_DAMAGED && heard->faults++ == 0) {
            (void)snprintf(heard->first_fault, sizeof heard->first_fault, "%s", source_fault(source, NULL));
        }
    }
    heard->loss = source_loss(source);
    source_close(source);
}

void path_in_folder(char path[static PATH_ROOM], const char *name) {
    const char *folder = getenv("SCTX_TEST_DIR");
    cr_assert_not_null(folder, "SCTX_TEST_DIR: a folder to write to");
    cr_assert_lt(snprintf(path, PATH_ROOM, "%s/%s", folder, name), PATH_ROOM);
}

void load(const char *path, struct mcap_buffer *bytes) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert(fd >= 0 && fstat(fd, &st) == 0);
    bytes->len = 0;
    uint8_t *to = mcap_buffer_take(bytes, (size_t)st.st_size);
    cr_assert(to != NULL && read(fd, to, bytes->len) == (ssize_t)bytes->len);
    (void)close(fd);
}

void save(const char *path, const void *data, size_t len) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert(fd >= 0 && write(fd, data, len) == (ssize_t)len);
    (void)close(fd);
}
