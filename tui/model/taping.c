#include "taping.h"
#include "samples.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct taping {
    sctx *ctx;
    struct source *source;
    struct recorder *recorder;
    struct samples *samples;
    pthread_t thread;
    bool is_snapshot, has_thread;
    uint64_t end, last_seq; /* end: of a snapshot */
    char path[300], trouble[420];
    atomic_bool ends, is_done;
};

static bool take(void *context, const struct source_message *message) {
    struct taping *taping = context;
    if (!message->is_sample) taping->last_seq = message->seq;
    return recorder_add(taping->recorder, message);
}

static bool take_samples(struct taping *taping) {
    return taping->samples == NULL || samples_take(taping->samples, taping->last_seq, take, taping);
}

/* All that is there. */
static enum source_status drain(struct taping *taping) {
    struct source_message message;
    while (!atomic_load(&taping->ends)) {
        enum source_status status = source_next(taping->source, &message);
        if (status != SOURCE_OK) return status;
        if (taping->is_snapshot && message.seq >= taping->end) return SOURCE_END;
        if (!take(taping, &message)) return SOURCE_END;
    }
    return SOURCE_END;
}

static void *run(void *context) {
    enum { NAP_US = 500, SAMPLES_EVERY = 200 };
    struct taping *taping = context;
    enum source_status status = SOURCE_OK;
    for (unsigned round = 0; !atomic_load(&taping->ends) && (status = drain(taping)) == SOURCE_AGAIN && !taping->is_snapshot; round++) {
        if (!recorder_tick(taping->recorder) || (round % SAMPLES_EVERY == 0 && !take_samples(taping))) break;
        (void)nanosleep(&(struct timespec){.tv_nsec = NAP_US * 1000L}, NULL);
    }
    if (status < 0) (void)snprintf(taping->trouble, sizeof taping->trouble, "%s", source_fault(taping->source, NULL));
    if (status >= 0) (void)take_samples(taping);
    atomic_store(&taping->is_done, true);
    return NULL;
}

static bool open_source(struct taping *taping, const char *context, const char *dir, struct source_fault *fault) {
    struct sctx_options options = SCTX_INIT(options);
    struct sctx_reader_options from = SCTX_INIT(from);
    struct sctx_error error = {""};
    struct source_range range;
    options.context = context;
    options.dir = dir;
    options.error = &error;
    from.from = taping->is_snapshot ? SCTX_FROM_START : SCTX_FROM_NOW;
    int status = sctx_tap_open(&options, &taping->ctx);
    if (status == SCTX_OK) taping->source = source_open_live(taping->ctx, &from, &status);
    if (status == SCTX_OK && source_range(taping->source, &range) == SOURCE_OK) {
        taping->end = range.end;
        taping->samples = samples_open(taping->ctx);
        return true;
    }
    (void)snprintf(fault->text, sizeof fault->text, "%s", error.text[0] != '\0' ? error.text : sctx_strerror(status));
    return false;
}

static void release(struct taping *taping) {
    samples_close(taping->samples);
    source_close(taping->source);
    sctx_close(taping->ctx);
    free(taping);
}

struct taping *taping_begin(const char *context, const char *dir, const char *path, bool is_snapshot, struct source_fault *fault) {
    struct taping *taping = calloc(1, sizeof *taping);
    sigset_t all, before;
    (void)snprintf(fault->text, sizeof fault->text, "out of memory");
    if (taping == NULL) return NULL;
    taping->is_snapshot = is_snapshot;
    (void)snprintf(taping->path, sizeof taping->path, "%s", path);
    const struct recorder_options options = {.path = taping->path, .context = context, .compression = MCAP_LZ4};
    if (open_source(taping, context, dir, fault)) taping->recorder = recorder_open(&options, fault);
    if (taping->recorder == NULL) {
        release(taping);
        return NULL;
    }
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    taping->has_thread = pthread_create(&taping->thread, NULL, run, taping) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (taping->has_thread) return taping;
    recorder_close(taping->recorder, NULL);
    release(taping);
    return NULL;
}

static void tell(const struct taping *taping, const struct recorder_state *state, bool is_over, char *text, size_t room) {
    int len = snprintf(text, room, "%s %s: %" PRIu64 " messages, %" PRIu64 " KiB", is_over ? "wrote" : "recording to", taping->path,
                       state->messages, state->bytes >> 10);
    if (len > 0 && (size_t)len < room && state->lost + state->gone > 0)
        len += snprintf(text + len, room - (size_t)len, ", %" PRIu64 " lost", state->lost + state->gone);
    if (state->end != RECORDER_GOES_ON && len > 0 && (size_t)len < room)
        (void)snprintf(text + len, room - (size_t)len, "; it ended early: %s", state->text);
    else if (taping->trouble[0] != '\0' && is_over && len > 0 && (size_t)len < room)
        (void)snprintf(text + len, room - (size_t)len, "; %s", taping->trouble);
}

bool taping_tell(struct taping *taping, char *text, size_t room) {
    struct recorder_state state;
    bool is_done = atomic_load(&taping->is_done);
    recorder_state(taping->recorder, &state);
    tell(taping, &state, false, text, room);
    return is_done;
}

void taping_end(struct taping *taping, char *text, size_t room) {
    struct recorder_state state;
    atomic_store(&taping->ends, true);
    (void)pthread_join(taping->thread, NULL);
    recorder_close(taping->recorder, &state);
    tell(taping, &state, true, text, room);
    release(taping);
}
