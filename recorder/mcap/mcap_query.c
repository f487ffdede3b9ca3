#include "mcap_query.h"

#include "mcap_lane.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct mcap_query {
    struct mcap_file *file;
    struct mcap_query_options options;
    struct mcap_lane *lanes; /* those that may have something, in the order of the file */
    size_t lane_count;
    struct mcap_lane **heap; /* the one whose next message comes first is at 0 */
    size_t heap_len;
    struct mcap_lane **loaded;
    size_t loaded_len;
    struct mcap_load *spare;
    size_t used; /* bytes that the loaded ones hold */
    bool is_top_done;
    uint8_t wanted[MCAP_IDS / 8], strangers[MCAP_IDS / 8];
    struct mcap_error error;
};

/* ---- the heap ---- */

static bool is_before(const struct mcap_query *query, const struct mcap_lane *a, const struct mcap_lane *b) {
    int order = mcap_lane_compare(a, b);
    return query->options.is_backwards ? order > 0 : order < 0;
}

static void sift_down(struct mcap_query *query, size_t at) {
    struct mcap_lane *moved = query->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= query->heap_len) break;
        if (child + 1 < query->heap_len && is_before(query, query->heap[child + 1], query->heap[child])) child++;
        if (!is_before(query, query->heap[child], moved)) break;
        query->heap[at] = query->heap[child];
        at = child;
    }
    query->heap[at] = moved;
}

/* ---- loaded chunks ---- */

static void unload(struct mcap_query *query, struct mcap_lane *lane) {
    if (lane->load == NULL) return;
    query->used -= mcap_load_bytes(lane->load);
    if (query->spare == NULL)
        query->spare = lane->load;
    else
        mcap_load_free(lane->load);
    lane->load = NULL;
    for (size_t i = 0; i < query->loaded_len; i++) {
        if (query->loaded[i] != lane) continue;
        query->loaded[i] = query->loaded[--query->loaded_len];
        break;
    }
}

/* The one whose next message comes last will not be missed for longest. */
static void make_room(struct mcap_query *query, uint64_t bytes) {
    while (query->loaded_len > 0 && query->used + bytes > query->options.memory_max) {
        struct mcap_lane *latest = query->loaded[0];
        for (size_t i = 1; i < query->loaded_len; i++) {
            if (is_before(query, latest, query->loaded[i])) latest = query->loaded[i];
        }
        unload(query, latest);
    }
}

static void remove_top(struct mcap_query *query) {
    unload(query, query->heap[0]);
    query->heap[0] = query->heap[--query->heap_len];
    if (query->heap_len > 0) sift_down(query, 0);
}

static bool has(const uint8_t *set, uint16_t id) {
    return (set[id / 8] >> (id % 8) & 1) != 0;
}

static void put(uint8_t *set, uint16_t id) {
    set[id / 8] = (uint8_t)(set[id / 8] | 1u << (id % 8));
}

static enum mcap_status notice(struct mcap_query *query, const struct mcap_lane *lane, const struct mcap_lane_notice *found) {
    const struct mcap_place place = {lane->place->offset, 0, lane->place->is_chunk ? MCAP_CHUNK : MCAP_MESSAGE};
    char strange[96] = "", untimely[128] = "";
    if (!found->has_stranger && !found->is_untimely) return MCAP_OK;
    if (found->has_stranger) {
        put(query->strangers, found->stranger);
        (void)snprintf(strange, sizeof strange, "messages of channel %u, which the file does not describe; they are left out",
                       found->stranger);
    }
    if (found->is_untimely) {
        (void)snprintf(untimely, sizeof untimely, "messages outside of the time from %" PRIu64 " to %" PRIu64 " that its index says",
                       lane->place->start, lane->place->end);
    }
    (void)mcap_fail(&query->error, MCAP_FORMAT, &place, "has %s%s%s", strange,
                    found->has_stranger && found->is_untimely ? "; and it has " : "", untimely);
    return MCAP_LOST;
}

/* The top gets its messages; where it belongs afterwards may be somewhere else. MCAP_LOST: it has none, or there is something to tell. */
static enum mcap_status load_top(struct mcap_query *query) {
    struct mcap_lane *lane = query->heap[0];
    const struct mcap_lane_wishes wishes = {.from = query->options.from,
                                            .to = query->options.to,
                                            .by_file = query->options.order == MCAP_BY_FILE,
                                            .is_backwards = query->options.is_backwards,
                                            .wanted = query->wanted,
                                            .strangers = query->strangers,
                                            .file = query->file};
    struct mcap_lane_notice found = {0};
    make_room(query, lane->place->size);
    struct mcap_load *load = query->spare;
    query->spare = NULL;
    enum mcap_status status = mcap_lane_load(lane, &load, &wishes, &found, &query->error);
    if (status == MCAP_OK) {
        query->loaded[query->loaded_len++] = lane;
        query->used += mcap_load_bytes(load);
    } else {
        query->spare = load;
    }
    if (status == MCAP_MEMORY) return status;
    if (status != MCAP_OK) {
        remove_top(query);
        return MCAP_LOST;
    }
    status = lane->has_told ? MCAP_OK : notice(query, lane, &found);
    lane->has_told = true;
    if (mcap_lane_is_empty(lane))
        remove_top(query);
    else
        sift_down(query, 0);
    return status;
}

enum mcap_status mcap_query_next(struct mcap_query *query, struct mcap_record *record) {
    if (query->is_top_done) {
        query->is_top_done = false;
        if (mcap_lane_advance(query->heap[0], query->options.is_backwards, query->options.order == MCAP_BY_FILE))
            sift_down(query, 0);
        else
            remove_top(query);
    }
    while (query->heap_len > 0) {
        struct mcap_lane *lane = query->heap[0];
        if (lane->load == NULL) {
            enum mcap_status status = load_top(query);
            if (status != MCAP_OK) return status;
            continue;
        }
        mcap_lane_record(lane, query->options.is_backwards, record);
        record->channel = mcap_file_channel(query->file, record->content.message.channel_id);
        query->is_top_done = true;
        return MCAP_OK;
    }
    return MCAP_END;
}

/* ---- what is looked at ---- */

static void choose_channels(struct mcap_query *query) {
    for (uint32_t id = 0; id < mcap_file_id_end(query->file); id++) {
        const struct mcap_channel *channel = mcap_file_channel(query->file, (uint16_t)id);
        if (channel == NULL) continue;
        if (query->options.wants == NULL || query->options.wants(query->options.context, channel)) put(query->wanted, (uint16_t)id);
    }
}

static bool may_have_some(const struct mcap_query *query, const struct mcap_chunk_place *place) {
    if (!place->has_messages || place->end < query->options.from || place->start > query->options.to) return false;
    bool is_wanted = place->channel_count == 0;
    for (uint32_t i = 0; i < place->channel_count && !is_wanted; i++)
        is_wanted = has(query->wanted, mcap_file_chunk_channel(query->file, place, i));
    return is_wanted;
}

static bool choose_chunks(struct mcap_query *query) {
    size_t count;
    const struct mcap_chunk_place *chunks = mcap_file_chunks(query->file, &count);
    if (count == 0) return true;
    query->lanes = calloc(count, sizeof *query->lanes);
    query->heap = calloc(count, sizeof(struct mcap_lane *));
    query->loaded = calloc(count, sizeof(struct mcap_lane *));
    if (query->lanes == NULL || query->heap == NULL || query->loaded == NULL) return false;
    for (size_t i = 0; i < count; i++) {
        if (!may_have_some(query, &chunks[i])) continue;
        struct mcap_lane *lane = &query->lanes[query->lane_count];
        mcap_lane_begin(lane, &chunks[i], query->options.is_backwards, query->options.order == MCAP_BY_FILE);
        query->heap[query->lane_count++] = lane;
    }
    query->heap_len = query->lane_count;
    for (size_t i = query->heap_len / 2; i > 0; i--) sift_down(query, i - 1);
    return true;
}

struct mcap_query *mcap_query_open(struct mcap_file *file, const struct mcap_query_options *options) {
    struct mcap_query *query = calloc(1, sizeof *query);
    if (query == NULL) return NULL;
    query->file = file;
    query->options = *options;
    if (options->from == 0 && options->to == 0) query->options.to = UINT64_MAX;
    if (options->memory_max == 0) query->options.memory_max = MCAP_QUERY_MEMORY;
    choose_channels(query);
    if (choose_chunks(query)) return query;
    mcap_query_close(query);
    return NULL;
}

const struct mcap_error *mcap_query_error(const struct mcap_query *query) {
    return &query->error;
}

void mcap_query_close(struct mcap_query *query) {
    if (query == NULL) return;
    while (query->loaded_len > 0) unload(query, query->loaded[0]);
    mcap_load_free(query->spare);
    free(query->lanes);
    free(query->heap);
    free(query->loaded);
    free(query);
}
