/* The participants: who is there, what each sends, and how far its readers are behind. Of a recording: who sent. */
#include "figures.h"
#include "views.h"

#include <stdio.h>
#include <string.h>

enum column { NAME, PID, STATE, ROLES, RATE, BYTES, GRAPH, SENT, TOPICS, LAG, LOST, GONE, SINCE };

static const struct table_column columns[] = {
    [NAME] = {"NAME", "as it calls itself", 14, .is_text = true, .grows = true},
    [PID] = {"PID", "its process", 7, .to_the_right = true, .rank = 4},
    [STATE] = {"STATE", "whether its process lives", 6, .rank = 6, .as_text = true, .most_first = true},
    [ROLES] = {"ROLES", "what it does: w writes, r reads, g reads gated", 5, .rank = 5, .as_text = true},
    [RATE] = {"RATE", "messages that it sent in the last second", 6, .to_the_right = true, .most_first = true},
    [BYTES] = {"BYTES/S", "bytes of their payloads", 7, .to_the_right = true, .most_first = true, .rank = 7},
    [GRAPH] = {"MINUTE", "messages a second, in the last seconds", 12, .rank = 9},
    [SENT] = {"SENT", "messages that it has published", 7, .to_the_right = true, .most_first = true, .rank = 1},
    [TOPICS] = {"ON", "topics that it sends on", 3, .to_the_right = true, .most_first = true, .rank = 10},
    [LAG] = {"LAG", "messages that its slowest reader is behind", 6, .to_the_right = true, .most_first = true, .rank = 2},
    [LOST] = {"LOST", "messages overwritten before its readers got them", 6, .to_the_right = true, .most_first = true, .rank = 3},
    [GONE] = {"GONE", "messages whose payload was overwritten before", 6, .to_the_right = true, .most_first = true, .rank = 8},
    [SINCE] = {"SINCE", "since it joined, or first sent", 6, .to_the_right = true, .most_first = true, .rank = 11},
};

static size_t count(const void *model) {
    const struct picture *picture = model;
    return picture->is_live ? picture->people_count : stats_senders(picture->stats);
}

/* What it sent; NULL: nothing. */
static const struct stats_row *sent(const struct picture *picture, size_t row) {
    if (!picture->is_live) return stats_sender(picture->stats, (uint32_t)row);
    return stats_find_sender(picture->stats, picture->people[row].join);
}

static uint64_t id(const void *model, size_t row) {
    const struct picture *picture = model;
    if (picture->is_live) return picture->people[row].join;
    uint32_t join = sent(picture, row)->id;
    return join != 0 ? join : UINT64_C(1) << 32 | row;
}

static double number(const void *model, size_t at, int column) {
    const struct picture *picture = model;
    const struct stats_row *row = sent(picture, at);
    const struct sctx_participant *person = picture->is_live ? &picture->people[at] : NULL;
    switch ((enum column)column) {
    case PID: return person != NULL ? person->pid : row->pid;
    case STATE: return person != NULL ? person->alive != SCTX_DEAD : 1;
    case ROLES: return person != NULL ? person->roles : 1;
    case RATE: return row != NULL ? stats_rate(row, picture->now_ns) : 0;
    case BYTES: return row != NULL ? stats_byte_rate(row, picture->now_ns) : 0;
    case SENT: return person != NULL ? (double)person->published : (double)row->messages;
    case TOPICS: return row != NULL ? row->pairs : 0;
    case LAG: return person != NULL ? (double)person->lag : 0;
    case LOST: return person != NULL ? (double)person->lost : 0;
    case GONE: return person != NULL ? (double)person->gone : 0;
    case SINCE: return (double)(picture->now_ns - (person != NULL ? person->joined_ns : row->first_ns));
    case GRAPH:
    case NAME: break;
    }
    return 0;
}

/* What readers do, where there are some; what was lost nevertheless. */
static bool is_known(const void *model, size_t at, int column) {
    const struct picture *picture = model;
    bool has_readers = picture->is_live && (picture->people[at].roles & (SCTX_ROLE_READER | SCTX_ROLE_GATED)) != 0;
    if (column == LAG) return has_readers;
    if (column == LOST || column == GONE) return has_readers || number(model, at, column) > 0;
    return column != PID || number(model, at, PID) > 0;
}

static const char *roles_of(uint32_t roles) {
    static const char *const texts[] = {"-", "w", "r", "wr", "g", "wg", "rg", "wrg"};
    return texts[((roles & SCTX_ROLE_WRITER) != 0 ? 1 : 0) + ((roles & SCTX_ROLE_READER) != 0 ? 2 : 0) +
                 ((roles & SCTX_ROLE_GATED) != 0 ? 4 : 0)];
}

static const char *text(const void *model, size_t row, int column) {
    const struct picture *picture = model;
    const struct sctx_participant *person = picture->is_live ? &picture->people[row] : NULL;
    if (column == STATE) return person == NULL ? NULL : person->alive == SCTX_DEAD ? "dead" : "alive";
    if (column == ROLES) return person == NULL ? NULL : roles_of(person->roles);
    return picture->is_live ? picture->people[row].name : sent(picture, row)->name;
}

static void draw_text(const void *model, size_t at, int column, struct pane cell) {
    const char *said = text(model, at, column);
    enum style style = said == NULL ? STYLE_DIM : column == ROLES ? STYLE_PLAIN : strcmp(said, "dead") == 0 ? STYLE_BAD : STYLE_GOOD;
    cell_text(cell, style, said != NULL ? said : "-");
}

static void draw(const void *model, size_t at, int column, struct pane cell) {
    const struct picture *picture = model;
    double value = number(model, at, column);
    bool known = is_known(model, at, column);
    char figure[FIGURE];
    switch ((enum column)column) {
    case NAME: cell_text(cell, STYLE_PERSON, text(model, at, column)); break;
    case PID:
        (void)snprintf(figure, sizeof figure, "%.0f", value);
        cell_right(cell, STYLE_PLAIN, known ? figure : "-");
        break;
    case STATE:
    case ROLES: draw_text(model, at, column, cell); break;
    case RATE: cell_right(cell, value > 0 ? STYLE_STRONG : STYLE_DIM, figure_count(value, figure)); break;
    case BYTES: cell_right(cell, value > 0 ? STYLE_PLAIN : STYLE_DIM, figure_bytes(value, figure)); break;
    case GRAPH: cell_history(cell, sent(picture, at), picture->now_ns); break;
    case SENT:
    case TOPICS: cell_right(cell, value > 0 ? STYLE_PLAIN : STYLE_DIM, figure_count(value, figure)); break;
    case LAG: cell_right(cell, STYLE_PLAIN, known ? figure_count(value, figure) : "-"); break;
    case LOST:
    case GONE: cell_right(cell, value > 0 ? STYLE_WARN : STYLE_DIM, known ? figure_count(value, figure) : "-"); break;
    case SINCE: cell_right(cell, STYLE_DIM, figure_duration(value, figure)); break;
    }
}

const struct table_kind participants_table = {
    columns, sizeof columns / sizeof *columns, RATE, count, id, number, text, is_known, draw, "Nobody is there."};
