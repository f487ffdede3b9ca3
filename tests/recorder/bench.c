/* What recording costs: messages of 64 bytes to a file, by recorder.h in each compression, beside plain write() of the same bytes; and read back. Medians of 5
 * runs in turn, so that they share what the machine does meanwhile. Not a test; it judges nothing.
 *
 *   record_bench [FOLDER]     default: the folder of this program */
#define _GNU_SOURCE
#include "recorder.h"
#include "source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 5, MESSAGES = 2000000, LEN = 64, TOPICS = 8, WAYS = 5 };

static char path[4300];
static struct source_topic topics[TOPICS];

static double now_s(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* As telemetry has it: a counter, a few numbers that change little, some that change all the time. */
static void fill(uint32_t text[static LEN / 4], uint32_t i) {
    for (uint32_t k = 0; k < LEN / 4; k++) text[k] = k < 2 ? i : k < 12 ? 1000 + k + i / 1000 : (i + k) * 2654435761u;
}

/* Seconds; *bytes: of the file. */
static double by_recorder(enum mcap_compression compression, double *bytes) {
    const struct recorder_options options = {
        .path = path, .overwrite = true, .context = "bench", .compression = compression, .buffer_max = 64 << 20};
    struct recorder_state state;
    struct source_fault fault;
    _Alignas(8) uint32_t text[LEN / 4];
    double begin = now_s();
    struct recorder *recorder = recorder_open(&options, &fault);
    if (recorder == NULL) {
        (void)fprintf(stderr, "%s\n", fault.text);
        exit(1);
    }
    for (uint32_t i = 0; i < MESSAGES; i++) {
        fill(text, i);
        const struct source_message message = {.seq = i + 1,
                                               .time_ns = INT64_C(1795608000000000000) + i * 1000,
                                               .topic = &topics[i % TOPICS],
                                               .from = "bench",
                                               .pid = 100,
                                               .join = 1,
                                               .data = text,
                                               .len = LEN,
                                               .has_cause = i % 4 == 1,
                                               .cause = i,
                                               .has_seq = true};
        if (!recorder_add(recorder, &message)) exit(1);
    }
    recorder_close(recorder, &state);
    *bytes = (double)state.bytes;
    return now_s() - begin;
}

static double by_write(double *bytes) {
    enum { CHUNK = 1 << 20 };
    char *buffer = malloc(CHUNK + LEN);
    double begin = now_s();
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    size_t len = 0;
    if (buffer == NULL || fd < 0) exit(1);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        uint32_t text[LEN / 4];
        fill(text, i);
        memcpy(buffer + len, text, LEN);
        len += LEN;
        if (len < CHUNK && i + 1 < MESSAGES) continue;
        if (write(fd, buffer, len) != (ssize_t)len) exit(1);
        len = 0;
    }
    (void)close(fd);
    free(buffer);
    *bytes = (double)MESSAGES * LEN;
    return now_s() - begin;
}

static double read_back(double *bytes) {
    struct source_fault fault;
    struct source_message message;
    double begin = now_s();
    uint64_t count = 0;
    struct source *source = source_open_file(path, &fault);
    if (source == NULL) exit(1);
    while (source_next(source, &message) == SOURCE_OK) count += message.seq == count + 1;
    source_close(source);
    if (count != MESSAGES) {
        (void)fprintf(stderr, "read back %llu messages\n", (unsigned long long)count);
        exit(1);
    }
    *bytes = 0;
    return now_s() - begin;
}

int main(int argc, char **argv) {
    static const char *const names[WAYS] = {"plain write()", "recorded, none", "recorded, zstd", "recorded, lz4", "lz4 read back"};
    static double figures[WAYS][RUNS];
    double bytes[WAYS];
    if (argc > 1) {
        (void)snprintf(path, sizeof path, "%s/record_bench.tmp", argv[1]);
    } else {
        ssize_t len = readlink("/proc/self/exe", path, 4096);
        if (len <= 0) return 1;
        (void)snprintf(path + len, sizeof path - (size_t)len, ".tmp");
    }
    for (size_t i = 0; i < TOPICS; i++) {
        static char texts[TOPICS][16];
        (void)snprintf(texts[i], sizeof texts[i], "plant/motor%zu", i);
        topics[i] = (struct source_topic){.name = texts[i], .encoding = "x-motor", .id = (uint16_t)i};
    }
    for (size_t run = 0; run < RUNS; run++) {
        figures[0][run] = by_write(&bytes[0]);
        figures[1][run] = by_recorder(MCAP_UNCOMPRESSED, &bytes[1]);
        figures[2][run] = by_recorder(MCAP_ZSTD, &bytes[2]);
        figures[3][run] = by_recorder(MCAP_LZ4, &bytes[3]);
        figures[4][run] = read_back(&bytes[4]);
    }
    (void)unlink(path);
    (void)printf("%d messages of %d bytes on %d topics: million a second, relative to the first, bytes a message\n", MESSAGES, LEN, TOPICS);
    for (size_t way = 0; way < WAYS; way++) qsort(figures[way], RUNS, sizeof figures[way][0], by_size);
    for (size_t way = 0; way < WAYS; way++)
        (void)printf("%-16s %8.2f %8.2f %8.1f\n", names[way], MESSAGES / figures[way][RUNS / 2] / 1e6,
                     figures[0][RUNS / 2] / figures[way][RUNS / 2], bytes[way] / MESSAGES);
    return 0;
}
