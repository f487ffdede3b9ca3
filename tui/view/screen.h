/* The terminal: shows grids, and tells what a person does. The only file that knows ncurses is screen.c.
 *
 * The terminal is set back however the program ends: at screen_close(), and in screen_rescue() from a signal handler. */
#ifndef SCTX_TUI_SCREEN_H
#define SCTX_TUI_SCREEN_H
#include "grid.h"
#include "input.h"

enum screen_colours { COLOURS_AUTO, COLOURS_NEVER, COLOURS_ALWAYS };
enum screen_background { BACKGROUND_AUTO, BACKGROUND_DARK, BACKGROUND_LIGHT };

struct screen_options {
    enum screen_colours colours; /* AUTO: unless NO_COLOR is set or the terminal has none */
    enum screen_background background; /* AUTO: from $COLORFGBG, else colours that work on both */
    bool mouse;
};

/* NULL: opened; else why not. There is one at most. */
const char *screen_open(const struct screen_options *options);
void screen_close(void);

/* As wide and high as the terminal is now; is_ascii as it can do. false: out of memory. */
bool screen_fit(struct grid *grid);
/* `all`: not only what has changed since. */
void screen_show(const struct grid *grid, bool all);
/* The next thing done, without waiting; false: nothing. */
bool screen_input(struct input *input);
/* To be polled for reading: something was done, or the terminal is gone (POLLHUP). */
int screen_fd(void);

/* Gives the terminal back, stops the process, and takes the terminal again when it goes on. */
void screen_stop(void);
/* Async-signal-safe: the terminal as it was, for a handler of a deadly signal. */
void screen_rescue(void);

#endif
