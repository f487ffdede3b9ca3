/* Which messages are looked at: those of a topic, of a sender, that answer a message. All zeros: all of them. */
#ifndef SCTX_TUI_SCOPE_H
#define SCTX_TUI_SCOPE_H
#include "source.h"

struct scope {
    char topic[SCTX_TOPIC_MAX + 1]; /* "": any */
    char from[SCTX_NAME_MAX + 1];   /* "": anyone */
    uint64_t cause;                 /* with has_cause */
    bool has_cause;
};

static inline bool scope_is_all(const struct scope *scope) {
    return scope->topic[0] == '\0' && scope->from[0] == '\0' && !scope->has_cause;
}
bool scope_has(const struct scope *scope, const struct source_message *message);

#endif
