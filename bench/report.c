#include "report.h"

#include "measure.h"
#include "transport.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct report {
    FILE *table, *json; /* json: a memory stream, written out at the end */
    char *json_text;
    size_t json_bytes;
    const char *json_path, *section;
    const struct transport *const *transport;
    unsigned transports, asked, reached;
    bool first_object;
};

static void json_string(FILE *f, const char *s) {
    fputc('"', f);
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            fprintf(f, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            fprintf(f, "\\u%04x", c);
        else
            fputc(c, f);
    }
    fputc('"', f);
}

static void json_pair(FILE *f, const char *key, const char *value, const char *end) {
    json_string(f, key);
    fputs(": ", f);
    json_string(f, value);
    fputs(end, f);
}

static void json_number(FILE *f, double v) {
    if (isfinite(v))
        fprintf(f, "%.6g", v);
    else
        fputs("null", f);
}

static void number(char *buf, size_t n, double v, const char *unit) {
    double a = fabs(v);
    if (!isfinite(v))
        snprintf(buf, n, "-");
    else if (strcmp(unit, "/s") == 0 && a >= 1e6)
        snprintf(buf, n, "%.*f M/s", a >= 1e7 ? 1 : 2, v / 1e6);
    else if (strcmp(unit, "/s") == 0 && a >= 1e3)
        snprintf(buf, n, "%.0f k/s", v / 1e3);
    else if (strcmp(unit, "ns") == 0 && a >= 1e7)
        snprintf(buf, n, "%.1f ms", v / 1e6);
    else if (strcmp(unit, "ns") == 0 && a >= 1e4)
        snprintf(buf, n, "%.1f us", v / 1e3);
    else
        snprintf(buf, n, "%.*f%s%s",
                 a >= 100 || v == floor(v) ? 0
                 : a >= 10                 ? 1
                 : a >= 0.1                ? 2
                                           : 3,
                 v, unit[0] == '\0' || unit[0] == '/' ? "" : " ", unit);
}

static void machine_print(const struct bench *b, FILE *f) {
    const struct machine *m = &b->machine;
    fprintf(f, "cpu        %s%s\n", m->cpu, m->is_virtual ? " (virtual machine)" : "");
    fprintf(f, "cores      %u online, %u allowed; measuring between %d and %d (%s)\n", m->online, m->allowed, b->cpu[0], b->cpu[1],
            m->topology);
    fprintf(f, "kernel     %s\n", m->kernel);
    fprintf(f, "clock      %s; processor's counter %s, %.4f GHz\n", m->clock_source, m->steady_counter ? "steady" : "not declared steady",
            bench_ticks_per_ns());
    fprintf(f, "governor   %s\n", m->governor);
    fprintf(f, "runs       medians of %u; a run counts when the trip of a cache line before and after differs by at most 20 %%\n\n",
            b->runs);
    fprintf(f, "%-48s %12s %-22s %-7s %-15s\n", "figure", "measured", "asked for", "", "trip before/after");
}

static void machine_json(const struct bench *b, FILE *f) {
    const struct machine *m = &b->machine;
    fputs("{\n\"machine\": {", f);
    json_pair(f, "cpu", m->cpu, ", ");
    fprintf(f, "\"virtual\": %s, \"cores_online\": %u, \"cores_allowed\": %u, \"cores_used\": [%d, %d], ", m->is_virtual ? "true" : "false",
            m->online, m->allowed, b->cpu[0], b->cpu[1]);
    json_pair(f, "topology", m->topology, ", ");
    json_pair(f, "kernel", m->kernel, ", ");
    json_pair(f, "clock_source", m->clock_source, ", ");
    json_pair(f, "governor", m->governor, ", ");
    fprintf(f, "\"counter_steady\": %s, \"counter_ghz\": %.6f},\n\"runs\": %u, \"quick\": %s,\n\"figures\": [",
            m->steady_counter ? "true" : "false", bench_ticks_per_ns(), b->runs, b->quick ? "true" : "false");
}

struct report *report_open(struct bench *bench) {
    struct report *r = calloc(1, sizeof *r);
    if (r == NULL || (r->json = open_memstream(&r->json_text, &r->json_bytes)) == NULL) {
        free(r);
        bench_wrong("out of memory");
        return NULL;
    }
    r->json_path = bench->json;
    r->table = bench->json != NULL && strcmp(bench->json, "-") == 0 ? stderr : stdout;
    r->section = "";
    r->first_object = true;
    machine_print(bench, r->table);
    machine_json(bench, r->json);
    return r;
}

void report_section(struct report *r, const char *title) {
    r->section = title;
    fprintf(r->table, "\n%s\n", title);
    fflush(r->table);
}

void report_note(struct report *r, const char *format, ...) {
    va_list args;
    fputs("  ", r->table);
    va_start(args, format);
    vfprintf(r->table, format, args);
    va_end(args);
    fputc('\n', r->table);
    fflush(r->table);
}

static const char *verdict(struct report *r, enum asked asked, double target, double v) {
    bool ok = asked == ASKED_AT_LEAST ? v >= target : asked == ASKED_BELOW ? v < target : v <= target;
    if (asked == ASKED_NOTHING || !isfinite(v)) return "";
    r->asked++;
    r->reached += ok;
    return ok ? "ok" : "missed";
}

static void json_figure_begin(struct report *r, const char *key, const char *what, const char *unit) {
    fputs(r->first_object ? "\n{" : ",\n{", r->json);
    r->first_object = false;
    json_pair(r->json, "key", key, ", ");
    json_pair(r->json, "section", r->section, ", ");
    json_pair(r->json, "what", what, ", ");
    json_pair(r->json, "unit", unit, ", ");
}

static void json_runs(FILE *f, const struct series *s, unsigned column) {
    fprintf(f, "\"shaky\": %s, \"discarded\": %u, \"runs\": [", s->shaky ? "true" : "false", s->discarded);
    for (unsigned i = 0; i < s->runs; i++) {
        fputs(i == 0 ? "[" : ", [", f);
        json_number(f, s->value[i][column]);
        fputs(", ", f);
        json_number(f, s->before[i]);
        fputs(", ", f);
        json_number(f, s->after[i]);
        fputc(']', f);
    }
    fputs("]}", f);
}

static void figure_print(struct report *r, const struct series *s, const struct figure *g) {
    static const char *const sign[] = {"", "<= ", ">= ", "< "};
    static const char *const word[] = {"", "at_most", "at_least", "below"};
    char measured[48], wanted[48] = "", trips[32], what[96], bare[40];
    double value = series_median(s, g->column);
    double judged = g->against == AGAINST_TRIP     ? series_trips(s, g->column)
                    : g->against == AGAINST_COLUMN ? series_ratio(s, g->column, g->by)
                                                   : value;
    number(bare, sizeof bare, value, g->unit);
    snprintf(measured, sizeof measured, "%s%s", s->shaky ? "~" : "", bare);
    snprintf(what, sizeof what, "  %s", g->what);
    if (g->against != AGAINST_ITSELF)
        snprintf(what + strlen(what), sizeof what - strlen(what), g->against == AGAINST_TRIP ? ": %.2f trips" : ": %.2f x", judged);
    if (g->asked != ASKED_NOTHING) {
        number(bare, sizeof bare, g->target, g->against == AGAINST_TRIP ? "trips" : g->against == AGAINST_COLUMN ? "x" : g->unit);
        snprintf(wanted, sizeof wanted, "%s%s", sign[g->asked], bare);
    }
    snprintf(trips, sizeof trips, "%.0f/%.0f ns", series_trip(s, false), series_trip(s, true));
    const char *said = verdict(r, g->asked, g->target, judged);
    fprintf(r->table, "%-48s %12s %-22s %-7s %-15s\n", what, measured, wanted, said, trips);

    json_figure_begin(r, g->key, g->what, g->unit);
    fputs("\"value\": ", r->json);
    json_number(r->json, value);
    if (g->against != AGAINST_ITSELF) {
        fprintf(r->json, ", \"ratio_to\": \"%s\", \"ratio\": ", g->against == AGAINST_TRIP ? "trip" : "floor");
        json_number(r->json, judged);
    }
    if (g->asked != ASKED_NOTHING) {
        fprintf(r->json, ", \"%s\": ", word[g->asked]);
        json_number(r->json, g->target);
        fprintf(r->json, ", \"ok\": %s", strcmp(said, "ok") == 0 ? "true" : "false");
    }
    fputs(", ", r->json);
    json_runs(r->json, s, g->column);
}

void report_figures(struct report *r, const struct series *s, const struct figure *figure, unsigned n) {
    for (unsigned i = 0; i < n; i++) figure_print(r, s, &figure[i]);
    if (s->shaky)
        report_note(r, "~ the trip of a cache line never stayed the same long enough: %u of %u runs were unsteady, all are counted",
                    s->discarded, s->runs);
    fflush(r->table);
}

void report_compare_head(struct report *r, const struct transport *const *transport, unsigned n) {
    r->transport = transport;
    r->transports = n;
    fprintf(r->table, "  %-38s", "");
    for (unsigned i = 0; i < n; i++) fprintf(r->table, " %10s", transport[i]->name);
    fprintf(r->table, "  %s\n", "ours to the best peer");
    fflush(r->table);
}

/* How many times as good as the best peer we are: median over the runs of the ratio in one run. */
static double best_ratio(const struct series *s, const struct comparison *c, unsigned n) {
    double ratio[RUNS_MAX];
    for (unsigned i = 0; i < s->runs; i++) {
        const double *v = s->value[i] + c->first;
        double best = NAN;
        for (unsigned t = 1; t < n; t++)
            if (isfinite(v[t]) && (!isfinite(best) || (c->more_is_better ? v[t] > best : v[t] < best))) best = v[t];
        ratio[i] = best == 0 || v[0] == 0 ? NAN : c->more_is_better ? v[0] / best : best / v[0]; /* to none there is no ratio */
    }
    return stat_median(ratio, s->runs);
}

void report_compare(struct report *r, const struct series *s, const struct comparison *c, unsigned n) {
    for (unsigned k = 0; k < n; k++, c++) {
        double ratio = best_ratio(s, c, r->transports);
        json_figure_begin(r, c->key, c->what, c->unit);
        fprintf(r->table, "  %-38s", c->what);
        for (unsigned t = 0; t < r->transports; t++) {
            char text[48];
            double v = series_median(s, c->first + t);
            number(text, sizeof text, v, c->unit);
            fprintf(r->table, " %s%*s", s->shaky ? "~" : "", s->shaky ? 9 : 10, text);
            json_string(r->json, r->transport[t]->name);
            fputs(": ", r->json);
            json_number(r->json, v);
            fputs(", ", r->json);
        }
        fputs("\"times_as_good\": ", r->json);
        json_number(r->json, ratio);
        if (isfinite(ratio)) {
            fprintf(r->table, "  %.*f x as good", ratio >= 100 ? 0 : ratio >= 10 ? 1 : 2, ratio);
            if (c->target > 0) fprintf(r->table, ", asked >= %.0f: %s", c->target, verdict(r, ASKED_AT_LEAST, c->target, ratio));
        }
        fprintf(r->table, "  [%.0f/%.0f ns]\n", series_trip(s, false), series_trip(s, true));
        fputs(", ", r->json);
        json_runs(r->json, s, c->first);
    }
    fflush(r->table);
}

int report_close(struct report *r, bool all_right) {
    int rc = 0;
    if (r == NULL) return -1;
    fprintf(r->table, "\n%u of %u figures asked for were reached here; speed never fails this program\n", r->reached, r->asked);
    fprintf(r->json, "\n],\n\"asked\": %u, \"reached\": %u, \"all_right\": %s\n}\n", r->asked, r->reached, all_right ? "true" : "false");
    fclose(r->json);
    if (r->json_path != NULL) {
        FILE *f = strcmp(r->json_path, "-") == 0 ? stdout : fopen(r->json_path, "we");
        if (f == NULL || fwrite(r->json_text, 1, r->json_bytes, f) != r->json_bytes || fflush(f) != 0)
            rc = bench_wrong("%s: %s", r->json_path, strerror(errno));
        if (f != NULL && f != stdout) fclose(f);
    }
    free(r->json_text);
    free(r);
    return rc;
}
