/* From record to record within an uncompressed chunk. */
#ifndef MCAP_WALK_H
#define MCAP_WALK_H
#include "mcap_bytes.h"
#include "mcap_error.h"

struct mcap_walk {
    const uint8_t *records;
    size_t len, next; /* next: where the walk goes on */
    /* The record that was found: */
    size_t at;
    uint8_t opcode;
    const uint8_t *body;
    size_t body_len;
};

/* False: the end, or (with `next` < `len`) something that is no record. */
static inline bool mcap_walk_next(struct mcap_walk *walk) {
    if (walk->len - walk->next < MCAP_HEAD_BYTES) return false;
    const uint8_t *head = walk->records + walk->next;
    uint64_t body_len = mcap_get64(head + 1);
    if (head[0] == 0 || body_len > walk->len - walk->next - MCAP_HEAD_BYTES) return false;
    walk->at = walk->next;
    walk->opcode = head[0];
    walk->body = head + MCAP_HEAD_BYTES;
    walk->body_len = (size_t)body_len;
    walk->next += MCAP_HEAD_BYTES + (size_t)body_len;
    return true;
}

/* Of a Message's body, which has at least MCAP_MESSAGE_HEAD_BYTES. */
static inline struct mcap_message mcap_walk_message(const uint8_t *body, size_t len) {
    return (struct mcap_message){.channel_id = mcap_get16(body),
                                 .sequence = mcap_get32(body + 2),
                                 .log_time = mcap_get64(body + 6),
                                 .publish_time = mcap_get64(body + 14),
                                 .data = {(const char *)body + MCAP_MESSAGE_HEAD_BYTES, len - MCAP_MESSAGE_HEAD_BYTES}};
}

/* Are these the whole records that a chunk may hold (spec: "Chunk")? Private and unknown ones are let through. `chunk`: where it begins in the file. */
enum mcap_status mcap_walk_check(const uint8_t *records, size_t len, uint64_t chunk, struct mcap_error *error);

#endif
