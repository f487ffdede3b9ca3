/* A table of rows with columns, one row of it chosen: sorted by any column, searched, scrolled, and cut to what fits. The rows stay the model's; only
 * those that can be seen are asked for their cells. [owner: one thread] */
#ifndef SCTX_TUI_TABLE_H
#define SCTX_TUI_TABLE_H
#include "grid.h"

enum { TABLE_COLUMNS_MAX = 16 };

struct table_column {
    const char *title, *tells; /* tells: a sentence for the help */
    int columns;               /* wide */
    bool to_the_right;
    bool is_text;    /* sorted by text, else by number */
    bool as_text;    /* text() says it too, though it is sorted by number */
    bool grows;      /* takes what is left */
    uint8_t rank;    /* where there is too little room the highest go first; 0: stays */
    bool most_first; /* how it is sorted when it is chosen */
};

/* All with the model that table_update() was handed. */
struct table_kind {
    const struct table_column *columns;
    int column_count, sorted_by; /* at first */
    size_t (*count)(const void *model);
    uint64_t (*id)(const void *model, size_t row); /* what stays the same while rows come and go */
    double (*number)(const void *model, size_t row, int column);
    const char *(*text)(const void *model, size_t row, int column); /* of is_text, and of as_text, where NULL is nothing */
    bool (*is_known)(const void *model, size_t row, int column);    /* of numbers; NULL: all are */
    void (*draw)(const void *model, size_t row, int column, struct pane cell);
    const char *nothing; /* what is said where there is no row */
};

struct table {
    const struct table_kind *kind;
    int sorted_by;
    bool is_reversed;
    uint64_t chosen; /* its id */
    bool has_chosen;
    size_t at, top; /* in the order: the chosen row, and the first that is seen */
    size_t count;
    uint32_t *order;
    size_t room;
    int shown_rows;
    int starts[TABLE_COLUMNS_MAX], widths[TABLE_COLUMNS_MAX]; /* of the columns as they were drawn; width 0: it was not */
};

void table_open(struct table *table, const struct table_kind *kind);
void table_close(struct table *table);

/* After the model has changed: sorts, and finds the chosen row again. false: out of memory; the order is that of before. */
bool table_update(struct table *table, const void *model);
/* With its head. table_update() comes before. */
void table_draw(struct table *table, struct pane pane, const void *model);

/* The chosen row of the model, SIZE_MAX: there is none. */
size_t table_chosen(const struct table *table);
void table_move(struct table *table, const void *model, long rows);
void table_move_to(struct table *table, const void *model, size_t at);
/* Left of the column sorted by, or right of it, of those that are seen. */
void table_sort_beside(struct table *table, int step);
void table_sort_by(struct table *table, int column);
/* The next row, after or before the chosen one and round, one of whose texts has this in it, whatever the case. false: none has. */
bool table_search(struct table *table, const void *model, const char *wanted, int step);
/* A click on this place of the pane: of the head, sorts; of a row, chooses it and returns true. */
bool table_click(struct table *table, const void *model, int x, int y);

/* Does the text have this in it, whatever the case of ASCII letters? */
bool text_has(const char *text, const char *wanted);

#endif
