#include "cmd.h"

#include <string.h>

static int help_run(const struct call *call) {
    if (call->operand_count == 0) {
        for (size_t i = 0; call->json && i < command_count; i++) help_command_json(call->out, commands[i]);
        if (!call->json) help_all(call->out);
        return EXIT_DONE;
    }
    const struct command *command = command_find(call->operands[0]);
    if (command == NULL) {
        struct nearest nearest = {.word = call->operands[0]};
        for (size_t i = 0; i < command_count; i++) nearest_try(&nearest, commands[i]->name);
        if (nearest.best != NULL) return say_usage(call, "unknown command '%s'; did you mean '%s'?", call->operands[0], nearest.best);
        return say_usage(call, "unknown command '%s'", call->operands[0]);
    }
    if (call->json)
        help_command_json(call->out, command);
    else
        help_command(call->out, command);
    return EXIT_DONE;
}

const struct command cmd_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .operands_max = 1,
    .summary = "what the commands are, or all about one",
    .notes = "With --json: the commands and their options, one object for each, for programs that make manuals or completion.\n",
    .run = help_run,
};
