/* The layout of a context's files: the ring (one) and the arenas (one for each writer).
 *
 * The protocol
 * ------------
 *   ring    cells {seq, ref}; the cell of seq t is cells[t mod N]. It holds t-N (or is virgin) until the message t is published.
 *   arena   a ring of bytes that one writer alone can write to. `intent`: up to this position (exclusive, ever growing) it may be
 *           overwriting. A record at `pos` is whole as long as intent - pos <= the arena's size.
 *
 *   Publish (the owner of the arena; tests/model/publish.pml)
 *     P1  if the record does not fit below `intent`: wait for gated readers of what is given up; intent += whole steps; release fence
 *     P2  write header and payload into the arena
 *     P3  t = max(own last + 1, tail hint); the hint counts only if t-1 is published, else it ran ahead: find the truth by a scan.
 *         Look at the cell: seq == t-N: go on. seq >= t: t = seq + 1, again
 *     P4  gated readers: only if t-N < every gate (gate.h)
 *     P5  stamp time and cause, after the cell was read, before the swap (a load fence between, unless t-1 is the writer's own),
 *         so that time never goes back along seq
 *     P6  compare-and-swap {t-N, old ref} -> {t, own ref}. This claims t and publishes the message; failed: back to P3
 *     P7  tail = t+1, a hint that may lag or fall back
 *     P8  wake those who sleep for this topic (wait.h)
 *   Read (anybody)
 *     R1  seq, ref, seq again: equal and as wanted, or else not there yet (older), or lapped (newer: lost, counted)
 *     R2  copy the record out of the arena that ref names
 *     R3  acquire fence; intent - pos <= size, or else the payload is gone (counted)
 *
 *   Invariants: a cell's seq only grows, in steps of N. No holes: t is swapped in only once t-1 was seen published. A record that a cell refers
 *   to is complete. intent never goes back, across owners too.
 *
 *   What a crash leaves: before P6 nothing that anyone can see (the arena's next owner starts at `intent`); after P6 a published
 *   message, a hint that lags (others walk), and perhaps a sleeper that wakes up by its time-out.
 *
 * Everything here is untrusted when read: copied once, checked, then used. Fixed-width types and offsets only. */
#ifndef SCTX_LAYOUT_H
#define SCTX_LAYOUT_H
#include "atomics.h"

#define LAYOUT_MAGIC UINT64_C(0x31585443530a0d89) /* "\x89\r\nSCTX1" */
#define LAYOUT_ARENA_MAGIC UINT64_C(0x31414e4552410a89)
#define LAYOUT_MAJOR 1u
#define LAYOUT_MINOR 0u
#define LAYOUT_ENDIAN UINT32_C(0x01020304)

#define LAYOUT_PAGE 4096u
#define LAYOUT_UNIT 32u /* positions are counted in these */
#define LAYOUT_RECORD_BYTES 32u
#define LAYOUT_CELLS_MIN 64u
#define LAYOUT_CELLS_MAX (1u << 24)
#define LAYOUT_ARENA_MIN (64u << 10)
#define LAYOUT_ARENA_MAX (256u << 20)
#define LAYOUT_ARENA_STEPS 16u      /* intent moves by 1/16 of an arena, at most by LAYOUT_STEP_MAX */
#define LAYOUT_STEP_MAX (64u << 10) /* coarse: the line of intent stays in the readers' caches */

#define LAYOUT_ARENA_SLOTS 1024u
#define LAYOUT_PARTICIPANT_SLOTS 1024u
#define LAYOUT_READER_SLOTS 1024u
#define LAYOUT_TOPIC_SLOTS 65535u
#define LAYOUT_MARKER_SLOTS 4096u
#define LAYOUT_HEAP_BYTES (64u << 20)
#define LAYOUT_CLOCK_SLOTS 64u
#define LAYOUT_GATE_TIMEOUT_MAX_NS UINT64_C(3600000000000)
#define LAYOUT_HZ_MIN UINT64_C(1000000) /* no processor's counter is slower, or faster, than these */
#define LAYOUT_HZ_MAX UINT64_C(100000000000)
#define LAYOUT_RING_MAX (1u << 30) /* bytes; nobody is led to map more */

enum layout_section {
    SECTION_HOT,
    SECTION_CLOCK,
    SECTION_CELLS,
    SECTION_PARTICIPANTS,
    SECTION_READERS,
    SECTION_ARENAS,
    SECTION_TOPICS, /* from here on allocated as needed, page by page, before use */
    SECTION_MARKERS,
    SECTION_HEAP,
    SECTION_COUNT
};

struct layout_extent {
    uint64_t off, count;
    uint32_t stride, reserved;
};

/* Page 0 of the ring. Constant once `magic` is written; `check` covers the `bytes` bytes from `bytes` on. */
struct ring_header {
    _Atomic uint64_t magic; /* written last */
    uint64_t check;
    uint32_t bytes; /* of this header from here on, as its maker knew it */
    uint32_t endian;
    uint32_t major, minor;
    uint32_t flags; /* enum sctx_create_flags */
    uint32_t clock; /* enum clock_kind */
    uint64_t id;    /* random */
    uint64_t file_bytes;
    uint64_t first_seq;
    uint64_t arena_bytes;
    uint64_t max_memory;
    uint64_t gate_timeout_ns;
    uint64_t clock_hz;
    int64_t created_ns;
    struct layout_extent section[SECTION_COUNT];
};
_Static_assert(sizeof(struct ring_header) <= LAYOUT_PAGE, "the header is one page");

/* What changes all the time. Each group has lines of its own (two: the neighbour is prefetched along). */
struct ring_hot {
    _Alignas(128) _Atomic uint64_t tail;  /* a hint: the next seq, about */
    _Alignas(128) _Atomic uint32_t want;  /* latch mask of sleepers: wait.h */
    _Atomic uint32_t state;               /* enum ring_state */
    _Atomic uint32_t gate_epoch;          /* advanced by each gated joiner: gate.h */
    _Atomic uint32_t gate_slots;          /* reader slots below this may hold gates; only grows */
    _Atomic uint64_t wave;                /* {epoch: low half, the futex word; chain: high half} */
    _Alignas(128) _Atomic uint32_t joins; /* join numbers given out */
    _Atomic uint32_t clock_epochs;
    _Atomic uint64_t clock_head; /* triples noted */
    _Atomic uint64_t gate_evictions;
};
enum ring_state { RING_LIVE = 0, RING_REMOVED = 1 };

/* A moment on three clocks. `check` mixes the others: a torn triple (its writer slept while another used the slot) is not used. */
struct clock_triple {
    _Atomic uint64_t ticks, mono_ns, real_ns, check;
};

/* A participant: written only by who holds its byte's lock, join last; read as a seqlock on join. */
struct participant_entry {
    _Alignas(64) _Atomic uint32_t join; /* 0: unused, or being filled */
    _Atomic uint32_t pid, uid, roles;
    _Atomic uint64_t start_time; /* of the process, in the kernel's ticks since boot */
    _Atomic uint64_t joined_ns;
    _Atomic uint64_t published, bytes;      /* of writers that were closed */
    _Atomic uint64_t delivered, lost, gone; /* of readers that were closed */
    _Atomic uint64_t name[8];
};
_Static_assert(sizeof(struct participant_entry) == 192, "layout");

/* A reader: written by its owner, but for `gate`, which anyone may set to 0, and READER_AWAITED, which anyone may raise. */
enum reader_flags {
    READER_GATED = 1,
    READER_LET_GO = 2,  /* was gated, and was too slow */
    READER_AWAITED = 4, /* a writer waits for its gate */
};
struct reader_entry {
    _Alignas(64) _Atomic uint64_t gate; /* 0: none, else the next seq that it needs */
    _Atomic uint32_t join;              /* 0: unused */
    _Atomic uint32_t flags;
    _Atomic uint64_t cursor, start_seq, delivered, filtered, lost, gone;
};
_Static_assert(sizeof(struct reader_entry) == 64, "layout");

/* A writer's place: written by who holds its byte's lock. */
struct arena_entry {
    _Alignas(128) _Atomic uint32_t gen; /* names the file arena.K.GEN; 0: never used */
    _Atomic uint32_t oldest;           /* oldest generation whose file may still be there */
    _Atomic uint32_t join, pid, uid, reserved;
    _Atomic uint64_t start_time;
    _Atomic uint64_t bytes;              /* of the arena */
    _Atomic uint64_t old_bytes;          /* of older generations that are still kept */
    _Atomic uint64_t published, payload; /* by this owner, at each message: hence lines of its own */
};
_Static_assert(sizeof(struct arena_entry) == 128, "layout");

/* A marker's level and limits; its name, unit and kind are interned (intern.h). */
struct marker_entry {
    _Alignas(64) _Atomic uint64_t block; /* interned descriptor; 0: unused */
    _Atomic uint64_t level, low, high, step, announced, ticks;
    _Atomic uint32_t flags, reserved;
};
_Static_assert(sizeof(struct marker_entry) == 64, "layout");

/* Page 0 of an arena. */
struct arena_header {
    _Atomic uint64_t magic; /* written last */
    uint64_t check;
    uint32_t endian, major;
    uint64_t ring_id;
    uint64_t bytes; /* of the data that follow this page: a power of two */
    uint32_t slot, gen;
    _Alignas(128) _Atomic uint64_t intent;  /* in bytes, ever growing */
    _Alignas(128) _Atomic uint64_t retired; /* 1: a newer generation took over, and `last_seq` tells its last message */
    _Atomic uint64_t last_seq;
    _Atomic uint64_t resume; /* position + 1 at which an owner that closed stopped; 0: unknown, go on at intent */
};
_Static_assert(sizeof(struct arena_header) <= LAYOUT_PAGE, "the header is one page");

/* A message in an arena: this, then the payload. Four words, so that each is read and written in one piece. */
struct record {
    _Atomic uint64_t time; /* ticks */
    _Atomic uint64_t self; /* own position and generation: record_self() */
    _Atomic uint64_t what; /* topic 16, flags 16, length 32 */
    _Atomic uint64_t who;  /* join number 32, distance back to the cause 32 (0: none) */
};
_Static_assert(sizeof(struct record) == LAYOUT_RECORD_BYTES, "layout");

#define REF_POS_BITS 40
#define REF_GEN_BITS 12
#define REF_POS_MASK ((UINT64_C(1) << REF_POS_BITS) - 1)
#define REF_GEN_MASK ((UINT32_C(1) << REF_GEN_BITS) - 1)
_Static_assert(LAYOUT_ARENA_SLOTS <= 1u << (64 - REF_POS_BITS - REF_GEN_BITS), "a ref has room for every arena");

static inline uint64_t ref_make(uint32_t slot, uint32_t gen, uint64_t pos_bytes) {
    return (uint64_t)slot << (REF_POS_BITS + REF_GEN_BITS) | (uint64_t)(gen & REF_GEN_MASK) << REF_POS_BITS |
           ((pos_bytes / LAYOUT_UNIT) & REF_POS_MASK);
}
static inline uint32_t ref_slot(uint64_t ref) {
    return (uint32_t)(ref >> (REF_POS_BITS + REF_GEN_BITS));
}
static inline uint32_t ref_gen(uint64_t ref) {
    return (uint32_t)(ref >> REF_POS_BITS) & REF_GEN_MASK;
}
static inline uint64_t ref_pos(uint64_t ref) {
    return (ref & REF_POS_MASK) * LAYOUT_UNIT;
}

/* Low 40 bits: the position as in the ref, then 24 bits of the generation: a record found where a stale ref points to gives itself away. */
static inline uint64_t record_self(uint32_t gen, uint64_t pos_bytes) {
    return (uint64_t)gen << REF_POS_BITS | ((pos_bytes / LAYOUT_UNIT) & REF_POS_MASK);
}

static inline uint64_t record_total(size_t len) {
    return (LAYOUT_RECORD_BYTES + (uint64_t)len + LAYOUT_UNIT - 1) & ~(uint64_t)(LAYOUT_UNIT - 1);
}

static inline uint64_t mix64(uint64_t h, uint64_t v) {
    h ^= v + UINT64_C(0x9e3779b97f4a7c15) + (h << 6) + (h >> 2);
    h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    return h ^ (h >> 31);
}

static inline uint64_t hash_bytes(const void *data, size_t n, uint64_t h) {
    const unsigned char *p = data;
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        h = mix64(h, v);
    }
    uint64_t v = n;
    if (n) memcpy(&v, p, n);
    return n ? mix64(h, v ^ (uint64_t)n << 56) : h;
}
#endif
