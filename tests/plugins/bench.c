/* What it costs to decode a message of 200 bytes, in nanoseconds: medians of 9 runs in turn, so that they share what the machine does meanwhile. In this
 * process, and through a worker in batches of 1, 8 and 64. Not a test; it judges nothing.
 *
 *   decode_bench */
#define _GNU_SOURCE
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 9, BATCH = 64, WAYS = 4 };

static const char order[] =
    "{\"id\":1234567,\"symbol\":\"ACME\",\"side\":\"buy\",\"price\":101.25,\"quantity\":400,\"venue\":\"XETR\",\"account\":\"7-42\","
    "\"flags\":[true,false],\"legs\":[{\"px\":100.5,\"n\":3},{\"px\":101,\"n\":1}],\"note\":\"at the open........\"}";
_Static_assert(sizeof order - 1 == 200, "what the figures say");

static double now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void on_notice(void *context, const char *line) {
    (void)context;
    (void)fprintf(stderr, "%s\n", line);
}

/* Nanoseconds a message, decoded so many at a time. */
static double measure(struct host *host, uint32_t topic, struct tree *trees, size_t batch) {
    struct host_item items[BATCH];
    size_t rounds = (batch == 1 ? 3000 : 30000) / batch;
    for (size_t i = 0; i < batch; i++)
        items[i] = (struct host_item){.topic = topic, .want = SCTX_WANT_TREE, .data = order, .len = sizeof order - 1, .tree = &trees[i]};
    double begin = now_ns();
    for (size_t round = 0; round < rounds; round++) {
        host_decode(host, items, batch, true);
        if (items[0].outcome != HOST_DECODED || !tree_is_good(&trees[0])) {
            (void)fprintf(stderr, "not decoded: %s\n", trees[0].reason);
            exit(1);
        }
    }
    return (now_ns() - begin) / (double)(rounds * batch);
}

static struct host *open_host(const char *path, uint32_t *topic) {
    const struct host_options options = {.search = {&path, path != NULL, true}, .notice = on_notice};
    const struct host_topic_is is = {.topic = "orders", .encoding = "json"};
    struct host *host = host_open(&options);
    if (host == NULL || !host_topic_add(host, &is, topic)) exit(1);
    return host;
}

int main(void) {
    static const struct {
        const char *name;
        size_t batch;
        bool there;
    } ways[WAYS] = {{"in this process", 64, false},
                    {"through a worker, 1 at a time", 1, true},
                    {"through a worker, 8 at a time", 8, true},
                    {"through a worker, 64 at a time", 64, true}};
    static struct tree trees[BATCH];
    static double figures[WAYS][RUNS];
    char path[4200];
    uint32_t here_topic = 0, there_topic = 0;
    ssize_t len = readlink("/proc/self/exe", path, 4096);
    char *slash = len > 0 ? memrchr(path, '/', (size_t)len) : NULL;
    if (slash == NULL) return 1;
    (void)snprintf(slash, 64, "/../lib/sctx/decoders/json.so");
    struct host *here = open_host(NULL, &here_topic), *there = open_host(path, &there_topic);
    for (size_t i = 0; i < BATCH; i++) tree_init(&trees[i], (struct tree_limits){0, 0});
    for (size_t run = 0; run < RUNS; run++)
        for (size_t way = 0; way < WAYS; way++)
            figures[way][run] = measure(ways[way].there ? there : here, ways[way].there ? there_topic : here_topic, trees, ways[way].batch);
    for (size_t way = 0; way < WAYS; way++) qsort(figures[way], RUNS, sizeof figures[way][0], by_size);
    (void)printf("a JSON message of 200 bytes, %u values: ns a message, and relative to the first\n", trees[0].count);
    for (size_t way = 0; way < WAYS; way++)
        (void)printf("%-32s %8.0f %8.2f\n", ways[way].name, figures[way][RUNS / 2], figures[way][RUNS / 2] / figures[0][RUNS / 2]);
    for (size_t i = 0; i < BATCH; i++) tree_free(&trees[i]);
    host_close(here);
    host_close(there);
    return 0;
}
