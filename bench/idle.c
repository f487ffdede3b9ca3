/* 30 readers that wait for a message that doesn't come: CPU time of all of them, taken from outside. */
#include "crew.h"
#include "families.h"
#include "report.h"

struct job {
    struct link *link;
    const struct transport *transport;
    unsigned index;
};

static int waiter(struct crew_page *page, struct crew_slot *slot, void *arg) {
    struct job *job = arg;
    const struct transport *t = job->transport;
    const void *data;
    (void)slot;
    void *reader = t->open_reader(job->link, 0, job->index, RECEIVE_BLOCK);
    if (reader == NULL) return crew_fail(page, "%s: open: %s", t->name, t->why());
    crew_wait_go(page);
    while (t->receive(reader, &data) == 0) { /* ended by crew_close() */
    }
    return crew_fail(page, "%s: a waiting reader got something that nobody sent: %s", t->name, t->why());
}

int idle_run(struct bench *b, const struct transport *t, double *cpu_percent) {
    struct link link = {.bench = b, .channels = READERS};
    struct job job = {&link, t, 0};
    struct crew crew;
    if (t->create(&link) != 0) return -1;
    int rc = crew_open(&crew);
    for (unsigned i = 0; i < READERS && rc == 0; i++) {
        job.index = i;
        rc = crew_add(&crew, -1, waiter, &job);
    }
    if (rc == 0 && (rc = crew_ready(&crew)) == 0) {
        crew_go(&crew);
        rc = crew_pause(&crew, 500 * BENCH_MS);
    }
    if (rc == 0) {
        double cpu = crew_cpu_ns(&crew);
        int64_t from = bench_now_ns();
        rc = crew_pause(&crew, b->quick ? 2 * BENCH_S : 4 * BENCH_S);
        *cpu_percent = 100 * (crew_cpu_ns(&crew) - cpu) / (double)(bench_now_ns() - from);
    }
    crew_close(&crew);
    t->destroy(&link);
    return rc;
}

static int run(struct bench *b, void *arg, double *value) {
    (void)arg;
    return idle_run(b, &transport_sctx, &value[0]);
}

int family_idle(struct bench *b) {
    static const struct figure figures[] = {
        {"idle", "30 waiting readers, of one core", "%", 0, ASKED_BELOW, 0.5, AGAINST_ITSELF, 0},
    };
    struct series s;
    report_section(b->report, "idle: 30 readers wait, nothing is sent");
    if (bench_repeat(b, 1, run, NULL, &s) != 0) return -1;
    report_figures(b->report, &s, figures, 1);
    return 0;
}
