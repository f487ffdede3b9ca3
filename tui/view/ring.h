/* The context itself: how full, how old, how much memory; or the recording's file. And the time line of a recording. */
#ifndef SCTX_TUI_RING_H
#define SCTX_TUI_RING_H
#include "density.h"
#include "grid.h"
#include "moment.h"
#include "picture.h"

/* `moment` and `path`: of a recording, else NULL. `top`: lines that are scrolled away. */
void ring_draw(struct pane pane, const struct picture *picture, const struct moment *moment, const char *path,
               const struct counter_status *status, int top);

enum { TIMELINE_ROWS = 2 };
void timeline_draw(struct pane pane, const struct moment *moment, struct density *density);
/* The time at a column of the pane. */
int64_t timeline_time(int columns, const struct moment *moment, int x);

#endif
