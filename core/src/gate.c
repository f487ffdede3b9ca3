#define _GNU_SOURCE
#include "gate.h"
#include "testpoint.h"
#include "wait.h"
#include <time.h>

/* The epoch first: a joiner that is missed here raises it afterwards. Returns the slot of the least gate. */
static uint32_t gate_scan(struct sctx *ctx, struct gate_keeper *k) {
    k->epoch = load_seq_cst(&ctx->hot->gate_epoch);
    k->any = false;
    uint32_t slots = load_acquire(&ctx->hot->gate_slots), least = 0;
    if (slots > LAYOUT_READER_SLOTS) slots = LAYOUT_READER_SLOTS;
    for (uint32_t g = 0; g < slots; g++) {
        uint64_t gate = load_acquire(&ctx->readers[g].gate);
        if (gate == 0 || (k->any && !seq_before(gate, k->limit))) continue;
        k->any = true;
        k->limit = gate;
        least = g;
    }
    return least;
}

/* The owner of g is gone: clear its gate under its lock, so that a new owner of the slot is never let go in its place. */
static void gate_reap(struct sctx *ctx, const struct gate_keeper *k, uint32_t g) {
    if (lock_try(k->lock, LOCK_READER + g) != 0) return;
    TESTPOINT("gate:reap-locked");
    store_relaxed(&ctx->readers[g].gate, 0);
    (void)lock_release(k->lock, LOCK_READER + g);
}

static void gate_sleep(uint32_t round) {
    long ns = round < 16 ? 20000 : round < 64 ? 100000 : 500000;
    (void)nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* Who was let go does not raise its gate again: more in one wait than there are places, and somebody raises gates out of nothing, without end. */
#define LET_GO_MOST (2 * LAYOUT_READER_SLOTS)

int gate_wait(struct sctx *ctx, struct gate_keeper *k, uint64_t seq) {
    uint64_t furthest = 0, since = 0; /* the greatest of the least gates, and since when: going back wins nobody time */
    for (uint32_t round = 0, let_go = 0; let_go <= LET_GO_MOST; round++) {
        uint32_t g = gate_scan(ctx, k);
        if (!k->any || seq_before(seq, k->limit)) return SCTX_OK;
        struct reader_entry *e = &ctx->readers[g];
        uint64_t gate = k->limit;
        k->waited = true;
        if (load_relaxed(&e->join) == ctx->join) {
            (void)atomic_compare_exchange_strong(&e->gate, &gate, 0);
            let_go++;
            continue;
        }
        if (round == 0)
            wait_published(ctx, WAIT_EVERYTHING); /* in the midst of a batch it may sleep, and gated readers sleep with that bit */
        if (round < 64) {                         /* a reader at work moves within this */
            for (int i = 0; i < 32; i++) cpu_pause();
            continue;
        }
        uint64_t now = clock_monotonic_ns();
        bool sane = !seq_before(gate, seq - 2 * (ctx->cell_mask + 1)); /* an honest one is not behind what was overwritten long ago */
        if (since == 0 || (sane && seq_before(furthest, gate))) {
            furthest = gate;
            since = now;
        } else if (now - since > ctx->header.gate_timeout_ns / 8 && !(load_relaxed(&e->flags) & READER_AWAITED)) {
            atomic_fetch_or(&e->flags, READER_AWAITED);
        }
        gate_reap(ctx, k, g); /* does nothing while it lives */
        if (now - since > ctx->header.gate_timeout_ns) {
            if (atomic_compare_exchange_strong(&e->gate, &gate, 0)) atomic_fetch_add(&ctx->hot->gate_evictions, 1);
            let_go++;
            continue;
        }
        int rc = context_usable(ctx);
        if (rc) return rc;
        if (context_removed(ctx)) return SCTX_ERR_REMOVED;
        gate_sleep(round - 64);
    }
    return SCTX_ERR_DAMAGED;
}

uint64_t gate_join(struct sctx *ctx, uint32_t slot) {
    struct reader_entry *e = &ctx->readers[slot];
    uint32_t slots = load_relaxed(&ctx->hot->gate_slots);
    while (slots < slot + 1 && !atomic_compare_exchange_weak(&ctx->hot->gate_slots, &slots, slot + 1)) {}
    TESTPOINT("gate:before-gate");
    atomic_store(&e->gate, gate_word(load_relaxed(&ctx->hot->tail))); /* G2 */
    TESTPOINT("gate:before-epoch");
    atomic_fetch_add(&ctx->hot->gate_epoch, 1); /* G3 */
    TESTPOINT("gate:before-walk");
    uint64_t h = ring_tail(ctx); /* G4 */
    uint64_t gate = load_relaxed(&e->gate);
    if (gate) (void)atomic_compare_exchange_strong(&e->gate, &gate, gate_word(h)); /* G5; or we were let go meanwhile */
    TESTPOINT("gate:joined");
    return h;
}
