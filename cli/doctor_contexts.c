/* The folder of the contexts, each context in it, and what was left behind. */
#include "doctor.h"
#include "units.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sctx/sctx.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void check_context(struct doctor *doctor, const char *name) {
    struct sctx_error error = {{0}};
    struct sctx_options look = SCTX_INIT(look);
    struct sctx_info info = SCTX_INIT(info);
    char mend[512], memory[UNIT_TEXT], label[320];
    sctx *ctx = NULL;
    look.context = name;
    look.error = &error;
    snprintf(label, sizeof label, "context %s", name);
    snprintf(mend, sizeof mend, "sctx rm %s removes it", name);
    int status = sctx_tap_open(&look, &ctx);
    if (status == SCTX_OK) status = sctx_info_get(ctx, &info);
    sctx_close(ctx);
    if (status < 0) {
        doctor_report(doctor, VERDICT_FAIL, label, mend, "%s", error.text[0] != '\0' ? error.text : sctx_strerror(status));
        return;
    }
    size_text(info.memory_ring + info.memory_arenas, memory);
    if (info.participants_alive == 0) {
        snprintf(mend, sizeof mend, "sctx rm %s frees %s", name, memory);
        doctor_report(doctor, VERDICT_OK, label, mend, "nobody is alive in it; %s kept for post mortem", memory);
    } else if (info.memory_ring + info.memory_arenas > info.memory_max / 10 * 9) {
        snprintf(mend, sizeof mend, "make it anew with a larger --max-memory");
        doctor_report(doctor, VERDICT_WARN, label, mend, "%s, nearly all it may take; %u alive", memory, info.participants_alive);
    } else {
        doctor_report(doctor, VERDICT_OK, label, NULL, "%u alive, %s", info.participants_alive, memory);
    }
}

/* ".NAME.*" is what a context is called while it is made: soon renamed, unless its creator was killed. */
static void check_leftover(struct doctor *doctor, const char *folder, int folder_fd, const char *name) {
    enum { MAKING_TAKES_AT_MOST_S = 10 };
    struct stat what;
    char mend[1024];
    if (fstatat(folder_fd, name, &what, AT_SYMLINK_NOFOLLOW) != 0 || what.st_mtime + MAKING_TAKES_AT_MOST_S > time(NULL)) return;
    snprintf(mend, sizeof mend, "rm -r '%s/%s'", folder, name);
    doctor_report(doctor, VERDICT_WARN, "leftover", mend, "%s was left behind by a creator that was killed", name);
}

static void check_owner(struct doctor *doctor, const char *folder, int folder_fd) {
    struct stat what;
    char mend[1024];
    if (fstat(folder_fd, &what) != 0) return;
    unsigned mode = what.st_mode & 07777;
    if (what.st_uid != getuid() && what.st_uid != 0) {
        doctor_report(doctor, VERDICT_FAIL, "contexts", "ask the owner to remove it, or set SCTX_DIR", "%s belongs to user %u", folder,
                      what.st_uid);
    } else if ((mode & 022) != 0 && (mode & 01000) == 0) {
        snprintf(mend, sizeof mend, "chmod go-w '%s'", folder);
        doctor_report(doctor, VERDICT_FAIL, "contexts", mend, "%s has mode %04o: others may replace your contexts", folder, mode);
    } else {
        doctor_report(doctor, VERDICT_OK, "contexts", NULL, "%s, mode %04o", folder, mode);
    }
}

static void check_entries(struct doctor *doctor, const char *folder, DIR *entries) {
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        struct stat what;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (entry->d_name[0] == '.')
            check_leftover(doctor, folder, dirfd(entries), entry->d_name);
        else if (fstatat(dirfd(entries), entry->d_name, &what, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(what.st_mode))
            doctor_report(doctor, VERDICT_WARN, "foreign file", "remove it", "%s/%s is no context", folder, entry->d_name);
        else
            check_context(doctor, entry->d_name);
    }
}

void doctor_contexts(struct doctor *doctor) {
    char folder[512];
    int status = sctx_path("default", NULL, folder, sizeof folder);
    char *last = status == SCTX_OK ? strrchr(folder, '/') : NULL;
    if (last == NULL) {
        doctor_report(doctor, VERDICT_FAIL, "contexts", "look at SCTX_DIR", "no folder for contexts: %s", sctx_strerror(status));
        return;
    }
    *last = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        doctor_report(doctor, VERDICT_OK, "contexts", NULL, "%s is not there yet; the first that joins makes it", folder);
        return;
    }
    if (fd < 0) {
        doctor_report(doctor, VERDICT_FAIL, "contexts", "remove what is there, or set SCTX_DIR", "%s cannot be opened: %s", folder,
                      strerror(errno));
        return;
    }
    check_owner(doctor, folder, fd);
    DIR *entries = fdopendir(fd);
    if (entries == NULL) {
        close(fd);
        return;
    }
    check_entries(doctor, folder, entries);
    closedir(entries);
}
