/* How long a filter takes for a message, in nanoseconds: medians of 9 runs. Not a test; it judges nothing. On one core, from the cache, over 64
 * topics in turn. "unremembered": the same with no verdict kept by topic id, which is what the memory is worth.
 *
 *   filter_bench [EXPRESSION...] */
#include "filter_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TOPICS = 64, RUNS = 9 };

extern const sctx_plugin sctx_decoder_json;

static char topics[TOPICS][32];
static struct filter_message messages[TOPICS];
static struct tree tree;

static void prepare(void) {
    static const char *const senders[] = {"till", "shop", "stock", "mail"};
    static const char order[] =
        "{\"id\":12,\"price\":100.5,\"items\":[{\"sku\":\"a\",\"price\":1},{\"sku\":\"b\",\"price\":2},{\"sku\":\"c\",\"price\":3}],"
        "\"by\":\"till\",\"took\":1500000,\"paid\":true}";
    for (unsigned i = 0; i < TOPICS; i++) {
        (void)snprintf(topics[i], sizeof topics[i], i % 2 == 0 ? "order/eu/new/%u" : "stock/eu/%u", i);
        messages[i] = (struct filter_message){.seq = i,
                                              .time_ns = INT64_C(1795608000000000000) + i,
                                              .topic = topics[i],
                                              .from = senders[i % 4],
                                              .encoding = "json",
                                              .pid = 100 + i % 4,
                                              .len = 64 + i,
                                              .topic_id = (uint16_t)i};
    }
    struct tree_builder builder;
    tree_init(&tree, (struct tree_limits){0});
    tree_build(&builder, &tree, SCTX_WANT_TREE, sizeof order - 1);
    tree_built(&builder, sctx_decoder_json.decode(NULL, order, sizeof order - 1, &builder.out));
}

static double now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Nanoseconds a message. */
static double measure(struct filter *filter, unsigned count, unsigned *matches) {
    double runs[RUNS];
    bool needs_data = filter_needs_data(filter);
    for (unsigned run = 0; run < RUNS; run++) {
        *matches = 0;
        double begin = now_ns();
        for (unsigned i = 0; i < count; i++) {
            const struct filter_message *message = &messages[i % TOPICS];
            *matches += needs_data ? filter_decide(filter, message, &tree) : filter_ask(filter, message) == FILTER_YES;
        }
        runs[run] = (now_ns() - begin) / count;
    }
    qsort(runs, RUNS, sizeof *runs, by_size);
    return runs[RUNS / 2];
}

static bool bench(const char *expression) {
    struct filter_error error;
    char shown[FILTER_SHOWN_MAX];
    struct filter *filter = filter_compile(expression, &error);
    if (filter == NULL) {
        (void)filter_error_show(&error, expression, shown);
        (void)fputs(shown, stderr);
        return false;
    }
    unsigned count = filter_needs_data(filter) ? 200000 : 1000000, matches = 0;
    double remembered = measure(filter, count, &matches);
    filter_forget(filter);
    filter->slots = 0;
    double unremembered = measure(filter, count, &matches);
    printf("%8.1f %12.1f %14.1f %9.0f%%  %s\n", remembered, 1e3 / remembered, unremembered, 100.0 * matches / count, expression);
    filter_free(filter);
    return true;
}

int main(int argc, char **argv) {
    static const char *const usual[] = {
        "seq > 100",
        "from == \"till\"",
        "topic ~ \"order/**\"",
        "topic ~ \"**/new/*\" && from == \"till\" && len > 8",
        "topic =~ '^order/[a-z]+/new'",
        "topic ~ \"order/**\" && (from in [\"till\", \"shop\"] || pid == 102) && !(len < 8) && time > \"2026-11-25\" && cause == null",
        "from ~ \"t*l\"",
        "from =~ '^t.*l$'",
        "topic ~ \"order/**\" && data.price > 100",
        "data.price > 100",
        "data.**.price == 3",
        "changed(data)",
        "data.by =~ '^t'",
    };
    bool is_fine = true;
    prepare();
    printf("%8s %12s %14s %10s\n", "ns", "million/s", "unremembered", "matches");
    for (size_t i = 0; argc == 1 && i < sizeof usual / sizeof *usual; i++) is_fine &= bench(usual[i]);
    for (int i = 1; i < argc; i++) is_fine &= bench(argv[i]);
    tree_free(&tree);
    return is_fine ? 0 : 1;
}
