/* Numbers for keys, from 0 on, in the order in which they are first met: of senders, of tracks. [owner: one thread] */
#ifndef SCTX_EXPORT_NUMBERING_H
#define SCTX_EXPORT_NUMBERING_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NUMBERING_NONE UINT32_MAX
enum { NUMBERING_MAX = 1 << 20 /* of one numbering: what is read may be made to have any number of senders */ };

struct numbering_key;

/* All zeros is an empty one. */
struct numbering {
    struct numbering_key **slots; /* room of them, a power of two; NULL: free */
    uint32_t count, room;
};

/* *is_new: it was not met before. NONE: out of memory, or there are too many. */
uint32_t numbering_of(struct numbering *numbering, const void *key, size_t len, bool *is_new);
void numbering_free(struct numbering *numbering);

struct source_message;
/* The same for a sender: a name, a process and a time of joining. */
uint32_t numbering_sender(struct numbering *numbering, const struct source_message *message, bool *is_new);

#endif
