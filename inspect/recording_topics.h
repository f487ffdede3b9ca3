/* The topics of a recording: copies of what its channels and schemas say. Any number of channels share a topic, and topics share a schema, so that a
 * file cannot ask for more memory than its own definitions take. Private to source_file.c. */
#ifndef SCTX_INSPECT_RECORDING_TOPICS_H
#define SCTX_INSPECT_RECORDING_TOPICS_H
#include "mcap.h"
#include "source.h"

struct recorded_schema;

/* All zeros is an empty one. */
struct recorded_topics {
    struct source_topic **list; /* by id */
    uint32_t *hashes;           /* of them */
    uint32_t count, room;
    uint32_t *slots; /* hash table of id + 1; 0: free */
    uint32_t slot_count;
    struct recorded_schema **schemas; /* by the file's id; those that had it, one behind the other */
    uint32_t schema_ids;
};

/* The one with this name, encoding and schema (NULL: none), new or known. Schemas longer than SCTX_SCHEMA_MAX are left out. NULL: no memory, or more topics
 * than ids. */
struct source_topic *recorded_topic(struct recorded_topics *topics, struct mcap_str name, struct mcap_str encoding,
                                    const struct mcap_schema *schema);
/* Schemas that are given from now on may lie where others lay. */
void recorded_topics_reopen(struct recorded_topics *topics);
void recorded_topics_free(struct recorded_topics *topics);

#endif
