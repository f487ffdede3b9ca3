#include "clock.h"
#include <time.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define SECOND UINT64_C(1000000000)
#define EPOCH_OFF_NS 1000000 /* a triple further off than this begins a new epoch */

static uint64_t clock_get(clockid_t id) {
    struct timespec ts = {0};
    (void)clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

uint64_t clock_monotonic_ns(void) {
    return clock_get(CLOCK_MONOTONIC);
}
int64_t clock_realtime_ns(void) {
    return (int64_t)clock_get(CLOCK_REALTIME);
}

enum clock_kind clock_kind_here(void) {
#if defined(__x86_64__)
    unsigned a, b, c, d; /* CPUID 0x80000007, EDX bit 8: invariant TSC (AMD64 APM vol. 3, Intel SDM vol. 3B 18.17.1) */
    return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1u << 8) ? CLOCK_KIND_TICKS : CLOCK_KIND_MONOTONIC;
#else
    return CLOCK_KIND_TICKS; /* the generic timer is constant by architecture (Arm ARM, D11) */
#endif
}

struct moment {
    uint64_t ticks, mono, real;
};

/* The three clocks at one time: the quickest of a few tries. */
static struct moment moment_now(uint32_t kind) {
    struct moment best = {0};
    uint64_t width = UINT64_MAX;
    for (int i = 0; i < 4; i++) {
        uint64_t a = clock_now(kind);
        load_fence();
        uint64_t mono = clock_monotonic_ns(), real = (uint64_t)clock_realtime_ns();
        load_fence();
        uint64_t b = clock_now(kind);
        if (b - a < width) {
            width = b - a;
            best = (struct moment){kind == CLOCK_KIND_TICKS ? a + (b - a) / 2 : mono, mono, real};
        }
    }
    return best;
}

uint64_t clock_measure_hz(uint32_t kind, uint64_t ns) {
    if (kind == CLOCK_KIND_MONOTONIC) return SECOND;
    struct moment a = moment_now(kind), b;
    do b = moment_now(kind);
    while (b.mono - a.mono < ns);
    return (uint64_t)((uint128)(b.ticks - a.ticks) * SECOND / (b.mono - a.mono));
}

static uint64_t triple_check(const struct moment *m) {
    return mix64(mix64(mix64(0x736374785f747269, m->ticks), m->mono), m->real);
}

static bool triple_read(struct clock_triple *t, struct moment *m) {
    *m = (struct moment){load_relaxed(&t->ticks), load_relaxed(&t->mono_ns), load_relaxed(&t->real_ns)};
    return m->ticks && load_relaxed(&t->check) == triple_check(m);
}

static int64_t ticks_to_ns(int64_t ticks, uint64_t hz) {
    return hz ? (int64_t)((int128)ticks * (int128)SECOND / (int128)hz) : 0;
}

/* a - b, whatever they are: the ring's contents may be anything. */
static int64_t apart(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

uint64_t clock_note(const struct clock_view *view) {
    uint64_t head = load_acquire(&view->hot->clock_head);
    struct moment last, now;
    bool have = head > 0 && triple_read(&view->triples[(head - 1) % LAYOUT_CLOCK_SLOTS], &last);
    now = moment_now(view->kind);
    if (have && now.ticks - last.ticks < view->hz && now.ticks >= last.ticks) return last.ticks;
    if (!atomic_compare_exchange_strong(&view->hot->clock_head, &head, head + 1)) return now.ticks; /* somebody else does it */
    struct clock_triple *t = &view->triples[head % LAYOUT_CLOCK_SLOTS];
    store_relaxed(&t->check, 0);
    fence_release();
    store_relaxed(&t->ticks, now.ticks);
    store_relaxed(&t->mono_ns, now.mono);
    store_relaxed(&t->real_ns, now.real);
    store_release(&t->check, triple_check(&now));
    if (have) {
        /* The first rate was measured over a moment only: its error grows with the distance. */
        int64_t off = apart((int64_t)(now.real - last.real), ticks_to_ns((int64_t)(now.ticks - last.ticks), view->hz));
        int64_t allowed = EPOCH_OFF_NS + (int64_t)(now.real - last.real) / 1000;
        if (off > allowed || off < -allowed) atomic_fetch_add(&view->hot->clock_epochs, 1);
    }
    return now.ticks;
}

/* The rate as the two triples of one epoch that lie farthest apart tell it. */
static uint64_t best_hz(const struct moment *first, const struct moment *last, uint64_t hz) {
    uint64_t ticks = last->ticks - first->ticks, mono = last->mono - first->mono;
    if (ticks == 0 || mono < SECOND / 10 || mono > SECOND * 86400 * 365) return hz;
    uint64_t measured = (uint64_t)((uint128)ticks * SECOND / mono);
    return measured > hz / 2 && measured / 2 < hz ? measured : hz;
}

void clock_map_refresh(struct clock_map *map, const struct clock_view *view, uint64_t ticks) {
    struct moment prev = {0}, next = {0}, first = {0}, last = {0}, m;
    uint64_t hz = view->hz ? view->hz : SECOND;
    for (uint32_t i = 0; i < LAYOUT_CLOCK_SLOTS; i++) {
        if (!triple_read(&view->triples[i], &m)) continue;
        if (m.ticks <= ticks && m.ticks >= prev.ticks) prev = m;
        if (m.ticks > ticks && (!next.ticks || m.ticks < next.ticks)) next = m;
        if (!first.ticks || m.ticks < first.ticks) first = m;
        if (m.ticks > last.ticks) last = m;
    }
    hz = best_hz(&first, &last, hz);
    *map = (struct clock_map){.mult = (uint64_t)(((uint128)SECOND << 32) / hz)};
    const struct moment *base = prev.ticks ? &prev : &next;
    map->base_ticks = base->ticks;
    map->base_ns = (int64_t)base->real;
    if (prev.ticks && next.ticks) {
        int64_t real = (int64_t)(next.real - prev.real), off = apart(real, ticks_to_ns((int64_t)(next.ticks - prev.ticks), hz));
        int64_t allowed = EPOCH_OFF_NS + real / 2000;
        if (real > 0 && off < allowed && off > -allowed) /* the same epoch: interpolate */
            map->mult = (uint64_t)(((uint128)(uint64_t)real << 32) / (next.ticks - prev.ticks));
        map->from = prev.ticks;
        map->to = next.ticks;
    } else if (prev.ticks) { /* a later triple will make this more exact: look again soon */
        map->from = prev.ticks;
        map->to = ticks + hz / 64;
    } else {
        map->from = ticks;
        map->to = next.ticks ? next.ticks : ticks + hz / 64;
    }
}
