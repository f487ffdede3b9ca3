#include "filter_path.h"

#include <string.h>

_Static_assert(FILTER_STEPS_MAX < 64, "a bit each, and one for the end");

void walk_begin(struct walk *walk, const struct tree *tree, const struct step *steps, uint32_t count) {
    walk->tree = tree;
    walk->steps = steps;
    walk->count = count;
    walk->at = 0;
}

/* '**' may be no level at all: what leads up to it also leads beyond it. */
static uint64_t beyond_deep(const struct walk *walk, uint64_t states) {
    for (uint32_t n = 0; n < walk->count; n++)
        if ((states >> n & 1) != 0 && walk->steps[n].kind == STEP_DEEP) states |= UINT64_C(2) << n;
    return states;
}

static uint32_t children_of(const struct tree *tree, uint32_t parent) {
    uint32_t count = 0;
    for (uint32_t n = parent + 1; n < tree->nodes[parent].next; n = tree->nodes[n].next) count++;
    return count;
}

static bool has_index(struct walk *walk, uint32_t parent, uint32_t depth, uint32_t nth, int32_t index) {
    if (index >= 0) return nth == (uint32_t)index;
    if (walk->open[depth].children == UINT32_MAX) walk->open[depth].children = children_of(walk->tree, parent);
    return (int64_t)nth == (int64_t)walk->open[depth].children + index;
}

static bool has_name(const struct tree *tree, const struct tree_node *node, sctx_str name) {
    if (node->name.len != name.n) return false;
    return name.n == 0 || memcmp(tree->pool + node->name.off, name.p, name.n) == 0;
}

static uint64_t states_of(struct walk *walk, const struct tree_node *node) {
    if (node->depth == 0) return beyond_deep(walk, 1);
    uint32_t above = node->depth - 1, nth = walk->open[above].passed++;
    uint64_t states = 0;
    bool is_member = walk->tree->nodes[node->parent].type == SCTX_OBJECT;
    for (uint64_t left = walk->open[above].states; left != 0; left &= left - 1) {
        unsigned n = (unsigned)__builtin_ctzll(left);
        if (n >= walk->count) break;
        const struct step *step = &walk->steps[n];
        bool leads = step->kind == STEP_EACH || (step->kind == STEP_NAME && is_member && has_name(walk->tree, node, step->name)) ||
                     (step->kind == STEP_INDEX && !is_member && has_index(walk, node->parent, above, nth, step->index));
        if (leads) states |= UINT64_C(2) << n;
        if (step->kind == STEP_DEEP) states |= UINT64_C(1) << n;
    }
    return beyond_deep(walk, states);
}

uint32_t walk_next(struct walk *walk) {
    const struct tree *tree = walk->tree;
    uint64_t end = UINT64_C(1) << walk->count;
    while (walk->at < tree->count) {
        uint32_t n = walk->at;
        const struct tree_node *node = &tree->nodes[n];
        uint64_t states = states_of(walk, node);
        walk->at = node->next;
        if (tree_is_container(node) && (states & (end - 1)) != 0 && node->depth <= SCTX_PLUGIN_DEPTH_MAX) {
            walk->open[node->depth].states = states;
            walk->open[node->depth].passed = 0;
            walk->open[node->depth].children = UINT32_MAX;
            walk->at = n + 1;
        }
        if ((states & end) != 0) return n;
    }
    return NO_NODE;
}
