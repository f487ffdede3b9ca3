/* A message that was copied, so that it can be looked at for as long as one likes. */
#ifndef SCTX_TUI_KEPT_H
#define SCTX_TUI_KEPT_H
#include "source.h"

enum { KEPT_BYTES_MAX = 64 << 10 }; /* of a payload; the rest is left out */

enum kept_kind {
    KEPT_MESSAGE,
    KEPT_LOSS,    /* no message: `lost` and `gone` of them were missed here */
    KEPT_SKIPPED, /* no message: `lost` of them came faster than they can be shown here; they are counted in the other views */
};

struct kept {
    enum kept_kind kind;
    uint64_t seq; /* of no message: that of the message behind it */
    int64_t time_ns;
    uint64_t cause, lost, gone;
    const struct source_topic *topic; /* the source's */
    uint32_t pid, join, len, held;    /* held: bytes of the payload that are here */
    bool has_cause, cause_is_explicit, has_seq, is_sample;
    char from[SCTX_NAME_MAX + 1];
    unsigned char *data;
    char *words; /* what it says; NULL: not asked for yet */
    bool is_bad; /* with words: they say what is wrong with it */
};

/* false: no memory. The topic is the message's. */
bool kept_take(struct kept *kept, const struct source_message *message);
void kept_drop(struct kept *kept);

#endif
