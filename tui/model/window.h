/* The messages that are looked at, of which a part is on the screen: a stretch of the bus or of a recording, with what is not wanted left out. It
 * grows at either end as one scrolls, reading the source again, as far as that goes; and it follows what comes.
 *
 * Exact about what is missing: where messages were overwritten or skipped a row says how many. [owner: one thread] */
#ifndef SCTX_TUI_WINDOW_H
#define SCTX_TUI_WINDOW_H
#include "judge.h"
#include "tape.h"

enum { WINDOW_MAX = 8192 }; /* rows; the far end goes */

struct window {
    struct kept *rows;
    size_t count, room;
    size_t at, top;     /* the chosen row, and the first on the screen */
    size_t shown;       /* rows that fit on the screen */
    uint64_t from, to;  /* seqs: what was looked at, from to to - 1 */
    bool is_placed;     /* from and to are set */
    bool is_first;      /* there is nothing older */
    bool follows;       /* the newest row is the chosen one */
    uint64_t newer;     /* live, and it does not follow: messages that came and are not in it; about */
    bool is_searching;  /* it looked back for a while, and has not found enough yet */
};

void window_open(struct window *window);
void window_close(struct window *window);
/* Empty; it begins anew at the newest message. */
void window_clear(struct window *window);
/* Empty; it begins at this seq. */
void window_place(struct window *window, uint64_t seq);

/* To be called for every picture: takes what came, fills the screen. `source`: read wherever it is needed; `end`: seqs from here on are not looked at
 * (a recording's moment; UINT64_MAX). `tape`: what is new, or NULL: a recording. */
void window_update(struct window *window, struct judge *judge, struct source *source, uint64_t end);
/* What the tape has, in a context whose topics `source` knows; the caller holds its lock. */
void window_fetch(struct window *window, struct judge *judge, struct source *source, sctx *ctx, struct tape *tape);

void window_move(struct window *window, struct judge *judge, struct source *source, uint64_t end, long rows);
void window_go_first(struct window *window, struct judge *judge, struct source *source, uint64_t end);
void window_go_last(struct window *window);
/* The row of this seq is the chosen one; false: it is not there (any more), and nothing changes. It must be wanted by the judge. */
bool window_go(struct window *window, struct judge *judge, struct source *source, uint64_t end, uint64_t seq);
/* The chosen row; NULL: there is none. */
const struct kept *window_chosen(const struct window *window);

#endif
