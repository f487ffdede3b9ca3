#define _GNU_SOURCE
#include "table.h"

#include <stdlib.h>
#include <string.h>

void table_open(struct table *table, const struct table_kind *kind) {
    *table = (struct table){.kind = kind};
    table_sort_by(table, kind->sorted_by);
}

void table_close(struct table *table) {
    free(table->order);
    table->order = NULL;
}

/* ---- order ------------------------------------------------------------------------------------------------------------------ */

struct sorting {
    const struct table *table;
    const void *model;
};

static int compare(const void *a, const void *b, void *context) {
    const struct sorting *sorting = context;
    const struct table_kind *kind = sorting->table->kind;
    int column = sorting->table->sorted_by, order;
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    if (kind->columns[column].is_text) {
        order = strcmp(kind->text(sorting->model, one, column), kind->text(sorting->model, other, column));
    } else {
        double x = kind->number(sorting->model, one, column), y = kind->number(sorting->model, other, column);
        order = (x > y) - (x < y);
    }
    if (sorting->table->is_reversed) order = -order;
    return order != 0 ? order : (one > other) - (one < other);
}

static void choose(struct table *table, const void *model, size_t at) {
    if (table->count == 0) return;
    table->at = at < table->count ? at : table->count - 1;
    table->chosen = table->kind->id(model, table->order[table->at]);
    table->has_chosen = true;
}

/* Until one is chosen by hand, it is the first, whichever that is. */
static void find_chosen(struct table *table, const void *model) {
    if (!table->has_chosen) {
        table->at = 0;
        return;
    }
    for (size_t i = 0; i < table->count; i++)
        if (table->kind->id(model, table->order[i]) == table->chosen) {
            table->at = i;
            return;
        }
    if (table->at >= table->count) table->at = table->count > 0 ? table->count - 1 : 0;
}

bool table_update(struct table *table, const void *model) {
    size_t count = table->kind->count(model);
    if (count > table->room) {
        uint32_t *order = realloc(table->order, 2 * count * sizeof *order);
        if (order == NULL) return false;
        table->order = order;
        table->room = 2 * count;
    }
    table->count = count;
    for (size_t i = 0; i < count; i++) table->order[i] = (uint32_t)i;
    struct sorting sorting = {table, model};
    if (count > 1) qsort_r(table->order, count, sizeof *table->order, compare, &sorting);
    find_chosen(table, model);
    return true;
}

size_t table_chosen(const struct table *table) {
    return table->count > 0 ? table->order[table->at] : SIZE_MAX;
}

void table_move(struct table *table, const void *model, long rows) {
    if (table->count == 0) return;
    long at = (long)table->at + rows;
    choose(table, model, at < 0 ? 0 : (size_t)at);
}

void table_move_to(struct table *table, const void *model, size_t at) {
    choose(table, model, at);
}

void table_sort_by(struct table *table, int column) {
    table->is_reversed = column == table->sorted_by && table->order != NULL ? !table->is_reversed : table->kind->columns[column].most_first;
    table->sorted_by = column;
}

void table_sort_beside(struct table *table, int step) {
    int count = table->kind->column_count, column = table->sorted_by;
    for (int i = 0; i < count; i++) {
        column = (column + step + count) % count;
        if (table->widths[column] > 0) break;
    }
    if (column == table->sorted_by) return;
    table->sorted_by = column;
    table->is_reversed = table->kind->columns[column].most_first;
}

bool text_has(const char *text, const char *wanted) {
    return wanted[0] != '\0' && strcasestr(text, wanted) != NULL;
}

static bool row_has(const struct table *table, const void *model, uint32_t row, const char *wanted) {
    for (int column = 0; column < table->kind->column_count; column++)
        if (table->kind->columns[column].is_text && text_has(table->kind->text(model, row, column), wanted)) return true;
    return false;
}

bool table_search(struct table *table, const void *model, const char *wanted, int step) {
    size_t count = table->count;
    for (size_t i = 1; i <= count; i++) {
        size_t at = step >= 0 ? (table->at + i) % count : (table->at + count - i) % count;
        if (!row_has(table, model, table->order[at], wanted)) continue;
        choose(table, model, at);
        return true;
    }
    return false;
}

/* ---- drawing ---------------------------------------------------------------------------------------------------------------- */

/* Widths, so that all that stays fits, one blank between columns. */
static void measure(struct table *table, int room) {
    const struct table_kind *kind = table->kind;
    int taken = -1, growing = 0;
    for (int i = 0; i < kind->column_count; i++) {
        table->widths[i] = kind->columns[i].columns;
        taken += table->widths[i] + 1;
    }
    while (taken > room) {
        int worst = -1;
        for (int i = 0; i < kind->column_count; i++)
            if (table->widths[i] > 0 && kind->columns[i].rank > 0 && (worst < 0 || kind->columns[i].rank > kind->columns[worst].rank))
                worst = i;
        if (worst < 0) break;
        taken -= table->widths[worst] + 1;
        table->widths[worst] = 0;
    }
    for (int i = 0; i < kind->column_count; i++) growing += table->widths[i] > 0 && kind->columns[i].grows;
    for (int i = 0; i < kind->column_count && growing > 0; i++) {
        if (table->widths[i] == 0 || !kind->columns[i].grows) continue;
        int more = (room - taken) / growing--;
        if (table->widths[i] + more < 1) more = 1 - table->widths[i];
        table->widths[i] += more;
        taken += more;
    }
    for (int i = 0, x = 0; i < kind->column_count; i++) {
        table->starts[i] = x;
        if (table->widths[i] > 0) x += table->widths[i] + 1;
    }
}

static void draw_head(const struct table *table, struct pane pane) {
    for (int i = 0; i < table->kind->column_count; i++) {
        const struct table_column *column = &table->kind->columns[i];
        int width = table->widths[i], len = (int)strlen(column->title);
        if (width == 0) continue;
        bool sorts = i == table->sorted_by;
        int x = table->starts[i] + (column->to_the_right && len < width ? width - len : 0);
        if (sorts && column->to_the_right && len + 1 <= width) x--;
        int shown = put(pane, x, 0, STYLE_HEAD, column->title, (size_t)len, table->starts[i] + width - x);
        if (sorts && x + shown < table->starts[i] + width)
            put_code(pane, x + shown, 0, STYLE_STRONG, table->is_reversed ? 0x25BE : 0x25B4, table->is_reversed ? 'v' : '^');
    }
}

static void scroll(struct table *table) {
    size_t rows = table->shown_rows > 0 ? (size_t)table->shown_rows : 1;
    if (table->at < table->top) table->top = table->at;
    if (table->at >= table->top + rows) table->top = table->at - rows + 1;
    if (table->top + rows > table->count) table->top = table->count > rows ? table->count - rows : 0;
}

void table_draw(struct table *table, struct pane pane, const void *model) {
    measure(table, pane.columns);
    table->shown_rows = pane.rows - 1;
    scroll(table);
    draw_head(table, pane);
    if (table->count == 0) (void)put_text(pane, 1, 2, STYLE_DIM, table->kind->nothing);
    for (int line = 0; line < table->shown_rows && table->top + (size_t)line < table->count; line++) {
        size_t at = table->top + (size_t)line;
        for (int i = 0; i < table->kind->column_count; i++)
            if (table->widths[i] > 0)
                table->kind->draw(model, table->order[at], i, pane_part(pane, table->starts[i], line + 1, table->widths[i], 1));
        if (at == table->at) put_selected(pane_part(pane, 0, line + 1, pane.columns, 1), 0);
    }
}

bool table_click(struct table *table, const void *model, int x, int y) {
    if (y == 0) {
        for (int i = 0; i < table->kind->column_count; i++)
            if (table->widths[i] > 0 && x >= table->starts[i] && x < table->starts[i] + table->widths[i] + 1) table_sort_by(table, i);
        return false;
    }
    size_t at = table->top + (size_t)(y - 1);
    if (y < 0 || y - 1 >= table->shown_rows || at >= table->count) return false;
    choose(table, model, at);
    return true;
}
