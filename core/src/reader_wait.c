/* Waiting: polls while that pays, then sleeps as in wait.h; a tap, which may write to nothing, polls ever more seldom. */
#define _GNU_SOURCE
#include "cause.h"
#include "reader.h"
#include "wait.h"
#include <errno.h>
#include <time.h>

#define SPIN_MOST 512u
#define LOOK_CLOSELY_NS UINT64_C(1000000000)

static int64_t time_left(uint64_t end) {
    uint64_t now = clock_monotonic_ns();
    return end == UINT64_MAX ? INT64_MAX : now < end ? (int64_t)(end - now) : 0;
}

/* What ends a wait, other than a message. About once a second it looks at the folder, too, however short the single waits are. */
static int wait_over(struct sctx_reader *r) {
    uint64_t now = clock_monotonic_ns();
    bool look_closely = now - r->looked_ns > LOOK_CLOSELY_NS;
    if (look_closely) r->looked_ns = now;
    int rc = look_closely ? sctx_check(r->ctx) : context_usable(r->ctx);
    if (rc == SCTX_OK && context_removed(r->ctx)) rc = SCTX_ERR_REMOVED;
    if (rc == SCTX_OK && unlikely(load_acquire(&r->cancelled)))
        rc = SCTX_INTERRUPTED; /* after W1: whoever cancels advances the epoch next */
    return rc;
}

/* Polls as long as that has paid lately. */
static bool spin(struct sctx_reader *r) {
    uint32_t budget = r->spin;
    if (++r->waits % 64 == 0 && budget < 64) budget = 64; /* times may have changed */
    for (uint32_t i = 0; i < budget; i++) {
        cpu_pause();
        if (cell_seq(r->ctx, r->cursor) == r->cursor - (r->ctx->cell_mask + 1)) continue;
        if (!reader_anything(r)) continue;
        r->spin = r->spin * 2 + 16 < SPIN_MOST ? r->spin * 2 + 16 : SPIN_MOST;
        return true;
    }
    r->spin /= 2;
    return false;
}

static int wait_polling(struct sctx_reader *r, uint64_t end) {
    int64_t pause = 100000;
    for (;;) {
        if (reader_anything(r)) return SCTX_OK;
        int rc = wait_over(r);
        if (rc) return rc;
        int64_t left = time_left(end);
        if (left == 0) return SCTX_TIMEOUT;
        pause = pause * 3 / 2 < 10000000 ? pause * 3 / 2 : 10000000;
        if (nanosleep(&(struct timespec){.tv_nsec = (long)(left < pause ? left : pause)}, NULL) != 0 && errno == EINTR)
            return SCTX_INTERRUPTED;
    }
}

/* Writers wait for a gated reader whatever the topic. */
static uint32_t wanted_bits(struct sctx_reader *r) {
    return r->gated == 1 ? WAIT_EVERYTHING : filter_bits(r->ctx, &r->filter);
}

int reader_wait(struct sctx_reader *r, int64_t timeout_ns) {
    struct sctx *ctx = r->ctx;
    int rc = context_usable(ctx);
    if (rc) return rc;
    bool any = reader_anything(r);
    reader_note(r);
    if (any) return SCTX_OK;
    if ((rc = wait_over(r)) != SCTX_OK) return rc;
    if (timeout_ns == 0) return SCTX_TIMEOUT;
    uint64_t end = timeout_ns < 0 ? UINT64_MAX : clock_monotonic_ns() + (uint64_t)timeout_ns;
    if (ctx->tap) return wait_polling(r, end);
    if (spin(r)) return SCTX_OK;
    for (;;) {
        uint32_t bits = wanted_bits(r), epoch = 0;
        for (uint32_t before = 0; before != bits; before = bits, bits = wanted_bits(r)) /* a topic may have come before the latch was set */
            epoch = wait_announce(ctx, bits);                                           /* W1, W2 */
        any = reader_anything(r);                                                              /* W3 */
        reader_note(r);
        if (any) return SCTX_OK;
        if ((rc = wait_over(r)) != SCTX_OK) return rc;
        int64_t left = time_left(end);
        if (left == 0) return SCTX_TIMEOUT;
        rc = wait_sleep(ctx, epoch, bits, left < WAIT_TIMEOUT_NS ? left : WAIT_TIMEOUT_NS); /* W4, W5 */
        if (reader_anything(r)) return SCTX_OK;
        if (rc == -EINTR) return SCTX_INTERRUPTED;
    }
}

int sctx_wait(sctx_reader *r, int64_t timeout_ns) {
    if (!r) return SCTX_ERR_INVALID;
    if (r->causes && *r->ctx->fork_token) cause_forget(r->ctx);
    return reader_wait(r, timeout_ns);
}
