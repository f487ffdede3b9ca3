/* A plugin that runs in a worker. */
#include "runner_ways.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

/* What stands in one batch. An OPEN stands directly before the first item of its topic. */
struct batch {
    size_t item[WIRE_BATCH]; /* position in `which` */
    bool is_open[WIRE_BATCH];
    uint32_t count;
};

struct asked {
    struct runner *runner;
    struct topic *topics;
    struct host_item *items;
    const size_t *which;
    size_t count, next; /* next: what is not answered yet */
    bool is_at_next;    /* the batch was given up while the plugin was at that one */
    int64_t deadline_ms;
    const struct teller *teller;
    struct batch batch;
};

bool encoded_is_good(const struct tree *tree, const struct emitted *emitted) {
    return tree->status == SCTX_PLUGIN_OK && !tree->cut && !emitted->too_many;
}

void item_fail(struct host_item *item, const char *why) {
    tree_clear(item->tree);
    item->tree->status = SCTX_PLUGIN_INTERNAL;
    (void)snprintf(item->tree->reason, sizeof item->tree->reason, "%.*s", (int)sizeof item->tree->reason - 1, why);
    item->outcome = HOST_FAILED;
}

static bool add_open(struct worker *worker, uint32_t number, const struct topic *topic) {
    const sctx_schema *schema = &topic->schema;
    const sctx_str *const texts[] = {&schema->topic, &schema->encoding, &schema->type, &schema->kind, &schema->data, &schema->config};
    const struct wire_schema lens = {(uint32_t)schema->topic.n, (uint32_t)schema->encoding.n, (uint32_t)schema->type.n,
                                     (uint32_t)schema->kind.n,  (uint32_t)schema->data.n,     (uint32_t)schema->config.n};
    struct worker_part parts[1 + sizeof texts / sizeof *texts] = {{&lens, sizeof lens}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) parts[1 + i] = (struct worker_part){texts[i]->p, texts[i]->n};
    return worker_add(worker, WIRE_OPEN, number, 0, parts, sizeof parts / sizeof *parts);
}

static bool needs_open(const struct runner *runner, const struct topic *topic) {
    return !topic->is_open || topic->generation != runner->worker.generation;
}

/* As many items as have room. */
static void fill(struct asked *asked) {
    struct batch *batch = &asked->batch;
    struct worker *worker = &asked->runner->worker;
    batch->count = 0;
    for (size_t i = asked->next; i < asked->count; i++) {
        struct host_item *item = &asked->items[asked->which[i]];
        struct topic *topic = &asked->topics[item->topic];
        const struct worker_part payload = {item->data, item->len};
        if (needs_open(asked->runner, topic)) {
            if (batch->count + 2 > WIRE_BATCH || !add_open(worker, item->topic, topic)) return;
            batch->item[batch->count] = i;
            batch->is_open[batch->count++] = true;
            topic->is_open = true;
            topic->generation = worker->generation;
        }
        if (!worker_add(worker, WIRE_DECODE, item->topic, item->want, &payload, 1)) return;
        batch->item[batch->count] = i;
        batch->is_open[batch->count++] = false;
    }
}

static void take_one(struct asked *asked, uint32_t index) {
    struct host_item *item = &asked->items[asked->which[asked->batch.item[index]]];
    struct topic *topic = &asked->topics[item->topic];
    if (asked->batch.is_open[index]) {
        worker_take_outcome(&asked->runner->worker, index, item->tree);
        if (item->tree->status != SCTX_PLUGIN_OK) topic_refuse(topic, item->tree);
        return;
    }
    worker_take_tree(&asked->runner->worker, index, item->len, item->tree);
    item->outcome = HOST_DECODED;
    if (topic->is_refused) item_fail(item, topic->refusal);
    if (item->tree->findings != 0 || asked->runner->worker.wrote) runner_tell_findings(asked->runner, item->tree, asked->teller);
    asked->next = asked->batch.item[index] + 1;
}

/* Topics that were to be opened and were not. */
static void undo_opens(struct asked *asked, uint32_t from) {
    for (uint32_t i = from; i < asked->batch.count; i++)
        if (asked->batch.is_open[i]) asked->topics[asked->items[asked->which[asked->batch.item[i]]].topic].is_open = false;
}

/* It died of what it was at. `is_ours`: that is the next item of ours, which is not asked for again. */
static void blame(struct asked *asked, bool is_ours, bool took_long) {
    struct runner *runner = asked->runner;
    bool is_known = is_ours || runner->is_at_known;
    uint32_t topic = is_ours ? asked->items[asked->which[asked->next]].topic : runner->is_at;
    runner_strike(runner, is_known ? &asked->topics[topic] : NULL, took_long, asked->teller);
    runner->is_at_known = false;
    if (is_ours) item_fail(&asked->items[asked->which[asked->next++]], runner->why);
}

static void run_batch(struct asked *asked) {
    struct runner *runner = asked->runner;
    int64_t began = runner_now_ms();
    fill(asked);
    enum worker_end end = worker_run(&runner->worker);
    uint32_t done = runner->worker.done;
    for (uint32_t i = 0; i < done; i++) take_one(asked, i);
    undo_opens(asked, done);
    if (end == WORKER_DIED) blame(asked, done < asked->batch.count, runner_now_ms() - began >= WORKER_STEP_MS);
    asked->is_at_next = runner->is_at_known = end == WORKER_PARTLY && done < asked->batch.count;
    if (asked->is_at_next) runner->is_at = asked->items[asked->which[asked->next]].topic;
}

static void give_up(struct asked *asked, enum host_outcome outcome) {
    for (; asked->next < asked->count; asked->next++) {
        struct host_item *item = &asked->items[asked->which[asked->next]];
        item->outcome = outcome;
        if (outcome == HOST_FAILED) item_fail(item, asked->runner->why);
    }
}

static bool is_past(int64_t deadline_ms) {
    return deadline_ms != 0 && runner_now_ms() >= deadline_ms;
}

/* It is still at a batch that was given up. */
static void wait_for(const struct worker *worker) {
    struct pollfd answer = {.fd = worker->socket, .events = POLLIN};
    (void)poll(&answer, 1, 20);
}

/* What open() refused is not asked for again. */
static void leave_refused(struct asked *asked) {
    while (asked->next < asked->count) {
        struct host_item *item = &asked->items[asked->which[asked->next]];
        if (!asked->topics[item->topic].is_refused) return;
        item_fail(item, asked->topics[item->topic].refusal);
        asked->next++;
    }
}

void there_decode(struct runner *runner, struct topic *topics, struct host_item *items, const size_t *which, size_t count,
                  int64_t deadline_ms, const struct teller *teller) {
    struct asked asked = {runner, topics, items, which, count, 0, false, deadline_ms, teller, {.count = 0}};
    for (leave_refused(&asked); asked.next < asked.count; leave_refused(&asked)) {
        if (!runner_is_off(runner) && is_past(deadline_ms)) {
            give_up(&asked, HOST_LATER);
        } else if (!runner_ready(runner, teller)) {
            give_up(&asked, HOST_FAILED);
        } else {
            enum worker_end end = worker_begin(&runner->worker);
            if (end == WORKER_DONE)
                run_batch(&asked);
            else if (end == WORKER_DIED)
                blame(&asked, asked.is_at_next, true);
            else
                wait_for(&runner->worker);
        }
    }
}

/* One question alone. false: no answer; a strike, if it died of it. */
static bool ask(struct runner *runner, const struct teller *teller) {
    int64_t began = runner_now_ms();
    enum worker_end end = worker_run(&runner->worker);
    if (end == WORKER_DIED) runner_strike(runner, NULL, runner_now_ms() - began >= WORKER_STEP_MS, teller);
    return end == WORKER_DONE && runner->worker.done == runner->worker.count;
}

static bool begin_alone(struct runner *runner, const struct teller *teller) {
    if (!runner_ready(runner, teller)) return false;
    enum worker_end end = worker_begin(&runner->worker);
    if (end == WORKER_DIED) runner_strike(runner, NULL, true, teller);
    return end == WORKER_DONE;
}

int there_sniff(struct runner *runner, const void *data, size_t len, const struct teller *teller) {
    const struct worker_part payload = {data, len};
    if (!begin_alone(runner, teller) || !runner->worker.has_sniff || !worker_add(&runner->worker, WIRE_SNIFF, 0, 0, &payload, 1)) return 0;
    return ask(runner, teller) ? worker_sniffed(&runner->worker, 0) : 0;
}

enum host_encoded there_encode(struct runner *runner, struct topic *topic, uint32_t number, const char *json, size_t len, struct tree *tree,
                               struct emitted *emitted, const struct teller *teller) {
    struct worker *worker = &runner->worker;
    const struct worker_part text = {json, len};
    struct host_item outcome = {.tree = tree};
    item_fail(&outcome, runner->why);
    if (!begin_alone(runner, teller)) return HOST_ENCODER_FAILED;
    if (!worker->has_encode) return HOST_NO_ENCODER;
    bool opens = needs_open(runner, topic);
    if ((opens && !add_open(worker, number, topic)) || !worker_add(worker, WIRE_ENCODE, number, 0, &text, 1)) {
        item_fail(&outcome, "the text is too long");
        return HOST_ENCODER_FAILED;
    }
    if (!ask(runner, teller)) {
        item_fail(&outcome, runner->why[0] != '\0' ? runner->why : "it did not answer in time");
        return HOST_ENCODER_FAILED;
    }
    topic->is_open = true;
    topic->generation = worker->generation;
    if (opens) {
        worker_take_outcome(worker, 0, tree);
        if (tree->status != SCTX_PLUGIN_OK) topic_refuse(topic, tree);
    }
    if (topic->is_refused) {
        item_fail(&outcome, topic->refusal);
        return HOST_ENCODER_FAILED;
    }
    if (!worker_take_bytes(worker, opens ? 1 : 0, tree, emitted)) item_fail(&outcome, "out of memory");
    if (encoded_is_good(tree, emitted)) return HOST_ENCODED;
    return tree->status == SCTX_PLUGIN_INTERNAL ? HOST_ENCODER_FAILED : HOST_NOT_ENCODABLE;
}
