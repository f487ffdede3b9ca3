#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void table_row(struct table *table, enum paint row_paint) {
    if (table->rows == table->cap && !table->failed) {
        size_t cap = table->cap == 0 ? 64 : table->cap * 2;
        char **cells = realloc(table->cells, cap * table->columns * sizeof *cells);
        if (cells != NULL) table->cells = cells;
        enum paint *paints = realloc(table->row_paints, cap * sizeof *paints);
        if (paints != NULL) table->row_paints = paints;
        table->failed = cells == NULL || paints == NULL;
        if (!table->failed) table->cap = cap;
    }
    if (table->failed) return;
    memset(table->cells + table->rows * table->columns, 0, table->columns * sizeof *table->cells);
    table->row_paints[table->rows++] = row_paint;
}

void table_cell(struct table *table, size_t column, const char *text) {
    if (table->failed) return;
    /* A buffer that is never flushed: its end is the cell's. */
    struct out cell = {.fd = -1};
    inert_text(&cell, text);
    out_char(&cell, '\0');
    if (out_is_over(&cell)) {
        out_free(&cell);
        table->failed = true;
        return;
    }
    char *fitted = realloc(cell.data, cell.len);
    table->cells[(table->rows - 1) * table->columns + column] = fitted != NULL ? fitted : cell.data;
}

void table_format(struct table *table, size_t column, const char *format, ...) {
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    table_cell(table, column, text);
}

static void print_cell(struct out *out, const char *text, size_t width, bool right, bool last) {
    size_t columns = inert_columns(text, strlen(text));
    for (size_t pad = columns; right && pad < width; pad++) out_char(out, ' ');
    out_text(out, text);
    for (size_t pad = columns; !right && !last && pad < width; pad++) out_char(out, ' ');
    out_text(out, last ? "\n" : "  ");
}

static const char *cell_at(const struct table *table, size_t row, size_t column) {
    const char *text = table->cells[row * table->columns + column];
    return text != NULL ? text : "";
}

static void print_rows(const struct table *table, const struct call *call, const size_t *widths) {
    struct out *out = call->out;
    out_text(out, paint(call, PAINT_BOLD));
    for (size_t c = 0; c < table->columns; c++)
        print_cell(out, table->heads[c] + (table->heads[c][0] == '>'), widths[c], table->heads[c][0] == '>', c + 1 == table->columns);
    out_text(out, paint(call, PAINT_OFF));
    for (size_t row = 0; row < table->rows; row++) {
        bool painted = table->row_paints[row] != PAINT_OFF;
        if (painted) out_text(out, paint(call, table->row_paints[row]));
        for (size_t c = 0; c < table->columns; c++)
            print_cell(out, cell_at(table, row, c), widths[c], table->heads[c][0] == '>', c + 1 == table->columns);
        if (painted) out_text(out, paint(call, PAINT_OFF));
    }
}

void table_print(struct table *table, const struct call *call) {
    size_t widths[TABLE_COLUMNS_MAX] = {0};
    for (size_t c = 0; c < table->columns; c++) {
        widths[c] = strlen(table->heads[c]) - (table->heads[c][0] == '>');
        for (size_t row = 0; row < table->rows; row++) {
            size_t columns = inert_columns(cell_at(table, row, c), strlen(cell_at(table, row, c)));
            widths[c] = columns > widths[c] ? columns : widths[c];
        }
    }
    if (table->failed)
        say(call, "out of memory");
    else
        print_rows(table, call, widths);
    for (size_t i = 0; i < table->rows * table->columns; i++) free(table->cells[i]);
    free(table->cells);
    free(table->row_paints);
    *table = (struct table){.heads = table->heads, .columns = table->columns};
}
