#include "mcap_walk.h"

#include "mcap_parse.h"

static enum mcap_status check_record(const struct mcap_walk *walk, uint64_t chunk, struct mcap_error *error) {
    const struct mcap_place place = {walk->at, chunk, walk->opcode};
    union mcap_content content;
    if (walk->opcode > MCAP_DATA_END) return MCAP_OK;
    if (walk->opcode != MCAP_SCHEMA && walk->opcode != MCAP_CHANNEL && walk->opcode != MCAP_MESSAGE) {
        return mcap_fail(error, MCAP_FORMAT, &place, "may not be within a chunk");
    }
    return mcap_parse(&place, walk->body, walk->body_len, &content, error);
}

enum mcap_status mcap_walk_check(const uint8_t *records, size_t len, uint64_t chunk, struct mcap_error *error) {
    struct mcap_walk walk = {.records = records, .len = len};
    while (mcap_walk_next(&walk)) {
        if (walk.opcode == MCAP_MESSAGE && walk.body_len >= MCAP_MESSAGE_HEAD_BYTES) continue;
        enum mcap_status status = check_record(&walk, chunk, error);
        if (status != MCAP_OK) return status;
    }
    if (walk.next == len) return MCAP_OK;
    const struct mcap_place place = {walk.next, chunk, records[walk.next]};
    return mcap_fail(error, MCAP_FORMAT, &place, "is no record, or does not fit into the chunk");
}
