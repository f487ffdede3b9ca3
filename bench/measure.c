#include "measure.h"

#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static double ticks_per_ns = 1.0;
static cpu_set_t first_cpus;
static int first_cpus_known;

int64_t bench_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * BENCH_S + t.tv_nsec;
}

void bench_sleep_until_ns(int64_t when_ns) {
    struct timespec t = {.tv_sec = when_ns / BENCH_S, .tv_nsec = when_ns % BENCH_S};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0) {}
}

void bench_ticks_calibrate(void) {
    double found[5];
    for (unsigned i = 0; i < 5; i++) {
        int64_t from = bench_now_ns();
        uint64_t first = bench_ticks();
        int64_t to = from;
        while (to - from < 10 * BENCH_MS) to = bench_now_ns();
        found[i] = (double)(bench_ticks() - first) / (double)(to - from);
    }
    ticks_per_ns = stat_median(found, 5);
}

double bench_ticks_per_ns(void) {
    return ticks_per_ns;
}

void hist_merge(struct hist *into, const struct hist *from) {
    into->count += from->count;
    if (from->max > into->max) into->max = from->max;
    for (unsigned i = 0; i < HIST_BUCKETS; i++) into->bucket[i] += from->bucket[i];
}

static double hist_value(unsigned i) {
    unsigned shift = i < (2u << HIST_BITS) ? 0 : (i >> HIST_BITS) - 1;
    uint64_t low = shift == 0 ? i : (uint64_t)((i & ((1u << HIST_BITS) - 1)) | (1u << HIST_BITS)) << shift;
    return (double)low + (double)((UINT64_C(1) << shift) - 1) / 2;
}

double hist_quantile(const struct hist *h, double q) {
    if (h->count == 0) return 0;
    uint64_t rank = (uint64_t)ceil(q * (double)h->count), seen = 0;
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen >= rank && h->bucket[i] != 0) return fmin(hist_value(i), (double)h->max);
    }
    return (double)h->max;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { STAT_MAX = 4096 };

double stat_quantile(const double *v, unsigned n, double q) {
    double sorted[STAT_MAX];
    if (n == 0) return NAN;
    if (n > STAT_MAX) n = STAT_MAX;
    memcpy(sorted, v, n * sizeof *v);
    qsort(sorted, n, sizeof *sorted, by_value);
    double at = q * (double)(n - 1);
    unsigned low = (unsigned)at;
    return low + 1 < n ? sorted[low] + (at - low) * (sorted[low + 1] - sorted[low]) : sorted[low];
}

double stat_median(const double *v, unsigned n) {
    return stat_quantile(v, n, 0.5);
}

void bench_pin(int cpu) {
    cpu_set_t set;
    if (!first_cpus_known) first_cpus_known = sched_getaffinity(0, sizeof first_cpus, &first_cpus) == 0;
    if (cpu < 0) {
        set = first_cpus;
    } else {
        CPU_ZERO(&set);
        CPU_SET((unsigned)cpu, &set);
    }
    sched_setaffinity(0, sizeof set, &set);
}
