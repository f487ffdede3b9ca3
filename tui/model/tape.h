/* The latest messages that are looked at, handed from the thread that counts to the one that shows: copied into a ring of bytes, in which the oldest
 * are overwritten if they are not fetched. Costs no allocation a message. Whoever shares it holds a lock. */
#ifndef SCTX_TUI_TAPE_H
#define SCTX_TUI_TAPE_H
#include "source.h"

enum { TAPE_MESSAGES = 1024, TAPE_BYTES = 4 << 20, TAPE_PAYLOAD_MAX = 64 << 10 };

struct taped {
    struct source_message message; /* topic and from: NULL; of the payload `held` bytes are there */
    uint16_t topic_id;
    uint32_t held;
    uint64_t at; /* of the payload, in all the bytes that were ever put */
};

struct tape {
    struct taped items[TAPE_MESSAGES];
    uint64_t begin, end; /* numbers of items: those there are */
    uint64_t skipped;    /* overwritten since the last fetch */
    uint64_t bytes_end;
    unsigned char *bytes;
};

bool tape_open(struct tape *tape); /* false: no memory */
void tape_close(struct tape *tape);
void tape_put(struct tape *tape, const struct source_message *message);
/* Empty, and nothing was skipped. */
void tape_clear(struct tape *tape);
/* The oldest one; NULL: there is none. Its data are valid until the next tape_put(). */
const struct taped *tape_next(struct tape *tape);

#endif
