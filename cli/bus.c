#include "bus.h"
#include "stop.h"
#include "units.h"

#include <string.h>

enum { LOOK_AGAIN_MS = 50 };

bool bus_is_gone(int status) {
    return status == SCTX_ERR_REMOVED || status == SCTX_ERR_LOST;
}

int bus_fail(const struct call *call, int status, const char *what, const char *detail) {
    if (detail != NULL && detail[0] != '\0')
        say(call, "%s", detail);
    else if (bus_is_gone(status))
        say(call, "context '%s': %s; start again to use a new one", call_context(call), sctx_strerror(status));
    else
        say(call, "%s in context '%s': %s", what, call_context(call), sctx_strerror(status));
    return status == SCTX_ERR_NAME || status == SCTX_ERR_INVALID ? EXIT_USAGE : EXIT_FAILED;
}

static int tap_open(const struct call *call, sctx **ctx, struct sctx_error *error) {
    struct sctx_options options = SCTX_INIT(options);
    options.context = call->context;
    options.error = error;
    error->text[0] = '\0';
    return sctx_tap_open(&options, ctx);
}

/* Who may not join may perhaps look. */
static int fail_to_join(const struct call *call, int status, const char *detail) {
    struct sctx_error ignored;
    sctx *tap = NULL;
    if (status != SCTX_ERR_ACCESS || tap_open(call, &tap, &ignored) < 0) return bus_fail(call, status, "cannot join", detail);
    sctx_close(tap);
    say(call, "%s; in context '%s' you may only look: sctx sub --tap, topics, markers, watch, ...",
        detail[0] != '\0' ? detail : sctx_strerror(status), call_context(call));
    return EXIT_FAILED;
}

sctx *bus_join(const struct call *call, const char *name, int *code) {
    struct sctx_error error = {{0}};
    struct sctx_options options = SCTX_INIT(options);
    if (name != NULL && name[0] == '\0') {
        *code = say_usage(call, "--as '' is no name; without --as it is the program's");
        return NULL;
    }
    options.context = call->context;
    options.name = name;
    options.error = &error;
    sctx *ctx = NULL;
    int status = sctx_open(&options, &ctx);
    if (status < 0) *code = fail_to_join(call, status, error.text);
    return status < 0 ? NULL : ctx;
}

sctx *bus_tap(const struct call *call, int *code) {
    struct sctx_error error;
    sctx *ctx = NULL;
    int status = tap_open(call, &ctx, &error);
    if (status == SCTX_ERR_NOT_FOUND && error.text[0] == '\0')
        say(call, "there is no context '%s'; `sctx create` makes one, so does the first that joins", call_context(call));
    else if (status < 0)
        *code = bus_fail(call, status, "cannot look", error.text);
    if (status == SCTX_ERR_NOT_FOUND) *code = EXIT_FAILED;
    return status < 0 ? NULL : ctx;
}

sctx *bus_tap_wait(const struct call *call, int64_t deadline, bool *waited, int *code) {
    struct sctx_error error;
    sctx *ctx = NULL;
    *waited = false;
    for (;;) {
        int status = tap_open(call, &ctx, &error);
        if (status == SCTX_OK) return ctx;
        /* REMOVED, LOST: it went away while it was being opened. */
        if (status != SCTX_ERR_NOT_FOUND && !bus_is_gone(status)) {
            *code = bus_fail(call, status, "cannot look", error.text);
            return NULL;
        }
        int64_t now = monotonic_ns();
        *code = deadline != SCTX_FOREVER && now >= deadline ? EXIT_TIMED_OUT : EXIT_DONE;
        if (stop_signal() != 0 || out_has_hung_up(call->out) || *code == EXIT_TIMED_OUT) return NULL;
        if (!*waited) say(call, "waiting for context '%s'", call_context(call));
        *waited = true;
        int64_t next = now + LOOK_AGAIN_MS * NS_PER_MS;
        sleep_until(deadline != SCTX_FOREVER && deadline < next ? deadline : next);
    }
}
