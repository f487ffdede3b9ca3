/* malloc() and its like, of this whole program: the plugin's calls come here, and are counted, filled with junk, held apart, and made to fail. */
#ifndef SCTX_CHECK_ALLOC_H
#define SCTX_CHECK_ALLOC_H
#include <stdbool.h>
#include <stdint.h>

struct alloc {
    bool is_plugin;     /* whose calls these are */
    bool is_strict;     /* new blocks are junk, freed ones too, realloc() always moves; costs time */
    unsigned char junk; /* which */
    uint64_t calls;     /* of the plugin */
    uint64_t fail_at;   /* the call of this number fails; 0: none does */
    uint64_t blocks, bytes; /* the plugin's, not freed yet */
    /* Something is wrong with a block: "a block is freed twice". Does not return. */
    void (*wrong)(const char *what);
};
extern struct alloc alloc;

#endif
