#include "terminal.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <sctx/sctx.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MS INT64_C(1000000)

static volatile sig_atomic_t ended_by, wants_stop;

static void on_end(int signal) {
    ended_by = signal;
}

static void on_stop(int signal) {
    (void)signal;
    wants_stop = 1;
}

static void on_crash(int signal) {
    screen_rescue();
    (void)raise(signal); /* SA_RESETHAND: as it would have been */
}

static void handle(int signal, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(signal, &action, NULL);
}

static void handle_all(void) {
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT}, crashes[] = {SIGSEGV, SIGABRT, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) handle(ends[i], on_end, 0);
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) handle(crashes[i], on_crash, (int)SA_RESETHAND);
    handle(SIGTSTP, on_stop, 0);
    handle(SIGPIPE, SIG_IGN, 0);
}

static int64_t monotonic_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 * MS + now.tv_nsec;
}

static struct app *open_app(const struct options *options) {
    char why[2048];
    struct app *app = app_open(&options->app, why, sizeof why);
    if (app == NULL) (void)fprintf(stderr, "sctx-top: %s\n", why);
    return app;
}

/* ---- on a terminal ---------------------------------------------------------------------------------------------------------- */

static bool draw(struct app *app, struct grid *grid, bool is_ascii) {
    bool all = app_wants_redraw(app);
    if (!screen_fit(grid)) return false;
    grid->is_ascii = grid->is_ascii || is_ascii;
    app_draw(app, grid);
    screen_show(grid, all);
    return true;
}

/* Until a key, a signal, or it is time for the next picture. false: the terminal is gone. */
static bool wait_for_key(int64_t until_ns) {
    struct pollfd fd = {.fd = screen_fd(), .events = POLLIN};
    int64_t left = until_ns - monotonic_ns();
    if (left < 0) left = 0;
    int ready = poll(&fd, 1, (int)((left + MS - 1) / MS));
    return ready <= 0 || (fd.revents & (POLLHUP | POLLERR | POLLNVAL)) == 0;
}

static void loop(struct app *app, const struct options *options) {
    enum { PICTURE_MS = 125 };
    struct grid grid = {.cells = NULL};
    bool goes_on = true;
    int64_t next_ns = 0;
    while (goes_on && ended_by == 0) {
        int64_t now = monotonic_ns();
        if (now >= next_ns) {
            app_update(app, now);
            goes_on = draw(app, &grid, options->is_ascii);
            next_ns = now + PICTURE_MS * MS;
        }
        if (goes_on && !wait_for_key(next_ns)) break;
        struct input input;
        while (goes_on && ended_by == 0 && screen_input(&input)) {
            goes_on = app_key(app, &input);
            next_ns = 0;
        }
        if (wants_stop != 0) {
            wants_stop = 0;
            screen_stop();
            next_ns = 0;
        }
    }
    grid_free(&grid);
}

int terminal_run(const struct options *options) {
    (void)setlocale(LC_ALL, "");
    (void)sctx_guard_install();
    struct app *app = open_app(options);
    if (app == NULL) return EXIT_FAILED;
    const char *why = screen_open(&options->screen);
    if (why != NULL) {
        (void)fprintf(stderr, "sctx-top: %s\n", why);
        app_close(app);
        return EXIT_FAILED;
    }
    handle_all();
    loop(app, options);
    screen_close();
    app_close(app);
    return ended_by == 0 || ended_by == SIGINT ? EXIT_DONE : 128 + ended_by;
}

/* ---- without one ------------------------------------------------------------------------------------------------------------ */

static int no_context(void) {
    (void)fputs("sctx-top: there is no context (yet); without --batch and --screen it waits for one\n", stderr);
    return EXIT_TIMEOUT;
}

int script_run(const struct options *options) {
    enum { KEYS_MAX = 1024, SETTLE_MS = 10000 };
    uint32_t keys[KEYS_MAX];
    struct grid grid = {.is_ascii = options->is_ascii};
    struct app *app = open_app(options);
    if (app == NULL) return EXIT_FAILED;
    int code = app_settle(app, SETTLE_MS * MS) ? EXIT_DONE : no_context();
    size_t count = keys_of_script(options->script, keys, KEYS_MAX);
    bool goes_on = code == EXIT_DONE && grid_resize(&grid, options->columns, options->rows);
    int64_t wall_ns = 0; /* a clock of its own: it shows the same, however long it takes */
    for (size_t i = 0; goes_on; i++) {
        app_update(app, wall_ns);
        (void)app_settle(app, SETTLE_MS * MS);
        app_draw(app, &grid);
        app_update(app, wall_ns);
        app_draw(app, &grid);
        wall_ns += 125 * MS;
        if (i >= count) break;
        goes_on = app_key(app, &(struct input){.key = keys[i]});
    }
    if (code == EXIT_DONE) grid_print(&grid, stdout);
    grid_free(&grid);
    app_close(app);
    return code;
}

int batch_run(const struct options *options) {
    enum { SETTLE_MS = 5000 };
    struct app *app = open_app(options);
    if (app == NULL) return EXIT_FAILED;
    handle(SIGINT, on_end, 0);
    handle(SIGTERM, on_end, 0);
    handle(SIGPIPE, SIG_IGN, 0);
    int code = app_settle(app, SETTLE_MS * MS) || options->count == 0 ? EXIT_DONE : no_context();
    for (unsigned i = 0; code == EXIT_DONE && ended_by == 0 && (options->count == 0 || i < options->count); i++) {
        if (i > 0) {
            const struct timespec delay = {(time_t)options->delay_s, (long)((options->delay_s - (double)(time_t)options->delay_s) * 1e9)};
            (void)nanosleep(&delay, NULL);
            if (!options->as_json) (void)putchar('\n');
        }
        app_update(app, monotonic_ns());
        app_print(app, stdout, options->as_json);
        if (fflush(stdout) != 0) code = errno == EPIPE ? EXIT_DONE : EXIT_FAILED;
        if (ferror(stdout) != 0) break;
    }
    app_close(app);
    return ended_by != 0 ? EXIT_INTERRUPTED : code;
}
