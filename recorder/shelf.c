#include "shelf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* "dir/x.mcap" becomes "dir/x-0001.mcap". */
static char *path_of(const struct shelf *shelf, unsigned number) {
    const char *name = strrchr(shelf->pattern, '/'), *dot = strrchr(name != NULL ? name + 1 : shelf->pattern, '.');
    size_t stem = dot != NULL ? (size_t)(dot - shelf->pattern) : strlen(shelf->pattern), room = strlen(shelf->pattern) + 16;
    char *path = malloc(room);
    if (path == NULL) return NULL;
    if (shelf->is_row)
        (void)snprintf(path, room, "%.*s-%04u%s", (int)stem, shelf->pattern, number, dot != NULL ? dot : "");
    else
        (void)snprintf(path, room, "%s", shelf->pattern);
    return path;
}

static bool fail(struct source_fault *fault, const char *path, const char *what) {
    (void)snprintf(fault->text, sizeof fault->text, "%.250s: %s", path, what);
    return false;
}

static bool open_file(struct shelf *shelf, struct source_fault *fault) {
    free(shelf->path);
    shelf->path = path_of(shelf, shelf->begun + 1);
    if (shelf->path == NULL) return fail(fault, shelf->pattern, "out of memory");
    struct stat st;
    /* A device or a pipe is written to, and not made; what is there stays unless somebody says otherwise. */
    bool is_there = stat(shelf->path, &st) == 0, is_file = !is_there || S_ISREG(st.st_mode);
    int flags = O_WRONLY | O_CLOEXEC | (is_file ? O_CREAT : 0) | (is_file && shelf->overwrite ? O_TRUNC : is_file ? O_EXCL : 0);
    do shelf->fd = open(shelf->path, flags, 0666);
    while (shelf->fd < 0 && errno == EINTR);
    if (shelf->fd < 0) return fail(fault, shelf->path, errno == EEXIST ? "is there already; --force overwrites it" : strerror(errno));
    shelf->begun++;
    return true;
}

bool shelf_open(struct shelf *shelf, const char *path, bool is_row, unsigned keep, bool overwrite, struct source_fault *fault) {
    *shelf = (struct shelf){.fd = -1, .pattern = strdup(path), .is_row = is_row, .keep = keep, .overwrite = overwrite};
    if (shelf->pattern == NULL) return fail(fault, path, "out of memory");
    shelf->is_stdout = strcmp(path, "-") == 0;
    if (!shelf->is_stdout) return open_file(shelf, fault);
    shelf->fd = STDOUT_FILENO;
    shelf->path = strdup(path);
    shelf->begun = 1;
    return shelf->path != NULL || fail(fault, path, "out of memory");
}

bool shelf_end(struct shelf *shelf, struct source_fault *fault) {
    int fd = shelf->fd;
    if (shelf->is_stdout || fd < 0) return true;
    shelf->fd = -1;
    /* Some file systems only now tell that they could not write. After EINTR it is closed all the same. */
    return close(fd) == 0 || errno == EINTR || fail(fault, shelf->path, strerror(errno));
}

bool shelf_next(struct shelf *shelf, struct source_fault *fault) {
    if (!shelf_end(shelf, fault) || !open_file(shelf, fault)) return false;
    while (shelf->keep != 0 && shelf->begun - shelf->removed > shelf->keep) {
        char *oldest = path_of(shelf, ++shelf->removed);
        if (oldest != NULL) (void)unlink(oldest);
        free(oldest);
    }
    return true;
}

uint64_t shelf_free_bytes(const struct shelf *shelf) {
    struct statvfs vfs;
    struct stat st;
    if (fstat(shelf->fd, &st) < 0 || !S_ISREG(st.st_mode) || fstatvfs(shelf->fd, &vfs) < 0) return UINT64_MAX;
    return (uint64_t)vfs.f_bavail * vfs.f_frsize;
}

void shelf_close(struct shelf *shelf) {
    struct source_fault fault;
    (void)shelf_end(shelf, &fault);
    free(shelf->pattern);
    free(shelf->path);
}
