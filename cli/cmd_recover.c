#include "cmd.h"
#include "recover.h"
#include "units.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum recover_option { RECOVER_OUTPUT, RECOVER_FORCE, RECOVER_OPTIONS };

static const struct option options[RECOVER_OPTIONS] = {
    [RECOVER_OUTPUT] = {"output", 'o', OPTION_TEXT, "FILE", "the new file, required; '-': standard output", NULL, NULL},
    [RECOVER_FORCE] = {"force", 0, OPTION_FLAG, NULL, "overwrite it if it is there", NULL, NULL},
};

struct shown {
    const struct call *call;
    uint64_t notices;
    int64_t shown_ns;
};

static void on_notice(void *context, const char *line) {
    struct shown *shown = context;
    enum { ENOUGH = 20 };
    if (++shown->notices <= ENOUGH) say(shown->call, "left out: %s", line);
    if (shown->notices == ENOUGH) say(shown->call, "further damage is counted only");
}

static void on_progress(void *context, uint64_t bytes, uint64_t messages) {
    struct shown *shown = context;
    char text[UNIT_TEXT];
    int64_t now = monotonic_ns();
    if (isatty(STDERR_FILENO) == 0 || now - shown->shown_ns < 200 * NS_PER_MS) return;
    struct out err = {.fd = STDERR_FILENO};
    out_format(&err, "\r\033[K%s read, %" PRIu64 " messages saved", size_text(bytes, text), messages);
    out_flush(&err);
    out_free(&err);
    shown->shown_ns = now;
}

static void show_account(const struct call *call, const struct recover_account *account) {
    const struct mcap_account *read = &account->read;
    if (call->json) {
        out_format(call->out,
                   "{\"messages\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"lost_messages\":%" PRIu64 ",\"lost_chunks\":%" PRIu64
                   ",\"lost_bytes\":%" PRIu64,
                   account->messages, account->bytes, read->lost_messages, read->lost_chunks, read->lost_bytes);
        out_format(call->out, ",\"untold_chunks\":%" PRIu64 ",\"cut\":%s}\n", read->untold_chunks, read->is_cut ? "true" : "false");
        return;
    }
    say(call, "%" PRIu64 " messages saved in '%s'", account->messages, call->values[RECOVER_OUTPUT].text);
    if (read->lost_records + read->lost_bytes > 0)
        say(call, "lost: %" PRIu64 " messages that the file still tells of, in %" PRIu64 " chunks; %" PRIu64 " bytes in all",
            read->lost_messages, read->lost_chunks, read->lost_bytes);
    if (read->untold_chunks > 0) say(call, "of %" PRIu64 " of these chunks nothing tells how many messages they had", read->untold_chunks);
    if (read->is_cut) say(call, "the file was cut: what came behind is not known");
}

static int recover_run(const struct call *call) {
    const struct value *values = call->values;
    struct shown shown = {.call = call};
    struct recover_account account;
    struct source_fault fault = {""};
    if (!values[RECOVER_OUTPUT].given || values[RECOVER_OUTPUT].text[0] == '\0')
        return say_usage(call, "-o FILE is missing: where to write");
    bool to_stdout = strcmp(values[RECOVER_OUTPUT].text, "-") == 0;
    if (to_stdout && call->json) return say_usage(call, "--json and -o - exclude each other: both write to standard output");
    if (to_stdout && isatty(STDOUT_FILENO) != 0) return say_usage(call, "a recording is no text: it is not written to a terminal");
    const struct recover_options how = {.from = call->operands[0],
                                        .to = values[RECOVER_OUTPUT].text,
                                        .overwrite = values[RECOVER_FORCE].given,
                                        .notice = on_notice,
                                        .progress = on_progress,
                                        .context = &shown};
    bool done = recover(&how, &account, &fault);
    if (shown.shown_ns != 0) (void)!write(STDERR_FILENO, "\r\033[K", 4);
    if (!done) {
        say(call, "%s", fault.text);
        return EXIT_FAILED;
    }
    show_account(call, &account);
    const struct mcap_account *read = &account.read;
    return read->lost_records + read->lost_bytes + read->lost_messages > 0 || read->is_cut || !read->is_complete ? EXIT_LOSS : EXIT_DONE;
}

const struct command cmd_recover = {
    .name = "recover",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "make a whole recording of a cut or damaged one, with all that can be read",
    .notes =
        "FILE: any MCAP file; '-': standard input. It stays as it is. Chunks that are whole go into the new file as they are; what is not is told.\n"
        "With --json: messages bytes lost_messages lost_chunks lost_bytes untold_chunks cut. Exit: 0 only if nothing was missing, 3 if something was.\n",
    OPTIONS_OF(options),
    .run = recover_run,
};
