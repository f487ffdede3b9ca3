#include "cmd.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The program beside this one, so that the two are of the same build. */
static bool find_beside(char path[static PATH_MAX]) {
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0) return false;
    self[len] = '\0';
    int bytes = snprintf(path, PATH_MAX, "%s-top", self);
    return bytes > 0 && bytes < PATH_MAX && access(path, X_OK) == 0;
}

static int top_run(const struct call *call) {
    char path[PATH_MAX];
    char **argv = calloc(call->operand_count + 5, sizeof *argv);
    size_t count = 0;
    if (argv == NULL || !find_beside(path)) {
        say(call, argv == NULL ? "out of memory" : "the program sctx-top is not beside this one: it is not installed, or was moved");
        free(argv);
        return EXIT_FAILED;
    }
    static char name[] = "sctx-top", option[] = "--context", json[] = "--json";
    argv[count++] = name;
    if (call->context != NULL) argv[count++] = option;
    if (call->context != NULL) argv[count++] = (char *)(uintptr_t)call->context;
    if (call->json) argv[count++] = json;
    for (size_t i = 0; i < call->operand_count; i++) argv[count++] = (char *)(uintptr_t)call->operands[i];
    (void)execv(path, argv);
    say(call, "cannot start %s: %s", path, strerror(errno));
    free(argv);
    return EXIT_FAILED;
}

const struct command cmd_top = {
    .name = "top",
    .operands = "[OPTION...] [FILE.mcap]",
    .operands_max = OPERANDS_ANY,
    .summary = "the live view, on the bus or on a recording",
    .notes = "This is the program sctx-top, and has its options: sctx-top --help tells them, see sctx-top(1).\n",
    .run = top_run,
    .takes_all = true,
};
