#include "bench.h"

#include "measure.h"
#include "report.h"

#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <math.h>
#include <sctx/sctx.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

volatile sig_atomic_t bench_interrupted;
static bool something_wrong;

static const struct family {
    const char *name, *what;
    family_fn *fn;
    bool two_cores;
} families[] = {
    {"publish", "cost of a publish: payload sizes, batch, in place; the floor beside it; of a read", family_publish, false},
    {"polling", "one way between two cores, both polling", family_polling, true},
    {"blocking", "one way to a reader that sleeps, beside a bare futex", family_blocking, false},
    {"one-to-one", "one writer to one reader, lossy and gated", family_one_to_one, true},
    {"fanout", "5 writers to 30 readers, lossy and gated, with a 1 kHz probe", family_fanout, false},
    {"wakeups", "60,000 deliveries/s to 30 blocked readers: CPU, switches, latency", family_wakeups, false},
    {"idle", "30 readers that wait", family_idle, false},
    {"syscalls", "system calls per message, counted with ptrace", family_syscalls, false},
    {"taps", "what 1 and 4 taps cost a writer at 100,000 messages a second", family_taps, false},
    {"top", "what sctx-top costs, and its pictures, at 0, 10 k, 100 k and 1 M messages a second", family_top, true},
    {"startup", "`sctx pub` from start to exit; memory it leaves", family_startup, false},
    {"compare", "pipe, unix seqpacket, POSIX mq, boost message_queue in the same harness (with --compare)", family_compare, false},
};
enum { FAMILIES = sizeof families / sizeof families[0] };

int bench_wrong(const char *format, ...) {
    va_list args;
    if (bench_interrupted) return -1;
    something_wrong = true;
    fflush(stdout);
    fputs("sctx-bench: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return -1;
}

/* ---- runs ------------------------------------------------------------------------------------------------------------------ */

enum { TRIES_PER_RUN = 3 };

static bool steady(double before, double after) {
    return !(fabs(before - after) > 0.2 * fmax(before, after)); /* also when there is no trip to measure */
}

int bench_repeat(struct bench *b, unsigned columns, run_fn *fn, void *arg, struct series *s) {
    struct series *all = calloc(1, sizeof *all);
    if (all == NULL) return bench_wrong("out of memory");
    memset(s, 0, sizeof *s);
    s->columns = all->columns = columns;
    int rc = 0;
    for (unsigned tries = 0; rc == 0 && s->runs < b->runs && tries < TRIES_PER_RUN * b->runs && all->runs < RUNS_MAX; tries++) {
        double *value = all->value[all->runs], before = bench_trip_ns(b->cpu[0], b->cpu[1]);
        if ((rc = bench_interrupted ? -1 : fn(b, arg, value)) != 0) break;
        double after = bench_trip_ns(b->cpu[0], b->cpu[1]);
        all->before[all->runs] = before;
        all->after[all->runs++] = after;
        if (!steady(before, after)) {
            all->discarded = ++s->discarded;
            continue;
        }
        memcpy(s->value[s->runs], value, sizeof s->value[0]);
        s->before[s->runs] = before;
        s->after[s->runs++] = after;
    }
    if (rc == 0 && s->runs < b->runs) {
        *s = *all;
        s->shaky = true;
    }
    free(all);
    return rc;
}

double series_median(const struct series *s, unsigned column) {
    double v[RUNS_MAX];
    for (unsigned i = 0; i < s->runs; i++) v[i] = s->value[i][column];
    return stat_median(v, s->runs);
}

double series_ratio(const struct series *s, unsigned column, unsigned by) {
    double v[RUNS_MAX];
    for (unsigned i = 0; i < s->runs; i++) v[i] = s->value[i][column] / s->value[i][by];
    return stat_median(v, s->runs);
}

double series_trips(const struct series *s, unsigned column) {
    double v[RUNS_MAX];
    for (unsigned i = 0; i < s->runs; i++) v[i] = s->value[i][column] / ((s->before[i] + s->after[i]) / 2);
    return stat_median(v, s->runs);
}

double series_trip(const struct series *s, bool after) {
    return stat_median(after ? s->after : s->before, s->runs);
}

/* ---- our folder ------------------------------------------------------------------------------------------------------------ */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st;
    (void)ftw;
    if (type == FTW_DP)
        rmdir(path);
    else
        unlink(path);
    return 0;
}

static int folder_make(struct bench *b) {
    snprintf(b->dir, sizeof b->dir, "/dev/shm/sctx-bench-XXXXXX");
    if (mkdtemp(b->dir) == NULL) return bench_wrong("%s: %s", b->dir, strerror(errno));
    return 0;
}

static void folder_remove(const struct bench *b) {
    nftw(b->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int bench_context_create(struct bench *b, const char *name, bool gating) {
    struct sctx_error error = {{0}};
    struct sctx_create_options o = SCTX_INIT(o);
    o.context = name;
    o.dir = b->dir;
    o.flags = gating ? SCTX_CREATE_GATING : 0;
    o.gate_timeout_ns = gating ? 20 * (uint64_t)BENCH_S : 0; /* a reader that the machine starved is not one that failed */
    o.error = &error;
    int rc = sctx_create(&o);
    return rc == 0 ? 0 : bench_wrong("sctx_create: %s", error.text[0] != '\0' ? error.text : sctx_strerror(rc));
}

void bench_context_remove(struct bench *b, const char *name) {
    char path[256];
    if (sctx_remove(name, b->dir, NULL) == 0) return;
    snprintf(path, sizeof path, "%s/%s", b->dir, name); /* whatever is in the way, nothing of ours may stay */
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- command line ---------------------------------------------------------------------------------------------------------- */

static void on_signal(int number) {
    (void)number;
    if (bench_interrupted) _exit(130);
    bench_interrupted = 1;
}

static void signals_take(void) {
    struct sigaction a = {.sa_handler = on_signal};
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    sigaction(SIGHUP, &a, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void list(FILE *f) {
    for (unsigned i = 0; i < FAMILIES; i++) fprintf(f, "  %-12s %s\n", families[i].name, families[i].what);
}

static void help(void) {
    puts("sctx-bench: measures the bus, beside floors and peers taken in the same run\n\n"
         "usage: sctx-bench [options]\n\n"
         "  --quick             fewer and shorter runs: about a minute and a half\n"
         "  --only NAME[,NAME]  these families only\n"
         "  --compare           also what one would use instead, in the same harness\n"
         "  --json FILE         all runs of all figures as JSON; - is stdout (the table then goes to stderr)\n"
         "  --list              the families\n"
         "  --help              this\n\n"
         "families:");
    list(stdout);
    puts(
        "\nExit: 0 however slow; 1 when something is wrong (accounts that don't balance, a gated reader that lost); 2 usage; 130 interrupted.");
}

static bool chosen(const struct bench *b, const char *name) {
    size_t n = strlen(name);
    if (b->only == NULL) return strcmp(name, "compare") != 0 || b->compare;
    for (const char *p = b->only; p != NULL; p = strchr(p, ',') == NULL ? NULL : strchr(p, ',') + 1)
        if (strncmp(p, name, n) == 0 && (p[n] == ',' || p[n] == '\0')) return true;
    return false;
}

static bool known(const char *names) {
    while (names != NULL && *names != '\0') {
        size_t n = strcspn(names, ",");
        bool found = false;
        for (unsigned i = 0; i < FAMILIES; i++)
            found = found || (strlen(families[i].name) == n && strncmp(families[i].name, names, n) == 0);
        if (!found) {
            fprintf(stderr, "sctx-bench: no family is called '%.*s'; there are:\n", (int)n, names);
            list(stderr);
            return false;
        }
        names += n + (names[n] == ',');
    }
    return true;
}

/* -1: go on; otherwise the exit status. */
static int options(struct bench *b, int argc, char **argv) {
    static const struct option table[] = {
        {"json", required_argument, NULL, 'j'},
        {"quick", no_argument, NULL, 'q'},
        {"only", required_argument, NULL, 'o'},
        {"list", no_argument, NULL, 'l'},
        {"compare", no_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    for (int c; (c = getopt_long(argc, argv, "h", table, NULL)) != -1;) {
        switch (c) {
        case 'j': b->json = optarg; break;
        case 'q': b->quick = true; break;
        case 'o': b->only = optarg; break;
        case 'c': b->compare = true; break;
        case 'l': list(stdout); return 0;
        case 'h': help(); return 0;
        default: fputs("try sctx-bench --help\n", stderr); return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "sctx-bench: what is '%s'? try sctx-bench --help\n", argv[optind]);
        return 2;
    }
    return b->only != NULL && !known(b->only) ? 2 : -1;
}

static void find_tool(struct bench *b) {
    ssize_t n = readlink("/proc/self/exe", b->tool, sizeof b->tool - 8);
    char *slash = n > 0 ? memrchr(b->tool, '/', (size_t)n) : NULL;
    if (slash == NULL) {
        b->tool[0] = '\0';
        return;
    }
    memcpy(slash + 1, "sctx", 5);
    if (access(b->tool, X_OK) != 0) b->tool[0] = '\0';
}

int bench_main(int argc, char **argv) {
    static struct bench b;
    int rc = options(&b, argc, argv);
    if (rc >= 0) return rc;
    setvbuf(stdout, NULL, _IOLBF, 0);
    b.runs = b.quick ? 3 : 5;
    find_tool(&b);
    bench_pin(-1);
    machine_look(&b);
    signals_take();
    if (folder_make(&b) != 0) return 1;
    b.report = report_open(&b);
    for (unsigned i = 0; b.report != NULL && i < FAMILIES && !bench_interrupted; i++) {
        if (!chosen(&b, families[i].name)) continue;
        if (families[i].two_cores && b.cpu[0] == b.cpu[1]) {
            report_section(b.report, families[i].name);
            report_note(b.report, "left out: it takes two cores, and this process may use only one");
            continue;
        }
        if (families[i].fn(&b) != 0 && !bench_interrupted) bench_wrong("'%s' was not finished", families[i].name);
    }
    if (!bench_interrupted) report_close(b.report, !something_wrong);
    folder_remove(&b);
    return bench_interrupted ? 130 : something_wrong;
}
