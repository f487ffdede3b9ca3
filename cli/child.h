/* A program that runs beside us: its output comes through pipes, its end through a descriptor, all to be polled. */
#ifndef SCTX_CLI_CHILD_H
#define SCTX_CLI_CHILD_H
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

enum { CHILD_OUT, CHILD_ERR, CHILD_STREAMS };
enum { CHILD_POLLS = CHILD_STREAMS + 1, CHILD_LINE_MAX = 1 << 20 };

struct child_stream {
    int fd; /* -1: it is not caught, or has ended */
    char *data;
    size_t len, room;
};

struct child {
    pid_t pid; /* 0: none */
    int pidfd; /* -1: it has ended, and status is valid */
    int status;
    struct rusage usage; /* after its end */
    struct child_stream streams[CHILD_STREAMS];
    void (*pass)(void *context, const char *data, size_t len);
    void *pass_context;
};

struct child_how {
    char *const *argv;
    char *const *environment; /* NULL: ours */
    int input;                /* a descriptor; -1: ours */
    bool catch_out, catch_err;
    /* Its terminal: it leads a session on it, which is its standard input, output and error; `master` is the other side, which is read as CHILD_OUT,
     * and stays the caller's. NULL: none; else `input` and what is to be caught are not looked at. */
    const char *terminal;
    int master;
    /* What it writes, as it comes, before it is cut into lines; NULL: nobody wants it so. */
    void (*pass)(void *context, const char *data, size_t len);
    void *pass_context;
};

/* What is set in a child's environment, beside ours. */
enum { CHILD_VARIABLES = 12 };
struct child_variables {
    char *texts[CHILD_VARIABLES]; /* "NAME=VALUE" */
    size_t count;
    bool is_short; /* of memory: some are missing */
};
void child_set(struct child_variables *variables, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* For child_how: ours but for what is set, and for what begins with `prefix`, as it came from another message. NULL: no memory. To be freed before
 * the variables, which it refers to. */
char **child_environment(const struct child_variables *variables, const char *prefix);
void child_unset(struct child_variables *variables);

/* These bytes as a file to read: a program that does not read them holds nobody up. A descriptor, or -1. */
int child_input(const void *data, size_t len);

/* argv[0] is looked for in $PATH. 0, or an errno. */
int child_start(struct child *child, const struct child_how *how);
/* Fills in what there is to wait for; returns how many. */
size_t child_polls(const struct child *child, struct pollfd polls[static CHILD_POLLS]);
/* Reads what there is, and hands over whole lines without their newline, the last one also without; lines longer than CHILD_LINE_MAX come in parts. Of one
 * that never rests not all is read at once. `take` false: it ends, and so does this. */
bool child_read(struct child *child, bool (*take)(void *context, int stream, const char *line, size_t len), void *context);
/* Has it ended, and is all of its output read? */
bool child_is_over(const struct child *child);
void child_kill(const struct child *child, int signal_number);
/* Of one that is over. As a shell has it: its exit status, or 128 and the signal. */
int child_exit_code(const struct child *child);
void child_free(struct child *child); /* kills it if it still runs */

#endif
