#include "bus.h"
#include "cmd.h"
#include "info.h"

#include <string.h>

enum create_option {
    CREATE_CELLS,
    CREATE_ARENA,
    CREATE_MEMORY,
    CREATE_GROUP,
    CREATE_MODE,
    CREATE_GATING,
    CREATE_GATE_TIMEOUT,
    CREATE_OPTIONS
};
enum mode { MODE_JOIN, MODE_TAP };
enum gating { GATING_ALLOW, GATING_OFF };

static const char *const mode_choices[] = {"join", "tap", NULL};
static const char *const gating_choices[] = {"allow", "off", NULL};

static const struct option options[CREATE_OPTIONS] = {
    [CREATE_CELLS] = {"cells", 0, OPTION_NUMBER, "N", "messages that the ring holds: a power of two, 64 to\n16777216", "32768", NULL},
    [CREATE_ARENA] = {"arena", 0, OPTION_SIZE, "SIZE",
                      "a writer's first arena: a power of two, 64KiB to 256MiB;\nit grows when a message needs it", "1MiB", NULL},
    [CREATE_MEMORY] = {"max-memory", 0, OPTION_SIZE, "SIZE", "what all files of the context may take", "1GiB", NULL},
    [CREATE_GROUP] = {"group", 0, OPTION_TEXT, "G", "let this group in: name or number (else only you)", NULL, NULL},
    [CREATE_MODE] = {"mode", 0, OPTION_CHOICE, "M", "what the group's members may do: join, or only tap", "join", mode_choices},
    [CREATE_GATING] = {"gating", 0, OPTION_CHOICE, "allow", "allow readers that writers wait for (sub --gated)", "off", gating_choices},
    [CREATE_GATE_TIMEOUT] = {"gate-timeout", 0, OPTION_DURATION, "D", "how long writers wait for a gated reader", "1s", NULL},
};

/* The context that an operand or -c names. */
static int pick_name(const struct call *call, struct call *named) {
    *named = *call;
    if (call->operand_count == 0) return EXIT_DONE;
    const char *name = call->operands[0];
    if (name[0] == '\0') return say_usage(call, "'' names no context; without NAME it is that of -c, $SCTX_CONTEXT, or 'default'");
    if (call->context != NULL && strcmp(call->context, name) != 0)
        return say_usage(call, "-c %s and %s name two contexts", call->context, name);
    named->context = name;
    return EXIT_DONE;
}

static int print_info(const struct call *call) {
    int code = EXIT_FAILED;
    sctx *ctx = bus_tap(call, &code);
    struct sctx_info info = SCTX_INIT(info);
    if (ctx == NULL) return code;
    int status = sctx_info_get(ctx, &info);
    if (status == SCTX_OK)
        info_json(call->out, &info);
    else
        code = bus_fail(call, status, "cannot look", NULL);
    sctx_close(ctx);
    return status == SCTX_OK ? EXIT_DONE : code;
}

static int create_run(const struct call *given) {
    struct call call;
    const struct value *values = given->values;
    int code = pick_name(given, &call);
    if (code != EXIT_DONE) return code;
    if (values[CREATE_GROUP].given && values[CREATE_GROUP].text[0] == '\0') return say_usage(given, "--group '' names no group");
    if (values[CREATE_MODE].given && !values[CREATE_GROUP].given)
        return say_usage(given, "--mode says what a group may do: it needs --group");
    struct sctx_error error = {{0}};
    struct sctx_create_options create = SCTX_INIT(create);
    create.context = call.context;
    create.cells = values[CREATE_CELLS].number;
    create.arena_bytes = values[CREATE_ARENA].number;
    create.max_memory = values[CREATE_MEMORY].number;
    create.group = values[CREATE_GROUP].text;
    create.gate_timeout_ns = (uint64_t)values[CREATE_GATE_TIMEOUT].ns;
    create.flags = (values[CREATE_GATING].choice == GATING_ALLOW ? SCTX_CREATE_GATING : 0u) |
                   (values[CREATE_MODE].choice == MODE_TAP ? SCTX_CREATE_TAP_ONLY : 0u);
    create.error = &error;
    if (create.cells == 0 || create.arena_bytes == 0 || create.max_memory == 0 || create.gate_timeout_ns == 0)
        return say_usage(given, "--cells, --arena, --max-memory and --gate-timeout must be more than 0");
    int status = sctx_create(&create);
    if (status == SCTX_ERR_EXISTS && error.text[0] == '\0')
        say(&call, "context '%s' is there already; `sctx rm` removes it", call_context(&call));
    else if (status < 0)
        return bus_fail(&call, status, "cannot create", error.text);
    if (status < 0) return EXIT_FAILED;
    return call.json ? print_info(&call) : EXIT_DONE;
}

const struct command cmd_create = {
    .name = "create",
    .operands = "[NAME]",
    .operands_max = 1,
    .summary = "make a context (joining makes one with the defaults, too)",
    .notes =
        "A context is private unless --group is given. With --mode tap the group's members can look (sub --tap, info, topics, ps, get,\n"
        "markers, watch), but neither publish nor be noticed. --json prints what `sctx info` prints.\n",
    OPTIONS_OF(options),
    .run = create_run,
};

/* ---- rm ---- */

static uint32_t count_living(const struct call *call) {
    struct sctx_options look = SCTX_INIT(look);
    struct sctx_info info = SCTX_INIT(info);
    sctx *ctx = NULL;
    look.context = call->context;
    /* What cannot be looked at, because it is damaged, can still be removed. */
    if (sctx_tap_open(&look, &ctx) < 0) return 0;
    if (sctx_info_get(ctx, &info) < 0) info.participants_alive = 0;
    sctx_close(ctx);
    return info.participants_alive;
}

static int rm_run(const struct call *given) {
    struct call call;
    int code = pick_name(given, &call);
    if (code != EXIT_DONE) return code;
    struct sctx_error error = {{0}};
    uint32_t living = count_living(&call);
    int status = sctx_remove(call.context, NULL, &error);
    if (status == SCTX_ERR_NOT_FOUND && error.text[0] == '\0')
        say(&call, "there is no context '%s'", call_context(&call));
    else if (status < 0)
        return bus_fail(&call, status, "cannot remove", error.text);
    if (status < 0) return EXIT_FAILED;
    if (living > 0) say(&call, "%u living participant%s lost context '%s'", living, living == 1 ? "" : "s", call_context(&call));
    if (call.json) {
        out_text(call.out, "{\"removed\":");
        inert_json_name(call.out, call_context(&call));
        out_format(call.out, ",\"participants\":%u}\n", living);
    }
    return EXIT_DONE;
}

const struct command cmd_rm = {
    .name = "rm",
    .operands = "[NAME]",
    .operands_max = 1,
    .summary = "remove a context and free its memory",
    .notes = "Programs that are in it are told at their next call. On stderr it says how many living participants lost it.\n",
    .run = rm_run,
};
