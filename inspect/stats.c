#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

struct rows {
    struct stats_row *list;
    uint32_t count, room;
};

/* From a key to a row's number: open addressing, half empty at least. */
struct map {
    uint64_t *keys;
    uint32_t *rows; /* plus 1; 0: free */
    uint32_t size;  /* a power of two */
    uint32_t count;
};

struct stats {
    struct rows topics, senders, pairs;
    struct map by_sender, by_pair;
    uint32_t by_topic[65536]; /* plus 1 */
    uint64_t last_pair_key;   /* most often the next message is of the same topic and sender */
    uint32_t last_pair;       /* plus 1 */
    struct stats_row total;
    struct stats_loss loss;
};

/* ---- maps ------------------------------------------------------------------------------------------------------------------- */

static uint32_t slot_of(const struct map *map, uint64_t key) {
    uint64_t mixed = key * UINT64_C(0x9E3779B97F4A7C15);
    uint32_t slot = (uint32_t)(mixed >> 32) & (map->size - 1);
    while (map->rows[slot] != 0 && map->keys[slot] != key) slot = (slot + 1) & (map->size - 1);
    return slot;
}

/* The row's number plus 1; 0: not there. */
static uint32_t map_find(const struct map *map, uint64_t key) {
    return map->size == 0 ? 0 : map->rows[slot_of(map, key)];
}

static bool map_make(struct map *map, uint32_t size) {
    map->keys = calloc(size, sizeof *map->keys);
    map->rows = calloc(size, sizeof *map->rows);
    map->size = size;
    map->count = 0;
    if (map->keys != NULL && map->rows != NULL) return true;
    free(map->keys);
    free(map->rows);
    *map = (struct map){.size = 0};
    return false;
}

static void map_free(struct map *map) {
    free(map->keys);
    free(map->rows);
    *map = (struct map){.size = 0};
}

static void map_put(struct map *map, uint64_t key, uint32_t row) {
    uint32_t slot = slot_of(map, key);
    map->keys[slot] = key;
    map->rows[slot] = row;
    map->count++;
}

static bool map_reserve(struct map *map) {
    if (2 * map->count < map->size) return true;
    struct map larger;
    if (!map_make(&larger, map->size == 0 ? 64 : 2 * map->size)) return false;
    for (uint32_t i = 0; i < map->size; i++)
        if (map->rows[i] != 0) map_put(&larger, map->keys[i], map->rows[i]);
    map_free(map);
    *map = larger;
    return true;
}

static bool map_copy(struct map *to, const struct map *from) {
    if (from->size == 0) return true;
    if (!map_make(to, from->size)) return false;
    memcpy(to->keys, from->keys, from->size * sizeof *from->keys);
    memcpy(to->rows, from->rows, from->size * sizeof *from->rows);
    to->count = from->count;
    return true;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------- */

static void row_begin(struct stats_row *row) {
    *row = (struct stats_row){.len_min = UINT32_MAX, .second = INT64_MIN, .last_sender = UINT32_MAX};
}

/* The number of a new row plus 1; 0: no memory. The texts are copied; NULL is allowed. */
static uint32_t row_add(struct rows *rows, const char *name, const char *encoding) {
    if (rows->count == rows->room) {
        uint32_t room = rows->room == 0 ? 32 : 2 * rows->room;
        struct stats_row *list = realloc(rows->list, room * sizeof *list);
        if (list == NULL) return 0;
        rows->list = list;
        rows->room = room;
    }
    struct stats_row *row = &rows->list[rows->count];
    row_begin(row);
    char *names[2] = {name != NULL ? strdup(name) : NULL, encoding != NULL ? strdup(encoding) : NULL};
    if ((name != NULL && names[0] == NULL) || (encoding != NULL && names[1] == NULL)) {
        free(names[0]);
        free(names[1]);
        return 0;
    }
    row->name = names[0];
    row->encoding = names[1];
    return ++rows->count;
}

static void rows_free(struct rows *rows) {
    for (uint32_t i = 0; i < rows->count; i++) {
        free((void *)(uintptr_t)rows->list[i].name);
        free((void *)(uintptr_t)rows->list[i].encoding);
        free(rows->list[i].last);
    }
    free(rows->list);
    *rows = (struct rows){.list = NULL};
}

static bool rows_copy(struct rows *to, const struct rows *from) {
    for (uint32_t i = 0; i < from->count; i++) {
        const struct stats_row *row = &from->list[i];
        if (row_add(to, row->name, row->encoding) == 0) return false;
        struct stats_row *copy = &to->list[i];
        const char *name = copy->name, *encoding = copy->encoding;
        *copy = *row;
        copy->name = name;
        copy->encoding = encoding;
        copy->last = NULL;
        copy->last_room = copy->last_held = 0;
        if (row->last_held == 0) continue;
        copy->last = malloc(row->last_held);
        if (copy->last == NULL) return false;
        memcpy(copy->last, row->last, row->last_held);
        copy->last_held = copy->last_room = row->last_held;
    }
    return true;
}

/* ---- counting --------------------------------------------------------------------------------------------------------------- */

static size_t place_of(int64_t second) {
    int64_t place = second % STATS_SECONDS;
    return (size_t)(place < 0 ? place + STATS_SECONDS : place);
}

/* Times may step back by a little: that counts for the latest second. */
static void advance(struct stats_row *row, int64_t second) {
    if (second <= row->second) return;
    int64_t passed = row->second == INT64_MIN || second - row->second > STATS_SECONDS ? STATS_SECONDS : second - row->second;
    for (int64_t i = 0; i < passed; i++) row->by_second[place_of(second - i)] = 0;
    row->bytes_before = passed == 1 ? row->bytes_now : 0;
    row->bytes_now = 0;
    row->second = second;
}

static void note_interval(struct stats_row *row, int64_t time_ns) {
    enum { MOVING = 16 };
    double interval = (double)(time_ns - row->last_ns), differs = interval - row->interval_ns;
    uint64_t intervals = row->messages, changes = intervals - 1; /* with this one */
    row->interval_ns += differs / (double)(intervals < MOVING ? intervals : MOVING);
    if (changes > 0) row->jitter_ns += (fabs(differs) - row->jitter_ns) / (double)(changes < MOVING ? changes : MOVING);
}

static void count(struct stats_row *row, const struct source_message *message, int64_t second) {
    advance(row, second);
    row->by_second[place_of(row->second)]++;
    row->bytes_now += message->len;
    if (row->messages == 0)
        row->first_ns = message->time_ns;
    else
        note_interval(row, message->time_ns);
    row->messages++;
    row->bytes += message->len;
    if (message->len < row->len_min) row->len_min = message->len;
    if (message->len > row->len_max) row->len_max = message->len;
    row->len_last = message->len;
    row->last_ns = message->time_ns;
    row->last_seq = message->seq;
}

static void keep_last(struct stats_row *row, const struct source_message *message) {
    uint32_t held = message->len < STATS_LAST_MAX ? message->len : STATS_LAST_MAX;
    if (held > row->last_room) {
        uint32_t room = held < 64 ? 64 : (held | 255) + 1;
        unsigned char *larger = realloc(row->last, room);
        if (larger == NULL) held = row->last_room;
        if (larger != NULL) row->last = larger;
        if (larger != NULL) row->last_room = room;
    }
    if (held > 0) memcpy(row->last, message->data, held);
    row->last_held = held;
}

/* Other programs' recordings know no join numbers: their senders are told apart by name. */
static uint64_t sender_key(const struct source_message *message) {
    if (message->join != 0) return message->join;
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (const char *at = message->from; *at != '\0'; at++) hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001B3);
    return hash | UINT64_C(1) << 63;
}

static uint32_t topic_row(struct stats *stats, const struct source_topic *topic) {
    uint32_t *row = &stats->by_topic[topic->id];
    if (*row == 0 && (*row = row_add(&stats->topics, topic->name, topic->encoding)) != 0) stats->topics.list[*row - 1].id = topic->id;
    return *row;
}

static uint32_t sender_row(struct stats *stats, const struct source_message *message, uint64_t key) {
    uint32_t row = map_find(&stats->by_sender, key);
    if (row != 0 || stats->senders.count >= STATS_SENDERS_MAX || !map_reserve(&stats->by_sender)) return row;
    row = row_add(&stats->senders, message->from, NULL);
    if (row == 0) return 0;
    stats->senders.list[row - 1].id = message->join;
    stats->senders.list[row - 1].pid = message->pid;
    map_put(&stats->by_sender, key, row);
    return row;
}

static uint32_t pair_row(struct stats *stats, const struct source_message *message) {
    uint64_t sender = sender_key(message), key = sender * 65537 + message->topic->id;
    if (stats->last_pair != 0 && stats->last_pair_key == key) return stats->last_pair;
    uint32_t row = map_find(&stats->by_pair, key);
    if (row == 0) {
        uint32_t topic = topic_row(stats, message->topic), who = sender_row(stats, message, sender);
        if (topic == 0 || who == 0 || stats->pairs.count >= STATS_PAIRS_MAX || !map_reserve(&stats->by_pair)) return 0;
        row = row_add(&stats->pairs, NULL, NULL);
        if (row == 0) return 0;
        stats->pairs.list[row - 1].topic = topic - 1;
        stats->pairs.list[row - 1].sender = who - 1;
        stats->topics.list[topic - 1].pairs++;
        stats->senders.list[who - 1].pairs++;
        map_put(&stats->by_pair, key, row);
    }
    stats->last_pair = row;
    stats->last_pair_key = key;
    return row;
}

bool stats_add(struct stats *stats, const struct source_message *message) {
    stats_add_loss(stats, message->lost, message->gone);
    if (message->is_sample) return true;
    int64_t second = message->time_ns / SECOND;
    count(&stats->total, message, second);
    uint32_t pair = pair_row(stats, message), topic, sender;
    if (pair != 0) {
        count(&stats->pairs.list[pair - 1], message, second);
        topic = stats->pairs.list[pair - 1].topic + 1;
        sender = stats->pairs.list[pair - 1].sender + 1;
    } else {
        topic = topic_row(stats, message->topic);
        sender = map_find(&stats->by_sender, sender_key(message));
    }
    if (sender != 0) count(&stats->senders.list[sender - 1], message, second);
    if (topic != 0) {
        struct stats_row *row = &stats->topics.list[topic - 1];
        count(row, message, second);
        row->last_sender = sender - 1;
        keep_last(row, message);
    }
    stats->loss.unheld += pair == 0;
    return pair != 0;
}

void stats_add_loss(struct stats *stats, uint64_t lost, uint64_t gone) {
    stats->loss.lost += lost;
    stats->loss.gone += gone;
}

/* ---- asking ----------------------------------------------------------------------------------------------------------------- */

static uint32_t in_second(const struct stats_row *row, int64_t second) {
    if (row->second == INT64_MIN || second > row->second || second <= row->second - STATS_SECONDS) return 0;
    return row->by_second[place_of(second)];
}

static double sliding(double before, double now, int64_t now_ns) {
    double part = (double)(now_ns % SECOND) / (double)SECOND;
    return before * (1 - part) + now;
}

double stats_rate(const struct stats_row *row, int64_t now_ns) {
    int64_t second = now_ns / SECOND;
    return sliding(in_second(row, second - 1), in_second(row, second), now_ns);
}

double stats_byte_rate(const struct stats_row *row, int64_t now_ns) {
    int64_t second = now_ns / SECOND;
    if (second == row->second) return sliding((double)row->bytes_before, (double)row->bytes_now, now_ns);
    return second == row->second + 1 ? sliding((double)row->bytes_now, 0, now_ns) : 0;
}

void stats_history(const struct stats_row *row, int64_t now_ns, double *values, size_t count) {
    int64_t second = now_ns / SECOND;
    for (size_t i = 0; i < count; i++) values[i] = in_second(row, second - (int64_t)(count - i));
}

uint32_t stats_topics(const struct stats *stats) {
    return stats->topics.count;
}
const struct stats_row *stats_topic(const struct stats *stats, uint32_t row) {
    return &stats->topics.list[row];
}
uint32_t stats_senders(const struct stats *stats) {
    return stats->senders.count;
}
const struct stats_row *stats_sender(const struct stats *stats, uint32_t row) {
    return &stats->senders.list[row];
}
uint32_t stats_pairs(const struct stats *stats) {
    return stats->pairs.count;
}
const struct stats_row *stats_pair(const struct stats *stats, uint32_t row) {
    return &stats->pairs.list[row];
}
const struct stats_row *stats_total(const struct stats *stats) {
    return &stats->total;
}
const struct stats_row *stats_find_sender(const struct stats *stats, uint32_t join) {
    uint32_t row = join != 0 ? map_find(&stats->by_sender, join) : 0;
    return row != 0 ? &stats->senders.list[row - 1] : NULL;
}
struct stats_loss stats_loss(const struct stats *stats) {
    return stats->loss;
}

/* ---- begin and end ---------------------------------------------------------------------------------------------------------- */

struct stats *stats_open(void) {
    struct stats *stats = calloc(1, sizeof *stats);
    if (stats != NULL) row_begin(&stats->total);
    return stats;
}

static void release(struct stats *stats) {
    rows_free(&stats->topics);
    rows_free(&stats->senders);
    rows_free(&stats->pairs);
    map_free(&stats->by_sender);
    map_free(&stats->by_pair);
}

void stats_close(struct stats *stats) {
    if (stats == NULL) return;
    release(stats);
    free(stats);
}

void stats_reset(struct stats *stats) {
    release(stats);
    memset(stats, 0, sizeof *stats);
    row_begin(&stats->total);
}

struct stats *stats_copy(const struct stats *stats) {
    struct stats *copy = stats_open();
    if (copy == NULL) return NULL;
    bool done = rows_copy(&copy->topics, &stats->topics) && rows_copy(&copy->senders, &stats->senders) &&
                rows_copy(&copy->pairs, &stats->pairs) && map_copy(&copy->by_sender, &stats->by_sender) &&
                map_copy(&copy->by_pair, &stats->by_pair);
    if (!done) {
        stats_close(copy);
        return NULL;
    }
    memcpy(copy->by_topic, stats->by_topic, sizeof copy->by_topic);
    copy->total = stats->total;
    copy->loss = stats->loss;
    return copy;
}
