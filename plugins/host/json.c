#include "json.h"

extern const sctx_plugin sctx_decoder_json;

bool json_parse(const void *text, size_t len, uint32_t want, struct tree *tree) {
    struct tree_builder builder;
    tree_build(&builder, tree, want, len);
    tree_built(&builder, sctx_decoder_json.decode(NULL, len > 0 ? text : "", len, &builder.out));
    return tree->status == SCTX_PLUGIN_OK && !tree->cut;
}
