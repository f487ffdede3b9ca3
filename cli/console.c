#define _GNU_SOURCE
#include "console.h"
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* ---- our terminal ----------------------------------------------------------------------------------------------------------- */

static struct termios saved;
static bool is_saved;
static volatile sig_atomic_t is_raw, was_resized, was_continued, wants_stop;

/* In the background, setting the terminal or reading from it would stop us. */
static bool is_in_front(void) {
    return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* Also in signal handlers. */
static void restore(void) {
    if (is_raw != 0 && is_in_front()) (void)tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    is_raw = 0;
}

static void make_raw(void) {
    if (isatty(STDIN_FILENO) == 0 || !is_in_front() || (!is_saved && tcgetattr(STDIN_FILENO, &saved) < 0)) return;
    is_saved = true;
    struct termios raw = saved;
    cfmakeraw(&raw);
    is_raw = 1; /* before: a signal may come between */
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static void on_resize(int signal_number) {
    (void)signal_number;
    was_resized = 1;
}

static void on_continue(int signal_number) {
    (void)signal_number;
    was_continued = 1;
}

static void on_stop(int signal_number) {
    (void)signal_number;
    wants_stop = 1;
}

static void handle(int signal_number, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(signal_number, &action, NULL);
}

static void take_over_terminal(void) {
    static bool is_registered;
    handle(SIGWINCH, on_resize);
    handle(SIGCONT, on_continue);
    handle(SIGTSTP, on_stop);
    if (!is_registered) (void)atexit(restore);
    is_registered = true;
    stop_before_the_end(restore);
    make_raw();
}

/* ---- the program's ---------------------------------------------------------------------------------------------------------- */

static void copy_size(int master) {
    static const int ours[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    struct winsize size;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (ioctl(ours[i], TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
            (void)ioctl(master, TIOCSWINSZ, &size);
            return;
        }
    size = (struct winsize){.ws_col = 80, .ws_row = 24};
    (void)ioctl(master, TIOCSWINSZ, &size);
}

static void copy_settings(const struct console *console) {
    struct termios settings;
    if (console->is_typed && tcgetattr(STDIN_FILENO, &settings) == 0 && is_in_front()) {
        (void)tcsetattr(console->master, TCSANOW, &settings);
    } else if (tcgetattr(console->master, &settings) == 0) {
        if (!console->is_typed) settings.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(console->master, TCSANOW, &settings);
    }
}

int console_open(struct console *console) {
    *console =
        (struct console){.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK), .has_input = true, .is_at_line_start = true};
    if (console->master < 0) return errno;
    if (grantpt(console->master) < 0 || unlockpt(console->master) < 0 ||
        ptsname_r(console->master, console->path, sizeof console->path) != 0) {
        int error = errno;
        console_close(console);
        return error != 0 ? error : ENOTTY;
    }
    console->is_typed = isatty(STDIN_FILENO) != 0;
    copy_settings(console);
    copy_size(console->master);
    take_over_terminal();
    return 0;
}

/* ---- passing on ------------------------------------------------------------------------------------------------------------- */

static bool may_read(const struct console *console) {
    return console->has_input && console->done == console->len && (!console->is_typed || is_in_front());
}

size_t console_polls(const struct console *console, struct pollfd polls[static CONSOLE_POLLS]) {
    if (console->done < console->len)
        polls[0] = (struct pollfd){.fd = console->master, .events = POLLOUT};
    else if (may_read(console))
        polls[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    else
        return 0;
    return 1;
}

/* The end of our input is what Ctrl-D is to the program; behind part of a line the first one only hands that over. */
static void type_end(struct console *console) {
    struct termios settings;
    console->has_input = false;
    if (tcgetattr(console->master, &settings) < 0 || (settings.c_lflag & ICANON) == 0) return;
    console->done = console->len = 0;
    if (!console->is_at_line_start) console->input[console->len++] = (char)settings.c_cc[VEOF];
    console->input[console->len++] = (char)settings.c_cc[VEOF];
}

static void read_input(struct console *console) {
    struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
    if (!may_read(console) || poll(&ready, 1, 0) <= 0) return;
    ssize_t bytes = read(STDIN_FILENO, console->input, sizeof console->input);
    if (bytes < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (bytes <= 0) {
        type_end(console);
        return;
    }
    console->done = 0;
    console->len = (size_t)bytes;
    console->is_at_line_start = console->input[console->len - 1] == '\n';
}

static void write_input(struct console *console) {
    while (console->done < console->len) {
        ssize_t bytes = write(console->master, console->input + console->done, console->len - console->done);
        if (bytes < 0 && errno == EINTR) continue;
        if (bytes <= 0) return;
        console->done += (size_t)bytes;
    }
}

static void look_at_signals(const struct console *console) {
    if (wants_stop != 0) {
        wants_stop = 0;
        restore();
        (void)raise(SIGSTOP);
        was_continued = 1;
    }
    if (was_continued != 0) {
        was_continued = 0;
        make_raw();
        was_resized = 1;
    }
    if (was_resized != 0) {
        was_resized = 0;
        copy_size(console->master);
    }
}

void console_look_after(struct console *console, bool is_heard) {
    look_at_signals(console);
    if (!is_heard) {
        console->has_input = false;
        console->done = console->len = 0;
    }
    read_input(console);
    write_input(console);
}

void console_close(struct console *console) {
    restore();
    if (console->master >= 0) (void)close(console->master);
    console->master = -1;
}
