#include "sound.h"
#include "decimal.h"
#include "utf8.h"

#include <string.h>

static bool is_within(const struct tree *tree, struct tree_text text) {
    return (uint64_t)text.off + text.len <= tree->pool_len;
}

static bool is_text(const struct tree *tree, struct tree_text text) {
    if (!is_within(tree, text)) return false;
    sctx_str str = tree_str(tree, text);
    return utf8_is_wide(str.p, str.n);
}

static const char *unsound_value(const struct tree *tree, const struct tree_node *node) {
    bool is_integer;
    if (node->type > SCTX_ARRAY || node->as > SCTX_SIZE || (node->flags & ~SCTX_GUESSED) != 0) return "type, as or flags";
    if (node->type == SCTX_BOOL && node->v.u > 1) return "neither true nor false";
    if (node->type == SCTX_BYTES && !is_within(tree, node->v.s)) return "bytes beyond the pool";
    if (node->type == SCTX_TEXT && !is_text(tree, node->v.s)) return "text";
    if (node->type != SCTX_NUMBER) return NULL;
    sctx_str str = tree_str(tree, node->v.s);
    return is_within(tree, node->v.s) && decimal_is(str.p, str.n, &is_integer) ? NULL : "number";
}

/* Whose child it is, and where what is in it ends. */
static const char *unsound_links(const struct tree *tree, uint32_t i) {
    const struct tree_node *node = &tree->nodes[i], *parent = &tree->nodes[node->parent];
    if (node->next <= i || node->next > tree->count) return "next";
    if (!tree_is_container(node) && node->next != i + 1) return "a leaf with children";
    uint32_t child = i + 1;
    for (; child < node->next; child = tree->nodes[child].next)
        if (tree->nodes[child].parent != i || tree->nodes[child].next <= child) return "a child's parent or next";
    if (child != node->next) return "children that reach beyond";
    if (i == 0) return node->depth == 0 && node->parent == 0 && node->next == tree->count ? NULL : "root";
    return node->parent < i && node->depth == parent->depth + 1 && node->depth <= SCTX_PLUGIN_DEPTH_MAX ? NULL : "depth";
}

static const char *unsound_outcome(const struct tree *tree, uint32_t want, size_t payload_len) {
    if (tree->status < SCTX_PLUGIN_OK || tree->status > SCTX_PLUGIN_INTERNAL) return "status";
    if (tree->status == SCTX_PLUGIN_OK && tree->failed) return "right, and failed";
    if (tree->status == SCTX_PLUGIN_OK && (want & SCTX_WANT_TREE) != 0 && tree->count == 0 && !tree->cut) return "right, and nothing there";
    if (tree->fault_off > payload_len || memchr(tree->reason, '\0', sizeof tree->reason) == NULL) return "fault";
    if (tree->summary.len > TREE_SUMMARY_MAX || !is_text(tree, tree->summary)) return "summary";
    for (int i = 0; i < TREE_KEYS; i++)
        if (tree->keys[i].len > TREE_KEY_MAX || !is_within(tree, tree->keys[i])) return "key";
    return NULL;
}

const char *unsound(const struct tree *tree, uint32_t want, size_t payload_len) {
    uint64_t bytes = tree->summary.len;
    const char *what = unsound_outcome(tree, want, payload_len);
    for (int i = 0; i < TREE_KEYS; i++) bytes += tree->keys[i].len;
    for (uint32_t i = 0; i < tree->count && what == NULL; i++) {
        const struct tree_node *node = &tree->nodes[i];
        what = unsound_links(tree, i);
        if (what == NULL) what = unsound_value(tree, node);
        if (what == NULL && (!is_text(tree, node->name) || !is_text(tree, node->label))) what = "name or label";
        if (what == NULL && (uint64_t)node->span.off + node->span.len > payload_len) what = "span";
        bytes += (uint64_t)node->name.len + node->label.len;
        if (node->type >= SCTX_NUMBER && node->type <= SCTX_BYTES) bytes += node->v.s.len;
    }
    return what == NULL && bytes > tree->pool_len ? "more text than the pool has" : what;
}
