/* Names of system calls, for messages about those that were refused. */
#ifndef SCTX_HOST_SYSCALLS_H
#define SCTX_HOST_SYSCALLS_H
#include <stdint.h>

/* "fork", or "number 435" for one that has no name here. Borrowed until the next call from the same thread. */
const char *syscall_name(uint32_t number);

#endif
