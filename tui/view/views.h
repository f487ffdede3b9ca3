/* The tables, each over a struct picture. */
#ifndef SCTX_TUI_VIEWS_H
#define SCTX_TUI_VIEWS_H
#include "picture.h"
#include "table.h"

enum view { VIEW_TOPICS, VIEW_PARTICIPANTS, VIEW_MESSAGES, VIEW_FLOW, VIEW_MARKERS, VIEW_RING, VIEWS };
extern const char *const view_names[VIEWS];

/* Their model is a struct picture. */
extern const struct table_kind topics_table, participants_table, flow_table, markers_table;

/* Into a cell of a table; cut if it is too long. */
void cell_text(struct pane cell, enum style style, const char *text);
void cell_right(struct pane cell, enum style style, const char *text);
/* Messages a second, up to now. The row may be NULL. */
void cell_history(struct pane cell, const struct stats_row *row, int64_t now_ns);

#endif
