/* Clocks, statistics, and the trip of one cache line.
 *
 * Two clocks. bench_now_ns() is the system's monotonic clock: the same on every core, for stamps that travel between processes.
 * bench_ticks() is the processor's counter: a few ns to read, for intervals on one core. The trip of a cache line between two cores is
 * the unit that hosts change under us, so every run is put between two measurements of it (see bench_repeat() in bench.h). */
#ifndef SCTX_BENCH_MEASURE_H
#define SCTX_BENCH_MEASURE_H
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define BENCH_MS INT64_C(1000000)
#define BENCH_S INT64_C(1000000000)

int64_t bench_now_ns(void);
void bench_sleep_until_ns(int64_t when_ns);

static inline uint64_t bench_ticks(void) {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t t;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(t));
    return t;
#else
    return (uint64_t)bench_now_ns();
#endif
}

/* Keeps the compiler from dropping or moving work on *p. */
static inline void bench_keep(const void *p) {
    __asm__ volatile("" : : "r"(p) : "memory");
}

void bench_ticks_calibrate(void);
double bench_ticks_per_ns(void);

/* A histogram of non-negative values, exact below 256, within 0.8 % above. Fits into shared memory: no pointers. */
enum { HIST_BITS = 7, HIST_BUCKETS = (64 - HIST_BITS + 1) << HIST_BITS };
struct hist {
    uint64_t count, max;
    uint32_t bucket[HIST_BUCKETS];
};

static inline void hist_add(struct hist *h, uint64_t v) {
    unsigned shift = v < (1u << HIST_BITS) ? 0 : (unsigned)(63 - __builtin_clzll(v)) - HIST_BITS;
    h->bucket[((uint64_t)shift << HIST_BITS) + (v >> shift)]++;
    h->count++;
    if (v > h->max) h->max = v;
}

void hist_merge(struct hist *into, const struct hist *from);
double hist_quantile(const struct hist *h, double q); /* q from 0 to 1; 0 when empty */

double stat_median(const double *v, unsigned n); /* n from 1 to 4096; v stays as it is */
double stat_quantile(const double *v, unsigned n, double q);

/* Runs the calling process on one core; a negative number means any of those it started with. */
void bench_pin(int cpu);

/* ns for a cache line to go from cpu a to cpu b: half of a ping-pong on one atomic word, median of many short batches.
 * NaN when it can't be measured (one core only, or the machine never let both sides run). */
double bench_trip_ns(int a, int b);

#endif
