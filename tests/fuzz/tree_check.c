/* plugins/host/tree.c, tree_check(): any bytes as what a worker answers. The tree is sound, checking it again finds and changes nothing, and as JSON
 * it is JSON. An input is a struct answer, nodes, and the pool. */
#include "must.h"
#include "rendered.h"
#include "sound.h"

#include <stdint.h>
#include <string.h>

extern const sctx_plugin sctx_decoder_json;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct answer {
    uint8_t want, nodes, failed, cut;
    int16_t status;
    uint16_t payload_len, fault_off, reserved;
    uint32_t findings;
    struct tree_text summary, keys[TREE_KEYS];
};

static struct tree tree;

/* In memory that is exactly as large. */
static void come(const struct answer *answer, const uint8_t *data, size_t size) {
    size_t count = size / sizeof *tree.nodes < answer->nodes ? size / sizeof *tree.nodes : answer->nodes,
           bytes = count * sizeof *tree.nodes;
    tree_init(&tree, (struct tree_limits){0, 0});
    tree.nodes = malloc(bytes > 0 ? bytes : 1);
    tree.pool = malloc(size > bytes ? size - bytes : 1);
    must(tree.nodes != NULL && tree.pool != NULL);
    memcpy(tree.nodes, data, bytes);
    memcpy(tree.pool, data + bytes, size - bytes);
    tree.count = (uint32_t)count;
    tree.pool_len = (uint32_t)(size - bytes);
    tree.status = answer->status;
    tree.failed = (answer->failed & 1) != 0;
    tree.cut = (answer->cut & 1) != 0;
    tree.fault_off = answer->fault_off;
    tree.findings = answer->findings & ((1u << TREE_FINDINGS) - 1);
    tree.summary = answer->summary;
    memcpy(tree.keys, answer->keys, sizeof tree.keys);
    memset(tree.reason, answer->reserved & 0xFF, sizeof tree.reason);
}

static void check_json(void) {
    static struct rendered json;
    static struct tree parsed;
    struct tree_builder builder;
    if (parsed.limits.nodes == 0) tree_init(&parsed, (struct tree_limits){0, 0});
    render(&json, &tree);
    if (tree.count == 0) return;
    tree_build(&builder, &parsed, SCTX_WANT_TREE, json.len);
    tree_built(&builder, sctx_decoder_json.decode(NULL, json.data, json.len, &builder.out));
    must(parsed.status == SCTX_PLUGIN_OK && parsed.findings == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct answer answer;
    if (size < sizeof answer) return 0;
    memcpy(&answer, data, sizeof answer);
    come(&answer, data + sizeof answer, size - sizeof answer);
    tree_check(&tree, answer.want, answer.payload_len);
    must(unsound(&tree, answer.want, answer.payload_len) == NULL);
    struct tree once = tree;
    size_t bytes = tree.count * sizeof *tree.nodes;
    struct tree_node *nodes = malloc(bytes > 0 ? bytes : 1);
    must(nodes != NULL);
    memcpy(nodes, tree.nodes, bytes);
    tree_check(&tree, answer.want, answer.payload_len);
    must(tree.findings == once.findings && tree.count == once.count && tree.status == once.status);
    must(memcmp(nodes, tree.nodes, bytes) == 0);
    free(nodes);
    check_json();
    tree_free(&tree);
    return 0;
}
