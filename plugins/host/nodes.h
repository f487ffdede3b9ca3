/* A tree made from JSON as encoders want it: linked nodes, in which what JSON has no word for has become what it stands for. */
#ifndef SCTX_HOST_NODES_H
#define SCTX_HOST_NODES_H
#include "tree.h"

/* The root; it and all below it are in one block that free() takes. They point into the tree, which must stay. NULL: out of memory, or the
 * tree is empty. {"$base64":"..."} with text that is no base64 stays an object. */
sctx_node *nodes_from_tree(const struct tree *tree);

#endif
