#define _GNU_SOURCE
#include "place.h"
#include "name.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int user_uid(const char *user, uid_t *uid) {
    char *end, buf[4096];
    unsigned long number = strtoul(user, &end, 10);
    if (*user >= '0' && *user <= '9' && !*end) return *uid = (uid_t)number, SCTX_OK;
    struct passwd pw, *found = NULL;
    if (getpwnam_r(user, &pw, buf, sizeof buf, &found) != 0 || !found) return SCTX_ERR_NOT_FOUND;
    return *uid = found->pw_uid, SCTX_OK;
}

int place_resolve(struct place *place, const char *context, const char *dir, struct sctx_error *error) {
    if (!context || !*context) context = secure_getenv("SCTX_CONTEXT");
    if (!context || !*context) context = "default";
    if (!dir || !*dir) dir = secure_getenv("SCTX_DIR");

    const char *colon = strchr(context, ':'), *name = colon ? colon + 1 : context;
    place->uid = geteuid();
    place->own = true;
    if (colon) {
        char user[64];
        size_t n = (size_t)(colon - context);
        if (n == 0 || n >= sizeof user) return fail(error, SCTX_ERR_NAME, "'%.80s': the user before ':' is empty or too long", context);
        memcpy(user, context, n);
        user[n] = '\0';
        if (user_uid(user, &place->uid) != SCTX_OK) return fail(error, SCTX_ERR_NOT_FOUND, "no user '%s' on this machine", user);
        place->own = place->uid == geteuid();
    }
    if (!name_is_context(name))
        return fail(error, SCTX_ERR_NAME,
                    "'%.80s': a context's name has 1 to %u of the characters A-Z a-z 0-9 _ . - and begins with none of . and -", name,
                    SCTX_NAME_MAX);
    memcpy(place->name, name, strlen(name) + 1);

    char here[PATH_MAX] = ""; /* made absolute: the program may go elsewhere later */
    int n;
    if (!dir || !*dir || colon)
        n = snprintf(place->upper, sizeof place->upper, "/dev/shm/sctx-%u", (unsigned)place->uid);
    else if (*dir == '/')
        n = snprintf(place->upper, sizeof place->upper, "%s", dir);
    else if (getcwd(here, sizeof here))
        n = snprintf(place->upper, sizeof place->upper, "%s/%s", here, dir);
    else
        return fail(error, SCTX_ERR_SYSTEM, "where are we? %s", strerror(errno));
    return n > 0 && (size_t)n < sizeof place->upper ? SCTX_OK
                                                    : fail(error, SCTX_ERR_INVALID, "the path of the contexts' folder is too long");
}

int place_path(const struct place *place, char *buf, size_t bytes) {
    int n = snprintf(buf, bytes, "%s/%s", place->upper, place->name);
    return n > 0 && (size_t)n < bytes ? SCTX_OK : SCTX_ERR_INVALID;
}

int sctx_path(const char *context, const char *dir, char *buf, size_t bytes) {
    struct place place;
    int rc = place_resolve(&place, context, dir, NULL);
    return rc ? rc : place_path(&place, buf, bytes);
}

int place_open_upper(const struct place *place, bool make, struct sctx_error *error) {
    if (make && place->own && mkdir(place->upper, 0700) == 0)
        (void)chmod(place->upper, 0700); /* whatever the umask */
    else if (make && place->own && errno != EEXIST)
        return fail(error, status_of_errno(errno), "cannot make the folder %s: %s", place->upper, strerror(errno));
    int fd = open(place->upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == EACCES) fd = open(place->upper, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW); /* 0711: may pass, not list */
    if (fd < 0) {
        int status = status_of_errno(errno);
        return fail(error, status, status == SCTX_ERR_UNSAFE ? "%s is a link or no folder: refused" : "the folder %s: %s", place->upper,
                    strerror(errno));
    }
    struct stat st;
    if (fstat(fd, &st) != 0) {
        close(fd);
        return fail(error, SCTX_ERR_SYSTEM, "%s: %s", place->upper, strerror(errno));
    }
    bool shared = (st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX);
    bool standard =
        strncmp(place->upper, "/dev/shm/sctx-", 14) == 0 && strspn(place->upper + 14, "0123456789") == strlen(place->upper + 14);
    if (shared || (standard && st.st_uid != place->uid)) {
        close(fd);
        return fail(error, SCTX_ERR_UNSAFE,
                    shared ? "%s can be written to by others and is not sticky: chmod go-w it, or set SCTX_DIR"
                           : "%s does not belong to the user whose contexts it should hold: refused",
                    place->upper);
    }
    return fd;
}

int place_open(const struct place *place, int upper, uid_t *owner, struct sctx_error *error) {
    int fd = openat(upper, place->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        int status = status_of_errno(errno);
        if (status == SCTX_ERR_NOT_FOUND) return fail(error, status, "there is no context '%s' in %s", place->name, place->upper);
        if (status == SCTX_ERR_UNSAFE) return fail(error, status, "%s/%s is a link or no folder: refused", place->upper, place->name);
        return fail(error, status, "%s/%s: %s", place->upper, place->name, strerror(errno));
    }
    struct stat st, up;
    if (fstat(fd, &st) != 0 || fstat(upper, &up) != 0) {
        close(fd);
        return fail(error, SCTX_ERR_SYSTEM, "%s/%s: %s", place->upper, place->name, strerror(errno));
    }
    if ((st.st_uid != geteuid() && st.st_uid != up.st_uid) || (st.st_mode & S_IWOTH)) {
        close(fd);
        return fail(error, SCTX_ERR_UNSAFE, "%s/%s belongs to user %u, or everybody may write to it: refused", place->upper, place->name,
                    (unsigned)st.st_uid);
    }
    *owner = st.st_uid;
    return fd;
}

int place_open_file(int dir, const char *file, int flags, uid_t owner, const char *path, struct sctx_error *error) {
    int fd = openat(dir, file, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        int status = status_of_errno(errno);
        if (errno == ENXIO) status = SCTX_ERR_UNSAFE; /* a FIFO or socket */
        if (status == SCTX_ERR_UNSAFE) return fail(error, status, "%s/%s is a link or no plain file: refused", path, file);
        return fail(error, status, "%s/%s: %s", path, file, strerror(errno));
    }
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink > 1 || (owner != (uid_t)-1 && st.st_uid != owner)) {
        close(fd);
        return fail(error, SCTX_ERR_UNSAFE, "%s/%s is no plain file of its own, or of the wrong owner: refused", path, file);
    }
    return fd;
}

#define PIECE (UINT64_C(4) << 20)

/* Files longer than `ulimit -f` would end the process by a signal. What a file has already is not limited. */
static bool is_too_long(int fd, uint64_t bytes) {
    struct rlimit limit;
    struct stat st;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || bytes <= limit.rlim_cur) return false;
    return fstat(fd, &st) != 0 || (uint64_t)st.st_size < bytes;
}

static int fail_too_long(struct sctx_error *error, const char *what, uint64_t bytes) {
    return fail(error, SCTX_ERR_NO_SPACE, "%s needs a file of %llu KiB, but files are limited here (ulimit -f)", what,
                (unsigned long long)(bytes >> 10));
}

int place_set_size(int fd, uint64_t bytes, const char *what, struct sctx_error *error) {
    if (is_too_long(fd, bytes)) return fail_too_long(error, what, bytes);
    int rc;
    do rc = ftruncate(fd, (off_t)bytes);
    while (rc != 0 && errno == EINTR);
    if (rc == 0) return SCTX_OK;
    return fail(error, status_of_errno(errno), "cannot set the size of %s to %llu KiB: %s", what, (unsigned long long)(bytes >> 10),
                strerror(errno));
}

int place_allocate(int fd, uint64_t off, uint64_t bytes, const char *what, struct sctx_error *error) {
    int err = is_too_long(fd, off + bytes) ? EFBIG : 0;
    for (uint64_t done = 0; !err && done < bytes;) { /* in pieces: some kernels undo what a signal interrupts */
        uint64_t piece = bytes - done < PIECE ? bytes - done : PIECE;
        err = posix_fallocate(fd, (off_t)(off + done), (off_t)piece);
        if (!err) done += piece;
        if (err == EINTR) err = 0;
    }
    if (!err) return SCTX_OK;
    if (err == EFBIG) return fail_too_long(error, what, off + bytes);
    if (status_of_errno(err) != SCTX_ERR_NO_SPACE) return fail(error, status_of_errno(err), "cannot allocate %s: %s", what, strerror(err));
    struct statvfs fs = {0};
    (void)fstatvfs(fd, &fs);
    return fail(
        error, SCTX_ERR_NO_SPACE,
        "no space for %s: %llu KiB needed, %llu KiB free in the file system; remove contexts (sctx rm) or enlarge it (mount -o remount,size=...)",
        what, (unsigned long long)(bytes >> 10), (unsigned long long)((uint64_t)fs.f_bavail * fs.f_frsize >> 10));
}

int place_delete(int upper, const char *folder) {
    int fd = openat(upper, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) { /* it may be empty, which needs no descriptor */
        int err = errno;
        return err == ENOENT || unlinkat(upper, folder, AT_REMOVEDIR) == 0 ? SCTX_OK : status_of_errno(err);
    }
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return SCTX_ERR_SYSTEM;
    }
    int status = SCTX_OK;
    for (struct dirent *e; (e = readdir(dir));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (unlinkat(fd, e->d_name, 0) == 0 || errno == ENOENT) continue;
        if (errno != EISDIR || unlinkat(fd, e->d_name, AT_REMOVEDIR) != 0) status = status_of_errno(errno);
    }
    closedir(dir);
    if (unlinkat(upper, folder, AT_REMOVEDIR) != 0 && errno != ENOENT && status == SCTX_OK) status = status_of_errno(errno);
    return status;
}
