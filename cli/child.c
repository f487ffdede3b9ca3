#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- what it is given ------------------------------------------------------------------------------------------------------- */

void child_set(struct child_variables *variables, const char *format, ...) {
    va_list list;
    char *text = NULL;
    va_start(list, format);
    int len = vasprintf(&text, format, list);
    va_end(list);
    if (len >= 0 && variables->count < CHILD_VARIABLES) {
        variables->texts[variables->count++] = text;
    } else {
        variables->is_short = true;
        if (len >= 0) free(text);
    }
}

static bool is_set(const struct child_variables *variables, const char *variable) {
    for (size_t i = 0; i < variables->count; i++) {
        size_t name = (size_t)(strchr(variables->texts[i], '=') - variables->texts[i]) + 1;
        if (strncmp(variable, variables->texts[i], name) == 0) return true;
    }
    return false;
}

char **child_environment(const struct child_variables *variables, const char *prefix) {
    size_t ours = 0, count = 0;
    while (environ[ours] != NULL) ours++;
    char **all = variables->is_short ? NULL : calloc(ours + variables->count + 1, sizeof *all);
    if (all == NULL) return NULL;
    for (size_t i = 0; i < ours; i++)
        if (strncmp(environ[i], prefix, strlen(prefix)) != 0 && !is_set(variables, environ[i])) all[count++] = environ[i];
    for (size_t i = 0; i < variables->count; i++) all[count++] = variables->texts[i];
    return all;
}

void child_unset(struct child_variables *variables) {
    for (size_t i = 0; i < variables->count; i++) free(variables->texts[i]);
    *variables = (struct child_variables){.count = 0};
}

int child_input(const void *data, size_t len) {
    int fd = memfd_create("sctx-payload", MFD_CLOEXEC);
    for (size_t done = 0; fd >= 0 && done < len;) {
        ssize_t bytes = write(fd, (const char *)data + done, len - done);
        if (bytes <= 0) {
            (void)close(fd);
            return -1;
        }
        done += (size_t)bytes;
    }
    if (fd >= 0) (void)lseek(fd, 0, SEEK_SET);
    return fd;
}

/* ---- its beginning ---------------------------------------------------------------------------------------------------------- */

static int catch_stream(posix_spawn_file_actions_t *files, struct child_stream *stream, int as) {
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) < 0) return errno;
    stream->fd = pair[0];
    (void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
    (void)posix_spawn_file_actions_adddup2(files, pair[1], as);
    return -pair[1];
}

/* What we ignore or block is no affair of theirs. */
static void reset_signals(posix_spawnattr_t *attributes, short flags) {
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGQUIT);
    sigaddset(&defaults, SIGTERM);
    sigaddset(&defaults, SIGALRM);
    (void)posix_spawnattr_setsigmask(attributes, &none);
    (void)posix_spawnattr_setsigdefault(attributes, &defaults);
    (void)posix_spawnattr_setflags(attributes, (short)(flags | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
}

/* The first that the leader of a session opens becomes its terminal. */
static int open_terminal(posix_spawn_file_actions_t *files, struct child_stream *stream, const struct child_how *how) {
    stream->fd = fcntl(how->master, F_DUPFD_CLOEXEC, 0);
    if (stream->fd < 0) return errno;
    (void)posix_spawn_file_actions_addopen(files, STDIN_FILENO, how->terminal, O_RDWR, 0);
    (void)posix_spawn_file_actions_adddup2(files, STDIN_FILENO, STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(files, STDIN_FILENO, STDERR_FILENO);
    return 0;
}

static void close_streams(struct child *child) {
    for (size_t i = 0; i < CHILD_STREAMS; i++) {
        if (child->streams[i].fd >= 0) (void)close(child->streams[i].fd);
        child->streams[i].fd = -1;
    }
}

int child_start(struct child *child, const struct child_how *how) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int ends[CHILD_STREAMS] = {0, 0}, error = 0;
    *child = (struct child){.pidfd = -1, .streams = {{.fd = -1}, {.fd = -1}}, .pass = how->pass, .pass_context = how->pass_context};
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawnattr_init(&attributes);
    reset_signals(&attributes, how->terminal != NULL ? POSIX_SPAWN_SETSID : 0);
    if (how->terminal != NULL) {
        error = open_terminal(&files, &child->streams[CHILD_OUT], how);
    } else {
        if (how->input >= 0) (void)posix_spawn_file_actions_adddup2(&files, how->input, STDIN_FILENO);
        if (how->catch_out) ends[CHILD_OUT] = catch_stream(&files, &child->streams[CHILD_OUT], STDOUT_FILENO);
        if (how->catch_err) ends[CHILD_ERR] = catch_stream(&files, &child->streams[CHILD_ERR], STDERR_FILENO);
    }
    for (size_t i = 0; i < CHILD_STREAMS; i++)
        if (ends[i] > 0) error = ends[i];
    if (error == 0)
        error =
            posix_spawnp(&child->pid, how->argv[0], &files, &attributes, how->argv, how->environment != NULL ? how->environment : environ);
    for (size_t i = 0; i < CHILD_STREAMS; i++)
        if (ends[i] < 0) (void)close(-ends[i]);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&files);
    if (error == 0) child->pidfd = pidfd_open(child->pid, 0);
    if (error == 0 && child->pidfd >= 0) return 0;
    if (error == 0) {
        error = errno;
        (void)kill(child->pid, SIGKILL);
        (void)waitpid(child->pid, &child->status, 0);
    }
    child->pid = 0;
    close_streams(child);
    return error;
}

/* ---- while it runs ---------------------------------------------------------------------------------------------------------- */

size_t child_polls(const struct child *child, struct pollfd polls[static CHILD_POLLS]) {
    size_t count = 0;
    if (child->pidfd >= 0) polls[count++] = (struct pollfd){.fd = child->pidfd, .events = POLLIN};
    for (size_t i = 0; i < CHILD_STREAMS; i++)
        if (child->streams[i].fd >= 0) polls[count++] = (struct pollfd){.fd = child->streams[i].fd, .events = POLLIN};
    return count;
}

/* Bytes read; 0: nothing there now, or the end. */
static size_t fill(struct child_stream *stream) {
    enum { READ_AT_ONCE = 64 << 10 };
    if (stream->room - stream->len < READ_AT_ONCE) {
        char *larger = realloc(stream->data, stream->len + READ_AT_ONCE);
        if (larger == NULL) return 0;
        stream->data = larger;
        stream->room = stream->len + READ_AT_ONCE;
    }
    ssize_t bytes = read(stream->fd, stream->data + stream->len, READ_AT_ONCE);
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (bytes <= 0) {
        (void)close(stream->fd);
        stream->fd = -1;
        return 0;
    }
    stream->len += (size_t)bytes;
    return (size_t)bytes;
}

static bool hand_over(struct child_stream *stream, int number, bool (*take)(void *context, int stream, const char *line, size_t len),
                      void *context) {
    size_t done = 0;
    bool on = true;
    while (on && done < stream->len) {
        const char *line = stream->data + done, *end = memchr(line, '\n', stream->len - done);
        size_t left = stream->len - done;
        if (end == NULL && stream->fd >= 0 && left < CHILD_LINE_MAX) break;
        size_t len = end != NULL ? (size_t)(end - line) : left;
        on = take(context, number, line, len);
        done += len + (end != NULL);
    }
    stream->len -= done;
    if (stream->len > 0 && done > 0) memmove(stream->data, stream->data + done, stream->len);
    return on;
}

static void look_for_end(struct child *child) {
    if (child->pidfd < 0) return;
    pid_t ended = wait4(child->pid, &child->status, WNOHANG, &child->usage);
    if (ended == 0 || (ended < 0 && errno == EINTR)) return;
    (void)close(child->pidfd);
    child->pidfd = -1;
}

bool child_read(struct child *child, bool (*take)(void *context, int stream, const char *line, size_t len), void *context) {
    /* In turns of 64 KiB. Others than it may write for ever, also after its end: what it wrote itself is in the first of them then. */
    enum { TURNS = 4, LAST_TURNS = 64 };
    /* First: what it wrote before its end is in the pipes then. */
    look_for_end(child);
    for (int i = 0; i < CHILD_STREAMS; i++) {
        struct child_stream *stream = &child->streams[i];
        for (int turn = child->pidfd < 0 ? LAST_TURNS : TURNS; turn > 0 && stream->fd >= 0; turn--) {
            size_t bytes = fill(stream);
            if (bytes == 0) break;
            if (child->pass != NULL) child->pass(child->pass_context, stream->data + stream->len - bytes, bytes);
            if (!hand_over(stream, i, take, context)) return false;
        }
        if (stream->len > 0 && !hand_over(stream, i, take, context)) return false;
        /* It has ended, and somebody whom it started holds the pipe: that one is not waited for. */
        if (child->pidfd < 0 && stream->fd >= 0) {
            (void)close(stream->fd);
            stream->fd = -1;
            if (stream->len > 0 && !hand_over(stream, i, take, context)) return false;
        }
    }
    return true;
}

bool child_is_over(const struct child *child) {
    bool over = child->pid == 0 || child->pidfd < 0;
    for (size_t i = 0; i < CHILD_STREAMS; i++) over &= child->streams[i].fd < 0;
    return over;
}

void child_kill(const struct child *child, int signal_number) {
    if (child->pidfd >= 0) (void)pidfd_send_signal(child->pidfd, signal_number, NULL, 0);
}

int child_exit_code(const struct child *child) {
    return WIFSIGNALED(child->status) ? 128 + WTERMSIG(child->status) : WEXITSTATUS(child->status);
}

void child_free(struct child *child) {
    if (child->pid > 0 && child->pidfd >= 0) {
        child_kill(child, SIGKILL);
        (void)waitpid(child->pid, &child->status, 0);
        (void)close(child->pidfd);
    }
    if (child->pid > 0) close_streams(child);
    for (size_t i = 0; i < CHILD_STREAMS; i++) free(child->streams[i].data);
    *child = (struct child){.pidfd = -1, .streams = {{.fd = -1}, {.fd = -1}}};
}
