/* One run of one measurement on one transport: what a family and the comparison both use. Each returns 0, or -1 after bench_wrong(). */
#ifndef SCTX_BENCH_FAMILIES_H
#define SCTX_BENCH_FAMILIES_H
#include "measure.h"
#include "transport.h"

struct latency {
    double p50_ns, p99_ns, max_ns;
};

int latency_polling(struct bench *b, const struct transport *t, struct latency *out);
int latency_blocking(struct bench *b, const struct transport *t, bool far, struct latency *out); /* far: sleeps long in between */

/* As many messages as will go, from `writers` to `readers`, each of which gets all of them. */
struct stream {
    unsigned writers, readers;
    bool pinned; /* one to one: each on its core */
    bool probe;  /* also a 1 kHz message on a topic of its own, to a reader of its own */
    int64_t window_ns;
    /* out */
    double sent_per_s, deliveries_per_s;
    double lost_share;      /* of what readers went past, lost or gone */
    double slowest_share;   /* the reader that got least in the window, of the mean */
    struct latency latency; /* the probe's */
    double probes_sent, probes_received;
};
int stream_run(struct bench *b, const struct transport *t, struct stream *s);

struct wakeups {
    double cpu_us, switches; /* a delivery, all processes together */
    double deliveries_per_s;
    struct latency latency;
};
int wakeups_run(struct bench *b, const struct transport *t, struct wakeups *out);

int idle_run(struct bench *b, const struct transport *t, double *cpu_percent); /* of one core, 30 waiting readers */

struct calls {
    double writer, reader; /* system calls a message */
    double writer_total, reader_total, messages;
};
int syscalls_run(struct bench *b, const struct transport *t, bool polling, unsigned messages, struct calls *out);

enum { READERS = 30, WRITERS = 5 };

#endif
