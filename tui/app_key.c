#include "app_state.h"
#include "ring.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- where one is ----------------------------------------------------------------------------------------------------------- */

static void remember(struct app *app) {
    const struct kept *kept = window_chosen(&app->window);
    if (app->stop_count == STOPS_MAX) memmove(app->stops, app->stops + 1, --app->stop_count * sizeof *app->stops);
    app->stops[app->stop_count++] =
        (struct stop){app->view, app->judge.scope, kept != NULL && !app->window.follows ? kept->seq : 0, app->has_detail};
}

static void go_to_seq(struct app *app, uint64_t seq) {
    (void)window_go(&app->window, &app->judge, app->source, app_end(app), seq);
    app->detail.seq = 0;
}

static bool scope_is_same(const struct scope *a, const struct scope *b) {
    return strcmp(a->topic, b->topic) == 0 && strcmp(a->from, b->from) == 0 && a->has_cause == b->has_cause &&
           (!a->has_cause || a->cause == b->cause);
}

static void go_back(struct app *app) {
    if (app->stop_count == 0) {
        const struct scope all = {.has_cause = false};
        if (app->has_detail)
            app->has_detail = false;
        else if (app->view == VIEW_MESSAGES && !scope_is_all(&app->judge.scope))
            app_look(app, &all);
        return;
    }
    const struct stop *stop = &app->stops[--app->stop_count];
    app->view = stop->view;
    app->has_detail = stop->has_detail && stop->view == VIEW_MESSAGES;
    if (!scope_is_same(&app->judge.scope, &stop->scope)) app_look(app, &stop->scope);
    if (stop->seq != 0) go_to_seq(app, stop->seq);
}

static void show_view(struct app *app, enum view view) {
    const struct scope all = {.has_cause = false};
    app->stop_count = 0;
    app->has_detail = false;
    if (view == VIEW_MESSAGES && (app->view == VIEW_MESSAGES || !scope_is_all(&app->judge.scope))) app_look(app, &all);
    app->view = view;
}

static void show_messages(struct app *app, const struct scope *scope) {
    remember(app);
    app->view = VIEW_MESSAGES;
    app->has_detail = false;
    app_look(app, scope);
}

static void put_name(char *to, size_t room, const char *name) {
    (void)snprintf(to, room, "%s", name);
}

static void open_chosen(struct app *app) {
    struct scope scope = {.has_cause = false};
    struct table *table = app_table(app);
    if (table == NULL) {
        const struct kept *kept = window_chosen(&app->window);
        if (app->view != VIEW_MESSAGES || kept == NULL || kept->kind != KEPT_MESSAGE) return;
        remember(app);
        app->has_detail = true;
        app->window.follows = false;
        return;
    }
    app_lock(app);
    (void)table_update(table, &app->picture);
    size_t row = table_chosen(table);
    if (row != SIZE_MAX && app->view == VIEW_TOPICS)
        put_name(scope.topic, sizeof scope.topic, stats_topic(app->picture.stats, (uint32_t)row)->name);
    if (row != SIZE_MAX && app->view == VIEW_PARTICIPANTS)
        put_name(scope.from, sizeof scope.from, table->kind->text(&app->picture, row, 0));
    if (row != SIZE_MAX && app->view == VIEW_MARKERS)
        (void)snprintf(scope.topic, sizeof scope.topic, "marker/%.240s", app->picture.levels.list[row].name);
    if (row != SIZE_MAX && app->view == VIEW_FLOW) {
        const struct flow_edge *edge = flow_edge(app->picture.flow, (uint32_t)row);
        put_name(scope.topic, sizeof scope.topic, edge->answer);
        put_name(scope.from, sizeof scope.from, edge->to);
    }
    app_unlock(app);
    if (row != SIZE_MAX) show_messages(app, &scope);
}

/* ---- from message to message ------------------------------------------------------------------------------------------------ */

static void go_to_cause(struct app *app) {
    const struct kept *kept = window_chosen(&app->window);
    const struct scope all = {.has_cause = false};
    if (kept == NULL || kept->kind != KEPT_MESSAGE) return;
    if (!kept->has_cause) {
        app_say(app, "message %" PRIu64 " names no cause", kept->seq);
        return;
    }
    uint64_t cause = kept->cause, seq = kept->seq;
    app->window.follows = false;
    remember(app);
    app->stops[app->stop_count - 1].seq = seq;
    app_look(app, &all);
    if (window_go(&app->window, &app->judge, app->source, app_end(app), cause)) return;
    go_back(app);
    app_say(app,
            app->filter[0] != '\0' ? "message %" PRIu64 " is not held any more, or the filter hides it"
                                   : "message %" PRIu64 " is not held any more",
            cause);
}

static void show_effects(struct app *app) {
    const struct kept *kept = window_chosen(&app->window);
    if (kept == NULL || kept->kind != KEPT_MESSAGE) return;
    struct scope scope = {.cause = kept->seq, .has_cause = true};
    app->window.follows = false;
    bool has_detail = app->has_detail;
    show_messages(app, &scope);
    app->stops[app->stop_count - 1].seq = scope.cause;
    app->stops[app->stop_count - 1].has_detail = has_detail;
    window_place(&app->window, scope.cause + 1);
    app->window.is_first = true;
}

/* What people read in a line of the list. */
static bool kept_has(const struct kept *kept, const char *wanted) {
    if (kept->kind != KEPT_MESSAGE) return false;
    return text_has(kept->topic->name, wanted) || text_has(kept->from, wanted) || (kept->words != NULL && text_has(kept->words, wanted));
}

static bool search_messages(struct app *app, int step) {
    enum { ROWS_MAX = 20000 };
    struct window *window = &app->window;
    uint64_t end = app_end(app), seq = 0;
    for (int i = 0; i < ROWS_MAX; i++) {
        size_t before = window->count, was = window->at;
        const struct kept *old = window_chosen(window);
        seq = old != NULL ? old->seq : 0;
        window_move(window, &app->judge, app->source, end, step);
        const struct kept *kept = window_chosen(window);
        bool stays = kept == NULL || (window->at == was && window->count == before && kept->seq == seq);
        if (stays) break;
        size_t top = window->top;
        window->top = window->at;
        messages_prepare(window, &app->judge, 1);
        window->top = top;
        if (kept_has(kept, app->search)) {
            window->follows = false;
            return true;
        }
    }
    return false;
}

static void search(struct app *app, int step) {
    struct table *table = app_table(app);
    bool found = false;
    if (app->search[0] == '\0') {
        app_say(app, "nothing was searched for yet: / does");
        return;
    }
    if (table != NULL) {
        app_lock(app);
        (void)table_update(table, &app->picture);
        found = table_search(table, &app->picture, app->search, step);
        app_unlock(app);
    } else if (app->view == VIEW_MESSAGES) {
        /* The newest is at the bottom: people look from there back. */
        found = search_messages(app, -step);
    }
    if (!found) app_say(app, "no%s has '%.200s' in it", app->view == VIEW_MESSAGES ? " message" : "thing", app->search);
}

/* The first of these words that there is. */
static void search_trouble(struct app *app) {
    static const char *const words[] = {"alert", "error", "warn", "fail"};
    struct table *table = app_table(app);
    bool found = false;
    if (table == NULL) return;
    app_lock(app);
    (void)table_update(table, &app->picture);
    for (size_t i = 0; i < sizeof words / sizeof *words && !found; i++) found = table_search(table, &app->picture, words[i], 1);
    app_unlock(app);
    if (!found) app_say(app, "nothing here sounds like trouble");
}

/* ---- moving ----------------------------------------------------------------------------------------------------------------- */

static void move(struct app *app, long rows) {
    struct table *table = app_table(app);
    if (app->view == VIEW_MESSAGES && app->has_detail) {
        detail_move(&app->detail, rows);
    } else if (app->view == VIEW_MESSAGES) {
        window_move(&app->window, &app->judge, app->source, app_end(app), rows);
    } else if (table != NULL) {
        app_lock(app);
        (void)table_update(table, &app->picture);
        table_move(table, &app->picture, rows);
        app_unlock(app);
    } else {
        long top = app->ring_top + rows;
        app->ring_top = top < 0 ? 0 : top > 20 ? 20 : (int)top;
    }
}

static void move_to_end(struct app *app, bool is_last) {
    if (app->view == VIEW_MESSAGES && app->has_detail) {
        detail_move(&app->detail, is_last ? 1000000 : -1000000);
    } else if (app->view == VIEW_MESSAGES && is_last) {
        window_go_last(&app->window);
        counter_lock(app->counter);
        tape_clear(counter_tape(app->counter));
        counter_unlock(app->counter);
    } else if (app->view == VIEW_MESSAGES) {
        window_go_first(&app->window, &app->judge, app->source, app_end(app));
    } else {
        move(app, is_last ? 1000000000 : -1000000000);
    }
}

static long page_of(const struct app *app) {
    if (app->view == VIEW_MESSAGES && app->has_detail) return app->detail.shown > 1 ? app->detail.shown - 1 : 1;
    if (app->view == VIEW_MESSAGES) return app->window.shown > 1 ? (long)app->window.shown - 1 : 1;
    return app->body.rows > 3 ? app->body.rows - 2 : 1;
}

static void move_message(struct app *app, long rows) {
    window_move(&app->window, &app->judge, app->source, app_end(app), rows);
    app->window.follows = false;
    const struct kept *kept = window_chosen(&app->window);
    /* Over the rows that are none. */
    if (kept != NULL && kept->kind != KEPT_MESSAGE) window_move(&app->window, &app->judge, app->source, app_end(app), rows);
    app->window.follows = false;
}

/* ---- holding, playing, writing ---------------------------------------------------------------------------------------------- */

static void hold(struct app *app) {
    if (!app_is_live(app)) {
        moment_play(&app->moment, !app->moment.plays, app->wall_ns);
        app->window.follows = true;
        return;
    }
    if (app->is_held) {
        picture_let_go(&app->picture);
        app->is_held = false;
        move_to_end(app, true);
        return;
    }
    counter_lock(app->counter);
    app->is_held = picture_hold(&app->picture, app->counter);
    counter_unlock(app->counter);
    app->window.follows = false;
}

static void seek(struct app *app, int parts) {
    int64_t span = app->moment.range.last_ns - app->moment.range.first_ns;
    moment_seek(&app->moment, app->moment.time_ns + span / 50 * parts);
    app->window.follows = true;
}

static void step(struct app *app, int messages) {
    moment_step(&app->moment, messages);
    app->window.follows = true;
}

static void change_rate(struct app *app, double factor) {
    double rate = app->moment.rate * factor;
    if (rate >= 1.0 / 1024 && rate <= 1024) app->moment.rate = rate;
}

static void write_file(struct app *app, bool is_snapshot) {
    char path[300], stamp[32], text[512];
    struct source_fault fault;
    struct tm tm;
    time_t now = time(NULL);
    if (app->taping != NULL) {
        taping_end(app->taping, text, sizeof text);
        app->taping = NULL;
        app_say(app, "%s", text);
        return;
    }
    if (!app->picture.has_info) {
        app_say(app, "there is no context yet");
        return;
    }
    if (localtime_r(&now, &tm) == NULL || strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm) == 0) stamp[0] = '\0';
    const char *folder = app->options.folder != NULL ? app->options.folder : ".";
    (void)snprintf(path, sizeof path, "%.200s/%s%s-%s.mcap", folder, is_snapshot ? "snapshot-" : "", app->picture.info.name, stamp);
    app->taping = taping_begin(app->options.context, app->options.dir, path, is_snapshot, &fault);
    if (app->taping == NULL) app_say(app, "%s", fault.text);
}

static void retry(struct app *app) {
    const struct kept *kept = window_chosen(&app->window);
    if (kept == NULL || kept->kind != KEPT_MESSAGE) return;
    enum host_outcome outcome;
    struct host_choice choice =
        judge_decode(&app->judge, kept->topic, kept->data, kept->held, SCTX_WANT_SUMMARY, &app->judge.tree, &outcome);
    if (choice.decoder != NULL && host_retry(decoding_host(app->decoding), choice.decoder->manifest.name))
        app_say(app, "%s is tried again", choice.decoder->manifest.name);
    else
        app_say(app, "its decoder is in use: there is nothing to try again");
    for (size_t i = 0; i < app->window.count; i++) {
        /* What it said is asked for anew. */
        struct kept *row = &app->window.rows[i];
        if (!row->is_bad) continue;
        free(row->words);
        row->words = NULL;
    }
    app->detail.seq = 0;
}

/* ---- keys ------------------------------------------------------------------------------------------------------------------- */

static void sort(struct app *app, int beside) {
    struct table *table = app_table(app);
    if (table == NULL) return;
    if (beside != 0)
        table_sort_beside(table, beside);
    else
        table->is_reversed = !table->is_reversed;
}

static bool act_on_view(struct app *app, enum action action) {
    if (action >= ACT_TOPICS && action <= ACT_RING) {
        show_view(app, (enum view)(action - ACT_TOPICS));
        return true;
    }
    switch ((unsigned)action) {
    case ACT_NEXT_VIEW: show_view(app, (enum view)((app->view + 1) % VIEWS)); return true;
    case ACT_PREVIOUS_VIEW: show_view(app, (enum view)((app->view + VIEWS - 1) % VIEWS)); return true;
    case ACT_UP: move(app, -1); return true;
    case ACT_DOWN: move(app, 1); return true;
    case ACT_PAGE_UP: move(app, -page_of(app)); return true;
    case ACT_PAGE_DOWN: move(app, page_of(app)); return true;
    case ACT_FIRST: move_to_end(app, false); return true;
    case ACT_LAST: move_to_end(app, true); return true;
    case ACT_OPEN: open_chosen(app); return true;
    case ACT_BACK: go_back(app); return true;
    case ACT_SORT_LEFT: sort(app, -1); return true;
    case ACT_SORT_RIGHT: sort(app, 1); return true;
    case ACT_SORT_TURN: sort(app, 0); return true;
    default: return false;
    }
}

static void act(struct app *app, enum action action) {
    switch ((unsigned)action) {
    case ACT_SEARCH: prompt_begin(&app->prompt, PROMPT_SEARCH, ""); break;
    case ACT_TROUBLE: search_trouble(app); break;
    case ACT_SEARCH_NEXT: search(app, 1); break;
    case ACT_SEARCH_PREVIOUS: search(app, -1); break;
    case ACT_FILTER: prompt_begin(&app->prompt, PROMPT_FILTER, app->filter); break;
    case ACT_PAUSE: hold(app); break;
    case ACT_CAUSE: go_to_cause(app); break;
    case ACT_EFFECTS: show_effects(app); break;
    case ACT_LEFT: move_message(app, -1); break;
    case ACT_RIGHT: move_message(app, 1); break;
    case ACT_RETRY: retry(app); break;
    case ACT_SNAPSHOT: write_file(app, true); break;
    case ACT_RECORD: write_file(app, false); break;
    case ACT_STEP_BACK: step(app, -1); break;
    case ACT_STEP: step(app, 1); break;
    case ACT_SEEK_BACK: seek(app, -1); break;
    case ACT_SEEK: seek(app, 1); break;
    case ACT_SLOWER: change_rate(app, 0.5); break;
    case ACT_FASTER: change_rate(app, 2); break;
    case ACT_HELP:
        app->has_help = true;
        app->help_top = 0;
        break;
    case ACT_REDRAW: app->redraw = true; break;
    default: break;
    }
}

static void type(struct app *app, uint32_t key) {
    struct prompt *prompt = &app->prompt;
    enum prompt_result result = prompt_key(prompt, key);
    if (result == PROMPT_GOES_ON) {
        app->filter_error.text[0] = '\0';
        return;
    }
    if (result == PROMPT_DONE && prompt->kind == PROMPT_FILTER) {
        if (!app_set_filter(app, prompt->text)) return;
        if (app->view != VIEW_MESSAGES && prompt->len > 0) {
            remember(app);
            app->view = VIEW_MESSAGES;
        }
    }
    bool searches = result == PROMPT_DONE && prompt->kind == PROMPT_SEARCH && prompt->len > 0;
    if (searches) (void)snprintf(app->search, sizeof app->search, "%s", prompt->text);
    app->filter_error.text[0] = '\0';
    prompt_end(prompt);
    if (searches) search(app, 1);
}

static void help_key(struct app *app, uint32_t key) {
    if (key == KEY_OF_DOWN || key == 'j' || key == KEY_OF_WHEEL_DOWN || key == KEY_OF_PAGE_DOWN)
        app->help_top += key == KEY_OF_PAGE_DOWN ? 10 : 1;
    else if ((key == KEY_OF_UP || key == 'k' || key == KEY_OF_WHEEL_UP || key == KEY_OF_PAGE_UP) && app->help_top > 0)
        app->help_top = app->help_top > 10 && key == KEY_OF_PAGE_UP ? app->help_top - 10 : app->help_top - 1;
    else if (key != KEY_OF_UP && key != 'k' && key != KEY_OF_WHEEL_UP && key != KEY_OF_RESIZE)
        app->has_help = false;
}

/* ---- the mouse -------------------------------------------------------------------------------------------------------------- */

static bool is_in(struct pane pane, const struct input *input) {
    return input->column >= pane.x && input->column < pane.x + pane.columns && input->row >= pane.y && input->row < pane.y + pane.rows;
}

static void click_on_list(struct app *app, const struct input *input) {
    struct table *table = app_table(app);
    int x = input->column - app->list.x, y = input->row - app->list.y;
    bool is_row = false;
    if (table != NULL) {
        app_lock(app);
        (void)table_update(table, &app->picture);
        is_row = table_click(table, &app->picture, x, y);
        app_unlock(app);
    } else if (y > 0 && app->window.top + (size_t)y - 1 < app->window.count) {
        size_t at = app->window.top + (size_t)y - 1;
        app->window.at = at;
        app->window.follows = false;
        app->has_detail = app->has_detail && app->view == VIEW_MESSAGES;
        is_row = true;
    }
    if (is_row && input->key == KEY_OF_DOUBLE) open_chosen(app);
}

static void click(struct app *app, const struct input *input) {
    if (is_in(app->tabs, input)) {
        for (int view = 0; view < VIEWS; view++)
            if (input->column < app->tab_ends[view]) {
                show_view(app, (enum view)view);
                return;
            }
    } else if (is_in(app->line, input) && !app_is_live(app)) {
        moment_seek(&app->moment, timeline_time(app->line.columns, &app->moment, input->column));
        app->window.follows = true;
    } else if (is_in(app->list, input)) {
        click_on_list(app, input);
    }
}

bool app_key(struct app *app, const struct input *input) {
    if (app->prompt.kind != PROMPT_NONE) {
        if (input->key <= KEY_OF_DELETE) type(app, input->key);
        return true;
    }
    if (app->has_help) {
        help_key(app, input->key);
        return true;
    }
    if (input->key == KEY_OF_CLICK || input->key == KEY_OF_DOUBLE) {
        click(app, input);
        return true;
    }
    if (input->key == KEY_OF_WHEEL_UP || input->key == KEY_OF_WHEEL_DOWN) {
        move(app, input->key == KEY_OF_WHEEL_UP ? -3 : 3);
        return true;
    }
    enum action action = binding_find(input->key, app_place(app));
    if (action == ACT_QUIT) return false;
    app->note[0] = '\0';
    if (action == ACT_NOTHING && input->key != KEY_OF_RESIZE) {
        char name[KEY_NAME];
        app_say(app, "%s does nothing here; ? tells what does", key_label(input->key, name));
    }
    if (!act_on_view(app, action)) act(app, action);
    return true;
}
