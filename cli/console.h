/* A terminal of its own for a program that runs beside us, a pty, while ours, if there is one, is passed through: what is typed goes to the program
 * byte by byte, keys such as Ctrl-C too, and the program's terminal is as large as ours. Our terminal is as it was before whenever we do not run:
 * after the end, also by a signal (but SIGKILL), and while we are stopped.
 *
 *     standard input --> console_look_after() --> master | the program's terminal --> child.h --> messages, standard output
 *
 * One at a time: what the terminal was is kept for the process. */
#ifndef SCTX_CLI_CONSOLE_H
#define SCTX_CLI_CONSOLE_H
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

enum { CONSOLE_POLLS = 1, CONSOLE_INPUT = 4096 };

struct console {
    int master;    /* -1: none */
    char path[64]; /* of the program's side */
    bool has_input;         /* standard input goes on */
    bool is_typed;          /* it is a terminal */
    bool is_at_line_start;  /* of what was passed on */
    char input[CONSOLE_INPUT];  /* read, and from `done` on not passed on yet */
    size_t len, done;
};

/* 0, or an errno. Where standard input is no terminal, the program's does not echo. */
int console_open(struct console *console);
/* Fills in what there is to wait for; returns how many. */
size_t console_polls(const struct console *console, struct pollfd polls[static CONSOLE_POLLS]);
/* Passes on input, and the size if it changed. Does not wait, but while we are stopped. `is_heard` false: the program has closed its side. */
void console_look_after(struct console *console, bool is_heard);
void console_close(struct console *console);

#endif
