#include "filter_parse.h"

#include <stdlib.h>
#include <string.h>

const char expected_value[] = "a value: a number, a text in quotes, a field or '('";

static const char *const fields[] = {
    [FIELD_SEQ] = "seq", [FIELD_TIME] = "time",         [FIELD_TOPIC] = "topic", [FIELD_FROM] = "from", [FIELD_PID] = "pid",
    [FIELD_LEN] = "len", [FIELD_ENCODING] = "encoding", [FIELD_CAUSE] = "cause", [FIELD_DATA] = "data", NULL,
};

static uint32_t add_operand(struct filter *filter, struct operand operand) {
    filter->operands[filter->operand_count] = operand;
    return filter->operand_count++;
}

/* ---- paths ------------------------------------------------------------------------------------------------------------------ */

/* What stands behind a '.', which is taken. */
static bool take_member(struct lexer *lexer, struct step *step) {
    const char *text = lexer->filter->text + lexer->at;
    uint32_t len = lex_name(lexer, true);
    if (text[0] == '*') {
        step->kind = text[1] == '*' ? STEP_DEEP : STEP_EACH;
        lexer->at += text[1] == '*' ? 2 : 1;
        return true;
    }
    if (len == 0)
        return lex_fail(lexer, lexer->at, "expected a name, '*' or '**' after the point; names with blanks and signs: data[\"...\"]");
    step->kind = STEP_NAME;
    step->name = (sctx_str){text, len};
    lexer->at += len;
    return true;
}

static bool take_index(struct lexer *lexer, struct step *step) {
    const char *text = lexer->filter->text + lexer->at;
    char *end;
    size_t digits = strspn(text + (*text == '-'), "0123456789");
    long index = strtol(text, &end, 10);
    if (digits == 0) return lex_fail(lexer, lexer->at, "expected an index, '*' or a name in quotes");
    if (digits > 9) return lex_fail(lexer, lexer->at, "an index has at most 9 digits");
    step->kind = STEP_INDEX;
    step->index = (int32_t)index;
    lexer->at += (uint32_t)(end - text);
    return true;
}

/* What stands between '[', which is taken, and ']'. */
static bool take_element(struct lexer *lexer, struct step *step) {
    char c = lex_look(lexer);
    if (c == '*') {
        step->kind = STEP_EACH;
        lexer->at++;
    } else if (c == '"' || c == '\'') {
        step->kind = STEP_NAME;
        if (!lex_string(lexer, &step->name)) return false;
    } else if (!take_index(lexer, step)) {
        return false;
    }
    if (lex_look(lexer) != ']') return lex_fail(lexer, lexer->at, "expected ']'");
    lexer->at++;
    return true;
}

bool path_parse(struct lexer *lexer, uint32_t *index) {
    struct filter *filter = lexer->filter;
    struct operand operand = {.field = FIELD_DATA, .first_step = filter->step_count, .off = lexer->now.off};
    for (char c; (c = lex_look(lexer)) == '.' || c == '[';) {
        struct step *step = &filter->steps[filter->step_count];
        if (operand.steps == FILTER_STEPS_MAX) return lex_fail(lexer, lexer->at, "a path has at most %u steps", FILTER_STEPS_MAX);
        lexer->at++;
        if (!(c == '.' ? take_member(lexer, step) : take_element(lexer, step))) return false;
        operand.is_many |= step->kind == STEP_EACH || step->kind == STEP_DEEP;
        filter->step_count++;
        operand.steps++;
    }
    operand.len = lexer->at - operand.off;
    *index = add_operand(filter, operand);
    return lex_next(lexer);
}

/* ---- names ------------------------------------------------------------------------------------------------------------------ */

static bool take_unknown(struct lexer *lexer) {
    static const char *const names[] = {"seq",  "time", "topic",   "from", "pid",   "len",  "encoding", "cause",
                                        "data", "has",  "changed", "true", "false", "null", NULL};
    static const char *const others[] = {"and", "or", "not"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (lex_is(lexer, others[i])) return lex_expected(lexer, expected_value);
    sctx_str name = {lexer->filter->text + lexer->now.off, lexer->now.len};
    char text[160];
    struct show show = show_begin(text, sizeof text);
    show_plain(&show, "no field '");
    show_cut(&show, name.p, name.n, 24);
    show_plain(&show, "'");
    size_t len = show.len;
    lex_suggest(&show, name, names);
    if (show.len == len) {
        show_plain(&show, ": seq time topic from pid len encoding cause; within the payload: data.");
        show_cut(&show, name.p, name.n, 24);
    }
    return lex_fail(lexer, lexer->now.off, "%s", text);
}

static bool take_name(struct lexer *lexer, struct operand *operand) {
    bool is_true = lex_is(lexer, "true");
    operand->field = FIELD_NONE;
    if (is_true || lex_is(lexer, "false")) {
        operand->value.type = SCTX_BOOL;
        operand->value.v.u = is_true;
        return true;
    }
    if (lex_is(lexer, "null")) return true;
    for (uint8_t n = 0; fields[n] != NULL; n++)
        if (lex_is(lexer, fields[n])) {
            operand->field = n;
            return true;
        }
    return take_unknown(lexer);
}

bool operand_parse(struct lexer *lexer, uint32_t *index) {
    const struct token *now = &lexer->now;
    struct operand operand = {.field = FIELD_NONE, .off = now->off, .len = now->len, .value = now->value};
    if (lex_is(lexer, "data")) return path_parse(lexer, index);
    if (now->kind == TOKEN_NAME) {
        if (!take_name(lexer, &operand)) return false;
        char c = lex_look(lexer);
        if (operand.field != FIELD_NONE && (c == '.' || c == '['))
            return lex_fail(lexer, lexer->at, "'%s' has nothing within it; only data has", fields[operand.field]);
    } else if (now->kind != TOKEN_NUMBER && now->kind != TOKEN_TEXT) {
        return lex_expected(lexer, expected_value);
    }
    *index = add_operand(lexer->filter, operand);
    return lex_next(lexer);
}
