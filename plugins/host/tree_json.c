#include "base64.h"
#include "decimal.h"
#include "tree.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void put(const struct tree_sink *sink, const char *text) {
    sink->put(sink->context, text, strlen(text));
}

static void put_base64(const struct tree_sink *sink, sctx_str bytes) {
    char text[BASE64_TEXT];
    for (size_t i = 0; i < bytes.n; i += BASE64_BYTES)
        sink->put(sink->context, text, base64_encode(bytes.p + i, bytes.n - i < BASE64_BYTES ? bytes.n - i : BASE64_BYTES, text));
}

static void put_bytes(const struct tree *tree, const struct tree_node *node, const struct tree_sink *sink) {
    const struct tree_node *parent = &tree->nodes[node->parent];
    sctx_str of = tree_str(tree, parent->name);
    bool bare = parent->type == SCTX_ARRAY && of.n == 4 && memcmp(of.p, "$ext", 4) == 0;
    put(sink, bare ? "\"" : "{\"$base64\":\"");
    put_base64(sink, tree_str(tree, node->v.s));
    put(sink, bare ? "\"" : "\"}");
}

static void put_float(double value, const struct tree_sink *sink) {
    char text[32];
    if (isnan(value)) {
        put(sink, "{\"$float\":\"nan\"}");
    } else if (isinf(value)) {
        put(sink, value > 0 ? "{\"$float\":\"inf\"}" : "{\"$float\":\"-inf\"}");
    } else {
        size_t len = decimal_of_double(value, text);
        sink->put(sink->context, text, len);
    }
}

static void put_leaf(const struct tree *tree, const struct tree_node *node, const struct tree_sink *sink) {
    char text[24];
    sctx_str str = {"", 0};
    switch (node->type) {
    case SCTX_BOOL: put(sink, node->v.u != 0 ? "true" : "false"); break;
    case SCTX_I64:
        (void)snprintf(text, sizeof text, "%" PRId64, node->v.i);
        put(sink, text);
        break;
    case SCTX_U64:
        (void)snprintf(text, sizeof text, "%" PRIu64, node->v.u);
        put(sink, text);
        break;
    case SCTX_F64: put_float(node->v.f, sink); break;
    case SCTX_NUMBER:
        str = tree_str(tree, node->v.s);
        sink->put(sink->context, str.p, str.n);
        break;
    case SCTX_TEXT:
        str = tree_str(tree, node->v.s);
        sink->string(sink->context, str.p, str.n);
        break;
    case SCTX_BYTES: put_bytes(tree, node, sink); break;
    default: put(sink, "null");
    }
}

void tree_json(const struct tree *tree, uint32_t first, const struct tree_sink *sink) {
    if (first >= tree->count) {
        put(sink, "null");
        return;
    }
    uint32_t end = tree->nodes[first].next, base = tree->nodes[first].depth, open = 0;
    /* One bit a level: is it an object? */
    bool is_object[SCTX_PLUGIN_DEPTH_MAX + 1];
    bool begun = false;
    for (uint32_t i = first; i < end; i++) {
        const struct tree_node *node = &tree->nodes[i];
        while (open > node->depth - base) {
            put(sink, is_object[--open] ? "}" : "]");
            begun = true;
        }
        if (begun) put(sink, ",");
        if (open > 0 && is_object[open - 1]) {
            sctx_str name = tree_str(tree, node->name);
            sink->string(sink->context, name.p, name.n);
            put(sink, ":");
        }
        begun = !tree_is_container(node);
        if (begun) {
            put_leaf(tree, node, sink);
        } else {
            is_object[open++] = node->type == SCTX_OBJECT;
            put(sink, node->type == SCTX_OBJECT ? "{" : "[");
        }
    }
    while (open > 0) put(sink, is_object[--open] ? "}" : "]");
}
