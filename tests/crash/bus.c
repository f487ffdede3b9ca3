#define _GNU_SOURCE
#include "bus.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char circumstances[256];
struct tally *tally;

_Noreturn void check_failed(const char *file, int line, const char *what) {
    const char *base = strrchr(file, '/');
    fprintf(stderr, "%s:%d: %s%s%s: not so: %s\n", base ? base + 1 : file, line, circumstances, *circumstances ? ": " : "",
            program_invocation_short_name, what);
    fflush(NULL);
    _exit(1);
}

uint64_t now_ns(void) {
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void sleep_us(long us) {
    (void)nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}, NULL);
}

unsigned env_number(const char *name, unsigned otherwise) {
    const char *text = getenv(name);
    return text && *text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

void become_nobody(void) {
    const uid_t nobody = 65534;
    const char *dir = getenv("SCTX_DIR");
    if (geteuid() != 0 || !dir) return;
    CHECK(chown(dir, nobody, nobody) == 0 && setresgid(nobody, nobody, nobody) == 0 && setresuid(nobody, nobody, nobody) == 0);
    (void)prctl(PR_SET_DUMPABLE, 1);
}

/* ---- contexts --------------------------------------------------------------------------------------------------------------- */

void fresh(const char *context, uint64_t cells, uint64_t arena_bytes, uint32_t flags, uint64_t gate_timeout_ns) {
    struct sctx_error error = {""};
    struct sctx_create_options o = {.size = sizeof o,
                                    .context = context,
                                    .cells = cells,
                                    .arena_bytes = arena_bytes,
                                    .flags = flags,
                                    .gate_timeout_ns = gate_timeout_ns,
                                    .error = &error};
    (void)sctx_remove(context, NULL, NULL);
    int rc = sctx_create(&o);
    if (rc) check_failed(__FILE__, __LINE__, *error.text ? error.text : sctx_strerror(rc));
}

sctx *join(const char *context, const char *name) {
    struct sctx_error error = {""};
    struct sctx_options o = {.size = sizeof o, .context = context, .name = name, .error = &error};
    sctx *ctx = NULL;
    int rc = sctx_open(&o, &ctx);
    if (rc) check_failed(__FILE__, __LINE__, *error.text ? error.text : sctx_strerror(rc));
    return ctx;
}

sctx *tap(const char *context) {
    struct sctx_options o = {.size = sizeof o, .context = context};
    sctx *ctx = NULL;
    CHECK_OK(sctx_tap_open(&o, &ctx));
    return ctx;
}

uint16_t topic(sctx *ctx, const char *name) {
    struct sctx_topic_options o = {.size = sizeof o, .name = name};
    uint16_t id = UINT16_MAX;
    CHECK_OK(sctx_topic_register(ctx, &o, &id));
    return id;
}

sctx_writer *writer(sctx *ctx) {
    sctx_writer *w = NULL;
    CHECK_OK(sctx_writer_open(ctx, NULL, &w));
    return w;
}

sctx_reader *reader(sctx *ctx, uint32_t from, uint32_t flags) {
    struct sctx_reader_options o = {.size = sizeof o, .from = from, .flags = flags};
    sctx_reader *r = NULL;
    CHECK_OK(sctx_reader_open(ctx, &o, &r));
    return r;
}

struct sctx_info info_of(sctx *ctx) {
    struct sctx_info i = {.size = sizeof i};
    CHECK_OK(sctx_info_get(ctx, &i));
    return i;
}

struct sctx_reader_stats balanced(const sctx_reader *r) {
    struct sctx_reader_stats s = {.size = sizeof s};
    CHECK_OK(sctx_reader_stats(r, &s));
    CHECK(s.cursor - s.start_seq == s.delivered + s.filtered + s.lost + s.gone);
    return s;
}

/* ---- payloads --------------------------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t v) {
    v = (v ^ (v >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ (v >> 27)) * UINT64_C(0x94d049bb133111eb);
    return v ^ (v >> 31);
}

struct head {
    uint64_t check, counter;
    uint32_t who, len;
};

static uint64_t check_of(const unsigned char *p, size_t len, uint64_t seed) {
    uint64_t h = mix(seed + len), v;
    for (; len >= 8; p += 8, len -= 8) {
        memcpy(&v, p, 8);
        h = mix(h ^ v) + 0x9e3779b97f4a7c15;
    }
    v = 0;
    memcpy(&v, p, len);
    return mix(h ^ v);
}

void payload_make(void *to, size_t len, uint32_t who, uint64_t counter) {
    unsigned char *p = to;
    uint64_t seed = mix(counter << 8 | who);
    if (len >= sizeof(struct head)) {
        for (size_t i = sizeof(struct head); i < len; i++) p[i] = (unsigned char)(seed >> i % 8 * 8) ^ (unsigned char)(i >> 3);
        struct head h = {.counter = counter, .who = who, .len = (uint32_t)len};
        memcpy(p, &h, sizeof h);
        h.check = check_of(p + 8, len - 8, seed);
        memcpy(p, &h.check, sizeof h.check);
    } else if (len >= 8) {
        uint64_t word = (counter & 0xffffffff) | (uint64_t)(who & 0xff) << 32;
        word |= mix(word + len) << 40;
        memset(p, 0x5a, len);
        memcpy(p, &word, 8);
    } else {
        memset(p, 0x5a, len);
    }
}

bool payload_whole(const void *data, size_t len, uint32_t *who, uint64_t *counter) {
    const unsigned char *p = data;
    *who = UINT32_MAX;
    *counter = 0;
    if (len >= sizeof(struct head)) {
        struct head h;
        memcpy(&h, p, sizeof h);
        *who = h.who;
        *counter = h.counter;
        return h.len == len && h.check == check_of(p + 8, len - 8, mix(h.counter << 8 | h.who)) && h.who < PAYLOAD_WRITERS;
    }
    for (size_t i = len >= 8 ? 8 : 0; i < len; i++)
        if (p[i] != 0x5a) return false;
    if (len < 8) return true;
    uint64_t word, low;
    memcpy(&word, p, 8);
    low = word & UINT64_C(0xffffffffff);
    *who = (uint32_t)(low >> 32);
    *counter = low & 0xffffffff;
    return word == (low | mix(low + len) << 40) && *who < PAYLOAD_WRITERS;
}

void *shared_new(size_t bytes) {
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    return p;
}

int say(sctx_writer *w, uint16_t topic_id, uint32_t who, size_t len, uint64_t *seq) {
    static _Thread_local unsigned char buffer[PAYLOAD_MOST];
    payload_make(buffer, len, who, tally->said[who] + 1);
    tally->said[who]++;
    tally->started++;
    int rc = sctx_publish(w, topic_id, buffer, len, seq);
    if (rc == SCTX_OK) tally->acked++;
    return rc;
}

/* ---- listening -------------------------------------------------------------------------------------------------------------- */

struct ear ear_open(sctx *ctx, uint32_t from, uint32_t flags) {
    return (struct ear){.reader = reader(ctx, from, flags), .last_ns = INT64_MIN};
}

void ear_check(struct ear *e, const struct sctx_message *m) {
    CHECK(e->heard == 0 || m->seq > e->last_seq);
    CHECK(m->time_ns >= e->last_ns);
    CHECK(e->heard == 0 || m->seq - e->last_seq == 1 + m->lost + m->gone);
    e->heard++;
    e->last_seq = m->seq;
    e->last_ns = m->time_ns;
    if (m->topic != 0) {
        const char *text = m->data;
        CHECK(m->len == 0 || (text[0] == '{' && text[m->len - 1] == '}'));
        return;
    }
    uint32_t who;
    uint64_t counter;
    CHECK(payload_whole(m->data, m->len, &who, &counter));
    if (who == UINT32_MAX) return;
    CHECK(counter > e->last[who]);
    CHECK(counter <= tally->said[who]);
    e->last[who] = counter;
}

uint64_t ear_drain(struct ear *e) {
    struct sctx_message m;
    uint64_t before = e->heard;
    int rc;
    while ((rc = sctx_read(e->reader, &m)) == SCTX_OK) ear_check(e, &m);
    CHECK(rc == SCTX_AGAIN);
    (void)balanced(e->reader);
    return e->heard - before;
}

void ear_close(struct ear *e) {
    sctx_reader_close(e->reader);
    e->reader = NULL;
}

/* ---- processes -------------------------------------------------------------------------------------------------------------- */

pid_t spawn(void) {
    fflush(NULL);
    pid_t parent = getpid(), pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(1);
    }
    return pid;
}

int await_child(pid_t pid, void (*idle)(void)) {
    uint64_t end = now_ns() + CHILD_TIMEOUT_NS;
    for (long pause = 20;; pause = pause < 500 ? pause * 2 : 500) {
        int status;
        pid_t got = waitpid(pid, &status, WNOHANG | WUNTRACED);
        CHECK(got >= 0);
        if (got == pid) return status;
        if (now_ns() > end) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, &status, 0);
            check_failed(__FILE__, __LINE__, "the child is stuck");
        }
        if (idle) idle();
        sleep_us(pause);
    }
}

void expect_exit(pid_t pid, int status) {
    if (WIFSTOPPED(status)) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, &status, 0);
        check_failed(__FILE__, __LINE__, "the child stopped");
    }
    if (WIFSIGNALED(status)) {
        char text[64];
        (void)snprintf(text, sizeof text, "the child was ended by signal %d", WTERMSIG(status));
        check_failed(__FILE__, __LINE__, text);
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
