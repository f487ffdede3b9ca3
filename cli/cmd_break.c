#include "batch.h"
#include "bus.h"
#include "cmd.h"
#include "filtering.h"
#include "held.h"
#include "keys.h"
#include "show.h"
#include "snap.h"
#include "stop.h"
#include "units.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum break_option {
    BREAK_ALL,
    BREAK_WITHIN,
    BREAK_HOLD,
    BREAK_FROM,
    BREAK_OUTPUT,
    BREAK_FORCE,
    BREAK_DECODERS,
    BREAK_OPTIONS = BREAK_DECODERS + DECODERS_OPTIONS
};

static const struct option options[BREAK_OPTIONS] = {
    [BREAK_ALL] = {"all", 'a', OPTION_FLAG, NULL, "stop every participant, not only the one that wrote the message", NULL, NULL},
    [BREAK_WITHIN] = {"within", 'w', OPTION_DURATION, "S", "how long to wait for the message (else until Ctrl-C)", NULL, NULL},
    [BREAK_HOLD] = {"hold", 0, OPTION_DURATION, "S", "let them go on after this time (else at a key, or sctx cont)", NULL, NULL},
    [BREAK_FROM] = {"from", 0, OPTION_TEXT, "WHERE", "look at what was published from there on, too: start, now,\nor a SEQ", "now", NULL},
    [BREAK_OUTPUT] = {"output", 'o', OPTION_TEXT, "FILE", "the snapshot (else break-SEQ.mcap)", NULL, NULL},
    [BREAK_FORCE] = {"force", 0, OPTION_FLAG, NULL, "overwrite the file if it is there", NULL, NULL},
    [BREAK_DECODERS] = OPTIONS_DECODERS,
};

struct breaking {
    const struct call *call;
    sctx *ctx;
    struct source *source;
    struct decoding *decoding;
    struct filter *filter;
    struct sctx_reader_options from;
    int64_t deadline; /* SCTX_FOREVER: none */
    struct batch batch;
    struct show show;
    struct held *held;
    size_t held_count, refused;
    uint64_t after, others; /* messages published behind the match until everything stood still: by its writer, by others */
    bool is_writer_held, after_is_least;
};

/* ---- a second signal ---------------------------------------------------------------------------------------------------------- */

/* Those that stand still, or are about to. */
static const struct held *standing;
static volatile sig_atomic_t standing_count;

static void let_go_at_the_end(void) {
    for (sig_atomic_t i = 0; i < standing_count; i++) held_let_go(&standing[i]);
}

/* ---- the moment -------------------------------------------------------------------------------------------------------------- */

static void refuse(struct breaking *breaking, const char *name, const char *why) {
    breaking->refused++;
    say(breaking->call, "'%s' is not stopped: %s", name, why);
}

static bool is_held(const struct breaking *breaking, uint32_t pid) {
    for (size_t i = 0; i < breaking->held_count; i++)
        if ((uint32_t)breaking->held[i].pid == pid) return true;
    return false;
}

/* Several participants may be one process. */
static bool stop_participant(struct breaking *breaking, const struct sctx_participant *participant) {
    char why[HELD_WHY];
    struct held *held = &breaking->held[breaking->held_count];
    if (is_held(breaking, participant->pid)) return true;
    if (!held_open(held, breaking->ctx, participant, why)) {
        refuse(breaking, participant->name, why);
        return false;
    }
    breaking->held_count++;
    standing_count = (sig_atomic_t)breaking->held_count;
    if (held_stop(held)) return true;
    refuse(breaking, participant->name, "it does not stand still");
    standing_count = (sig_atomic_t)breaking->held_count - 1;
    held_close(held);
    breaking->held_count--;
    return false;
}

/* The writer first: each microsecond it goes on. */
static void stop_them(struct breaking *breaking, const struct source_message *message) {
    uint32_t slots = sctx_participant_slots(breaking->ctx), count = 0;
    struct sctx_participant *all = calloc(slots, sizeof *all);
    breaking->held = calloc(slots, sizeof *breaking->held);
    standing = breaking->held;
    stop_before_the_end(let_go_at_the_end);
    if (all != NULL) all[0] = (struct sctx_participant)SCTX_INIT(all[0]);
    if (all == NULL || breaking->held == NULL || sctx_participants_get(breaking->ctx, all, slots, &count) != SCTX_OK) count = 0;
    if (count > slots) count = slots;
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        if (all[i].join != message->join) continue;
        found = true;
        breaking->is_writer_held = stop_participant(breaking, &all[i]);
    }
    if (!found) refuse(breaking, message->from, "it has left");
    for (uint32_t i = 0; breaking->call->values[BREAK_ALL].given && i < count; i++)
        if (all[i].join != message->join && all[i].alive != SCTX_DEAD) (void)stop_participant(breaking, &all[i]);
    free(all);
}

/* What was published between the match and the moment when all stood still. */
static void count_after(struct breaking *breaking, const struct source_message *match) {
    struct source_range range;
    struct source_message message;
    if (source_range(breaking->source, &range) != SOURCE_OK) return;
    struct source_loss before = source_loss(breaking->source);
    uint64_t seq = match->seq;
    while (seq + 1 < range.end && stop_signal() == 0 && source_next(breaking->source, &message) == SOURCE_OK) {
        seq = message.seq;
        if (seq >= range.end) break;
        breaking->after += message.join == match->join;
        breaking->others += message.join != match->join;
    }
    struct source_loss now = source_loss(breaking->source);
    breaking->after_is_least = now.lost + now.gone > before.lost + before.gone;
}

/* ---- telling ----------------------------------------------------------------------------------------------------------------- */

static void put_json(struct breaking *breaking, struct batched *match) {
    struct out more = {.fd = -1};
    out_text(&more, ",\"stopped\":[");
    for (size_t i = 0; i < breaking->held_count; i++) {
        out_text(&more, i > 0 ? ",{\"from\":" : "{\"from\":");
        inert_json_name(&more, breaking->held[i].name);
        out_format(&more, ",\"pid\":%d}", (int)breaking->held[i].pid);
    }
    out_format(&more, "],\"after\":%" PRIu64 ",\"others\":%" PRIu64, breaking->after, breaking->others);
    out_char(&more, '\0');
    breaking->show.more = more.data;
    if (more.data != NULL) show_message(&breaking->show, match);
    breaking->show.more = NULL;
    out_free(&more);
}

static void put_text(struct breaking *breaking, struct batched *match) {
    struct out *out = breaking->call->out;
    show_message(&breaking->show, match);
    for (size_t i = 0; i < breaking->held_count; i++) {
        const struct held *held = &breaking->held[i];
        out_text(out, "stopped ");
        inert_text(out, held->name);
        out_format(out, ", pid %d: gdb -p %d\n", (int)held->pid, (int)held->pid);
    }
    if (breaking->held_count == 0) return;
    out_format(out, "published after it: %s%" PRIu64 " by ", breaking->after_is_least ? "at least " : "", breaking->after);
    inert_text(out, match->message.from);
    out_format(out, ", %" PRIu64 " by others\n", breaking->others);
}

static void tell(struct breaking *breaking, struct batched *match) {
    if (breaking->call->json)
        put_json(breaking, match);
    else
        put_text(breaking, match);
    out_flush(breaking->call->out);
}

static int take_snapshot(struct breaking *breaking, uint64_t seq) {
    const struct call *call = breaking->call;
    struct value values[TAPING_OPTIONS] = {{.text = NULL}};
    struct sctx_reader_options all = SCTX_INIT(all);
    struct taping taping;
    char path[64];
    (void)snprintf(path, sizeof path, "break-%" PRIu64 ".mcap", seq);
    all.from = SCTX_FROM_START;
    values[TAPING_OUTPUT] = call->values[BREAK_OUTPUT];
    if (!values[TAPING_OUTPUT].given) values[TAPING_OUTPUT].text = path;
    values[TAPING_FORCE] = call->values[BREAK_FORCE];
    int code = snap_take(&taping, call, breaking->ctx, &all, values);
    out_flush(call->out);
    return code;
}

/* ---- until they go on -------------------------------------------------------------------------------------------------------- */

static bool some_are_stopped(const struct breaking *breaking) {
    for (size_t i = 0; i < breaking->held_count; i++)
        if (held_is_stopped(&breaking->held[i])) return true;
    return false;
}

static bool asks_to_go_on(struct keys *keys) {
    int key = keys_next(keys);
    return key == 'c' || key == 'q' || key == ' ' || key == '\n' || key == '\r';
}

/* Whoever lets them go on: a key, sctx cont, a debugger. */
static void wait_for_the_end(struct breaking *breaking) {
    const struct call *call = breaking->call;
    const struct timespec pause = {.tv_nsec = 20 * NS_PER_MS};
    int64_t until = call->values[BREAK_HOLD].given ? monotonic_ns() + call->values[BREAK_HOLD].ns : SCTX_FOREVER;
    struct keys keys;
    if (breaking->held_count == 0) return;
    keys_open(&keys);
    if (keys.fd >= 0)
        say(call, "c, space or Enter, or 'sctx cont' elsewhere: let them go on");
    else if (until == SCTX_FOREVER)
        say(call, "'sctx cont' lets them go on, and so does the end of this command");
    while (some_are_stopped(breaking) && stop_signal() == 0 && (until == SCTX_FOREVER || monotonic_ns() < until) && !asks_to_go_on(&keys))
        (void)nanosleep(&pause, NULL);
    keys_close(&keys);
}

static void let_go(struct breaking *breaking) {
    for (size_t i = 0; i < breaking->held_count; i++) (void)held_continue(&breaking->held[i]);
    standing_count = 0;
    for (size_t i = 0; i < breaking->held_count; i++) held_close(&breaking->held[i]);
    free(breaking->held);
    breaking->held = NULL;
    breaking->held_count = 0;
}

static int break_at(struct breaking *breaking, struct batched *match) {
    stop_them(breaking, &match->message);
    count_after(breaking, &match->message);
    tell(breaking, match);
    int code = take_snapshot(breaking, match->message.seq);
    wait_for_the_end(breaking);
    let_go(breaking);
    if (code != EXIT_DONE) return code;
    return breaking->refused > 0 ? EXIT_FAILED : EXIT_DONE;
}

/* ---- looking ----------------------------------------------------------------------------------------------------------------- */

/* One at a time: what comes behind a match is not to be read before it is stopped. */
static bool is_match(struct breaking *breaking, const struct source_message *message, bool *matches) {
    const struct batch_how how = {breaking->decoding, breaking->filter, NULL, show_wants(&breaking->show)};
    batch_clear(&breaking->batch);
    if (!batch_add(&breaking->batch, message) || !batch_decode(&breaking->batch, &how)) return false;
    *matches = breaking->batch.items[0].is_wanted;
    return true;
}

static int fail_reading(const struct breaking *breaking) {
    int code = SCTX_OK;
    (void)source_fault(breaking->source, &code);
    return bus_fail(breaking->call, code < 0 ? code : SCTX_ERR_NO_MEMORY, "cannot read on", NULL);
}

static int look(struct breaking *breaking) {
    enum { SLICE_MS = 100 };
    struct source_message message;
    while (stop_signal() == 0) {
        enum source_status status = source_next(breaking->source, &message);
        bool matches = false;
        if (status < 0 || (status == SOURCE_OK && !is_match(breaking, &message, &matches))) return fail_reading(breaking);
        if (matches) return break_at(breaking, &breaking->batch.items[0]);
        if (status != SOURCE_AGAIN) continue;
        int64_t left = breaking->deadline == SCTX_FOREVER ? SLICE_MS * NS_PER_MS : breaking->deadline - monotonic_ns();
        if (left <= 0) {
            struct source_loss loss = source_loss(breaking->source);
            say(breaking->call, "'%s' did not come in time", breaking->call->operands[0]);
            if (loss.lost + loss.gone > 0)
                say(breaking->call, "%" PRIu64 " messages were missed: it may have been among them", loss.lost + loss.gone);
            return EXIT_TIMED_OUT;
        }
        if (source_wait(breaking->source, left < SLICE_MS * NS_PER_MS ? left : SLICE_MS * NS_PER_MS) < 0) return fail_reading(breaking);
    }
    return EXIT_DONE;
}

static int open_and_look(struct breaking *breaking) {
    const struct call *call = breaking->call;
    const char *from = call->values[BREAK_FROM].text;
    bool waited = false;
    int status = SCTX_OK, code = filtering_compile(call, NULL, call->operands[0], &breaking->filter);
    if (code != EXIT_DONE) return code;
    if (strcmp(from, "start") == 0)
        breaking->from.from = SCTX_FROM_START;
    else if (number_parse(from, &breaking->from.seq))
        breaking->from.from = SCTX_FROM_SEQ;
    else if (strcmp(from, "now") != 0)
        return say_usage(call, "--from takes start, now or a seq, not '%s'", from);
    if (call->values[BREAK_OUTPUT].given && strcmp(call->values[BREAK_OUTPUT].text, "-") == 0)
        return say_usage(call, "-o takes a file: standard output is for the message");
    breaking->decoding = decoders_open(call, &call->values[BREAK_DECODERS], &code);
    if (breaking->decoding == NULL) return code;
    breaking->ctx = bus_tap_wait(call, breaking->deadline, &waited, &code);
    if (breaking->ctx == NULL) return code;
    if (waited) breaking->from.from = SCTX_FROM_START;
    breaking->source = source_open_live(breaking->ctx, &breaking->from, &status);
    if (breaking->source == NULL) return bus_fail(call, status, "cannot read", NULL);
    return look(breaking);
}

static int break_run(const struct call *call) {
    struct breaking *breaking = calloc(1, sizeof *breaking);
    if (breaking == NULL) {
        say(call, "out of memory");
        return EXIT_FAILED;
    }
    *breaking = (struct breaking){.call = call, .deadline = SCTX_FOREVER};
    if (call->values[BREAK_WITHIN].given) breaking->deadline = monotonic_ns() + call->values[BREAK_WITHIN].ns;
    breaking->from = (struct sctx_reader_options)SCTX_INIT(breaking->from);
    breaking->show = (struct show){.call = call, .clock_second = INT64_MIN, .line = {.fd = -1}};
    int code = open_and_look(breaking);
    filtering_tell_errors(call, breaking->filter);
    let_go(breaking);
    filter_free(breaking->filter);
    source_close(breaking->source);
    sctx_close(breaking->ctx);
    decoding_close(breaking->decoding);
    batch_free(&breaking->batch);
    out_free(&breaking->show.line);
    free(breaking);
    return code;
}

const struct command cmd_break = {
    .name = "break",
    .operands = "EXPR",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "stop the process that writes a message that matches, as it does, for a debugger",
    .notes =
        "It shows the message as sub does, the process and what it published until it stood still, and writes a snapshot of the ring. The process goes on\n"
        "at a key, at sctx cont, when a debugger lets it, or when this ends. Stopped are only processes of yours that have this context mapped,\n"
        "and never those that this command was started by. It joins nothing. EXPR: see sctx-filter(7).\n"
        "JSON: the keys of sub, and stopped (from pid), after (messages of its writer until it stood still), others; then those of snapshot.\n"
        "Exit: 4 it did not come in time, 1 somebody could not be stopped, 3 the snapshot misses something.\n",
    OPTIONS_OF(options),
    .run = break_run,
};
