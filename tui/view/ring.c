#include "ring.h"
#include "figures.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct lines {
    struct pane pane;
    int at; /* of the next one, from the top of the pane */
};

__attribute__((format(printf, 4, 5))) static void line(struct lines *lines, const char *name, enum style style, const char *format, ...) {
    char text[512];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (lines->at >= 0) {
        (void)put_text(lines->pane, 1, lines->at, STYLE_DIM, name);
        (void)put_text(lines->pane, 16, lines->at, style, text);
    }
    lines->at++;
}

static void gauge(struct lines *lines, const char *name, double part, const char *text) {
    int wide = lines->pane.columns - 16 - 2 > 40 ? 40 : lines->pane.columns - 18;
    if (lines->at >= 0 && wide > 4) {
        (void)put_text(lines->pane, 1, lines->at, STYLE_DIM, name);
        put_gauge(lines->pane, 16, lines->at, wide, part > 0.9 ? STYLE_WARN : STYLE_GRAPH, part);
    }
    lines->at++;
    line(lines, "", STYLE_PLAIN, "%s", text);
}

static void loss_line(struct lines *lines, const struct picture *picture, const char *name) {
    struct stats_loss loss = stats_loss(picture->stats);
    bool any = loss.lost + loss.gone > 0;
    line(lines, name, any ? STYLE_WARN : STYLE_GOOD,
         any ? "%" PRIu64 " overwritten, %" PRIu64 " in part: these are in no count" : "nothing", loss.lost, loss.gone);
    if (loss.unheld > 0) line(lines, "", STYLE_WARN, "%" PRIu64 " are in the totals only: too many senders or pairs", loss.unheld);
}

static void totals(struct lines *lines, const struct picture *picture) {
    const struct stats_row *total = stats_total(picture->stats);
    char rate[FIGURE], bytes[FIGURE], all[FIGURE];
    line(lines, "rate", STYLE_STRONG, "%s messages/s, %s/s", figure_count(stats_rate(total, picture->now_ns), rate),
         figure_bytes(stats_byte_rate(total, picture->now_ns), bytes));
    line(lines, "counted", STYLE_PLAIN, "%" PRIu64 " messages, %s, on %u topics by %u senders", total->messages,
         figure_bytes((double)total->bytes, all), stats_topics(picture->stats), stats_senders(picture->stats));
}

static void of_context(struct lines *lines, const struct picture *picture) {
    const struct sctx_info *info = &picture->info;
    uint64_t held = info->tail > info->oldest ? info->tail - info->oldest : 0, memory = info->memory_ring + info->memory_arenas;
    char a[FIGURE], b[FIGURE], c[FIGURE], text[160];
    line(lines, "context", STYLE_STRONG, "%s", info->name);
    line(lines, "path", STYLE_PLAIN, "%s", info->path);
    line(lines, "created", STYLE_PLAIN, "%s", figure_date(info->created_ns, a));
    (void)snprintf(text, sizeof text, "%" PRIu64 " of %" PRIu64 " cells; the last %s of what was said", held, info->cells,
                   figure_duration((double)info->span_ns, a));
    gauge(lines, "ring", info->cells > 0 ? (double)held / (double)info->cells : 0, text);
    (void)snprintf(text, sizeof text, "%s of at most %s: ring %s", figure_bytes((double)memory, a),
                   figure_bytes((double)info->memory_max, b), figure_bytes((double)info->memory_ring, c));
    gauge(lines, "memory", info->memory_max > 0 ? (double)memory / (double)info->memory_max : 0, text);
    line(lines, "arenas", STYLE_PLAIN, "%u of %u in use, %s; a writer's first takes %s", info->arenas_used, info->arenas,
         figure_bytes((double)info->memory_arenas, a), figure_bytes((double)info->arena_bytes, b));
    line(lines, "seqs", STYLE_PLAIN, "%" PRIu64 " to %" PRIu64, info->oldest, info->tail > 0 ? info->tail - 1 : 0);
    totals(lines, picture);
    loss_line(lines, picture, "not seen here");
    line(lines, "participants", STYLE_PLAIN, "%u alive, %u known, room for %u; %u readers", info->participants_alive,
         info->participants_known, info->participant_slots, info->readers);
    line(lines, "gating", info->gate_evictions > 0 ? STYLE_WARN : STYLE_PLAIN,
         (info->flags & SCTX_CREATE_GATING) != 0 ? "allowed; %" PRIu64 " readers let go" : "not allowed", info->gate_evictions);
    line(lines, "clock", STYLE_PLAIN, "%s, %.1f MHz, %u epoch%s", info->clock == 1 ? "processor" : "system", (double)info->clock_hz / 1e6,
         info->clock_epochs, info->clock_epochs == 1 ? "" : "s");
}

static void of_recording(struct lines *lines, const struct picture *picture, const struct moment *moment, const char *path,
                         const struct counter_status *status) {
    char a[FIGURE], b[FIGURE];
    line(lines, "recording", STYLE_STRONG, "%s", path);
    line(lines, "from", STYLE_PLAIN, "%s", figure_date(moment->range.first_ns, a));
    line(lines, "to", STYLE_PLAIN, "%s, %s", figure_date(moment->range.last_ns, a),
         figure_duration((double)(moment->range.last_ns - moment->range.first_ns), b));
    line(lines, "seqs", STYLE_PLAIN, "%" PRIu64 " to %" PRIu64, moment->range.first, moment->range.end > 0 ? moment->range.end - 1 : 0);
    line(lines, "now", STYLE_PLAIN, "%s, seq %" PRIu64, figure_clock(moment->time_ns, a), moment->seq);
    totals(lines, picture);
    loss_line(lines, picture, "not recorded");
    if (status->damaged > 0)
        line(lines, "damaged", STYLE_BAD,
             "%" PRIu64 " parts of the file cannot be read, and are left out: sctx recover saves what there is", status->damaged);
    if (status->is_behind) line(lines, "counting", STYLE_WARN, "has come to seq %" PRIu64, status->seq);
}

void ring_draw(struct pane pane, const struct picture *picture, const struct moment *moment, const char *path,
               const struct counter_status *status, int top) {
    struct lines lines = {pane, -top};
    if (moment != NULL)
        of_recording(&lines, picture, moment, path, status);
    else if (picture->has_info)
        of_context(&lines, picture);
    else
        (void)put_text(pane, 1, 0, STYLE_DIM, "There is no context yet.");
}

/* ---- the time line of a recording -------------------------------------------------------------------------------------------- */

static double part_of(const struct moment *moment, int64_t time_ns) {
    double span = (double)(moment->range.last_ns - moment->range.first_ns);
    double part = span > 0 ? (double)(time_ns - moment->range.first_ns) / span : 1;
    return part < 0 ? 0 : part > 1 ? 1 : part;
}

int64_t timeline_time(int columns, const struct moment *moment, int x) {
    double part = columns > 1 ? (double)x / (double)(columns - 1) : 1;
    return moment->range.first_ns + (int64_t)(part * (double)(moment->range.last_ns - moment->range.first_ns));
}

void timeline_draw(struct pane pane, const struct moment *moment, struct density *density) {
    double values[DENSITY_PARTS], most = 0;
    size_t count = pane.columns < DENSITY_PARTS ? (size_t)pane.columns : DENSITY_PARTS;
    char clock[FIGURE], since[FIGURE], all[FIGURE];
    if (density != NULL) most = density_get(density, values, count);
    if (most > 0) put_spark(pane, 0, 0, (int)count, STYLE_GRAPH, values, count, most);
    int x = (int)(part_of(moment, moment->time_ns) * (double)(pane.columns - 1) + 0.5);
    put_code(pane, x, 0, STYLE_WARN, 0x2502, '|');
    int64_t begin = moment->range.first_ns;
    int at = put_format(pane, 0, 1, STYLE_STRONG, "%s", moment->plays ? "playing" : "stopped");
    at += put_format(pane, at, 1, STYLE_DIM, " x%g  ", moment->rate);
    at += put_format(pane, at, 1, STYLE_PLAIN, "%s", figure_clock(moment->time_ns, clock));
    at += put_format(pane, at, 1, STYLE_DIM, "  %s of %s", figure_duration((double)(moment->time_ns - begin), since),
                     figure_duration((double)(moment->range.last_ns - begin), all));
    if (moment->plays && moment->has_ahead && moment->ahead_ns > moment->time_ns)
        (void)put_format(pane, at, 1, STYLE_DIM, ", the next message in %s",
                         figure_duration((double)(moment->ahead_ns - moment->time_ns), since));
}
