/* sctx-top without a terminal: what is looked at, where one is in it, and what keys do. It draws on a grid, so whoever has keys and a grid can run it: the
 * terminal, a script, a test. [owner: one thread] */
#ifndef SCTX_TUI_APP_H
#define SCTX_TUI_APP_H
#include "bindings.h"
#include "grid.h"

struct app;

struct app_options {
    const char *context, *dir; /* as in struct sctx_options */
    const char *path;          /* a recording, instead; NULL */
    const char *filter;        /* NULL: none */
    const char *pins, *config; /* as in struct decoding_options */
    const char *const *plugins; /* paths to look at first */
    size_t plugin_count;
    int plugin_mode;           /* enum host_mode */
    const char *settings;      /* the file in which they are kept; NULL: nowhere */
    const char *folder;        /* where snapshots and recordings go; NULL: here */
    int view;                  /* enum view; -1: that of last time */
};

/* NULL: why not. */
struct app *app_open(const struct app_options *options, char *why, size_t room);
void app_close(struct app *app);

/* What has come meanwhile. `wall_ns`: the monotonic clock. */
void app_update(struct app *app, int64_t wall_ns);
void app_draw(struct app *app, struct grid *grid);
/* false: it is the end. */
bool app_key(struct app *app, const struct input *input);
/* Something draws the screen anew. */
bool app_wants_redraw(struct app *app);
/* Waits until the picture is whole: a recording is counted up to its moment, or there is a context. At most so long; false: it is not. */
bool app_settle(struct app *app, int64_t timeout_ns);

/* The tables as text, for scripts: all rows of the chosen view. */
void app_print(struct app *app, FILE *to, bool as_json);
void app_print_json(struct app *app, FILE *to);

#endif
