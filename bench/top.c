/* What looking on costs: sctx-top on a terminal of 200x50 that nobody sees, beside one writer of 64-byte messages at four rates, in bursts each ms.
 *
 * Of the view, taken from outside: its CPU time, the memory of its own (not what it maps of the bus), the longest time between two pictures, and the
 * longest from a key until the picture changes. An idle bus gives no new pictures, so there only the keys tell. Of the writer: all CPU time for each
 * message, its pacing included, without the view and with it, in turn, in an order that alternates. The view runs on the other core. */
#include "crew.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sctx/sctx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RATES = 4, TICK_NS = 1000000, PHASE_BURST = 0xfff }; /* a phase: turn << 12 | messages a ms */
enum { CPU, MEMORY, GAP, KEY, ALONE, WATCHED, PER_RATE };
enum { PAIRS = 20, PAIRS_QUICK = 3 };
#define COLUMN(rate, what) (PER_RATE * (rate) + (what))

static const char context[] = "top";
static const unsigned bursts[RATES] = {0, 10, 100, 1000};

struct view {
    pid_t pid;
    int terminal;
    int64_t last_ns, frame_ns; /* when it last said something; when its last picture began */
    double longest_ns;
};

struct state {
    struct crew crew;
    uint32_t turn;
    unsigned round;
};

/* ---- the writer -------------------------------------------------------------------------------------------------------------- */

static double cpu_ns(clockid_t clock) {
    struct timespec t = {0};
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int send_for_a_phase(struct crew_page *page, uint32_t phase, sctx_writer *writer, uint16_t topic, double *a_message_ns) {
    unsigned char message[64] = {0};
    double cpu = cpu_ns(CLOCK_PROCESS_CPUTIME_ID), sent = 0;
    int64_t at = bench_now_ns();
    while (atomic_load_explicit(&page->phase, memory_order_relaxed) == phase) {
        bench_sleep_until_ns(at += TICK_NS);
        for (unsigned i = 0; i < (phase & PHASE_BURST); i++) {
            int rc = sctx_publish(writer, topic, message, sizeof message, NULL);
            if (rc != 0) return rc;
        }
        sent += phase & PHASE_BURST;
    }
    *a_message_ns = sent > 0 ? (cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu) / sent : 0;
    return 0;
}

static int writer(struct crew_page *page, struct crew_slot *slot, void *arg) {
    const struct bench *b = arg;
    struct sctx_options o = SCTX_INIT(o);
    struct sctx_topic_options t = SCTX_INIT(t);
    sctx *ctx;
    sctx_writer *w;
    uint16_t topic;
    o.context = context;
    o.dir = b->dir;
    t.name = "bench/watched";
    int rc = sctx_open(&o, &ctx);
    if (rc == 0) rc = sctx_topic_register(ctx, &t, &topic);
    if (rc == 0) rc = sctx_writer_open(ctx, NULL, &w);
    if (rc != 0) return crew_fail(page, "top: writer: %s", sctx_strerror(rc));
    crew_wait_go(page);
    for (uint32_t phase = 0;;) { /* ended by crew_close() */
        phase = crew_word_wait(&page->phase, phase);
        if ((phase & PHASE_BURST) == 0) continue;
        if ((rc = send_for_a_phase(page, phase, w, topic, slot->value)) != 0) return crew_fail(page, "top: publish: %s", sctx_strerror(rc));
        atomic_fetch_add(&page->done, 1);
    }
}

static void set_rate(struct state *s, unsigned burst) {
    crew_word_set(&s->crew.page->phase, ++s->turn << 12 | burst);
}

/* Ends the phase. *a_message_ns: what a message cost its writer. */
static int stop_writer(struct state *s, unsigned burst, double *a_message_ns) {
    struct crew_page *page = s->crew.page;
    uint32_t done = atomic_load(&page->done);
    set_rate(s, 0);
    for (int64_t end = bench_now_ns() + 10 * BENCH_S; burst > 0 && atomic_load(&page->done) == done;) {
        if (crew_pause(&s->crew, BENCH_MS) != 0) return -1;
        if (bench_now_ns() > end) return bench_wrong("top: the writer did not stop within 10 s");
    }
    *a_message_ns = burst > 0 ? page->slot[0].value[0] : 0;
    return 0;
}

/* ---- the view ---------------------------------------------------------------------------------------------------------------- */

static void become_view(const struct bench *b) {
    char program[sizeof b->tool + 8];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bench_pin(b->cpu[1]);
    snprintf(program, sizeof program, "%s-top", b->tool);
    bool is_set = setenv("TERM", "xterm-256color", 1) == 0 && setenv("LC_ALL", "C.UTF-8", 1) == 0 && setenv("SCTX_DIR", b->dir, 1) == 0 &&
                  setenv("XDG_CONFIG_HOME", b->dir, 1) == 0;
    if (is_set) execl(program, "sctx-top", "-c", context, (char *)NULL);
    _exit(127);
}

static int view_open(const struct bench *b, struct view *view) {
    struct winsize size = {.ws_row = 50, .ws_col = 200};
    *view = (struct view){.terminal = -1};
    view->pid = forkpty(&view->terminal, NULL, NULL, &size);
    if (view->pid == 0) become_view(b);
    return view->pid > 0 ? 0 : bench_wrong("top: forkpty: %s", strerror(errno));
}

/* Pictures come an eighth of a second apart, so what follows within 20 ms belongs to the same one. */
static int view_hear(struct view *view) {
    enum { SAME_NS = 20 * 1000000 };
    static char text[65536];
    ssize_t got = read(view->terminal, text, sizeof text);
    if (got <= 0) return bench_wrong("top: sctx-top ended: %s", got < 0 ? strerror(errno) : "no reason given");
    int64_t now = bench_now_ns();
    if (now - view->last_ns > SAME_NS) {
        if (view->frame_ns != 0 && (double)(now - view->frame_ns) > view->longest_ns) view->longest_ns = (double)(now - view->frame_ns);
        view->frame_ns = now;
    }
    view->last_ns = now;
    return 0;
}

/* Looks on for so long, or until it says something. */
static int view_watch(struct view *view, int64_t for_ns, bool until_heard) {
    struct pollfd fd = {.fd = view->terminal, .events = POLLIN};
    bool is_over = false;
    for (int64_t end = bench_now_ns() + for_ns; !is_over;) {
        int64_t left = end - bench_now_ns();
        if (bench_interrupted) return -1;
        int ready = poll(&fd, 1, left > 0 ? (int)((left + BENCH_MS - 1) / BENCH_MS) : 0);
        if (ready > 0 && view_hear(view) != 0) return -1;
        is_over = until_heard ? ready > 0 || left <= 0 : left <= 0;
    }
    return 0;
}

/* The longest time from a key until the picture changes. */
static int view_keys(struct view *view, double *longest_ms) {
    enum { KEYS = 10, APART_NS = 97 * 1000000 };
    *longest_ms = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        if (view_watch(view, APART_NS, false) != 0) return -1;
        int64_t from = bench_now_ns();
        if (write(view->terminal, i % 2 == 0 ? "2" : "1", 1) != 1)
            return bench_wrong("top: the terminal takes no key: %s", strerror(errno));
        if (view_watch(view, BENCH_S, true) != 0) return -1;
        double took_ms = (double)(bench_now_ns() - from) / 1e6;
        if (took_ms > *longest_ms) *longest_ms = took_ms;
    }
    return 0;
}

static double view_own_mib(const struct view *view) {
    char path[64], line[128];
    unsigned long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)view->pid);
    FILE *f = fopen(path, "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "RssAnon: %lu", &kib) == 1) break;
    if (f != NULL) fclose(f);
    return (double)kib / 1024;
}

static void view_close(struct view *view) {
    if (view->pid <= 0) return;
    kill(view->pid, SIGKILL);
    while (waitpid(view->pid, NULL, 0) < 0 && errno == EINTR) {}
    close(view->terminal);
}

/* ---- the runs ---------------------------------------------------------------------------------------------------------------- */

static int alone(struct bench *b, struct state *s, unsigned burst, double *value) {
    (void)b;
    if (burst == 0) {
        value[ALONE] = 0;
        return 0;
    }
    set_rate(s, burst);
    return crew_pause(&s->crew, 500 * BENCH_MS) == 0 ? stop_writer(s, burst, &value[ALONE]) : -1;
}

static int look_on(const struct bench *b, struct view *view, double *value) {
    clockid_t clock;
    int64_t window = b->quick ? BENCH_S : 2 * BENCH_S;
    if (view_watch(view, BENCH_S / 2, false) != 0) return -1; /* it has filled its tables */
    if (clock_getcpuclockid(view->pid, &clock) != 0) return bench_wrong("top: sctx-top has no clock");
    double cpu = cpu_ns(clock);
    int64_t from = bench_now_ns();
    view->longest_ns = 0;
    if (view_watch(view, window, false) != 0) return -1;
    value[CPU] = 100 * (cpu_ns(clock) - cpu) / (double)(bench_now_ns() - from);
    value[MEMORY] = view_own_mib(view);
    value[GAP] = view->longest_ns / 1e6;
    return view_keys(view, &value[KEY]);
}

static int watched(struct bench *b, struct state *s, unsigned burst, double *value) {
    struct view view;
    int rc = view_open(b, &view);
    if (rc == 0) rc = view_watch(&view, BENCH_S / 2, false); /* it is there */
    if (rc == 0) set_rate(s, burst);
    if (rc == 0) rc = look_on(b, &view, value);
    if (rc == 0) rc = stop_writer(s, burst, &value[WATCHED]);
    view_close(&view);
    return rc;
}

static int run(struct bench *b, void *arg, double *value) {
    struct state *s = arg;
    bool is_first = s->round++ % 2 == 0;
    for (unsigned rate = 0; rate < RATES; rate++) {
        double *of = value + COLUMN(rate, 0);
        int rc = is_first ? alone(b, s, bursts[rate], of) : watched(b, s, bursts[rate], of);
        if (rc == 0) rc = is_first ? watched(b, s, bursts[rate], of) : alone(b, s, bursts[rate], of);
        if (rc != 0) return rc;
    }
    return 0;
}

#define NOTHING ASKED_NOTHING, 0, AGAINST_ITSELF, 0
#define BELOW(target) ASKED_BELOW, target, AGAINST_ITSELF, 0
#define SAME(rate) ASKED_AT_MOST, 1.05, AGAINST_COLUMN, COLUMN(rate, ALONE)
#define OF_RATE(rate, key, name, cpu)                                                               \
    {"top_cpu_" key, name ": CPU of the view, of one core", "%", COLUMN(rate, CPU), cpu},           \
        {"top_memory_" key, name ": memory of its own", "MiB", COLUMN(rate, MEMORY), NOTHING}, {    \
        "top_key_" key, name ": a key until the picture, longest", "ms", COLUMN(rate, KEY), NOTHING \
    }
#define OF_TRAFFIC(rate, key, name)                                                                             \
    {"top_gap_" key, name ": between two pictures, longest", "ms", COLUMN(rate, GAP), BELOW(200)},              \
        {"top_alone_" key, name ": CPU a publish, nobody looks", "ns", COLUMN(rate, ALONE), NOTHING}, {         \
        "top_watched_" key, name ": CPU a publish, watched, to nobody", "ns", COLUMN(rate, WATCHED), SAME(rate) \
    }

static const struct figure figures[] = {
    OF_RATE(0, "idle", "idle", BELOW(1)),   OF_RATE(1, "10k", "10 k/s", NOTHING), OF_TRAFFIC(1, "10k", "10 k/s"),
    OF_RATE(2, "100k", "100 k/s", NOTHING), OF_TRAFFIC(2, "100k", "100 k/s"),     OF_RATE(3, "1m", "1 M/s", BELOW(25)),
    OF_TRAFFIC(3, "1m", "1 M/s"),
};

int family_top(struct bench *b) {
    static struct state state;
    struct series s;
    unsigned runs = b->runs;
    report_section(b->report, "top: sctx-top looks on");
    if (b->tool[0] == '\0') {
        report_note(b->report, "left out: there is no sctx beside this program");
        return 0;
    }
    if (bench_context_create(b, context, false) != 0) return -1;
    int rc = crew_open(&state.crew);
    if (rc == 0) rc = crew_add(&state.crew, b->cpu[0], writer, b);
    if (rc == 0 && (rc = crew_ready(&state.crew)) == 0) crew_go(&state.crew);
    b->runs = b->quick ? PAIRS_QUICK : PAIRS;
    if (rc == 0) rc = bench_repeat(b, RATES * PER_RATE, run, &state, &s);
    b->runs = runs;
    if (rc == 0) report_figures(b->report, &s, figures, sizeof figures / sizeof figures[0]);
    crew_close(&state.crew);
    bench_context_remove(b, context);
    return rc;
}
