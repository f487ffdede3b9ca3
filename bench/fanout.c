/* 5 writers to 30 readers, all as fast as they can, more processes than cores; a 1 kHz probe among them says how long a message then takes. */
#include "families.h"
#include "report.h"

enum { RATE, SENT, LOST, SLOWEST, P50, P99, MAX, PROBES, EACH };

static void take(const struct stream *s, double *value) {
    value[RATE] = s->deliveries_per_s;
    value[SENT] = s->sent_per_s;
    value[LOST] = 100 * s->lost_share;
    value[SLOWEST] = 100 * s->slowest_share;
    value[P50] = s->latency.p50_ns;
    value[P99] = s->latency.p99_ns;
    value[MAX] = s->latency.max_ns;
    value[PROBES] = s->probes_received;
}

static int run(struct bench *b, void *arg, double *value) {
    struct stream lossy = {.writers = WRITERS, .readers = READERS, .probe = true, .window_ns = b->quick ? 700 * BENCH_MS : 1500 * BENCH_MS},
                  gated = lossy;
    (void)arg;
    if (stream_run(b, &transport_sctx, &lossy) != 0 || stream_run(b, &transport_sctx_gated, &gated) != 0) return -1;
    take(&lossy, value);
    take(&gated, value + EACH);
    return 0;
}

int family_fanout(struct bench *b) {
    static const struct figure figures[] = {
        {"fanout_gated", "gated: deliveries, nothing lost", "/s", EACH + RATE, ASKED_AT_LEAST, 80e6, AGAINST_ITSELF, 0},
        {"fanout_gated_slowest", "gated: the slowest reader, of the mean", "%", EACH + SLOWEST, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"fanout_gated_probe_p50", "gated: probe p50", "ns", EACH + P50, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"fanout_gated_probe_p99", "gated: probe p99", "ns", EACH + P99, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"fanout_gated_probe_max", "gated: probe max", "ns", EACH + MAX, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"fanout_lossy", "lossy: deliveries, accounts balance", "/s", RATE, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"fanout_lossy_sent", "lossy: sent", "/s", SENT, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"fanout_lossy_lost", "lossy: lost or gone, all accounted for", "%", LOST, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"fanout_lossy_slowest", "lossy: the slowest reader, of the mean", "%", SLOWEST, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"fanout_lossy_probe_p50", "lossy: probe p50", "ns", P50, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"fanout_lossy_probe_p99", "lossy: probe p99", "ns", P99, ASKED_BELOW, 10e6, AGAINST_ITSELF, 0},
        {"fanout_lossy_probe_max", "lossy: probe max", "ns", MAX, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"fanout_lossy_probes", "lossy: probes received", "", PROBES, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
    };
    struct series s;
    report_section(b->report, "fanout: 5 writers, 30 readers, 64 B, a 1 kHz probe");
    if (bench_repeat(b, 2 * EACH, run, NULL, &s) != 0) return -1;
    report_figures(b->report, &s, figures, sizeof figures / sizeof figures[0]);
    return 0;
}
