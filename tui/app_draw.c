#include "app_state.h"
#include "figures.h"
#include "ring.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- the lines at the top --------------------------------------------------------------------------------------------------- */

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* What is wrong, or holds: to the right of the first line. */
static void put_state(struct app *app, struct pane line) {
    struct stats_loss loss = stats_loss(app->picture.stats);
    char text[80] = "";
    enum style style = STYLE_BAR_ON;
    if (app->taping != NULL)
        (void)snprintf(text, sizeof text, " REC ");
    else if (app->is_held)
        (void)snprintf(text, sizeof text, " HELD ");
    else if (app->status.is_behind && !app_is_live(app))
        (void)snprintf(text, sizeof text, " counting ");
    else if (loss.lost + loss.gone > 0) {
        char count[FIGURE];
        (void)snprintf(text, sizeof text, " %s not seen ", figure_count((double)(loss.lost + loss.gone), count));
        style = STYLE_WARN;
    }
    (void)put_text(line, line.columns - (int)strlen(text), 0, style, text);
}

static void put_title(struct app *app, struct pane line) {
    const struct stats_row *total = stats_total(app->picture.stats);
    char rate[FIGURE], bytes[FIGURE];
    put_fill(line, 0, 0, line.columns, STYLE_BAR, ' ', ' ');
    int x = 1 + put_text(line, 1, 0, STYLE_BAR, app_is_live(app) ? "" : "recording ");
    const char *name = app_is_live(app) ? app->picture.has_info ? app->picture.info.name : "waiting" : base_name(app->options.path);
    x += put_text(line, x, 0, STYLE_BAR, name) + 2;
    if (app_is_live(app) && app->status.state == COUNTER_WAITING)
        (void)put_text(line, x, 0, STYLE_BAR, app->status.text);
    else
        (void)put_format(line, x, 0, STYLE_BAR, "%s/s  %s/s  %u topics  %" PRIu64 " messages",
                         figure_count(stats_rate(total, app->picture.now_ns), rate),
                         figure_bytes(stats_byte_rate(total, app->picture.now_ns), bytes), stats_topics(app->picture.stats),
                         total->messages);
    put_state(app, line);
}

static void put_tabs(struct app *app, struct pane line) {
    int x = 0;
    for (int view = 0; view < VIEWS; view++) {
        bool is_on = view == (int)app->view;
        const char *name = view == VIEW_RING && !app_is_live(app) ? "File" : view_names[view];
        bool is_short = line.columns < 64 && !is_on;
        x += put_format(line, x, 0, is_on ? STYLE_STRONG : STYLE_DIM, "%d", view + 1);
        if (!is_short) x += put_format(line, x, 0, is_on ? STYLE_STRONG : STYLE_PLAIN, is_on ? "[%s]" : " %s ", name);
        if (is_short) x++;
        app->tab_ends[view] = x;
    }
}

/* "topic till/price from till, filter data.price > 100": what the messages are narrowed to. */
static void put_scope(const struct app *app, struct pane line) {
    const struct scope *scope = &app->judge.scope;
    int x = 0;
    if (app->view != VIEW_MESSAGES || (scope_is_all(scope) && app->filter[0] == '\0')) return;
    if (scope->topic[0] != '\0') {
        x += put_text(line, x, 0, STYLE_DIM, "topic ");
        x += put_text(line, x, 0, STYLE_NAME, scope->topic) + 1;
    }
    if (scope->from[0] != '\0') {
        x += put_text(line, x, 0, STYLE_DIM, "from ");
        x += put_text(line, x, 0, STYLE_PERSON, scope->from) + 1;
    }
    if (scope->has_cause) x += put_format(line, x, 0, STYLE_DIM, "answers to %" PRIu64 " ", scope->cause);
    if (app->filter[0] == '\0') return;
    x += put_text(line, x, 0, STYLE_DIM, "filter ");
    (void)put_text(line, x, 0, STYLE_STRONG, app->filter);
}

/* ---- the line at the bottom ------------------------------------------------------------------------------------------------- */

static void put_prompt(struct app *app, struct pane line) {
    const struct prompt *prompt = &app->prompt;
    int x = put_text(line, 0, 0, STYLE_STRONG, prompt->kind == PROMPT_SEARCH ? "/" : "filter: "), room = line.columns - x - 1;
    size_t from = 0;
    while (text_columns(prompt->text + from, prompt->at - from) > room) from++;
    (void)put(line, x, 0, STYLE_PLAIN, prompt->text + from, prompt->len - from, room + 1);
    int cursor = x + text_columns(prompt->text + from, prompt->at - from);
    bool is_end = prompt->at == prompt->len;
    (void)put(line, cursor, 0, STYLE_LIT, is_end ? " " : prompt->text + prompt->at, 1, 1);
}

static void put_filter_error(struct app *app, struct pane pane) {
    char shown[FILTER_SHOWN_MAX];
    if (app->prompt.kind != PROMPT_FILTER || app->filter_error.text[0] == '\0') return;
    (void)filter_error_show(&app->filter_error, app->prompt.text, shown);
    int y = pane.rows - 2;
    for (char *line = shown, *end; y < pane.rows && (end = strchr(line, '\n')) != NULL; line = end + 1, y++) {
        *end = '\0';
        put_fill(pane, 0, y, pane.columns, STYLE_WARN, ' ', ' ');
        (void)put_text(pane, 0, y, STYLE_WARN, line);
    }
}

static void put_keys(const struct app *app, struct pane line) {
    unsigned place = app_place(app);
    int x = 0;
    for (size_t i = 0; i < binding_count; i++) {
        char name[KEY_NAME];
        if (bindings[i].label == NULL || !binding_is_for(&bindings[i], place)) continue;
        const char *key = key_label(bindings[i].keys[0], name);
        int wide = text_columns(key, strlen(key)) + 1 + (int)strlen(bindings[i].label) + 2;
        if (x + wide > line.columns + 2) continue;
        x += put_text(line, x, 0, STYLE_STRONG, key) + 1;
        x += put_text(line, x, 0, STYLE_DIM, bindings[i].label) + 2;
    }
}

static void put_bottom(struct app *app, struct pane line) {
    char text[512];
    if (app->prompt.kind != PROMPT_NONE)
        put_prompt(app, line);
    else if (app->note[0] != '\0')
        (void)put_text(line, 0, 0, STYLE_WARN, app->note);
    else if (app->taping != NULL && !taping_tell(app->taping, text, sizeof text))
        (void)put_text(line, 0, 0, STYLE_STRONG, text);
    else
        put_keys(app, line);
}

/* ---- the views -------------------------------------------------------------------------------------------------------------- */

static void put_messages(struct app *app, struct pane body) {
    int list_rows = body.rows;
    if (app->has_detail) list_rows = body.rows >= 14 ? body.rows / 3 : 0;
    app->list = pane_part(body, 0, 0, body.columns, list_rows);
    /* Without a list the window still has to know what is the next message. */
    app->window.shown = list_rows > 1 ? (size_t)list_rows - 1 : 1;
    if (list_rows > 0) messages_draw(&app->window, app->list, app->picture.now_ns);
    if (!app->has_detail) return;
    if (list_rows > 0) put_fill(body, 0, list_rows, body.columns, STYLE_DIM, 0x2500, '-');
    int from = list_rows > 0 ? list_rows + 1 : 0;
    detail_draw(&app->detail, pane_part(body, 0, from, body.columns, body.rows - from), window_chosen(&app->window));
}

static void put_window_state(const struct app *app, struct pane line) {
    char text[96] = "", count[FIGURE];
    if (app->view != VIEW_MESSAGES) return;
    if (app->window.is_searching)
        (void)snprintf(text, sizeof text, "looking back");
    else if (app->window.follows)
        (void)snprintf(text, sizeof text, "following");
    else if (app->window.newer > 0)
        (void)snprintf(text, sizeof text, "%s newer, End: to them", figure_count((double)app->window.newer, count));
    (void)put_text(line, line.columns - (int)strlen(text), 0, STYLE_DIM, text);
}

static void put_view(struct app *app, struct pane body) {
    struct table *table = app_table(app);
    if (table != NULL) {
        app->list = body;
        (void)table_update(table, &app->picture);
        table_draw(table, body, &app->picture);
    } else if (app->view == VIEW_MESSAGES) {
        put_messages(app, body);
    } else {
        bool is_live = app_is_live(app);
        ring_draw(body, &app->picture, is_live ? NULL : &app->moment, app->options.path, &app->status, app->ring_top);
    }
}

/* ---- help ------------------------------------------------------------------------------------------------------------------- */

static int put_columns_help(const struct app *app, struct pane body, int y) {
    const struct table_kind *kind = app->tables[app->view].kind;
    if (kind == NULL) return y;
    y++;
    (void)put_format(body, 1, y++, STYLE_HEAD, "The columns of %s", view_names[app->view]);
    for (int i = 0; i < kind->column_count; i++, y++) {
        (void)put_text(body, 1, y, STYLE_STRONG, kind->columns[i].title);
        (void)put_text(body, 18, y, STYLE_PLAIN, kind->columns[i].tells);
    }
    return y;
}

static void put_help(struct app *app, struct pane body) {
    int y = -app->help_top;
    (void)put_text(body, 1, y++, STYLE_HEAD, "Keys here (Up, Down: more; any other key: back)");
    for (size_t i = 0; i < binding_count; i++) {
        char keys[BINDING_KEYS];
        if (!binding_is_for(&bindings[i], app_place(app))) continue;
        (void)put_text(body, 1, y, STYLE_STRONG, binding_keys(&bindings[i], keys));
        (void)put_text(body, 18, y++, STYLE_PLAIN, bindings[i].tells);
    }
    (void)put_text(body, 1, y++, STYLE_PLAIN, "The mouse chooses rows and views, sorts by a column's head, and opens with two clicks.");
    y = put_columns_help(app, body, y);
    int all = y + app->help_top;
    if (app->help_top > all - body.rows) app->help_top = all > body.rows ? all - body.rows : 0;
}

/* ---- all of it -------------------------------------------------------------------------------------------------------------- */

void app_draw(struct app *app, struct grid *grid) {
    grid_clear(grid);
    struct pane all = pane_of(grid);
    bool is_low = all.rows < 8;
    int top = is_low ? 1 : 2, timeline = !app_is_live(app) && all.rows >= 12 ? TIMELINE_ROWS : 0;
    bool has_scope = app->view == VIEW_MESSAGES && !is_low && (!scope_is_all(&app->judge.scope) || app->filter[0] != '\0');
    app_lock(app);
    put_title(app, pane_part(all, 0, 0, all.columns, 1));
    app->tabs = pane_part(all, 0, 1, all.columns, is_low ? 0 : 1);
    put_tabs(app, app->tabs);
    put_window_state(app, app->tabs);
    if (has_scope) put_scope(app, pane_part(all, 0, top++, all.columns, 1));
    app->body = pane_part(all, 0, top, all.columns, all.rows - top - 1 - timeline);
    app->list = pane_part(all, 0, 0, 0, 0);
    if (app->has_help)
        put_help(app, app->body);
    else
        put_view(app, app->body);
    put_filter_error(app, app->body);
    app->line = pane_part(all, 0, all.rows - 1 - timeline, all.columns, timeline);
    if (timeline > 0) timeline_draw(app->line, &app->moment, app->density);
    if (all.rows > 2) put_bottom(app, pane_part(all, 0, all.rows - 1, all.columns, 1));
    app_unlock(app);
}
