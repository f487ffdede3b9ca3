/* Holds a plugin against the rules of sctx/plugin.h: starts the program that runs it in a sandbox, watches it, starts it again behind what the
 * plugin did not survive, and gathers what was found. No code of the plugin runs in the process that calls this. */
#ifndef SCTX_CHECK_RUN_H
#define SCTX_CHECK_RUN_H
#include "manifest.h"
#include "memory.h"

struct check_options {
    const char *path;               /* of the plugin, absolute and without links */
    const struct manifest *manifest;
    const char *corpus;             /* a folder of payloads; NULL: some of several formats */
    const char *schema;             /* a file; NULL: .schema in the corpus, if it is there */
    uint64_t seed;
    int64_t mutate_ns;
    bool only; /* one case: */
    enum check_test test;
    uint32_t param;
    const char *input; /* a file; NULL: none */
    /* Called every 100 ms: false ends it. May be NULL. */
    bool (*tick)(void *context, const struct check_memory *memory);
    void *context;
};

struct check {
    struct check_memory *memory; /* findings in it are sound, once it has run */
    char why[CHECK_WHAT + 64];   /* why it could not be run */
};

enum check_end {
    CHECK_RAN,
    CHECK_CANNOT, /* why says it */
    CHECK_STOPPED /* by tick() */
};

enum check_end check_run(struct check *check, const struct check_options *options);
void check_free(struct check *check);

#endif
