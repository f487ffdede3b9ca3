/* The messages of a file, of some channels and some time, in the order of time or of the file, forwards or backwards.
 *
 * Chunks may overlap in time in any way: each is read when its time comes. So many are held uncompressed as `memory_max` allows (at least the one that a
 * message is given from); when it is used up, the one that is needed latest is dropped and read again when it is needed. So memory is bounded whatever
 * the file is like; a file all of whose chunks overlap, and that is larger than that, is read slowly.
 *
 * [one thread at a time, that of the file; several queries on a file may take turns] */
#ifndef MCAP_QUERY_H
#define MCAP_QUERY_H
#include "mcap_index.h"

#define MCAP_QUERY_MEMORY (UINT32_C(1) << 27)

enum mcap_order {
    MCAP_BY_TIME, /* of the log; where that is the same, by the order of the file */
    MCAP_BY_FILE
};

struct mcap_query_options {
    uint64_t from, to; /* log times, the second one included; both 0: all */
    enum mcap_order order;
    bool is_backwards; /* exactly the other way round */
    /* NULL: all of them; else asked once for each channel. */
    bool (*wants)(void *context, const struct mcap_channel *channel);
    void *context;
    size_t memory_max; /* 0: MCAP_QUERY_MEMORY */
};

struct mcap_query;

/* NULL: no memory. */
struct mcap_query *mcap_query_open(struct mcap_file *file, const struct mcap_query_options *options);

/* MCAP_OK: record->content.message, ->channel, ->offset (of the chunk), ->chunk_off; what it points to stays until the next call.
 * MCAP_END.
 * MCAP_LOST: a chunk could not be read and is left out; or a message lies outside the time that its chunk is said to have, so that it may come out of
 *     turn (told once a chunk); or one is of an unknown channel (told once a channel). mcap_query_error() says which. The next call goes on.
 * MCAP_MEMORY: the next call tries again. */
enum mcap_status mcap_query_next(struct mcap_query *query, struct mcap_record *record);

const struct mcap_error *mcap_query_error(const struct mcap_query *query);

void mcap_query_close(struct mcap_query *query); /* NULL is allowed; before the file is closed */

#endif
