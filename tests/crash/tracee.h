/* A child that is driven by ptrace: instruction by instruction, or up to an address. x86-64 only. Public interface only. */
#ifndef CRASH_TRACEE_H
#define CRASH_TRACEE_H
#include "bus.h"

#if defined(__x86_64__)
enum { NOTE_DONE, NOTE_RC, NOTE_SEQ }; /* in tally->notes */

/* In the child: from here on it is driven; it stops here. */
void tracee_begin(void);
/* In the child: what was tried is over, with this result. */
void tracee_over(int rc, uint64_t seq);

/* In the parent. Each waits until the child stopped again. */
void tracee_await(pid_t pid);
bool tracee_step(pid_t pid);    /* one instruction; false: that was the last of what is tried */
void tracee_go_on(pid_t pid);   /* to the end of it, or to the next begin */
uint64_t tracee_at(pid_t pid);  /* the next instruction's address */
void tracee_kill(pid_t pid);

/* Lets it run until it is about to execute what is at `address`; false: it never came there, and is at its end. */
bool tracee_run_to(pid_t pid, uint64_t address);

/* Marks the first time that each address comes; how many there are. */
unsigned first_times(const uint64_t *addresses, unsigned n, bool *first);
#endif
#endif
