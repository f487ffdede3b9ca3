/* The moment of a recording that is looked at: moved by time, by message, and by playing. [owner: one thread] */
#ifndef SCTX_TUI_MOMENT_H
#define SCTX_TUI_MOMENT_H
#include "source.h"

struct moment {
    struct source *source;
    struct source_range range;
    uint64_t seq;    /* of the last message that has been; range.first - 1: none has */
    int64_t time_ns; /* now */
    double rate;     /* of playing: 1 as it was */
    bool plays;
    int64_t played_at_ns; /* on the wall's clock: when time_ns was looked up last */
    uint64_t ahead_seq;   /* the message behind it */
    int64_t ahead_ns;
    bool has_ahead;
};

/* At the end of the recording. The source is the moment's own from now on; false: it cannot be read. */
bool moment_open(struct moment *moment, struct source *source);
void moment_close(struct moment *moment);

void moment_seek(struct moment *moment, int64_t time_ns);
/* To this message; false: there is none. */
bool moment_seek_seq(struct moment *moment, uint64_t seq);
void moment_step(struct moment *moment, int messages); /* 1 or -1 */
/* Begins where it stands; at the end, from the beginning. */
void moment_play(struct moment *moment, bool plays, int64_t wall_ns);
/* While it plays: as far as the wall's clock says. */
void moment_tick(struct moment *moment, int64_t wall_ns);

#endif
