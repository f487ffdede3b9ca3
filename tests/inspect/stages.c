/* The two steps: what message fields decide alone, and what is remembered from one message to the next. */
#include "rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct filter *compile(const char *expression) {
    struct filter_error error;
    struct filter *filter = filter_compile(expression, &error);
    cr_assert_not_null(filter, "%s: %u: %s", expression, error.offset, error.text);
    return filter;
}

/* topic order/new, from till, seq 41, no cause. */
Test(stages, no_payload_is_decoded_for_nothing) {
    static const struct {
        const char *expression;
        enum filter_answer want;
    } rows[] = {
        {"seq == 41", FILTER_YES},
        {"seq == 42", FILTER_NO},
        {"data.x == 1", FILTER_NEEDS_DATA},
        {"data.x", FILTER_NEEDS_DATA},
        {"!data.x", FILTER_NEEDS_DATA},
        {"has(data.x)", FILTER_NEEDS_DATA},
        {"changed(data.x)", FILTER_NEEDS_DATA},
        {"data.x == seq", FILTER_NEEDS_DATA},
        {"seq < data.x", FILTER_NEEDS_DATA},
        {"seq == 41 && data.x == 1", FILTER_NEEDS_DATA},
        {"seq == 42 && data.x == 1", FILTER_NO},
        {"data.x == 1 && seq == 42", FILTER_NO},
        {"data.x == 1 && seq == 41", FILTER_NEEDS_DATA},
        {"seq == 41 || data.x == 1", FILTER_YES},
        {"data.x == 1 || seq == 41", FILTER_YES},
        {"data.x == 1 || seq == 42", FILTER_NEEDS_DATA},
        {"seq == 42 || data.x == 1", FILTER_NEEDS_DATA},
        {"!(data.x == 1 || seq == 41)", FILTER_NO},
        {"!(data.x == 1 && seq == 42)", FILTER_YES},
        {"!(data.x == 1 && seq == 41)", FILTER_NEEDS_DATA},
        {"topic ~ \"stock/**\" && data.price > 100", FILTER_NO},
        {"topic ~ \"order/**\" && data.price > 100", FILTER_NEEDS_DATA},
        {"topic =~ \"^stock\" && data.price > 100", FILTER_NO},
        {"from in [\"a\", \"b\"] && has(data.x)", FILTER_NO},
        {"(data.x == 1 || data.y == 1) && (seq == 42 || cause != null)", FILTER_NO},
        {"(data.x == 1 || seq == 41) && (data.y == 1 || seq == 41)", FILTER_YES},
        {"(data.x == 1 || seq == 41) && (data.y == 1 || seq == 42)", FILTER_NEEDS_DATA},
        {"data.x == 1 && data.y == 1 && from != \"till\"", FILTER_NO},
        {"false && data", FILTER_NO},
        {"true || changed(data)", FILTER_YES},
    };
    const struct filter_message message = {.seq = 41, .topic = "order/new", .from = "till", .encoding = "json"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct filter *filter = compile(rows[i].expression);
        for (int again = 0; again < 2; again++) {
            enum filter_answer is = filter_ask(filter, &message);
            cr_expect_eq(is, rows[i].want, "%s: %d, not %d", rows[i].expression, (int)is, (int)rows[i].want);
        }
        filter_free(filter);
    }
}

Test(stages, needs_data) {
    static const struct {
        const char *expression;
        bool want;
    } rows[] = {
        {"seq == 1", false},
        {"data == 1", true},
        {"1 == data", true},
        {"seq == 1 || data == 1", true},
        {"!(seq == 1)", false},
        {"!(!has(data))", true},
        {"seq in [1, 2]", false},
        {"data in [1, 2]", true},
        {"(true && (true || data))", true},
        {"true", false},
        {"changed(data.x)", true},
        {"topic =~ 'data'", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct filter *filter = compile(rows[i].expression);
        cr_expect_eq(filter_needs_data(filter), rows[i].want, "%s", rows[i].expression);
        filter_free(filter);
    }
}

/* ---- changed() -------------------------------------------------------------------------------------------------------------- */

struct step {
    const char *json, *want;
};

static void expect_steps(const char *expression, const struct step *steps, size_t count) {
    struct filter *filter = compile(expression);
    for (size_t i = 0; i < count; i++) {
        const char *is = ask(filter, steps[i].json);
        cr_expect_str_eq(is, steps[i].want, "%s, step %zu, %s: %s, not %s", expression, i, steps[i].json, is, steps[i].want);
    }
    filter_free(filter);
}
#define EXPECT_STEPS(expression, ...)                                     \
    do {                                                                  \
        static const struct step steps_[] = {__VA_ARGS__};                \
        expect_steps(expression, steps_, sizeof steps_ / sizeof *steps_); \
    } while (0)

Test(stages, changed) {
    EXPECT_STEPS("changed(data.x)", {"{\"data\":{\"x\":1}}", "yes"}, {"{\"data\":{\"x\":1}}", "no"}, {"{\"data\":{\"x\":1,\"y\":2}}", "no"},
                 {"{\"data\":{\"x\":2}}", "yes"}, {"{\"data\":{\"x\":1}}", "yes"}, {"{\"data\":{\"x\":\"1\"}}", "yes"},
                 {"{\"data\":{\"x\":\"1\"}}", "no"}, {"{\"data\":{\"x\":null}}", "yes"}, {"{\"data\":{}}", "yes"}, {"{\"data\":{}}", "no"},
                 {"{\"data\":{\"x\":null}}", "yes"}, {"{\"data\":{\"x\":true}}", "yes"}, {"{\"data\":{\"x\":false}}", "yes"});
    EXPECT_STEPS("!changed(data.x)", {"{\"data\":{\"x\":1}}", "no"}, {"{\"data\":{\"x\":1}}", "yes"});
}

Test(stages, changed_is_by_topic) {
    EXPECT_STEPS("changed(data)", {"{\"topic\":\"a\",\"topic_id\":0,\"data\":1}", "yes"},
                 {"{\"topic\":\"b\",\"topic_id\":1,\"data\":1}", "yes"}, {"{\"topic\":\"a\",\"topic_id\":0,\"data\":1}", "no"},
                 {"{\"topic\":\"b\",\"topic_id\":1,\"data\":2}", "yes"}, {"{\"topic\":\"c\",\"topic_id\":65535,\"data\":1}", "yes"},
                 {"{\"topic\":\"c\",\"topic_id\":65535,\"data\":1}", "no"},
                 {"{\"topic\":\"a\",\"topic_id\":0,\"from\":\"other\",\"data\":1}", "no"},
                 {"{\"topic\":\"b\",\"topic_id\":1,\"data\":2}", "no"});
}

/* All below it counts, and every field that a path with '*' leads to. */
Test(stages, changed_within) {
    EXPECT_STEPS("changed(data)", {"{\"data\":{\"x\":[1,2]}}", "yes"}, {"{\"data\":{\"x\":[1,2]}}", "no"},
                 {"{\"data\":{\"x\":[1,[2]]}}", "yes"}, {"{\"data\":{\"x\":[[1],2]}}", "yes"}, {"{\"data\":{\"y\":[[1],2]}}", "yes"},
                 {"{\"data\":[]}", "yes"}, {"{\"data\":{}}", "yes"});
    EXPECT_STEPS("changed(data[*].x)", {"{\"data\":[{\"x\":1,\"y\":1},{\"x\":2}]}", "yes"},
                 {"{\"data\":[{\"x\":1,\"y\":2},{\"x\":2}]}", "no"}, {"{\"data\":[{\"x\":1},{\"x\":3}]}", "yes"},
                 {"{\"data\":[{\"x\":3},{\"x\":1}]}", "yes"}, {"{\"data\":[{\"x\":3}]}", "yes"}, {"{\"data\":[]}", "yes"},
                 {"{\"data\":[{\"y\":1}]}", "no"});
}

Test(stages, changed_at_any_depth) {
    EXPECT_STEPS("changed(data.**)", {"{\"data\":{\"x\":[1,2]}}", "yes"}, {"{\"data\":{\"x\":[1,2]}}", "no"},
                 {"{\"data\":{\"x\":[1,3]}}", "yes"});
    EXPECT_STEPS("changed(data.**.x)", {"{\"data\":{\"x\":{\"x\":1,\"y\":1},\"z\":[{\"x\":2,\"y\":3}]}}", "yes"},
                 {"{\"data\":{\"x\":{\"x\":1,\"y\":1},\"z\":[{\"x\":2,\"y\":4}]}}", "no"},
                 {"{\"data\":{\"x\":{\"x\":1,\"y\":2},\"z\":[{\"x\":2,\"y\":4}]}}", "yes"},
                 {"{\"data\":{\"x\":{\"x\":2,\"y\":2},\"z\":[{\"x\":2,\"y\":4}]}}", "yes"},
                 {"{\"data\":{\"x\":{\"x\":2,\"y\":2},\"z\":[{\"x\":3,\"y\":4}]}}", "yes"});
}

/* What changed() compares with is the message before that was looked into, wherever changed() stands in the expression; one that message fields
 * let out, and one that cannot be decoded, is none. */
Test(stages, changed_and_the_rest) {
    static const char *const orders[] = {"changed(data.x) && data.y == 1", "data.y == 1 && changed(data.x)"};
    for (size_t i = 0; i < 2; i++)
        EXPECT_STEPS(orders[i], {"{\"data\":{\"x\":1,\"y\":1}}", "yes"}, {"{\"data\":{\"x\":2,\"y\":0}}", "no"},
                     {"{\"data\":{\"x\":2,\"y\":1}}", "no"}, {"{\"data\":{\"x\":3,\"y\":1}}", "yes"});
    EXPECT_STEPS("from == 'till' && changed(data)", {"{\"from\":\"till\",\"data\":1}", "yes"}, {"{\"from\":\"x\",\"data\":2}", "no"},
                 {"{\"from\":\"till\",\"data\":1}", "no"}, {"{\"from\":\"till\"}", "no"}, {"{\"from\":\"till\",\"data\":1}", "no"},
                 {"{\"from\":\"till\",\"data\":2}", "yes"});
    EXPECT_STEPS("changed(data.x) || changed(data.y)", {"{\"data\":{\"x\":1,\"y\":1}}", "yes"}, {"{\"data\":{\"x\":1,\"y\":2}}", "yes"},
                 {"{\"data\":{\"x\":1,\"y\":2}}", "no"}, {"{\"data\":{\"x\":2,\"y\":2}}", "yes"});
}

/* ---- what is remembered of topics ------------------------------------------------------------------------------------------- */

Test(stages, verdicts_are_by_topic) {
    static const char *const expressions[] = {"topic ~ 'a/*'",
                                              "topic =~ '^a'",
                                              "topic in ['a/b', 'a/c']",
                                              "topic < 'b'",
                                              "topic != 'b'",
                                              "!(topic == 'b')",
                                              "topic ~ '**' && topic !~ 'b' && encoding == ''"};
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
        for (int round = 0; round < 2; round++)
            EXPECT_STEPS(expressions[i], {"{\"topic\":\"a/b\",\"topic_id\":3}", "yes"}, {"{\"topic\":\"b\",\"topic_id\":4}", "no"},
                         {"{\"topic\":\"a/c\",\"topic_id\":65535}", "yes"}, {"{\"topic\":\"a/b\",\"topic_id\":3}", "yes"},
                         {"{\"topic\":\"b\",\"topic_id\":4}", "no"}, {"{\"topic\":\"a/c\",\"topic_id\":65535}", "yes"},
                         {"{\"topic\":\"b\",\"topic_id\":300}", "no"}, {"{\"topic\":\"a/b\",\"topic_id\":299}", "yes"});
}

Test(stages, every_topic_id) {
    struct filter *filter = compile("topic =~ '[02468]$' && changed(data)");
    char topic[16];
    const struct tree *tree = data_of("{\"data\":1}");
    for (int round = 0; round < 3; round++)
        for (uint32_t id = 0; id <= UINT16_MAX; id++) {
            (void)snprintf(topic, sizeof topic, "t/%u", id);
            struct filter_message message = {.topic = topic, .from = "", .encoding = "", .topic_id = (uint16_t)id};
            cr_assert_eq(filter_decide(filter, &message, tree), round == 0 && id % 2 == 0, "%u", id);
        }
    filter_free(filter);
}

Test(stages, forget) {
    struct filter *filter = compile("topic == 'a' || changed(data) || data > 1");
    cr_expect_str_eq(ask(filter, "{\"topic_id\":0,\"topic\":\"a\",\"data\":1}"), "yes");
    cr_expect_str_eq(ask(filter, "{\"topic_id\":0,\"topic\":\"a\",\"data\":1}"), "yes");
    filter_forget(filter);
    cr_expect_str_eq(ask(filter, "{\"topic_id\":0,\"topic\":\"b\",\"data\":1}"), "yes");
    cr_expect_str_eq(ask(filter, "{\"topic_id\":0,\"topic\":\"b\",\"data\":1}"), "no");
    filter_forget(filter);
    cr_expect_str_eq(ask(filter, "{\"topic_id\":0,\"topic\":\"b\",\"data\":1}"), "yes");
    filter_free(filter);
}

/* ---- errors ----------------------------------------------------------------------------------------------------------------- */

Test(stages, errors_are_counted) {
    struct filter *filter = compile("data > 1");
    const char *first;
    cr_assert_eq(filter_errors(filter, &first), 0);
    cr_assert_str_empty(first);
    (void)ask(filter, "{\"data\":2}");
    (void)ask(filter, "{}");
    cr_assert_eq(filter_errors(filter, &first), 0);
    (void)ask(filter, "{\"data\":\"a\"}");
    (void)ask(filter, "{\"data\":\"b\"}");
    (void)ask(filter, "{\"data\":true}");
    cr_assert_eq(filter_errors(filter, &first), 3);
    cr_assert_str_eq(first, "data is a text (\"a\"), compared with a number");
    filter_forget(filter);
    cr_assert_eq(filter_errors(filter, &first), 3);
    filter_free(filter);
}

Test(stages, error_of_a_long_text_is_cut) {
    char json[4000], want[200];
    (void)snprintf(json, sizeof json, "{\"data\":\"%03000d\"}", 0);
    (void)snprintf(want, sizeof want, "error: data is a text (\"%040d...\"), compared with a number", 0);
    cr_assert_str_eq(answer("data == 1", json), want);
}

Test(stages, free_nothing) {
    filter_free(NULL);
}
