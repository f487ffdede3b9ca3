/* `sctx pub TOPIC TEXT` as a script would call it: from start to exit, and the memory that the context's folder takes afterwards. Beside it, how long
 * the same takes for /bin/true. */
#include "measure.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_MS, P50_MS, P95_MS, TRUE_MS, FIRST_KIB, SECOND_KIB, COLUMNS };
enum { FOLLOWING = 40 };

extern char **environ;
static const char context[] = "startup";

static int spawn(const char *program, char *const *argv, double *ms) {
    pid_t pid;
    int status;
    int64_t from = bench_now_ns();
    int error = posix_spawn(&pid, program, NULL, NULL, argv, environ);
    if (error != 0) return bench_wrong("%s: %s", program, strerror(error));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    *ms = (double)(bench_now_ns() - from) / 1e6;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return bench_wrong("%s %s ended with status %d", program, argv[1] != NULL ? argv[1] : "",
                           WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return bench_interrupted ? -1 : 0;
}

static int publish(const struct bench *b, double *ms) {
    char pub[] = "pub", topic[] = "bench/startup", text[] = "hello", name[] = "sctx";
    char *argv[] = {name, pub, topic, text, NULL};
    return spawn(b->tool, argv, ms);
}

static double blocks;

static int add_blocks(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)path;
    (void)type;
    (void)ftw;
    blocks += (double)st->st_blocks;
    return 0;
}

static double folder_kib(const struct bench *b) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", b->dir, context);
    blocks = 0;
    nftw(path, add_blocks, 16, FTW_PHYS);
    return blocks / 2;
}

static int run(struct bench *b, void *arg, double *value) {
    double ms[FOLLOWING], bare[FOLLOWING];
    char name[] = "true";
    char *argv[] = {name, NULL};
    (void)arg;
    bench_context_remove(b, context);
    if (publish(b, &value[FIRST_MS]) != 0) return -1;
    value[FIRST_KIB] = folder_kib(b);
    for (unsigned i = 0; i < FOLLOWING; i++) {
        if (publish(b, &ms[i]) != 0 || spawn("/bin/true", argv, &bare[i]) != 0) return -1;
        if (i == 0) value[SECOND_KIB] = folder_kib(b) - value[FIRST_KIB];
    }
    value[P50_MS] = stat_median(ms, FOLLOWING);
    value[P95_MS] = stat_quantile(ms, FOLLOWING, 0.95);
    value[TRUE_MS] = stat_median(bare, FOLLOWING);
    return 0;
}

static int many(struct bench *b, void *arg, double *value) {
    unsigned n = *(const unsigned *)arg;
    double ms;
    bench_context_remove(b, context);
    for (unsigned i = 0; i <= n; i++) {
        if (publish(b, &ms) != 0) return -1;
        if (i == 0) value[0] = -folder_kib(b);
    }
    value[0] += folder_kib(b);
    return 0;
}

int family_startup(struct bench *b) {
    static const struct figure figures[] = {
        {"startup_p50", "start to exit, p50", "ms", P50_MS, ASKED_BELOW, 10, AGAINST_ITSELF, 0},
        {"startup_p95", "p95", "ms", P95_MS, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"startup_first", "the first, which makes the context", "ms", FIRST_MS, ASKED_BELOW, 10, AGAINST_ITSELF, 0},
        {"startup_true", "/bin/true, p50", "ms", TRUE_MS, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"startup_first_kib", "memory taken by the first", "KiB", FIRST_KIB, ASKED_BELOW, 2048, AGAINST_ITSELF, 0},
        {"startup_second_kib", "memory added by the second", "KiB", SECOND_KIB, ASKED_AT_MOST, 0, AGAINST_ITSELF, 0},
    };
    struct figure left = {"startup_many_kib", NULL, "KiB", 0, ASKED_AT_MOST, 0, AGAINST_ITSELF, 0};
    struct series s;
    unsigned runs = b->runs, n = b->quick ? 100 : 1000;
    char what[64];
    report_section(b->report, "startup: `sctx pub TOPIC TEXT`");
    if (b->tool[0] == '\0') {
        report_note(b->report, "left out: there is no sctx beside this program");
        return 0;
    }
    if (setenv("SCTX_DIR", b->dir, 1) != 0 || setenv("SCTX_CONTEXT", context, 1) != 0) return bench_wrong("setenv: %s", strerror(errno));
    int rc = bench_repeat(b, COLUMNS, run, NULL, &s);
    if (rc == 0) {
        report_figures(b->report, &s, figures, sizeof figures / sizeof figures[0]);
        b->runs = 1;
        rc = bench_repeat(b, 1, many, &n, &s);
        b->runs = runs;
    }
    if (rc == 0) {
        snprintf(what, sizeof what, "memory added by %u more in a row", n);
        left.what = what;
        report_figures(b->report, &s, &left, 1);
    }
    bench_context_remove(b, context);
    return rc;
}
