/* What sctx-top knows: for the files of app.h only. */
#ifndef SCTX_TUI_APP_STATE_H
#define SCTX_TUI_APP_STATE_H
#include "app.h"
#include "counter.h"
#include "density.h"
#include "messages.h"
#include "moment.h"
#include "picture.h"
#include "prompt.h"
#include "taping.h"
#include "views.h"
#include "window.h"

/* Where one was, for going back. */
struct stop {
    enum view view;
    struct scope scope;
    uint64_t seq; /* of the chosen message; 0: it followed */
    bool has_detail;
};
enum { STOPS_MAX = 16 };

struct app {
    struct app_options options;
    struct counter *counter;
    struct counter_status status;
    unsigned generation;    /* of the context that is open here */
    sctx *ctx;              /* of our own, beside the counter's */
    struct source *source;  /* for messages that are looked at again */
    struct decoding *decoding;
    struct judge judge;
    struct window window;
    struct picture picture;
    bool is_held; /* the picture */
    struct moment moment; /* of a recording */
    struct density *density;
    struct taping *taping;
    int64_t wall_ns;

    enum view view;
    struct table tables[VIEWS]; /* messages and ring have none */
    int ring_top;
    bool has_detail, has_help;
    int help_top;
    struct detail detail;
    struct stop stops[STOPS_MAX];
    unsigned stop_count;
    struct prompt prompt;
    char search[PROMPT_MAX + 1], filter[PROMPT_MAX + 1];
    struct filter_error filter_error; /* text "": none */
    char note[512];                   /* what is said at the bottom; "" */
    int64_t note_until_ns;
    bool redraw;
    /* As it was drawn last, for the mouse: */
    struct pane tabs, body, list, line;
    int tab_ends[VIEWS];
};

static inline bool app_is_live(const struct app *app) {
    return app->options.path == NULL;
}
/* Seqs from here on are not looked at. */
static inline uint64_t app_end(const struct app *app) {
    return app_is_live(app) ? UINT64_MAX : app->moment.seq + 1;
}
unsigned app_place(const struct app *app); /* enum place */
__attribute__((format(printf, 2, 3))) void app_say(struct app *app, const char *format, ...);
/* The picture's stats and flow are the counter's, until app_unlock(); or copies. */
void app_lock(struct app *app);
void app_unlock(struct app *app);
struct table *app_table(struct app *app); /* NULL: this view has none */

/* What is looked at from now on; the window begins anew. */
void app_look(struct app *app, const struct scope *scope);
/* false: the expression is wrong, and app->filter_error says how. */
bool app_set_filter(struct app *app, const char *expression);

/* settings.c */
void settings_load(struct app *app);
void settings_save(const struct app *app);

#endif
