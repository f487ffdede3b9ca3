#define _GNU_SOURCE
#include "batch.h"
#include "bus.h"
#include "cmd.h"
#include "filtering.h"
#include "keys.h"
#include "names.h"
#include "player.h"
#include "span.h"
#include "stop.h"
#include "units.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum replay_option {
    REPLAY_RATE,
    REPLAY_INTO,
    REPLAY_SPAN,
    REPLAY_FILTER = REPLAY_SPAN + SPAN_OPTIONS,
    REPLAY_LOOP,
    REPLAY_PAUSED,
    REPLAY_MAP,
    REPLAY_NO_MARKERS,
    REPLAY_AS,
    REPLAY_DECODERS,
    REPLAY_OPTIONS = REPLAY_DECODERS + DECODERS_OPTIONS
};

static const struct option options[REPLAY_OPTIONS] = {
    [REPLAY_RATE] = {"rate", 'r', OPTION_TEXT, "X", "so many times as fast as it was; max: without a pause", "1", NULL},
    [REPLAY_INTO] = {"into", 0, OPTION_TEXT, "NAME", "into this context, instead of that of -c", NULL, NULL},
    [REPLAY_SPAN] = OPTIONS_SPAN,
    [REPLAY_FILTER] = {"filter", 'f', OPTION_TEXT, "EXPR", "only what matches, see sctx-filter(7)", NULL, NULL},
    [REPLAY_LOOP] = {"loop", 0, OPTION_FLAG, NULL, "again and again", NULL, NULL},
    [REPLAY_PAUSED] = {"start-paused", 0, OPTION_FLAG, NULL, "wait for a key first", NULL, NULL},
    [REPLAY_MAP] = {"map", 0, OPTION_TEXT, "A=B", "topic A becomes B, and A/x becomes B/x; several with\ncommas between them", NULL, NULL},
    [REPLAY_NO_MARKERS] = {"no-markers", 0, OPTION_FLAG, NULL, "do not set markers to what they were", NULL, NULL},
    [REPLAY_AS] = {"as", 0, OPTION_TEXT, "NAME", "all under this name, instead of the senders' own", NULL, NULL},
    [REPLAY_DECODERS] = OPTIONS_DECODERS,
};

struct replay {
    const struct call *call;
    struct call shown; /* the patterns are its operands */
    struct source *source;
    struct player *player;
    struct span span;
    struct filter *filter;
    struct decoding *decoding;
    struct keys keys;
    double rate; /* 0: as fast as it goes */
    /* A message that was published at base_time goes out at base_ns (monotonic). */
    int64_t base_time, base_ns;
    bool has_base, is_paused, is_behind, do_step, do_end;
    int64_t seek_ns; /* how far a key asks to go; 0: nowhere */
    int64_t at_time, first_time, last_time;
    int64_t shown_ns;
    bool on_terminal;
    uint64_t damaged, refused;
    struct batch batch;
};

/* ---- keys ------------------------------------------------------------------------------------------------------------------- */

static void rebase(struct replay *replay) {
    replay->base_time = replay->at_time;
    replay->base_ns = monotonic_ns();
}

static void take_keys(struct replay *replay) {
    enum { JUMP_S = 5 };
    for (int key = keys_next(&replay->keys); key != KEY_NONE; key = keys_next(&replay->keys)) {
        switch (key) {
        case ' ':
            replay->is_paused = !replay->is_paused;
            rebase(replay);
            break;
        case 's':
        case '.': replay->is_paused = replay->do_step = true; break;
        case '+':
        case '-':
            replay->rate = replay->rate == 0 ? 1 : key == '+' ? replay->rate * 2 : replay->rate / 2;
            rebase(replay);
            break;
        case KEY_LEFT: replay->seek_ns = -JUMP_S * NS_PER_S; break;
        case KEY_RIGHT: replay->seek_ns = JUMP_S * NS_PER_S; break;
        case 'q': replay->do_end = true; break;
        default: break;
        }
        replay->shown_ns = 0;
    }
}

static void progress(struct replay *replay, int64_t next_ns) {
    enum { SHOW_EVERY_MS = 200, WORTH_TELLING_MS = 1000 };
    char at[UNIT_TEXT], all[UNIT_TEXT] = "", next[UNIT_TEXT], gap[UNIT_TEXT + 16] = "", rate[UNIT_TEXT] = "max";
    int64_t now = monotonic_ns();
    if (!replay->on_terminal || now - replay->shown_ns < SHOW_EVERY_MS * NS_PER_MS) return;
    if (replay->last_time > replay->first_time) (void)duration_text(replay->last_time - replay->first_time, all);
    if (next_ns - now > WORTH_TELLING_MS * NS_PER_MS && !replay->is_paused)
        (void)snprintf(gap, sizeof gap, ", next in %s", duration_text(next_ns - now, next));
    if (replay->rate != 0) (void)snprintf(rate, sizeof rate, "%g", replay->rate);
    struct out err = {.fd = STDERR_FILENO};
    out_format(&err, "\r\033[K%s%s%s, %" PRIu64 " messages, rate %s%s%s", duration_text(replay->at_time - replay->first_time, at),
               all[0] != '\0' ? " of " : "", all, player_state(replay->player).published, rate, gap, replay->is_paused ? ", paused" : "");
    if (replay->keys.fd >= 0) out_text(&err, "  (space: pause, s: step, arrows: seek, + -: speed, q: end)");
    out_flush(&err);
    out_free(&err);
    replay->shown_ns = now;
}

/* ---- time ------------------------------------------------------------------------------------------------------------------- */

static int64_t due_ns(const struct replay *replay, int64_t time_ns) {
    if (replay->rate == 0) return 0;
    return replay->base_ns + (int64_t)((double)(time_ns - replay->base_time) / replay->rate);
}

/* At most a twentieth of a second, less when a key or a signal comes. */
static void nap(const struct replay *replay, int64_t ns) {
    const int64_t most = 50 * NS_PER_MS;
    struct pollfd key = {.fd = replay->keys.fd, .events = POLLIN};
    int64_t slice = ns < most ? ns : most;
    const struct timespec timeout = {.tv_nsec = (long)slice};
    (void)ppoll(&key, replay->keys.fd >= 0, &timeout, NULL);
}

/* Until a message of that time is due: asleep until shortly before, then looking at the clock, for a sleep ends late. false: not to be published. */
static bool wait_until_due(struct replay *replay, int64_t time_ns) {
    const int64_t spin_ns = 80000;
    if (!replay->has_base) {
        replay->at_time = time_ns;
        rebase(replay);
        replay->has_base = true;
    }
    for (;;) {
        if (stop_signal() != 0 || replay->do_end || replay->seek_ns != 0) return false;
        int64_t due = due_ns(replay, time_ns), now = monotonic_ns();
        if (replay->do_step) break;
        if (replay->is_paused) {
            progress(replay, 0);
            nap(replay, NS_PER_S);
            take_keys(replay);
        } else if (now < due - spin_ns) {
            progress(replay, due);
            nap(replay, due - spin_ns - now);
            take_keys(replay);
        } else if (now >= due) {
            return true;
        }
    }
    replay->do_step = false;
    replay->at_time = time_ns;
    rebase(replay);
    return true;
}

/* ---- messages --------------------------------------------------------------------------------------------------------------- */

static void tell(struct replay *replay, const char *text) {
    if (replay->on_terminal && replay->shown_ns != 0) (void)!write(STDERR_FILENO, "\r\033[K", 4);
    say(replay->call, "%s", text);
}

/* false: it makes no sense to go on. */
static bool publish(struct replay *replay, const struct source_message *message) {
    int status = player_publish(replay->player, message, NULL);
    if (status >= 0) return true;
    char text[500];
    replay->refused++;
    (void)snprintf(text, sizeof text, "%s %" PRIu64 " on '%.100s' was not replayed: %.300s", message->is_sample ? "a sample at seq" : "seq",
                   message->seq, message->topic->name, player_error(replay->player));
    if (replay->refused <= 5) tell(replay, text);
    return status == SCTX_ERR_TOO_BIG || status == SCTX_ERR_NO_SPACE || status == SCTX_ERR_KIND || status == SCTX_ERR_NAME ||
           status == SCTX_ERR_FULL;
}

static bool is_asked_for(struct replay *replay, const struct source_message *message) {
    enum span_place place = span_place(&replay->span, message);
    replay->is_behind |= place == SPAN_BEHIND;
    return place == SPAN_WITHIN && (message->is_sample || names_are_wanted(&replay->shown, message->topic->name));
}

static enum source_status gather(struct replay *replay) {
    while (!batch_is_full(&replay->batch) && !replay->is_behind) {
        struct source_message message;
        enum source_status status = source_next(replay->source, &message);
        if (status != SOURCE_OK) return status;
        if (is_asked_for(replay, &message) && !batch_add(&replay->batch, &message)) return SOURCE_FAILED;
    }
    return replay->is_behind ? SOURCE_END : SOURCE_OK;
}

static bool publish_gathered(struct replay *replay) {
    const struct batch_how how = {replay->decoding, replay->filter, NULL, 0};
    bool on = batch_decode(&replay->batch, &how);
    for (size_t i = 0; on && i < replay->batch.count; i++) {
        const struct batched *item = &replay->batch.items[i];
        if (!item->is_wanted && !item->message.is_sample) continue;
        /* What was sampled before the first message is set at once. */
        bool waits = !item->message.is_sample || replay->has_base, is_first = !replay->has_base;
        if (waits && !wait_until_due(replay, item->message.time_ns)) break;
        on = publish(replay, &item->message);
        if (waits) replay->at_time = item->message.time_ns;
        /* To join under the sender's name took a while: from here on distances count. */
        if (waits && is_first) rebase(replay);
    }
    take_keys(replay);
    progress(replay, 0);
    batch_clear(&replay->batch);
    return on;
}

static bool go_to(struct replay *replay, int64_t time_ns) {
    bool is_back = time_ns < replay->at_time;
    batch_clear(&replay->batch);
    replay->seek_ns = 0;
    replay->is_behind = false;
    if (time_ns < replay->first_time) time_ns = replay->first_time;
    if (source_seek_time(replay->source, time_ns) != SOURCE_OK) {
        tell(replay, source_fault(replay->source, NULL));
        return false;
    }
    if (is_back) player_rewind(replay->player);
    replay->at_time = time_ns;
    rebase(replay);
    return true;
}

static int64_t beginning(const struct replay *replay) {
    return replay->first_time + (replay->span.has_from && !replay->span.from_is_seq ? replay->span.from_ns : 0);
}

/* At the end of the file, or of what was asked for. true: once more. */
static bool begin_again(struct replay *replay) {
    if (!replay->call->values[REPLAY_LOOP].given || stop_signal() != 0 || replay->do_end) return false;
    replay->has_base = false;
    return go_to(replay, beginning(replay));
}

static enum source_status replay_all(struct replay *replay) {
    enum source_status status = SOURCE_OK;
    while (stop_signal() == 0 && !replay->do_end) {
        status = gather(replay);
        if (!publish_gathered(replay)) return SOURCE_FAILED;
        if (replay->seek_ns != 0) {
            if (!go_to(replay, replay->at_time + replay->seek_ns)) return SOURCE_FAILED;
            continue;
        }
        if (status == SOURCE_DAMAGED) {
            replay->damaged++;
            tell(replay, source_fault(replay->source, NULL));
        }
        if (status < 0 || (status == SOURCE_END && !begin_again(replay))) return status;
    }
    return status;
}

/* ---- beginning and end ------------------------------------------------------------------------------------------------------ */

static int account(struct replay *replay, enum source_status status) {
    const struct call *call = replay->call;
    struct player_state state = player_state(replay->player);
    struct source_loss loss = source_loss(replay->source);
    if (replay->on_terminal && replay->shown_ns != 0) (void)!write(STDERR_FILENO, "\r\033[K", 4);
    if (call->json)
        out_format(call->out,
                   "{\"messages\":%" PRIu64 ",\"samples\":%" PRIu64 ",\"causes\":%" PRIu64 ",\"unknown_causes\":%" PRIu64
                   ",\"refused\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"gone\":%" PRIu64 ",\"damaged\":%" PRIu64 "}\n",
                   state.published, state.samples, state.causes, state.unknown_causes, replay->refused, loss.lost, loss.gone,
                   replay->damaged);
    else
        say(call, "%" PRIu64 " messages replayed, %" PRIu64 " of them with their causes, %" PRIu64 " levels of markers", state.published,
            state.causes, state.samples);
    if (!call->json && state.unknown_causes > 0)
        say(call, "%" PRIu64 " causes are left out: their messages were not replayed", state.unknown_causes);
    if (replay->refused > 5) say(call, "%" PRIu64 " messages were not replayed", replay->refused);
    if (status < 0) {
        const char *why = player_error(replay->player)[0] != '\0' ? player_error(replay->player) : source_fault(replay->source, NULL);
        say(call, "it ended early: %s", why);
        return EXIT_FAILED;
    }
    return replay->damaged + replay->refused + loss.lost + loss.gone > 0 ? EXIT_LOSS : EXIT_DONE;
}

static int open_player(struct replay *replay) {
    const struct value *values = replay->call->values;
    const char *into = values[REPLAY_INTO].given ? values[REPLAY_INTO].text : replay->call->context;
    const struct player_options how = {.context = into,
                                       .as = values[REPLAY_AS].text,
                                       .map = values[REPLAY_MAP].text,
                                       .no_markers = values[REPLAY_NO_MARKERS].given};
    struct source_fault fault;
    int status = SCTX_OK;
    replay->player = player_open(&how, &fault, &status);
    return replay->player != NULL ? EXIT_DONE : bus_fail(replay->call, status, "cannot join", fault.text);
}

static int open_file(struct replay *replay) {
    struct source_fault fault;
    struct source_range range;
    replay->source = source_open_file(replay->call->operands[0], &fault);
    if (replay->source == NULL) {
        say(replay->call, "%s: %s", replay->call->operands[0], fault.text);
        return EXIT_FAILED;
    }
    /* A pipe has no range; it is played as it comes. */
    if (strcmp(replay->call->operands[0], "-") != 0 && source_range(replay->source, &range) == SOURCE_OK) {
        replay->first_time = range.first_ns;
        replay->last_time = range.last_ns;
    }
    span_seek(&replay->span, replay->source);
    return EXIT_DONE;
}

static int read_options(struct replay *replay) {
    const struct call *call = replay->call;
    const struct value *values = call->values;
    const char *rate = values[REPLAY_RATE].text;
    if (strcmp(rate, "max") != 0 && (!real_parse(rate, &replay->rate) || !(replay->rate > 1e-6) || replay->rate > 1e6))
        return say_usage(call, "--rate takes a number above 0, or max, not '%s'", rate);
    if (values[REPLAY_MAP].given && strchr(values[REPLAY_MAP].text, '=') == NULL)
        return say_usage(call, "--map takes A=B: what topic A is to be called, not '%s'", values[REPLAY_MAP].text);
    if (values[REPLAY_LOOP].given && strcmp(call->operands[0], "-") == 0)
        return say_usage(call, "--loop needs a file: standard input comes once");
    int code = span_parse(call, &values[REPLAY_SPAN], &replay->span);
    if (code == EXIT_DONE) code = names_check_patterns(&replay->shown);
    return code == EXIT_DONE ? filtering_compile(call, "filter", values[REPLAY_FILTER].text, &replay->filter) : code;
}

static int play(struct replay *replay) {
    const struct value *values = replay->call->values;
    int code = EXIT_DONE;
    if (replay->filter != NULL && filter_needs_data(replay->filter) &&
        (replay->decoding = decoders_open(replay->call, &values[REPLAY_DECODERS], &code)) == NULL)
        return code;
    code = open_file(replay);
    if (code == EXIT_DONE) code = open_player(replay);
    if (code != EXIT_DONE) return code;
    /* Sleeps end when they should. */
    (void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    keys_open(&replay->keys);
    if (values[REPLAY_PAUSED].given && replay->keys.fd < 0)
        say(replay->call, "there is no terminal whose keys could end the pause: it begins at once");
    replay->is_paused = values[REPLAY_PAUSED].given && replay->keys.fd >= 0;
    enum source_status status = replay_all(replay);
    keys_close(&replay->keys);
    return account(replay, status);
}

static int replay_run(const struct call *call) {
    struct replay *replay = calloc(1, sizeof *replay);
    if (replay == NULL) {
        say(call, "out of memory");
        return EXIT_FAILED;
    }
    *replay = (struct replay){.call = call, .shown = *call, .keys = {.fd = -1}, .on_terminal = isatty(STDERR_FILENO) != 0};
    replay->shown.operands++;
    replay->shown.operand_count--;
    int code = read_options(replay);
    if (code == EXIT_DONE) code = play(replay);
    filtering_tell_errors(call, replay->filter);
    player_close(replay->player);
    source_close(replay->source);
    decoding_close(replay->decoding);
    filter_free(replay->filter);
    batch_free(&replay->batch);
    free(replay);
    return code;
}

const struct command cmd_replay = {
    .name = "replay",
    .operands = "FILE [PATTERN...]",
    .operands_min = 1,
    .operands_max = OPERANDS_ANY,
    .summary = "publish a recording's messages again, as they were",
    .notes =
        "In the recorded order, with the recorded distances in time, under the recorded senders' names, and with causes that lead to the seqs that\n"
        "the messages have now. FILE: any MCAP file; '-': standard input. On a terminal: space pauses, s steps, arrows seek 5 s, + and - change\n"
        "the speed, q ends.\n"
        "With --json at the end: messages samples causes unknown_causes refused lost gone damaged. Exit: 3 if the file has damage or losses, or\n"
        "messages that this context has no room for.\n",
    OPTIONS_OF(options),
    .run = replay_run,
};
