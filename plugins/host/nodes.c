#include "nodes.h"
#include "base64.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is(sctx_str str, const char *word) {
    return str.n == strlen(word) && memcmp(str.p, word, str.n) == 0;
}

static bool become_bytes(sctx_node *node, const sctx_node *text, char **room) {
    size_t len;
    if (text == NULL || text->value.type != SCTX_TEXT || !base64_decode(text->value.v.s.p, text->value.v.s.n, *room, &len)) return false;
    node->value = (sctx_value){.type = SCTX_BYTES, .v.s = {*room, len}};
    node->count = 0;
    node->first = NULL;
    *room += len;
    return true;
}

static void become_float(sctx_node *node, const sctx_node *text) {
    static const struct {
        const char *word;
        double value;
    } words[] = {{"nan", NAN}, {"inf", INFINITY}, {"-inf", -INFINITY}};
    for (size_t i = 0; i < sizeof words / sizeof *words && text->value.type == SCTX_TEXT; i++)
        if (is(text->value.v.s, words[i].word)) {
            node->value = (sctx_value){.type = SCTX_F64, .v.f = words[i].value};
            node->count = 0;
            node->first = NULL;
            return;
        }
}

/* The second of $ext: its text is bytes; an object that spells bytes out itself is not what was meant, and stays as written. */
static void become_ext(sctx_node *node, bool was_object, char **room) {
    if (!was_object) {
        (void)become_bytes(node, node, room);
    } else if (node->value.type == SCTX_BYTES) {
        node->value = (sctx_value){.type = SCTX_OBJECT};
        node->count = 1;
        node->first = node + 1;
    }
}

/* Of an object whose children are done already. `nodes` is writable, what first and next point to are parts of it. */
static void spell_out(const struct tree *tree, sctx_node *nodes, size_t at, char **room) {
    sctx_node *node = &nodes[at], *child = &nodes[at + 1];
    if (node->value.type != SCTX_OBJECT || node->count != 1) return;
    if (is(child->name, "$base64")) {
        (void)become_bytes(node, child, room);
    } else if (is(child->name, "$float")) {
        become_float(node, child);
    } else if (is(child->name, "$ext") && child->value.type == SCTX_ARRAY && child->count == 2) {
        size_t second = (size_t)(child->first->next - nodes);
        become_ext(&nodes[second], tree->nodes[second].type == SCTX_OBJECT, room);
    }
}

static void take(const struct tree *tree, uint32_t i, sctx_node *nodes) {
    const struct tree_node *from = &tree->nodes[i];
    sctx_node *node = &nodes[i];
    *node = (sctx_node){.size = sizeof *node, .name = tree_str(tree, from->name), .span = from->span};
    node->value.type = from->type;
    if (from->type >= SCTX_NUMBER && from->type <= SCTX_BYTES)
        node->value.v.s = tree_str(tree, from->v.s);
    else if (!tree_is_container(from))
        node->value.v.u = from->v.u;
    if (from->next > i + 1) node->first = &nodes[i + 1];
    if (i > 0 && from->next < tree->nodes[from->parent].next) node->next = &nodes[from->next];
    if (i > 0) nodes[from->parent].count++;
}

sctx_node *nodes_from_tree(const struct tree *tree) {
    if (tree->count == 0) return NULL;
    size_t bytes = (size_t)tree->count * sizeof(sctx_node);
    sctx_node *nodes = malloc(bytes + tree->pool_len);
    if (nodes == NULL) return NULL;
    char *room = (char *)nodes + bytes;
    for (uint32_t i = 0; i < tree->count; i++) take(tree, i, nodes);
    for (uint32_t i = tree->count; i-- > 0;) spell_out(tree, nodes, i, &room);
    return nodes;
}
