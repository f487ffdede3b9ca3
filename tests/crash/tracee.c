#define _GNU_SOURCE
#include "tracee.h"
#if defined(__x86_64__)
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

static inline void stop_here(void) {
    __asm__ volatile("int3" ::: "memory");
}

void tracee_begin(void) {
    static bool traced;
    if (!traced) CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    traced = true;
    stop_here();
}

void tracee_over(int rc, uint64_t seq) {
    atomic_store_explicit(&tally->notes[NOTE_SEQ], seq, memory_order_relaxed);
    atomic_store_explicit(&tally->notes[NOTE_RC], (uint64_t)(int64_t)rc, memory_order_relaxed);
    atomic_store_explicit(&tally->notes[NOTE_DONE], 1, memory_order_relaxed);
    stop_here();
}

void tracee_await(pid_t pid) {
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP) return;
    (void)kill(pid, SIGKILL);
    check_failed(__FILE__, __LINE__, "the child stops at its traps only");
}

void tracee_go_on(pid_t pid) {
    CHECK(ptrace(PTRACE_CONT, pid, NULL, NULL) == 0);
    tracee_await(pid);
}

bool tracee_step(pid_t pid) {
    CHECK(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0);
    tracee_await(pid);
    if (tally->notes[NOTE_DONE] == 0) return true;
    tracee_go_on(pid); /* to where it says so */
    return false;
}

uint64_t tracee_at(pid_t pid) {
    errno = 0;
    uint64_t rip = (uint64_t)ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, rip), NULL);
    CHECK(errno == 0);
    return rip;
}

void tracee_kill(pid_t pid) {
    int status;
    CHECK(kill(pid, SIGKILL) == 0);
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
}

bool tracee_run_to(pid_t pid, uint64_t address) {
    errno = 0;
    long word = ptrace(PTRACE_PEEKTEXT, pid, address, NULL);
    CHECK(errno == 0 && ptrace(PTRACE_POKETEXT, pid, address, (word & ~0xffL) | 0xcc) == 0);
    tracee_go_on(pid);
    bool there = tracee_at(pid) == address + 1;
    CHECK(ptrace(PTRACE_POKETEXT, pid, address, word) == 0);
    if (there) CHECK(ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rip), address) == 0);
    return there;
}

unsigned first_times(const uint64_t *addresses, unsigned n, bool *first) {
    unsigned slots = 1, count = 0;
    while (slots < 4 * n) slots *= 2;
    uint64_t *seen = calloc(slots, sizeof *seen);
    CHECK(seen);
    for (unsigned i = 0; i < n; i++) {
        unsigned at = (unsigned)(addresses[i] * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (slots - 1);
        while (seen[at] && seen[at] != addresses[i]) at = (at + 1) & (slots - 1);
        first[i] = !seen[at];
        count += first[i];
        seen[at] = addresses[i];
    }
    free(seen);
    return count;
}
#else
typedef int nothing_here; /* a source file must not be empty */
#endif
