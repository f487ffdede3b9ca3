/* Time: messages carry raw ticks (a clock call would cost more than the rest of a publish); readers convert.
 *
 * Who publishes and finds the last noted moment older than a second notes a triple (ticks, monotonic, realtime) before it stamps its message, so
 * every message has a triple at most a second older. A message is converted between its two neighbours, or with the measured rate
 * after the last one. A triple more than 1 ms off what the one before predicts begins a new epoch (suspend, migration, time set): nothing is
 * interpolated across it. A triple whose `check` is wrong is not used. */
#ifndef SCTX_CLOCK_H
#define SCTX_CLOCK_H
#include "layout.h"

enum clock_kind { CLOCK_KIND_MONOTONIC = 0, CLOCK_KIND_TICKS = 1 };

/* The processor's counter if it runs at a constant rate on all cores, else the kernel's monotonic clock. */
enum clock_kind clock_kind_here(void);

uint64_t clock_monotonic_ns(void);
int64_t clock_realtime_ns(void);

static inline uint64_t clock_now(uint32_t kind) {
    return likely(kind == CLOCK_KIND_TICKS) ? cpu_ticks() : clock_monotonic_ns();
}

/* Ticks a second, measured over about `ns` nanoseconds. */
uint64_t clock_measure_hz(uint32_t kind, uint64_t ns);

struct clock_view {
    struct clock_triple *triples;
    struct ring_hot *hot;
    uint32_t kind;
    uint64_t hz; /* as measured when the context was made */
};

/* Appends a triple, if the last is at least a second old or there is none. Returns its ticks. [any thread, joined only] */
uint64_t clock_note(const struct clock_view *view);

/* Ticks -> ns since 1970, cached: the same piece serves until ticks leave [from, to). */
struct clock_map {
    uint64_t from, to, base_ticks, mult; /* mult: ns per tick, 32.32 */
    int64_t base_ns;
};
void clock_map_refresh(struct clock_map *map, const struct clock_view *view, uint64_t ticks);

static inline int64_t clock_convert(struct clock_map *map, const struct clock_view *view, uint64_t ticks) {
    if (unlikely(ticks - map->from >= map->to - map->from)) clock_map_refresh(map, view, ticks);
    int64_t delta = (int64_t)(ticks - map->base_ticks);
    return (int64_t)((uint64_t)map->base_ns + (uint64_t)(((int128)delta * (int128)map->mult) >> 32));
}
#endif
