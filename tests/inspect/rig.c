#include "rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

extern const sctx_plugin sctx_decoder_json;

static struct tree message_tree, data_tree;
static char texts[3][512];

static void decode(struct tree *tree, const char *json, size_t len) {
    struct tree_builder builder;
    if (tree->limits.nodes == 0) tree_init(tree, (struct tree_limits){0});
    tree_build(&builder, tree, SCTX_WANT_TREE, len);
    tree_built(&builder, sctx_decoder_json.decode(NULL, json, len, &builder.out));
    cr_assert(tree_is_good(tree), "the test's own JSON is wrong: %.*s", (int)len, json);
}

static const struct tree_node *member(const char *name) {
    for (uint32_t n = 1; n < message_tree.count; n = message_tree.nodes[n].next) {
        sctx_str is = tree_str(&message_tree, message_tree.nodes[n].name);
        if (is.n == strlen(name) && memcmp(is.p, name, is.n) == 0) return &message_tree.nodes[n];
    }
    return NULL;
}

static const char *text_member(const char *name, char to[512]) {
    const struct tree_node *node = member(name);
    to[0] = '\0';
    if (node != NULL) {
        sctx_str text = tree_str(&message_tree, node->v.s);
        cr_assert(node->type == SCTX_TEXT && text.n < 512);
        memcpy(to, text.p, text.n);
        to[text.n] = '\0';
    }
    return to;
}

static uint64_t number_member(const char *name) {
    const struct tree_node *node = member(name);
    if (node == NULL) return 0;
    cr_assert(node->type == SCTX_I64 || node->type == SCTX_U64);
    return node->v.u;
}

static uint16_t id_of(const char *topic, const char *encoding) {
    enum { FIRST = 1000, MOST = 500 };
    static char names[MOST][64];
    static uint16_t count;
    char name[64];
    cr_assert(snprintf(name, sizeof name, "%s %s", topic, encoding) < (int)sizeof name);
    for (uint16_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return (uint16_t)(FIRST + i);
    cr_assert(count < MOST);
    strcpy(names[count], name);
    return (uint16_t)(FIRST + count++);
}

struct filter_message message_of(const char *json) {
    decode(&message_tree, json, strlen(json));
    struct filter_message message = {
        .seq = number_member("seq"),
        .time_ns = (int64_t)number_member("time"),
        .cause = number_member("cause"),
        .has_cause = member("cause") != NULL,
        .topic = text_member("topic", texts[0]),
        .from = text_member("from", texts[1]),
        .encoding = text_member("encoding", texts[2]),
        .pid = (uint32_t)number_member("pid"),
        .len = (uint32_t)number_member("len"),
    };
    message.topic_id = member("topic_id") != NULL ? (uint16_t)number_member("topic_id") : id_of(message.topic, message.encoding);
    return message;
}

const struct tree *data_of(const char *json) {
    decode(&message_tree, json, strlen(json));
    const struct tree_node *data = member("data");
    if (data == NULL) return NULL;
    decode(&data_tree, json + data->span.off, data->span.len);
    return &data_tree;
}

const char *ask(struct filter *filter, const char *json) {
    static char text[300];
    const char *first;
    uint64_t before = filter_errors(filter, NULL);
    const struct tree *tree = data_of(json);
    struct filter_message message = message_of(json);
    enum filter_answer early = filter_ask(filter, &message);
    bool is_yes = filter_decide(filter, &message, tree);
    if (early != FILTER_NEEDS_DATA) cr_assert_eq(early == FILTER_YES, is_yes);
    if (early == FILTER_NEEDS_DATA) cr_assert(filter_needs_data(filter));
    if (filter_errors(filter, &first) == before) return is_yes ? "yes" : "no";
    cr_assert(!is_yes);
    (void)snprintf(text, sizeof text, "error: %s", first);
    return text;
}

const char *answer(const char *expression, const char *json) {
    static char text[300];
    struct filter_error error;
    struct filter *filter = filter_compile(expression, &error);
    if (filter == NULL) {
        (void)snprintf(text, sizeof text, "wrong %u: %s", error.offset, error.text);
        return text;
    }
    const char *is = ask(filter, json);
    filter_free(filter);
    return is;
}

unsigned ask_all(const struct question *questions, size_t count) {
    unsigned bad = 0;
    for (size_t i = 0; i < count; i++) {
        const struct question *question = &questions[i];
        const char *is = answer(question->expression, question->json);
        size_t len = strlen(question->want);
        bool is_beginning = question->want[len - 1] == '*';
        if (is_beginning ? strncmp(is, question->want, len - 1) == 0 : strcmp(is, question->want) == 0) continue;
        (void)fprintf(stderr, "%s\n  of  %s\n  got  %s\n  want %s\n", question->expression, question->json, is, question->want);
        bad++;
    }
    return bad;
}
