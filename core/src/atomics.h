/* Atomics on shared memory: C11 where C11 has a word for it, and the three things for which it has none:
 * the double-word compare-and-swap, the processor's counter, and the fence that orders it.
 *
 * libatomic is never used: its 16-byte load may write, and its locks belong to one process. */
#ifndef SCTX_ATOMICS_H
#define SCTX_ATOMICS_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be lock-free: they are shared between processes");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the layout is little-endian");

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define load_relaxed(p) atomic_load_explicit((p), memory_order_relaxed)
#define load_acquire(p) atomic_load_explicit((p), memory_order_acquire)
#define load_seq_cst(p) atomic_load_explicit((p), memory_order_seq_cst)
#define store_relaxed(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define store_release(p, v) atomic_store_explicit((p), (v), memory_order_release)
#define fence_acquire() atomic_thread_fence(memory_order_acquire)
#define fence_release() atomic_thread_fence(memory_order_release)

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

/* One entry of the ring. Only cell_swap() changes it. */
struct cell {
    _Alignas(16) _Atomic uint64_t seq;
    _Atomic uint64_t ref;
};
_Static_assert(sizeof(struct cell) == 16, "a cell is what one double-word compare-and-swap covers");

/* {seq0, ref0} -> {seq1, ref1} in one step, sequentially consistent; false and unchanged if it held anything else. */
#if defined(__x86_64__)
static inline bool cell_swap(struct cell *c, uint64_t seq0, uint64_t ref0, uint64_t seq1, uint64_t ref1)
{
    bool done;
    __asm__ volatile("lock cmpxchg16b %1" : "=@ccz"(done), "+m"(*c), "+a"(seq0), "+d"(ref0) : "b"(seq1), "c"(ref1) : "memory");
    return done;
}
#elif defined(__aarch64__) && defined(__ARM_FEATURE_ATOMICS)
static inline bool cell_swap(struct cell *c, uint64_t seq0, uint64_t ref0, uint64_t seq1, uint64_t ref1)
{
    register uint64_t x0 __asm__("x0") = seq0;
    register uint64_t x1 __asm__("x1") = ref0;
    register uint64_t x2 __asm__("x2") = seq1;
    register uint64_t x3 __asm__("x3") = ref1;
    __asm__ volatile("caspal x0, x1, x2, x3, %2" : "+r"(x0), "+r"(x1), "+Q"(*c) : "r"(x2), "r"(x3) : "memory");
    return x0 == seq0 && x1 == ref0;
}
#elif defined(__aarch64__) /* before ARMv8.1: an exclusive pair, lock-free as well */
static inline bool cell_swap(struct cell *c, uint64_t seq0, uint64_t ref0, uint64_t seq1, uint64_t ref1)
{
    uint64_t seq, ref;
    uint32_t failed;
    do {
        __asm__ volatile("ldaxp %0, %1, %2" : "=&r"(seq), "=&r"(ref) : "Q"(*c) : "memory");
        bool same = seq == seq0 && ref == ref0;
        /* What differs is stored back as it was: only a store that succeeds proves that the pair was read in one piece. */
        __asm__ volatile("stlxp %w0, %2, %3, %1" : "=&r"(failed), "+Q"(*c) : "r"(same ? seq1 : seq), "r"(same ? ref1 : ref) : "memory");
    } while (failed);
    return seq == seq0 && ref == ref0;
}
#else
#error "sctx needs a double-word compare-and-swap: x86-64 or arm64"
#endif

static inline void cpu_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("isb" ::: "memory"); /* "yield" is a no-op on most cores; isb takes about as long as x86's pause */
#endif
}

/* Keeps the counter below from being read before the loads above are done. */
static inline void load_fence(void)
{
#if defined(__x86_64__)
    __asm__ volatile("lfence" ::: "memory");
#else
    __asm__ volatile("isb" ::: "memory");
#endif
}

/* The processor's constant counter. */
static inline uint64_t cpu_ticks(void)
{
#if defined(__x86_64__)
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi) :: "memory");
    return (uint64_t)hi << 32 | lo;
#else
    uint64_t t;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(t) :: "memory");
    return t;
#endif
}

/* Payload copies: the bytes may be overwritten while they are read (the reader finds out afterwards), so in the language's
 * terms each word is a relaxed atomic. `shared` is 8-byte aligned; whole words are moved, and `shared` has room for the last one. */
static inline void copy_to_shared(_Atomic uint64_t *shared, const void *from, size_t bytes)
{
    const unsigned char *p = from;
    size_t words = bytes / 8;
    uint64_t v;
    for (size_t i = 0; i < words; i++) {
        memcpy(&v, p + i * 8, 8);
        store_relaxed(&shared[i], v);
    }
    if (bytes % 8) {
        v = 0;
        memcpy(&v, p + words * 8, bytes % 8);
        store_relaxed(&shared[words], v);
    }
}

/* `to` is 8-byte aligned private memory with room for `bytes` rounded up to 8. */
static inline void copy_from_shared(uint64_t *to, const _Atomic uint64_t *shared, size_t bytes)
{
    size_t words = (bytes + 7) / 8;
    for (size_t i = 0; i < words; i++) to[i] = load_relaxed(&shared[i]);
}
#endif
