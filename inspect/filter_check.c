/* Whether a comparison makes sense, as far as that can be known before the first message. */
#include "filter_parse.h"
#include "filter_units.h"
#include "filter_value.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_ANY, KIND_NUMBER, KIND_TEXT, KIND_BOOL, KIND_NULL };

static enum kind kind_of(const struct operand *operand) {
    switch (operand->field) {
    case FIELD_DATA: return KIND_ANY;
    case FIELD_TOPIC:
    case FIELD_FROM:
    case FIELD_ENCODING: return KIND_TEXT;
    case FIELD_NONE: break;
    default: return KIND_NUMBER;
    }
    switch (operand->value.type) {
    case SCTX_NULL: return KIND_NULL;
    case SCTX_BOOL: return KIND_BOOL;
    case SCTX_TEXT: return KIND_TEXT;
    default: return KIND_NUMBER;
    }
}

/* "a number", or of a field "len, a number" */
static void show_operand(struct show *show, const struct lexer *lexer, const struct operand *operand, const char *is) {
    static const char *const kinds[] = {"any value", "a number", "a text", "true or false", "null"};
    if (operand->field != FIELD_NONE || is[0] != ',') {
        show_cut(show, lexer->filter->text + operand->off, operand->len, 24);
        show_plain(show, is);
    }
    show_plain(show, kinds[kind_of(operand)]);
}

static bool fail_kinds(struct lexer *lexer, const struct operand *left, const struct operand *right) {
    char text[200];
    struct show show = show_begin(text, sizeof text);
    show_operand(&show, lexer, left, " is ");
    show_plain(&show, ", compared with ");
    show_operand(&show, lexer, right, ", ");
    return lex_fail(lexer, right->off, "%s", text);
}

static bool is_integer_literal(const struct operand *operand) {
    return operand->field == FIELD_NONE && operand->value.type == SCTX_I64;
}

/* `time` counts ns since 1970: a text that names a moment becomes that. */
static bool check_time(struct lexer *lexer, struct operand *other) {
    static const char *const as_in = "\"2026-11-25T12:00:00Z\", or ns since 1970";
    if (other->field != FIELD_NONE) return true;
    if (other->value.type == SCTX_TEXT) {
        int64_t ns;
        if (!moment_parse(other->value.v.s, &ns)) return lex_fail(lexer, other->off, "expected a time as %s", as_in);
        other->value = (sctx_value){.type = SCTX_I64, .as = SCTX_TIME_NS, .v.i = ns};
    }
    if (is_integer_literal(other) && (other->value.as == SCTX_DURATION_NS || other->value.as == SCTX_SIZE))
        return lex_fail(lexer, other->off, "time is a moment: expected one as %s", as_in);
    return true;
}

static bool check_unit(struct lexer *lexer, const struct operand *field, const struct operand *other) {
    if (!is_integer_literal(other)) return true;
    if (other->value.as == SCTX_DURATION_NS && field->field != FIELD_DATA && field->field != FIELD_NONE)
        return lex_fail(lexer, other->off, "%.*s is no duration", (int)field->len, lexer->filter->text + field->off);
    if (other->value.as == SCTX_SIZE && field->field != FIELD_DATA && field->field != FIELD_NONE && field->field != FIELD_LEN)
        return lex_fail(lexer, other->off, "%.*s is no number of bytes", (int)field->len, lexer->filter->text + field->off);
    return true;
}

static bool has_order(uint8_t comparison) {
    return comparison >= IS_LESS && comparison <= IS_AT_LEAST;
}

static bool check_null(struct lexer *lexer, const struct operand *left, const struct operand *right, uint8_t comparison) {
    if (has_order(comparison)) return lex_fail(lexer, right->off, "null is neither less nor greater than anything: == and != only");
    if (left->field == FIELD_CAUSE || kind_of(left) == KIND_ANY || left->field == FIELD_NONE) return true;
    return lex_fail(lexer, right->off, "%.*s is never null", (int)left->len, lexer->filter->text + left->off);
}

static bool check_pair(struct lexer *lexer, struct operand *left, struct operand *right, uint8_t comparison) {
    if (left->field == FIELD_TIME && !check_time(lexer, right)) return false;
    if (!check_unit(lexer, left, right)) return false;
    enum kind a = kind_of(left), b = kind_of(right);
    if (a == KIND_NULL || b == KIND_NULL) return check_null(lexer, left, right, comparison);
    if (has_order(comparison) && (a == KIND_BOOL || b == KIND_BOOL))
        return lex_fail(lexer, right->off, "true and false are neither less nor greater: == and != only");
    if (a != KIND_ANY && b != KIND_ANY && a != b) return fail_kinds(lexer, left, right);
    if (left->field == FIELD_TOPIC && b == KIND_TEXT && right->field == FIELD_NONE &&
        memchr(right->value.v.s.p, '*', right->value.v.s.n) != NULL)
        return lex_fail(lexer, right->off, "no topic has a '*' in its name: for patterns there is '~'");
    return true;
}

/* ---- patterns --------------------------------------------------------------------------------------------------------------- */

static bool check_topic_pattern(struct lexer *lexer, const struct operand *right) {
    sctx_str pattern = right->value.v.s;
    for (size_t at = 0; at <= pattern.n;) {
        size_t level = strcspn(pattern.p + at, "/"), stars = strspn(pattern.p + at, "*");
        if (level == 0) return lex_fail(lexer, right->off, "a topic has no empty level: nothing matches this");
        if (stars > 2 || (stars > 0 ? stars != level : memchr(pattern.p + at, '*', level) != NULL))
            return lex_fail(lexer, right->off, "in a topic's pattern '*' and '**' are whole levels, as in order/*; for less there is '=~'");
        at += level + 1;
    }
    return true;
}

/* Behind a bracket expression; a ']' that comes first in it is one of its characters. */
static const char *skip_bracket(const char *at) {
    at++;
    if (*at == '^') at++;
    if (*at == ']') at++;
    while (*at != '\0' && *at != ']') {
        char kind = at[1];
        const char *end = NULL;
        if (*at == '[' && (kind == ':' || kind == '.' || kind == '=')) end = strstr(at + 2, (char[]){kind, ']', '\0'});
        at = end != NULL ? end + 2 : at + 1;
    }
    return *at == ']' ? at + 1 : at;
}

/* Behind the character, bracket, escape or bound. */
static const char *sign_end(const char *at) {
    if (*at == '[') return skip_bracket(at);
    if (*at == '\\' && at[1] != '\0') return at + 2;
    size_t bound = *at == '{' ? strspn(at + 1, "0123456789,") : 0;
    return at[bound + 1] == '}' && *at == '{' ? at + bound + 2 : at + 1;
}

static unsigned long greater(unsigned long a, unsigned long b) {
    return a > b ? a : b;
}

/* How often the library writes down what stands before this sign: x+ is xx*, x{3} is xxx, x{3,} is xxxx*. At least 1. */
static unsigned long copies_of(const char *at) {
    char *end;
    if (*at == '+') return 2;
    if (*at != '{') return 1;
    unsigned long copies = greater(strtoul(at + 1, &end, 10), 1);
    if (*end == ',') copies = greater(copies, end[1] == '}' ? copies + 1 : strtoul(end + 1, NULL, 10));
    return copies < RE_DUP_MAX ? copies : RE_DUP_MAX;
}

/* What the library would follow, but not in a time or with a memory that one would accept. NULL: it is fine. */
static const char *too_costly(const char *pattern) {
    enum { MOST = 2000 };
    unsigned long size[FILTER_PATTERN_MAX + 1] = {0}, last = 0; /* characters so far, by depth of parentheses; of what a + would repeat */
    unsigned depth = 0;
    for (const char *at = pattern; *at != '\0';) {
        const char *next = sign_end(at);
        if (*at == '\\' && at[1] >= '1' && at[1] <= '9') return "a regular expression may not refer back to what it matched";
        if (*at == '(') {
            size[++depth] = 0;
            last = 0;
        } else if (*at == ')' && depth > 0) {
            last = size[depth--] + 1;
            size[depth] += last;
        } else if (*at == '+' || *at == '{' || *at == '*' || *at == '?') {
            size[depth] += last * (copies_of(at) - 1);
            last *= copies_of(at);
        } else {
            last = 1;
            size[depth]++;
        }
        if (size[depth] > MOST)
            return "a regular expression is too large if it has more than 2000 characters with all repetitions written out";
        at = next;
    }
    return NULL;
}

static bool prepare_regex(struct lexer *lexer, struct condition *condition, const struct operand *right) {
    struct filter *filter = lexer->filter;
    char why[128];
    const char *pattern = right->value.v.s.p;
    const char *costs = too_costly(pattern);
    if (costs != NULL) return lex_fail(lexer, right->off, "%s", costs);
    if (filter->regex_count == REGEXES_MAX) return lex_fail(lexer, right->off, "at most %d regular expressions in one filter", REGEXES_MAX);
    regex_t *regex = &filter->regexes[filter->regex_count];
    int status = regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB);
    if (status != 0) {
        (void)regerror(status, regex, why, sizeof why);
        return lex_fail(lexer, right->off, "no regular expression: %s", why);
    }
    condition->nth = filter->regex_count++;
    return true;
}

static bool check_pattern(struct lexer *lexer, struct condition *condition) {
    const struct operand *left = &lexer->filter->operands[condition->left], *right = &lexer->filter->operands[condition->right];
    enum kind kind = kind_of(left);
    if (kind != KIND_TEXT && kind != KIND_ANY) {
        char text[160];
        struct show show = show_begin(text, sizeof text);
        show_operand(&show, lexer, left, " is ");
        return lex_fail(lexer, left->off, "%s; '%s' is for texts", text, comparison_text(condition->comparison));
    }
    if (right->value.v.s.n > FILTER_PATTERN_MAX) return lex_fail(lexer, right->off, "a pattern has at most %u bytes", FILTER_PATTERN_MAX);
    if (memchr(right->value.v.s.p, '\0', right->value.v.s.n) != NULL) return lex_fail(lexer, right->off, "a pattern has no \\u0000 in it");
    if (condition->comparison >= IS_MATCH) return prepare_regex(lexer, condition, right);
    return left->field == FIELD_TOPIC ? check_topic_pattern(lexer, right) : true;
}

/* ---- conditions ------------------------------------------------------------------------------------------------------------- */

static bool is_lookup(const struct operand *operand) {
    return operand->field == FIELD_TOPIC || operand->field == FIELD_ENCODING;
}

/* The field on the left: of two the one within the payload, of two of these the one that may be many. */
static void turn_round(const struct filter *filter, struct condition *condition) {
    static const uint8_t mirrored[] = {IS_EQUAL, IS_UNEQUAL, IS_GREATER, IS_AT_LEAST, IS_LESS, IS_AT_MOST};
    const struct operand *left = &filter->operands[condition->left], *right = &filter->operands[condition->right];
    bool is_wrong = left->field == FIELD_NONE ? right->field != FIELD_NONE
                                              : right->field == FIELD_DATA && (left->field != FIELD_DATA || right->is_many);
    if (condition->comparison > IS_AT_LEAST || !is_wrong) return;
    uint32_t operand = condition->left;
    condition->left = condition->right;
    condition->right = operand;
    condition->comparison = mirrored[condition->comparison];
}

bool condition_check(struct lexer *lexer, struct condition *condition) {
    struct filter *filter = lexer->filter;
    struct operand *operands = filter->operands;
    if (condition->comparison == IS_IN) {
        for (uint32_t i = 0; i < condition->count; i++)
            if (!check_pair(lexer, &operands[condition->left], &operands[condition->right + i], IS_EQUAL)) return false;
    } else if (condition->comparison >= IS_LIKE) {
        if (!check_pattern(lexer, condition)) return false;
    } else {
        struct operand *right = &operands[condition->right];
        if (operands[condition->left].is_many && right->is_many)
            return lex_fail(lexer, right->off, "only one side of a comparison may have '*' or '**'");
        turn_round(filter, condition);
        if (!check_pair(lexer, &operands[condition->left], &operands[condition->right], condition->comparison)) return false;
    }
    const struct operand *left = &operands[condition->left], *right = &operands[condition->right];
    condition->needs_data = left->field == FIELD_DATA || right->field == FIELD_DATA;
    if (is_lookup(left) && (right->field == FIELD_NONE || is_lookup(right)) && filter->slots < REMEMBERED_MAX)
        condition->slot = (uint8_t)++filter->slots;
    return true;
}

bool truth_check(struct lexer *lexer, const struct operand *operand) {
    char text[160];
    enum kind kind = kind_of(operand);
    if (kind == KIND_ANY || kind == KIND_BOOL) return true;
    struct show show = show_begin(text, sizeof text);
    show_operand(&show, lexer, operand, " is ");
    return lex_fail(lexer, operand->off, "%s, and no condition: compare it with something", text);
}
