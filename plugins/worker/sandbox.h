/* What a plugin may do to the machine: nothing but compute.
 *
 * Before its code is there, constructors included: resource limits, no new privileges, Landlock where the kernel has it (reading libraries,
 * and nothing else of any file system), and a first seccomp filter (what the dynamic linker needs). Once it is loaded, a
 * second, tighter filter: memory, the socket to the host, the end.
 *
 * A refused system call is noted in the shared memory. Those that only tell something or write somewhere fail with EPERM and the plugin
 * goes on; those that start, signal, trace or talk to anything end the worker. */
#ifndef SCTX_WORKER_SANDBOX_H
#define SCTX_WORKER_SANDBOX_H
#include "wire.h"

/* `plugin`: the path that will be loaded. false with errno: the kernel does not allow it, and nothing may be loaded. Landlock is left out
 * where there is none. `life_s`: of processor time, then the kernel ends it. */
bool sandbox_enter(struct wire *wire, const char *plugin, unsigned life_s);
bool sandbox_tighten(void);

#endif
