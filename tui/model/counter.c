#include "counter.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MS INT64_C(1000000)

struct counter {
    struct counter_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a recording's moment, or the end */
    bool has_thread;
    atomic_bool ends;
    /* Of the thread alone: */
    sctx *ctx;
    struct source *source;
    int64_t nap_ns;
    struct source_message ahead; /* of a recording: read, and behind the moment */
    bool has_ahead, is_done;
    /* With the lock: */
    struct stats *stats;
    struct flow *flow;
    struct levels levels;
    struct tape tape;
    struct judge judge; /* it decodes nothing */
    struct counter_status status;
    uint64_t moment;
};

void counter_lock(struct counter *counter) {
    (void)pthread_mutex_lock(&counter->lock);
}

void counter_unlock(struct counter *counter) {
    (void)pthread_mutex_unlock(&counter->lock);
}

static void say(struct counter *counter, enum counter_state state, const char *text) {
    counter_lock(counter);
    counter->status.state = state;
    (void)snprintf(counter->status.text, sizeof counter->status.text, "%s", text);
    counter_unlock(counter);
}

static void forget(struct counter *counter) {
    stats_reset(counter->stats);
    flow_reset(counter->flow);
    levels_reset(&counter->levels);
    tape_clear(&counter->tape);
    counter->status.seq = 0;
    if (counter->judge.filter != NULL) filter_forget(counter->judge.filter);
}

static void take(struct counter *counter, const struct source_message *message) {
    (void)stats_add(counter->stats, message);
    counter->status.seq = message->seq;
    if (message->is_sample) {
        levels_add(&counter->levels, message);
        return;
    }
    (void)flow_add(counter->flow, message, NULL);
    if (counter->options.path == NULL && judge_may_want(&counter->judge, message)) tape_put(&counter->tape, message);
}

/* ---- a context -------------------------------------------------------------------------------------------------------------- */

static void nap(struct counter *counter, int64_t ns) {
    for (int64_t left = ns; left > 0 && !atomic_load(&counter->ends); left -= 50 * MS) {
        int64_t part = left < 50 * MS ? left : 50 * MS;
        const struct timespec time = {.tv_nsec = (long)part};
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
    }
}

/* From the oldest message that is held, so that the picture is not empty at first. */
static bool open_context(struct counter *counter) {
    struct sctx_options options = SCTX_INIT(options);
    struct sctx_reader_options from = SCTX_INIT(from);
    struct sctx_error error = {""};
    options.context = counter->options.context;
    options.dir = counter->options.dir;
    options.error = &error;
    from.from = SCTX_FROM_START;
    int status = sctx_tap_open(&options, &counter->ctx);
    if (status == SCTX_OK) counter->source = source_open_live(counter->ctx, &from, &status);
    if (status == SCTX_OK) {
        counter_lock(counter);
        forget(counter);
        counter->status.generation++;
        counter->status.state = COUNTER_READS;
        counter->status.text[0] = '\0';
        counter_unlock(counter);
        return true;
    }
    sctx_close(counter->ctx);
    counter->ctx = NULL;
    say(counter, COUNTER_WAITING, error.text[0] != '\0' ? error.text : sctx_strerror(status));
    return false;
}

static void close_source(struct counter *counter) {
    source_close(counter->source);
    sctx_close(counter->ctx);
    counter->source = NULL;
    counter->ctx = NULL;
}

/* All that is there, by and by: whoever looks gets the lock in between. */
static enum source_status drain(struct counter *counter, size_t *count, bool *has_lost) {
    enum { AT_ONCE = 256 };
    enum source_status status = SOURCE_OK;
    while (status == SOURCE_OK && !atomic_load(&counter->ends)) {
        counter_lock(counter);
        for (unsigned i = 0; i < AT_ONCE; i++) {
            struct source_message message;
            status = source_next(counter->source, &message);
            if (status != SOURCE_OK) break;
            take(counter, &message);
            *has_lost = *has_lost || message.lost + message.gone > 0;
            ++*count;
        }
        counter_unlock(counter);
    }
    return status;
}

/* A nap is as long as nothing is overwritten meanwhile, and no longer than what a person takes for now. */
static void choose_nap(struct counter *counter, size_t count, bool has_lost) {
    enum { MANY = 2000, FEW = 500 };
    const int64_t shortest = MS / 2, longest = (count > 0 ? 20 : 40) * MS;
    if (has_lost || count > MANY)
        counter->nap_ns /= 2;
    else if (count < FEW)
        counter->nap_ns += counter->nap_ns / 4;
    if (counter->nap_ns < shortest) counter->nap_ns = shortest;
    if (counter->nap_ns > longest) counter->nap_ns = longest;
}

static void read_context(struct counter *counter) {
    enum { LOOK_AGAIN_MS = 200 };
    size_t count = 0;
    bool has_lost = false;
    if (counter->source == NULL && !open_context(counter)) {
        nap(counter, LOOK_AGAIN_MS * MS);
        return;
    }
    enum source_status status = drain(counter, &count, &has_lost);
    if (status < 0) {
        char text[512];
        bool is_gone = status == SOURCE_GONE;
        (void)snprintf(text, sizeof text, "%s%s", source_fault(counter->source, NULL), is_gone ? "; waiting for the next one" : "");
        close_source(counter);
        say(counter, COUNTER_WAITING, text);
        nap(counter, LOOK_AGAIN_MS * MS);
        return;
    }
    choose_nap(counter, count, has_lost);
    nap(counter, counter->nap_ns);
}

/* ---- a recording ------------------------------------------------------------------------------------------------------------ */

static bool reopen(struct counter *counter) {
    struct source_fault fault;
    source_close(counter->source);
    counter->source = source_open_file(counter->options.path, &fault);
    counter->has_ahead = counter->is_done = false;
    if (counter->source == NULL) say(counter, COUNTER_FAILED, fault.text);
    counter_lock(counter);
    forget(counter);
    counter->status.damaged = 0;
    counter_unlock(counter);
    return counter->source != NULL;
}

/* false: it has come to the moment, or to the end. With the lock. */
static bool read_one(struct counter *counter) {
    if (!counter->has_ahead) {
        enum source_status status = source_next(counter->source, &counter->ahead);
        if (status == SOURCE_DAMAGED) {
            counter->status.damaged++;
            return true;
        }
        if (status != SOURCE_OK) {
            counter->is_done = true;
            if (status < 0) {
                counter->status.state = COUNTER_FAILED;
                (void)snprintf(counter->status.text, sizeof counter->status.text, "%s", source_fault(counter->source, NULL));
            }
            return false;
        }
        counter->has_ahead = true;
    }
    if (counter->ahead.seq > counter->moment) return false;
    take(counter, &counter->ahead);
    counter->has_ahead = false;
    return true;
}

static void read_recording(struct counter *counter) {
    enum { AT_ONCE = 512 };
    counter_lock(counter);
    uint64_t moment = counter->moment;
    bool back = moment < counter->status.seq, goes_on = !back && counter->source != NULL && !counter->is_done;
    for (unsigned i = 0; goes_on && i < AT_ONCE; i++) goes_on = read_one(counter);
    counter->status.is_behind = back || goes_on;
    if (!back && !goes_on && !atomic_load(&counter->ends)) (void)pthread_cond_wait(&counter->changed, &counter->lock);
    counter_unlock(counter);
    if (back) (void)reopen(counter);
}

/* ---- the thread ------------------------------------------------------------------------------------------------------------- */

static void *run(void *context) {
    struct counter *counter = context;
    while (!atomic_load(&counter->ends)) {
        if (counter->options.path != NULL)
            read_recording(counter);
        else
            read_context(counter);
    }
    return NULL;
}

/* Signals are for the thread that shows. */
static bool start(struct counter *counter) {
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGBUS);
    (void)sigdelset(&all, SIGSEGV);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    counter->has_thread = pthread_create(&counter->thread, NULL, run, counter) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return counter->has_thread;
}

struct counter *counter_open(const struct counter_options *options, struct source_fault *fault) {
    struct counter *counter = calloc(1, sizeof *counter);
    (void)snprintf(fault->text, sizeof fault->text, "out of memory");
    if (counter == NULL) return NULL;
    counter->options = *options;
    counter->nap_ns = 5 * MS;
    counter->status.text[0] = '\0';
    (void)pthread_mutex_init(&counter->lock, NULL);
    (void)pthread_cond_init(&counter->changed, NULL);
    judge_open(&counter->judge, NULL);
    counter->stats = stats_open();
    counter->flow = flow_open();
    bool done = counter->stats != NULL && counter->flow != NULL && tape_open(&counter->tape);
    if (done && options->path != NULL) {
        counter->source = source_open_file(options->path, fault);
        counter->status.state = COUNTER_READS;
        done = counter->source != NULL;
    }
    if (done && start(counter)) return counter;
    counter_close(counter);
    return NULL;
}

void counter_close(struct counter *counter) {
    if (counter == NULL) return;
    atomic_store(&counter->ends, true);
    counter_lock(counter);
    (void)pthread_cond_broadcast(&counter->changed);
    counter_unlock(counter);
    if (counter->has_thread) (void)pthread_join(counter->thread, NULL);
    close_source(counter);
    judge_close(&counter->judge);
    tape_close(&counter->tape);
    levels_reset(&counter->levels);
    flow_close(counter->flow);
    stats_close(counter->stats);
    (void)pthread_cond_destroy(&counter->changed);
    (void)pthread_mutex_destroy(&counter->lock);
    free(counter);
}

/* ---- asking ----------------------------------------------------------------------------------------------------------------- */

const struct stats *counter_stats(const struct counter *counter) {
    return counter->stats;
}
const struct flow *counter_flow(const struct counter *counter) {
    return counter->flow;
}
const struct levels *counter_levels(const struct counter *counter) {
    return &counter->levels;
}
struct tape *counter_tape(struct counter *counter) {
    return &counter->tape;
}

struct counter_status counter_status(struct counter *counter) {
    counter_lock(counter);
    struct counter_status status = counter->status;
    counter_unlock(counter);
    return status;
}

void counter_want(struct counter *counter, const struct scope *scope, struct filter *filter) {
    counter_lock(counter);
    counter->judge.scope = *scope;
    judge_set_filter(&counter->judge, filter);
    tape_clear(&counter->tape);
    counter_unlock(counter);
}

void counter_set_moment(struct counter *counter, uint64_t seq) {
    counter_lock(counter);
    bool is_new = counter->moment != seq;
    counter->moment = seq;
    if (is_new) counter->status.is_behind = true;
    (void)pthread_cond_broadcast(&counter->changed);
    counter_unlock(counter);
}
