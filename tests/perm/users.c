#define _GNU_SOURCE
#include "users.h"
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

const uid_t user_uid[WHO_COUNT] = {64001, 64002, 64003};
const char *const user_name[WHO_COUNT] = {"owner", "member", "stranger"};

/* As root, of folders that only these users made, no deeper than contexts are. */
static void remove_below(const char *path, int depth) {
    DIR *dir = opendir(path);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));) {
        char inner[PATH_MAX];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        (void)snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
        if (unlink(inner) != 0 && depth > 0) remove_below(inner, depth - 1);
    }
    closedir(dir);
    (void)rmdir(path);
}

void users_end(void) {
    for (int who = 0; who < WHO_COUNT; who++) {
        char path[64];
        (void)snprintf(path, sizeof path, "/dev/shm/sctx-%u", (unsigned)user_uid[who]);
        remove_below(path, 2);
    }
}

void users_begin(void) {
    if (geteuid() != 0) fault_skip("it takes root to become other users");
    /* The users are the machine's, not one build's: another run of these tests waits. */
    int all = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    MUST(all >= 0 && flock(all, LOCK_EX) == 0);
    users_end();
    MUST(atexit(users_end) == 0);
}

void user_become(enum who who, const char *dir) {
    gid_t group = USERS_GROUP;
    MUST(setgroups(who == STRANGER ? 0 : 1, &group) == 0);
    MUST(setresgid(user_uid[who], user_uid[who], user_uid[who]) == 0);
    MUST(setresuid(user_uid[who], user_uid[who], user_uid[who]) == 0);
    (void)prctl(PR_SET_DUMPABLE, 1);
    MUST((dir ? setenv("SCTX_DIR", dir, 1) : unsetenv("SCTX_DIR")) == 0);
}

const char *users_folder(const char *name) {
    static char path[PATH_MAX];
    const char *dir = getenv("SCTX_TEST_DIR");
    MUST(dir != NULL);
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    MUST(mkdir(path, 0700) == 0 && chown(path, user_uid[OWNER], user_uid[OWNER]) == 0);
    return path;
}
