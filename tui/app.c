#include "app_state.h"
#include "words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MS INT64_C(1000000)

static int64_t realtime_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 * MS + now.tv_nsec;
}

void app_say(struct app *app, const char *format, ...) {
    enum { FOR_MS = 6000 };
    va_list list;
    va_start(list, format);
    (void)vsnprintf(app->note, sizeof app->note, format, list);
    va_end(list);
    app->note_until_ns = app->wall_ns + FOR_MS * MS;
}

unsigned app_place(const struct app *app) {
    unsigned place = app->has_detail ? PLACE_DETAIL : app->view == VIEW_MESSAGES ? PLACE_MESSAGES : PLACE_TABLE;
    return place | (app_is_live(app) ? PLACE_LIVE : PLACE_FILE);
}

void app_lock(struct app *app) {
    counter_lock(app->counter);
    app->picture.stats = app->is_held ? app->picture.held_stats : counter_stats(app->counter);
    app->picture.flow = app->is_held ? app->picture.held_flow : counter_flow(app->counter);
}

void app_unlock(struct app *app) {
    app->picture.stats = NULL;
    app->picture.flow = NULL;
    counter_unlock(app->counter);
}

struct table *app_table(struct app *app) {
    return app->view != VIEW_MESSAGES && app->view != VIEW_RING ? &app->tables[app->view] : NULL;
}

/* ---- what is looked at ------------------------------------------------------------------------------------------------------- */

static void want(struct app *app) {
    struct filter_error error;
    struct filter *filter = app->filter[0] != '\0' ? filter_compile(app->filter, &error) : NULL;
    counter_want(app->counter, &app->judge.scope, filter);
    window_clear(&app->window);
    app->detail.seq = 0;
}

void app_look(struct app *app, const struct scope *scope) {
    app->judge.scope = *scope;
    want(app);
}

bool app_set_filter(struct app *app, const char *expression) {
    struct filter *filter = NULL;
    app->filter_error.text[0] = '\0';
    if (expression[0] != '\0') {
        filter = filter_compile(expression, &app->filter_error);
        if (filter == NULL) return false;
        app->filter_error.text[0] = '\0';
    }
    judge_set_filter(&app->judge, filter);
    (void)snprintf(app->filter, sizeof app->filter, "%s", expression);
    want(app);
    return true;
}

/* ---- begin and end ---------------------------------------------------------------------------------------------------------- */

static void on_notice(void *context, const char *line) {
    app_say(context, "%s", line);
}

static bool open_decoders(struct app *app, char *why, size_t room) {
    struct decoding_options options = {.pins = app->options.pins, .config = app->options.config};
    struct decoding_fault fault;
    options.host.search.paths = app->options.plugins;
    options.host.search.path_count = app->options.plugin_count;
    options.host.mode = (enum host_mode)app->options.plugin_mode;
    options.host.notice = on_notice;
    options.host.context = app;
    app->decoding = decoding_open(&options, &fault);
    if (app->decoding == NULL) (void)snprintf(why, room, "%s", fault.text);
    return app->decoding != NULL;
}

/* Messages that are looked at, and the moment, read the file on their own. */
static bool open_recording(struct app *app, char *why, size_t room) {
    struct source_fault fault = {"it cannot be read"};
    struct source *source = source_open_file(app->options.path, &fault);
    app->source = source_open_file(app->options.path, &fault);
    if (source == NULL || app->source == NULL || !moment_open(&app->moment, source)) {
        const char *text = source != NULL ? source_fault(source, NULL) : fault.text;
        (void)snprintf(why, room, "%s: %s", app->options.path, text[0] != '\0' ? text : fault.text);
        return false;
    }
    app->density = density_open(app->options.path, &app->moment.range);
    counter_set_moment(app->counter, app->moment.seq);
    return true;
}

static bool begin(struct app *app, char *why, size_t room) {
    const struct counter_options counter = {app->options.context, app->options.dir, app->options.path};
    struct source_fault fault;
    (void)snprintf(why, room, "out of memory");
    if (!open_decoders(app, why, room)) return false;
    judge_open(&app->judge, app->decoding);
    app->counter = counter_open(&counter, &fault);
    if (app->counter == NULL) {
        (void)snprintf(why, room, "%s", fault.text);
        return false;
    }
    if (!app_is_live(app) && !open_recording(app, why, room)) return false;
    if (app->options.filter != NULL && !app_set_filter(app, app->options.filter)) {
        char shown[FILTER_SHOWN_MAX];
        (void)filter_error_show(&app->filter_error, app->options.filter, shown);
        (void)snprintf(why, room, "the filter is wrong\n%s", shown);
        return false;
    }
    return true;
}

struct app *app_open(const struct app_options *options, char *why, size_t room) {
    static const struct table_kind *const kinds[VIEWS] = {&topics_table, &participants_table, NULL, &flow_table, &markers_table, NULL};
    struct app *app = calloc(1, sizeof *app);
    (void)snprintf(why, room, "out of memory");
    if (app == NULL) return NULL;
    app->options = *options;
    app->picture.is_live = options->path == NULL;
    for (int view = 0; view < VIEWS; view++)
        if (kinds[view] != NULL) table_open(&app->tables[view], kinds[view]);
    window_open(&app->window);
    detail_open(&app->detail);
    settings_load(app);
    if (options->view >= 0) app->view = (enum view)options->view;
    if (begin(app, why, room)) return app;
    app->options.settings = NULL;
    app_close(app);
    return NULL;
}

static void close_context(struct app *app) {
    source_close(app->source);
    sctx_close(app->ctx);
    app->source = NULL;
    app->ctx = NULL;
}

void app_close(struct app *app) {
    char text[512];
    if (app == NULL) return;
    if (app->taping != NULL) taping_end(app->taping, text, sizeof text);
    settings_save(app);
    density_close(app->density);
    counter_close(app->counter);
    window_close(&app->window);
    detail_close(&app->detail);
    judge_close(&app->judge);
    picture_free(&app->picture);
    moment_close(&app->moment);
    close_context(app);
    decoding_close(app->decoding);
    for (int view = 0; view < VIEWS; view++)
        if (app->tables[view].kind != NULL) table_close(&app->tables[view]);
    free(app);
}

/* ---- for every picture ------------------------------------------------------------------------------------------------------ */

/* A context of our own, beside the counter's: it is looked at while that one reads on. */
static void open_context(struct app *app) {
    struct sctx_options options = SCTX_INIT(options);
    int status;
    close_context(app);
    picture_forget(&app->picture);
    app->is_held = false;
    window_clear(&app->window);
    app->detail.seq = 0;
    decoding_forget(app->decoding);
    if (app->judge.filter != NULL) filter_forget(app->judge.filter);
    options.context = app->options.context;
    options.dir = app->options.dir;
    if (sctx_tap_open(&options, &app->ctx) == SCTX_OK) app->source = source_open_live(app->ctx, NULL, &status);
    if (app->source != NULL) app->generation = app->status.generation;
}

static void look_live(struct app *app) {
    if (app->status.state == COUNTER_READS && app->generation != app->status.generation) open_context(app);
    if (app->source == NULL || app->is_held) return;
    if (app->status.state == COUNTER_READS) (void)picture_look(&app->picture, app->ctx, realtime_ns());
    counter_lock(app->counter);
    window_fetch(&app->window, &app->judge, app->source, app->ctx, counter_tape(app->counter));
    counter_unlock(app->counter);
}

static void look_recording(struct app *app) {
    moment_tick(&app->moment, app->wall_ns);
    counter_set_moment(app->counter, app->moment.seq);
    app->picture.now_ns = app->moment.time_ns;
    counter_lock(app->counter);
    (void)levels_copy(&app->picture.levels, counter_levels(app->counter));
    counter_unlock(app->counter);
}

static void look_at_taping(struct app *app) {
    char text[512];
    if (app->taping == NULL || !taping_tell(app->taping, text, sizeof text)) return;
    taping_end(app->taping, text, sizeof text);
    app->taping = NULL;
    app_say(app, "%s", text);
}

/* The last payloads of the topics on the screen, copied out of the counter's sight and then decoded. */
struct fetched {
    uint32_t row;
    uint16_t topic_id;
    uint64_t seq;
    uint32_t held, len;
    unsigned char *data;
};

static size_t fetch_values(struct app *app, struct fetched *fetched, size_t most) {
    const struct table *table = &app->tables[VIEW_TOPICS];
    size_t count = 0;
    app_lock(app);
    uint32_t topics = stats_topics(app->picture.stats);
    bool has_room = picture_values(&app->picture, topics);
    for (size_t i = table->top; has_room && i < table->count && count < most; i++) {
        if (table->order[i] >= topics) continue;
        const struct stats_row *row = stats_topic(app->picture.stats, table->order[i]);
        if (app->picture.values[table->order[i]].seq == row->last_seq) continue;
        struct fetched *one = &fetched[count];
        *one =
            (struct fetched){table->order[i], (uint16_t)row->id, row->last_seq, row->last_held, row->len_last, malloc(row->last_held + 1u)};
        if (one->data == NULL) break;
        if (row->last_held > 0) memcpy(one->data, row->last, row->last_held);
        count++;
    }
    app_unlock(app);
    return count;
}

static void make_values(struct app *app) {
    enum { MOST = 500 };
    const struct table *table = &app->tables[VIEW_TOPICS];
    struct fetched fetched[MOST];
    if (app->view != VIEW_TOPICS || app->source == NULL) return;
    size_t most = table->shown_rows > 0 && table->shown_rows < MOST ? (size_t)table->shown_rows : MOST;
    size_t count = fetch_values(app, fetched, most);
    for (size_t i = 0; i < count; i++) {
        const struct source_topic *topic = source_topic(app->source, fetched[i].topic_id);
        struct value_text *value = &app->picture.values[fetched[i].row];
        if (topic != NULL)
            value->is_bad =
                !words_of_payload(&app->judge, topic, fetched[i].data, fetched[i].held, fetched[i].len, value->text, sizeof value->text);
        if (topic != NULL) value->seq = fetched[i].seq;
        free(fetched[i].data);
    }
}

void app_update(struct app *app, int64_t wall_ns) {
    app->wall_ns = wall_ns;
    if (app->note[0] != '\0' && wall_ns > app->note_until_ns) app->note[0] = '\0';
    app->status = counter_status(app->counter);
    if (app_is_live(app))
        look_live(app);
    else
        look_recording(app);
    look_at_taping(app);
    if (!app->is_held || !app->window.follows) window_update(&app->window, &app->judge, app->source, app_end(app));
    make_values(app);
    if (app->view == VIEW_MESSAGES) {
        messages_prepare(&app->window, &app->judge, (int)app->window.shown);
        if (app->has_detail) detail_prepare(&app->detail, &app->judge, window_chosen(&app->window));
    }
}

bool app_wants_redraw(struct app *app) {
    bool wanted = app->redraw;
    app->redraw = false;
    return wanted;
}

bool app_settle(struct app *app, int64_t timeout_ns) {
    for (int64_t waited = 0; waited <= timeout_ns; waited += 5 * MS) {
        app->status = counter_status(app->counter);
        bool is_done = app_is_live(app) ? app->status.state == COUNTER_READS : !app->status.is_behind;
        if (app->density != NULL && !density_is_done(app->density)) is_done = false;
        if (is_done || app->status.state == COUNTER_FAILED) return is_done;
        (void)nanosleep(&(struct timespec){.tv_nsec = (long)(5 * MS)}, NULL);
    }
    return false;
}
