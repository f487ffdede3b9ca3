/* A plugin that runs in this process. */
#include "nodes.h"
#include "runner_ways.h"

#include <stdio.h>
#include <stdlib.h>

void topic_refuse(struct topic *topic, const struct tree *tree) {
    topic->is_refused = true;
    if (tree->failed)
        (void)snprintf(topic->refusal, sizeof topic->refusal, "its schema is refused at byte %u: %s", tree->fault_off, tree->reason);
    else
        (void)snprintf(topic->refusal, sizeof topic->refusal, "its schema is refused");
}

static bool open_here(struct runner *runner, struct topic *topic, struct tree *tree) {
    struct tree_builder builder;
    if (topic->is_open || topic->is_refused) return topic->is_open;
    tree_build(&builder, tree, 0, topic->schema.data.n);
    topic->self = NULL;
    int status =
        runner->module.plugin.open != NULL ? runner->module.plugin.open(&topic->schema, &topic->self, &builder.out) : SCTX_PLUGIN_OK;
    tree_built(&builder, status);
    topic->is_open = status == SCTX_PLUGIN_OK;
    if (!topic->is_open) topic_refuse(topic, tree);
    return topic->is_open;
}

void here_close(struct runner *runner, struct topic *topic) {
    if (topic->is_open && runner->module.plugin.close != NULL) runner->module.plugin.close(topic->self);
    topic->self = NULL;
}

void here_decode(struct runner *runner, struct topic *topic, struct host_item *item, const struct teller *teller) {
    struct tree_builder builder;
    if (!open_here(runner, topic, item->tree)) {
        item_fail(item, topic->refusal);
        return;
    }
    tree_build(&builder, item->tree, item->want, item->len);
    tree_built(&builder, runner->module.plugin.decode(topic->self, item->len > 0 ? item->data : "", item->len, &builder.out));
    item->outcome = HOST_DECODED;
    if (item->tree->findings != 0) runner_tell_findings(runner, item->tree, teller);
}

enum host_encoded here_encode(struct runner *runner, struct topic *topic, size_t len, const struct tree *parsed, struct tree *tree,
                              struct emitted *emitted) {
    struct tree_builder builder;
    struct host_item outcome = {.tree = tree};
    if (runner->module.plugin.encode == NULL) return HOST_NO_ENCODER;
    if (!open_here(runner, topic, tree)) {
        item_fail(&outcome, topic->refusal);
        return HOST_ENCODER_FAILED;
    }
    sctx_node *root = nodes_from_tree(parsed);
    tree_build_encode(&builder, tree, emitted, len);
    tree_built(&builder, root != NULL ? runner->module.plugin.encode(topic->self, root, &builder.out) : SCTX_PLUGIN_INTERNAL);
    free(root);
    return encoded_is_good(tree, emitted) ? HOST_ENCODED : HOST_NOT_ENCODABLE;
}
