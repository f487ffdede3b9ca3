#include "density.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

struct density {
    const char *path; /* the caller's */
    struct source_range range;
    pthread_t thread;
    atomic_bool ends, is_done;
    _Atomic uint64_t parts[DENSITY_PARTS];
};

static void count(struct density *density, int64_t time_ns) {
    double span = (double)(density->range.last_ns - density->range.first_ns) + 1;
    double part = (double)(time_ns - density->range.first_ns) / span;
    int place = (int)(part * DENSITY_PARTS);
    if (place < 0) place = 0;
    if (place >= DENSITY_PARTS) place = DENSITY_PARTS - 1;
    atomic_fetch_add_explicit(&density->parts[place], 1, memory_order_relaxed);
}

static void *run(void *context) {
    struct density *density = context;
    struct source_fault fault;
    struct source_message message;
    struct source *source = source_open_file(density->path, &fault);
    while (source != NULL && !atomic_load(&density->ends)) {
        enum source_status status = source_next(source, &message);
        if (status == SOURCE_DAMAGED) continue;
        if (status != SOURCE_OK) break;
        if (!message.is_sample) count(density, message.time_ns);
    }
    source_close(source);
    atomic_store(&density->is_done, true);
    return NULL;
}

struct density *density_open(const char *path, const struct source_range *range) {
    struct density *density = calloc(1, sizeof *density);
    sigset_t all, before;
    if (density == NULL) return NULL;
    density->path = path;
    density->range = *range;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&density->thread, NULL, run, density) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) return density;
    free(density);
    return NULL;
}

void density_close(struct density *density) {
    if (density == NULL) return;
    atomic_store(&density->ends, true);
    (void)pthread_join(density->thread, NULL);
    free(density);
}

double density_get(struct density *density, double *values, size_t parts) {
    double most = 0;
    for (size_t i = 0; i < parts; i++) values[i] = 0;
    for (size_t i = 0; i < DENSITY_PARTS && parts > 0; i++)
        values[i * parts / DENSITY_PARTS] += (double)atomic_load_explicit(&density->parts[i], memory_order_relaxed);
    for (size_t i = 0; i < parts; i++)
        if (values[i] > most) most = values[i];
    return most;
}

bool density_is_done(const struct density *density) {
    return atomic_load(&density->is_done);
}
