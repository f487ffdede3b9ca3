/* A picture made of character cells. Views draw on it; the terminal (screen.c) or a file shows it. It knows no terminal, so every picture can be
 * tested as text.
 *
 * Whatever text is put comes from others: control characters, bytes that are not UTF-8, and what turns the direction of text or cannot be seen
 * are shown as \xNN and \u{XXXX} (inspect/glyph.h decides), so that nothing but visible characters is ever in a cell. [owner: one thread] */
#ifndef SCTX_TUI_GRID_H
#define SCTX_TUI_GRID_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What something is; the screen decides what that looks like on this terminal. */
enum style {
    STYLE_PLAIN,
    STYLE_DIM,    /* less important */
    STYLE_STRONG, /* more */
    STYLE_BAR,    /* the lines at the top and the bottom */
    STYLE_BAR_ON, /* in them: what is chosen */
    STYLE_HEAD,   /* of columns */
    STYLE_NAME,   /* topics and fields */
    STYLE_PERSON, /* participants */
    STYLE_VALUE,
    STYLE_GOOD,
    STYLE_WARN,
    STYLE_BAD,
    STYLE_GRAPH,
    STYLE_LIT,      /* the bytes of the field that is chosen */
    STYLE_SELECTED, /* the line that is chosen */
    STYLES
};

enum { GRID_MARKS = 2, GRID_COLUMNS_MAX = 1000, GRID_ROWS_MAX = 500 };

struct cell {
    uint32_t code;              /* 0: the right half of the wide character beside it */
    uint32_t marks[GRID_MARKS]; /* combining ones; 0: none */
    uint8_t style;              /* enum style */
    bool is_selected;           /* drawn on the background of the selected line */
};

struct grid {
    struct cell *cells; /* row by row */
    int columns, rows;
    bool is_ascii; /* only such characters are put: '?' for others; graphs and lines in plain ones */
};

/* Clears it. Sizes are brought within 1 and the limits above. false: out of memory, and the grid is as it was. */
bool grid_resize(struct grid *grid, int columns, int rows);
void grid_clear(struct grid *grid);
void grid_free(struct grid *grid);
/* Each row as a line of UTF-8 without blanks at its end. */
void grid_print(const struct grid *grid, FILE *to);
/* The styles, a letter a cell ('.' plain), for tests. */
void grid_print_styles(const struct grid *grid, FILE *to);

/* A part of a grid. Nothing that is put into it goes beyond it. */
struct pane {
    struct grid *grid;
    int x, y, columns, rows;
};

struct pane pane_of(struct grid *grid);
/* A part of a part, cut to what is there. */
struct pane pane_part(struct pane pane, int x, int y, int columns, int rows);

/* Puts text in one line, at most `columns` wide and up to the pane's edge. Returns the columns taken. Positions outside of the pane are allowed, and
 * put nothing. */
int put(struct pane pane, int x, int y, enum style style, const void *text, size_t len, int columns);
int put_text(struct pane pane, int x, int y, enum style style, const char *text);
__attribute__((format(printf, 5, 6))) int put_format(struct pane pane, int x, int y, enum style style, const char *format, ...);
/* Into a field of this width: to the left or right; cut with a mark at its end if it is wider. */
void put_cut(struct pane pane, int x, int y, enum style style, const char *text, size_t len, int columns, bool to_the_right);
/* One of our own characters; `plain` where only ASCII is shown. */
void put_code(struct pane pane, int x, int y, enum style style, uint32_t code, char plain);
void put_fill(struct pane pane, int x, int y, int columns, enum style style, uint32_t code, char plain);
/* Marks the line as the one that is chosen: what is in it stays. */
void put_selected(struct pane pane, int y);
/* Columns that the text takes. */
int text_columns(const void *text, size_t len);

/* A graph of `count` values, the latest to the right, at most one a column; each as high as its part of `most`. */
void put_spark(struct pane pane, int x, int y, int columns, enum style style, const double *values, size_t count, double most);
/* A bar, filled to this part (0 to 1). */
void put_gauge(struct pane pane, int x, int y, int columns, enum style style, double part);

#endif
