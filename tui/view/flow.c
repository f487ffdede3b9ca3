/* The flow: who answers whom, on which topics, and how fast. */
#include "flow.h"
#include "figures.h"
#include "views.h"

enum column { FROM, TOPIC, TO, ANSWER, COUNT, P50, P99, MOST, AGE };

static const struct table_column columns[] = {
    [FROM] = {"WHO", "who said something", 8, .is_text = true, .grows = true},
    [TOPIC] = {"SAID", "the topic that it was said on", 10, .is_text = true, .grows = true},
    [TO] = {"ANSWERED BY", "who answered: whose message has it as its cause", 11, .is_text = true, .grows = true},
    [ANSWER] = {"WITH", "the topic of the answer", 10, .is_text = true, .grows = true, .rank = 4},
    [COUNT] = {"COUNT", "answers", 6, .to_the_right = true, .most_first = true},
    [P50] = {"P50", "half of the answers came within this time", 6, .to_the_right = true, .most_first = true, .rank = 1},
    [P99] = {"P99", "99 of 100 did", 6, .to_the_right = true, .most_first = true, .rank = 2},
    [MOST] = {"MAX", "all did", 6, .to_the_right = true, .most_first = true, .rank = 3},
    [AGE] = {"AGE", "since the last answer", 6, .to_the_right = true, .rank = 5},
};

static const struct flow_edge *edge_of(const void *model, size_t row) {
    return flow_edge(((const struct picture *)model)->flow, (uint32_t)row);
}

static size_t count(const void *model) {
    return flow_count(((const struct picture *)model)->flow);
}

static uint64_t id(const void *model, size_t row) {
    (void)model;
    return row; /* edges stay in the order in which they came */
}

static double number(const void *model, size_t row, int column) {
    const struct flow_edge *edge = edge_of(model, row);
    switch ((enum column)column) {
    case COUNT: return (double)edge->count;
    case P50: return (double)flow_percentile(edge, 0.5);
    case P99: return (double)flow_percentile(edge, 0.99);
    case MOST: return (double)edge->max_ns;
    case AGE: return (double)(((const struct picture *)model)->now_ns - edge->last_ns);
    case FROM:
    case TOPIC:
    case TO:
    case ANSWER: break;
    }
    return 0;
}

static const char *text(const void *model, size_t row, int column) {
    const struct flow_edge *edge = edge_of(model, row);
    return column == FROM ? edge->from : column == TOPIC ? edge->topic : column == TO ? edge->to : edge->answer;
}

static void draw(const void *model, size_t row, int column, struct pane cell) {
    char figure[FIGURE];
    switch ((enum column)column) {
    case FROM:
    case TO: cell_text(cell, STYLE_PERSON, text(model, row, column)); break;
    case TOPIC:
    case ANSWER: cell_text(cell, STYLE_NAME, text(model, row, column)); break;
    case COUNT: cell_right(cell, STYLE_STRONG, figure_count(number(model, row, column), figure)); break;
    case P50:
    case P99:
    case MOST: cell_right(cell, STYLE_PLAIN, figure_duration(number(model, row, column), figure)); break;
    case AGE: cell_right(cell, STYLE_DIM, figure_duration(number(model, row, column), figure)); break;
    }
}

const struct table_kind flow_table = {columns, sizeof columns / sizeof *columns,
                                      COUNT,   count,
                                      id,      number,
                                      text,    NULL,
                                      draw,    "Nobody has answered anybody yet: no message names another one as its cause."};
