/* The messages, a line each; and one of them whole. */
#ifndef SCTX_TUI_MESSAGES_H
#define SCTX_TUI_MESSAGES_H
#include "grid.h"
#include "window.h"

/* Makes the words of the rows that are seen. */
void messages_prepare(struct window *window, struct judge *judge, int rows);
/* With its head. */
void messages_draw(const struct window *window, struct pane pane, int64_t now_ns);

/* One message: its fields beside its bytes. */
struct detail {
    struct tree tree;
    uint64_t seq; /* of the message that the tree is of; 0: none yet */
    enum host_outcome outcome;
    char decoder[80];   /* "json (exact)", or why there is none */
    char trouble[200];  /* "": it is all right */
    uint32_t chosen;    /* node */
    size_t top, hex_top;
    int shown;          /* lines of fields */
};

void detail_open(struct detail *detail);
void detail_close(struct detail *detail);
/* Decodes it, if it is another one than before. */
void detail_prepare(struct detail *detail, struct judge *judge, const struct kept *kept);
void detail_move(struct detail *detail, long nodes);
void detail_draw(struct detail *detail, struct pane pane, const struct kept *kept);

#endif
