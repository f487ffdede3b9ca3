#define _GNU_SOURCE
#include "fault.h"
#include "guard.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__)
#define STACK_POINTER(context) ((uintptr_t)(context)->uc_mcontext.gregs[REG_RSP])
#else
#define STACK_POINTER(context) ((uintptr_t)(context)->uc_mcontext.sp)
#endif

static struct check_memory *noted_in;

_Noreturn void fault_end(enum check_rule rule, const char *what) {
    check_note(noted_in, rule, what);
    _exit(CHECK_EXIT_NOTED);
}

static const char *words_of(int number) {
    switch (number) {
    case SIGSEGV: return "segmentation fault";
    case SIGBUS: return "bus error";
    case SIGFPE: return "arithmetic error";
    case SIGILL: return "illegal instruction";
    case SIGABRT: return "abort";
    default: return "trap";
    }
}

/* An access to what was guarded. `out` and the struct of a schema have a size; all else is bytes that came from outside. */
static void guarded_fault(enum guard_side side, const struct guarded *guarded, uintptr_t address) {
    char what[CHECK_WHAT];
    uintptr_t start = (uintptr_t)guarded->start, end = start + guarded->room;
    if (strncmp(guarded->name, "struct ", 7) == 0 && side == GUARD_BEHIND) {
        (void)snprintf(what, sizeof what, "reaches beyond the size of %s", guarded->name);
        fault_end(RULE_STRUCT, what);
    } else if (side == GUARD_BEHIND) {
        (void)snprintf(what, sizeof what, "reaches behind the end of %s, to byte %u beyond it", guarded->name,
                       (unsigned)(address - end + 1));
        fault_end(RULE_READ, what);
    } else if (side == GUARD_BEFORE) {
        (void)snprintf(what, sizeof what, "reaches before the beginning of %s, by %u bytes", guarded->name, (unsigned)(start - address));
        fault_end(RULE_BEFORE, what);
    }
    (void)snprintf(what, sizeof what, "writes to %s", guarded->name);
    fault_end(RULE_WRITE, what);
}

static void on_fault(int number, siginfo_t *info, void *context) {
    enum { NEAR = 64 << 10 };
    const struct guarded *guarded;
    char what[CHECK_WHAT];
    uintptr_t address = (uintptr_t)info->si_addr, stack = STACK_POINTER((ucontext_t *)context);
    bool has_address = number == SIGSEGV || number == SIGBUS;
    enum guard_side side = has_address ? guard_find(info->si_addr, &guarded) : GUARD_NONE;
    if (side != GUARD_NONE) guarded_fault(side, guarded, address);
    if (number == SIGSEGV && address + NEAR > stack && address < stack + NEAR)
        (void)snprintf(what, sizeof what, "crashes: its stack is full");
    else
        (void)snprintf(what, sizeof what, "crashes: %s%s", words_of(number), has_address && address < NEAR ? ", near NULL" : "");
    fault_end(RULE_CRASH, what);
}

bool fault_install(struct check_memory *memory) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    static unsigned char room[128 << 10];
    const stack_t stack = {.ss_sp = room, .ss_size = sizeof room};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND)};
    noted_in = memory;
    if (sigaltstack(&stack, NULL) != 0) return false;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (sigaction(signals[i], &action, NULL) != 0) return false;
    return true;
}
