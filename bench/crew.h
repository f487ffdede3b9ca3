/* A crew: the processes of one run, and the page that they share with the one that started them.
 *
 *     parent                                  each child
 *     crew_open                                fn(page, slot, arg):
 *     crew_add ...  -- fork -->                    opens its handles
 *     crew_ready    <-- all said so --             crew_wait_go(page)
 *     crew_go       -- futex -->                   works, counts in slot; looks at page->stop
 *     crew_pause    (notices who dies)             returns 0, or crew_fail(page, "why")
 *     crew_stop, crew_join
 *     crew_close    (kills who is left)
 *
 * Children die with their parent (PR_SET_PDEATHSIG). Handles of the bus are opened in the child, since they don't survive a fork. */
#ifndef SCTX_BENCH_CREW_H
#define SCTX_BENCH_CREW_H
#include "measure.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

enum { CREW_MAX = 48, SLOT_VALUES = 24 };

struct crew_slot {
    _Alignas(128) _Atomic uint64_t count; /* what it has done so far; on a line of its own */
    _Alignas(128) double value[SLOT_VALUES];
    struct hist latency;
};

struct crew_page {
    _Alignas(128) _Atomic uint32_t go, phase;
    _Atomic uint32_t stop, record;
    _Alignas(128) _Atomic uint32_t ready, done, failed, phase_done;
    _Alignas(128) char error[512];
    _Alignas(128) _Atomic uint64_t trip;
    struct crew_slot slot[CREW_MAX];
};

struct crew {
    struct crew_page *page;
    unsigned size;
    pid_t pid[CREW_MAX]; /* 0: has been waited for */
};

typedef int crew_fn(struct crew_page *page, struct crew_slot *slot, void *arg);

/* Parent. All return 0, or -1 with the reason told to bench_wrong() (bench.h). */
int crew_open(struct crew *crew);
int crew_add(struct crew *crew, int cpu, crew_fn *fn, void *arg);
int crew_ready(struct crew *crew);
void crew_go(struct crew *crew);
int crew_pause(struct crew *crew, int64_t ns);
void crew_stop(struct crew *crew);
int crew_join(struct crew *crew, int64_t within_ns);
void crew_close(struct crew *crew);
int crew_reaped(struct crew *crew, pid_t pid, int status); /* for whoever waits for the children himself */

/* CPU time of all children so far, exact to the ns, and their context switches, taken from outside: costs them nothing. */
double crew_cpu_ns(const struct crew *crew);
double crew_switches(const struct crew *crew);

/* Child. */
void crew_wait_go(struct crew_page *page);
int crew_fail(struct crew_page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline bool crew_stopped(struct crew_page *page) {
    return atomic_load_explicit(&page->stop, memory_order_relaxed) != 0;
}

/* Both: a word that changes seldom. */
void crew_word_set(_Atomic uint32_t *word, uint32_t value);
uint32_t crew_word_wait(_Atomic uint32_t *word, uint32_t old); /* returns the first value that is not `old` */

#endif
