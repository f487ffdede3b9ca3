#include "serve.h"
#include "json.h"
#include "nodes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct topic {
    void *self;
    bool open;
};

struct server {
    struct wire *wire;
    const sctx_plugin *plugin;
    struct topic *topics;
    uint32_t topic_count;
    struct tree tree, parsed;
    struct emitted emitted;
    uint32_t answer_len; /* of the answers in use by this batch */
};

static void take_reason(struct wire_item *item, const struct tree *tree) {
    item->status = tree->status;
    item->fault_off = tree->fault_off;
    item->findings = tree->findings;
    item->cut = tree->cut;
    item->failed = tree->failed;
    memcpy(item->reason, tree->reason, sizeof item->reason);
}

/* 8-byte aligned room in the answers; false: there is none left. */
static bool answer_room(struct server *server, size_t bytes, uint32_t *off) {
    if (bytes > WIRE_ANSWERS - server->answer_len) return false;
    *off = server->answer_len;
    server->answer_len += ((uint32_t)bytes + 7) & ~7u;
    return true;
}

static void answer_tree(struct server *server, struct wire_item *item) {
    const struct tree *tree = &server->tree;
    size_t node_bytes = (size_t)tree->count * sizeof *tree->nodes;
    take_reason(item, tree);
    item->summary = tree->summary;
    memcpy(item->keys, tree->keys, sizeof item->keys);
    item->node_count = item->pool_len = 0;
    if (!answer_room(server, node_bytes, &item->node_off) || !answer_room(server, tree->pool_len, &item->pool_off)) {
        item->cut = 1;
        return;
    }
    item->node_count = tree->count;
    item->pool_len = tree->pool_len;
    if (tree->count > 0) memcpy(wire_answers(server->wire) + item->node_off, tree->nodes, node_bytes);
    if (tree->pool_len > 0) memcpy(wire_answers(server->wire) + item->pool_off, tree->pool, tree->pool_len);
}

static struct topic *topic_at(struct server *server, uint32_t number) {
    if (number >= server->topic_count) {
        uint32_t count = (number + 16) & ~15u;
        struct topic *larger = realloc(server->topics, count * sizeof *larger);
        if (larger == NULL) return NULL;
        memset(larger + server->topic_count, 0, (count - server->topic_count) * sizeof *larger);
        server->topics = larger;
        server->topic_count = count;
    }
    return &server->topics[number];
}

/* Strings of a schema must stay: they are copied out of the shared memory, and kept as long as the worker lives. */
static void answer_open(struct server *server, struct wire_item *item, const char *bytes) {
    struct tree_builder builder;
    struct topic *topic = topic_at(server, item->topic);
    char *copy = malloc(item->len > 0 ? item->len : 1);
    int status = SCTX_PLUGIN_INTERNAL;
    if (topic != NULL && copy != NULL && item->len >= sizeof(struct wire_schema)) {
        struct wire_schema lens;
        memcpy(copy, bytes, item->len);
        memcpy(&lens, copy, sizeof lens);
        const char *at = copy + sizeof lens;
        sctx_schema schema = {.size = sizeof schema};
        sctx_str *const parts[] = {&schema.topic, &schema.encoding, &schema.type, &schema.kind, &schema.data, &schema.config};
        const uint32_t part_lens[] = {lens.topic, lens.encoding, lens.type, lens.kind, lens.data, lens.config};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            *parts[i] = (sctx_str){at, part_lens[i]};
            at += part_lens[i];
        }
        if (topic->open && server->plugin->close != NULL) server->plugin->close(topic->self);
        *topic = (struct topic){.self = NULL};
        tree_build(&builder, &server->tree, 0, lens.data);
        status = server->plugin->open != NULL ? server->plugin->open(&schema, &topic->self, &builder.out) : SCTX_PLUGIN_OK;
        topic->open = status == SCTX_PLUGIN_OK;
    } else {
        tree_build(&builder, &server->tree, 0, 0);
    }
    tree_built(&builder, status);
    take_reason(item, &server->tree);
}

static void answer_decode(struct server *server, struct wire_item *item, const char *bytes) {
    struct tree_builder builder;
    struct topic *topic = topic_at(server, item->topic);
    tree_build(&builder, &server->tree, item->want, item->len);
    int status = SCTX_PLUGIN_INTERNAL;
    if (topic != NULL && topic->open) status = server->plugin->decode(topic->self, bytes, item->len, &builder.out);
    tree_built(&builder, status);
    answer_tree(server, item);
}

static void answer_encode(struct server *server, struct wire_item *item, const char *bytes) {
    struct tree_builder builder;
    struct topic *topic = topic_at(server, item->topic);
    /* The host has parsed it before: that it is JSON is certain, how it is cut into nodes is known here only. */
    sctx_node *root = json_parse(bytes, item->len, SCTX_WANT_TREE, &server->parsed) ? nodes_from_tree(&server->parsed) : NULL;
    tree_build_encode(&builder, &server->tree, &server->emitted, item->len);
    int status = SCTX_PLUGIN_INTERNAL;
    if (root != NULL && topic != NULL && topic->open && server->plugin->encode != NULL)
        status = server->plugin->encode(topic->self, root, &builder.out);
    tree_built(&builder, status);
    free(root);
    take_reason(item, &server->tree);
    item->pool_len = 0;
    if (server->emitted.too_many || !answer_room(server, server->emitted.len, &item->pool_off)) {
        item->cut = 1;
        return;
    }
    item->pool_len = (uint32_t)server->emitted.len;
    if (item->pool_len > 0) memcpy(wire_answers(server->wire) + item->pool_off, server->emitted.data, item->pool_len);
}

static void answer(struct server *server, struct wire_item *item) {
    const char *bytes = wire_requests(server->wire) + item->off;
    switch ((enum wire_kind)item->kind) {
    case WIRE_OPEN: answer_open(server, item, bytes); break;
    case WIRE_DECODE: answer_decode(server, item, bytes); break;
    case WIRE_ENCODE: answer_encode(server, item, bytes); break;
    case WIRE_SNIFF: item->status = server->plugin->sniff != NULL ? server->plugin->sniff(bytes, item->len) : 0; break;
    }
}

void serve(struct wire *wire, const struct module *module) {
    struct server server = {.wire = wire, .plugin = &module->plugin};
    uint32_t answered = 0;
    char byte = 0;
    tree_init(&server.tree, (struct tree_limits){0, 0});
    tree_init(&server.parsed, (struct tree_limits){0, 0});
    errno = 0;
    while (read(WIRE_SOCKET, &byte, 1) == 1) {
        server.answer_len = 0;
        for (uint32_t i = 0; i < wire->count && i < WIRE_BATCH; i++) {
            if (atomic_load_explicit(&wire->stop, memory_order_relaxed) != 0) break;
            answer(&server, &wire->items[i]);
            atomic_store_explicit(&wire->done, i + 1, memory_order_release);
        }
        atomic_store_explicit(&wire->answered, ++answered, memory_order_release);
        if (write(WIRE_SOCKET, &byte, 1) != 1) break;
    }
    _exit(errno == EBADF ? WIRE_EXIT_CLOSED : 0);
}
