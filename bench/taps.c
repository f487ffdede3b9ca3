/* What being watched costs a writer. 100,000 messages a second in bursts of 100 each millisecond; the same writer process, without taps and with, in turn,
 * in an order that alternates; every pair is a run of its own. Two costs: all CPU time of the writer's process (its pacing included), and the time within
 * the calls of a median burst.
 *
 * Twice: on a bus that nobody reads, where every line stays in the writer's own cache; and on one with an ordinary reader, which is what a bus is for.
 * Taps and reader run on the other core: what they take from a shared one would be the scheduler's figure, not ours. */
#include "crew.h"
#include "report.h"

#include <sctx/sctx.h>
#include <string.h>
#include <time.h>

enum { TAPS = 4, BURST = 100, BURST_NS = 1000000, BURSTS = 120 };
enum { CPU, INSIDE, PER_HALF };
enum { NONE_1, ONE, NONE_4, FOUR, PER_BUS };
enum { HALVES = 2 * PER_BUS };
enum { READER_INDEX = TAPS, WITH_READER = 8 }; /* a phase: turn << 4 | WITH_READER | number of taps */
#define COLUMN(with_reader, half, cost) (PER_HALF * (PER_BUS * (with_reader) + (half)) + (cost))

struct job {
    struct bench *bench;
    uint32_t index;
};

struct state {
    struct crew crew;
    unsigned round, halves;
};

static double own_cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int half(sctx_writer *writer, uint16_t topic, double *value) {
    double took[BURSTS];
    unsigned char message[64] = {0};
    double cpu = own_cpu_ns();
    int64_t at = bench_now_ns();
    for (unsigned i = 0; i < BURSTS; i++) {
        bench_sleep_until_ns(at += BURST_NS);
        uint64_t from = bench_ticks();
        for (unsigned k = 0; k < BURST; k++) {
            int rc = sctx_publish(writer, topic, message, sizeof message, NULL);
            if (rc != 0) return rc;
        }
        took[i] = (double)(bench_ticks() - from) / bench_ticks_per_ns() / BURST;
    }
    value[CPU] = (own_cpu_ns() - cpu) / (BURSTS * BURST);
    value[INSIDE] = stat_median(took, BURSTS);
    return 0;
}

static struct sctx_options who(struct bench *b) {
    struct sctx_options o = SCTX_INIT(o);
    o.context = "taps";
    o.dir = b->dir;
    return o;
}

static int writer(struct crew_page *page, struct crew_slot *slot, void *arg) {
    struct job *job = arg;
    struct sctx_options o = who(job->bench);
    struct sctx_topic_options t = SCTX_INIT(t);
    sctx *ctx;
    sctx_writer *w;
    uint16_t topic;
    t.name = "bench/tapped";
    int rc = sctx_open(&o, &ctx);
    if (rc == 0) rc = sctx_topic_register(ctx, &t, &topic);
    if (rc == 0) rc = sctx_writer_open(ctx, NULL, &w);
    if (rc != 0) return crew_fail(page, "taps: writer: %s", sctx_strerror(rc));
    crew_wait_go(page);
    for (uint32_t turn = 0;;) { /* ended by crew_close() */
        turn = crew_word_wait(&page->record, turn);
        if ((rc = half(w, topic, slot->value)) != 0) return crew_fail(page, "taps: publish: %s", sctx_strerror(rc));
        atomic_fetch_add(&page->done, 1);
    }
}

static int watch(struct crew_page *page, const struct job *job, uint32_t phase) {
    struct sctx_options o = who(job->bench);
    struct sctx_message m;
    sctx *ctx;
    sctx_reader *reader;
    int rc = job->index == READER_INDEX ? sctx_open(&o, &ctx) : sctx_tap_open(&o, &ctx);
    if (rc != 0) return rc;
    if ((rc = sctx_reader_open(ctx, NULL, &reader)) == 0) {
        atomic_fetch_add(&page->phase_done, 1);
        while (atomic_load_explicit(&page->phase, memory_order_relaxed) == phase &&
               (rc == 0 || rc == SCTX_TIMEOUT || rc == SCTX_INTERRUPTED)) {
            while ((rc = sctx_read(reader, &m)) == 0) bench_keep(m.data);
            if (rc == SCTX_AGAIN) rc = sctx_wait(reader, 20 * BENCH_MS);
        }
        sctx_reader_close(reader);
        atomic_fetch_sub(&page->phase_done, 1);
    }
    sctx_close(ctx);
    return rc == SCTX_TIMEOUT || rc == SCTX_INTERRUPTED ? 0 : rc;
}

static bool takes_part(uint32_t index, uint32_t phase) {
    return index == READER_INDEX ? (phase & WITH_READER) != 0 : index < (phase & 7);
}

static int watcher(struct crew_page *page, struct crew_slot *slot, void *arg) {
    const struct job *job = arg;
    (void)slot;
    crew_wait_go(page);
    for (uint32_t phase = 0;;) { /* ended by crew_close() */
        phase = crew_word_wait(&page->phase, phase);
        int rc = takes_part(job->index, phase) ? watch(page, job, phase) : 0;
        if (rc != 0) return crew_fail(page, "taps: %s: %s", job->index == READER_INDEX ? "reader" : "tap", sctx_strerror(rc));
    }
}

static int wait_for(struct crew *crew, _Atomic uint32_t *word, uint32_t value) {
    for (int64_t end = bench_now_ns() + 10 * BENCH_S; atomic_load(word) != value;) {
        if (crew_pause(crew, BENCH_MS) != 0) return -1;
        if (bench_now_ns() > end) return bench_wrong("taps: a process did not get ready within 10 s");
    }
    return 0;
}

static int one_half(struct state *s, uint32_t watchers, double *value) {
    struct crew_page *page = s->crew.page;
    uint32_t present = (watchers & 7) + (watchers & WITH_READER ? 1 : 0);
    crew_word_set(&page->phase, ++s->halves << 4 | watchers);
    if (wait_for(&s->crew, &page->phase_done, present) != 0) return -1;
    crew_word_set(&page->record, s->halves);
    if (wait_for(&s->crew, &page->done, s->halves) != 0) return -1;
    memcpy(value, page->slot[0].value, PER_HALF * sizeof *value);
    crew_word_set(&page->phase, s->halves << 4);
    return wait_for(&s->crew, &page->phase_done, 0);
}

static int run(struct bench *b, void *arg, double *value) {
    static const unsigned order[2][PER_BUS] = {{NONE_1, ONE, NONE_4, FOUR}, {ONE, NONE_1, FOUR, NONE_4}}, taps[PER_BUS] = {0, 1, 0, 4};
    struct state *s = arg;
    (void)b;
    const unsigned *turn = order[s->round++ % 2];
    for (unsigned i = 0; i < PER_BUS; i++)
        for (unsigned with_reader = 0; with_reader < 2; with_reader++)
            if (one_half(s, taps[turn[i]] | (with_reader ? WITH_READER : 0), value + COLUMN(with_reader, turn[i], 0)) != 0) return -1;
    return 0;
}

static int start(struct bench *b, struct state *s, struct job *job) {
    int rc = crew_open(&s->crew);
    if (rc == 0) rc = crew_add(&s->crew, b->cpu[0], writer, job);
    for (job->index = 0; job->index <= READER_INDEX && rc == 0; job->index++) rc = crew_add(&s->crew, b->cpu[1], watcher, job);
    if (rc == 0 && (rc = crew_ready(&s->crew)) == 0) crew_go(&s->crew);
    return rc;
}

#define ALONE ASKED_NOTHING, 0, AGAINST_ITSELF, 0
#define PAIR(asked, with_reader, none, cost) asked, 1.05, AGAINST_COLUMN, COLUMN(with_reader, none, cost)
static const struct figure figures[] = {
    {"taps_0_cpu", "nobody: CPU a publish, with its pacing", "ns", COLUMN(0, NONE_1, CPU), ALONE},
    {"taps_1_cpu", "1 tap: CPU, to nobody", "ns", COLUMN(0, ONE, CPU), PAIR(ASKED_AT_MOST, 0, NONE_1, CPU)},
    {"taps_4_cpu", "4 taps: CPU, to nobody", "ns", COLUMN(0, FOUR, CPU), PAIR(ASKED_AT_MOST, 0, NONE_4, CPU)},
    {"taps_0_inside", "nobody: within the call", "ns", COLUMN(0, NONE_1, INSIDE), ALONE},
    {"taps_1_inside", "1 tap: within the call, to nobody", "ns", COLUMN(0, ONE, INSIDE), PAIR(ASKED_NOTHING, 0, NONE_1, INSIDE)},
    {"taps_4_inside", "4 taps: within the call, to nobody", "ns", COLUMN(0, FOUR, INSIDE), PAIR(ASKED_NOTHING, 0, NONE_4, INSIDE)},
    {"taps_reader_0_cpu", "a reader: CPU a publish, with its pacing", "ns", COLUMN(1, NONE_1, CPU), ALONE},
    {"taps_reader_1_cpu", "reader and tap: CPU, to the reader", "ns", COLUMN(1, ONE, CPU), PAIR(ASKED_AT_MOST, 1, NONE_1, CPU)},
    {"taps_reader_4_cpu", "reader and 4 taps: CPU, to the reader", "ns", COLUMN(1, FOUR, CPU), PAIR(ASKED_AT_MOST, 1, NONE_4, CPU)},
    {"taps_reader_0_inside", "a reader: within the call", "ns", COLUMN(1, NONE_1, INSIDE), ALONE},
    {"taps_reader_1_inside", "reader and tap: within, to reader", "ns", COLUMN(1, ONE, INSIDE), PAIR(ASKED_NOTHING, 1, NONE_1, INSIDE)},
    {"taps_reader_4_inside", "reader and 4 taps: within, to reader", "ns", COLUMN(1, FOUR, INSIDE), PAIR(ASKED_NOTHING, 1, NONE_4, INSIDE)},
};

int family_taps(struct bench *b) {
    static struct state state;
    struct job job = {b, 0};
    struct series s;
    unsigned runs = b->runs;
    report_section(b->report, "taps: a writer at 100,000 messages a second, with and without, in pairs");
    if (bench_context_create(b, "taps", false) != 0) return -1;
    int rc = start(b, &state, &job);
    b->runs = b->quick ? 5 : 20;
    if (rc == 0) rc = bench_repeat(b, HALVES * PER_HALF, run, &state, &s);
    b->runs = runs;
    if (rc == 0) report_figures(b->report, &s, figures, sizeof figures / sizeof figures[0]);
    crew_close(&state.crew);
    bench_context_remove(b, "taps");
    return rc;
}
