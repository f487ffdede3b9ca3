#define _GNU_SOURCE
#include "rig.h"
#include <dirent.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

_Noreturn void rig_abort(const char *file, int line, const char *what, long long value) {
    (void)fprintf(stderr, "%s:%d: not so: %s (%lld: %s)\n", file, line, what, value,
                  value <= 0 && value > -100 ? sctx_strerror((int)value) : "");
    (void)fflush(NULL);
    abort();
}

/* ---- contexts and handles --------------------------------------------------------------------------------------------------- */

sctx *rig_new(const char *context, const struct sctx_create_options *with) {
    struct sctx_create_options o = SCTX_INIT(o);
    if (with) o = *with;
    o.size = sizeof o;
    o.context = context;
    int rc = sctx_remove(context, NULL, NULL);
    MUST(rc == SCTX_OK || rc == SCTX_ERR_NOT_FOUND);
    MUST_OK(sctx_create(&o));
    return rig_join(context, "test");
}

sctx *rig_join(const char *context, const char *name) {
    sctx *ctx = NULL;
    struct sctx_options o = {.size = sizeof o, .context = context, .name = name};
    MUST_OK(sctx_open(&o, &ctx));
    return ctx;
}

sctx *rig_tap(const char *context) {
    sctx *ctx = NULL;
    struct sctx_options o = {.size = sizeof o, .context = context};
    MUST_OK(sctx_tap_open(&o, &ctx));
    return ctx;
}

void rig_end(sctx *ctx, const char *context) {
    sctx_close(ctx);
    MUST_OK(sctx_remove(context, NULL, NULL));
}

uint16_t rig_topic(sctx *ctx, const char *name) {
    uint16_t id = 0;
    struct sctx_topic_options o = {.size = sizeof o, .name = name};
    MUST_OK(sctx_topic_register(ctx, &o, &id));
    return id;
}

sctx_writer *rig_writer(sctx *ctx) {
    sctx_writer *w = NULL;
    MUST_OK(sctx_writer_open(ctx, NULL, &w));
    return w;
}

sctx_reader *rig_reader(sctx *ctx, enum sctx_from from, uint32_t flags, const char *pattern) {
    sctx_reader *r = NULL;
    struct sctx_reader_options o = {.size = sizeof o, .from = from, .flags = flags, .patterns = &pattern, .pattern_count = pattern != NULL};
    MUST_OK(sctx_reader_open(ctx, &o, &r));
    return r;
}

uint64_t rig_say(sctx_writer *writer, uint16_t topic, const char *text) {
    uint64_t seq = 0;
    MUST_OK(sctx_publish(writer, topic, text, strlen(text), &seq));
    return seq;
}

struct sctx_reader_stats rig_stats(const sctx_reader *reader) {
    struct sctx_reader_stats s = SCTX_INIT(s);
    MUST_OK(sctx_reader_stats(reader, &s));
    return s;
}

struct sctx_info rig_info(sctx *ctx) {
    struct sctx_info i = SCTX_INIT(i);
    MUST_OK(sctx_info_get(ctx, &i));
    return i;
}

bool rig_balances(const sctx_reader *reader) {
    struct sctx_reader_stats s = rig_stats(reader);
    return s.cursor - s.start_seq == s.delivered + s.filtered + s.lost + s.gone;
}

uint64_t rig_drain(sctx_reader *reader) {
    struct sctx_message m;
    uint64_t n = 0;
    int rc;
    while ((rc = sctx_read(reader, &m)) == SCTX_OK) n++;
    MUST(rc == SCTX_AGAIN);
    return n;
}

/* ---- payloads --------------------------------------------------------------------------------------------------------------- */

uint64_t rig_random(uint64_t *state) { /* splitmix64 */
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint64_t next_word(uint64_t seed) {
    return seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
}

void rig_fill(void *data, size_t bytes, uint64_t seed) {
    unsigned char *p = data;
    for (; bytes >= 8; bytes -= 8, p += 8) {
        seed = next_word(seed);
        memcpy(p, &seed, 8);
    }
    seed = next_word(seed);
    memcpy(p, &seed, bytes);
}

bool rig_filled(const void *data, size_t bytes, uint64_t seed) {
    const unsigned char *p = data;
    for (; bytes >= 8; bytes -= 8, p += 8) {
        seed = next_word(seed);
        if (memcmp(p, &seed, 8) != 0) return false;
    }
    seed = next_word(seed);
    return memcmp(p, &seed, bytes) == 0;
}

/* ---- the rest --------------------------------------------------------------------------------------------------------------- */

int64_t rig_now_ns(void) {
    struct timespec t;
    MUST(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

int rig_files(const char *context) {
    char path[PATH_MAX];
    MUST_OK(sctx_path(context, NULL, path, sizeof path));
    DIR *dir = opendir(path);
    if (!dir) return -1;
    int n = 0;
    for (struct dirent *e; (e = readdir(dir));) n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

pid_t rig_child(int (*run)(void *), void *argument) {
    pid_t parent = getpid();
    (void)fflush(NULL);
    pid_t child = fork();
    MUST(child >= 0);
    if (child > 0) return child;
    MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
    if (getppid() != parent) _exit(99);
    int result = run(argument);
    (void)fflush(NULL);
    _exit(result);
}

int rig_child_result(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) != child) {}
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void *rig_shared(size_t bytes) {
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(p != MAP_FAILED);
    return p;
}

void rig_await(const _Atomic uint32_t *word, uint32_t value) {
    int64_t end = rig_now_ns() + 20 * SECOND;
    while (atomic_load(word) < value) {
        MUST(rig_now_ns() < end);
        (void)sched_yield();
    }
}

void rig_meet(_Atomic uint32_t *counter, uint32_t n) {
    atomic_fetch_add(counter, 1);
    rig_await(counter, n);
}
