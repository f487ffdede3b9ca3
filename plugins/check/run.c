#define _GNU_SOURCE
#include "run.h"
#include "corpus.h"
#include "search.h"
#include "syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static bool cannot(struct check *check, const char *what, int error) {
    (void)snprintf(check->why, sizeof check->why, "%.200s: %s", what, strerror(error));
    return false;
}

/* ---- what the manifest says ------------------------------------------------------------------------------------------------- */

/* Beyond what manifest_read() refuses. */
static void check_manifest(struct check_memory *memory, const struct manifest *manifest) {
    char what[CHECK_WHAT];
    for (const char *at = manifest->encodings;; at++) {
        int len = (int)strcspn(at, ",");
        const char *star = memchr(at, '*', (size_t)len);
        bool is_wrong = len == 0 || (star != NULL && star + 1 != at + len) || memchr(at, ' ', (size_t)len) != NULL;
        (void)snprintf(what, sizeof what, "names the encoding '%.*s': those are words with ',' between, and '*' only stands at the end",
                       len, at);
        if (is_wrong) check_note(memory, RULE_MANIFEST, what);
        at += len;
        if (*at == '\0') break;
    }
    if (strspn(manifest->license, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-+() ") != strlen(manifest->license))
        check_note(memory, RULE_MANIFEST, "has a license that is no SPDX expression");
}

/* ---- the process ------------------------------------------------------------------------------------------------------------ */

struct process {
    pid_t pid;
    uint64_t step; /* when it was last looked at */
    int64_t step_cpu_ms;
};

/* Without our environment, in a process group of its own. */
static int start(const char *program, const char *plugin, int memory, pid_t *pid) {
    char *argv[] = {strdup(program), strdup(plugin), NULL}, *environment[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawnattr_init(&how);
    (void)posix_spawn_file_actions_adddup2(&files, memory, WIRE_MEMORY);
    (void)posix_spawnattr_setsigmask(&how, &none);
    (void)posix_spawnattr_setsigdefault(&how, &all);
    (void)posix_spawnattr_setpgroup(&how, 0);
    (void)posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int error = argv[0] != NULL && argv[1] != NULL ? posix_spawn(pid, program, &files, &how, argv, environment) : ENOMEM;
    (void)posix_spawnattr_destroy(&how);
    (void)posix_spawn_file_actions_destroy(&files);
    free(argv[0]);
    free(argv[1]);
    return error;
}

static int64_t cpu_ms(pid_t pid) {
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
    return used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static bool hangs(struct process *process, const struct check_memory *memory) {
    enum { TOO_LONG_MS = 2000 };
    uint64_t step = atomic_load_explicit(&memory->step, memory_order_relaxed);
    int64_t cpu = cpu_ms(process->pid);
    if (step != process->step) {
        process->step = step;
        process->step_cpu_ms = cpu;
    }
    return cpu - process->step_cpu_ms > TOO_LONG_MS;
}

static void end(pid_t pid, int *status) {
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR) {}
}

/* What became of it, once it has ended by itself. */
static void note_end(struct check_memory *memory, int status) {
    char what[CHECK_WHAT];
    uint32_t denied = atomic_exchange_explicit(&memory->wire.denied, 0, memory_order_relaxed);
    if (WIFEXITED(status) && WEXITSTATUS(status) == CHECK_EXIT_NOTED) return;
    if (denied != 0) {
        (void)snprintf(what, sizeof what, "makes a system call that plugins may not make: %s", syscall_name(denied - 1));
        check_note(memory, RULE_SYSCALL, what);
    } else if (WIFEXITED(status)) {
        (void)snprintf(what, sizeof what, "ends the process: exit(%d)", WEXITSTATUS(status));
        check_note(memory, RULE_EXIT, what);
    } else {
        (void)snprintf(what, sizeof what, "crashes: %s", sigdescr_np(WTERMSIG(status)));
        check_note(memory, RULE_CRASH, what);
    }
}

enum after { AFTER_DONE, AFTER_AGAIN, AFTER_STOPPED, AFTER_CANNOT };

/* Until it ends, or has to be ended. */
static enum after watch(struct check *check, const struct check_options *options, struct process *process) {
    enum { LOOK_MS = 5, TICK = 20 };
    struct check_memory *memory = check->memory;
    int status = 0;
    for (unsigned looks = 1;; looks++) {
        pid_t ended = waitpid(process->pid, &status, WNOHANG);
        if (ended == process->pid) break;
        if (hangs(process, memory)) {
            end(process->pid, &status);
            check_note(memory, RULE_HANG, NULL);
            if (memory->test < TESTS) memory->crashes[memory->test] = CHECK_CRASHES;
            return AFTER_AGAIN;
        }
        if (looks % TICK == 0 && options->tick != NULL && !options->tick(options->context, memory)) {
            end(process->pid, &status);
            return AFTER_STOPPED;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == CHECK_EXIT_DONE) return AFTER_DONE;
    if (atomic_load_explicit(&memory->wire.state, memory_order_acquire) == WIRE_NOT_LOADED) {
        (void)snprintf(check->why, sizeof check->why, "%.*s", (int)sizeof memory->wire.reason - 1, memory->wire.reason);
        return AFTER_CANNOT;
    }
    note_end(memory, status);
    if (memory->test < TESTS) memory->crashes[memory->test]++;
    return AFTER_AGAIN;
}

static enum check_end run(struct check *check, const struct check_options *options, const char *program, int fd) {
    struct check_memory *memory = check->memory;
    for (;;) {
        struct process process = {.pid = -1};
        uint32_t first = memory->first;
        atomic_store_explicit(&memory->number, 0, memory_order_relaxed);
        atomic_store_explicit(&memory->wire.state, WIRE_STARTING, memory_order_relaxed);
        int error = start(program, options->path, fd, &process.pid);
        if (error != 0) {
            (void)cannot(check, program, error);
            return CHECK_CANNOT;
        }
        enum after after = watch(check, options, &process);
        if (after == AFTER_DONE) return CHECK_RAN;
        if (after == AFTER_STOPPED) return CHECK_STOPPED;
        if (after == AFTER_CANNOT) return CHECK_CANNOT;
        uint32_t number = atomic_load_explicit(&memory->number, memory_order_relaxed);
        if (memory->test == TEST_LOAD || memory->only != 0) return CHECK_RAN;
        memory->first = number > first ? number : first + 1;
    }
}

/* ---- all of it -------------------------------------------------------------------------------------------------------------- */

/* Beyond the numbers that the program gets descriptors under. */
static int make_memory(struct check *check) {
    int low = memfd_create("sctx-plugin-check", MFD_CLOEXEC | MFD_ALLOW_SEALING), fd = low >= 0 ? fcntl(low, F_DUPFD_CLOEXEC, 16) : -1;
    if (low >= 0) (void)close(low);
    if (fd < 0) return -1;
    bool made = ftruncate(fd, (off_t)sizeof *check->memory) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
    void *memory = made ? mmap(NULL, sizeof *check->memory, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (memory == MAP_FAILED) {
        (void)close(fd);
        return -1;
    }
    check->memory = memory;
    return fd;
}

/* What the plugin may have written over. */
static void make_sound(struct check_memory *memory) {
    uint32_t kept = 0;
    if (memory->finding_count > CHECK_FINDINGS_MAX) memory->finding_count = CHECK_FINDINGS_MAX;
    for (uint32_t i = 0; i < memory->finding_count; i++) {
        struct check_finding finding = memory->findings[i];
        if (finding.rule >= RULES || finding.test >= TESTS) continue;
        finding.what[CHECK_WHAT - 1] = finding.input[CHECK_NAME - 1] = '\0';
        if (finding.input_off > CHECK_BYTES_MAX || finding.input_len > CHECK_BYTES_MAX - finding.input_off)
            finding.input_off = finding.input_len = 0;
        memory->findings[kept++] = finding;
    }
    memory->finding_count = kept;
    memory->worst_input[CHECK_NAME - 1] = memory->unopened[CHECK_WHAT - 1] = '\0';
}

enum check_end check_run(struct check *check, const struct check_options *options) {
    char program[PATH_MAX];
    *check = (struct check){.memory = NULL};
    if (!search_own("sctx-plugin-check", program)) {
        (void)snprintf(check->why, sizeof check->why, "the program that runs it, sctx/sctx-plugin-check, is not beside this one");
        return CHECK_CANNOT;
    }
    int fd = make_memory(check);
    if (fd < 0) {
        (void)cannot(check, "no memory can be shared", errno);
        return CHECK_CANNOT;
    }
    struct check_memory *memory = check->memory;
    memory->wire.magic = WIRE_MAGIC;
    memory->seed = options->seed;
    memory->mutate_ns = options->mutate_ns;
    memory->only = options->only;
    memory->only_test = options->test;
    memory->only_param = options->param;
    enum check_end end = CHECK_CANNOT;
    if (corpus_read(check, options)) {
        check_manifest(memory, options->manifest);
        end = run(check, options, program, fd);
    }
    make_sound(memory);
    (void)close(fd);
    return end;
}

void check_free(struct check *check) {
    if (check->memory != NULL) (void)munmap(check->memory, sizeof *check->memory);
    check->memory = NULL;
}
