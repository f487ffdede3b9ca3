/* One chunk's part in a query: which of its messages comes next, whether the chunk is in memory or not. */
#ifndef MCAP_LANE_H
#define MCAP_LANE_H
#include "mcap_error.h"
#include "mcap_index.h"

struct mcap_load_entry {
    uint64_t time;
    size_t off;
};

/* A chunk in memory, and its messages in order. */
struct mcap_load {
    struct mcap_buffer raw, space;
    struct mcap_str records;
    struct mcap_load_entry *entries;
    size_t count, capacity;
};
size_t mcap_load_bytes(const struct mcap_load *load);
void mcap_load_free(struct mcap_load *load); /* NULL is allowed */

struct mcap_lane {
    const struct mcap_chunk_place *place;
    uint64_t time, off; /* of the next message; before the chunk was loaded for the first time, the earliest that it could be */
    size_t done;        /* messages that were given */
    struct mcap_load *load;
    bool has_told;
};

struct mcap_lane_wishes {
    uint64_t from, to;
    bool by_file, is_backwards;
    const uint8_t *wanted, *strangers; /* sets of ids; strangers: those that were told */
    struct mcap_file *file;
};

struct mcap_lane_notice {
    bool has_stranger, is_untimely;
    uint16_t stranger;
};

void mcap_lane_begin(struct mcap_lane *lane, const struct mcap_chunk_place *place, bool is_backwards, bool by_file);

/* By the next message: < 0, a comes first; never 0 for two lanes. */
int mcap_lane_compare(const struct mcap_lane *a, const struct mcap_lane *b);

/* Reads the chunk, and goes on after what was given before. *load: NULL or one to be used again; belongs to the lane after MCAP_OK, else to the
 * caller. Errors: those of mcap_file_load(). */
enum mcap_status mcap_lane_load(struct mcap_lane *lane, struct mcap_load **load, const struct mcap_lane_wishes *wishes,
                                struct mcap_lane_notice *notice, struct mcap_error *error);

/* While it is loaded: */
bool mcap_lane_is_empty(const struct mcap_lane *lane);
bool mcap_lane_advance(struct mcap_lane *lane, bool is_backwards, bool by_file); /* false: that was the last one */
void mcap_lane_record(const struct mcap_lane *lane, bool is_backwards, struct mcap_record *record);

#endif
