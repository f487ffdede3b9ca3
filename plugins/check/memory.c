#include "memory.h"

#include <stdio.h>
#include <string.h>

static struct check_finding *find(struct check_memory *memory, enum check_rule rule) {
    for (uint32_t i = 0; i < memory->finding_count && i < CHECK_FINDINGS_MAX; i++) {
        struct check_finding *finding = &memory->findings[i];
        if (finding->rule == rule && finding->test == memory->test) return finding;
    }
    return NULL;
}

bool check_found(const struct check_memory *memory, enum check_rule rule) {
    for (uint32_t i = 0; i < memory->finding_count && i < CHECK_FINDINGS_MAX; i++)
        if (memory->findings[i].rule == rule) return true;
    return false;
}

/* What decodes differently each time does so here, too, and what cannot be decoded cannot come back: these are no findings of their own. */
static bool is_consequence(const struct check_memory *memory, enum check_rule rule) {
    bool differs = rule == RULE_WANT || rule == RULE_SIZE || rule == RULE_ORDER || rule == RULE_ALLOC || rule == RULE_ROUND;
    if (differs && check_found(memory, RULE_REPEAT)) return true;
    return (rule == RULE_ROUND || rule == RULE_WANT) && (check_found(memory, RULE_STATUS) || check_found(memory, RULE_NO_ROOT));
}

void check_note(struct check_memory *memory, enum check_rule rule, const char *what) {
    struct check_finding *finding = find(memory, rule);
    if (is_consequence(memory, rule)) return;
    if (finding != NULL) {
        finding->times++;
        return;
    }
    if (memory->finding_count >= CHECK_FINDINGS_MAX) return;
    finding = &memory->findings[memory->finding_count];
    *finding = (struct check_finding){.rule = rule, .test = memory->test, .param = memory->param, .times = 1};
    (void)snprintf(finding->what, sizeof finding->what, "%s", what != NULL ? what : "");
    (void)snprintf(finding->input, sizeof finding->input, "%.*s", CHECK_NAME - 1, memory->input_name);
    if (memory->input_len <= CHECK_INPUT_MAX && memory->kept_len <= CHECK_BYTES_MAX &&
        memory->input_len <= CHECK_BYTES_MAX - memory->kept_len) {
        finding->input_off = memory->kept_len;
        finding->input_len = memory->input_len;
        memcpy(memory->kept + finding->input_off, memory->input, finding->input_len);
        memory->kept_len += finding->input_len;
    }
    memory->finding_count++;
}
