#define _GNU_SOURCE
#include "mapping.h"
#include <errno.h>
#include <sctx/sctx.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#define POPULATE_MOST (2u << 20)

/* Mappings known to the SIGBUS handler. Slots are taken and given back by compare-and-swap on `state`; a mapping that finds no slot
 * works, unguarded. */
enum slot_state { SLOT_FREE, SLOT_FILLING, SLOT_USED, SLOT_STATES = 4 }; /* in `state`, to which SLOT_STATES is added at each use */
static struct guard_slot {
    _Atomic uint32_t state;
    unsigned char *_Atomic base;
    _Atomic size_t bytes;
    _Atomic uint32_t *_Atomic lost;
} slots[4096];
static _Atomic uint32_t slots_used; /* slots below this were ever used */
static struct sigaction previous;

static uint32_t guard_add(const struct mapping *m, _Atomic uint32_t *lost) {
    for (uint32_t i = 0; i < sizeof slots / sizeof *slots; i++) {
        uint32_t state = atomic_load(&slots[i].state);
        if (state % SLOT_STATES != SLOT_FREE || !atomic_compare_exchange_strong(&slots[i].state, &state, state + SLOT_FILLING)) continue;
        atomic_store(&slots[i].base, m->base);
        atomic_store(&slots[i].bytes, m->bytes);
        atomic_store(&slots[i].lost, lost);
        atomic_store(&slots[i].state, state + SLOT_USED);
        uint32_t used = atomic_load(&slots_used);
        while (used < i + 1 && !atomic_compare_exchange_weak(&slots_used, &used, i + 1)) {}
        return i + 1;
    }
    return 0;
}

int mapping_open(struct mapping *m, int fd, size_t bytes, bool writable, _Atomic uint32_t *lost) {
    void *base = mmap(NULL, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) return -errno;
    (void)madvise(base, bytes, MADV_DONTFORK);
    *m = (struct mapping){.base = base, .bytes = bytes};
    m->guard = guard_add(m, lost);
    return 0;
}

void mapping_populate(const struct mapping *m) {
#ifdef MADV_POPULATE_WRITE
    (void)madvise(m->base, m->bytes < POPULATE_MOST ? m->bytes : POPULATE_MOST, MADV_POPULATE_WRITE); /* a kernel may not know it */
#else
    (void)m;
#endif
}

void mapping_close(struct mapping *m) {
    if (m->guard) atomic_fetch_add(&slots[m->guard - 1].state, SLOT_STATES - SLOT_USED); /* the next use's SLOT_FREE */
    if (m->base) munmap(m->base, m->bytes);
    *m = (struct mapping){0};
}

static void on_sigbus(int signal, siginfo_t *info, void *context) {
    int err = errno;
    unsigned char *at = info->si_addr;
    uint32_t used = info->si_code > 0 ? atomic_load(&slots_used) : 0; /* else it was sent by somebody */
    for (uint32_t i = 0; i < used; i++) {
        struct guard_slot *s = &slots[i];
        uint32_t state = atomic_load(&s->state);
        unsigned char *base = atomic_load(&s->base);
        size_t bytes = atomic_load(&s->bytes);
        _Atomic uint32_t *lost = atomic_load(&s->lost);
        if (state % SLOT_STATES != SLOT_USED || at < base || at >= base + bytes || atomic_load(&s->state) != state) continue;
        if (mmap(base, bytes, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED) break;
        atomic_store(lost, 1);
        errno = err;
        return;
    }
    /* Not ours: as if we had never been here. */
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(signal, info, context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(signal);
    } else {
        (void)sigaction(SIGBUS, &previous, NULL); /* the instruction runs again, and the default takes its course */
    }
    errno = err;
}

int sctx_guard_install(void) {
    struct sigaction now, action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER};
    (void)sigemptyset(&action.sa_mask);
    if (sigaction(SIGBUS, NULL, &now) != 0) return SCTX_ERR_SYSTEM;
    if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_sigbus) return SCTX_OK;
    previous = now;
    return sigaction(SIGBUS, &action, NULL) == 0 ? SCTX_OK : SCTX_ERR_SYSTEM;
}
