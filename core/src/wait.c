#define _GNU_SOURCE
#include "wait.h"
#include "testpoint.h"
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FAN 2
#define CHAIN(wave) ((uint32_t)((wave) >> 32))

static uint32_t *futex_word(struct ring_hot *hot) {
    return (uint32_t *)(uintptr_t)&hot->wave;
} /* the low half, little-endian */

static long futex_wake(struct ring_hot *hot, int n, uint32_t bits) {
    long woken = syscall(SYS_futex, futex_word(hot), FUTEX_WAKE_BITSET, n, NULL, NULL, bits);
    return woken < 0 ? 0 : woken;
}

void wait_wake(struct sctx *ctx, uint32_t bits) {
    struct ring_hot *hot = ctx->hot;
    TESTPOINT("wake:before-clear");
    if (!(atomic_fetch_and(&hot->want, ~bits) & bits)) return; /* another writer's turn */
    TESTPOINT("wake:cleared");
    uint64_t seen = load_relaxed(&hot->wave), wave;
    do wave = (uint64_t)(CHAIN(seen) | bits) << 32 | (uint32_t)(seen + 1);
    while (!atomic_compare_exchange_weak(&hot->wave, &seen, wave));
    TESTPOINT("wake:before-call");
    if (futex_wake(hot, FAN, bits) >= FAN) return; /* the woken go on */
    TESTPOINT("wake:before-unchain");
    (void)atomic_compare_exchange_strong(&hot->wave, &wave, (uint64_t)(CHAIN(wave) & ~bits) << 32 | (uint32_t)wave);
}

uint32_t wait_announce(struct sctx *ctx, uint32_t bits) {
    uint32_t epoch = (uint32_t)load_seq_cst(&ctx->hot->wave);
    TESTPOINT("wait:before-latch");
    atomic_fetch_or(&ctx->hot->want, bits);
    atomic_thread_fence(memory_order_seq_cst); /* the loads of W3 are acquires, which may otherwise be done before the latch is seen */
    TESTPOINT("wait:latched");
    return epoch;
}

int wait_sleep(struct sctx *ctx, uint32_t epoch, uint32_t bits, int64_t ns) {
    struct ring_hot *hot = ctx->hot;
    uint64_t end = clock_monotonic_ns() + (uint64_t)ns; /* FUTEX_WAIT_BITSET takes an absolute time */
    struct timespec until = {.tv_sec = (time_t)(end / 1000000000), .tv_nsec = (long)(end % 1000000000)};
    long rc = syscall(SYS_futex, futex_word(hot), FUTEX_WAIT_BITSET, epoch, &until, NULL, bits);
    if (rc != 0) return errno == EAGAIN ? 0 : -errno;
    TESTPOINT("wait:woken");
    uint64_t wave = load_seq_cst(&hot->wave);
    if (CHAIN(wave) == 0) return 0;
    TESTPOINT("wait:before-chain");
    if (futex_wake(hot, FAN, CHAIN(wave)) < FAN) {
        TESTPOINT("wait:before-unchain");
        (void)atomic_compare_exchange_strong(&hot->wave, &wave, (uint64_t)(uint32_t)wave);
    }
    return 0;
}

void wait_wake_all(struct ring_hot *hot) {
    atomic_fetch_add(&hot->wave, 1); /* a carry into the chain would only cause a needless call */
    (void)futex_wake(hot, INT_MAX, UINT32_MAX);
}
