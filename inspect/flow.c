#include "flow.h"

#include <stdlib.h>
#include <string.h>

#define NOBODY UINT32_MAX

struct remembered {
    uint64_t seq;
    int64_t time_ns;
    uint32_t sender, topic; /* numbers of texts */
    bool is_answered;
};

struct id {
    uint64_t hash; /* 0: free */
    uint64_t seq;
};
enum { IDS = 4 * FLOW_REMEMBERED, ID_WAYS = 8 };

/* Texts, each once. */
struct texts {
    char **list;
    uint32_t count, room;
    uint32_t *slots; /* number plus 1; 0: free */
    uint32_t size;   /* of slots: a power of two */
};

struct edge_key {
    uint32_t from, topic, to, answer;
};

struct flow {
    struct texts texts;
    uint32_t by_topic[65536]; /* number of the text plus 1 */
    uint32_t last_join, last_sender;
    struct remembered *remembered; /* by seq, modulo FLOW_REMEMBERED */
    struct id *ids;                /* made with the first */
    struct flow_edge *edges;
    struct edge_key *keys;
    uint32_t *slots; /* of edges, plus 1; 2 * FLOW_EDGES_MAX of them */
    uint32_t count, room;
    uint64_t unknown, unheld;
    uint64_t last_seq;
    int64_t last_ns;
};

/* ---- texts ------------------------------------------------------------------------------------------------------------------ */

static uint64_t hash_of(const char *text, size_t len) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < len; i++) hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

static uint32_t text_slot(const struct texts *texts, const char *text) {
    uint32_t at = (uint32_t)hash_of(text, strlen(text)) & (texts->size - 1);
    while (texts->slots[at] != 0 && strcmp(texts->list[texts->slots[at] - 1], text) != 0) at = (at + 1) & (texts->size - 1);
    return at;
}

static bool grow_texts(struct texts *texts) {
    uint32_t size = texts->size == 0 ? 256 : 2 * texts->size, room = size / 2;
    char **list = realloc(texts->list, room * sizeof *list);
    if (list == NULL) return false;
    texts->list = list;
    texts->room = room;
    uint32_t *slots = calloc(size, sizeof *slots);
    if (slots == NULL) return false;
    free(texts->slots);
    texts->slots = slots;
    texts->size = size;
    for (uint32_t i = 0; i < texts->count; i++) texts->slots[text_slot(texts, texts->list[i])] = i + 1;
    return true;
}

/* Its number; NOBODY: no memory, or there are too many of them. */
static uint32_t text_number(struct texts *texts, const char *text) {
    enum { TEXTS_MAX = 1 << 18 };
    uint32_t found = texts->size > 0 ? texts->slots[text_slot(texts, text)] : 0;
    if (found != 0) return found - 1;
    if (texts->count >= TEXTS_MAX || (2 * texts->count >= texts->size && !grow_texts(texts))) return NOBODY;
    char *copy = strdup(text);
    if (copy == NULL) return NOBODY;
    texts->slots[text_slot(texts, text)] = texts->count + 1;
    texts->list[texts->count] = copy;
    return texts->count++;
}

static void texts_free(struct texts *texts) {
    for (uint32_t i = 0; i < texts->count; i++) free(texts->list[i]);
    free(texts->list);
    free(texts->slots);
    *texts = (struct texts){.list = NULL};
}

static uint32_t topic_number(struct flow *flow, const struct source_topic *topic) {
    uint32_t *known = &flow->by_topic[topic->id];
    if (*known == 0) *known = text_number(&flow->texts, topic->name) + 1; /* NOBODY becomes 0: not known */
    return *known - 1;
}

/* Most often it is the one that said something before. */
static uint32_t sender_number(struct flow *flow, const struct source_message *message) {
    if (message->join != 0 && message->join == flow->last_join) return flow->last_sender;
    uint32_t sender = text_number(&flow->texts, message->from);
    flow->last_join = sender != NOBODY ? message->join : 0;
    flow->last_sender = sender;
    return sender;
}

/* ---- ids that decoders find -------------------------------------------------------------------------------------------------- */

static void remember_id(struct flow *flow, sctx_str id, uint64_t seq) {
    if (flow->ids == NULL) flow->ids = calloc(IDS, sizeof *flow->ids);
    if (flow->ids == NULL) return;
    uint64_t hash = hash_of(id.p, id.n) | 1;
    struct id *place = &flow->ids[hash % IDS & ~(uint64_t)(ID_WAYS - 1)], *oldest = place;
    for (int i = 0; i < ID_WAYS; i++) {
        if (place[i].hash == hash || place[i].hash == 0) {
            oldest = &place[i];
            break;
        }
        if (place[i].seq < oldest->seq) oldest = &place[i];
    }
    *oldest = (struct id){hash, seq};
}

static bool find_id(const struct flow *flow, sctx_str id, uint64_t *seq) {
    if (flow->ids == NULL) return false;
    uint64_t hash = hash_of(id.p, id.n) | 1;
    const struct id *place = &flow->ids[hash % IDS & ~(uint64_t)(ID_WAYS - 1)];
    for (int i = 0; i < ID_WAYS; i++)
        if (place[i].hash == hash) {
            *seq = place[i].seq;
            return true;
        }
    return false;
}

/* ---- edges ------------------------------------------------------------------------------------------------------------------ */

static uint32_t bucket_of(int64_t ns) {
    uint64_t value = ns > 0 ? (uint64_t)ns : 0;
    if (value < 8) return (uint32_t)value;
    unsigned log = 63u - (unsigned)__builtin_clzll(value);
    return (log - 2) * 8 + (uint32_t)(value >> (log - 3) & 7);
}

/* The largest value in it. */
static int64_t bucket_end(uint32_t bucket) {
    if (bucket < 8) return bucket;
    unsigned log = bucket / 8 + 2;
    return (int64_t)(((uint64_t)(bucket % 8) + 9) << (log - 3)) - 1;
}

static uint32_t edge_slot(const struct flow *flow, const struct edge_key *key) {
    uint32_t mask = 2 * FLOW_EDGES_MAX - 1;
    uint32_t at = (uint32_t)hash_of((const char *)key, sizeof *key) & mask;
    while (flow->slots[at] != 0 && memcmp(&flow->keys[flow->slots[at] - 1], key, sizeof *key) != 0) at = (at + 1) & mask;
    return at;
}

static bool grow_edges(struct flow *flow) {
    uint32_t room = flow->room == 0 ? 32 : 2 * flow->room;
    if (flow->count >= FLOW_EDGES_MAX) return false;
    struct flow_edge *edges = realloc(flow->edges, room * sizeof *edges);
    if (edges == NULL) return false;
    flow->edges = edges;
    struct edge_key *keys = realloc(flow->keys, room * sizeof *keys);
    if (keys == NULL) return false;
    flow->keys = keys;
    flow->room = room;
    return true;
}

static struct flow_edge *edge_of(struct flow *flow, const struct edge_key *key) {
    uint32_t slot = edge_slot(flow, key);
    if (flow->slots[slot] != 0) return &flow->edges[flow->slots[slot] - 1];
    if (flow->count == flow->room && !grow_edges(flow)) return NULL;
    char *const *texts = flow->texts.list;
    struct flow_edge *edge = &flow->edges[flow->count];
    memset(edge, 0, sizeof *edge);
    edge->from = texts[key->from];
    edge->topic = texts[key->topic];
    edge->to = texts[key->to];
    edge->answer = texts[key->answer];
    edge->min_ns = INT64_MAX;
    flow->keys[flow->count] = *key;
    flow->slots[slot] = ++flow->count;
    return edge;
}

static void add_answer(struct flow_edge *edge, const struct source_message *message, const struct remembered *cause) {
    int64_t took = message->time_ns > cause->time_ns ? message->time_ns - cause->time_ns : 0;
    edge->count++;
    edge->buckets[bucket_of(took)]++;
    edge->sum_ns += took;
    if (took < edge->min_ns) edge->min_ns = took;
    if (took > edge->max_ns) edge->max_ns = took;
    edge->last_ns = message->time_ns;
    edge->last_seq = message->seq;
    edge->last_cause = cause->seq;
}

static bool cause_of(const struct flow *flow, const struct source_message *message, const struct tree *keys, uint64_t *cause,
                     bool *names_one) {
    *cause = message->cause;
    *names_one = message->has_cause || (keys != NULL && keys->keys[SCTX_KEY_CAUSE].len > 0);
    return message->has_cause || (*names_one && find_id(flow, tree_str(keys, keys->keys[SCTX_KEY_CAUSE]), cause));
}

static struct remembered describe(struct flow *flow, const struct source_message *message) {
    struct remembered here = {message->seq, message->time_ns, sender_number(flow, message), topic_number(flow, message->topic), false};
    flow->last_seq = message->seq;
    flow->last_ns = message->time_ns;
    if (here.topic == NOBODY) here.sender = NOBODY;
    return here;
}

static void count_answer(struct flow *flow, const struct source_message *message, const struct tree *keys, const struct remembered *here) {
    bool names_one;
    uint64_t seq;
    if (!cause_of(flow, message, keys, &seq, &names_one)) {
        flow->unknown += names_one;
        return;
    }
    struct remembered *cause = &flow->remembered[seq % FLOW_REMEMBERED];
    bool is_known = cause->seq == seq && cause->sender != NOBODY;
    if (is_known) cause->is_answered = true;
    struct flow_edge *edge = NULL;
    if (is_known && here->sender != NOBODY)
        edge = edge_of(flow, &(struct edge_key){cause->sender, cause->topic, here->sender, here->topic});
    if (edge != NULL) add_answer(edge, message, cause);
    flow->unknown += edge == NULL;
    flow->unheld += is_known && edge == NULL;
}

static bool remember(struct flow *flow, const struct source_message *message, const struct tree *keys, const struct remembered *here) {
    if (keys != NULL && keys->keys[SCTX_KEY_SELF].len > 0) remember_id(flow, tree_str(keys, keys->keys[SCTX_KEY_SELF]), message->seq);
    flow->remembered[message->seq % FLOW_REMEMBERED] = *here;
    return here->sender != NOBODY;
}

bool flow_add(struct flow *flow, const struct source_message *message, const struct tree *keys) {
    if (message->is_sample) return true;
    struct remembered here = describe(flow, message);
    count_answer(flow, message, keys, &here);
    return remember(flow, message, keys, &here);
}

bool flow_remember(struct flow *flow, const struct source_message *message, const struct tree *keys) {
    if (message->is_sample) return true;
    struct remembered here = describe(flow, message);
    return remember(flow, message, keys, &here);
}

/* ---- asking ----------------------------------------------------------------------------------------------------------------- */

uint32_t flow_count(const struct flow *flow) {
    return flow->count;
}
const struct flow_edge *flow_edge(const struct flow *flow, uint32_t i) {
    return &flow->edges[i];
}
uint64_t flow_unknown(const struct flow *flow) {
    return flow->unknown;
}
uint64_t flow_unheld(const struct flow *flow) {
    return flow->unheld;
}

int64_t flow_percentile(const struct flow_edge *edge, double part) {
    double wanted = part * (double)edge->count;
    uint64_t seen = 0;
    for (uint32_t bucket = 0; bucket < FLOW_BUCKETS; bucket++) {
        seen += edge->buckets[bucket];
        if (seen == 0 || (double)seen < wanted) continue;
        int64_t end = bucket_end(bucket);
        return end < edge->max_ns ? end : edge->max_ns;
    }
    return edge->max_ns;
}

/* The longest time to an answer of what this one said there; INT64_MAX: nobody ever answered it. */
static int64_t longest_of(const struct flow *flow, const struct remembered *said) {
    int64_t longest = -1;
    for (uint32_t i = 0; i < flow->count; i++)
        if (flow->keys[i].from == said->sender && flow->keys[i].topic == said->topic && flow->edges[i].max_ns > longest)
            longest = flow->edges[i].max_ns;
    return longest >= 0 ? longest : INT64_MAX;
}

bool flow_next_unanswered(const struct flow *flow, uint64_t *place, struct flow_unanswered *unanswered) {
    for (; *place < FLOW_REMEMBERED; ++*place) {
        const struct remembered *said = &flow->remembered[(flow->last_seq + 1 + *place) % FLOW_REMEMBERED];
        if (said->sender == NOBODY || said->is_answered || flow->last_ns - said->time_ns <= longest_of(flow, said)) continue;
        *unanswered = (struct flow_unanswered){flow->texts.list[said->sender], flow->texts.list[said->topic], said->seq, said->time_ns};
        ++*place;
        return true;
    }
    return false;
}

/* ---- begin and end ---------------------------------------------------------------------------------------------------------- */

static void forget_messages(struct flow *flow) {
    for (uint32_t i = 0; i < FLOW_REMEMBERED; i++) flow->remembered[i] = (struct remembered){.sender = NOBODY};
}

struct flow *flow_open(void) {
    struct flow *flow = calloc(1, sizeof *flow);
    if (flow == NULL) return NULL;
    flow->remembered = calloc(FLOW_REMEMBERED, sizeof *flow->remembered);
    flow->slots = calloc((size_t)2 * FLOW_EDGES_MAX, sizeof *flow->slots);
    if (flow->remembered != NULL && flow->slots != NULL) {
        forget_messages(flow);
        return flow;
    }
    flow_close(flow);
    return NULL;
}

static void release(struct flow *flow) {
    texts_free(&flow->texts);
    free(flow->ids);
    free(flow->edges);
    free(flow->keys);
}

void flow_close(struct flow *flow) {
    if (flow == NULL) return;
    release(flow);
    free(flow->remembered);
    free(flow->slots);
    free(flow);
}

void flow_reset(struct flow *flow) {
    struct remembered *remembered = flow->remembered;
    uint32_t *slots = flow->slots;
    release(flow);
    memset(flow, 0, sizeof *flow);
    memset(slots, 0, (size_t)2 * FLOW_EDGES_MAX * sizeof *slots);
    flow->remembered = remembered;
    flow->slots = slots;
    forget_messages(flow);
}

struct flow *flow_copy(const struct flow *flow) {
    struct flow *copy = flow_open();
    if (copy == NULL) return NULL;
    for (uint32_t i = 0; i < flow->count; i++) {
        struct edge_key key = {text_number(&copy->texts, flow->edges[i].from), text_number(&copy->texts, flow->edges[i].topic),
                               text_number(&copy->texts, flow->edges[i].to), text_number(&copy->texts, flow->edges[i].answer)};
        bool is_held = key.from != NOBODY && key.topic != NOBODY && key.to != NOBODY && key.answer != NOBODY;
        struct flow_edge *edge = is_held ? edge_of(copy, &key) : NULL;
        if (edge == NULL) {
            flow_close(copy);
            return NULL;
        }
        struct flow_edge texts = *edge;
        *edge = flow->edges[i];
        edge->from = texts.from;
        edge->topic = texts.topic;
        edge->to = texts.to;
        edge->answer = texts.answer;
    }
    copy->unknown = flow->unknown;
    copy->unheld = flow->unheld;
    return copy;
}
