#include "filter_parse.h"

/* What a part of an expression is, before it is known what it is for: `len` may be compared, `len > 8` may not. */
struct part {
    bool is_condition;
    uint32_t index; /* of a condition or an operand */
    uint32_t off;
};

struct parser {
    struct lexer *lexer;
    struct filter *filter;
    unsigned depth;
};

static bool parse_any(struct parser *parser, struct part *part);

static uint32_t add(struct filter *filter, struct condition condition) {
    condition.next = NO_NODE;
    filter->conditions[filter->condition_count] = condition;
    return filter->condition_count++;
}

static bool as_condition(struct parser *parser, struct part *part) {
    struct filter *filter = parser->filter;
    if (part->is_condition) return true;
    const struct operand *operand = &filter->operands[part->index];
    if (!truth_check(parser->lexer, operand)) return false;
    bool needs_data = operand->field == FIELD_DATA;
    part->index = add(filter, (struct condition){.kind = COND_TRUTH, .left = part->index, .needs_data = needs_data});
    part->is_condition = true;
    return true;
}

static bool deeper(struct parser *parser) {
    if (++parser->depth <= FILTER_DEPTH_MAX) return true;
    return lex_fail(parser->lexer, parser->lexer->now.off, "nested too deeply: at most %u parentheses and '!' within each other",
                    FILTER_DEPTH_MAX);
}

static bool parse_primary(struct parser *parser, struct part *part);

static bool parse_not(struct parser *parser, struct part *part) {
    struct part inner;
    if (!deeper(parser) || !lex_next(parser->lexer) || !parse_primary(parser, &inner)) return false;
    if (parser->lexer->now.kind == TOKEN_COMPARISON)
        return lex_fail(parser->lexer, parser->lexer->now.off, "'!' takes only what follows it at once: write !(... %s ...)",
                        comparison_text(parser->lexer->now.comparison));
    if (!as_condition(parser, &inner)) return false;
    bool needs_data = parser->filter->conditions[inner.index].needs_data;
    part->index = add(parser->filter, (struct condition){.kind = COND_NOT, .first = inner.index, .needs_data = needs_data});
    part->is_condition = true;
    parser->depth--;
    return true;
}

static bool expect_close(struct parser *parser, const char *what) {
    if (parser->lexer->now.kind != TOKEN_CLOSE) return lex_expected(parser->lexer, what);
    return lex_next(parser->lexer);
}

static bool parse_group(struct parser *parser, struct part *part) {
    if (!deeper(parser) || !lex_next(parser->lexer) || !parse_any(parser, part)) return false;
    parser->depth--;
    return expect_close(parser, part->is_condition ? "'&&', '||' or ')'" : "a comparison, '&&', '||' or ')'");
}

static bool parse_call(struct parser *parser, struct part *part, enum condition_kind kind) {
    struct filter *filter = parser->filter;
    struct condition condition = {.kind = (uint8_t)kind, .needs_data = true};
    if (!lex_next(parser->lexer)) return false;
    if (parser->lexer->now.kind != TOKEN_OPEN) return lex_expected(parser->lexer, "'('");
    if (!lex_next(parser->lexer)) return false;
    if (!lex_is(parser->lexer, "data")) return lex_expected(parser->lexer, "a field of the payload: data, data.NAME");
    if (!path_parse(parser->lexer, &condition.left) || !expect_close(parser, "')'")) return false;
    if (kind == COND_CHANGED) {
        if (filter->changed_count == FILTER_CHANGED_MAX)
            return lex_fail(parser->lexer, part->off, "at most %u changed() in one expression", FILTER_CHANGED_MAX);
        condition.nth = filter->changed_count;
        filter->changed[filter->changed_count++] = filter->condition_count;
    }
    part->index = add(filter, condition);
    part->is_condition = true;
    return true;
}

static bool parse_primary(struct parser *parser, struct part *part) {
    part->off = parser->lexer->now.off;
    if (parser->lexer->now.kind == TOKEN_NOT) return parse_not(parser, part);
    if (parser->lexer->now.kind == TOKEN_OPEN) return parse_group(parser, part);
    if (lex_is(parser->lexer, "has")) return parse_call(parser, part, COND_HAS);
    if (lex_is(parser->lexer, "changed")) return parse_call(parser, part, COND_CHANGED);
    part->is_condition = false;
    return operand_parse(parser->lexer, &part->index);
}

static bool parse_list(struct parser *parser, struct condition *condition) {
    struct lexer *lexer = parser->lexer;
    condition->right = parser->filter->operand_count;
    if (lexer->now.kind != TOKEN_OPEN_LIST) return lex_expected(lexer, "a list after 'in': [1, 2, \"x\"]");
    do {
        uint32_t element;
        if (!lex_next(lexer)) return false;
        if (lexer->now.kind != TOKEN_NUMBER && lexer->now.kind != TOKEN_TEXT && lexer->now.kind != TOKEN_NAME)
            return lex_expected(lexer, "a number, a text in quotes, true, false or null");
        if (!operand_parse(lexer, &element)) return false;
        const struct operand *operand = &parser->filter->operands[element];
        if (operand->field != FIELD_NONE)
            return lex_fail(lexer, operand->off, "expected a number or a text: fields have no place in a list");
        condition->count++;
    } while (lexer->now.kind == TOKEN_COMMA);
    if (lexer->now.kind != TOKEN_CLOSE_LIST) return lex_expected(lexer, "',' or ']'");
    return lex_next(lexer);
}

static bool parse_right(struct parser *parser, struct condition *condition) {
    struct part right;
    if (condition->comparison == IS_IN) return parse_list(parser, condition);
    if (condition->comparison >= IS_LIKE && parser->lexer->now.kind != TOKEN_TEXT)
        return lex_expected(parser->lexer, "a pattern in quotes");
    if (!parse_primary(parser, &right)) return false;
    condition->right = right.index;
    if (right.is_condition) return lex_fail(parser->lexer, right.off, "expected a value, but this is a condition");
    return true;
}

static bool parse_test(struct parser *parser, struct part *part) {
    struct lexer *lexer = parser->lexer;
    if (!parse_primary(parser, part)) return false;
    if (lexer->now.kind != TOKEN_COMPARISON) return true;
    if (part->is_condition) return lex_fail(lexer, lexer->now.off, "a condition cannot be compared: use '&&', '||' and '!'");
    struct condition condition = {.kind = COND_TEST, .comparison = (uint8_t)lexer->now.comparison, .left = part->index};
    const char *sign = comparison_text(lexer->now.comparison);
    if (!lex_next(lexer) || !parse_right(parser, &condition) || !condition_check(lexer, &condition)) return false;
    if (lexer->now.kind == TOKEN_COMPARISON)
        return lex_fail(lexer, lexer->now.off, "comparisons do not follow each other: write a %s b && b %s c", sign,
                        comparison_text(lexer->now.comparison));
    part->index = add(parser->filter, condition);
    part->is_condition = true;
    return true;
}

/* Parts with the same sign between them; one alone stays what it is. */
static bool parse_chain(struct parser *parser, struct part *part, enum token_kind sign, enum condition_kind kind,
                        bool (*parse_part)(struct parser *, struct part *)) {
    struct filter *filter = parser->filter;
    if (!parse_part(parser, part)) return false;
    if (parser->lexer->now.kind != sign) return true;
    if (!as_condition(parser, part)) return false;
    struct condition chain = {.kind = (uint8_t)kind, .first = part->index, .needs_data = filter->conditions[part->index].needs_data};
    for (uint32_t last = part->index; parser->lexer->now.kind == sign;) {
        struct part next;
        if (!lex_next(parser->lexer) || !parse_part(parser, &next) || !as_condition(parser, &next)) return false;
        chain.needs_data |= filter->conditions[next.index].needs_data;
        filter->conditions[last].next = next.index;
        last = next.index;
    }
    part->index = add(filter, chain);
    return true;
}

static bool parse_all(struct parser *parser, struct part *part) {
    return parse_chain(parser, part, TOKEN_AND, COND_ALL, parse_test);
}

static bool parse_any(struct parser *parser, struct part *part) {
    return parse_chain(parser, part, TOKEN_OR, COND_ANY, parse_all);
}

bool filter_parse(struct lexer *lexer) {
    struct parser parser = {.lexer = lexer, .filter = lexer->filter};
    struct part part;
    if (!lex_next(lexer) || !parse_any(&parser, &part)) return false;
    if (lexer->now.kind != TOKEN_END)
        return lex_expected(lexer, part.is_condition ? "'&&', '||' or the end" : "a comparison (== != < <= > >= ~ !~ =~ !=~ in)");
    if (!as_condition(&parser, &part)) return false;
    lexer->filter->root = part.index;
    return true;
}
