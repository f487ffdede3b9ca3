/* Decoded values on their way out: inert, as everything is that comes from others. */
#ifndef SCTX_CLI_VALUE_H
#define SCTX_CLI_VALUE_H
#include "call.h"
#include "tree.h"

/* A node and all below it as one line of JSON. */
void value_json(struct out *out, const struct tree *tree, uint32_t node);

/* Each node in a line: the bytes that it came from, its type, its path, its value. With --json an object each: path type off len value, and
 * label, shown_as, guessed where they are there. */
void value_list(const struct call *call, const struct tree *tree);

/* What is wrong, in words: "byte 7: a digit is missing"; "" where nothing is. */
struct value_fault {
    char text[TREE_REASON_MAX + 64];
};
struct value_fault value_fault(const struct tree *tree);

#endif
