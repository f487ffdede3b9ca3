/* What host and worker share: one memory file, and a socket of which a byte in either direction says that there is something to do.
 *
 *   [ struct wire | requests: payloads, schemas, JSON, names | answers: nodes, then pool, of one item after the other ]
 *
 * The host fills in items and their bytes, sets `count`, and sends a byte. The worker answers one item after the other, counting them in `done`,
 * adds one to `answered`, and sends a byte after the last. Neither touches the other's part while it waits, but for the atomic fields.
 * A plugin can send bytes, too: one that comes before `answered` says so, or a second one, ends the worker.
 *
 * The host trusts nothing in it: an item's answer is copied once, and offsets, lengths and values are checked in the copy. The worker
 * trusts the host. What crashes, is slow or lies on the worker's side costs its host a deadline, never more. */
#ifndef SCTX_HOST_WIRE_H
#define SCTX_HOST_WIRE_H
#include "tree.h"

#include <stdatomic.h>

enum { WIRE_SOCKET = 3, WIRE_MEMORY = 4 }; /* the worker's descriptors */
enum { WIRE_BATCH = 64 };
enum { WIRE_EXIT_CLOSED = 111 }; /* the worker's exit: its socket had been closed under it */

#define WIRE_REQUESTS (80u << 20) /* a payload of the largest size, and something beside it */
#define WIRE_ANSWERS (96u << 20)
#define WIRE_MAGIC 0x78746373u

enum wire_kind {
    WIRE_OPEN,   /* bytes: struct wire_schema and what it tells of; an instance for topic number `topic` */
    WIRE_DECODE, /* bytes: the payload */
    WIRE_ENCODE, /* bytes: JSON text */
    WIRE_SNIFF,  /* bytes: a payload; `status`: 0 to 100 */
};

struct wire_schema { /* lengths of what follows it in this order */
    uint32_t topic, encoding, type, kind, data, config;
};

struct wire_item {
    /* asked */
    uint32_t kind; /* enum wire_kind */
    uint32_t topic;
    uint32_t want;
    uint32_t off, len; /* in the requests */
    /* answered */
    uint32_t node_off, node_count; /* in the answers; node_off in bytes */
    uint32_t pool_off, pool_len;   /* encode: the payload */
    int32_t status;
    uint32_t fault_off, findings;
    uint32_t cut, failed;
    struct tree_text summary, keys[TREE_KEYS];
    char reason[TREE_REASON_MAX];
};

enum wire_state { WIRE_STARTING, WIRE_READY, WIRE_NOT_LOADED /* `reason` says why */ };

struct wire {
    uint32_t magic;
    _Atomic uint32_t state;  /* enum wire_state */
    uint32_t has_slots;      /* 1: sniff, 2: encode */
    uint32_t count;          /* items in this batch */
    _Atomic uint32_t done;   /* of them are answered */
    _Atomic uint32_t stop;   /* the host wants no more of this batch */
    _Atomic uint32_t answered; /* batches: all that is wanted of them is done */
    _Atomic uint32_t denied; /* a system call that ended the worker: its number plus 1 */
    _Atomic uint32_t softly; /* one that was refused, and the plugin went on */
    _Atomic uint32_t wrote;  /* the plugin wrote to a descriptor: its number plus 1 */
    char reason[256];
    struct wire_item items[WIRE_BATCH];
};

#define WIRE_HEADER ((uint32_t)((sizeof(struct wire) + 4095) & ~(size_t)4095))
#define WIRE_BYTES ((size_t)WIRE_HEADER + WIRE_REQUESTS + WIRE_ANSWERS)

static inline char *wire_requests(struct wire *wire) {
    return (char *)wire + WIRE_HEADER;
}
static inline char *wire_answers(struct wire *wire) {
    return (char *)wire + WIRE_HEADER + WIRE_REQUESTS;
}

#endif
