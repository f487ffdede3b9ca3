#include "bus.h"
#include "cmd.h"
#include "stop.h"
#include "table.h"
#include "units.h"

#include <inttypes.h>
#include <stdlib.h>

enum ps_option { PS_ALL, PS_INTERVAL, PS_OPTIONS };

static const struct option options[PS_OPTIONS] = {
    [PS_ALL] = {"all", 'a', OPTION_FLAG, NULL, "in the table: all of the dead, not only the latest 20", NULL, NULL},
    [PS_INTERVAL] = {"interval", 'i', OPTION_DURATION, "D", "time over which rates are measured", "200ms", NULL},
};

enum { DEAD_SHOWN = 20 };

struct row {
    struct sctx_participant now;
    double rate;
};

struct census {
    struct row *rows;
    uint32_t count;
};

static int by_join(const void *a, const void *b) {
    const struct row *one = a, *other = b;
    return (one->now.join > other->now.join) - (one->now.join < other->now.join);
}

static struct census take_census(sctx *ctx) {
    uint32_t slots = sctx_participant_slots(ctx), count = 0;
    struct census census = {.rows = calloc(slots + 1u, sizeof *census.rows)};
    struct sctx_participant *all = calloc(slots, sizeof *all);
    if (all != NULL) all[0] = (struct sctx_participant)SCTX_INIT(all[0]);
    if (census.rows != NULL && all != NULL && sctx_participants_get(ctx, all, slots, &count) == SCTX_OK)
        for (; census.count < count && census.count < slots; census.count++) census.rows[census.count].now = all[census.count];
    if (census.rows != NULL) qsort(census.rows, census.count, sizeof *census.rows, by_join);
    free(all);
    return census;
}

static void measure(struct census *now, const struct census *before, int64_t elapsed_ns) {
    for (uint32_t i = 0; i < now->count; i++) {
        struct row *row = &now->rows[i];
        const struct row *old = before->count == 0 ? NULL : bsearch(row, before->rows, before->count, sizeof *row, by_join);
        uint64_t was = old != NULL ? old->now.published : 0;
        if (elapsed_ns > 0 && row->now.published > was) row->rate = (double)(row->now.published - was) * 1e9 / (double)elapsed_ns;
    }
}

static void put_roles(struct out *out, uint32_t roles, const char *around, const char *between) {
    static const struct {
        uint32_t role;
        const char *name;
    } names[] = {{SCTX_ROLE_WRITER, "writer"}, {SCTX_ROLE_READER, "reader"}, {SCTX_ROLE_GATED, "gated"}};
    bool first = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if ((roles & names[i].role) != 0) {
            out_format(out, "%s%s%s%s", first ? "" : between, around, names[i].name, around);
            first = false;
        }
}

static void print_json(struct out *out, const struct row *row) {
    const struct sctx_participant *p = &row->now;
    out_format(out, "{\"join\":%u,\"name\":", p->join);
    inert_json_name(out, p->name);
    out_text(out, ",\"pid\":");
    if (p->pid != 0)
        out_number(out, p->pid);
    else
        out_text(out, "null");
    out_format(out, ",\"uid\":%u,\"alive\":%s,\"roles\":[", p->uid, p->alive != SCTX_DEAD ? "true" : "false");
    put_roles(out, p->roles, "\"", ",");
    out_format(out, "],\"published\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"rate\":%.1f,\"cursor\":%" PRIu64 ",\"lag\":%" PRIu64, p->published,
               p->bytes, row->rate, p->cursor, p->lag);
    out_format(out, ",\"lost\":%" PRIu64 ",\"gone\":%" PRIu64 ",\"joined\":%" PRId64 "}\n", p->lost, p->gone, p->joined_ns);
    out_line_done(out);
}

static void add_row(struct table *table, const struct row *row) {
    const struct sctx_participant *p = &row->now;
    char text[UNIT_TEXT];
    struct out roles = {.fd = -1};
    put_roles(&roles, p->roles, "", ",");
    out_char(&roles, '\0');
    table_row(table, p->alive == SCTX_DEAD ? PAINT_DIM : PAINT_OFF);
    table_format(table, 0, "%u", p->join);
    table_cell(table, 1, p->name);
    if (p->pid != 0)
        table_format(table, 2, "%u", p->pid);
    else
        table_cell(table, 2, "-");
    table_format(table, 3, "%u", p->uid);
    table_cell(table, 4, p->alive == SCTX_DEAD ? "dead" : p->alive == SCTX_ALIVE_BY_PID ? "alive (by pid)" : "alive");
    table_cell(table, 5, out_is_over(&roles) ? "" : roles.data);
    table_format(table, 6, "%" PRIu64, p->published);
    table_cell(table, 7, size_text(p->bytes, text));
    table_format(table, 8, "%.1f", row->rate);
    table_format(table, 9, "%" PRIu64, p->lag);
    table_format(table, 10, "%" PRIu64, p->lost);
    table_format(table, 11, "%" PRIu64, p->gone);
    table_cell(table, 12, date_text(p->joined_ns, text));
    out_free(&roles);
}

static void print_table(const struct call *call, const struct census *census) {
    static const char *const heads[] = {">join",  "name",    ">pid", ">uid",  "state", "roles", ">published",
                                        ">bytes", ">rate/s", ">lag", ">lost", ">gone", "joined"};
    struct table table = {.heads = heads, .columns = sizeof heads / sizeof *heads};
    uint32_t dead = 0;
    for (uint32_t i = 0; i < census->count; i++) dead += census->rows[i].now.alive == SCTX_DEAD;
    uint32_t hidden = call->values[PS_ALL].given || dead <= DEAD_SHOWN ? 0 : dead - DEAD_SHOWN, skip = hidden;
    for (uint32_t i = 0; i < census->count; i++) {
        bool is_dead = census->rows[i].now.alive == SCTX_DEAD;
        if (is_dead && skip > 0)
            skip--;
        else
            add_row(&table, &census->rows[i]);
    }
    table_print(&table, call);
    if (hidden > 0) out_format(call->out, "(%u more dead; --all)\n", hidden);
}

static int ps_run(const struct call *call) {
    int code = EXIT_FAILED;
    sctx *ctx = bus_tap(call, &code);
    if (ctx == NULL) return code;
    struct census before = take_census(ctx);
    int64_t start = monotonic_ns();
    while (monotonic_ns() < start + call->values[PS_INTERVAL].ns && stop_signal() == 0) sleep_until(start + call->values[PS_INTERVAL].ns);
    struct census now = take_census(ctx);
    code = now.rows == NULL || before.rows == NULL ? EXIT_FAILED : EXIT_DONE;
    if (code == EXIT_FAILED) {
        say(call, "out of memory");
    } else {
        measure(&now, &before, monotonic_ns() - start);
        for (uint32_t i = 0; call->json && i < now.count; i++) print_json(call->out, &now.rows[i]);
        if (!call->json) print_table(call, &now);
    }
    free(before.rows);
    free(now.rows);
    sctx_close(ctx);
    return code;
}

const struct command cmd_ps = {
    .name = "ps",
    .operands = "",
    .summary = "who is in a context, or was",
    .notes =
        "JSON keys: join name pid uid alive roles published bytes rate cursor lag lost gone joined (ns since 1970). It joins nothing.\n",
    OPTIONS_OF(options),
    .run = ps_run,
};
