#include "field.h"
#include "filter_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An expression that is a field and nothing else. */
struct field_ref {
    struct filter filter;
    uint32_t operand;
};

static const struct operand *operand_of(const struct field_ref *field) {
    return &field->filter.operands[field->operand];
}

static bool allocate(struct filter *filter, const char *text, size_t len) {
    filter->len = (uint32_t)len;
    filter->text = strdup(text);
    filter->pool = malloc(len + 1);
    filter->operands = calloc(len + 1, sizeof *filter->operands);
    filter->steps = calloc(len + 1, sizeof *filter->steps);
    return filter->text != NULL && filter->pool != NULL && filter->operands != NULL && filter->steps != NULL;
}

static bool parse(struct field_ref *field, struct lexer *lexer) {
    static const char hoped[] = "a field: seq time topic from pid len encoding cause, or data.NAME";
    if (!lex_next(lexer)) return false;
    if (lexer->now.kind != TOKEN_NAME) return lex_expected(lexer, hoped);
    if (!operand_parse(lexer, &field->operand)) return false;
    if (operand_of(field)->field == FIELD_NONE) return lex_fail(lexer, 0, "expected %s", hoped);
    return lexer->now.kind == TOKEN_END || lex_expected(lexer, "the end");
}

struct field_ref *field_compile(const char *text, struct filter_error *error) {
    size_t len = strlen(text);
    *error = (struct filter_error){0};
    if (len > FILTER_TEXT_MAX) {
        (void)snprintf(error->text, sizeof error->text, "a field has at most %u bytes", FILTER_TEXT_MAX);
        return NULL;
    }
    struct field_ref *field = calloc(1, sizeof *field);
    struct lexer lexer = {.filter = field != NULL ? &field->filter : NULL, .error = error};
    if (field == NULL || !allocate(&field->filter, text, len))
        (void)snprintf(error->text, sizeof error->text, "out of memory");
    else if (parse(field, &lexer))
        return field;
    field_free(field);
    return NULL;
}

void field_free(struct field_ref *field) {
    if (field == NULL) return;
    free(field->filter.text);
    free(field->filter.pool);
    free(field->filter.operands);
    free(field->filter.steps);
    free(field);
}

enum field field_which(const struct field_ref *field) {
    return (enum field)operand_of(field)->field;
}

bool field_is_many(const struct field_ref *field) {
    return operand_of(field)->is_many;
}

bool field_is_whole(const struct field_ref *field) {
    return operand_of(field)->field == FIELD_DATA && operand_of(field)->steps == 0;
}

void field_walk(const struct field_ref *field, const struct tree *tree, struct walk *walk) {
    walk_begin(walk, tree, field->filter.steps + operand_of(field)->first_step, operand_of(field)->steps);
}
