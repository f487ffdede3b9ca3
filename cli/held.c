#define _GNU_SOURCE
#include "held.h"

#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static bool refuse(char why[static HELD_WHY], const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool refuse(char why[static HELD_WHY], const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, HELD_WHY, format, args);
    va_end(args);
    return false;
}

/* ---- what the kernel says of a process --------------------------------------------------------------------------------------- */

struct status {
    char state;
    int parent;
    unsigned long long start;
};

/* /proc/PID/stat, see proc(5); the name in it may have anything, also spaces and parentheses. */
static bool read_status(pid_t pid, struct status *status) {
    char path[40], text[1024];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) return false;
    size_t len = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[len] = '\0';
    const char *rest = strrchr(text, ')');
    return rest != NULL && sscanf(rest + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                                  &status->state, &status->parent, &status->start) == 3;
}

static bool is_of_ours(pid_t pid) {
    struct status status;
    for (pid_t at = getpid(); at > 0 && read_status(at, &status); at = status.parent)
        if (at == pid) return true;
    return pid == getpid();
}

/* By what it may do. The owner of /proc/PID is root where a process keeps others from looking into it, and would not tell. */
static bool belongs_to_us(pid_t pid) {
    char path[40], line[256];
    unsigned long real = 0, effective = 0;
    bool found = false;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) return false;
    while (!found && fgets(line, sizeof line, file) != NULL) found = sscanf(line, "Uid: %lu %lu", &real, &effective) == 2;
    (void)fclose(file);
    return found && real == getuid() && effective == geteuid();
}

/* One of the lines of /proc/PID/maps: "FROM-TO PERMISSIONS OFFSET MAJOR:MINOR INODE   PATH". Some file systems show another device there than to
 * stat(): then the path tells. */
static bool is_line_of(const char *line, const struct stat *ring, const char *path) {
    unsigned major_number = 0, minor_number = 0;
    unsigned long long inode = 0;
    int at = 0;
    if (sscanf(line, "%*x-%*x %*s %*x %x:%x %llu %n", &major_number, &minor_number, &inode, &at) < 3) return false;
    if (inode != ring->st_ino) return false;
    if (major_number == major(ring->st_dev) && minor_number == minor(ring->st_dev)) return true;
    size_t len = strlen(path);
    return at > 0 && strncmp(line + at, path, len) == 0 && (line[(size_t)at + len] == '\n' || line[(size_t)at + len] == '\0');
}

static bool has_mapped(pid_t pid, const char *path) {
    char maps[40], line[1024];
    struct stat ring;
    (void)snprintf(maps, sizeof maps, "/proc/%d/maps", (int)pid);
    if (stat(path, &ring) < 0) return false;
    FILE *file = fopen(maps, "re");
    bool found = false;
    if (file == NULL) return false;
    while (!found && fgets(line, sizeof line, file) != NULL) found = is_line_of(line, &ring, path);
    (void)fclose(file);
    return found;
}

/* ---- one process ------------------------------------------------------------------------------------------------------------- */

static bool check(const struct held *held, sctx *ctx, const struct sctx_participant *participant, char why[static HELD_WHY]) {
    struct sctx_info info = SCTX_INIT(info);
    struct status status;
    char ring[sizeof info.path + sizeof "/ring"];
    if (sctx_info_get(ctx, &info) != SCTX_OK) return refuse(why, "the context cannot be looked at");
    (void)snprintf(ring, sizeof ring, "%s/ring", info.path);
    if (!read_status(held->pid, &status) || status.start != participant->start_time) return refuse(why, "it has ended");
    if (!belongs_to_us(held->pid)) return refuse(why, "it is another user's");
    if (!has_mapped(held->pid, ring)) return refuse(why, "process %d does not have this context mapped", (int)held->pid);
    if (is_of_ours(held->pid)) return refuse(why, "that is what this command was started by");
    if (pidfd_send_signal(held->pidfd, 0, NULL, 0) < 0) return refuse(why, "%s", errno == ESRCH ? "it has ended" : strerror(errno));
    return true;
}

bool held_open(struct held *held, sctx *ctx, const struct sctx_participant *participant, char why[static HELD_WHY]) {
    *held = (struct held){.pid = (pid_t)participant->pid, .pidfd = -1};
    (void)snprintf(held->name, sizeof held->name, "%s", participant->name);
    if (participant->alive == SCTX_DEAD || participant->start_time == 0) return refuse(why, "it has ended");
    if (held->pid <= 1) return refuse(why, "%d is no process that may be stopped", (int)held->pid);
    held->pidfd = pidfd_open(held->pid, 0);
    if (held->pidfd < 0) return refuse(why, "%s", errno == ESRCH ? "it has ended" : strerror(errno));
    if (check(held, ctx, participant, why)) return true;
    held_close(held);
    return false;
}

bool held_is_stopped(const struct held *held) {
    struct status status;
    /* The descriptor first: as long as it is not ready, the number is this process's. */
    struct pollfd end = {.fd = held->pidfd, .events = POLLIN};
    return held->pidfd >= 0 && poll(&end, 1, 0) == 0 && read_status(held->pid, &status) && (status.state == 'T' || status.state == 't');
}

bool held_stop(const struct held *held) {
    enum { TRIES = 2000 };
    const struct timespec pause = {.tv_nsec = NS_PER_MS / 2};
    if (pidfd_send_signal(held->pidfd, SIGSTOP, NULL, 0) < 0) return false;
    for (int i = 0; i < TRIES && !held_is_stopped(held); i++) {
        struct pollfd end = {.fd = held->pidfd, .events = POLLIN};
        if (poll(&end, 1, 0) > 0) return false;
        if (i > 0) (void)nanosleep(&pause, NULL); /* most stand still at once */
    }
    if (held_is_stopped(held)) return true;
    /* Not to be left with a signal that stops it later, when nobody lets it go on. */
    (void)pidfd_send_signal(held->pidfd, SIGCONT, NULL, 0);
    return false;
}

bool held_continue(const struct held *held) {
    struct status status;
    if (!held_is_stopped(held) || !read_status(held->pid, &status) || status.state != 'T') return false;
    return pidfd_send_signal(held->pidfd, SIGCONT, NULL, 0) == 0;
}

void held_let_go(const struct held *held) {
    if (held->pidfd >= 0) (void)pidfd_send_signal(held->pidfd, SIGCONT, NULL, 0);
}

void held_close(struct held *held) {
    if (held->pidfd >= 0) (void)close(held->pidfd);
    held->pidfd = -1;
}
