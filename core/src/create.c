/* Making and removing contexts. A context is made whole under another name in the same folder and renamed when it is ready; it is
 * renamed away before it is taken apart. Its maker holds a lock on its `alive` until the rename, so that what a killed one leaves is known as such: the
 * next one who makes a context there cleans up. */
#define _GNU_SOURCE
#include "context.h"
#include "options.h"
#include "ring.h"
#include "testpoint.h"
#include "wait.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LEFT_NEW ".sctx-new."
#define LEFT_OLD ".sctx-old."

/* Who may do what: set explicitly, whatever the umask. */
struct modes {
    mode_t folder, ring, alive;
    gid_t group; /* (gid_t)-1: private */
};

static int modes_choose(const struct sctx_create_options *o, struct modes *m) {
    *m = (struct modes){.folder = 0700, .ring = 0600, .alive = 0600, .group = (gid_t)-1};
    if (!o->group || !*o->group)
        return o->flags & SCTX_CREATE_TAP_ONLY ? fail(o->error, SCTX_ERR_INVALID, "tap-only is about a group's members: name the group")
                                               : SCTX_OK;
    char *end, buf[4096];
    unsigned long number = strtoul(o->group, &end, 10);
    struct group gr, *found = NULL;
    if (*o->group >= '0' && *o->group <= '9' && !*end)
        m->group = (gid_t)number;
    else if (getgrnam_r(o->group, &gr, buf, sizeof buf, &found) == 0 && found)
        m->group = found->gr_gid;
    else
        return fail(o->error, SCTX_ERR_NOT_FOUND, "no group '%.100s' on this machine", o->group);
    bool join = !(o->flags & SCTX_CREATE_TAP_ONLY);
    m->folder = join ? 03770 : 02750;
    m->ring = join ? 0660 : 0640;
    m->alive = join ? 0660 : 0600;
    return SCTX_OK;
}

static int make_file(int folder, const char *name, const struct modes *m, mode_t mode, struct sctx_error *error) {
    int fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return fail(error, status_of_errno(errno), "cannot make the file '%s': %s", name, strerror(errno));
    if ((m->group == (gid_t)-1 || fchown(fd, (uid_t)-1, m->group) == 0) && fchmod(fd, mode) == 0) return fd;
    int rc = fail(error, status_of_errno(errno), "cannot give '%s' to the group: %s", name, strerror(errno));
    close(fd);
    return rc;
}

/* Fills the new folder. Its `alive` is locked before it has that name: who finds one there unlocked finds a dead maker's. */
static int fill_folder(int folder, const struct ring_header *h, const struct modes *m, struct lock *lock, struct sctx_error *error) {
    if (m->group != (gid_t)-1 && fchown(folder, (uid_t)-1, m->group) != 0)
        return fail(error, status_of_errno(errno), "cannot give the context to group %u: %s (are you a member?)", (unsigned)m->group,
                    strerror(errno));
    if (fchmod(folder, m->folder) != 0) return fail(error, SCTX_ERR_SYSTEM, "chmod: %s", strerror(errno));
    int fd = make_file(folder, "alive.new", m, m->alive, error);
    if (fd < 0) return fd;
    int rc = lock_take(lock, fd);
    TESTPOINT("create:before-lock");
    if (rc == 0) rc = lock_try(lock, LOCK_CREATE);
    if (rc == 0 && renameat(folder, "alive.new", folder, "alive") != 0) rc = -errno;
    if (rc) return fail(error, status_of_errno(-rc), "cannot lock the new context: %s", strerror(-rc));
    TESTPOINT("create:locked");
    fd = make_file(folder, "ring", m, m->ring, error);
    if (fd < 0) return fd;
    rc = ring_file_make(fd, h, error);
    close(fd);
    return rc;
}

/* What killed makers and removers left: deleted when nobody holds its lock, and when it is not just being made. */
static void clean_up(int upper) {
    int fd = openat(upper, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0) close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(dir));) {
        if (strncmp(e->d_name, LEFT_NEW, strlen(LEFT_NEW)) != 0 && strncmp(e->d_name, LEFT_OLD, strlen(LEFT_OLD)) != 0) continue;
        int left = openat(upper, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        struct stat st;
        if (left < 0) continue;
        if (fstat(left, &st) == 0 && st.st_uid == geteuid()) {
            struct lock lock = {.file = OWN_FD_NONE};
            int rc = lock_open(&lock, left, geteuid(), true);
            bool dead = rc == 0 ? lock_try(&lock, LOCK_CREATE) == 0 : rc == -ENOENT && time(NULL) - st.st_mtime > 2;
            if (dead) (void)place_delete(upper, e->d_name);
            lock_close(&lock);
        }
        close(left);
    }
    closedir(dir);
}

static void left_name(char *buf, size_t n, const char *prefix, const char *name) {
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) != sizeof random) random = (uint64_t)clock_realtime_ns();
    (void)snprintf(buf, n, "%s%s.%08x", prefix, name, (unsigned)random);
}

static int create_in(int upper, const struct place *place, const struct ring_header *h, const struct modes *m, struct sctx_error *error) {
    char temporary[128];
    left_name(temporary, sizeof temporary, LEFT_NEW, place->name);
    TESTPOINT("create:before-folder");
    if (mkdirat(upper, temporary, 0700) != 0)
        return fail(error, status_of_errno(errno), "cannot make a folder in %s: %s", place->upper, strerror(errno));
    TESTPOINT("create:folder-made");
    (void)fchmodat(upper, temporary, 0700, 0); /* whatever the umask */
    struct lock lock = {.file = OWN_FD_NONE};
    int folder = openat(upper, temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    int rc = folder < 0 ? fail(error, SCTX_ERR_SYSTEM, "%s: %s", temporary, strerror(errno)) : fill_folder(folder, h, m, &lock, error);
    TESTPOINT("create:before-rename");
    if (rc == SCTX_OK && renameat2(upper, temporary, upper, place->name, RENAME_NOREPLACE) != 0)
        rc = errno == EEXIST ? fail(error, SCTX_ERR_EXISTS, "there is a context '%s' in %s already", place->name, place->upper)
                             : fail(error, status_of_errno(errno), "cannot rename the new context: %s", strerror(errno));
    TESTPOINT("create:renamed");
    if (folder >= 0) close(folder); /* if none was left for us: deleting takes one */
    if (rc) (void)place_delete(upper, temporary);
    lock_close(&lock);
    return rc;
}

int sctx_create(const struct sctx_create_options *options) {
    struct sctx_create_options taken, *const o = &taken;
    if (!options || !options_take(o, sizeof taken, options)) return SCTX_ERR_INVALID;
    struct place place;
    struct ring_header header;
    struct modes modes;
    int rc = place_resolve(&place, o->context, o->dir, o->error);
    if (rc == SCTX_OK && !place.own) rc = fail(o->error, SCTX_ERR_ACCESS, "only user %u can make contexts there", (unsigned)place.uid);
    if (rc == SCTX_OK) rc = modes_choose(o, &modes);
    if (rc == SCTX_OK) rc = ring_header_make(&header, o);
    if (rc) return rc;
    int upper = place_open_upper(&place, true, o->error);
    if (upper < 0) return upper;
    struct stat st;
    if (fstatat(upper, place.name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        close(upper);
        return fail(o->error, SCTX_ERR_EXISTS, "there is a context '%s' in %s already", place.name, place.upper);
    }
    clean_up(upper);
    if (modes.group != (gid_t)-1 && fstat(upper, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & S_IXOTH))
        (void)fchmod(upper, (st.st_mode & 07777) | 0011); /* members pass through it, without seeing what else is there */
    for (int i = 0; i < 4; i++) { /* NOT_FOUND: it stood still for seconds, and others took it for dead and cleaned up */
        rc = create_in(upper, &place, &header, &modes, o->error);
        if (rc != SCTX_ERR_NOT_FOUND) break;
    }
    close(upper);
    return rc;
}

/* Tells everybody who has it mapped. One that is damaged is told nothing; NO_MEMORY, SYSTEM: it could be told, but not now. */
static int mark_removed(int upper, const char *folder, uid_t owner, const char *path, struct sctx_error *error) {
    int dir = openat(upper, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    int fd = dir < 0 ? SCTX_ERR_SYSTEM : place_open_file(dir, "ring", O_RDWR, owner, path, NULL), err = errno;
    if (dir >= 0) close(dir);
    if (fd < 0)
        return err == EMFILE || err == ENFILE ? fail(error, SCTX_ERR_SYSTEM, "cannot look into %s: %s", path, strerror(err)) : SCTX_OK;
    struct sctx *ctx = calloc(1, sizeof *ctx);
    int rc = ctx ? ring_open(ctx, fd, true, error) : fail(error, SCTX_ERR_NO_MEMORY, "out of memory");
    if (rc == SCTX_OK) {
        atomic_store(&ctx->hot->state, RING_REMOVED);
        wait_wake_all(ctx->hot);
    }
    if (ctx) mapping_close(&ctx->ring);
    free(ctx);
    close(fd);
    return rc == SCTX_ERR_NO_MEMORY ? rc : SCTX_OK;
}

int sctx_remove(const char *context, const char *dir, struct sctx_error *error) {
    struct place place;
    char path[PATH_MAX], old[128];
    uid_t owner;
    int rc = place_resolve(&place, context, dir, error);
    if (rc == SCTX_OK) rc = place_path(&place, path, sizeof path);
    if (rc) return rc;
    int upper = place_open_upper(&place, false, error);
    if (upper < 0) return upper;
    int fd = place_open(&place, upper, &owner, error);
    rc = fd < 0 ? fd : SCTX_OK;
    /* Others who clean up meanwhile see that somebody is at it. */
    struct lock lock = {.file = OWN_FD_NONE};
    if (fd >= 0 && lock_open(&lock, fd, owner, true) == 0) (void)lock_try(&lock, LOCK_CREATE);
    if (fd >= 0) close(fd);
    left_name(old, sizeof old, LEFT_OLD, place.name);
    if (rc == SCTX_OK && renameat2(upper, place.name, upper, old, RENAME_NOREPLACE) != 0)
        rc = fail(error, status_of_errno(errno), "cannot remove %s: %s", path, strerror(errno));
    TESTPOINT("remove:renamed");
    if (rc == SCTX_OK) {
        rc = mark_removed(upper, old, owner, path, error);
        bool undone = rc && renameat2(upper, old, upper, place.name, RENAME_NOREPLACE) == 0; /* as if nothing had been */
        if (!undone) rc = place_delete(upper, old);
        if (rc && !undone) rc = fail(error, rc, "%s is removed, but what was in it could not be deleted: %s/%s", path, place.upper, old);
    }
    lock_close(&lock);
    close(upper);
    return rc;
}
