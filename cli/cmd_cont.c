#include "bus.h"
#include "cmd.h"
#include "held.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* By its name, or its process's number; without operands: all. */
static bool is_meant(const struct call *call, const struct sctx_participant *participant) {
    char pid[16];
    (void)snprintf(pid, sizeof pid, "%u", participant->pid);
    for (size_t i = 0; i < call->operand_count; i++)
        if (strcmp(call->operands[i], participant->name) == 0 || strcmp(call->operands[i], pid) == 0) return true;
    return call->operand_count == 0;
}

static void tell(const struct call *call, const struct held *held) {
    struct out *out = call->out;
    if (call->json) {
        out_text(out, "{\"from\":");
        inert_json_name(out, held->name);
        out_format(out, ",\"pid\":%d}\n", (int)held->pid);
        return;
    }
    inert_text(out, held->name);
    out_format(out, ", pid %d, goes on\n", (int)held->pid);
}

/* How many go on. The others are not looked at further: what does not stand still needs nothing from us. */
static unsigned continue_all(const struct call *call, sctx *ctx, const struct sctx_participant *all, uint32_t count) {
    unsigned continued = 0;
    for (uint32_t i = 0; i < count; i++) {
        char why[HELD_WHY];
        struct held held;
        if (all[i].alive == SCTX_DEAD || !is_meant(call, &all[i]) || !held_open(&held, ctx, &all[i], why)) continue;
        if (held_continue(&held)) {
            tell(call, &held);
            continued++;
        }
        held_close(&held);
    }
    return continued;
}

static int cont_run(const struct call *call) {
    int code = EXIT_DONE;
    sctx *ctx = bus_tap(call, &code);
    if (ctx == NULL) return code;
    uint32_t slots = sctx_participant_slots(ctx), count = 0;
    struct sctx_participant *all = calloc(slots, sizeof *all);
    if (all != NULL) all[0] = (struct sctx_participant)SCTX_INIT(all[0]);
    int status = all != NULL ? sctx_participants_get(ctx, all, slots, &count) : SCTX_ERR_NO_MEMORY;
    if (status != SCTX_OK) {
        code = bus_fail(call, status, "cannot look at the participants", NULL);
    } else if (continue_all(call, ctx, all, count < slots ? count : slots) == 0) {
        say(call, "nobody%s is stopped", call->operand_count > 0 ? " of that name or number" : "");
        code = EXIT_ANSWER_NO;
    }
    free(all);
    sctx_close(ctx);
    return code;
}

const struct command cmd_cont = {
    .name = "cont",
    .operands = "[NAME|PID...]",
    .operands_max = OPERANDS_ANY,
    .summary = "let participants go on that are stopped, by sctx break or otherwise",
    .notes = "All of them, or those of that name or process number. It joins nothing, and touches no process that a debugger holds.\n"
             "JSON: an object each: from pid. Exit: 5 nobody was stopped.\n",
    .run = cont_run,
};
