/* Test points: a hook between every two steps of the protocol. In the shipped library they are nothing at all; the test build of the
 * same sources (-DSCTX_TESTPOINTS) calls sctx_testpoint_hook, which stops, kills or counts. */
#ifndef SCTX_TESTPOINT_H
#define SCTX_TESTPOINT_H
#ifdef SCTX_TESTPOINTS
extern void (*sctx_testpoint_hook)(const char *name);
#define TESTPOINT(name)                                     \
    do {                                                    \
        if (sctx_testpoint_hook) sctx_testpoint_hook(name); \
    } while (0)
#else
#define TESTPOINT(name) ((void)0)
#endif
#endif
