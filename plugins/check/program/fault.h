/* What a plugin does that ends the program, noted before it ends. */
#ifndef SCTX_CHECK_FAULT_H
#define SCTX_CHECK_FAULT_H
#include "memory.h"

/* Before the sandbox is entered. Accesses to guarded bytes (guard.h) are told apart. false: errno. */
bool fault_install(struct check_memory *memory);

/* Notes a finding after which nothing can go on. */
_Noreturn void fault_end(enum check_rule rule, const char *what);

#endif
