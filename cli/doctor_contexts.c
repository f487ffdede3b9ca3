/* The folder of the contexts, each context in it, and what was left behind. */
#include "doctor.h"
#include "units.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sctx/sctx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MEND = DOCTOR_MEND };

/* Others are asked; what one owns oneself, or as root, one can remove. */
static const char *mend_by_owner(uid_t owner, const char *mine, char text[static MEND]) {
    if (owner == getuid() || getuid() == 0)
        snprintf(text, MEND, "%s", mine);
    else
        snprintf(text, MEND, "ask user %u, whom it belongs to", (unsigned)owner);
    return text;
}

static bool has_file(int folder_fd, const char *name, const char *file) {
    char path[DOCTOR_PATH];
    struct stat what;
    snprintf(path, sizeof path, "%s/%s", name, file);
    return fstatat(folder_fd, path, &what, AT_SYMLINK_NOFOLLOW) == 0 ? S_ISREG(what.st_mode) : errno != ENOENT;
}

static void report_living(struct doctor *doctor, const char *label, const char *name, const struct sctx_info *info) {
    char mend[MEND], memory[UNIT_TEXT];
    size_text(info->memory_ring + info->memory_arenas, memory);
    if (info->participants_alive == 0) {
        snprintf(mend, sizeof mend, "sctx rm %s frees %s", name, memory);
        doctor_report(doctor, VERDICT_OK, label, mend, "nobody is alive in it; %s kept for post mortem", memory);
    } else if (info->memory_ring + info->memory_arenas > info->memory_max / 10 * 9) {
        doctor_report(doctor, VERDICT_WARN, label, "make it anew with a larger --max-memory", "%s, nearly all it may take; %u alive",
                      memory, info->participants_alive);
    } else {
        doctor_report(doctor, VERDICT_OK, label, NULL, "%u alive, %s", info->participants_alive, memory);
    }
}

/* `name` as in the folder; `context` as for -c. */
static void check_context(struct doctor *doctor, int folder_fd, const char *name, const char *context) {
    struct sctx_error error = {{0}};
    struct sctx_options look = SCTX_INIT(look);
    struct sctx_info info = SCTX_INIT(info);
    struct stat what;
    char mine[MEND], mend[MEND], label[320];
    sctx *ctx = NULL;
    look.context = context;
    look.error = &error;
    snprintf(label, sizeof label, "context %s", context);
    snprintf(mine, sizeof mine, "sctx rm %s removes it", context);
    if (fstatat(folder_fd, name, &what, AT_SYMLINK_NOFOLLOW) != 0) return;
    mend_by_owner(what.st_uid, mine, mend);
    const char *missing = !has_file(folder_fd, name, "ring") ? "ring" : !has_file(folder_fd, name, "alive") ? "alive" : NULL;
    if (missing != NULL) {
        if (fstatat(folder_fd, name, &what, AT_SYMLINK_NOFOLLOW) != 0) return; /* it is being removed */
        doctor_report(doctor, VERDICT_FAIL, label, mend, "its file '%s' is missing: nobody can join it", missing);
        return;
    }
    int status = sctx_tap_open(&look, &ctx);
    if (status == SCTX_OK) status = sctx_info_get(ctx, &info);
    sctx_close(ctx);
    if (status == SCTX_ERR_ACCESS && what.st_uid != getuid())
        doctor_report(doctor, VERDICT_OK, label, NULL, "user %u keeps it private", (unsigned)what.st_uid);
    else if (status < 0)
        doctor_report(doctor, VERDICT_FAIL, label, mend, "%s", error.text[0] != '\0' ? error.text : sctx_strerror(status));
    else
        report_living(doctor, label, context, &info);
}

/* What makers and removers of contexts work in; the library's create.c. The next one who makes a context there deletes it if nobody is at it. */
static bool is_in_the_making(const char *name) {
    return strncmp(name, ".sctx-new.", 10) == 0 || strncmp(name, ".sctx-old.", 10) == 0;
}

/* What is no context's is somebody's, and never proposed for removal: the folder may be anybody's home. */
static void check_foreign(struct doctor *doctor, const char *folder, int folder_fd, const char *name) {
    enum { TAKES_AT_MOST_S = 10 };
    struct stat what;
    char path[2 * DOCTOR_PATH];
    if (fstatat(folder_fd, name, &what, AT_SYMLINK_NOFOLLOW) != 0) return;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= DOCTOR_PATH) return;
    if (is_in_the_making(name)) {
        if (what.st_mtime + TAKES_AT_MOST_S > time(NULL)) return;
        doctor_report(doctor, VERDICT_WARN, "leftover", "it goes when the next context is made there, unless somebody is still at it",
                      "%s: whoever made or removed a context was killed, or stands still", name);
    } else if (name[0] != '.') {
        doctor_report(doctor, VERDICT_WARN, S_ISDIR(what.st_mode) ? "foreign folder" : "foreign file",
                      "keep contexts in a folder of their own (SCTX_DIR)", "%s is no context%s", path,
                      S_ISDIR(what.st_mode) ? ", nor can one have that name" : "");
    }
}

static void check_owner(struct doctor *doctor, const char *folder, int folder_fd) {
    struct stat what;
    char mend[MEND], quoted[DOCTOR_QUOTED];
    if (fstat(folder_fd, &what) != 0) return;
    unsigned mode = what.st_mode & 07777;
    bool is_others = what.st_uid != getuid() && what.st_uid != 0;
    shell_quote(folder, quoted);
    if (doctor->call->context != NULL && strchr(doctor->call->context, ':') != NULL) {
        doctor_report(doctor, VERDICT_OK, "contexts", NULL, "%s of user %u, mode %04o", folder, (unsigned)what.st_uid, mode);
    } else if (is_others && getuid() != 0 && faccessat(folder_fd, ".", W_OK | X_OK, 0) != 0) {
        doctor_report(doctor, VERDICT_FAIL, "contexts", "set SCTX_DIR to a folder of your own",
                      "%s belongs to user %u, and you may not write to it", folder, (unsigned)what.st_uid);
    } else if (is_others) {
        doctor_report(doctor, VERDICT_FAIL, "contexts", "set SCTX_DIR to a folder of your own, or ask its owner to remove it",
                      "%s belongs to user %u", folder, (unsigned)what.st_uid);
    } else if ((mode & 022) != 0 && (mode & 01000) == 0) {
        snprintf(mend, sizeof mend, "chmod go-w %s", quoted);
        doctor_report(doctor, VERDICT_FAIL, "contexts", mend, "%s has mode %04o: others may replace your contexts", folder, mode);
    } else if (faccessat(folder_fd, ".", W_OK | X_OK, 0) != 0) {
        doctor_report(doctor, VERDICT_FAIL, "contexts", "set SCTX_DIR to a folder that you may write to",
                      "%s, mode %04o: you may make no context in it", folder, mode);
    } else {
        doctor_report(doctor, VERDICT_OK, "contexts", NULL, "%s, mode %04o", folder, mode);
    }
}

static bool is_context_name(const char *name) {
    char path[2 * DOCTOR_PATH];
    return strchr(name, ':') == NULL && sctx_path(name, NULL, path, sizeof path) == SCTX_OK;
}

static void check_entries(struct doctor *doctor, const char *folder, DIR *entries) {
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        struct stat what;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        bool is_folder = fstatat(dirfd(entries), entry->d_name, &what, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(what.st_mode);
        if (is_folder && is_context_name(entry->d_name))
            check_context(doctor, dirfd(entries), entry->d_name, entry->d_name);
        else
            check_foreign(doctor, folder, dirfd(entries), entry->d_name);
    }
}

/* Only the context that -c names. */
static void check_named(struct doctor *doctor, int folder_fd) {
    const char *context = doctor->call->context, *colon = strchr(context, ':'), *name = colon != NULL ? colon + 1 : context;
    struct stat what;
    char label[320];
    snprintf(label, sizeof label, "context %s", context);
    if (fstatat(folder_fd, name, &what, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
        doctor_report(doctor, VERDICT_FAIL, label, "sctx create makes one, so does the first that joins", "it is not there");
    else
        check_context(doctor, folder_fd, name, context);
}

static void report_closed(struct doctor *doctor, const char *folder, int error) {
    struct stat what;
    char mend[MEND], quoted[DOCTOR_QUOTED];
    bool is_there = lstat(folder, &what) == 0;
    shell_quote(folder, quoted);
    snprintf(mend, sizeof mend, "remove what is there, or set SCTX_DIR");
    if (error == EACCES && is_there && what.st_uid != getuid())
        snprintf(mend, sizeof mend, "it belongs to user %u: set SCTX_DIR to a folder of your own", (unsigned)what.st_uid);
    else if (error == EACCES && is_there)
        snprintf(mend, sizeof mend, "chmod u+rwx %s", quoted);
    else if (error == EACCES)
        snprintf(mend, sizeof mend, "set SCTX_DIR to a folder that you may enter");
    doctor_report(doctor, VERDICT_FAIL, "contexts", mend, "%s cannot be opened: %s", folder, strerror(error));
}

void doctor_contexts(struct doctor *doctor) {
    char folder[DOCTOR_PATH];
    if (!doctor_folder(doctor->call, folder)) {
        doctor_report(doctor, VERDICT_FAIL, "contexts", "look at SCTX_DIR, and at -c", "there is no folder for such contexts");
        return;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        bool named = doctor->call->context != NULL;
        doctor_report(doctor, named ? VERDICT_FAIL : VERDICT_OK, "contexts",
                      named ? "sctx create makes one, so does the first that joins" : NULL,
                      "%s is not there yet; the first that joins makes it", folder);
        return;
    }
    if (fd < 0) {
        report_closed(doctor, folder, errno);
        return;
    }
    /* What is proposed must do wherever one is. */
    char *real = realpath(folder, NULL);
    if (real != NULL && strlen(real) < sizeof folder) memcpy(folder, real, strlen(real) + 1);
    free(real);
    check_owner(doctor, folder, fd);
    if (doctor->call->context != NULL) {
        check_named(doctor, fd);
        close(fd);
        return;
    }
    DIR *entries = fdopendir(fd);
    if (entries == NULL) {
        close(fd);
        return;
    }
    check_entries(doctor, folder, entries);
    closedir(entries);
}
