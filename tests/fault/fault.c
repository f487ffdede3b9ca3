#define _GNU_SOURCE
#include "fault.h"
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void fault_skip(const char *why) {
    (void)printf("SKIPPED: %s\n", why);
    (void)fflush(NULL);
    _Exit(77);
}

bool fault_case(const char *name, int (*run)(void *), void *argument) {
    int code = rig_child_result(rig_child(run, argument));
    if (code > 128)
        (void)fprintf(stderr, "FAIL %s: ended by signal %d (%s)\n", name, code - 128, strsignal(code - 128));
    else if (code)
        (void)fprintf(stderr, "FAIL %s: %d\n", name, code);
    return code == 0;
}

void fault_folder(void) {
    char path[PATH_MAX];
    const char *dir = getenv("SCTX_TEST_DIR");
    MUST(dir != NULL);
    (void)snprintf(path, sizeof path, "%s/case.XXXXXX", dir);
    MUST(mkdtemp(path) != NULL && setenv("SCTX_DIR", path, 1) == 0);
}

const char *fault_path(const char *context, const char *file) {
    static char buffers[4][PATH_MAX + 64];
    static unsigned turn;
    char *buffer = buffers[turn++ % 4];
    MUST_OK(sctx_path(context, NULL, buffer, PATH_MAX));
    if (*file) (void)snprintf(buffer + strlen(buffer), 64, "/%s", file);
    return buffer;
}

int fault_entries(const char *path) {
    DIR *dir = opendir(path);
    if (!dir) return -1;
    int n = -2;
    while (readdir(dir)) n++;
    closedir(dir);
    return n;
}

int fault_descriptors(void) {
    return fault_entries("/proc/self/fd") - 1;
}
