#include "rig.h"
#include "nodes.h"
#include "rendered.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const sctx_plugin sctx_decoder_json;

static sctx_str str(const char *text) {
    return (sctx_str){text != NULL ? text : "", text != NULL ? strlen(text) : 0};
}

static sctx_schema schema_of(const struct topic *topic) {
    sctx_schema schema = {.size = sizeof schema, .topic = str("test/topic")};
    if (topic == NULL) return schema;
    schema.encoding = str(topic->encoding);
    const char *colon = topic->encoding != NULL ? strchr(topic->encoding, ':') : NULL;
    schema.type = str(colon != NULL ? colon + 1 : "");
    schema.kind = str(topic->kind);
    schema.config = str(topic->config);
    schema.data = (sctx_str){topic->schema, topic->schema_len};
    return schema;
}

static bool same(const struct tree *a, const struct tree *b) {
    return a->count == b->count && a->pool_len == b->pool_len && a->status == b->status && a->fault_off == b->fault_off &&
           (a->count == 0 || memcmp(a->nodes, b->nodes, a->count * sizeof *a->nodes) == 0) &&
           (a->pool_len == 0 || memcmp(a->pool, b->pool, a->pool_len) == 0);
}

static void decode_into(const sctx_plugin *plugin, const struct topic *topic, const void *data, size_t len, struct tree *tree) {
    struct tree_builder builder;
    const sctx_schema schema = schema_of(topic);
    void *self = NULL;
    int status = SCTX_PLUGIN_OK;
    tree_build(&builder, tree, 0, schema.data.n);
    if (plugin->open != NULL) status = plugin->open(&schema, &self, &builder.out);
    tree_built(&builder, status);
    if (status != SCTX_PLUGIN_OK) return;
    void *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL) abort();
    if (len > 0) memcpy(copy, data, len);
    tree_build(&builder, tree, SCTX_WANT_TREE | SCTX_WANT_SUMMARY | SCTX_WANT_KEYS, len);
    status = plugin->decode(self, copy, len, &builder.out);
    tree_built(&builder, status);
    free(copy);
    if (plugin->close != NULL) plugin->close(self);
}

const struct decoded *decode(const sctx_plugin *plugin, const struct topic *topic, const void *data, size_t len) {
    static struct decoded decoded;
    static struct tree again;
    static struct rendered json, summary;
    if (decoded.tree.limits.nodes == 0) {
        tree_init(&decoded.tree, (struct tree_limits){0, 0});
        tree_init(&again, (struct tree_limits){0, 0});
    }
    struct tree *tree = &decoded.tree;
    decode_into(plugin, topic, data, len, tree);
    decode_into(plugin, topic, data, len, &again);
    if (!same(tree, &again)) {
        (void)fprintf(stderr, "decoded twice, two different trees\n");
        abort();
    }
    render(&json, tree);
    summary.len = 0;
    sctx_str line = tree_str(tree, tree->summary);
    rendered_put(&summary, line.p, line.n);
    decoded.status = tree->status;
    decoded.off = tree->fault_off;
    decoded.why = tree->reason;
    decoded.json = json.data;
    decoded.summary = summary.data;
    decoded.findings = tree->findings;
    decoded.cut = tree->cut;
    return &decoded;
}

const struct decoded *decode_text(const sctx_plugin *plugin, const struct topic *topic, const char *text) {
    return decode(plugin, topic, text, strlen(text));
}

static unsigned nibble(char c) {
    return (unsigned)(isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10);
}

unsigned char *bytes_from_hex(const char *hex, size_t *len) {
    unsigned char *bytes = malloc(strlen(hex) / 2 + 1);
    if (bytes == NULL) abort();
    *len = 0;
    for (const char *c = hex; *c != '\0'; c++) {
        if (isspace((unsigned char)*c)) continue;
        if (!isxdigit((unsigned char)c[0]) || !isxdigit((unsigned char)c[1])) abort();
        bytes[(*len)++] = (unsigned char)(nibble(c[0]) << 4 | nibble(c[1]));
        c++;
    }
    return bytes;
}

const struct decoded *decode_hex(const sctx_plugin *plugin, const struct topic *topic, const char *hex) {
    size_t len;
    unsigned char *bytes = bytes_from_hex(hex, &len);
    const struct decoded *decoded = decode(plugin, topic, bytes, len);
    free(bytes);
    return decoded;
}

const struct encoded *encode(const sctx_plugin *plugin, const struct topic *topic, const char *json) {
    static struct encoded encoded;
    static struct emitted emitted;
    static struct tree parsed, tree;
    static struct rendered hex;
    if (parsed.limits.nodes == 0) {
        tree_init(&parsed, (struct tree_limits){0, 0});
        tree_init(&tree, (struct tree_limits){0, 0});
    }
    decode_into(&sctx_decoder_json, NULL, json, strlen(json), &parsed);
    if (parsed.status != SCTX_PLUGIN_OK) {
        (void)fprintf(stderr, "not JSON: %s\n", json);
        abort();
    }
    sctx_node *root = nodes_from_tree(&parsed);
    const sctx_schema schema = schema_of(topic);
    struct tree_builder builder;
    void *self = NULL;
    tree_build_encode(&builder, &tree, &emitted, strlen(json));
    int status = plugin->open != NULL ? plugin->open(&schema, &self, &builder.out) : SCTX_PLUGIN_OK;
    if (status == SCTX_PLUGIN_OK) {
        status = plugin->encode(self, root, &builder.out);
        if (plugin->close != NULL) plugin->close(self);
    }
    tree_built(&builder, status);
    free(root);
    hex.len = 0;
    rendered_put(&hex, "", 0);
    for (size_t i = 0; i < emitted.len; i++) {
        char digits[3];
        (void)snprintf(digits, sizeof digits, "%02x", (unsigned char)emitted.data[i]);
        rendered_put(&hex, digits, 2);
    }
    encoded = (struct encoded){tree.status, tree.fault_off, tree.reason, emitted.data, emitted.len, hex.data};
    return &encoded;
}

static const struct tree_node *child_of(const struct tree *tree, const struct tree_node *parent, const char *name, size_t len) {
    uint32_t index = 0, want = (uint32_t)strtoul(name, NULL, 10), at = (uint32_t)(parent - tree->nodes);
    for (uint32_t i = at + 1; i < parent->next; i = tree->nodes[i].next, index++) {
        sctx_str own = tree_str(tree, tree->nodes[i].name);
        bool found = parent->type == SCTX_ARRAY ? index == want : own.n == len && memcmp(own.p, name, len) == 0;
        if (found) return &tree->nodes[i];
    }
    return NULL;
}

const struct tree_node *at_path(const struct decoded *decoded, const char *path) {
    const struct tree *tree = &decoded->tree;
    const struct tree_node *node = tree->count > 0 ? tree->nodes : NULL;
    while (node != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        node = child_of(tree, node, path, len);
        path += len + (path[len] == '.');
    }
    return node;
}
