#include "views.h"

#include <string.h>

const char *const view_names[VIEWS] = {"Topics", "Participants", "Messages", "Flow", "Markers", "Ring"};

void cell_text(struct pane cell, enum style style, const char *text) {
    put_cut(cell, 0, 0, style, text, strlen(text), cell.columns, false);
}

void cell_right(struct pane cell, enum style style, const char *text) {
    put_cut(cell, 0, 0, style, text, strlen(text), cell.columns, true);
}

void cell_history(struct pane cell, const struct stats_row *row, int64_t now_ns) {
    double values[STATS_SECONDS], most = 1;
    size_t count = cell.columns < STATS_SECONDS - 1 ? (size_t)cell.columns : STATS_SECONDS - 1;
    if (row == NULL) return;
    stats_history(row, now_ns, values, count);
    for (size_t i = 0; i < count; i++)
        if (values[i] > most) most = values[i];
    put_spark(cell, 0, 0, cell.columns, STYLE_GRAPH, values, count, most);
}
