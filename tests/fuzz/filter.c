/* inspect/filter.h: any expression, and any JSON for it to be asked about. The input is the expression, a NUL, and the payload.
 *
 * A wrong expression is told in two harmless lines. Of a right one: both steps agree, asking again changes nothing, "!(E)" is the opposite of E,
 * and a count of errors goes up exactly where neither is true. */
#include "filter.h"
#include "must.h"
#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const sctx_plugin sctx_decoder_json;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tree tree;

static const struct tree *decode(const uint8_t *json, size_t len) {
    struct tree_builder builder;
    if (tree.limits.nodes == 0) tree_init(&tree, (struct tree_limits){1u << 14, 1u << 20});
    tree_build(&builder, &tree, SCTX_WANT_TREE, len);
    tree_built(&builder, sctx_decoder_json.decode(NULL, json, len, &builder.out));
    return tree_is_good(&tree) ? &tree : NULL;
}

static void check_harmless(const char *text, size_t len) {
    for (size_t at = 0; at < len;) {
        uint32_t code;
        size_t bytes = utf8_next((const unsigned char *)text + at, len - at, &code);
        must(bytes > 0 && code >= 0x20 && (code < 0x7F || code >= 0xA0));
        at += bytes;
    }
}

static void check_error(const char *expression, const struct filter_error *error) {
    char shown[FILTER_SHOWN_MAX];
    must(error->offset <= strlen(expression) && error->text[0] != '\0');
    check_harmless(error->text, strlen(error->text));
    size_t len = filter_error_show(error, expression, shown);
    char *end = strchr(shown, '\n');
    must(end != NULL && len == strlen(shown) && shown[len - 1] == '\n' && strchr(end + 1, '\n') == shown + len - 1);
    check_harmless(shown, (size_t)(end - shown));
    check_harmless(end + 1, len - (size_t)(end + 1 - shown) - 1);
    must(strstr(end, error->text) != NULL && strchr(end, '^') != NULL);
}

/* 1: yes, 0: no, -1: an error. */
static int answer(struct filter *filter, const struct filter_message *message, const struct tree *data) {
    const char *first;
    uint64_t before = filter_errors(filter, NULL);
    enum filter_answer early = filter_ask(filter, message);
    must(early == filter_ask(filter, message));
    must(early != FILTER_NEEDS_DATA || filter_needs_data(filter));
    bool is_yes = filter_decide(filter, message, data);
    must(early == FILTER_NEEDS_DATA || (early == FILTER_YES) == is_yes);
    uint64_t errors = filter_errors(filter, &first) - before;
    must(errors == 0 || (errors == 1 && !is_yes && early == FILTER_NEEDS_DATA && first[0] != '\0'));
    check_harmless(first, strlen(first));
    return errors > 0 ? -1 : is_yes;
}

static void check_answers(struct filter *filter, struct filter *opposite, const struct tree *data) {
    static const struct filter_message messages[] = {
        {.seq = 41, .time_ns = INT64_C(1795608000000000000), .topic = "order/new", .from = "till", .encoding = "json", .pid = 7, .len = 12},
        {.seq = UINT64_MAX, .time_ns = -1, .topic = "a", .from = "", .encoding = "", .topic_id = 65535, .has_cause = true, .cause = 40},
    };
    for (size_t i = 0; i < 4; i++) {
        const struct filter_message *message = &messages[i % 2];
        int is = answer(filter, message, i == 3 ? NULL : data), is_not = answer(opposite, message, i == 3 ? NULL : data);
        must(is < 0 ? is_not < 0 : is_not == !is);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct filter_error error;
    size_t len = size > 0 ? strnlen((const char *)data, size) : 0;
    char *expression = malloc(len + 1), *negated = malloc(len + 4);
    must(expression != NULL && negated != NULL);
    if (len > 0) memcpy(expression, data, len);
    expression[len] = '\0';
    (void)snprintf(negated, len + 4, "!(%s)", expression);
    struct filter *filter = filter_compile(expression, &error);
    if (filter == NULL) {
        check_error(expression, &error);
    } else {
        struct filter *opposite = filter_compile(negated, &error);
        if (opposite != NULL) check_answers(filter, opposite, len < size ? decode(data + len + 1, size - len - 1) : NULL);
        must(opposite != NULL || strstr(error.text, "nested") != NULL);
        filter_free(opposite);
    }
    filter_free(filter);
    free(expression);
    free(negated);
    return 0;
}
