/* A descriptor for event loops: a helper thread watches with a reader of its own from where the owner found nothing, and signals an eventfd. */
#define _GNU_SOURCE
#include "reader.h"
#include "wait.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum fd_state { FD_IDLE, FD_ARMED, FD_STOP }; /* the event is readable if and only if idle: both change in one step, under the mutex */

struct reader_fd {
    struct own_fd event;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    _Atomic uint32_t state;
    _Atomic uint32_t round; /* how often it was armed */
    uint64_t from;          /* where to watch from */
    struct sctx_reader *probe;
};

/* With the mutex held. */
static void signal_event(struct reader_fd *f) {
    uint64_t one = 1;
    store_release(&f->state, FD_IDLE);
    while (own_fd_valid(&f->event) && write(f->event.fd, &one, sizeof one) < 0 && errno == EINTR) {}
}

/* A time-out is no news; anything else the owner should see for itself: a message, an error. */
static void watch(struct reader_fd *f, uint64_t from, uint32_t round) {
    f->probe->cursor = from;
    for (bool news = false; !news && load_acquire(&f->state) == FD_ARMED && load_acquire(&f->round) == round;)
        news = reader_wait(f->probe, WAIT_TIMEOUT_NS) != SCTX_TIMEOUT || f->probe->cursor - from >= (f->probe->ctx->cell_mask + 1) / 4;
    pthread_mutex_lock(&f->mutex);
    if (load_relaxed(&f->state) == FD_ARMED && load_relaxed(&f->round) == round) signal_event(f);
    pthread_mutex_unlock(&f->mutex);
}

static void *helper(void *argument) {
    struct reader_fd *f = argument;
    for (;;) {
        pthread_mutex_lock(&f->mutex);
        while (load_acquire(&f->state) == FD_IDLE) pthread_cond_wait(&f->changed, &f->mutex);
        uint64_t from = f->from;
        uint32_t round = load_relaxed(&f->round);
        bool stop = load_acquire(&f->state) == FD_STOP;
        pthread_mutex_unlock(&f->mutex);
        if (stop) return NULL;
        watch(f, from, round);
    }
}

void reader_fd_arm(struct sctx_reader *r) {
    struct reader_fd *f = r->fd;
    if (load_acquire(&f->state) != FD_IDLE) return; /* watching already: nothing came since */
    uint64_t count;
    pthread_mutex_lock(&f->mutex);
    while (own_fd_valid(&f->event) && read(f->event.fd, &count, sizeof count) < 0 && errno == EINTR) {}
    f->from = r->cursor;
    store_release(&f->round, load_relaxed(&f->round) + 1);
    store_release(&f->state, FD_ARMED);
    pthread_cond_signal(&f->changed);
    pthread_mutex_unlock(&f->mutex);
}

void reader_fd_poke(struct sctx_reader *r) {
    struct reader_fd *f = r->fd;
    pthread_mutex_lock(&f->mutex);
    if (load_relaxed(&f->state) == FD_ARMED) signal_event(f);
    pthread_mutex_unlock(&f->mutex);
}

static const int own_signals[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

static void fd_free(struct reader_fd *f) {
    own_fd_close(&f->event);
    if (f->probe) sctx_reader_close(f->probe);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->mutex);
    free(f);
}

int sctx_reader_fd(sctx_reader *r) {
    if (!r) return SCTX_ERR_INVALID;
    int rc = context_usable(r->ctx);
    if (rc) return rc;
    if (r->fd) return r->fd->event.fd;
    struct reader_fd *f = calloc(1, sizeof *f);
    if (!f) return SCTX_ERR_NO_MEMORY;
    f->event.fd = -1;
    pthread_mutex_init(&f->mutex, NULL);
    pthread_cond_init(&f->changed, NULL);
    rc = reader_new_probe(r, &f->probe);
    if (rc == SCTX_OK && own_fd_take(&f->event, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) != 0) rc = SCTX_ERR_SYSTEM;
    if (rc == SCTX_OK) {
        sigset_t all,
            old; /* signals are the program's threads' business, but for those that this thread raises itself: sctx_guard_install() */
        (void)sigfillset(&all);
        for (size_t i = 0; i < sizeof own_signals / sizeof *own_signals; i++) (void)sigdelset(&all, own_signals[i]);
        (void)pthread_sigmask(SIG_SETMASK, &all, &old);
        f->from = r->cursor;
        f->state = FD_ARMED;
        rc = pthread_create(&f->thread, NULL, helper, f) == 0 ? SCTX_OK : SCTX_ERR_SYSTEM;
        (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    }
    if (rc) {
        fd_free(f);
        return rc;
    }
    r->fd = f;
    return f->event.fd;
}

void reader_fd_close(struct sctx_reader *r) {
    struct reader_fd *f = r->fd;
    if (!f) return;
    pthread_mutex_lock(&f->mutex);
    store_release(&f->state, FD_STOP);
    reader_cancel(f->probe);
    pthread_cond_signal(&f->changed);
    pthread_mutex_unlock(&f->mutex);
    if (!r->ctx->tap) wait_wake_all(r->ctx->hot); /* it may sleep for somebody's message */
    pthread_join(f->thread, NULL);
    fd_free(f);
    r->fd = NULL;
}
