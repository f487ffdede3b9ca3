#include "alarms.h"
#include "bus.h"
#include "cmd.h"
#include "level.h"
#include "names.h"
#include "stop.h"

#include <stdlib.h>
#include <string.h>

enum watch_option { WATCH_COUNT, WATCH_TIMEOUT, WATCH_INTERVAL, WATCH_OPTIONS };

static const struct option options[WATCH_OPTIONS] = {
    [WATCH_COUNT] = {"count", 'n', OPTION_NUMBER, "N", "end after N changes; with COMMAND: N crossings", NULL, NULL},
    [WATCH_TIMEOUT] = {"timeout", 't', OPTION_DURATION, "S", "end after this time (exit 4 if -n was not reached)", NULL, NULL},
    [WATCH_INTERVAL] = {"interval", 'i', OPTION_DURATION, "D", "look this often", "50ms", NULL},
};

/* A marker as it was last seen. */
struct seen {
    sctx_level level;
    enum zone zone;
};

struct watch {
    const struct call *call; /* its operands are the patterns */
    struct alarms *alarms;   /* NULL: no command */
    sctx *ctx;
    struct seen *seen;
    uint32_t known;           /* markers seen so far: ids are given in order */
    uint64_t wanted, changes; /* wanted 0: no limit */
    int64_t deadline;
};

static void show_change(const struct call *call, const struct sctx_marker_state *state, enum zone before) {
    struct out *out = call->out;
    char text[UNIT_TEXT], threshold[UNIT_TEXT];
    enum zone zone = level_zone(state);
    if (call->json) {
        level_json(out, state);
        return;
    }
    out_format(out, "%s%s%s  %s", paint(call, PAINT_DIM), clock_text(state->time_ns != 0 ? state->time_ns : realtime_ns(), text),
               paint(call, PAINT_OFF), paint(call, PAINT_TOPIC));
    inert_text(out, state->name);
    out_format(out, "%s  %s", paint(call, PAINT_OFF), level_text(state->kind, state->level, text));
    if (state->unit[0] != '\0') {
        out_char(out, ' ');
        inert_text(out, state->unit);
    }
    if (zone != before && zone == ZONE_WITHIN)
        out_format(out, "  %sback within%s", paint(call, PAINT_GOOD), paint(call, PAINT_OFF));
    else if (zone != before)
        out_format(out, "  %s%s %s%s", paint(call, PAINT_BAD), zone == ZONE_HIGH ? "above high" : "below low",
                   level_text(state->kind, zone == ZONE_HIGH ? state->high : state->low, threshold), paint(call, PAINT_OFF));
    out_char(out, '\n');
}

/* With a command only crossings are of interest. */
static void tell(struct watch *watch, const struct sctx_marker_state *state, enum zone before) {
    if (watch->alarms != NULL && level_zone(state) == before) return;
    show_change(watch->call, state, before);
    if (watch->alarms != NULL) alarms_add(watch->alarms, state, before);
    watch->changes++;
}

/* Looks at all markers once; `quietly` only takes note. */
static int look(struct watch *watch, bool quietly) {
    uint32_t count = sctx_marker_count(watch->ctx);
    if (count > watch->known) {
        struct seen *seen = realloc(watch->seen, count * sizeof *seen);
        if (seen == NULL) return SCTX_ERR_NO_MEMORY;
        watch->seen = seen;
    }
    for (uint32_t id = 0; id < count && (watch->wanted == 0 || watch->changes < watch->wanted); id++) {
        struct sctx_marker_state state = SCTX_INIT(state);
        bool is_new = id >= watch->known;
        if (is_new) watch->known = id + 1;
        if (sctx_marker_get(watch->ctx, id, &state) < 0) {
            if (is_new) watch->seen[id] = (struct seen){.zone = ZONE_WITHIN};
            continue;
        }
        enum zone before = is_new ? ZONE_WITHIN : watch->seen[id].zone;
        /* A threshold that moves past the level is a crossing, too. */
        bool changed = is_new || !level_equal(watch->seen[id].level, state.level) || level_zone(&state) != before;
        watch->seen[id] = (struct seen){state.level, level_zone(&state)};
        if (changed && !quietly && names_are_wanted(watch->call, state.name)) tell(watch, &state, before);
    }
    return SCTX_OK;
}

static bool is_finished(const struct watch *watch) {
    if (stop_signal() != 0 || (watch->wanted > 0 && watch->changes >= watch->wanted)) return true;
    /* Commands are run also where nobody reads what we say. */
    return watch->alarms != NULL ? watch->alarms->is_broken : out_has_hung_up(watch->call->out);
}

/* Until it ends (SCTX_OK, TIMEOUT) or the context does. */
static int poll_context(struct watch *watch) {
    /* Whether the context is still there costs system calls: not at every look. */
    enum { CHECK_EVERY_MS = 250 };
    int64_t interval = watch->call->values[WATCH_INTERVAL].ns, check = 0;
    int status = SCTX_OK;
    while (status == SCTX_OK && !is_finished(watch)) {
        int64_t now = monotonic_ns();
        if (watch->deadline != SCTX_FOREVER && now >= watch->deadline) return SCTX_TIMEOUT;
        int64_t next = now + interval;
        if (watch->deadline != SCTX_FOREVER && watch->deadline < next) next = watch->deadline;
        if (watch->alarms != NULL) alarms_wait(watch->alarms, next);
        if (stop_signal() == 0) sleep_until(next);
        if (now >= check) {
            check = now + CHECK_EVERY_MS * NS_PER_MS;
            status = sctx_check(watch->ctx);
        }
        if (status == SCTX_OK) status = look(watch, false);
        out_flush(watch->call->out);
    }
    return status;
}

/* One context until it goes away (true) or the watch ends. Levels that are there when a watch begins are no changes; those of a context that came
 * later are. */
static bool watch_context(struct watch *watch, bool again, int *code) {
    bool waited = false;
    watch->ctx = bus_tap_wait(watch->call, watch->deadline, &waited, code);
    if (watch->ctx == NULL) return false;
    watch->known = 0;
    int status = again || waited ? SCTX_OK : look(watch, true);
    if (status == SCTX_OK) status = poll_context(watch);
    sctx_close(watch->ctx);
    *code = EXIT_DONE;
    if (bus_is_gone(status)) {
        say(watch->call, "context '%s' was removed or replaced", call_context(watch->call));
        return true;
    }
    if (status == SCTX_TIMEOUT)
        *code = EXIT_TIMED_OUT;
    else if (status < 0)
        *code = bus_fail(watch->call, status, "cannot watch", NULL);
    return false;
}

static int watch_all(struct watch *watch) {
    const struct value *values = watch->call->values;
    int code = names_check_patterns(watch->call);
    if (code != EXIT_DONE) return code;
    if (values[WATCH_INTERVAL].ns < NS_PER_MS / 10) return say_usage(watch->call, "--interval must be 100us or more");
    if (values[WATCH_COUNT].given && watch->wanted == 0) return EXIT_DONE;
    if (values[WATCH_TIMEOUT].given) watch->deadline = monotonic_ns() + values[WATCH_TIMEOUT].ns;
    for (bool again = false; watch_context(watch, again, &code);) again = true;
    if (code == EXIT_TIMED_OUT && watch->wanted == 0) code = EXIT_DONE;
    int worse = watch->alarms != NULL ? alarms_end(watch->alarms) : EXIT_DONE;
    return worse != EXIT_DONE ? worse : code;
}

static int watch_run(const struct call *call) {
    struct call patterns = *call;
    struct watch watch = {.call = &patterns, .wanted = call->values[WATCH_COUNT].number, .deadline = SCTX_FOREVER};
    int code = EXIT_FAILED;
    patterns.operand_count = call->before_dashes;
    if (call->has_dashes && call->before_dashes == call->operand_count) return say_usage(call, "a command is missing behind --");
    if (call->has_dashes) watch.alarms = alarms_open(call);
    if (!call->has_dashes || watch.alarms != NULL) code = watch_all(&watch);
    alarms_close(watch.alarms);
    free(watch.seen);
    return code;
}

const struct command cmd_watch = {
    .name = "watch",
    .operands = "[PATTERN...] [-- COMMAND...]",
    .operands_max = OPERANDS_ANY,
    .summary = "a line for each change of a marker; a command for each threshold that is crossed",
    .notes =
        "It looks at the levels now and then: of changes that follow each other faster than --interval only the last is seen. Crossed thresholds\n"
        "are told. It joins nothing, waits for a context that is not there, and follows it through rm and create.\n"
        "With COMMAND only crossings are told, either way, and each runs it once, one at a time, in their order; up to 1,024 wait meanwhile. In its\n"
        "environment are SCTX_MARKER_NAME, _KIND, _VALUE, _UNIT, _LOW, _HIGH, _TIME, _ZONE (low, within or high), _BEFORE (the zone before) and\n"
        "SCTX_CONTEXT; its standard input is the marker as --json shows it. Exit: 1 if a command failed, 3 if more than that would have waited.\n"
        "JSON keys: marker kind value unit low high time.\n",
    OPTIONS_OF(options),
    .run = watch_run,
};
