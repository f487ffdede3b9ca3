#include "alarms.h"
#include "stop.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct alarms *alarms_open(const struct call *call) {
    size_t words = call->operand_count - call->before_dashes;
    struct alarms *alarms = calloc(1, sizeof *alarms);
    char **argv = calloc(words + 1, sizeof *argv);
    if (alarms == NULL || argv == NULL) {
        free(alarms);
        free(argv);
        say(call, "out of memory");
        return NULL;
    }
    for (size_t i = 0; i < words; i++) argv[i] = (char *)(uintptr_t)call->operands[call->before_dashes + i];
    alarms->call = call;
    alarms->argv = argv;
    alarms->child = (struct child){.pidfd = -1, .streams = {{.fd = -1}, {.fd = -1}}};
    return alarms;
}

static void forget(struct alarm_set *alarm) {
    child_unset(&alarm->set);
    out_free(&alarm->input);
}

/* ---- one crossing ----------------------------------------------------------------------------------------------------------- */

static void set_variables(struct child_variables *set, const struct call *call, const struct sctx_marker_state *state, enum zone before) {
    static const char *const zones[] = {[ZONE_WITHIN] = "within", [ZONE_LOW] = "low", [ZONE_HIGH] = "high"};
    char text[UNIT_TEXT];
    child_set(set, "SCTX_CONTEXT=%s", call_context(call));
    child_set(set, "SCTX_MARKER_NAME=%s", state->name);
    child_set(set, "SCTX_MARKER_KIND=%s", level_kind_name(state->kind));
    child_set(set, "SCTX_MARKER_VALUE=%s", level_text(state->kind, state->level, text));
    child_set(set, "SCTX_MARKER_UNIT=%s", state->unit);
    if ((state->flags & SCTX_MARKER_HAS_LOW) != 0) child_set(set, "SCTX_MARKER_LOW=%s", level_text(state->kind, state->low, text));
    if ((state->flags & SCTX_MARKER_HAS_HIGH) != 0) child_set(set, "SCTX_MARKER_HIGH=%s", level_text(state->kind, state->high, text));
    child_set(set, "SCTX_MARKER_TIME=%" PRId64, state->time_ns);
    child_set(set, "SCTX_MARKER_ZONE=%s", zones[level_zone(state)]);
    child_set(set, "SCTX_MARKER_BEFORE=%s", zones[before]);
}

/* The first of those that wait. */
static int start(struct alarms *alarms) {
    struct alarm_set *alarm = &alarms->waiting[alarms->first];
    char **environment = child_environment(&alarm->set, "SCTX_MARKER_");
    int input = child_input(alarm->input.data, alarm->input.len);
    const struct child_how how = {.argv = alarms->argv, .environment = environment, .input = input};
    /* What we said comes before what it says. */
    out_flush(alarms->call->out);
    int error = environment != NULL && input >= 0 ? child_start(&alarms->child, &how) : ENOMEM;
    free(environment);
    if (input >= 0) (void)close(input);
    forget(alarm);
    alarms->first = (alarms->first + 1) % ALARMS_WAITING;
    alarms->count--;
    return error;
}

static void tell_failure(struct alarms *alarms) {
    int status = alarms->child.status;
    if (status == 0) return;
    say(alarms->call, "'%s' failed: %s %d", alarms->argv[0], WIFSIGNALED(status) ? "signal" : "exit",
        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    alarms->failed++;
}

static void look_after(struct alarms *alarms) {
    if (alarms->is_running) {
        (void)child_read(&alarms->child, NULL, NULL); /* nothing is caught: it only looks for the end */
        if (!child_is_over(&alarms->child)) return;
        tell_failure(alarms);
        child_free(&alarms->child);
        alarms->is_running = false;
    }
    if (alarms->count == 0 || alarms->is_broken) return;
    int error = start(alarms);
    alarms->is_running = error == 0;
    alarms->is_broken = error != 0;
    if (error != 0) say(alarms->call, "cannot start '%s': %s", alarms->argv[0], strerror(error));
}

void alarms_add(struct alarms *alarms, const struct sctx_marker_state *state, enum zone before) {
    look_after(alarms);
    if (alarms->count == ALARMS_WAITING) {
        alarms->missed++;
        return;
    }
    struct alarm_set *alarm = &alarms->waiting[(alarms->first + alarms->count) % ALARMS_WAITING];
    *alarm = (struct alarm_set){.input = {.fd = -1}};
    set_variables(&alarm->set, alarms->call, state, before);
    level_json(&alarm->input, state);
    alarms->count++;
    look_after(alarms);
}

/* ---- all of them ------------------------------------------------------------------------------------------------------------ */

void alarms_wait(struct alarms *alarms, int64_t until_ns) {
    look_after(alarms);
    while (alarms->is_running && stop_signal() == 0) {
        struct pollfd polls[CHILD_POLLS];
        int64_t left = until_ns - monotonic_ns();
        if (left <= 0) return;
        (void)poll(polls, child_polls(&alarms->child, polls), left < NS_PER_S ? (int)(left / NS_PER_MS) + 1 : 1000);
        look_after(alarms);
    }
}

int alarms_end(struct alarms *alarms) {
    while (alarms->is_running || (alarms->count > 0 && !alarms->is_broken)) {
        struct pollfd polls[CHILD_POLLS];
        for (; stop_signal() != 0 && alarms->count > 0; alarms->count--)
            forget(&alarms->waiting[(alarms->first + alarms->count - 1) % ALARMS_WAITING]);
        if (alarms->is_running) (void)poll(polls, child_polls(&alarms->child, polls), 250);
        look_after(alarms);
    }
    if (alarms->is_broken) return EXIT_FAILED;
    if (alarms->missed > 0)
        say(alarms->call, "for %" PRIu64 " crossings '%s' was not run: it takes too long", alarms->missed, alarms->argv[0]);
    return alarms->missed > 0 ? EXIT_LOSS : alarms->failed > 0 ? EXIT_FAILED : EXIT_DONE;
}

void alarms_close(struct alarms *alarms) {
    if (alarms == NULL) return;
    for (; alarms->count > 0; alarms->count--) forget(&alarms->waiting[(alarms->first + alarms->count - 1) % ALARMS_WAITING]);
    child_free(&alarms->child);
    free(alarms->argv);
    free(alarms);
}
