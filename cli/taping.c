#include "taping.h"
#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const taping_compressions[] = {"lz4", "zstd", "none", NULL};

int taping_check(const struct call *call, const struct value values[static TAPING_OPTIONS]) {
    if (!values[TAPING_OUTPUT].given || values[TAPING_OUTPUT].text[0] == '\0') return say_usage(call, "-o FILE is missing: where to write");
    bool to_stdout = strcmp(values[TAPING_OUTPUT].text, "-") == 0;
    if (to_stdout && call->json) return say_usage(call, "--json and -o - exclude each other: both write to standard output");
    if (to_stdout && isatty(STDOUT_FILENO)) return say_usage(call, "a recording is no text: it is not written to a terminal");
    return EXIT_DONE;
}

int taping_open(struct taping *taping, const struct call *call, const struct value values[static TAPING_OPTIONS],
                struct recorder_options *options) {
    static const enum mcap_compression compressions[] = {MCAP_LZ4, MCAP_ZSTD, MCAP_UNCOMPRESSED};
    struct source_fault fault;
    *taping = (struct taping){.call = call, .begun_ns = monotonic_ns(), .on_terminal = isatty(STDERR_FILENO) != 0};
    options->path = values[TAPING_OUTPUT].text;
    options->compression = compressions[values[TAPING_COMPRESSION].choice];
    options->overwrite = values[TAPING_FORCE].given;
    options->context = call_context(call);
    taping->recorder = recorder_open(options, &fault);
    if (taping->recorder != NULL) return EXIT_DONE;
    say(call, "%s", fault.text);
    return EXIT_FAILED;
}

/* "3.4:1" */
static void ratio_text(const struct recorder_state *state, char text[static UNIT_TEXT]) {
    double ratio = state->bytes > 0 ? (double)state->record_bytes / (double)state->bytes : 1;
    (void)snprintf(text, UNIT_TEXT, "%.1f:1", ratio);
}

void taping_progress(struct taping *taping, const char *note) {
    enum { SHOW_EVERY_MS = 200 };
    struct recorder_state state;
    char bytes[UNIT_TEXT], ratio[UNIT_TEXT], free_bytes[UNIT_TEXT], room[64] = "";
    int64_t now = monotonic_ns(), since = now - taping->shown_ns;
    if (!taping->on_terminal || since < SHOW_EVERY_MS * NS_PER_MS) return;
    recorder_state(taping->recorder, &state);
    double rate = taping->shown_ns != 0 ? (double)(state.messages - taping->shown_messages) * 1e9 / (double)since : 0;
    ratio_text(&state, ratio);
    if (state.free_bytes != 0 && state.free_bytes != UINT64_MAX)
        (void)snprintf(room, sizeof room, ", %s free", size_text(state.free_bytes, free_bytes));
    struct out err = {.fd = STDERR_FILENO};
    out_format(&err, "\r\033[K%" PRIu64 " messages, %.0f/s, %s on disk (%s), %" PRIu64 " lost%s%s%s", state.messages, rate,
               size_text(state.bytes, bytes), ratio, state.lost + state.gone, room, note[0] != '\0' ? ", " : "", note);
    out_flush(&err);
    out_free(&err);
    taping->shown_ns = now;
    taping->shown_messages = state.messages;
}

static void clear_line(const struct taping *taping) {
    if (taping->on_terminal && taping->shown_ns != 0) (void)!write(STDERR_FILENO, "\r\033[K", 4);
}

static void put_account(const struct taping *taping, const struct recorder_state *state) {
    struct out *out = taping->call->out;
    out_text(out, "{\"file\":");
    inert_json_name(out, taping->path);
    out_format(out, ",\"messages\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"gone\":%" PRIu64 ",\"samples\":%" PRIu64,
               state->messages, state->bytes, state->lost, state->gone, state->samples);
    out_format(out, ",\"files\":%u,\"removed\":%u,\"unwritten\":%" PRIu64 "}\n", state->files, state->removed, state->unwritten);
}

static void say_account(const struct taping *taping, const struct recorder_state *state) {
    char bytes[UNIT_TEXT], ratio[UNIT_TEXT], took[UNIT_TEXT], files[80] = "";
    if (state->files > 1) (void)snprintf(files, sizeof files, ", the last of %u files (%u removed)", state->files, state->removed);
    ratio_text(state, ratio);
    say(taping->call, "%" PRIu64 " messages in %s: %s%s, %s (%s)", state->messages, duration_text(monotonic_ns() - taping->begun_ns, took),
        taping->path, files, size_text(state->bytes, bytes), ratio);
    if (state->lost + state->gone > 0)
        say(taping->call, "%" PRIu64 " messages lost and %" PRIu64 " gone, of any topic: they were overwritten before they could be read",
            state->lost, state->gone);
}

int taping_close(struct taping *taping) {
    struct recorder_state state;
    (void)snprintf(taping->path, sizeof taping->path, "%s", recorder_path(taping->recorder));
    recorder_close(taping->recorder, &state);
    taping->recorder = NULL;
    clear_line(taping);
    if (taping->call->json) put_account(taping, &state);
    if (!taping->call->json) say_account(taping, &state);
    if (state.end != RECORDER_GOES_ON) {
        say(taping->call, "it ended early: %s", state.text);
        if (state.unwritten > 0) say(taping->call, "%" PRIu64 " messages that had been read are in no file", state.unwritten);
        return EXIT_FAILED;
    }
    return state.lost + state.gone > 0 ? EXIT_LOSS : EXIT_DONE;
}
