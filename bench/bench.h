/* sctx-bench: what all measurement families share.
 *
 * A family measures one thing. It hands bench_repeat() a function that does one run, which takes every number that is compared with
 * another in that same run. bench_repeat() measures the trip of a cache line before and after each run, throws away runs in which the two
 * differ by more than 20 %, and repeats until it has enough. Medians over the runs, and of ratios within a run, are what is reported.
 *
 * Being slow is never an error: bench_wrong() is for what must not happen (accounts that don't balance, a gated reader that lost). */
#ifndef SCTX_BENCH_BENCH_H
#define SCTX_BENCH_BENCH_H
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct report;
struct transport;

struct machine {
    char cpu[128], kernel[128], clock_source[64], governor[64], topology[96];
    unsigned online, allowed;
    bool is_virtual, steady_counter;
};

struct bench {
    bool quick, compare;
    const char *only, *json;
    unsigned runs;   /* stable ones wanted */
    int cpu[2];      /* two cores to pin to: of different physical cores where there are such; equal when there is only one */
    char dir[64];    /* our own folder in /dev/shm */
    char tool[4096]; /* the sctx beside us, or "" */
    struct machine machine;
    struct report *report;
};

extern volatile sig_atomic_t bench_interrupted; /* a signal asked us to end */

/* Something that must not happen did: told on stderr, and the exit status becomes 1. Always returns -1. */
int bench_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

enum { RUNS_MAX = 64, COLUMNS_MAX = 48 };

struct series {
    unsigned runs, discarded, columns;
    bool shaky; /* the trip never stayed the same long enough: these are all the runs there were */
    double before[RUNS_MAX], after[RUNS_MAX];
    double value[RUNS_MAX][COLUMNS_MAX];
};

typedef int run_fn(struct bench *bench, void *arg, double *value); /* fills `columns` values; 0, or -1 after bench_wrong() */

int bench_repeat(struct bench *bench, unsigned columns, run_fn *fn, void *arg, struct series *series);

double series_median(const struct series *s, unsigned column);
double series_ratio(const struct series *s, unsigned column, unsigned by); /* median of the ratios in one run */
double series_trips(const struct series *s, unsigned column);              /* likewise, by the trip of that run */
double series_trip(const struct series *s, bool after);

/* Makes a context in the bench's folder; removes it. Not while the process has it open. */
int bench_context_create(struct bench *bench, const char *name, bool gating);
void bench_context_remove(struct bench *bench, const char *name);

int bench_main(int argc, char **argv);

void machine_look(struct bench *bench);

/* The families. 0, or -1 after bench_wrong(). */
typedef int family_fn(struct bench *bench);
family_fn family_publish, family_polling, family_blocking, family_one_to_one, family_fanout, family_wakeups, family_idle, family_syscalls,
    family_taps, family_top, family_startup, family_compare;

#ifdef __cplusplus
}
#endif
#endif
