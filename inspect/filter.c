#include "filter.h"
#include "filter_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool allocate(struct filter *filter, const char *expression, size_t len) {
    filter->len = (uint32_t)len;
    filter->text = malloc(len + 1);
    filter->pool = malloc(len + 1);
    filter->conditions = calloc(len + 1, sizeof *filter->conditions);
    filter->operands = calloc(len + 1, sizeof *filter->operands);
    filter->steps = calloc(len + 1, sizeof *filter->steps);
    if (filter->text == NULL || filter->pool == NULL || filter->conditions == NULL || filter->operands == NULL || filter->steps == NULL)
        return false;
    memcpy(filter->text, expression, len + 1);
    return true;
}

struct filter *filter_compile(const char *expression, struct filter_error *error) {
    size_t len = strlen(expression);
    *error = (struct filter_error){0};
    if (len > FILTER_TEXT_MAX) {
        error->offset = FILTER_TEXT_MAX;
        (void)snprintf(error->text, sizeof error->text, "an expression has at most %u bytes", FILTER_TEXT_MAX);
        return NULL;
    }
    struct filter *filter = calloc(1, sizeof *filter);
    struct lexer lexer = {.filter = filter, .error = error};
    if (filter == NULL || !allocate(filter, expression, len))
        (void)snprintf(error->text, sizeof error->text, "out of memory");
    else if (filter_parse(&lexer))
        return filter;
    filter_free(filter);
    return NULL;
}

void filter_free(struct filter *filter) {
    if (filter == NULL) return;
    for (uint32_t i = 0; i < filter->regex_count; i++) regfree(&filter->regexes[i]);
    filter_forget(filter);
    free(filter->subject);
    free(filter->text);
    free(filter->pool);
    free(filter->conditions);
    free(filter->operands);
    free(filter->steps);
    free(filter);
}

bool filter_needs_data(const struct filter *filter) {
    return filter->conditions[filter->root].needs_data;
}

uint64_t filter_errors(const struct filter *filter, const char **first) {
    if (first != NULL) *first = filter->first_error;
    return filter->errors;
}

void filter_forget(struct filter *filter) {
    free(filter->memory.verdicts);
    free(filter->memory.hashes);
    filter->memory = (struct memory){0};
}
