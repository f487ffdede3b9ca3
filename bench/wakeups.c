/* 2,000 messages a second to 30 readers that sleep in between: what a delivery costs when it is the wake-up that costs. CPU time of all processes, the
 * writer's pacing included. */
#include "crew.h"
#include "families.h"
#include "report.h"

#include <string.h>

enum { PERIOD_NS = 500000, CPU = 0, SWITCHES, RATE, P50, P99, MAX, COLUMNS };

struct job {
    struct link *link;
    const struct transport *transport;
    unsigned index;
};

static int failed(struct crew_page *page, const struct job *job, const char *what) {
    return crew_fail(page, "%s: %s: %s", job->transport->name, what, job->transport->why());
}

static int sender(struct crew_page *page, struct crew_slot *slot, void *arg) {
    struct job *job = arg;
    unsigned char message[MESSAGE_BYTES] = {0};
    (void)slot;
    void *writer = job->transport->open_writer(job->link, 0, READERS);
    if (writer == NULL) return failed(page, job, "open");
    crew_wait_go(page);
    for (int64_t at = bench_now_ns();;) { /* ended by crew_close() */
        bench_sleep_until_ns(at += PERIOD_NS);
        int64_t now = bench_now_ns();
        memcpy(message, &now, sizeof now);
        if (job->transport->send(writer, message, sizeof message) != 0) return failed(page, job, "send");
    }
}

static int sleeper(struct crew_page *page, struct crew_slot *slot, void *arg) {
    struct job *job = arg;
    uint64_t n = 0;
    void *reader = job->transport->open_reader(job->link, 0, job->index, RECEIVE_BLOCK);
    if (reader == NULL) return failed(page, job, "open");
    crew_wait_go(page);
    for (;;) {
        const void *data;
        int64_t sent;
        int len = job->transport->receive(reader, &data);
        if (len < 0) return failed(page, job, "receive");
        if (len == 0) continue;
        memcpy(&sent, data, sizeof sent);
        if (atomic_load_explicit(&page->record, memory_order_relaxed) != 0) hist_add(&slot->latency, (uint64_t)(bench_now_ns() - sent));
        atomic_store_explicit(&slot->count, ++n, memory_order_relaxed);
    }
}

static double delivered(const struct crew *crew) {
    double sum = 0;
    for (unsigned i = 0; i < READERS; i++) sum += (double)atomic_load_explicit(&crew->page->slot[i].count, memory_order_relaxed);
    return sum;
}

static int take_window(struct crew *crew, int64_t window_ns, struct wakeups *out) {
    static struct hist h;
    if (crew_pause(crew, 200 * BENCH_MS) != 0) return -1;
    double switches = crew_switches(crew), n = delivered(crew), cpu = crew_cpu_ns(crew);
    int64_t from = bench_now_ns();
    atomic_store(&crew->page->record, 1);
    if (crew_pause(crew, window_ns) != 0) return -1;
    cpu = crew_cpu_ns(crew) - cpu;
    n = delivered(crew) - n;
    out->deliveries_per_s = n / ((double)(bench_now_ns() - from) / 1e9);
    switches = crew_switches(crew) - switches;
    out->cpu_us = cpu / 1e3 / n;
    out->switches = switches / n;
    memset(&h, 0, sizeof h);
    for (unsigned i = 0; i < READERS; i++) hist_merge(&h, &crew->page->slot[i].latency);
    out->latency = (struct latency){hist_quantile(&h, 0.5), hist_quantile(&h, 0.99), (double)h.max};
    return 0;
}

int wakeups_run(struct bench *b, const struct transport *t, struct wakeups *out) {
    struct link link = {.bench = b, .channels = READERS};
    struct job job = {&link, t, 0};
    struct crew crew;
    if (t->create(&link) != 0) return -1;
    int rc = crew_open(&crew);
    for (unsigned i = 0; i < READERS && rc == 0; i++) {
        job.index = i;
        rc = crew_add(&crew, -1, sleeper, &job);
    }
    if (rc == 0 && (rc = crew_add(&crew, -1, sender, &job)) == 0 && (rc = crew_ready(&crew)) == 0) {
        crew_go(&crew);
        rc = take_window(&crew, b->quick ? BENCH_S : 2 * BENCH_S, out);
    }
    crew_close(&crew);
    t->destroy(&link);
    return rc;
}

static int run(struct bench *b, void *arg, double *value) {
    struct wakeups w;
    (void)arg;
    if (wakeups_run(b, &transport_sctx, &w) != 0) return -1;
    value[CPU] = w.cpu_us;
    value[SWITCHES] = w.switches;
    value[RATE] = w.deliveries_per_s;
    value[P50] = w.latency.p50_ns;
    value[P99] = w.latency.p99_ns;
    value[MAX] = w.latency.max_ns;
    return 0;
}

int family_wakeups(struct bench *b) {
    static const struct figure figures[] = {
        {"wakeups_cpu", "CPU per delivery, all processes", "us", CPU, ASKED_AT_MOST, 10, AGAINST_ITSELF, 0},
        {"wakeups_switches", "context switches per delivery", "", SWITCHES, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"wakeups_rate", "deliveries reached", "/s", RATE, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"wakeups_p50", "latency p50", "ns", P50, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"wakeups_p99", "latency p99", "ns", P99, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"wakeups_max", "latency max", "ns", MAX, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
    };
    struct series s;
    report_section(b->report, "wakeups: 60,000 deliveries/s to 30 blocked readers");
    if (bench_repeat(b, COLUMNS, run, NULL, &s) != 0) return -1;
    report_figures(b->report, &s, figures, sizeof figures / sizeof figures[0]);
    return 0;
}
