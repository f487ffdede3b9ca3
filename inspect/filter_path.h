/* The nodes of a tree that a path leads to: data.items[2].price, data.**.id */
#ifndef SCTX_INSPECT_FILTER_PATH_H
#define SCTX_INSPECT_FILTER_PATH_H
#include "filter_program.h"

/* All steps at once, in one walk over the tree: a bit n says that the path's first n steps lead to a node. */
struct walk {
    const struct tree *tree;
    const struct step *steps;
    uint32_t count;
    uint32_t at;
    struct {
        uint64_t states;
        uint32_t passed, children; /* children: UINT32_MAX until somebody asks */
    } open[SCTX_PLUGIN_DEPTH_MAX + 1]; /* by depth */
};

/* Not all of it is set: it is large. */
void walk_begin(struct walk *walk, const struct tree *tree, const struct step *steps, uint32_t count);
/* The next node, from the first to the last in the payload, each once; NO_NODE: no more. */
uint32_t walk_next(struct walk *walk);

#endif
