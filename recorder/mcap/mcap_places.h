/* Where things are in a file: gathered from the records of its summary, or from all of its records. */
#ifndef MCAP_PLACES_H
#define MCAP_PLACES_H
#include "mcap_catalog.h"
#include "mcap_index.h"

struct mcap_places {
    struct mcap_catalog catalog;
    struct mcap_buffer header_bytes, statistics_bytes; /* what `header` and `statistics` point to */
    struct mcap_header header;
    struct mcap_statistics statistics;
    bool has_statistics, is_scanned;
    struct mcap_account account;
    struct mcap_chunk_place *chunks;
    size_t chunk_count, chunk_capacity;
    uint16_t *ids; /* the channels of all chunks, one after the other */
    size_t id_count, id_capacity;
    struct mcap_record_place *records;
    size_t record_count, record_capacity;
    size_t bytes_max; /* of these arrays together */
    /* While all records are gone through: */
    uint32_t *last_chunk; /* by channel: the chunk in which a message of it was last met, plus 1 */
    bool is_after_gap;
};

/* all: they are all of the file's, one after the other. Errors: MCAP_MEMORY, MCAP_LIMIT; MCAP_FORMAT: a schema or a channel contradicts another one. */
enum mcap_status mcap_places_learn(struct mcap_places *places, const struct mcap_record *record, bool all, struct mcap_error *error);
/* Something was left out here. MCAP_OK. */
enum mcap_status mcap_places_gap(struct mcap_places *places);

/* What a summary said: is it enough to find all messages, and can it be true? `data_end`: where the summary begins. Puts chunks in the order of the
 * file. MCAP_OK, MCAP_NO_SUMMARY, MCAP_FORMAT. */
enum mcap_status mcap_places_check(struct mcap_places *places, uint64_t data_end, struct mcap_error *error);

void mcap_places_free(struct mcap_places *places); /* keeps the limits */

#endif
