/* What the crash and race tests share: contexts, payloads that check themselves, and readers that check everything they are given.
 * Public interface only. A failed CHECK prints where and under which circumstances, and ends the process with 1. */
#ifndef CRASH_BUS_H
#define CRASH_BUS_H
#include <sctx/sctx.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

extern char circumstances[256]; /* what is being tried: printed when a check fails */

_Noreturn void check_failed(const char *file, int line, const char *what);
#define CHECK(condition)                                                  \
    do {                                                                  \
        if (!(condition)) check_failed(__FILE__, __LINE__, #condition); \
    } while (0)
#define CHECK_OK(call)                                                                                \
    do {                                                                                              \
        int check_rc_ = (call);                                                                       \
        if (check_rc_ != SCTX_OK) check_failed(__FILE__, __LINE__, sctx_strerror(check_rc_));         \
    } while (0)

uint64_t now_ns(void);
void sleep_us(long us);
unsigned env_number(const char *name, unsigned otherwise);

/* Makes the test's folder ($SCTX_DIR) somebody's who is not root, and becomes that user: root is let through where others are not. */
void become_nobody(void);

/* ---- contexts --------------------------------------------------------------------------------------------------------------- */

void fresh(const char *context, uint64_t cells, uint64_t arena_bytes, uint32_t flags, uint64_t gate_timeout_ns);
sctx *join(const char *context, const char *name);
sctx *tap(const char *context);
uint16_t topic(sctx *ctx, const char *name);
sctx_writer *writer(sctx *ctx);
sctx_reader *reader(sctx *ctx, uint32_t from, uint32_t flags);
struct sctx_info info_of(sctx *ctx);
struct sctx_reader_stats balanced(const sctx_reader *reader);

/* ---- payloads --------------------------------------------------------------------------------------------------------------- */

#define PAYLOAD_MOST (256u << 10)
#define PAYLOAD_WRITERS 64u

/* Fills len bytes that say who wrote them, how manieth they are, and whether they are whole. Under 24 bytes they say less. */
void payload_make(void *to, size_t len, uint32_t who, uint64_t counter);
bool payload_whole(const void *data, size_t len, uint32_t *who, uint64_t *counter);

/* What has been published, told by all who publish, in memory that forked processes share. */
struct tally {
    _Atomic uint64_t started, acked;               /* publishes begun, publishes that returned */
    _Atomic uint64_t said[PAYLOAD_WRITERS];        /* counter of the last message begun by each */
    _Atomic uint64_t point, notes[7];              /* between a child and its parent, as they like */
    char names[256][40];                           /* test points met, in order */
};
extern struct tally *tally;
void *shared_new(size_t bytes); /* zeroed memory that forked processes share */

/* Publishes the next message of `who`; a status. */
int say(sctx_writer *writer, uint16_t topic, uint32_t who, size_t len, uint64_t *seq);

/* ---- listening -------------------------------------------------------------------------------------------------------------- */

struct ear {
    sctx_reader *reader;
    uint64_t heard, last_seq;
    int64_t last_ns;
    uint64_t last[PAYLOAD_WRITERS]; /* counter of the last message heard of each */
};
struct ear ear_open(sctx *ctx, uint32_t from, uint32_t flags);

/* Checks a message that was delivered: whole, once, in order, later than the one before. Messages on topics other than 0 are JSON. */
void ear_check(struct ear *ear, const struct sctx_message *message);

/* Reads all there is, checks it all and the accounts; returns how many messages came. */
uint64_t ear_drain(struct ear *ear);
void ear_close(struct ear *ear);

/* ---- processes -------------------------------------------------------------------------------------------------------------- */

#define CHILD_TIMEOUT_NS UINT64_C(20000000000)

/* fork(); in the child everything is as after fork, and a CHECK ends only the child. */
pid_t spawn(void);

/* Waits until it stopped or ended; idle() is called again and again meanwhile (NULL: nothing). */
int await_child(pid_t pid, void (*idle)(void));
void expect_exit(pid_t pid, int status); /* it ended by itself, with 0 */
#endif
