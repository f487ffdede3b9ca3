/* What the tests of faults share, beside ../unit/rig.h. */
#ifndef SCTX_TESTS_FAULT_H
#define SCTX_TESTS_FAULT_H
#include "rig.h"
#include <stdbool.h>
#include <stdio.h>

/* Ends the program as skipped: ctest says so. */
_Noreturn void fault_skip(const char *why);

/* A case is named on stderr when it fails; `run` goes on in a forked child, so that what kills it is seen. Says whether all was well. */
bool fault_case(const char *name, int (*run)(void *), void *argument);

/* From now on $SCTX_DIR is a new folder in the test's. */
void fault_folder(void);

/* "FOLDER/FILE" of a context, in a buffer that the next call but three uses again. */
const char *fault_path(const char *context, const char *file);

/* Entries of a folder but for . and .., also hidden ones; -1: there is no such folder. */
int fault_entries(const char *path);

/* Descriptors of this process. */
int fault_descriptors(void);
#endif
