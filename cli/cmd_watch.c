#include "bus.h"
#include "cmd.h"
#include "level.h"
#include "names.h"
#include "stop.h"

#include <stdlib.h>
#include <string.h>

enum watch_option { WATCH_COUNT, WATCH_TIMEOUT, WATCH_INTERVAL, WATCH_OPTIONS };

static const struct option options[WATCH_OPTIONS] = {
    [WATCH_COUNT] = {"count", 'n', OPTION_NUMBER, "N", "end after N changes", NULL, NULL},
    [WATCH_TIMEOUT] = {"timeout", 't', OPTION_DURATION, "S", "end after this time (exit 4 if -n was not reached)", NULL, NULL},
    [WATCH_INTERVAL] = {"interval", 'i', OPTION_DURATION, "D", "look this often", "50ms", NULL},
};

/* A marker as it was last seen. */
struct seen {
    sctx_level level;
    enum zone zone;
};

struct watch {
    const struct call *call;
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
        bool changed = is_new || !level_equal(watch->seen[id].level, state.level);
        watch->seen[id] = (struct seen){state.level, level_zone(&state)};
        if (changed && !quietly && names_are_wanted(watch->call, state.name)) {
            show_change(watch->call, &state, before);
            watch->changes++;
        }
    }
    return SCTX_OK;
}

static bool is_finished(const struct watch *watch) {
    return stop_signal() != 0 || out_has_hung_up(watch->call->out) || (watch->wanted > 0 && watch->changes >= watch->wanted);
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
        sleep_until(watch->deadline != SCTX_FOREVER && watch->deadline < next ? watch->deadline : next);
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

static int watch_run(const struct call *call) {
    const struct value *values = call->values;
    struct watch watch = {.call = call, .wanted = values[WATCH_COUNT].number, .deadline = SCTX_FOREVER};
    int code = names_check_patterns(call);
    if (code != EXIT_DONE) return code;
    if (values[WATCH_INTERVAL].ns < NS_PER_MS / 10) return say_usage(call, "--interval must be 100us or more");
    if (values[WATCH_COUNT].given && watch.wanted == 0) return EXIT_DONE;
    if (values[WATCH_TIMEOUT].given) watch.deadline = monotonic_ns() + values[WATCH_TIMEOUT].ns;
    for (bool again = false; watch_context(&watch, again, &code);) again = true;
    free(watch.seen);
    return code == EXIT_TIMED_OUT && watch.wanted == 0 ? EXIT_DONE : code;
}

const struct command cmd_watch = {
    .name = "watch",
    .operands = "[PATTERN...]",
    .operands_max = OPERANDS_ANY,
    .summary = "a line for each change of a marker",
    .notes =
        "It looks at the levels now and then: of changes that follow each other faster than --interval only the last is seen. Crossed thresholds\n"
        "are told. It joins nothing, waits for a context that is not there, and follows it through rm and create.\n"
        "JSON keys: marker kind value unit low high time.\n",
    OPTIONS_OF(options),
    .run = watch_run,
};
