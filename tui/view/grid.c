#include "grid.h"
#include "glyph.h"
#include "utf8.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- the grid --------------------------------------------------------------------------------------------------------------- */

static int within(int value, int most) {
    return value < 1 ? 1 : value > most ? most : value;
}

bool grid_resize(struct grid *grid, int columns, int rows) {
    columns = within(columns, GRID_COLUMNS_MAX);
    rows = within(rows, GRID_ROWS_MAX);
    struct cell *cells = realloc(grid->cells, (size_t)columns * (size_t)rows * sizeof *cells);
    if (cells == NULL) return false;
    grid->cells = cells;
    grid->columns = columns;
    grid->rows = rows;
    grid_clear(grid);
    return true;
}

void grid_clear(struct grid *grid) {
    size_t count = (size_t)grid->columns * (size_t)grid->rows;
    for (size_t i = 0; i < count; i++) grid->cells[i] = (struct cell){.code = ' '};
}

void grid_free(struct grid *grid) {
    free(grid->cells);
    *grid = (struct grid){.cells = NULL};
}

static const struct cell *row_of(const struct grid *grid, int row) {
    return grid->cells + (size_t)row * (size_t)grid->columns;
}

void grid_print(const struct grid *grid, FILE *to) {
    for (int row = 0; row < grid->rows; row++) {
        const struct cell *cells = row_of(grid, row);
        int end = grid->columns;
        while (end > 0 && cells[end - 1].code == ' ') end--;
        for (int column = 0; column < end; column++) {
            char text[4 + 4 * GRID_MARKS];
            size_t len = 0;
            if (cells[column].code == 0) continue;
            len += utf8_put(text + len, cells[column].code);
            for (int i = 0; i < GRID_MARKS && cells[column].marks[i] != 0; i++) len += utf8_put(text + len, cells[column].marks[i]);
            (void)fwrite(text, 1, len, to);
        }
        (void)fputc('\n', to);
    }
}

void grid_print_styles(const struct grid *grid, FILE *to) {
    static const char letters[STYLES + 1] = ".dSbBhnpvgwxGls";
    for (int row = 0; row < grid->rows; row++) {
        const struct cell *cells = row_of(grid, row);
        for (int column = 0; column < grid->columns; column++)
            (void)fputc(cells[column].is_selected ? 's' : letters[cells[column].style], to);
        (void)fputc('\n', to);
    }
}

/* ---- panes ------------------------------------------------------------------------------------------------------------------ */

struct pane pane_of(struct grid *grid) {
    return (struct pane){grid, 0, 0, grid->columns, grid->rows};
}

struct pane pane_part(struct pane pane, int x, int y, int columns, int rows) {
    if (x < 0) x = 0;
    if (y < 0) y = 0;
    if (x > pane.columns) x = pane.columns;
    if (y > pane.rows) y = pane.rows;
    if (columns > pane.columns - x) columns = pane.columns - x;
    if (rows > pane.rows - y) rows = pane.rows - y;
    return (struct pane){pane.grid, pane.x + x, pane.y + y, columns < 0 ? 0 : columns, rows < 0 ? 0 : rows};
}

static struct cell *cell_at(struct pane pane, int x, int y) {
    if (x < 0 || y < 0 || x >= pane.columns || y >= pane.rows) return NULL;
    return &pane.grid->cells[(size_t)(pane.y + y) * (size_t)pane.grid->columns + (size_t)(pane.x + x)];
}

/* Of a wide character that is overwritten in part, the other half becomes a blank. */
static void set(struct pane pane, int x, int y, enum style style, uint32_t code) {
    struct cell *cell = cell_at(pane, x, y);
    if (cell == NULL) return;
    struct cell *row = cell - (pane.x + x);
    int column = pane.x + x;
    if (cell->code == 0 && column > 0 && code != 0) row[column - 1].code = ' ';
    if (code != 0 && column + 1 < pane.grid->columns && row[column + 1].code == 0) row[column + 1].code = ' ';
    *cell = (struct cell){.code = code, .style = (uint8_t)style, .is_selected = cell->is_selected};
}

/* ---- text ------------------------------------------------------------------------------------------------------------------- */

/* One character as it is shown. */
struct glyph {
    char escape[16]; /* its columns, if it is not shown as it is */
    uint32_t code;   /* with no escape */
    size_t bytes;
    int columns; /* 0: a mark on the one before */
};

static void take(struct glyph *glyph, const unsigned char *text, size_t len) {
    glyph->escape[0] = '\0';
    glyph->bytes = utf8_next(text, len, &glyph->code);
    if (glyph->bytes == 0) {
        glyph->bytes = 1;
        (void)snprintf(glyph->escape, sizeof glyph->escape, "\\x%02X", text[0]);
    } else if (glyph->code < 0x80 && glyph_is_control(glyph->code)) {
        (void)snprintf(glyph->escape, sizeof glyph->escape, "\\x%02X", (unsigned)glyph->code);
    } else if (!glyph_is_inert(glyph->code)) {
        (void)snprintf(glyph->escape, sizeof glyph->escape, "\\u{%04X}", (unsigned)glyph->code);
    }
    glyph->columns = glyph->escape[0] != '\0' ? (int)strlen(glyph->escape) : (int)glyph_columns(glyph->code);
}

int text_columns(const void *text, size_t len) {
    const unsigned char *in = text;
    int columns = 0;
    for (size_t at = 0; at < len;) {
        struct glyph glyph;
        take(&glyph, in + at, len - at);
        at += glyph.bytes;
        columns += glyph.columns;
        if (columns > GRID_COLUMNS_MAX) return columns;
    }
    return columns;
}

static void put_mark(struct pane pane, int x, int y, uint32_t code) {
    struct cell *cell = cell_at(pane, x, y);
    if (cell != NULL && cell->code == 0) cell = cell_at(pane, x - 1, y);
    for (int i = 0; cell != NULL && i < GRID_MARKS; i++)
        if (cell->marks[i] == 0) {
            cell->marks[i] = code;
            return;
        }
}

static void put_glyph(struct pane pane, int x, int y, enum style style, const struct glyph *glyph) {
    bool fits = !pane.grid->is_ascii || glyph->code < 0x80;
    for (int i = 0; glyph->escape[0] != '\0' && i < glyph->columns; i++) set(pane, x + i, y, style, (unsigned char)glyph->escape[i]);
    if (glyph->escape[0] != '\0') return;
    set(pane, x, y, style, fits ? glyph->code : '?');
    if (glyph->columns == 2) set(pane, x + 1, y, style, fits ? 0 : '?');
}

int put(struct pane pane, int x, int y, enum style style, const void *text, size_t len, int columns) {
    const unsigned char *in = text;
    int taken = 0, room = columns < pane.columns - x ? columns : pane.columns - x;
    for (size_t at = 0; at < len;) {
        struct glyph glyph;
        take(&glyph, in + at, len - at);
        if (glyph.columns > room - taken) break;
        if (glyph.columns == 0 && taken > 0 && !pane.grid->is_ascii) put_mark(pane, x + taken - 1, y, glyph.code);
        if (glyph.columns > 0) put_glyph(pane, x + taken, y, style, &glyph);
        at += glyph.bytes;
        taken += glyph.columns;
    }
    return taken;
}

int put_text(struct pane pane, int x, int y, enum style style, const char *text) {
    return put(pane, x, y, style, text, strlen(text), GRID_COLUMNS_MAX);
}

int put_format(struct pane pane, int x, int y, enum style style, const char *format, ...) {
    char text[1024];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return put_text(pane, x, y, style, text);
}

void put_cut(struct pane pane, int x, int y, enum style style, const char *text, size_t len, int columns, bool to_the_right) {
    if (columns <= 0) return;
    int wide = text_columns(text, len);
    if (wide > columns) {
        (void)put(pane, x, y, style, text, len, columns - 1);
        put_code(pane, x + columns - 1, y, STYLE_DIM, 0x2026, '~');
    } else {
        (void)put(pane, to_the_right ? x + columns - wide : x, y, style, text, len, columns);
    }
}

/* ---- our own characters ----------------------------------------------------------------------------------------------------- */

void put_code(struct pane pane, int x, int y, enum style style, uint32_t code, char plain) {
    set(pane, x, y, style, pane.grid->is_ascii ? (unsigned char)plain : code);
}

void put_fill(struct pane pane, int x, int y, int columns, enum style style, uint32_t code, char plain) {
    for (int i = 0; i < columns; i++) put_code(pane, x + i, y, style, code, plain);
}

void put_selected(struct pane pane, int y) {
    for (int x = 0; x < pane.columns; x++) {
        struct cell *cell = cell_at(pane, x, y);
        if (cell != NULL) cell->is_selected = true;
    }
}

void put_spark(struct pane pane, int x, int y, int columns, enum style style, const double *values, size_t count, double most) {
    static const char plain[] = " .:-=+*#";
    size_t shown = count < (size_t)(columns > 0 ? columns : 0) ? count : (size_t)(columns > 0 ? columns : 0);
    for (size_t i = 0; i < shown; i++) {
        double part = most > 0 ? values[count - shown + i] / most : 0;
        int level = part <= 0 ? 0 : part >= 1 ? 7 : (int)(part * 8);
        int column = x + columns - (int)shown + (int)i;
        if (part <= 0)
            put_code(pane, column, y, style, ' ', ' ');
        else
            put_code(pane, column, y, style, 0x2581u + (uint32_t)level, plain[level > 0 ? level : 1]);
    }
}

void put_gauge(struct pane pane, int x, int y, int columns, enum style style, double part) {
    int full = part <= 0 ? 0 : part >= 1 ? columns : (int)(part * columns + 0.5);
    put_fill(pane, x, y, full, style, 0x2588, '#');
    put_fill(pane, x + full, y, columns - full, STYLE_DIM, 0x2591, '.');
}
