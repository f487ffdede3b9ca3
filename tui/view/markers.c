/* The markers: how high each stands, where its thresholds are, and how it was. */
#include "figures.h"
#include "views.h"

#include <stdlib.h>

enum column { NAME, LEVEL, UNIT, LOW, HIGH, GRAPH, AGE, KIND };

static const struct table_column columns[] = {
    [NAME] = {"MARKER", "its name", 14, .is_text = true, .grows = true},
    [LEVEL] = {"LEVEL", "how high it stands", 12, .to_the_right = true, .most_first = true},
    [UNIT] = {"UNIT", "of the level", 6, .is_text = true, .rank = 4},
    [LOW] = {"LOW", "it announces when it falls below this", 9, .to_the_right = true, .rank = 2},
    [HIGH] = {"HIGH", "or rises above this", 9, .to_the_right = true, .rank = 1},
    [GRAPH] = {"MINUTE", "the level, in the last seconds", 20, .rank = 3},
    [AGE] = {"AGE", "since it was set", 6, .to_the_right = true, .rank = 5},
    [KIND] = {"KIND", "f64, i64, or counter", 7, .is_text = true, .rank = 6},
};

static const struct level *level_of(const void *model, size_t row) {
    return &((const struct picture *)model)->levels.list[row];
}

static size_t count(const void *model) {
    return ((const struct picture *)model)->levels.count;
}

static uint64_t id(const void *model, size_t row) {
    (void)model;
    return row; /* markers stay */
}

static double number(const void *model, size_t row, int column) {
    const struct level *level = level_of(model, row);
    if (column == LEVEL || column == GRAPH) return level->value;
    if (column == AGE) return (double)(((const struct picture *)model)->now_ns - level->time_ns);
    return strtod(column == LOW ? level->low : level->high, NULL);
}

static bool is_known(const void *model, size_t row, int column) {
    const struct level *level = level_of(model, row);
    if (column == LOW) return level->low[0] != '\0';
    if (column == HIGH) return level->high[0] != '\0';
    return level->time_ns != 0;
}

static const char *text(const void *model, size_t row, int column) {
    const struct level *level = level_of(model, row);
    return column == NAME ? level->name : column == UNIT ? level->unit : level->kind;
}

static void draw_graph(const struct picture *picture, const struct level *level, struct pane cell) {
    double values[LEVELS_SECONDS];
    size_t room = cell.columns < LEVELS_SECONDS ? (size_t)cell.columns : LEVELS_SECONDS;
    size_t known = level_history(level, picture->now_ns, values, room);
    double least = known > 0 ? values[0] : 0, most = least;
    for (size_t i = 0; i < known; i++) {
        if (values[i] < least) least = values[i];
        if (values[i] > most) most = values[i];
    }
    /* From a little below the least, so that a level that does not change is a line. */
    double span = most > least ? most - least : 1;
    for (size_t i = 0; i < known; i++) values[i] = values[i] - least + span / 8;
    put_spark(cell, 0, 0, cell.columns, STYLE_GRAPH, values, known, span * 9 / 8);
}

static void draw(const void *model, size_t row, int column, struct pane cell) {
    const struct level *level = level_of(model, row);
    char figure[FIGURE];
    switch ((enum column)column) {
    case NAME: cell_text(cell, STYLE_NAME, level->name); break;
    case LEVEL:
        cell_right(cell, level->is_low || level->is_high ? STYLE_BAD : STYLE_STRONG, is_known(model, row, LEVEL) ? level->text : "-");
        break;
    case UNIT: cell_text(cell, STYLE_DIM, level->unit); break;
    case LOW: cell_right(cell, level->is_low ? STYLE_BAD : STYLE_PLAIN, is_known(model, row, LOW) ? level->low : "-"); break;
    case HIGH: cell_right(cell, level->is_high ? STYLE_BAD : STYLE_PLAIN, is_known(model, row, HIGH) ? level->high : "-"); break;
    case GRAPH: draw_graph(model, level, cell); break;
    case AGE: cell_right(cell, STYLE_DIM, is_known(model, row, AGE) ? figure_duration(number(model, row, AGE), figure) : "-"); break;
    case KIND: cell_text(cell, STYLE_DIM, level->kind); break;
    }
}

const struct table_kind markers_table = {columns, sizeof columns / sizeof *columns, NAME, count, id, number, text, is_known,
                                         draw,    "There are no markers."};
