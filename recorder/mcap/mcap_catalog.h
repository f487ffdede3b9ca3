/* The schemas and channels of a file, by their ids. All zeros is an empty one. What is in it belongs to it, and stays where it is until it is freed. */
#ifndef MCAP_CATALOG_H
#define MCAP_CATALOG_H
#include "mcap.h"
#include "mcap_error.h"

struct mcap_catalog_entry {
    union mcap_content content; /* schema or channel; points into `record` */
    size_t len;
    uint8_t record[]; /* with its head */
};

struct mcap_catalog_table {
    struct mcap_catalog_entry **entries; /* by id; NULL: there is none */
    uint32_t size, count;                /* size: ids from there on are not there */
};

struct mcap_catalog {
    struct mcap_catalog_table schemas, channels;
    size_t bytes, bytes_max; /* of all records; bytes_max 0: no limit */
};

/* A Schema or a Channel, with its head. The same once more is fine (spec: "Schema", "Channel"). Errors: MCAP_FORMAT, also if another one has that
 * id, and the first one stays; MCAP_LIMIT: above bytes_max; MCAP_MEMORY. */
enum mcap_status mcap_catalog_add(struct mcap_catalog *catalog, const struct mcap_place *place, const uint8_t *record, size_t len,
                                  struct mcap_error *error);

/* NULL: there is none. */
const struct mcap_schema *mcap_catalog_schema(const struct mcap_catalog *catalog, uint16_t id);
const struct mcap_channel *mcap_catalog_channel(const struct mcap_catalog *catalog, uint16_t id);

void mcap_catalog_free(struct mcap_catalog *catalog);

#endif
