/* Numbers of all kinds and sizes, units, and values that JSON cannot spell. */
#include "rig.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define D(data) "{\"data\":" data "}"

Test(numbers, integers) {
    static const struct question questions[] = {
        /* 2^53 and its neighbour, which a double cannot tell apart. */
        {"data == 9007199254740993", D("9007199254740992"), "no"},
        {"data < 9007199254740993", D("9007199254740992"), "yes"},
        {"data == 9007199254740993", D("9007199254740993"), "yes"},
        {"data == 18446744073709551615", D("18446744073709551615"), "yes"},
        {"data < 18446744073709551615", D("18446744073709551614"), "yes"},
        {"data > 9223372036854775807", D("9223372036854775808"), "yes"},
        {"data == -9223372036854775808", D("-9223372036854775808"), "yes"},
        {"data > -9223372036854775809", D("-9223372036854775808"), "yes"},
        {"data < 0", D("-1"), "yes"},
        {"data > 18446744073709551615", D("-1"), "no"},
        {"data == 18446744073709551616", D("18446744073709551616"), "yes"},
        {"data == 18446744073709551617", D("18446744073709551616"), "no"},
        {"data < 18446744073709551617", D("18446744073709551616"), "yes"},
        {"data > 18446744073709551615", D("18446744073709551616"), "yes"},
        {"data < 18446744073709551616", D("18446744073709551615"), "yes"},
        {"data < -18446744073709551616", D("-18446744073709551617"), "yes"},
        {"data == 123456789012345678901234567890", D("123456789012345678901234567890"), "yes"},
        {"data == 'x'", D("18446744073709551615"), "error: data is a number (18446744073709551615), compared with a text"},
        {"data == 0x1f", D("31"), "yes"},
        {"data == 0XFFFFFFFFFFFFFFFF", D("18446744073709551615"), "yes"},
        {"data == -0x10", D("-16"), "yes"},
        {"data == 007", D("7"), "yes"},
        {"data == -0", D("0"), "yes"},
        {"data in [18446744073709551615, 18446744073709551616]", D("18446744073709551616"), "yes"},
    };
    expect_all(questions);
}

Test(numbers, decimals) {
    static const struct question questions[] = {
        {"data == 0.1", D("0.1"), "yes"},
        {"data == 0.1", D("0.10"), "yes"},
        {"data == 0.1", D("1e-1"), "yes"},
        {"data == 1e-1", D("0.1"), "yes"},
        {"data == 100", D("1e2"), "yes"},
        {"data == 1e2", D("100"), "yes"},
        {"data == 1E+2", D("100.0"), "yes"},
        {"data == 100.000", D("100"), "yes"},
        /* What no double can tell apart. */
        {"data == 0.10000000000000000001", D("0.1"), "no"},
        {"data < 0.10000000000000000001", D("0.1"), "yes"},
        {"data > 0.09999999999999999999999", D("0.1"), "yes"},
        {"data > 9007199254740992", D("9007199254740992.5"), "yes"},
        {"data < 9007199254740993", D("9007199254740992.5"), "yes"},
        {"data > -9007199254740993", D("-9007199254740992.5"), "yes"},
        {"data > 1e400", D("1e401"), "yes"},
        {"data < -1e400", D("-1e401"), "yes"},
        {"data > 1e-401", D("1e-400"), "yes"},
        {"data == 12e1", D("120"), "yes"},
        {"data == 0.012e4", D("120"), "yes"},
        {"data == 0.0", D("0"), "yes"},
        {"data == 0", D("-0.0"), "yes"},
        {"data == 0", D("0e999999999999999999999"), "yes"},
        {"data > 5", D("1e99999999999999999999999"), "yes"},
        {"data < 5", D("1e-99999999999999999999999"), "yes"},
        {"data > 0", D("1e-99999999999999999999999"), "yes"},
        {"data < 0.5", D("-3"), "yes"},
        {"data > -0.5", D("3"), "yes"},
        {"data > 99.5", D("100.25"), "yes"},
        {"data > 100.3", D("100.25"), "no"},
        {"data >= 100.25", D("100.25"), "yes"},
        {"data <= 100.25", D("100.25"), "yes"},
        {"data != 100.25", D("100.25"), "no"},
    };
    expect_all(questions);
}

Test(numbers, units) {
    static const struct question questions[] = {
        {"data == 10ns", D("10"), "yes"},
        {"data == 10us", D("10000"), "yes"},
        {"data == 10ms", D("10000000"), "yes"},
        {"data == 2s", D("2000000000"), "yes"},
        {"data == 1.5s", D("1500000000"), "yes"},
        {"data == 5m", D("300000000000"), "yes"},
        {"data == 1h", D("3600000000000"), "yes"},
        {"data == 1d", D("86400000000000"), "yes"},
        {"data == 0.25us", D("250"), "yes"},
        {"data == 1.50us", D("1500"), "yes"},
        {"data == 1.000ns", D("1"), "yes"},
        {"data == -10ms", D("-10000000"), "yes"},
        {"data == 0.000000000000000000000000s", D("0"), "yes"},
        {"data == 1B", D("1"), "yes"},
        {"data == 1kB", D("1000"), "yes"},
        {"data == 1MB", D("1000000"), "yes"},
        {"data == 1GB", D("1000000000"), "yes"},
        {"data == 1TB", D("1000000000000"), "yes"},
        {"data == 4KiB", D("4096"), "yes"},
        {"data == 1MiB", D("1048576"), "yes"},
        {"data == 1GiB", D("1073741824"), "yes"},
        {"data == 1TiB", D("1099511627776"), "yes"},
        {"data == 1.5KiB", D("1536"), "yes"},
        {"data > 10ms", D("10000001"), "yes"},
        {"data == 99999999999999999999ns", D("0"), "wrong 8: too large*"},
        {"data == 9223372036854775807ns", D("9223372036854775807"), "yes"},
        {"data == 9223372036854775808ns", D("0"), "wrong 8: too large*"},
        {"data == 0.00000000000000000001s", D("0"), "wrong 8: not a whole number of nanoseconds"},
        {"data == 1.0001kB", D("0"), "wrong 8: not a whole number of bytes"},
        {"data in [1ms, 2ms]", D("2000000"), "yes"},
        {"data < 106751d", D("9223286399999999999"), "yes"},
    };
    expect_all(questions);
}

/* ---- values that JSON has no word for --------------------------------------------------------------------------------------- */

/* A value within so many arrays. */
static const char *answer_within(const char *expression, sctx_value value, uint32_t depth) {
    static char text[300];
    struct tree tree;
    struct tree_builder builder;
    struct filter_error error;
    const char *first;
    tree_init(&tree, (struct tree_limits){0});
    tree_build(&builder, &tree, SCTX_WANT_TREE, 1);
    for (uint32_t i = 0; i < depth; i++) cr_assert_eq(builder.out.open(&builder.out, (sctx_str){"", 0}, SCTX_ARRAY, (sctx_span){0, 1}), 0);
    cr_assert_eq(builder.out.put(&builder.out, (sctx_str){"", 0}, &value, (sctx_span){0, 1}), 0);
    for (uint32_t i = 0; i < depth; i++) cr_assert_eq(builder.out.close(&builder.out, 1), 0);
    tree_built(&builder, SCTX_PLUGIN_OK);
    struct filter *filter = filter_compile(expression, &error);
    cr_assert_not_null(filter, "%s: %s", expression, error.text);
    bool is_yes = filter_decide(filter, &(struct filter_message){.topic = "t", .from = "f", .encoding = ""}, &tree);
    (void)snprintf(text, sizeof text, "%s", is_yes ? "yes" : "no");
    if (filter_errors(filter, &first) > 0) (void)snprintf(text, sizeof text, "error: %s", first);
    filter_free(filter);
    tree_free(&tree);
    return text;
}

static const char *answer_value(const char *expression, sctx_value value) {
    return answer_within(expression, value, 0);
}

#define expect_value(expression, value, want)                                           \
    do {                                                                                \
        const char *is_ = answer_value(expression, value);                              \
        cr_expect_str_eq(is_, want, "%s: got %s, not %s", expression, is_, want);       \
    } while (0)

static sctx_value real(double number) {
    return (sctx_value){.type = SCTX_F64, .v.f = number};
}

/* IEEE 754: NaN is unequal to everything; 2^53 = 9007199254740992. */
Test(numbers, floats) {
    expect_value("data == 0.1", real(0.1), "yes");
    expect_value("data == 0.5", real(0.5), "yes");
    expect_value("data == 0.2", real(0.1), "no");
    expect_value("data > 0.1", real(0.1), "no");
    expect_value("data >= 0.1", real(0.1), "yes");
    expect_value("data < 100", real(99.99), "yes");
    expect_value("100 > data", real(99.99), "yes");
    expect_value("data == 9007199254740992", real(0x1p53), "yes");
    expect_value("data < 9007199254740993", real(0x1p53), "yes");
    expect_value("data < 18446744073709551615", real(0x1p64), "no");
    expect_value("data > 18446744073709551615", real(0x1p64), "yes");
    expect_value("data == 18446744073709551616", real(0x1p64), "yes");
    expect_value("data == -9223372036854775808", real(-0x1p63), "yes");
    expect_value("data < -9223372036854775808", real(-0x1.8p63), "yes");
    expect_value("data > -3", real(-2.5), "yes");
    expect_value("data < -2", real(-2.5), "yes");
    expect_value("data > 2 && data < 3", real(2.5), "yes");
    expect_value("data == 0", real(-0.0), "yes");
    expect_value("data < 0", real(-0.5), "yes");
    expect_value("data == 5e-324", real(0x1p-1074), "yes");
    expect_value("data == 1.7976931348623157e308", real(0x1.fffffffffffffp1023), "yes");
    expect_value("data < 1e400", real(0x1.fffffffffffffp1023), "yes");
    expect_value("data > 1e400", real(INFINITY), "yes");
    expect_value("data == 1e400", real(INFINITY), "no");
    expect_value("data < -1e400", real(-INFINITY), "yes");
    expect_value("data > 18446744073709551615", real(INFINITY), "yes");
    expect_value("data == 0", real(NAN), "no");
    expect_value("data != 0", real(NAN), "yes");
    expect_value("data < 0 || data >= 0 || data == 0.5", real(NAN), "no");
    expect_value("data == data", real(NAN), "no");
    expect_value("data == 'x'", real(2.5), "error: data is a number (2.5), compared with a text");
}

/* Halfway between 1 and the double above, 1 + 2^-52: rounded to even, which is 1; one digit more makes it the upper one. */
Test(numbers, rounding) {
    static char expression[2000];
    const char *tie = "1.00000000000000011102230246251565404236316680908203125";
    (void)snprintf(expression, sizeof expression, "data == %s", tie);
    expect_value(expression, real(1.0), "yes");
    (void)snprintf(expression, sizeof expression, "data == %s%01000d1", tie, 0);
    expect_value(expression, real(1.0), "no");
    expect_value(expression, real(1.0 + 0x1p-52), "yes");
    (void)snprintf(expression, sizeof expression, "data == %s%01000d", tie, 0);
    expect_value(expression, real(1.0), "yes");
}

Test(numbers, bytes) {
    sctx_value bytes = {.type = SCTX_BYTES, .v.s = {"ab\xFF", 3}};
    expect_value("data == 'ab\xFF'", bytes, "yes");
    expect_value("data == 'ab'", bytes, "no");
    expect_value("data > 'ab'", bytes, "yes");
    expect_value("data ~ 'ab?'", bytes, "yes");
    expect_value("data =~ '^ab'", bytes, "yes");
    expect_value("data == 5", bytes, "error: data is bytes, compared with a number");
}

Test(numbers, labels) {
    sctx_value side = {.type = SCTX_I64, .v.i = 2, .label = {"SELL", 4}};
    expect_value("data == 2", side, "yes");
    expect_value("data == 'SELL'", side, "yes");
    expect_value("'SELL' == data", side, "yes");
    expect_value("data == 'BUY'", side, "no");
    expect_value("data != 'BUY'", side, "yes");
    expect_value("data in ['BUY', 'SELL']", side, "yes");
    expect_value("data ~ 'S*'", side, "yes");
    expect_value("data =~ '^B'", side, "no");
    expect_value("data < 'T'", side, "error: data is a number (2), which has no order, compared with a text");
}

/* 1795608000 is 2026-11-25T12:00:00Z. */
Test(numbers, moments) {
    sctx_value moment = {.type = SCTX_I64, .as = SCTX_TIME_NS, .v.i = INT64_C(1795608000000000000)};
    expect_value("data == '2026-11-25T12:00:00Z'", moment, "yes");
    expect_value("data > '2026-11-25'", moment, "yes");
    expect_value("data < '2026-11-25'", moment, "no");
    expect_value("data == time", moment, "no");
    expect_value("data == 'noon'", moment, "error: data is a number (1795608000000000000), compared with a text");
}

Test(numbers, deepest_tree) {
    const sctx_value seven = {.type = SCTX_I64, .v.i = 7};
    cr_expect_str_eq(answer_within("data.** == 7", seven, SCTX_PLUGIN_DEPTH_MAX), "yes");
    cr_expect_str_eq(answer_within("data.**[-1] == 7 && data.**.**[0].** == 7", seven, SCTX_PLUGIN_DEPTH_MAX), "yes");
    cr_expect_str_eq(answer_within("data.** == 8", seven, SCTX_PLUGIN_DEPTH_MAX), "no");
    cr_expect_str_eq(answer_within("changed(data.**) && has(data[0][0].**[0])", seven, SCTX_PLUGIN_DEPTH_MAX), "yes");
}
