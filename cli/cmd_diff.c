#include "cmd.h"
#include "compare.h"
#include "filtering.h"
#include "names.h"
#include "reading.h"
#include "units.h"
#include "value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum diff_option {
    DIFF_FILTER,
    DIFF_IGNORE,
    DIFF_TOLERANCE,
    DIFF_KEY,
    DIFF_MOST,
    DIFF_BRIEF,
    DIFF_TOPICS,
    DIFF_DECODERS,
    DIFF_OPTIONS = DIFF_DECODERS + DECODERS_OPTIONS
};

static const struct option options[DIFF_OPTIONS] = {
    [DIFF_FILTER] = {"filter", 'f', OPTION_TEXT, "EXPR", "compare only what matches, see sctx-filter(7)", NULL, NULL},
    [DIFF_IGNORE] = {"ignore", 'i', OPTION_TEXT, "PATH",
                     "leave these values out: data.ts, data.items[*].id, data.**.ts;\nmay be given again and again", NULL, NULL},
    [DIFF_TOLERANCE] = {"tolerance", 0, OPTION_REAL, "X", "numbers that are as near as that are the same", NULL, NULL},
    [DIFF_KEY] = {"key", 'k', OPTION_TEXT, "PATH",
                  "messages with the same value there belong together\n(else the first of a topic and sender with the first, and so on)",
                  NULL, NULL},
    [DIFF_MOST] = {"max", 0, OPTION_NUMBER, "N", "show at most N differences; they are all counted", "1000", NULL},
    [DIFF_BRIEF] = {"brief", 'q', OPTION_FLAG, NULL, "only count them, by topic", NULL, NULL},
    [DIFF_TOPICS] = {"topics", 't', OPTION_FLAG, NULL, "show counts, rates and sizes of all topics, also of the same ones", NULL, NULL},
    [DIFF_DECODERS] = OPTIONS_DECODERS,
};

/* One message of A, waiting for its partner in B. */
struct kept {
    const char *key; /* its queue's */
    char *data;
    uint64_t seq;
    size_t lane; /* its place among the lanes */
    uint32_t len;
    bool has_value, is_met;
    struct tree tree;
    struct kept *next; /* of the same key */
};

/* Messages of A with the same key, in their order; those that have met their partner have left it. */
struct queue {
    char *key; /* NULL: a free slot */
    struct kept *first, *last;
};

enum side { SIDE_A, SIDE_B, SIDES };

struct lane { /* a topic with what it declares */
    char *topic, *encoding;
    struct {
        uint64_t messages, bytes;
    } of[SIDES];
    uint64_t missing, new_ones, changed;
};

struct span { /* of a recording: from its first message to its last */
    int64_t first_ns, last_ns;
    bool has_some;
};

struct diff {
    const struct call *call;
    struct lane *lanes;
    size_t lane_count, lane_room;
    struct queue *queues; /* a hash table by key */
    size_t queue_room, queue_count, kept_count;
    struct kept **order; /* as they came */
    size_t order_room;
    uint64_t differences, shown;
    enum side side; /* that is read now */
    struct span spans[SIDES];
    bool failed;
    struct out key;
    /* the pair that is compared */
    const struct kept *left;
    const struct batched *right;
    struct lane *lane;
    bool pair_differs;
};

/* ---- what belongs together -------------------------------------------------------------------------------------------------- */

static struct lane *lane_of(struct diff *diff, const struct source_topic *topic) {
    for (size_t i = 0; i < diff->lane_count; i++)
        if (strcmp(diff->lanes[i].topic, topic->name) == 0 && strcmp(diff->lanes[i].encoding, topic->encoding) == 0) return &diff->lanes[i];
    if (diff->lane_count == diff->lane_room) {
        size_t room = diff->lane_room > 0 ? diff->lane_room * 2 : 32;
        struct lane *larger = realloc(diff->lanes, room * sizeof *larger);
        if (larger == NULL) return NULL;
        diff->lanes = larger;
        diff->lane_room = room;
    }
    struct lane *lane = &diff->lanes[diff->lane_count];
    *lane = (struct lane){.topic = strdup(topic->name), .encoding = strdup(topic->encoding)};
    if (lane->topic == NULL || lane->encoding == NULL) return NULL;
    diff->lane_count++;
    return lane;
}

static bool has_value(const struct batched *item) {
    return item->is_decoded && item->outcome == HOST_DECODED && !item->choice.is_view && item->tree.status == SCTX_PLUGIN_OK &&
           item->tree.count > 0;
}

/* Topic and sender, or the value at --key. */
static const char *key_of(struct diff *diff, const struct batched *item) {
    const struct source_message *message = &item->message;
    const char *path = diff->call->values[DIFF_KEY].text;
    uint32_t node = path != NULL && has_value(item) ? compare_find(&item->tree, path) : UINT32_MAX;
    diff->key.len = 0;
    out_put(&diff->key, message->topic->name, strlen(message->topic->name) + 1);
    out_put(&diff->key, message->topic->encoding, strlen(message->topic->encoding) + 1);
    if (node != UINT32_MAX)
        value_json(&diff->key, &item->tree, node);
    else
        out_text(&diff->key, message->from);
    out_char(&diff->key, '\0');
    /* One text: what separates its parts is in none of them. */
    for (size_t i = 0; i + 1 < diff->key.len; i++)
        if (diff->key.data[i] == '\0') diff->key.data[i] = '\n';
    return diff->key.data;
}

static struct queue *slot_of(struct queue *queues, size_t room, const char *key) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *at = key; *at != '\0'; at++) hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    size_t slot = (size_t)(hash ^ hash >> 32) & (room - 1);
    while (queues[slot].key != NULL && strcmp(queues[slot].key, key) != 0) slot = (slot + 1) & (room - 1);
    return &queues[slot];
}

/* The queue of this key, made if there is none. NULL: no memory. */
static struct queue *queue_of(struct diff *diff, const char *key) {
    if (diff->queue_count * 2 >= diff->queue_room) {
        size_t room = diff->queue_room > 0 ? diff->queue_room * 2 : 1024;
        struct queue *larger = calloc(room, sizeof *larger);
        if (larger == NULL) return NULL;
        for (size_t i = 0; i < diff->queue_room; i++)
            if (diff->queues[i].key != NULL) *slot_of(larger, room, diff->queues[i].key) = diff->queues[i];
        free(diff->queues);
        diff->queues = larger;
        diff->queue_room = room;
    }
    struct queue *queue = slot_of(diff->queues, diff->queue_room, key);
    if (queue->key != NULL) return queue;
    queue->key = strdup(key);
    diff->queue_count += queue->key != NULL;
    return queue->key != NULL ? queue : NULL;
}

static bool copy_tree(struct tree *to, const struct tree *from) {
    tree_init(to, (struct tree_limits){0, 0});
    if (!tree_reserve(to, from->count, from->pool_len)) return false;
    memcpy(to->nodes, from->nodes, from->count * sizeof *to->nodes);
    if (from->pool_len > 0) memcpy(to->pool, from->pool, from->pool_len);
    to->count = from->count;
    to->pool_len = from->pool_len;
    return true;
}

static bool keep(struct diff *diff, const struct batched *item, size_t lane) {
    const struct source_message *message = &item->message;
    struct kept *kept = calloc(1, sizeof *kept);
    if (kept == NULL) return false;
    if (diff->kept_count == diff->order_room) {
        size_t room = diff->order_room > 0 ? diff->order_room * 2 : 1024;
        struct kept **larger = realloc(diff->order, room * sizeof(struct kept *));
        if (larger == NULL) {
            free(kept);
            return false;
        }
        diff->order = larger;
        diff->order_room = room;
    }
    diff->order[diff->kept_count++] = kept;
    struct queue *queue = queue_of(diff, key_of(diff, item));
    if (queue == NULL) return false;
    kept->key = queue->key;
    kept->lane = lane;
    kept->seq = message->seq;
    kept->has_value = has_value(item);
    kept->len = message->len;
    if (kept->has_value && !copy_tree(&kept->tree, &item->tree)) return false;
    if (!kept->has_value) {
        kept->data = malloc(message->len > 0 ? message->len : 1);
        if (kept->data == NULL) return false;
        if (message->len > 0) memcpy(kept->data, message->data, message->len);
    }
    if (queue->last != NULL)
        queue->last->next = kept;
    else
        queue->first = kept;
    queue->last = kept;
    return true;
}

/* The first of this key that has no partner yet. */
static struct kept *take_partner(struct diff *diff, const char *key) {
    struct queue *queue = diff->queue_room > 0 ? slot_of(diff->queues, diff->queue_room, key) : NULL;
    struct kept *kept = queue != NULL && queue->key != NULL ? queue->first : NULL;
    if (kept == NULL) return NULL;
    queue->first = kept->next;
    if (queue->first == NULL) queue->last = NULL;
    kept->is_met = true;
    return kept;
}

/* ---- differences ------------------------------------------------------------------------------------------------------------ */

static bool is_to_be_shown(struct diff *diff) {
    diff->differences++;
    if (diff->call->values[DIFF_BRIEF].given || diff->shown >= diff->call->values[DIFF_MOST].number) return false;
    diff->shown++;
    return true;
}

static void put_side(struct out *out, bool json, const struct tree *tree, uint32_t node) {
    if (node != UINT32_MAX)
        value_json(out, tree, node);
    else if (json)
        out_text(out, "null");
}

/* The beginning of a line that is about a message; seqs 0: none on that side. */
static void begin_line(struct diff *diff, const char *kind, const char *sign, const struct lane *lane, const char *from, uint64_t a,
                       uint64_t b) {
    struct out *out = diff->call->out;
    if (diff->call->json) {
        out_format(out, "{\"kind\":\"%s\",\"topic\":", kind);
        inert_json_name(out, lane->topic);
        out_text(out, ",\"from\":");
        if (from != NULL)
            inert_json_name(out, from);
        else
            out_text(out, "null");
        return;
    }
    out_text(out, paint(diff->call, sign[0] == '-' ? PAINT_BAD : sign[0] == '+' ? PAINT_GOOD : PAINT_WARN));
    out_format(out, "%s ", sign);
    inert_text(out, lane->topic);
    out_text(out, paint(diff->call, PAINT_OFF));
    if (a != 0) out_format(out, "  A:%" PRIu64, a);
    if (b != 0) out_format(out, "  B:%" PRIu64, b);
    out_text(out, "  ");
}

static void put_seqs(struct out *out, uint64_t a, uint64_t b) {
    out_text(out, ",\"seq_a\":");
    if (a != 0)
        out_number(out, a);
    else
        out_text(out, "null");
    out_text(out, ",\"seq_b\":");
    if (b != 0)
        out_number(out, b);
    else
        out_text(out, "null");
    out_text(out, "}\n");
}

static bool on_difference(void *context, enum compare_kind kind, const char *path, uint32_t left, uint32_t right) {
    struct diff *diff = context;
    const struct source_message *message = &diff->right->message;
    struct out *out = diff->call->out;
    (void)kind;
    diff->pair_differs = true;
    if (!is_to_be_shown(diff)) return true;
    begin_line(diff, "changed", "~", diff->lane, message->from, diff->left->seq, message->seq);
    if (diff->call->json) {
        out_text(out, ",\"a\":");
        put_side(out, true, &diff->left->tree, left);
        out_text(out, ",\"b\":");
        put_side(out, true, &diff->right->tree, right);
        out_text(out, ",\"path\":");
        inert_json_value(out, path, strlen(path));
        put_seqs(out, diff->left->seq, message->seq);
    } else {
        inert_text(out, path);
        out_text(out, ": ");
        put_side(out, false, &diff->left->tree, left);
        out_text(out, left == UINT32_MAX ? "(not there) -> " : " -> ");
        put_side(out, false, &diff->right->tree, right);
        out_text(out, right == UINT32_MAX ? "(not there)\n" : "\n");
    }
    out_line_done(out);
    return true;
}

/* Messages whose payloads nothing decodes differ as a whole. */
static void tell_bytes(struct diff *diff) {
    const struct source_message *message = &diff->right->message;
    diff->pair_differs = true;
    if (!is_to_be_shown(diff)) return;
    begin_line(diff, "changed", "~", diff->lane, message->from, diff->left->seq, message->seq);
    if (diff->call->json) {
        out_format(diff->call->out, ",\"a\":null,\"b\":null,\"path\":null");
        put_seqs(diff->call->out, diff->left->seq, message->seq);
    } else {
        out_format(diff->call->out, "payloads differ (%" PRIu32 " and %" PRIu32 " bytes)\n", diff->left->len, message->len);
    }
    out_line_done(diff->call->out);
}

static void tell_alone(struct diff *diff, bool is_new, const struct lane *lane, const char *from, uint64_t seq) {
    if (!is_to_be_shown(diff)) return;
    begin_line(diff, is_new ? "new" : "missing", is_new ? "+" : "-", lane, from, is_new ? 0 : seq, is_new ? seq : 0);
    if (diff->call->json) {
        out_text(diff->call->out, ",\"a\":null,\"b\":null,\"path\":null");
        put_seqs(diff->call->out, is_new ? 0 : seq, is_new ? seq : 0);
    } else {
        out_text(diff->call->out, is_new ? "only in B\n" : "only in A\n");
    }
    out_line_done(diff->call->out);
}

static void compare_pair(struct diff *diff) {
    const struct value *values = diff->call->values;
    const struct source_message *message = &diff->right->message;
    const struct compare_options how = {.ignored = values[DIFF_IGNORE].all,
                                        .ignored_count = values[DIFF_IGNORE].count,
                                        .tolerance = values[DIFF_TOLERANCE].given ? values[DIFF_TOLERANCE].real : 0,
                                        .differ = on_difference,
                                        .context = diff};
    diff->pair_differs = false;
    if (diff->left->has_value && has_value(diff->right))
        (void)compare_trees(&diff->left->tree, &diff->right->tree, &how);
    else if (diff->left->has_value || has_value(diff->right) || diff->left->len != message->len ||
             (message->len > 0 && memcmp(diff->left->data, message->data, message->len) != 0))
        tell_bytes(diff);
    diff->lane->changed += diff->pair_differs;
}

static void note_message(struct diff *diff, struct lane *lane, const struct source_message *message) {
    struct span *span = &diff->spans[diff->side];
    lane->of[diff->side].messages++;
    lane->of[diff->side].bytes += message->len;
    if (!span->has_some) *span = (struct span){message->time_ns, message->time_ns, true};
    if (message->time_ns < span->first_ns) span->first_ns = message->time_ns;
    if (message->time_ns > span->last_ns) span->last_ns = message->time_ns;
}

static bool take(void *context, const struct batched *item) {
    struct diff *diff = context;
    if (!item->is_wanted) return true;
    struct lane *lane = lane_of(diff, item->message.topic);
    if (lane == NULL) diff->failed = true;
    if (lane == NULL) return false;
    note_message(diff, lane, &item->message);
    if (diff->side == SIDE_A) {
        diff->failed = !keep(diff, item, (size_t)(lane - diff->lanes));
        return !diff->failed;
    }
    diff->lane = lane;
    diff->right = item;
    diff->left = take_partner(diff, key_of(diff, item));
    if (diff->left != NULL) {
        compare_pair(diff);
    } else {
        lane->new_ones++;
        tell_alone(diff, true, lane, item->message.from, item->message.seq);
    }
    return true;
}

/* What is left of A. */
static void tell_missing(struct diff *diff) {
    for (size_t i = 0; i < diff->kept_count; i++) {
        struct kept *kept = diff->order[i];
        if (kept->is_met || kept->key == NULL) continue;
        struct lane *lane = &diff->lanes[kept->lane];
        lane->missing++;
        tell_alone(diff, false, lane, NULL, kept->seq);
    }
}

/* ---- beginning and end ------------------------------------------------------------------------------------------------------ */

static int read_side(struct diff *diff, enum side side) {
    struct reading *reading = calloc(1, sizeof *reading);
    if (reading == NULL) {
        say(diff->call, "out of memory");
        return EXIT_FAILED;
    }
    diff->side = side;
    /* One for each side: changed() remembers what it saw. */
    int code = filtering_compile(diff->call, "filter", diff->call->values[DIFF_FILTER].text, &reading->filter);
    if (code == EXIT_DONE) code = reading_open(reading, diff->call, diff->call->operands[side], &diff->call->values[DIFF_DECODERS]);
    if (code == EXIT_DONE) code = reading_all(reading, SCTX_WANT_TREE, take, diff);
    filtering_tell_errors(diff->call, reading->filter);
    filter_free(reading->filter);
    reading_close(reading);
    free(reading);
    if (!diff->failed) return code;
    say(diff->call, "out of memory");
    return EXIT_FAILED;
}

/* Messages a second, over the whole recording. */
static double rate_of(const struct diff *diff, const struct lane *lane, enum side side) {
    /* Without a sign: a file may say any times, and their distance fits in 64 bits. */
    double ns = (double)((uint64_t)diff->spans[side].last_ns - (uint64_t)diff->spans[side].first_ns);
    return ns > 0 ? (double)lane->of[side].messages * 1e9 / ns : 0;
}

static void put_topic_json(const struct diff *diff, const struct lane *lane) {
    struct out *out = diff->call->out;
    out_text(out, "{\"kind\":\"topic\",\"topic\":");
    inert_json_name(out, lane->topic);
    out_format(out, ",\"from\":null,\"a\":%" PRIu64 ",\"b\":%" PRIu64 ",\"path\":null", lane->of[SIDE_A].messages,
               lane->of[SIDE_B].messages);
    out_format(out, ",\"missing\":%" PRIu64 ",\"new\":%" PRIu64 ",\"changed\":%" PRIu64, lane->missing, lane->new_ones, lane->changed);
    out_format(out, ",\"rate_a\":%.3f,\"rate_b\":%.3f", rate_of(diff, lane, SIDE_A), rate_of(diff, lane, SIDE_B));
    out_format(out, ",\"bytes_a\":%" PRIu64 ",\"bytes_b\":%" PRIu64 "}\n", lane->of[SIDE_A].bytes, lane->of[SIDE_B].bytes);
}

static void put_topic(const struct diff *diff, const struct lane *lane) {
    struct out *out = diff->call->out;
    out_text(out, paint(diff->call, PAINT_BOLD));
    inert_text(out, lane->topic);
    out_text(out, paint(diff->call, PAINT_OFF));
    out_format(out, ": %" PRIu64 " messages in A, %" PRIu64 " in B; %" PRIu64 " missing, %" PRIu64 " new, %" PRIu64 " changed",
               lane->of[SIDE_A].messages, lane->of[SIDE_B].messages, lane->missing, lane->new_ones, lane->changed);
    for (enum side side = SIDE_A; side < SIDES; side++) {
        char bytes[UNIT_TEXT];
        if (lane->of[side].messages == 0) continue;
        out_format(out, "; %s: %.1f/s of %s", side == SIDE_A ? "A" : "B", rate_of(diff, lane, side),
                   size_text(lane->of[side].bytes / lane->of[side].messages, bytes));
    }
    out_char(out, '\n');
}

static void show_topics(const struct diff *diff) {
    for (size_t i = 0; i < diff->lane_count; i++) {
        const struct lane *lane = &diff->lanes[i];
        if (lane->missing + lane->new_ones + lane->changed == 0 && !diff->call->values[DIFF_TOPICS].given) continue;
        if (diff->call->json)
            put_topic_json(diff, lane);
        else
            put_topic(diff, lane);
    }
    if (!diff->call->json && diff->differences > diff->shown && !diff->call->values[DIFF_BRIEF].given)
        say(diff->call, "%" PRIu64 " differences in all, of which %" PRIu64 " are shown; --max shows more", diff->differences, diff->shown);
}

static int diff_files(struct diff *diff) {
    int code = read_side(diff, SIDE_A);
    if (code == EXIT_FAILED || code == EXIT_USAGE) return code;
    int code_b = read_side(diff, SIDE_B);
    if (code_b == EXIT_FAILED || code_b == EXIT_USAGE) return code_b;
    tell_missing(diff);
    show_topics(diff);
    out_flush(diff->call->out);
    if (code == EXIT_LOSS || code_b == EXIT_LOSS) return EXIT_LOSS;
    return diff->differences > 0 ? EXIT_ANSWER_NO : EXIT_DONE;
}

static int check_paths(const struct call *call) {
    const struct value *values = call->values;
    for (size_t i = 0; i < values[DIFF_IGNORE].count; i++)
        if (strncmp(values[DIFF_IGNORE].all[i], "data", 4) != 0)
            return say_usage(call, "--ignore takes a path such as data.ts, not '%s'", values[DIFF_IGNORE].all[i]);
    if (values[DIFF_KEY].given && strncmp(values[DIFF_KEY].text, "data", 4) != 0)
        return say_usage(call, "--key takes a path such as data.id, not '%s'", values[DIFF_KEY].text);
    return EXIT_DONE;
}

static int diff_run(const struct call *call) {
    struct diff diff = {.call = call, .key = {.fd = -1}};
    int code = check_paths(call);
    if (code == EXIT_DONE) code = diff_files(&diff);
    for (size_t i = 0; i < diff.kept_count; i++) {
        struct kept *kept = diff.order[i];
        if (kept->has_value) tree_free(&kept->tree);
        free(kept->data);
        free(kept);
    }
    for (size_t i = 0; i < diff.lane_count; i++) {
        free(diff.lanes[i].topic);
        free(diff.lanes[i].encoding);
    }
    free(diff.lanes);
    free(diff.order);
    for (size_t i = 0; i < diff.queue_room; i++) free(diff.queues[i].key);
    free(diff.queues);
    out_free(&diff.key);
    return code;
}

const struct command cmd_diff = {
    .name = "diff",
    .operands = "A B",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "compare two recordings, message by message and value by value",
    .notes =
        "Times and seqs are not compared; of a topic and sender the first message of A belongs to the first of B, and so on, unless --key. A is held in\n"
        "memory. JSON: an object a difference: kind (missing, new, changed) topic from a b path seq_a seq_b; then one of kind topic for each\n"
        "topic that differs, with missing new changed rate_a rate_b (messages a second, over the recording) bytes_a bytes_b.\n"
        "Exit: 0 they are the same, 5 they differ, 3 one is damaged.\n",
    OPTIONS_OF(options),
    .run = diff_run,
};
