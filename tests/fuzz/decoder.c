/* Any bytes into a decoder: a sound tree or an error with its offset, the same each time; and what was decoded can be encoded, and says the
 * same again. Compiled once for each decoder, SCTX_FUZZ_DECODER. Where SCTX_FUZZ_SCHEMA is defined, the encoding's name of a topic with a
 * schema, an input is: two bytes, little-endian, the schema's length; the schema; the payload. */
#define _GNU_SOURCE
#include "must.h"
#include "nodes.h"
#include "rendered.h"
#include "tree.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const sctx_plugin SCTX_FUZZ_DECODER;
extern const sctx_plugin sctx_decoder_json;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tree tree, again, parsed, scratch;
static struct emitted emitted;

static struct rendered first, second;

static int decode(const sctx_plugin *plugin, void *self, const void *data, size_t len, struct tree *to) {
    struct tree_builder builder;
    tree_build(&builder, to, SCTX_WANT_TREE | SCTX_WANT_SUMMARY | SCTX_WANT_KEYS, len);
    int status = plugin->decode(self, data, len, &builder.out);
    tree_built(&builder, status);
    return to->status;
}

static void check_sound(const struct tree *of) {
    must(of->findings == 0);
    if (of->status > SCTX_PLUGIN_NOT_MINE) must(of->failed && of->reason[0] != '\0');
    for (uint32_t i = 0; i < of->count; i++) {
        const struct tree_node *node = &of->nodes[i];
        must(node->next > i && node->next <= of->count);
        if (i == 0 || node->span.len == 0) continue;
        const struct tree_node *parent = &of->nodes[node->parent];
        if (parent->span.len == 0 || of->status != SCTX_PLUGIN_OK || of->cut) continue;
        must(node->span.off >= parent->span.off && node->span.off + node->span.len <= parent->span.off + parent->span.len);
    }
}

/* What was decoded, as JSON, encoded and decoded: the same JSON. A value that the encoder refuses says so. */
static void check_round_trip(const sctx_plugin *plugin, void *self) {
    struct tree_builder builder;
    render(&first, &tree);
    /* A word that only encoders know: what looks like it and is a plain map comes back as the time. */
    if (memmem(first.data, first.len, "{\"$time\":", 9) != NULL) return;
    must(decode(&sctx_decoder_json, NULL, first.data, first.len, &parsed) == SCTX_PLUGIN_OK);
    if (parsed.cut) return;
    sctx_node *root = nodes_from_tree(&parsed);
    must(root != NULL);
    tree_build_encode(&builder, &scratch, &emitted, first.len);
    int status = plugin->encode(self, root, &builder.out);
    tree_built(&builder, status);
    free(root);
    must(scratch.findings == 0);
    if (scratch.status != SCTX_PLUGIN_OK) {
        must(scratch.failed && scratch.reason[0] != '\0');
        return;
    }
    char *copy = malloc(emitted.len + 1);
    must(copy != NULL);
    if (emitted.len > 0) memcpy(copy, emitted.data, emitted.len);
    status = decode(plugin, self, copy, emitted.len, &again);
    free(copy);
    must(status == SCTX_PLUGIN_OK);
    if (again.cut) return;
    render(&second, &again);
    if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0) {
        (void)fprintf(stderr, "first  %.*s\nsecond %.*s\n", (int)first.len, first.data, (int)second.len, second.data);
        abort();
    }
}

static void run(const sctx_plugin *plugin, void *self, const uint8_t *data, size_t size) {
    if (plugin->sniff != NULL) {
        int sure = plugin->sniff(data, size);
        must(sure >= 0 && sure <= 100);
    }
    int status = decode(plugin, self, data, size, &tree);
    check_sound(&tree);
    must(decode(plugin, self, data, size, &again) == status && again.count == tree.count && again.pool_len == tree.pool_len);
    must(tree.count == 0 || memcmp(tree.nodes, again.nodes, tree.count * sizeof *tree.nodes) == 0);
    must(tree.pool_len == 0 || memcmp(tree.pool, again.pool, tree.pool_len) == 0);
    if (plugin->encode != NULL && tree_is_good(&tree)) check_round_trip(plugin, self);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const sctx_plugin *plugin = &SCTX_FUZZ_DECODER;
    sctx_schema schema = {.size = sizeof schema, .topic = {"t", 1}};
    struct tree_builder builder;
    void *self = NULL;
    if (tree.limits.nodes == 0) {
        struct tree *const all[] = {&tree, &again, &parsed, &scratch};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) tree_init(all[i], (struct tree_limits){1u << 16, 1u << 22});
    }
#ifdef SCTX_FUZZ_SCHEMA
    if (size < 2) return 0;
    size_t len = (size_t)data[0] | (size_t)data[1] << 8;
    data += 2;
    size -= 2;
    if (len > size) len = size;
    char *exact = malloc(len > 0 ? len : 1); /* so that reading beyond the schema is seen */
    must(exact != NULL);
    memcpy(exact, data, len);
    schema.encoding = (sctx_str){SCTX_FUZZ_SCHEMA, strlen(SCTX_FUZZ_SCHEMA)};
    const char *colon = strchr(SCTX_FUZZ_SCHEMA, ':');
    if (colon != NULL) schema.type = (sctx_str){colon + 1, strlen(colon + 1)};
    schema.data = (sctx_str){exact, len};
    data += len;
    size -= len;
#endif
    tree_build(&builder, &tree, 0, schema.data.n);
    int status = plugin->open != NULL ? plugin->open(&schema, &self, &builder.out) : SCTX_PLUGIN_OK;
    tree_built(&builder, status);
    must(tree.findings == 0);
    if (status == SCTX_PLUGIN_OK) {
        uint8_t *payload = malloc(size > 0 ? size : 1);
        must(payload != NULL);
        if (size > 0) memcpy(payload, data, size);
        run(plugin, self, payload, size);
        free(payload);
        if (plugin->close != NULL) plugin->close(self);
    }
#ifdef SCTX_FUZZ_SCHEMA
    free(exact);
#endif
    return 0;
}
