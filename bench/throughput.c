/* One writer to one reader, each on its core: lossy with what it lost, and gated, where all must arrive. */
#include "families.h"
#include "report.h"

enum { GATED, LOSSY, LOSSY_SENT, LOSSY_LOST, COLUMNS };

static int run(struct bench *b, void *arg, double *value) {
    struct stream gated = {.writers = 1, .readers = 1, .pinned = true, .window_ns = b->quick ? 300 * BENCH_MS : 600 * BENCH_MS},
                  lossy = gated;
    (void)arg;
    if (stream_run(b, &transport_sctx_gated, &gated) != 0 || stream_run(b, &transport_sctx, &lossy) != 0) return -1;
    value[GATED] = gated.deliveries_per_s;
    value[LOSSY] = lossy.deliveries_per_s;
    value[LOSSY_SENT] = lossy.sent_per_s;
    value[LOSSY_LOST] = 100 * lossy.lost_share;
    return 0;
}

int family_one_to_one(struct bench *b) {
    static const struct figure figures[] = {
        {"one_to_one_gated", "gated: received, nothing lost", "/s", GATED, ASKED_AT_LEAST, 25e6, AGAINST_ITSELF, 0},
        {"one_to_one_lossy", "lossy: received", "/s", LOSSY, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"one_to_one_lossy_sent", "lossy: sent", "/s", LOSSY_SENT, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"one_to_one_lossy_lost", "lossy: lost or gone, all accounted for", "%", LOSSY_LOST, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
    };
    struct series s;
    report_section(b->report, "one-to-one: one writer, one reader, 64 B");
    if (bench_repeat(b, COLUMNS, run, NULL, &s) != 0) return -1;
    report_figures(b->report, &s, figures, sizeof figures / sizeof figures[0]);
    return 0;
}
