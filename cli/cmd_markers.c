#include "bus.h"
#include "cmd.h"
#include "level.h"
#include "names.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct sctx_marker_state *)a)->name, ((const struct sctx_marker_state *)b)->name);
}

static void add_row(struct table *table, const struct sctx_marker_state *state) {
    char text[UNIT_TEXT];
    enum zone zone = level_zone(state);
    table_row(table, zone != ZONE_WITHIN ? PAINT_WARN : PAINT_OFF);
    table_cell(table, 0, state->name);
    table_cell(table, 1, level_kind_name(state->kind));
    table_cell(table, 2, level_text(state->kind, state->level, text));
    table_cell(table, 3, state->unit);
    table_cell(table, 4, (state->flags & SCTX_MARKER_HAS_LOW) != 0 ? level_text(state->kind, state->low, text) : "-");
    table_cell(table, 5, (state->flags & SCTX_MARKER_HAS_HIGH) != 0 ? level_text(state->kind, state->high, text) : "-");
    table_cell(table, 6, zone == ZONE_HIGH ? "above high" : zone == ZONE_LOW ? "below low" : "");
    table_cell(table, 7, state->time_ns != 0 ? clock_text(state->time_ns, text) : "never");
}

static void print_states(const struct call *call, const struct sctx_marker_state *states, size_t count) {
    static const char *const heads[] = {"marker", "kind", ">value", "unit", ">low", ">high", "state", "last set"};
    struct table table = {.heads = heads, .columns = sizeof heads / sizeof *heads};
    for (size_t i = 0; i < count; i++) {
        if (call->json)
            level_json(call->out, &states[i]);
        else
            add_row(&table, &states[i]);
    }
    if (!call->json) table_print(&table, call);
}

static int markers_run(const struct call *call) {
    int code = names_check_patterns(call);
    sctx *ctx = code == EXIT_DONE ? bus_tap(call, &code) : NULL;
    if (ctx == NULL) return code;
    uint32_t count = sctx_marker_count(ctx);
    size_t wanted = 0;
    struct sctx_marker_state *states = calloc(count + 1u, sizeof *states);
    for (uint32_t id = 0; states != NULL && id < count; id++) {
        states[wanted] = (struct sctx_marker_state)SCTX_INIT(states[wanted]);
        if (sctx_marker_get(ctx, id, &states[wanted]) == SCTX_OK && names_are_wanted(call, states[wanted].name)) wanted++;
    }
    if (states != NULL) {
        qsort(states, wanted, sizeof *states, by_name);
        print_states(call, states, wanted);
    } else {
        say(call, "out of memory");
    }
    free(states);
    sctx_close(ctx);
    return states != NULL ? EXIT_DONE : EXIT_FAILED;
}

const struct command cmd_markers = {
    .name = "markers",
    .operands = "[PATTERN...]",
    .operands_max = OPERANDS_ANY,
    .summary = "the markers and their levels",
    .notes = "JSON keys: marker kind value unit low high time. It joins nothing.\n",
    .run = markers_run,
};
