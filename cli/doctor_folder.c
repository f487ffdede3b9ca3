/* The file system in which contexts lie, or will. */
#include "doctor.h"
#include "units.h"

#include <inttypes.h>
#include <sctx/sctx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SHM "/dev/shm"

/* The last level off; "." and "/" have none. */
static bool go_up(char *path) {
    char *slash = strrchr(path, '/');
    if (strcmp(path, "/") == 0 || strcmp(path, ".") == 0) return false;
    if (slash == NULL)
        snprintf(path, 2, ".");
    else
        slash[slash == path] = '\0';
    return true;
}

bool doctor_folder(const struct call *call, char folder[static DOCTOR_PATH]) {
    /* $SCTX_CONTEXT may be no name at all. */
    if (sctx_path(call->context != NULL ? call->context : "default", NULL, folder, DOCTOR_PATH) != SCTX_OK) return false;
    return go_up(folder);
}

/* Absolute, where it can be found out. */
static void make_absolute(char path[static DOCTOR_PATH]) {
    char *real = realpath(path, NULL);
    if (real != NULL && strlen(real) < DOCTOR_PATH) memcpy(path, real, strlen(real) + 1);
    free(real);
}

/* Where the file system of `path` is mounted. */
static void find_mount(const char *path, char mount[static DOCTOR_PATH]) {
    struct stat here, above;
    snprintf(mount, DOCTOR_PATH, "%s", path);
    char parent[DOCTOR_PATH];
    snprintf(parent, sizeof parent, "%s", path);
    while (go_up(parent) && stat(mount, &here) == 0 && stat(parent, &above) == 0 && here.st_dev == above.st_dev)
        snprintf(mount, DOCTOR_PATH, "%s", parent);
}

struct place {
    char near[DOCTOR_PATH];  /* the folder, or the nearest above it that is there */
    char mount[DOCTOR_PATH]; /* where its file system begins */
    bool exists;
};

static void check_space(struct doctor *doctor, const struct place *place, const struct statvfs *space) {
    enum { CONTEXT_MIN = 4 << 20, LITTLE = 64 << 20 };
    char total[UNIT_TEXT], available[UNIT_TEXT], mend[DOCTOR_MEND], quoted[DOCTOR_QUOTED];
    uint64_t free_bytes = (uint64_t)space->f_bavail * space->f_frsize;
    size_text((uint64_t)space->f_blocks * space->f_frsize, total);
    size_text(free_bytes, available);
    shell_quote(place->mount, quoted);
    snprintf(mend, sizeof mend, "free some (sctx rm NAME), or mount -o remount,size=1G %s", quoted);
    if (free_bytes < LITTLE)
        doctor_report(doctor, free_bytes < CONTEXT_MIN ? VERDICT_FAIL : VERDICT_WARN, "shared memory", mend, "only %s free of %s in %s",
                      available, total, place->mount);
    else
        doctor_report(doctor, VERDICT_OK, "shared memory", NULL, "%s free of %s in %s", available, total, place->mount);
    snprintf(mend, sizeof mend, "mount -o remount,nr_inodes=100000 %s", quoted);
    if (space->f_files > 0 && space->f_favail < 1024)
        doctor_report(doctor, VERDICT_WARN, "inodes", mend, "room for %" PRIu64 " more files in %s", (uint64_t)space->f_favail,
                      place->mount);
}

static void check_kind(struct doctor *doctor, const struct place *place) {
    static const uint32_t in_memory[] = {0x01021994 /* tmpfs */, 0x858458F6 /* ramfs */};
    struct statfs kind;
    if (statfs(place->near, &kind) != 0) return;
    for (size_t i = 0; i < sizeof in_memory / sizeof *in_memory; i++)
        if ((uint32_t)kind.f_type == in_memory[i]) return;
    if (strncmp(place->near, SHM, strlen(SHM)) == 0)
        doctor_report(doctor, VERDICT_WARN, "shared memory", "mount -t tmpfs -o mode=1777 tmpfs " SHM,
                      SHM " is no file system in memory: messages may be written to a disk");
    else
        doctor_report(doctor, VERDICT_WARN, "shared memory", "set SCTX_DIR to a folder below " SHM ", or leave it out",
                      "%s is not in memory: messages may be written to a disk", place->near);
}

static void check_mount(struct doctor *doctor, const struct place *place, const struct statvfs *space) {
    char mend[DOCTOR_MEND], quoted[DOCTOR_QUOTED];
    shell_quote(place->mount, quoted);
    snprintf(mend, sizeof mend, "mount -o remount,rw %s", quoted);
    if ((space->f_flag & ST_RDONLY) != 0)
        doctor_report(doctor, VERDICT_FAIL, "mount", mend, "%s is mounted read-only", place->mount);
    else
        doctor_report(doctor, VERDICT_OK, "mount", NULL, "%s is mounted read-write", place->mount);
}

/* The folder in which that of the contexts lies, or will. */
static void check_above(struct doctor *doctor, const struct place *place) {
    char above[DOCTOR_PATH], mend[DOCTOR_MEND], quoted[DOCTOR_QUOTED];
    struct stat what;
    snprintf(above, sizeof above, "%s", place->near);
    if (place->exists && !go_up(above)) return;
    if (stat(above, &what) != 0) return;
    unsigned mode = what.st_mode & 07777;
    bool is_shm = strcmp(above, SHM) == 0;
    shell_quote(above, quoted);
    if ((mode & 022) != 0 && (mode & 01000) == 0) {
        snprintf(mend, sizeof mend, "chmod +t %s", quoted);
        doctor_report(doctor, VERDICT_WARN, "folder mode", mend, "%s has mode %04o: others may replace the folder of your contexts", above,
                      mode);
    } else if (is_shm && (mode & 02) == 0) {
        doctor_report(doctor, !place->exists && access(above, W_OK | X_OK) != 0 ? VERDICT_FAIL : VERDICT_WARN, "folder mode",
                      "chmod 1777 " SHM, SHM " has mode %04o: only its owner may make contexts", mode);
    } else if (!place->exists && access(above, W_OK | X_OK) != 0) {
        doctor_report(doctor, VERDICT_FAIL, "folder mode", "set SCTX_DIR to a folder that you may write to, or leave it out",
                      "you may not make a folder in %s, mode %04o", above, mode);
    } else {
        doctor_report(doctor, VERDICT_OK, "folder mode", NULL, "%s has mode %04o", above, mode);
    }
}

void doctor_place(struct doctor *doctor) {
    struct place place = {.exists = true};
    struct statvfs space;
    if (!doctor_folder(doctor->call, place.near)) return; /* doctor_contexts() says why */
    const char *set = getenv("SCTX_DIR");
    if (set != NULL && set[0] != '\0' && set[0] != '/' && (doctor->call->context == NULL || strchr(doctor->call->context, ':') == NULL))
        doctor_report(doctor, VERDICT_WARN, "SCTX_DIR", "set it to an absolute path",
                      "SCTX_DIR=%s is relative: programs that run in different folders do not meet", set);
    struct stat what;
    while (stat(place.near, &what) != 0 && go_up(place.near)) place.exists = false;
    make_absolute(place.near);
    find_mount(place.near, place.mount);
    if (statvfs(place.near, &space) != 0) {
        doctor_report(doctor, VERDICT_FAIL, "shared memory", "mount -t tmpfs -o mode=1777 tmpfs " SHM ", or set SCTX_DIR",
                      "%s cannot be looked at", place.near);
        return;
    }
    check_kind(doctor, &place);
    check_space(doctor, &place, &space);
    check_above(doctor, &place);
    check_mount(doctor, &place, &space);
}
