#include "names.h"
#include "glyph.h"
#include "utf8.h"

#include <sctx/sctx.h>
#include <stdio.h>
#include <string.h>

enum { FAULT_TEXT = 80 };

/* What is wrong with a text that should have 1 to `max` bytes; NULL: nothing. */
static const char *text_fault(const char *text, size_t max, char fault[static FAULT_TEXT]) {
    size_t len = strlen(text);
    if (len == 0) return "it is empty";
    if (len > max) {
        snprintf(fault, FAULT_TEXT, "it has %zu bytes, and %zu are the most", len, max);
        return fault;
    }
    for (size_t at = 0; at < len;) {
        uint32_t code = 0;
        size_t bytes = utf8_next((const unsigned char *)text + at, len - at, &code);
        if (bytes == 0) return "it is not UTF-8";
        if (glyph_is_control(code)) return "it has a control character";
        at += bytes;
    }
    return NULL;
}

static const char *levels_fault(const char *text, size_t max, char fault[static FAULT_TEXT]) {
    const char *found = text_fault(text, max, fault);
    if (found != NULL) return found;
    if (text[0] == '/' || text[strlen(text) - 1] == '/' || strstr(text, "//") != NULL) return "a level of it is empty";
    return NULL;
}

static int say_fault(const struct call *call, const char *text, const char *is_none, const char *fault) {
    return fault == NULL ? EXIT_DONE : say_usage(call, "'%s' is no %s: %s", text, is_none, fault);
}

static int check_name(const struct call *call, const char *name, const char *what, size_t max) {
    char text[FAULT_TEXT];
    const char *fault = levels_fault(name, max, text);
    if (fault == NULL && strchr(name, '*') != NULL) fault = "it has a '*', which only patterns may have";
    return say_fault(call, name, what, fault);
}

int names_check_topic(const struct call *call, const char *name) {
    return check_name(call, name, "name for a topic", SCTX_TOPIC_MAX);
}

int names_check_marker(const struct call *call, const char *name) {
    return check_name(call, name, "name for a marker", MARKER_NAME_MAX);
}

int names_check_encoding(const struct call *call, const char *encoding) {
    char text[FAULT_TEXT];
    return encoding[0] == '\0' ? EXIT_DONE
                               : say_fault(call, encoding, "name for an encoding", text_fault(encoding, SCTX_ENCODING_MAX, text));
}

int names_check_unit(const struct call *call, const char *unit) {
    char text[FAULT_TEXT];
    return unit[0] == '\0' ? EXIT_DONE : say_fault(call, unit, "unit", text_fault(unit, MARKER_UNIT_MAX, text));
}

static bool stars_are_levels(const char *pattern) {
    for (const char *level = pattern;; level++) {
        size_t len = strcspn(level, "/");
        bool whole = (len == 1 && level[0] == '*') || (len == 2 && memcmp(level, "**", 2) == 0);
        if (!whole && memchr(level, '*', len) != NULL) return false;
        level += len;
        if (*level == '\0') return true;
    }
}

int names_check_patterns(const struct call *call) {
    for (size_t i = 0; i < call->operand_count; i++) {
        char text[FAULT_TEXT];
        const char *pattern = call->operands[i], *fault = levels_fault(pattern, SCTX_TOPIC_MAX, text);
        if (fault == NULL && !stars_are_levels(pattern)) fault = "'*' stands for a whole level, '**' for any number of them";
        if (fault != NULL) return say_fault(call, pattern, "pattern", fault);
    }
    return EXIT_DONE;
}

bool names_are_wanted(const struct call *call, const char *name) {
    for (size_t i = 0; i < call->operand_count; i++)
        if (sctx_topic_matches(call->operands[i], name)) return true;
    return call->operand_count == 0;
}
