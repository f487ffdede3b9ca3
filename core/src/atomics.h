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
#define always_inline static inline __attribute__((always_inline))

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
#if defined(SCTX_MODEL)
/* tests/relacy: these, and what its own <stdatomic.h> defines, are steps of a model checker; all else is what is shipped. */
#include <sctx_model.h>
#elif defined(__x86_64__)
static inline bool cell_swap(struct cell *c, uint64_t seq0, uint64_t ref0, uint64_t seq1, uint64_t ref1) {
    bool done;
    __asm__ volatile("lock cmpxchg16b %1" : "=@ccz"(done), "+m"(*c), "+a"(seq0), "+d"(ref0) : "b"(seq1), "c"(ref1) : "memory");
    return done;
}
#elif defined(__aarch64__) && defined(__ARM_FEATURE_ATOMICS)
static inline bool cell_swap(struct cell *c, uint64_t seq0, uint64_t ref0, uint64_t seq1, uint64_t ref1) {
    register uint64_t x0 __asm__("x0") = seq0;
    register uint64_t x1 __asm__("x1") = ref0;
    register uint64_t x2 __asm__("x2") = seq1;
    register uint64_t x3 __asm__("x3") = ref1;
    __asm__ volatile("caspal x0, x1, x2, x3, %2" : "+r"(x0), "+r"(x1), "+Q"(*c) : "r"(x2), "r"(x3) : "memory");
    return x0 == seq0 && x1 == ref0;
}
#elif defined(__aarch64__) /* before ARMv8.1: an exclusive pair, lock-free as well */
static inline bool cell_swap(struct cell *c, uint64_t seq0, uint64_t ref0, uint64_t seq1, uint64_t ref1) {
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

#if !defined(SCTX_MODEL)
static inline void cpu_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("isb" ::: "memory"); /* "yield" is a no-op on most cores; isb takes about as long as x86's pause */
#endif
}

/* Asks for the line at `p` to be ours alone, for a store to come; any address will do. The compiler's own would ask for it to be read only. */
static inline void fetch_to_write(const void *p) {
#if defined(__x86_64__)
    __asm__ volatile("prefetchw %0" ::"m"(*(const char *)p));
#else
    __asm__ volatile("prfm pstl1keep, %0" ::"Q"(*(const char *)p));
#endif
}

/* Keeps the counter below from being read before the loads above are done. */
static inline void load_fence(void) {
#if defined(__x86_64__)
    __asm__ volatile("lfence" ::: "memory");
#else
    __asm__ volatile("isb" ::: "memory");
#endif
}

/* The processor's constant counter. */
static inline uint64_t cpu_ticks(void) {
#if defined(__x86_64__)
    uint32_t lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi)::"memory");
    return (uint64_t)hi << 32 | lo;
#else
    uint64_t t;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(t)::"memory");
    return t;
#endif
}
#endif

/* Payload copies: the bytes may be overwritten while they are read (the reader finds out afterwards), so in the language's
 * terms each word is a relaxed atomic. `shared` is 32-byte aligned (payloads are); whole words are moved, and `shared` has room for the last one. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(SCTX_MODEL)
#define SCTX_BLOCK_COPY 1 /* half the stores that the swap has to wait for; an aligned block is at least two words, each in one piece */
#else
#define SCTX_BLOCK_COPY 0
#endif

/* 32 bytes. */
static inline void copy_block_to_shared(_Atomic uint64_t *shared, const unsigned char *from) {
#if SCTX_BLOCK_COPY
    __asm__ volatile("movdqu (%1), %%xmm0\n\tmovdqu 16(%1), %%xmm1\n\tmovdqa %%xmm0, (%0)\n\tmovdqa %%xmm1, 16(%0)" ::"r"(shared), "r"(from)
                     : "xmm0", "xmm1", "memory");
#else
    uint64_t v[4];
    memcpy(v, from, sizeof v);
    for (int i = 0; i < 4; i++) store_relaxed(&shared[i], v[i]);
#endif
}

static inline void copy_block_from_shared(uint64_t *to, const _Atomic uint64_t *shared) {
#if SCTX_BLOCK_COPY
    __asm__ volatile("movdqa (%1), %%xmm0\n\tmovdqa 16(%1), %%xmm1\n\tmovdqu %%xmm0, (%0)\n\tmovdqu %%xmm1, 16(%0)" ::"r"(to), "r"(shared)
                     : "xmm0", "xmm1", "memory");
#else
    for (int i = 0; i < 4; i++) to[i] = load_relaxed(&shared[i]);
#endif
}

static inline void copy_to_shared(_Atomic uint64_t *shared, const void *from, size_t bytes) {
    const unsigned char *p = from;
    uint64_t word;
    for (; bytes >= 32; bytes -= 32, p += 32, shared += 4) copy_block_to_shared(shared, p);
    for (; bytes >= 8; bytes -= 8, p += 8) {
        memcpy(&word, p, 8);
        store_relaxed(shared++, word);
    }
    if (bytes) {
        word = 0;
        memcpy(&word, p, bytes);
        store_relaxed(shared, word);
    }
}

/* `to` is 8-byte aligned private memory with room for `bytes` rounded up to 8. */
static inline void copy_from_shared(uint64_t *to, const _Atomic uint64_t *shared, size_t bytes) {
    size_t words = (bytes + 7) / 8;
    for (; words >= 4; words -= 4, to += 4, shared += 4) copy_block_from_shared(to, shared);
    for (; words; words--) *to++ = load_relaxed(shared++);
}
#endif
