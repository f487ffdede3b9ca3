#include "crew.h"

#include "bench.h"

#include <errno.h>
#include <linux/futex.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void crew_word_set(_Atomic uint32_t *word, uint32_t value) {
    atomic_store_explicit(word, value, memory_order_release);
    syscall(SYS_futex, word, FUTEX_WAKE, 1 << 20, NULL, NULL, 0);
}

uint32_t crew_word_wait(_Atomic uint32_t *word, uint32_t old) {
    uint32_t now;
    while ((now = atomic_load_explicit(word, memory_order_acquire)) == old) syscall(SYS_futex, word, FUTEX_WAIT, old, NULL, NULL, 0);
    return now;
}

int crew_open(struct crew *crew) {
    memset(crew, 0, sizeof *crew);
    void *page = mmap(NULL, sizeof *crew->page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return bench_wrong("mmap of %zu bytes: %s", sizeof *crew->page, strerror(errno));
    crew->page = page;
    return 0;
}

int crew_add(struct crew *crew, int cpu, crew_fn *fn, void *arg) {
    if (crew->size == CREW_MAX) return bench_wrong("more than %d processes in one run", CREW_MAX);
    pid_t parent = getpid();
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) return bench_wrong("fork: %s", strerror(errno));
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(1);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        signal(SIGHUP, SIG_DFL);
        bench_pin(cpu);
        _exit(fn(crew->page, &crew->page->slot[crew->size], arg) == 0 ? 0 : 1);
    }
    crew->pid[crew->size++] = pid;
    return 0;
}

int crew_fail(struct crew_page *page, const char *format, ...) {
    if (atomic_fetch_add(&page->failed, 1) == 0) {
        va_list args;
        va_start(args, format);
        vsnprintf(page->error, sizeof page->error, format, args);
        va_end(args);
    }
    return 1;
}

int crew_reaped(struct crew *crew, pid_t pid, int status) {
    for (unsigned i = 0; i < crew->size; i++)
        if (crew->pid[i] == pid) crew->pid[i] = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
    if (bench_interrupted) return -1;
    if (crew->page->error[0] != '\0') return bench_wrong("%s", crew->page->error);
    if (WIFSIGNALED(status))
        return bench_wrong("a process of the run was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    return bench_wrong("a process of the run failed");
}

static int look_for_the_dead(struct crew *crew, unsigned *left) {
    *left = 0;
    for (unsigned i = 0; i < crew->size; i++) {
        int status;
        if (crew->pid[i] == 0) continue;
        if (waitpid(crew->pid[i], &status, WNOHANG) == crew->pid[i]) {
            if (crew_reaped(crew, crew->pid[i], status) != 0) return -1;
        } else {
            ++*left;
        }
    }
    return bench_interrupted ? -1 : 0;
}

static void nap(int64_t ns) {
    struct timespec t = {.tv_sec = ns / BENCH_S, .tv_nsec = ns % BENCH_S};
    nanosleep(&t, NULL);
}

int crew_ready(struct crew *crew) {
    unsigned left;
    for (int64_t end = bench_now_ns() + 20 * BENCH_S; atomic_load(&crew->page->ready) < crew->size; nap(BENCH_MS / 5)) {
        if (look_for_the_dead(crew, &left) != 0) return -1;
        if (bench_now_ns() > end)
            return bench_wrong("only %u of %u processes were ready after 20 s", atomic_load(&crew->page->ready), crew->size);
    }
    return 0;
}

void crew_wait_go(struct crew_page *page) {
    atomic_fetch_add(&page->ready, 1);
    crew_word_wait(&page->go, 0);
}

void crew_go(struct crew *crew) {
    crew_word_set(&crew->page->go, 1);
}

int crew_pause(struct crew *crew, int64_t ns) {
    unsigned left;
    int64_t end = bench_now_ns() + ns;
    for (int64_t now; (now = bench_now_ns()) < end;) {
        nap(end - now < 100 * BENCH_MS ? end - now : 100 * BENCH_MS);
        if (look_for_the_dead(crew, &left) != 0) return -1;
    }
    return 0;
}

void crew_stop(struct crew *crew) {
    atomic_store(&crew->page->stop, 1);
}

int crew_join(struct crew *crew, int64_t within_ns) {
    unsigned left;
    for (int64_t end = bench_now_ns() + within_ns;; nap(BENCH_MS / 2)) {
        if (look_for_the_dead(crew, &left) != 0) return -1;
        if (left == 0) return 0;
        if (bench_now_ns() > end)
            return bench_wrong("%u of %u processes were still running %.0f s after they should have ended", left, crew->size,
                               (double)within_ns / 1e9);
    }
}

void crew_close(struct crew *crew) {
    if (crew->page == NULL) return;
    for (unsigned i = 0; i < crew->size; i++)
        if (crew->pid[i] != 0) kill(crew->pid[i], SIGKILL);
    for (unsigned i = 0; i < crew->size; i++)
        if (crew->pid[i] != 0)
            while (waitpid(crew->pid[i], NULL, __WALL) < 0 && errno == EINTR) {}
    munmap(crew->page, sizeof *crew->page);
    crew->page = NULL;
}

double crew_cpu_ns(const struct crew *crew) {
    double sum = 0;
    for (unsigned i = 0; i < crew->size; i++) {
        clockid_t clock;
        struct timespec t;
        if (crew->pid[i] != 0 && clock_getcpuclockid(crew->pid[i], &clock) == 0 && clock_gettime(clock, &t) == 0)
            sum += (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
    }
    return sum;
}

double crew_switches(const struct crew *crew) {
    double sum = 0;
    for (unsigned i = 0; i < crew->size; i++) {
        char path[64], line[128];
        unsigned long n;
        snprintf(path, sizeof path, "/proc/%d/status", (int)crew->pid[i]);
        FILE *f = crew->pid[i] != 0 ? fopen(path, "re") : NULL;
        if (f == NULL) continue;
        while (fgets(line, sizeof line, f) != NULL)
            if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1 || sscanf(line, "nonvoluntary_ctxt_switches: %lu", &n) == 1)
                sum += (double)n;
        fclose(f);
    }
    return sum;
}

/* ---- the trip of one cache line: here, because it takes two processes ------------------------------------------------------ */

enum { TRIP_BATCHES = 40, TRIP_ROUNDS = 250 };

static int trip_answer(struct crew_page *page, struct crew_slot *slot, void *arg) {
    (void)slot;
    (void)arg;
    atomic_fetch_add(&page->ready, 1);
    for (uint64_t want = 1; want < 2 * (uint64_t)TRIP_BATCHES * TRIP_ROUNDS; want += 2) {
        while (atomic_load_explicit(&page->trip, memory_order_acquire) != want) {}
        atomic_store_explicit(&page->trip, want + 1, memory_order_release);
    }
    return 0;
}

static int trip_ask(struct crew_page *page, struct crew_slot *slot, void *arg) {
    double batch[TRIP_BATCHES];
    (void)arg;
    atomic_fetch_add(&page->ready, 1);
    while (atomic_load(&page->ready) < 2) sched_yield();
    uint64_t at = 0;
    for (unsigned b = 0; b < TRIP_BATCHES; b++) {
        uint64_t from = bench_ticks();
        for (unsigned i = 0; i < TRIP_ROUNDS; i++, at += 2) {
            atomic_store_explicit(&page->trip, at + 1, memory_order_release);
            while (atomic_load_explicit(&page->trip, memory_order_acquire) != at + 2) {}
        }
        batch[b] = (double)(bench_ticks() - from) / bench_ticks_per_ns() / (2.0 * TRIP_ROUNDS);
    }
    slot->value[0] = stat_median(batch, TRIP_BATCHES);
    return 0;
}

double bench_trip_ns(int a, int b) {
    struct crew crew;
    double trip = NAN;
    if (a == b || crew_open(&crew) != 0) return NAN;
    if (crew_add(&crew, b, trip_answer, NULL) == 0 && crew_add(&crew, a, trip_ask, NULL) == 0 && crew_join(&crew, 20 * BENCH_S) == 0)
        trip = crew.page->slot[1].value[0];
    crew_close(&crew);
    return trip;
}
