/* Ours beside what one would use instead, in one harness. In each run all are measured, one right after the other; ratios are taken within a run.
 * Where there is no fan-out a writer sends to each reader in turn. The gated form of ours stands where nothing may be lost. */
#include "families.h"
#include "report.h"

#include <math.h>

enum { TRANSPORTS_MAX = 8 };

struct field {
    unsigned n;
    const struct transport *transport[TRANSPORTS_MAX];
};

static const struct transport *gated(const struct field *f, unsigned i) {
    return i == 0 ? &transport_sctx_gated : f->transport[i];
}

static int run_polling(struct bench *b, void *arg, double *value) {
    const struct field *f = arg;
    for (unsigned i = 0; i < f->n; i++) {
        struct latency l = {NAN, NAN, NAN};
        if (f->transport[i]->polls && latency_polling(b, f->transport[i], &l) != 0) return -1;
        value[i] = l.p50_ns;
        value[f->n + i] = l.p99_ns;
    }
    return 0;
}

static int run_blocking(struct bench *b, void *arg, double *value) {
    const struct field *f = arg;
    for (unsigned i = 0; i < f->n; i++) {
        struct latency l;
        if (latency_blocking(b, f->transport[i], false, &l) != 0) return -1;
        value[i] = l.p50_ns;
        value[f->n + i] = l.p99_ns;
    }
    return 0;
}

static int run_one_to_one(struct bench *b, void *arg, double *value) {
    const struct field *f = arg;
    for (unsigned i = 0; i < f->n; i++) {
        struct stream s = {.writers = 1, .readers = 1, .pinned = true, .window_ns = b->quick ? 250 * BENCH_MS : 500 * BENCH_MS};
        if (stream_run(b, gated(f, i), &s) != 0) return -1;
        value[i] = s.deliveries_per_s;
    }
    return 0;
}

static int run_fanout(struct bench *b, void *arg, double *value) {
    const struct field *f = arg;
    for (unsigned i = 0; i < f->n; i++) {
        struct stream s = {.writers = WRITERS, .readers = READERS, .window_ns = b->quick ? 500 * BENCH_MS : BENCH_S};
        if (stream_run(b, gated(f, i), &s) != 0) return -1;
        value[i] = s.deliveries_per_s;
    }
    return 0;
}

static int run_wakeups(struct bench *b, void *arg, double *value) {
    const struct field *f = arg;
    for (unsigned i = 0; i < f->n; i++) {
        struct wakeups w;
        if (wakeups_run(b, f->transport[i], &w) != 0) return -1;
        value[i] = w.cpu_us;
        value[f->n + i] = w.latency.p99_ns;
    }
    return 0;
}

static int run_idle(struct bench *b, void *arg, double *value) {
    const struct field *f = arg;
    for (unsigned i = 0; i < f->n; i++)
        if (idle_run(b, f->transport[i], &value[i]) != 0) return -1;
    return 0;
}

static int run_syscalls(struct bench *b, void *arg, double *value) {
    const struct field *f = arg;
    for (unsigned i = 0; i < f->n; i++) {
        struct calls c = {.writer = NAN, .reader = NAN};
        if (syscalls_run(b, f->transport[i], i == 0, i == 0 ? 100000 : 5000, &c) < 0) return -1;
        value[i] = c.writer + c.reader;
    }
    return 0;
}

static const struct measure {
    run_fn *run;
    unsigned rows, short_runs; /* short_runs: 3 are enough, it is long */
    struct comparison row[2];  /* `first`: in blocks of as many columns as there are transports */
    bool two_cores;
} measures[] = {
    {run_polling,
     2,
     0,
     {{"compare_polling_p50", "one way, polling, p50", "ns", 0, false, 0},
      {"compare_polling_p99", "one way, polling, p99", "ns", 1, false, 0}},
     true},
    {run_blocking,
     2,
     0,
     {{"compare_blocking_p50", "one way, blocking, p50", "ns", 0, false, 0},
      {"compare_blocking_p99", "one way, blocking, p99", "ns", 1, false, 0}},
     false},
    {run_one_to_one, 1, 0, {{"compare_one_to_one", "1 writer, 1 reader, nothing lost", "/s", 0, true, 10}}, false},
    {run_fanout, 1, 0, {{"compare_fanout", "5 x 30, nothing lost, deliveries", "/s", 0, true, 10}}, false},
    {run_wakeups,
     2,
     1,
     {{"compare_wakeups_cpu", "60,000/s to 30 blocked, CPU a delivery", "us", 0, false, 0},
      {"compare_wakeups_p99", "the same, latency p99", "ns", 1, false, 0}},
     false},
    {run_idle, 1, 1, {{"compare_idle", "30 idle readers, of a core", "%", 0, false, 0}}, false},
    {run_syscalls, 1, 1, {{"compare_syscalls", "system calls a message", "", 0, false, 0}}, false},
};

int family_compare(struct bench *b) {
    struct field f = {1, {&transport_sctx}};
    unsigned runs = b->runs;
    int rc = 0;
    for (unsigned i = 0; transport_peers[i] != NULL && f.n < TRANSPORTS_MAX; i++) f.transport[f.n++] = transport_peers[i];
    report_section(b->report, "compare: the same harness for all, 64 B");
    report_compare_head(b->report, f.transport, f.n);
    for (unsigned i = 0; i < sizeof measures / sizeof measures[0] && rc == 0; i++) {
        const struct measure *m = &measures[i];
        struct comparison row[2] = {m->row[0], m->row[1]};
        struct series s;
        if (m->two_cores && b->cpu[0] == b->cpu[1]) continue;
        row[1].first *= f.n;
        b->runs = m->short_runs ? 3 : runs;
        if ((rc = bench_repeat(b, m->rows * f.n, m->run, &f, &s)) == 0) report_compare(b->report, &s, row, m->rows);
    }
    b->runs = runs;
    return rc;
}
