#include "testpoint.h"

#ifdef SCTX_TESTPOINTS
void (*sctx_testpoint_hook)(const char *name);
#else
typedef int nothing_here; /* a source file must not be empty */
#endif
