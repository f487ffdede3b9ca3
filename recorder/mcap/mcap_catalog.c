#include "mcap_catalog.h"

#include "mcap_parse.h"

#include <stdlib.h>
#include <string.h>

static struct mcap_catalog_entry *find(const struct mcap_catalog_table *table, uint32_t id) {
    return id < table->size ? table->entries[id] : NULL;
}

static bool make_place_for(struct mcap_catalog_table *table, uint32_t id) {
    if (id < table->size) return true;
    uint32_t size = table->size > 0 ? table->size : 16;
    while (size <= id) size *= 2;
    struct mcap_catalog_entry **entries = realloc(table->entries, size * sizeof *entries);
    if (entries == NULL) return false;
    memset(entries + table->size, 0, (size - table->size) * sizeof *entries);
    table->entries = entries;
    table->size = size;
    return true;
}

static enum mcap_status insert(struct mcap_catalog *catalog, struct mcap_catalog_table *table, uint32_t id, const struct mcap_place *place,
                               const uint8_t *record, size_t len, struct mcap_error *error) {
    if (catalog->bytes_max > 0 && len > catalog->bytes_max - catalog->bytes) {
        return mcap_fail(error, MCAP_LIMIT, place, "schemas and channels take more than the %zu bytes that are allowed",
                         catalog->bytes_max);
    }
    struct mcap_catalog_entry *entry = malloc(sizeof *entry + len);
    if (entry == NULL || !make_place_for(table, id)) {
        free(entry);
        return mcap_fail_memory(error, place);
    }
    memcpy(entry->record, record, len);
    entry->len = len;
    (void)mcap_parse(place, entry->record + MCAP_HEAD_BYTES, len - MCAP_HEAD_BYTES, &entry->content, error);
    table->entries[id] = entry;
    table->count++;
    catalog->bytes += len;
    return MCAP_OK;
}

enum mcap_status mcap_catalog_add(struct mcap_catalog *catalog, const struct mcap_place *place, const uint8_t *record, size_t len,
                                  struct mcap_error *error) {
    union mcap_content content;
    enum mcap_status status = mcap_parse(place, record + MCAP_HEAD_BYTES, len - MCAP_HEAD_BYTES, &content, error);
    if (status != MCAP_OK) return status;
    bool is_schema = place->opcode == MCAP_SCHEMA;
    struct mcap_catalog_table *table = is_schema ? &catalog->schemas : &catalog->channels;
    uint32_t id = is_schema ? content.schema.id : content.channel.id;
    const struct mcap_catalog_entry *known = find(table, id);
    if (known == NULL) return insert(catalog, table, id, place, record, len, error);
    if (known->len == len && memcmp(known->record, record, len) == 0) return MCAP_OK;
    return mcap_fail(error, MCAP_FORMAT, place, "id %u stands for something else already", id);
}

const struct mcap_schema *mcap_catalog_schema(const struct mcap_catalog *catalog, uint16_t id) {
    const struct mcap_catalog_entry *entry = find(&catalog->schemas, id);
    return entry != NULL ? &entry->content.schema : NULL;
}

const struct mcap_channel *mcap_catalog_channel(const struct mcap_catalog *catalog, uint16_t id) {
    const struct mcap_catalog_entry *entry = find(&catalog->channels, id);
    return entry != NULL ? &entry->content.channel : NULL;
}

static void free_table(struct mcap_catalog_table *table) {
    for (uint32_t id = 0; id < table->size; id++) free(table->entries[id]);
    free(table->entries);
}

void mcap_catalog_free(struct mcap_catalog *catalog) {
    free_table(&catalog->schemas);
    free_table(&catalog->channels);
    *catalog = (struct mcap_catalog){.bytes_max = catalog->bytes_max};
}
