/* Two trees, value by value: where they differ, by path. Objects are compared by the names of their members, whatever their order; of a name that comes
 * twice, the first with the first. */
#ifndef SCTX_INSPECT_COMPARE_H
#define SCTX_INSPECT_COMPARE_H
#include "tree.h"

enum compare_kind {
    COMPARE_CHANGED, /* both are there */
    COMPARE_MISSING, /* only in the left one */
    COMPARE_NEW,     /* only in the right one */
};

struct compare_options {
    const char *const *ignored; /* paths: "data.ts", "data.items[*].id", "data.**.ts"; '*' is one step, '**' any number of them */
    size_t ignored_count;
    double tolerance; /* numbers that are as near as that are the same; 0: exactly, digit by digit */
    /* A difference; nodes of the trees, UINT32_MAX where it is not there. false: that is enough. */
    bool (*differ)(void *context, enum compare_kind kind, const char *path, uint32_t left, uint32_t right);
    void *context;
};

/* false: differ() said so. */
bool compare_trees(const struct tree *left, const struct tree *right, const struct compare_options *options);

/* The first node that a path leads to, which has no '*': "data.id", "data.items[0].id". UINT32_MAX: there is none. */
uint32_t compare_find(const struct tree *tree, const char *path);

#endif
