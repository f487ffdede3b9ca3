/* A damaged or cut recording, written anew with all of it that is whole: chunks as they are, with what stands before them; summary and indexes new. Any MCAP
 * file, not only ours. */
#ifndef SCTX_RECORDER_RECOVER_H
#define SCTX_RECORDER_RECOVER_H
#include "mcap_read.h"
#include "source.h"

struct recover_options {
    const char *from; /* "-": standard input */
    const char *to;   /* "-": standard output */
    bool overwrite;
    /* Of each thing that is left out: where and why. NULL: nobody wants to know. */
    void (*notice)(void *context, const char *line);
    /* Now and then. NULL. */
    void (*progress)(void *context, uint64_t bytes, uint64_t messages);
    void *context;
};

struct recover_account {
    struct mcap_account read; /* what was read, and lost; Sheets that fit no chunk, too */
    uint64_t messages;        /* in the new file */
    uint64_t bytes;
};

/* false: there is no new file, or it is not whole; why. */
bool recover(const struct recover_options *options, struct recover_account *account, struct source_fault *fault);

#endif
