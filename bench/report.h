/* The table on the terminal, and the same as JSON. */
#ifndef SCTX_BENCH_REPORT_H
#define SCTX_BENCH_REPORT_H
#include "bench.h"

#include <stdio.h>

enum asked { ASKED_NOTHING, ASKED_AT_MOST, ASKED_AT_LEAST, ASKED_BELOW };
enum against { AGAINST_ITSELF, AGAINST_TRIP, AGAINST_COLUMN }; /* what is compared with the target: the value, or its ratio to that */

struct figure {
    const char *key;  /* stable name in JSON */
    const char *what; /* for people */
    const char *unit; /* "ns", "us", "ms", "/s", "%", "x" or "" */
    unsigned column;
    enum asked asked;
    double target;
    enum against against;
    unsigned by; /* the other column */
};

struct report *report_open(struct bench *bench);
void report_section(struct report *report, const char *title);
void report_figures(struct report *report, const struct series *series, const struct figure *figure, unsigned n);
void report_note(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One row of the comparison: n columns of the series from `first` on, one a transport, the first of them ours. */
struct comparison {
    const char *key, *what, *unit;
    unsigned first;
    bool more_is_better;
    double target; /* how many times as good as the best peer; 0: nothing was asked */
};
void report_compare_head(struct report *report, const struct transport *const *transport, unsigned n);
void report_compare(struct report *report, const struct series *series, const struct comparison *c, unsigned n);

int report_close(struct report *report, bool all_right); /* writes the JSON */

#endif
