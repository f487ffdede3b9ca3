#include "cmd.h"

const struct command *const commands[] = {
    &cmd_create, &cmd_rm,    &cmd_info,   &cmd_doctor,  &cmd_pub,    &cmd_sub,     &cmd_decode, &cmd_topics,
    &cmd_ps,     &cmd_get,   &cmd_set,    &cmd_add,     &cmd_watch,  &cmd_markers, &cmd_record, &cmd_snapshot,
    &cmd_cat,    &cmd_stat,  &cmd_replay, &cmd_recover, &cmd_trace,  &cmd_flow,    &cmd_break,  &cmd_cont,
    &cmd_expect, &cmd_react, &cmd_run,    &cmd_diff,    &cmd_export, &cmd_top,     &cmd_plugin, &cmd_help,
};
const size_t command_count = sizeof commands / sizeof *commands;
