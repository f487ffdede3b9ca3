/* The topics: what is said on each, how much and how regularly, and what was said last. */
#include "figures.h"
#include "views.h"

enum column { NAME, RATE, BYTES, GRAPH, COUNT, SIZE, INTERVAL, JITTER, WRITERS, AGE, ENCODING, VALUE };

static const struct table_column columns[] = {
    [NAME] = {"TOPIC", "its name", 20, .is_text = true, .grows = true},
    [RATE] = {"RATE", "messages in the last second", 6, .to_the_right = true, .most_first = true},
    [BYTES] = {"BYTES/S", "bytes of their payloads", 7, .to_the_right = true, .most_first = true, .rank = 3},
    [GRAPH] = {"MINUTE", "messages a second, in the last seconds", 12, .rank = 5},
    [COUNT] = {"COUNT", "messages since we look", 7, .to_the_right = true, .most_first = true, .rank = 4},
    [SIZE] = {"SIZE", "bytes of a payload, in the mean", 6, .to_the_right = true, .most_first = true, .rank = 7},
    [INTERVAL] = {"EVERY", "from one message to the next, in a moving mean", 6, .to_the_right = true, .rank = 6},
    [JITTER] = {"JITTER", "how much that differs, in the mean", 6, .to_the_right = true, .most_first = true, .rank = 9},
    [WRITERS] = {"BY", "how many say it", 3, .to_the_right = true, .most_first = true, .rank = 8},
    [AGE] = {"AGE", "since the last message", 6, .to_the_right = true, .rank = 2},
    [ENCODING] = {"ENCODING", "of the payloads", 9, .is_text = true, .rank = 10},
    [VALUE] = {"LAST VALUE", "what the last message says, decoded", 24, .grows = true, .as_text = true, .rank = 1},
};

static size_t count(const void *model) {
    return stats_topics(((const struct picture *)model)->stats);
}

static const struct stats_row *row_of(const struct picture *picture, size_t row) {
    return stats_topic(picture->stats, (uint32_t)row);
}

static uint64_t id(const void *model, size_t row) {
    return row_of(model, row)->id;
}

static double number(const void *model, size_t at, int column) {
    const struct picture *picture = model;
    const struct stats_row *row = row_of(picture, at);
    switch ((enum column)column) {
    case RATE: return stats_rate(row, picture->now_ns);
    case BYTES: return stats_byte_rate(row, picture->now_ns);
    case COUNT: return (double)row->messages;
    case SIZE: return row->messages > 0 ? (double)row->bytes / (double)row->messages : 0;
    case INTERVAL: return row->interval_ns;
    case JITTER: return row->jitter_ns;
    case WRITERS: return row->pairs;
    case AGE: return (double)(picture->now_ns - row->last_ns);
    case VALUE: return -(double)row->last_ns;
    case GRAPH: return (double)row->by_second[0];
    case NAME:
    case ENCODING: break;
    }
    return 0;
}

static const struct value_text *value_of(const struct picture *picture, size_t row) {
    return row < picture->value_count && picture->values[row].seq != 0 ? &picture->values[row] : NULL;
}

static const char *text(const void *model, size_t row, int column) {
    if (column == VALUE) return value_of(model, row) != NULL ? value_of(model, row)->text : NULL;
    return column == NAME ? row_of(model, row)->name : row_of(model, row)->encoding;
}

/* Intervals take two messages. */
static bool is_known(const void *model, size_t at, int column) {
    return (column != INTERVAL && column != JITTER) || number(model, at, column) > 0;
}

static void draw_value(const struct picture *picture, size_t at, struct pane cell) {
    const struct value_text *value = value_of(picture, at);
    if (value != NULL) cell_text(cell, value->is_bad ? STYLE_WARN : STYLE_VALUE, value->text);
}

static void draw(const void *model, size_t at, int column, struct pane cell) {
    const struct picture *picture = model;
    const struct stats_row *row = row_of(picture, at);
    double value = number(model, at, column);
    char figure[FIGURE];
    switch ((enum column)column) {
    case NAME: cell_text(cell, STYLE_NAME, row->name); break;
    case ENCODING: cell_text(cell, STYLE_DIM, row->encoding[0] != '\0' ? row->encoding : "-"); break;
    case RATE: cell_right(cell, value > 0 ? STYLE_STRONG : STYLE_DIM, figure_count(value, figure)); break;
    case BYTES: cell_right(cell, value > 0 ? STYLE_PLAIN : STYLE_DIM, figure_bytes(value, figure)); break;
    case GRAPH: cell_history(cell, row, picture->now_ns); break;
    case COUNT: cell_right(cell, STYLE_PLAIN, figure_count(value, figure)); break;
    case SIZE: cell_right(cell, STYLE_PLAIN, figure_bytes(value, figure)); break;
    case INTERVAL:
    case JITTER: cell_right(cell, STYLE_PLAIN, is_known(model, at, column) ? figure_duration(value, figure) : "-"); break;
    case WRITERS: cell_right(cell, STYLE_PLAIN, figure_count(value, figure)); break;
    case AGE: cell_right(cell, STYLE_DIM, figure_duration(value, figure)); break;
    case VALUE: draw_value(picture, at, cell); break;
    }
}

const struct table_kind topics_table = {columns, sizeof columns / sizeof *columns, RATE, count, id, number, text, is_known,
                                        draw,    "Nothing has been said yet."};
