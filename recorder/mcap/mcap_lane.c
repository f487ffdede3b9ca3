#include "mcap_lane.h"

#include "mcap_walk.h"

#include <stdlib.h>

size_t mcap_load_bytes(const struct mcap_load *load) {
    return load->raw.capacity + load->space.capacity + load->capacity * sizeof *load->entries;
}

void mcap_load_free(struct mcap_load *load) {
    if (load == NULL) return;
    mcap_buffer_free(&load->raw);
    mcap_buffer_free(&load->space);
    free(load->entries);
    free(load);
}

void mcap_lane_begin(struct mcap_lane *lane, const struct mcap_chunk_place *place, bool is_backwards, bool by_file) {
    *lane = (struct mcap_lane){.place = place, .off = is_backwards ? UINT64_MAX : 0};
    if (!by_file) lane->time = is_backwards ? place->end : place->start;
}

static int compare(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

int mcap_lane_compare(const struct mcap_lane *a, const struct mcap_lane *b) {
    if (a->time != b->time) return compare(a->time, b->time);
    if (a->place->offset != b->place->offset) return compare(a->place->offset, b->place->offset);
    return compare(a->off, b->off);
}

/* ---- loading ---- */

static int by_time(const void *a, const void *b) {
    const struct mcap_load_entry *x = a, *y = b;
    return x->time != y->time ? compare(x->time, y->time) : compare(x->off, y->off);
}

static bool add(struct mcap_load *load, uint64_t time, size_t off, bool *is_sorted) {
    if (load->count == load->capacity) {
        size_t capacity = load->capacity > 0 ? 2 * load->capacity : 256;
        struct mcap_load_entry *entries = realloc(load->entries, capacity * sizeof *entries);
        if (entries == NULL) return false;
        load->entries = entries;
        load->capacity = capacity;
    }
    if (load->count > 0 && time < load->entries[load->count - 1].time) *is_sorted = false;
    load->entries[load->count++] = (struct mcap_load_entry){time, off};
    return true;
}

static bool is_in(const uint8_t *set, uint16_t id) {
    return (set[id / 8] >> (id % 8) & 1) != 0;
}

static void look_at_stranger(uint16_t id, const struct mcap_lane_wishes *wishes, struct mcap_lane_notice *notice) {
    if (notice->has_stranger || is_in(wishes->strangers, id) || mcap_file_channel(wishes->file, id) != NULL) return;
    notice->has_stranger = true;
    notice->stranger = id;
}

/* Records that are no messages are stepped over: a stretch of the data section may have any. */
static bool find_messages(const struct mcap_lane *lane, struct mcap_load *load, const struct mcap_lane_wishes *wishes,
                          struct mcap_lane_notice *notice) {
    struct mcap_walk walk = {.records = (const uint8_t *)load->records.data, .len = load->records.len};
    bool is_sorted = true;
    load->count = 0;
    while (mcap_walk_next(&walk)) {
        if (walk.opcode != MCAP_MESSAGE || walk.body_len < MCAP_MESSAGE_HEAD_BYTES) continue;
        uint16_t id = mcap_get16(walk.body);
        uint64_t time = mcap_get64(walk.body + 6);
        if (time < lane->place->start || time > lane->place->end) notice->is_untimely = true;
        if (!is_in(wishes->wanted, id)) {
            look_at_stranger(id, wishes, notice);
        } else if (time >= wishes->from && time <= wishes->to && !add(load, time, walk.at, &is_sorted)) {
            return false;
        }
    }
    if (!is_sorted && !wishes->by_file) qsort(load->entries, load->count, sizeof *load->entries, by_time);
    return true;
}

enum mcap_status mcap_lane_load(struct mcap_lane *lane, struct mcap_load **load, const struct mcap_lane_wishes *wishes,
                                struct mcap_lane_notice *notice, struct mcap_error *error) {
    if (*load == NULL) *load = calloc(1, sizeof **load);
    if (*load == NULL) return mcap_fail_memory(error, NULL);
    enum mcap_status status = mcap_file_load(wishes->file, lane->place, &(*load)->raw, &(*load)->space, &(*load)->records, error);
    if (status != MCAP_OK) return status;
    if (!find_messages(lane, *load, wishes, notice)) return mcap_fail_memory(error, NULL);
    lane->load = *load;
    lane->done--; /* as if the one before were given right now; at the first time it wraps, and comes back */
    (void)mcap_lane_advance(lane, wishes->is_backwards, wishes->by_file);
    return MCAP_OK;
}

/* ---- from message to message ---- */

static const struct mcap_load_entry *next_of(const struct mcap_lane *lane, bool is_backwards) {
    const struct mcap_load *load = lane->load;
    return &load->entries[is_backwards ? load->count - 1 - lane->done : lane->done];
}

bool mcap_lane_is_empty(const struct mcap_lane *lane) {
    return lane->done >= lane->load->count;
}

bool mcap_lane_advance(struct mcap_lane *lane, bool is_backwards, bool by_file) {
    lane->done++;
    if (mcap_lane_is_empty(lane)) return false;
    const struct mcap_load_entry *next = next_of(lane, is_backwards);
    lane->time = by_file ? 0 : next->time;
    lane->off = next->off;
    return true;
}

void mcap_lane_record(const struct mcap_lane *lane, bool is_backwards, struct mcap_record *record) {
    const struct mcap_load_entry *next = next_of(lane, is_backwards);
    const uint8_t *head = (const uint8_t *)lane->load->records.data + next->off;
    const uint8_t *body = head + MCAP_HEAD_BYTES;
    size_t body_len = (size_t)mcap_get64(head + 1);
    *record = (struct mcap_record){.opcode = MCAP_MESSAGE,
                                   .in_chunk = lane->place->is_chunk,
                                   .offset = lane->place->offset + (lane->place->is_chunk ? 0 : next->off),
                                   .chunk_off = lane->place->is_chunk ? next->off : 0,
                                   .body = {(const char *)body, body_len},
                                   .content.message = mcap_walk_message(body, body_len)};
}
