#include "criterion/criterion.h"

#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_FAILED = 113, EXIT_SKIPPED = 114, SUITES_MAX = 32 };
enum outcome { PASSED, FAILED, SKIPPED };

static struct shim_test *first, **last = &first;
static struct {
    const char *suite;
    const struct criterion_test_extra_data *extra;
} suites[SUITES_MAX];
static int suite_count;
static bool failed_here;

void shim_add(struct shim_test *test) {
    *last = test;
    last = &test->next;
}

void shim_add_suite(const char *suite, const struct criterion_test_extra_data *extra) {
    if (suite_count == SUITES_MAX) abort();
    suites[suite_count].suite = suite;
    suites[suite_count++].extra = extra;
}

__attribute__((format(printf, 1, 0))) static void print_more(const char *format, va_list args) {
    if (*format != '\0') {
        fputs(": ", stderr);
        vfprintf(stderr, format, args);
    }
    fputc('\n', stderr);
}

void shim_failed(const char *file, int line, const char *what, bool stop, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "[----] %s:%d: not so: %s", file, line, what);
    print_more(format, args);
    va_end(args);
    failed_here = true;
    if (stop) _exit(EXIT_FAILED);
}

void shim_skip(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("[SKIP]", stderr);
    print_more(format, args);
    va_end(args);
    _exit(EXIT_SKIPPED);
}

/* What the test does not say itself, its suite may say. */
static struct criterion_test_extra_data settings(const struct shim_test *test) {
    struct criterion_test_extra_data own = test->extra;
    for (int i = 0; i < suite_count; i++) {
        if (strcmp(suites[i].suite, test->suite) != 0) continue;
        const struct criterion_test_extra_data *s = suites[i].extra;
        if (own.init == NULL) own.init = s->init;
        if (own.fini == NULL) own.fini = s->fini;
        if (own.signal == 0) own.signal = s->signal;
        if (own.exit_code == 0) own.exit_code = s->exit_code;
        if (own.timeout <= 0) own.timeout = s->timeout;
        own.disabled = own.disabled || s->disabled;
    }
    return own;
}

static void run_in_child(const struct shim_test *test, const struct criterion_test_extra_data *extra) {
    if (extra->init != NULL) extra->init();
    test->run();
    if (extra->fini != NULL) extra->fini();
    fflush(NULL);
    _exit(failed_here ? EXIT_FAILED : 0);
}

/* The child's wait status; -1: it took longer than `seconds` (0: no limit) and was killed. */
static int wait_at_most(pid_t child, double seconds) {
    struct timespec begin, now, nap = {.tv_nsec = 5000000};
    int status = 0;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (;;) {
        pid_t done = waitpid(child, &status, seconds > 0 ? WNOHANG : 0);
        if (done == child) return status;
        if (done < 0 && errno != EINTR) abort();
        clock_gettime(CLOCK_MONOTONIC, &now);
        double gone = (double)(now.tv_sec - begin.tv_sec) + (double)(now.tv_nsec - begin.tv_nsec) / 1e9;
        if (seconds > 0 && gone > seconds) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return -1;
        }
        if (seconds > 0) nanosleep(&nap, NULL);
    }
}

static enum outcome judge(const struct shim_test *test, const struct criterion_test_extra_data *extra, int status) {
    if (status == -1) {
        fprintf(stderr, "[FAIL] %s::%s: took longer than %g s\n", test->suite, test->name, extra->timeout);
    } else if (WIFSIGNALED(status)) {
        if (extra->signal == WTERMSIG(status)) return PASSED;
        fprintf(stderr, "[FAIL] %s::%s: ended by signal %d\n", test->suite, test->name, WTERMSIG(status));
    } else if (WEXITSTATUS(status) == EXIT_SKIPPED) {
        fprintf(stderr, "[SKIP] %s::%s\n", test->suite, test->name);
        return SKIPPED;
    } else if (extra->signal == 0 && WEXITSTATUS(status) == extra->exit_code) {
        return PASSED;
    } else {
        fprintf(stderr, "[FAIL] %s::%s: exit code %d\n", test->suite, test->name, WEXITSTATUS(status));
    }
    return FAILED;
}

static enum outcome run(const struct shim_test *test) {
    struct criterion_test_extra_data extra = settings(test);
    if (extra.disabled) return SKIPPED;
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) abort();
    if (child == 0) run_in_child(test, &extra);
    return judge(test, &extra, wait_at_most(child, extra.timeout));
}

int main(int argc, char **argv) {
    const char *filter = "*";
    bool list = false;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--filter=", 9) == 0) filter = argv[i] + 9;
        if (strcmp(argv[i], "--list") == 0) list = true;
    }
    int count[3] = {0};
    for (const struct shim_test *test = first; test != NULL; test = test->next) {
        char name[512];
        snprintf(name, sizeof name, "%s/%s", test->suite, test->name);
        if (fnmatch(filter, name, 0) != 0) continue;
        if (list) {
            puts(name);
            continue;
        }
        count[run(test)]++;
    }
    fprintf(stderr, "[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | Skipped: %d\n", count[PASSED] + count[FAILED],
            count[PASSED], count[FAILED], count[SKIPPED]);
    return count[FAILED] > 0 || (!list && count[PASSED] + count[SKIPPED] == 0);
}
