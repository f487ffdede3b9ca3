#include "scope.h"

#include <string.h>

bool scope_has(const struct scope *scope, const struct source_message *message) {
    if (scope->has_cause && (!message->has_cause || message->cause != scope->cause)) return false;
    if (scope->topic[0] != '\0' && strcmp(scope->topic, message->topic->name) != 0) return false;
    return scope->from[0] == '\0' || strncmp(scope->from, message->from, SCTX_NAME_MAX) == 0;
}
