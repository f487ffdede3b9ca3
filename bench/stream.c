/* W writers send as much as will go to R readers, in separate processes; what arrives is checked, message by message.
 *
 * A message is 8 words: {count, writer, ..., check}. Where nothing may be lost each writer's counts must arrive without a hole; where losing is
 * allowed they must at least grow. At the end the accounts of every reader must balance, and add up to what was sent:
 * all readers are opened before the first message and read to the last. */
#include "crew.h"
#include "families.h"

#include <inttypes.h>
#include <string.h>

enum { WORDS = MESSAGE_BYTES / 8, PROBE_NS = 1000000 };
#define LAST UINT64_MAX

struct job {
    struct link *link;
    const struct transport *transport;
    unsigned index, writers, readers, senders;
};

enum { PASSED, DELIVERED, FILTERED, LOST, GONE, SENT };

static int failed(struct crew_page *page, const struct job *job, const char *what) {
    return crew_fail(page, "%s: %s: %s", job->transport->name, what, job->transport->why());
}

static inline uint64_t check_of(uint64_t count, uint64_t writer) {
    return (count + writer) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline void counted(struct crew_slot *slot, uint64_t n) {
    atomic_store_explicit(&slot->count, n, memory_order_relaxed);
}

static int write_all(struct crew_page *page, struct crew_slot *slot, void *arg) {
    struct job *job = arg;
    const struct transport *t = job->transport;
    uint64_t m[WORDS] = {0}, n = 0;
    void *writer = t->open_writer(job->link, 0, job->readers);
    if (writer == NULL) return failed(page, job, "open for writing");
    m[1] = job->index;
    crew_wait_go(page);
    for (bool on = true; on; n++) {
        on = !crew_stopped(page);
        m[0] = on ? n : LAST;
        m[WORDS - 1] = check_of(m[0], m[1]);
        if (t->send(writer, m, sizeof m) != 0) return failed(page, job, "send");
        if (n % 64 == 0) counted(slot, n);
    }
    slot->value[SENT] = (double)n;
    atomic_fetch_add(&page->done, 1);
    return 0;
}

static int write_probe(struct crew_page *page, struct crew_slot *slot, void *arg) {
    struct job *job = arg;
    const struct transport *t = job->transport;
    uint64_t m[WORDS] = {0}, n = 0;
    void *writer = t->open_writer(job->link, job->readers, 1);
    if (writer == NULL) return failed(page, job, "open for probing");
    crew_wait_go(page);
    for (int64_t at = bench_now_ns(); !crew_stopped(page); n++) {
        bench_sleep_until_ns(at += PROBE_NS);
        int64_t now = bench_now_ns();
        if (now - at > 20 * PROBE_NS) at = now;
        memcpy(m, &now, sizeof now);
        if (t->send(writer, m, sizeof m) != 0) return failed(page, job, "send probe");
    }
    slot->value[SENT] = (double)n;
    atomic_fetch_add(&page->done, 1);
    return 0;
}

static int keep_accounts(struct crew_page *page, struct crew_slot *slot, const struct job *job, void *reader) {
    struct accounts a;
    if (job->transport->accounts == NULL) return 0;
    if (job->transport->accounts(reader, &a) != 0) return failed(page, job, "accounts");
    if (a.passed != a.delivered + a.filtered + a.lost + a.gone)
        return crew_fail(page,
                         "%s: a reader's accounts don't balance: cursor - start %" PRIu64 ", delivered %" PRIu64 " + filtered %" PRIu64
                         " + lost %" PRIu64 " + gone %" PRIu64,
                         job->transport->name, a.passed, a.delivered, a.filtered, a.lost, a.gone);
    if (!job->transport->lossy && a.lost + a.gone != 0)
        return crew_fail(page, "%s: lost %" PRIu64 ", gone %" PRIu64 ", where nothing may be", job->transport->name, a.lost, a.gone);
    slot->value[PASSED] = (double)a.passed;
    slot->value[DELIVERED] = (double)a.delivered;
    slot->value[FILTERED] = (double)a.filtered;
    slot->value[LOST] = (double)a.lost;
    slot->value[GONE] = (double)a.gone;
    return 0;
}

static const char *wrong_message(const struct job *job, const uint64_t *m, int len, uint64_t next[WRITERS]) {
    if (len != MESSAGE_BYTES) return "a message of another length arrived";
    if (m[1] >= job->writers || m[WORDS - 1] != check_of(m[0], m[1])) return "a torn message arrived";
    if (m[0] == LAST) return NULL;
    if (job->transport->lossy ? m[0] < next[m[1]] : m[0] != next[m[1]])
        return job->transport->lossy ? "a message arrived out of order or twice" : "a message is missing, out of order or came twice";
    next[m[1]] = m[0] + 1;
    return NULL;
}

/* Reads until the last message of each writer has come; with accounts() until all senders are done and nothing is left. */
static int read_all(struct crew_page *page, struct crew_slot *slot, void *arg) {
    struct job *job = arg;
    const struct transport *t = job->transport;
    uint64_t next[WRITERS] = {0}, n = 0;
    unsigned lasts = 0;
    void *reader = t->open_reader(job->link, 0, job->index, RECEIVE_TIMED);
    if (reader == NULL) return failed(page, job, "open for reading");
    crew_wait_go(page);
    while (t->accounts != NULL || lasts < job->writers) {
        const void *data;
        uint64_t m[WORDS];
        bool all_done = atomic_load_explicit(&page->done, memory_order_acquire) == job->senders;
        int len = t->receive(reader, &data);
        if (len < 0) return failed(page, job, "receive");
        if (len == 0 && all_done) break;
        if (len == 0) continue;
        memcpy(m, data, sizeof m);
        const char *wrong = wrong_message(job, m, len, next);
        if (wrong != NULL) return crew_fail(page, "%s: %s", t->name, wrong);
        lasts += m[0] == LAST;
        counted(slot, ++n);
    }
    if (!t->lossy && lasts != job->writers)
        return crew_fail(page, "%s: the last message of %u of %u writers never came", t->name, job->writers - lasts, job->writers);
    return keep_accounts(page, slot, job, reader);
}

static int read_probe(struct crew_page *page, struct crew_slot *slot, void *arg) {
    struct job *job = arg;
    const struct transport *t = job->transport;
    uint64_t n = 0;
    void *reader = t->open_reader(job->link, job->readers, 0, RECEIVE_TIMED);
    if (reader == NULL) return failed(page, job, "open for the probe");
    crew_wait_go(page);
    for (;;) {
        const void *data;
        int64_t sent;
        bool all_done = atomic_load_explicit(&page->done, memory_order_acquire) == job->senders;
        int len = t->receive(reader, &data);
        if (len < 0) return failed(page, job, "receive probe");
        if (len == 0 && all_done) return keep_accounts(page, slot, job, reader);
        if (len == 0) continue;
        memcpy(&sent, data, sizeof sent);
        counted(slot, ++n);
        if (atomic_load_explicit(&page->record, memory_order_relaxed) != 0) hist_add(&slot->latency, (uint64_t)(bench_now_ns() - sent));
    }
}

/* ---- parent: slots are readers, writers, probe reader, probe writer -------------------------------------------------------- */

static int add_up(const struct crew *crew, const struct transport *t, struct stream *s) {
    double sent = 0, passed = 0, missed = 0;
    for (unsigned i = 0; i < crew->size; i++) sent += crew->page->slot[i].value[SENT];
    s->lost_share = 0;
    if (s->probe) {
        s->probes_received = (double)crew->page->slot[s->readers + s->writers].latency.count;
        s->probes_sent = crew->page->slot[s->readers + s->writers + 1].value[SENT];
    }
    if (t->accounts == NULL) return 0;
    for (unsigned i = 0; i < crew->size; i++) {
        const double *v = crew->page->slot[i].value;
        if (i >= s->readers && (!s->probe || i != s->readers + s->writers)) continue;
        if (v[PASSED] != sent)
            return bench_wrong(
                "%s: %.0f messages were sent, but reader %u went past %.0f (delivered %.0f, filtered %.0f, lost %.0f, gone %.0f)", t->name,
                sent, i, v[PASSED], v[DELIVERED], v[FILTERED], v[LOST], v[GONE]);
        passed += v[PASSED];
        missed += v[LOST] + v[GONE];
    }
    s->lost_share = passed > 0 ? missed / passed : 0;
    return 0;
}

static int take_window(struct crew *crew, struct stream *s) {
    uint64_t before[CREW_MAX];
    double sent = 0, got = 0, least = -1;
    if (crew_pause(crew, 150 * BENCH_MS) != 0) return -1;
    atomic_store(&crew->page->record, 1);
    int64_t from = bench_now_ns();
    for (unsigned i = 0; i < s->readers + s->writers; i++)
        before[i] = atomic_load_explicit(&crew->page->slot[i].count, memory_order_relaxed);
    if (crew_pause(crew, s->window_ns) != 0) return -1;
    double seconds = (double)(bench_now_ns() - from) / 1e9;
    for (unsigned i = 0; i < s->readers + s->writers; i++) {
        double n = (double)(atomic_load_explicit(&crew->page->slot[i].count, memory_order_relaxed) - before[i]);
        if (i >= s->readers) {
            sent += n;
            continue;
        }
        got += n;
        if (least < 0 || n < least) least = n;
    }
    atomic_store(&crew->page->record, 0);
    s->sent_per_s = sent / seconds;
    s->deliveries_per_s = got / seconds;
    s->slowest_share = got > 0 ? least / (got / s->readers) : 0;
    return 0;
}

static int start(struct crew *crew, struct bench *b, struct stream *s, struct job *job) {
    int rc = crew_open(crew);
    for (unsigned i = 0; i < s->readers && rc == 0; i++) {
        job->index = i;
        rc = crew_add(crew, s->pinned ? b->cpu[1] : -1, read_all, job);
    }
    for (unsigned i = 0; i < s->writers && rc == 0; i++) {
        job->index = i;
        rc = crew_add(crew, s->pinned ? b->cpu[0] : -1, write_all, job);
    }
    if (rc == 0 && s->probe) rc = crew_add(crew, -1, read_probe, job);
    if (rc == 0 && s->probe) rc = crew_add(crew, -1, write_probe, job);
    return rc == 0 ? crew_ready(crew) : rc;
}

int stream_run(struct bench *b, const struct transport *t, struct stream *s) {
    struct link link = {.bench = b, .channels = s->readers + (s->probe ? 1 : 0)};
    struct job job = {&link, t, 0, s->writers, s->readers, s->writers + (s->probe ? 1 : 0)};
    struct crew crew;
    if (t->create(&link) != 0) return -1;
    int rc = start(&crew, b, s, &job);
    if (rc == 0) {
        crew_go(&crew);
        rc = take_window(&crew, s);
    }
    if (rc == 0) {
        crew_stop(&crew);
        rc = crew_join(&crew, 30 * BENCH_S);
    }
    if (rc == 0) rc = add_up(&crew, t, s);
    if (rc == 0 && s->probe) {
        const struct hist *h = &crew.page->slot[s->readers + s->writers].latency;
        s->latency = (struct latency){hist_quantile(h, 0.5), hist_quantile(h, 0.99), (double)h->max};
    }
    crew_close(&crew);
    t->destroy(&link);
    return rc;
}
