/* System calls per message, really counted: writer and reader run under ptrace, and every entry into the kernel between two markers is one. A marker is a
 * prctl() that no kernel knows. Tracing slows the calls down, not what needs none. */
#include "crew.h"
#include "families.h"
#include "report.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WARM_UP = 500, MARK_BEGIN = 0x5c7c0001, MARK_END = 0x5c7c0002, CALL_NUMBERS = 512 };

struct job {
    struct link *link;
    const struct transport *transport;
    unsigned messages;
    bool polling;
};

static int failed(struct crew_page *page, const struct job *job, const char *what) {
    return crew_fail(page, "%s: %s: %s", job->transport->name, what, job->transport->why());
}

static void mark(long which) {
    syscall(SYS_prctl, which, 0, 0, 0, 0);
}

static int writer_traced(struct crew_page *page, struct crew_slot *slot, void *arg) {
    struct job *job = arg;
    const struct transport *t = job->transport;
    unsigned char message[MESSAGE_BYTES] = {0};
    (void)slot;
    void *writer = t->open_writer(job->link, 0, 1);
    if (writer == NULL) return failed(page, job, "open");
    crew_wait_go(page);
    for (unsigned i = 0; i < WARM_UP + job->messages; i++) {
        if (i == WARM_UP) mark(MARK_BEGIN);
        if (t->send(writer, message, sizeof message) != 0) return failed(page, job, "send");
    }
    mark(MARK_END);
    while (t->lossy && !crew_stopped(page)) /* until the reader has had enough */
        if (t->send(writer, message, sizeof message) != 0) return failed(page, job, "send");
    return 0;
}

static int reader_traced(struct crew_page *page, struct crew_slot *slot, void *arg) {
    struct job *job = arg;
    const struct transport *t = job->transport;
    (void)slot;
    void *reader = t->open_reader(job->link, 0, 0, job->polling ? RECEIVE_POLL : RECEIVE_BLOCK);
    if (reader == NULL) return failed(page, job, "open");
    crew_wait_go(page);
    for (unsigned i = 0; i < WARM_UP + job->messages;) {
        const void *data;
        if (i == WARM_UP) mark(MARK_BEGIN);
        int n = t->receive(reader, &data);
        if (n < 0) return failed(page, job, "receive");
        i += n > 0;
    }
    mark(MARK_END);
    atomic_store(&page->stop, 1);
    return 0;
}

/* ---- the tracer ------------------------------------------------------------------------------------------------------------ */

struct traced {
    pid_t pid;
    bool counting;
    double calls;
};

static volatile sig_atomic_t too_long;

static void on_alarm(int number) {
    (void)number;
    too_long = 1;
}

static void alarm_after(unsigned seconds) {
    struct sigaction a = {.sa_handler = on_alarm}; /* no SA_RESTART: it has to break waitpid() */
    struct itimerval t = {.it_value = {.tv_sec = (time_t)seconds}};
    too_long = 0;
    sigaction(SIGALRM, &a, NULL);
    setitimer(ITIMER_REAL, &t, NULL);
}

static void at_call(struct traced *p) {
    struct __ptrace_syscall_info info;
    memset(&info, 0, sizeof info);
    if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, (void *)sizeof info, &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
    bool marker = info.entry.nr == SYS_prctl && (info.entry.args[0] == MARK_BEGIN || info.entry.args[0] == MARK_END);
    if (marker)
        p->counting = info.entry.args[0] == MARK_BEGIN;
    else if (p->counting)
        p->calls++;
}

/* Follows both until both have ended; helper threads of theirs count where they are seen, as of the writer. */
static int follow(struct crew *crew, struct traced p[2]) {
    for (unsigned left = 2; left > 0;) {
        int status;
        pid_t pid = waitpid(-1, &status, __WALL);
        if (too_long) return bench_wrong("tracing took more than 40 s");
        if (pid < 0 && errno == EINTR && !bench_interrupted) continue;
        if (pid < 0) return bench_interrupted ? -1 : bench_wrong("waitpid: %s", strerror(errno));
        struct traced *who = pid == p[1].pid ? &p[1] : &p[0];
        if (!WIFSTOPPED(status)) {
            if (pid != p[0].pid && pid != p[1].pid) continue;
            left--;
            if (crew_reaped(crew, pid, status) != 0) return -1;
            continue;
        }
        int number = WSTOPSIG(status), pass_on = 0;
        if (number == (SIGTRAP | 0x80))
            at_call(who);
        else if (status >> 16 == 0)
            pass_on = number;
        ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)pass_on);
    }
    return 0;
}

static int seize(pid_t pid) {
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE;
    if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) != 0 || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) != 0) return errno;
    return 0;
}

/* 1: the machine does not let us trace. */
static int trace(struct crew *crew, struct calls *out, unsigned messages) {
    struct traced p[2] = {{.pid = crew->pid[0]}, {.pid = crew->pid[1]}};
    for (unsigned i = 0; i < 2; i++) {
        int error = seize(p[i].pid);
        if (error == EPERM || error == EACCES) return 1;
        if (error != 0) return bench_wrong("ptrace: %s", strerror(error));
    }
    crew_go(crew);
    alarm_after(40);
    int rc = follow(crew, p);
    alarm_after(0);
    if (rc != 0) return rc;
    *out = (struct calls){p[0].calls / messages, p[1].calls / messages, p[0].calls, p[1].calls, messages};
    return 0;
}

int syscalls_run(struct bench *b, const struct transport *t, bool polling, unsigned messages, struct calls *out) {
    struct link link = {.bench = b, .channels = 1};
    struct job job = {&link, t, messages, polling};
    struct crew crew;
    if (t->create(&link) != 0) return -1;
    int rc = crew_open(&crew);
    if (rc == 0 && (rc = crew_add(&crew, b->cpu[0], writer_traced, &job)) == 0 &&
        (rc = crew_add(&crew, b->cpu[1], reader_traced, &job)) == 0 && (rc = crew_ready(&crew)) == 0)
        rc = trace(&crew, out, messages);
    crew_close(&crew);
    t->destroy(&link);
    return rc;
}

enum { PUBLISH, READ, BUSY, SLEEPY_PUBLISH, SLEEPY_READ, COLUMNS };

static int run(struct bench *b, void *arg, double *value) {
    struct calls busy, sleepy;
    unsigned n = b->quick ? 100000 : 300000;
    bool *refused = arg;
    int rc = syscalls_run(b, &transport_sctx, true, n, &busy);
    if (rc == 0) rc = syscalls_run(b, &transport_sctx_gated, false, n / 10, &sleepy);
    *refused = rc == 1;
    if (rc != 0) return -1;
    value[PUBLISH] = busy.writer;
    value[READ] = busy.reader;
    value[BUSY] = busy.writer_total + busy.reader_total;
    value[SLEEPY_PUBLISH] = sleepy.writer;
    value[SLEEPY_READ] = sleepy.reader;
    return 0;
}

int family_syscalls(struct bench *b) {
    static const struct figure figures[] = {
        {"syscalls_publish", "publish, while busy, per message", "", PUBLISH, ASKED_AT_MOST, 0, AGAINST_ITSELF, 0},
        {"syscalls_read", "read, while busy, per message", "", READ, ASKED_AT_MOST, 0, AGAINST_ITSELF, 0},
        {"syscalls_total", "both, in all of a run's messages", "", BUSY, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"syscalls_gated_publish", "publish, gated reader that may sleep", "", SLEEPY_PUBLISH, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"syscalls_gated_read", "read, gated, sleeps when empty", "", SLEEPY_READ, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
    };
    struct series s;
    bool refused = false;
    report_section(b->report, "syscalls: counted with ptrace");
    if (bench_repeat(b, COLUMNS, run, &refused, &s) != 0) {
        if (!refused) return -1;
        report_note(b->report, "left out: this machine does not let us trace");
        return 0;
    }
    report_figures(b->report, &s, figures, COLUMNS);
    return 0;
}
