/* One way between two processes, each on its core.
 *
 * Polling: a ping-pong, half of the round trip; intervals taken on one core with the processor's counter.
 * Blocking: a paced sender, a reader that sleeps; the stamp travels in the payload, in the system's monotonic clock. A bare futex goes through the very
 * same loop: that is the floor. Twice: with 50 us between two messages and a sender that stays awake, where a wake-up is at its cheapest and so what
 * the transport adds shows most; and with 500 us and a sender that sleeps, where virtual machines give their cores away in between. */
#include "crew.h"
#include "families.h"
#include "report.h"

#include <string.h>

enum { WARM_UP = 2000, NEAR_NS = 50000, FAR_NS = 500000 };

struct job {
    struct link *link;
    const struct transport *transport;
    unsigned rounds;
    int64_t pace_ns; /* blocking only */
};

static int failed(struct crew_page *page, const struct job *job, const char *what) {
    return crew_fail(page, "%s: %s: %s", job->transport->name, what, job->transport->why());
}

static int poll_one(const struct transport *t, void *reader, const void **data) {
    int n;
    while ((n = t->receive(reader, data)) == 0) {}
    return n;
}

static int ask(struct crew_page *page, struct crew_slot *slot, void *arg) {
    struct job *job = arg;
    const struct transport *t = job->transport;
    unsigned char message[MESSAGE_BYTES] = {1};
    const void *data;
    void *writer = t->open_writer(job->link, 0, 1);
    void *reader = t->open_reader(job->link, 1, 0, RECEIVE_POLL);
    if (writer == NULL || reader == NULL) return failed(page, job, "open");
    crew_wait_go(page);
    for (unsigned i = 0; i < WARM_UP + job->rounds; i++) {
        uint64_t from = bench_ticks();
        if (t->send(writer, message, sizeof message) != 0 || poll_one(t, reader, &data) != MESSAGE_BYTES) return failed(page, job, "ping");
        if (i >= WARM_UP) hist_add(&slot->latency, bench_ticks() - from);
    }
    return 0;
}

static int answer(struct crew_page *page, struct crew_slot *slot, void *arg) {
    struct job *job = arg;
    const struct transport *t = job->transport;
    unsigned char message[MESSAGE_BYTES];
    const void *data;
    (void)slot;
    void *reader = t->open_reader(job->link, 0, 0, RECEIVE_POLL);
    void *writer = t->open_writer(job->link, 1, 1);
    if (writer == NULL || reader == NULL) return failed(page, job, "open");
    crew_wait_go(page);
    for (unsigned i = 0; i < WARM_UP + job->rounds; i++) {
        if (poll_one(t, reader, &data) != MESSAGE_BYTES) return failed(page, job, "pong");
        memcpy(message, data, sizeof message);
        if (t->send(writer, message, sizeof message) != 0) return failed(page, job, "pong");
    }
    return 0;
}

static int pace(struct crew_page *page, struct crew_slot *slot, void *arg) {
    struct job *job = arg;
    const struct transport *t = job->transport;
    unsigned char message[MESSAGE_BYTES] = {0};
    (void)slot;
    void *writer = t->open_writer(job->link, 0, 1);
    if (writer == NULL) return failed(page, job, "open");
    crew_wait_go(page);
    int64_t at = bench_now_ns();
    for (unsigned i = 0; i < job->rounds; i++) {
        int64_t now;
        at += job->pace_ns;
        if (job->pace_ns >= FAR_NS) bench_sleep_until_ns(at);
        while ((now = bench_now_ns()) < at) {}
        at = now; /* when held up, no burst to make up for it */
        memcpy(message, &now, sizeof now);
        if (t->send(writer, message, sizeof message) != 0) return failed(page, job, "send");
    }
    return 0;
}

static int sleeper(struct crew_page *page, struct crew_slot *slot, void *arg) {
    struct job *job = arg;
    const struct transport *t = job->transport;
    void *reader = t->open_reader(job->link, 0, 0, RECEIVE_BLOCK);
    if (reader == NULL) return failed(page, job, "open");
    crew_wait_go(page);
    for (unsigned i = 0; i < job->rounds;) {
        const void *data;
        int64_t sent;
        int n = t->receive(reader, &data);
        if (n < 0) return failed(page, job, "receive");
        if (n == 0) continue;
        memcpy(&sent, data, sizeof sent);
        int64_t took = bench_now_ns() - sent;
        if (i++ >= job->rounds / 10) hist_add(&slot->latency, took < 0 ? 0 : (uint64_t)took);
    }
    return 0;
}

static int run_pair(struct bench *b, struct job job, crew_fn *first, crew_fn *second, struct hist *h) {
    struct link link = {.bench = b, .channels = 2};
    const struct transport *t = job.transport;
    struct crew crew;
    job.link = &link;
    if (t->create(&link) != 0) return -1;
    int rc = crew_open(&crew);
    if (rc == 0 && (rc = crew_add(&crew, b->cpu[1], second, &job)) == 0 && (rc = crew_add(&crew, b->cpu[0], first, &job)) == 0 &&
        (rc = crew_ready(&crew)) == 0) {
        crew_go(&crew);
        rc = crew_join(&crew, 30 * BENCH_S);
    }
    if (rc == 0)
        for (unsigned i = 0; i < crew.size; i++) hist_merge(h, &crew.page->slot[i].latency);
    crew_close(&crew);
    t->destroy(&link);
    return rc;
}

int latency_polling(struct bench *b, const struct transport *t, struct latency *out) {
    static struct hist h;
    double half = 2 * bench_ticks_per_ns();
    memset(&h, 0, sizeof h);
    if (run_pair(b, (struct job){.transport = t, .rounds = b->quick ? 20000 : 100000}, ask, answer, &h) != 0) return -1;
    *out = (struct latency){hist_quantile(&h, 0.5) / half, hist_quantile(&h, 0.99) / half, (double)h.max / half};
    return 0;
}

int latency_blocking(struct bench *b, const struct transport *t, bool far, struct latency *out) {
    static struct hist h;
    struct job job = {.transport = t, .rounds = far ? 600 : 4000, .pace_ns = far ? FAR_NS : NEAR_NS};
    memset(&h, 0, sizeof h);
    if (run_pair(b, job, pace, sleeper, &h) != 0) return -1;
    *out = (struct latency){hist_quantile(&h, 0.5), hist_quantile(&h, 0.99), (double)h.max};
    return 0;
}

static int run_polling(struct bench *b, void *arg, double *value) {
    struct latency l;
    (void)arg;
    if (latency_polling(b, &transport_sctx, &l) != 0) return -1;
    value[0] = l.p50_ns;
    value[1] = l.p99_ns;
    value[2] = l.max_ns;
    return 0;
}

enum { P50, P99, MAX, BARE_P50, BARE_P99, EACH };

static int run_blocking(struct bench *b, void *arg, double *value) {
    (void)arg;
    for (unsigned far = 0; far < 2; far++, value += EACH) {
        struct latency ours, bare;
        if (latency_blocking(b, &transport_futex, far, &bare) != 0 || latency_blocking(b, &transport_sctx, far, &ours) != 0) return -1;
        value[P50] = ours.p50_ns;
        value[P99] = ours.p99_ns;
        value[MAX] = ours.max_ns;
        value[BARE_P50] = bare.p50_ns;
        value[BARE_P99] = bare.p99_ns;
    }
    return 0;
}

int family_polling(struct bench *b) {
    static const struct figure figures[] = {
        {"polling_p50", "one way, polling, 64 B, p50", "ns", 0, ASKED_AT_MOST, 2.5, AGAINST_TRIP, 0},
        {"polling_p99", "p99", "ns", 1, ASKED_NOTHING, 0, AGAINST_TRIP, 0},
        {"polling_max", "max", "ns", 2, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
    };
    struct series s;
    report_section(b->report, "polling: one way between two cores, half of a ping-pong");
    if (bench_repeat(b, 3, run_polling, NULL, &s) != 0) return -1;
    report_figures(b->report, &s, figures, 3);
    return 0;
}

int family_blocking(struct bench *b) {
    static const struct figure figures[] = {
        {"blocking_p50", "each 50 us, p50 to a bare futex", "ns", P50, ASKED_AT_MOST, 1.1, AGAINST_COLUMN, BARE_P50},
        {"blocking_p99", "p99 to a bare futex", "ns", P99, ASKED_NOTHING, 0, AGAINST_COLUMN, BARE_P99},
        {"blocking_max", "max", "ns", MAX, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"futex_p50", "bare futex, p50", "ns", BARE_P50, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"futex_p99", "bare futex, p99", "ns", BARE_P99, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"blocking_far_p50", "each 500 us, p50 to a bare futex", "ns", EACH + P50, ASKED_AT_MOST, 1.1, AGAINST_COLUMN, EACH + BARE_P50},
        {"blocking_far_p99", "p99 to a bare futex", "ns", EACH + P99, ASKED_NOTHING, 0, AGAINST_COLUMN, EACH + BARE_P99},
        {"futex_far_p50", "bare futex, p50", "ns", EACH + BARE_P50, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
    };
    struct series s;
    report_section(b->report, "blocking: one way to a reader that sleeps");
    if (bench_repeat(b, 2 * EACH, run_blocking, NULL, &s) != 0) return -1;
    report_figures(b->report, &s, figures, sizeof figures / sizeof figures[0]);
    return 0;
}
