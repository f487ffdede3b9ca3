#include "messages.h"
#include "figures.h"
#include "words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void messages_prepare(struct window *window, struct judge *judge, int rows) {
    for (size_t i = window->top; i < window->count && i < window->top + (size_t)(rows > 0 ? rows : 0); i++) {
        struct kept *kept = &window->rows[i];
        char text[256];
        if (kept->kind != KEPT_MESSAGE || kept->words != NULL) continue;
        kept->is_bad = !words_of_payload(judge, kept->topic, kept->data, kept->held, kept->len, text, sizeof text);
        kept->words = strdup(text);
    }
}

struct layout {
    int seq, clock, from, topic, len, cause, words; /* where each begins; -1: it is not shown */
    int topic_columns, from_columns;
};

static struct layout lay_out(int columns) {
    struct layout at = {0, -1, -1, -1, -1, -1, -1, 0, 0};
    int x = 11;
    if (columns >= 50) {
        at.clock = x;
        x += 16;
    }
    if (columns >= 70) {
        at.from = x;
        at.from_columns = columns >= 120 ? 14 : 10;
        x += at.from_columns + 1;
    }
    at.topic = x;
    at.topic_columns = columns >= 160 ? 36 : columns >= 120 ? 26 : columns >= 70 ? 20 : columns >= 40 ? 14 : columns - x;
    x += at.topic_columns + 1;
    if (columns >= 100) {
        at.len = x;
        x += 7;
        at.cause = x;
        x += 11;
    }
    at.words = x < columns ? x : -1;
    return at;
}

static void head(struct pane pane, const struct layout *at) {
    (void)put_format(pane, at->seq, 0, STYLE_HEAD, "%10s", "SEQ");
    if (at->clock >= 0) (void)put_text(pane, at->clock, 0, STYLE_HEAD, "TIME");
    if (at->from >= 0) (void)put_text(pane, at->from, 0, STYLE_HEAD, "FROM");
    (void)put_text(pane, at->topic, 0, STYLE_HEAD, "TOPIC");
    if (at->len >= 0) (void)put_format(pane, at->len, 0, STYLE_HEAD, "%6s", "LEN");
    if (at->cause >= 0) (void)put_format(pane, at->cause, 0, STYLE_HEAD, "%10s", "CAUSE");
    if (at->words >= 0) (void)put_text(pane, at->words, 0, STYLE_HEAD, "WHAT IT SAYS");
}

static void gap(struct pane pane, int y, const struct kept *kept) {
    if (kept->kind == KEPT_SKIPPED) {
        (void)put_format(pane, 11, y, STYLE_DIM, "... %" PRIu64 " more, too fast to be shown; they are counted", kept->lost);
        return;
    }
    (void)put_format(pane, 11, y, STYLE_WARN, "%" PRIu64 " messages were overwritten before they could be read%s", kept->lost + kept->gone,
                     kept->gone > 0 ? " (some in part)" : "");
}

static void row(struct pane pane, int y, const struct layout *at, const struct kept *kept) {
    char figure[FIGURE];
    if (kept->kind != KEPT_MESSAGE) {
        gap(pane, y, kept);
        return;
    }
    (void)put_format(pane, at->seq, y, STYLE_DIM, "%10" PRIu64, kept->seq);
    if (at->clock >= 0) (void)put_text(pane, at->clock, y, STYLE_PLAIN, figure_clock(kept->time_ns, figure));
    if (at->from >= 0) put_cut(pane, at->from, y, STYLE_PERSON, kept->from, strlen(kept->from), at->from_columns, false);
    put_cut(pane, at->topic, y, STYLE_NAME, kept->topic->name, strlen(kept->topic->name), at->topic_columns, false);
    if (at->len >= 0) (void)put_format(pane, at->len, y, STYLE_PLAIN, "%6s", figure_bytes(kept->len, figure));
    if (at->cause >= 0 && kept->has_cause) (void)put_format(pane, at->cause, y, STYLE_DIM, "%10" PRIu64, kept->cause);
    if (at->words >= 0 && kept->words != NULL)
        put_cut(pane, at->words, y, kept->is_bad ? STYLE_WARN : STYLE_VALUE, kept->words, strlen(kept->words), pane.columns - at->words,
                false);
}

void messages_draw(const struct window *window, struct pane pane, int64_t now_ns) {
    struct layout at = lay_out(pane.columns);
    (void)now_ns;
    head(pane, &at);
    for (int y = 1; y < pane.rows && window->top + (size_t)y - 1 < window->count; y++) {
        size_t i = window->top + (size_t)y - 1;
        row(pane, y, &at, &window->rows[i]);
        if (i == window->at) put_selected(pane_part(pane, 0, y, pane.columns, 1), 0);
    }
    if (window->count > 0) return;
    (void)put_text(pane, 1, 2, STYLE_DIM,
                   window->is_searching ? "Looking back ..." : "No message yet that is looked for. Esc: look at all of them.");
}
