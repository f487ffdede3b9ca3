/* A context for a test, and short ways to use it. What a test takes for granted is checked in here: if it is not so, the process says why and
 * aborts, which fails the test in a child as well. */
#ifndef SCTX_TESTS_RIG_H
#define SCTX_TESTS_RIG_H
#include <sctx/sctx.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/types.h>

#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)

/* Ends the process with a line about what went wrong. */
_Noreturn void rig_abort(const char *file, int line, const char *what, long long value);
#define MUST(condition) ((condition) ? (void)0 : rig_abort(__FILE__, __LINE__, #condition, 0))
#define MUST_OK(call)                                                                  \
    do {                                                                               \
        long long must_ok_result = (call);                                             \
        if (must_ok_result != 0) rig_abort(__FILE__, __LINE__, #call, must_ok_result); \
    } while (0)

/* Makes a context anew (`with`: NULL or options but for the name) and joins it. */
sctx *rig_new(const char *context, const struct sctx_create_options *with);
sctx *rig_join(const char *context, const char *name);
sctx *rig_tap(const char *context);
void rig_end(sctx *ctx, const char *context); /* closes and removes */

uint16_t rig_topic(sctx *ctx, const char *name);
sctx_writer *rig_writer(sctx *ctx);
/* `pattern` may be NULL: everything. */
sctx_reader *rig_reader(sctx *ctx, enum sctx_from from, uint32_t flags, const char *pattern);
uint64_t rig_say(sctx_writer *writer, uint16_t topic, const char *text); /* the seq */
struct sctx_reader_stats rig_stats(const sctx_reader *reader);
struct sctx_info rig_info(sctx *ctx);

/* cursor - start_seq == delivered + filtered + lost + gone */
bool rig_balances(const sctx_reader *reader);

/* Reads until there is nothing more; the number of messages. */
uint64_t rig_drain(sctx_reader *reader);

/* Bytes that depend on `seed`, and whether `data` still is them. */
void rig_fill(void *data, size_t bytes, uint64_t seed);
bool rig_filled(const void *data, size_t bytes, uint64_t seed);

int64_t rig_now_ns(void); /* monotonic */
uint64_t rig_random(uint64_t *state);

/* Files (not folders) in the folder of a context; -1: there is no such folder. */
int rig_files(const char *context);

/* ---- other processes -------------------------------------------------------------------------------------------------------- */

/* A forked child that runs run(argument) and exits with what it returns; it is killed when its parent dies. */
pid_t rig_child(int (*run)(void *), void *argument);
int rig_child_result(pid_t child); /* exit code, or 128 + signal */

void *rig_shared(size_t bytes); /* zeroed memory that children share */

/* Everybody waits here until `n` have come. */
void rig_meet(_Atomic uint32_t *counter, uint32_t n);

/* Waits, at most 20 s, until *word is at least `value`. */
void rig_await(const _Atomic uint32_t *word, uint32_t value);
#endif
