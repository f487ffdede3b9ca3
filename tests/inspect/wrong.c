/* Wrong expressions: what is said, and the column where the caret stands. */
#include "rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wrong {
    const char *expression, *below;
};

static unsigned check_all(const struct wrong *wrongs, size_t count) {
    unsigned bad = 0;
    for (size_t i = 0; i < count; i++) {
        static char shown[FILTER_SHOWN_MAX], want[FILTER_SHOWN_MAX];
        struct filter_error error;
        struct filter *filter = filter_compile(wrongs[i].expression, &error);
        (void)snprintf(want, sizeof want, "    %s\n    %s\n", wrongs[i].expression, wrongs[i].below);
        if (filter == NULL && filter_error_show(&error, wrongs[i].expression, shown) == strlen(want) && strcmp(shown, want) == 0) continue;
        (void)fprintf(stderr, "got\n%swant\n%s", filter != NULL ? "nothing\n" : shown, want);
        filter_free(filter);
        bad++;
    }
    return bad;
}

/* clang-format off */
Test(wrong, every_expression) {
    static const struct wrong wrongs[] = {
        {"",
         "^ expected a value: a number, a text in quotes, a field or '(', but the expression ends"},
        {"   ",
         "   ^ expected a value: a number, a text in quotes, a field or '(', but the expression ends"},
        {"data.price >> 3",
         "            ^ expected a value: a number, a text in quotes, a field or '(', but found '>'"},
        {"topci == \"x\"",
         "^ no field 'topci'; did you mean 'topic'?"},
        {"Topic == \"x\"",
         "^ no field 'Topic'; did you mean 'topic'?"},
        {"lenn > 3",
         "^ no field 'lenn'; did you mean 'len'?"},
        {"price > 100",
         "^ no field 'price': seq time topic from pid len encoding cause; within the payload: data.price"},
        {"topic = \"x\"",
         "      ^ expected '==', but found '='"},
        {"topic == x",
         "         ^ no field 'x': seq time topic from pid len encoding cause; within the payload: data.x"},
        {"topic == 5",
         "         ^ topic is a text, compared with a number"},
        {"5 == topic",
         "^ topic is a text, compared with a number"},
        {"len == \"8\"",
         "       ^ len is a number, compared with a text"},
        {"from > 3",
         "       ^ from is a text, compared with a number"},
        {"pid == true",
         "       ^ pid is a number, compared with true or false"},
        {"encoding == null",
         "            ^ encoding is never null"},
        {"cause < null",
         "        ^ null is neither less nor greater than anything: == and != only"},
        {"data.x < null",
         "         ^ null is neither less nor greater than anything: == and != only"},
        {"data.x < true",
         "         ^ true and false are neither less nor greater: == and != only"},
        {"time > 10ms",
         "       ^ time is a moment: expected one as \"2026-11-25T12:00:00Z\", or ns since 1970"},
        {"time > \"yesterday\"",
         "       ^ expected a time as \"2026-11-25T12:00:00Z\", or ns since 1970"},
        {"time > \"2026-02-29\"",
         "       ^ expected a time as \"2026-11-25T12:00:00Z\", or ns since 1970"},
        {"time in [\"2026-01-01\", \"soon\"]",
         "                       ^ expected a time as \"2026-11-25T12:00:00Z\", or ns since 1970"},
        {"len < 10ms",
         "      ^ len is no duration"},
        {"seq > 4KiB",
         "      ^ seq is no number of bytes"},
        {"topic",
         "^ topic is a text, and no condition: compare it with something"},
        {"len && true",
         "^ len is a number, and no condition: compare it with something"},
        {"5",
         "^ 5 is a number, and no condition: compare it with something"},
        {"\"text\" || true",
         "^ \"text\" is a text, and no condition: compare it with something"},
        {"seq == 1 && from",
         "            ^ from is a text, and no condition: compare it with something"},
        {"!len < 8",
         "     ^ '!' takes only what follows it at once: write !(... < ...)"},
        {"!topic",
         " ^ topic is a text, and no condition: compare it with something"},
        {"(len < 8) == true",
         "          ^ a condition cannot be compared: use '&&', '||' and '!'"},
        {"1 < seq < 5",
         "        ^ comparisons do not follow each other: write a < b && b < c"},
        {"seq == 1 and len == 2",
         "         ^ expected '&&', '||' or the end, but found 'and': did you mean '&&'?"},
        {"seq == 1 or len == 2",
         "         ^ expected '&&', '||' or the end, but found 'or': did you mean '||'?"},
        {"not has(data.x)",
         "^ expected a value: a number, a text in quotes, a field or '(', but found 'not': did you mean '!'?"},
        {"seq == 1 & len == 2",
         "         ^ expected '&&', but found one '&'"},
        {"seq == 1 | len == 2",
         "         ^ expected '||', but found one '|'"},
        {"seq == 1 &&",
         "           ^ expected a value: a number, a text in quotes, a field or '(', but the expression ends"},
        {"(seq == 1",
         "         ^ expected '&&', '||' or ')', but the expression ends"},
        {"(seq == 1 len",
         "          ^ expected '&&', '||' or ')', but found 'len'"},
        {"seq == 1)",
         "        ^ expected '&&', '||' or the end, but found ')'"},
        {"seq",
         "^ seq is a number, and no condition: compare it with something"},
        {"seq 5",
         "    ^ expected a comparison (== != < <= > >= ~ !~ =~ !=~ in), but found '5'"},
        {"len == 1 len == 2",
         "         ^ expected '&&', '||' or the end, but found 'len'"},
        {"data.",
         "     ^ expected a name, '*' or '**' after the point; names with blanks and signs: data[\"...\"]"},
        {"data.price.",
         "           ^ expected a name, '*' or '**' after the point; names with blanks and signs: data[\"...\"]"},
        {"data..x",
         "     ^ expected a name, '*' or '**' after the point; names with blanks and signs: data[\"...\"]"},
        {"data.x y",
         "       ^ expected a comparison (== != < <= > >= ~ !~ =~ !=~ in), but found 'y'"},
        {"data[",
         "     ^ expected an index, '*' or a name in quotes"},
        {"data[x]",
         "     ^ expected an index, '*' or a name in quotes"},
        {"data[1",
         "      ^ expected ']'"},
        {"data[\"x\"",
         "        ^ expected ']'"},
        {"data[-]",
         "     ^ expected an index, '*' or a name in quotes"},
        {"data[12345678901]",
         "     ^ an index has at most 9 digits"},
        {"data .x == 1",
         "     ^ expected a comparison (== != < <= > >= ~ !~ =~ !=~ in), but found '.'"},
        {"topic.name == \"x\"",
         "     ^ 'topic' has nothing within it; only data has"},
        {"len[0] == 1",
         "   ^ 'len' has nothing within it; only data has"},
        {"\"abc",
         "^ the text that begins here does not end: a \" is missing"},
        {"data == 'abc",
         "        ^ the text that begins here does not end: a ' is missing"},
        {"data == \"a\\qb\"",
         "          ^ expected an escape as JSON has them (\\n, \\\", \\\\, \\u00e9); within '...' a backslash is itself"},
        {"data =~ \"\\.\"",
         "         ^ expected an escape as JSON has them (\\n, \\\", \\\\, \\u00e9); within '...' a backslash is itself"},
        {"data == \"\\u12\"",
         "         ^ expected an escape as JSON has them (\\n, \\\", \\\\, \\u00e9); within '...' a backslash is itself"},
        {"data == 5.",
         "          ^ expected a digit after the point"},
        {"data == 10 ms",
         "           ^ expected '&&', '||' or the end, but found 'ms'"},
        {"data == 10mss",
         "          ^ no unit 'mss': ns us ms s m h d, B kB MB GB TB KiB MiB GiB TiB; did you mean 'ms'?"},
        {"data == 10KB",
         "          ^ no unit 'KB': ns us ms s m h d, B kB MB GB TB KiB MiB GiB TiB; did you mean 'kB'?"},
        {"data == 10sec",
         "          ^ no unit 'sec': ns us ms s m h d, B kB MB GB TB KiB MiB GiB TiB"},
        {"data == 1.5ns",
         "        ^ not a whole number of nanoseconds"},
        {"data == 1e3ms",
         "           ^ a number with an exponent has no unit"},
        {"data == 300000000000d",
         "        ^ too large: at most 2^63 - 1 nanoseconds or bytes"},
        {"data == 0x",
         "          ^ expected a hexadecimal digit"},
        {"data == 0xfg",
         "           ^ expected a hexadecimal digit"},
        {"data == 0x10000000000000000",
         "        ^ a hexadecimal number has at most 64 bits"},
        {"data == -",
         "        ^ expected a value: a number, a text in quotes, a field or '(', but found '-'"},
        {"data == - 5",
         "        ^ expected a value: a number, a text in quotes, a field or '(', but found '-'"},
        {"data == +5",
         "        ^ expected a value: a number, a text in quotes, a field or '(', but found '+'"},
        {"topic ~ 5",
         "        ^ expected a pattern in quotes, but found '5'"},
        {"topic ~ from",
         "        ^ expected a pattern in quotes, but found 'from'"},
        {"len ~ \"1*\"",
         "^ len is a number; '~' is for texts"},
        {"seq =~ \"1\"",
         "^ seq is a number; '=~' is for texts"},
        {"topic ~ \"ord*\"",
         "        ^ in a topic's pattern '*' and '**' are whole levels, as in order/*; for less there is '=~'"},
        {"topic ~ \"a//b\"",
         "        ^ a topic has no empty level: nothing matches this"},
        {"topic ~ \"***\"",
         "        ^ in a topic's pattern '*' and '**' are whole levels, as in order/*; for less there is '=~'"},
        {"topic == \"order/*\"",
         "         ^ no topic has a '*' in its name: for patterns there is '~'"},
        {"topic in [\"order/*\"]",
         "          ^ no topic has a '*' in its name: for patterns there is '~'"},
        {"topic =~ \"(\"",
         "         ^ no regular expression: Unmatched ( or \\("},
        {"topic =~ \"[a\"",
         "         ^ no regular expression: Unmatched [, [^, [:, [., or [="},
        {"topic =~ '(a)\\1'",
         "         ^ a regular expression may not refer back to what it matched"},
        {"topic =~ 'a{1000}{1000}'",
         "         ^ a regular expression is too large if it has more than 2000 characters with all repetitions written out"},
        {"data in 5",
         "        ^ expected a list after 'in': [1, 2, \"x\"], but found '5'"},
        {"data in []",
         "         ^ expected a number, a text in quotes, true, false or null, but found ']'"},
        {"data in [1 2]",
         "           ^ expected ',' or ']', but found '2'"},
        {"data in [1, seq]",
         "            ^ expected a number or a text: fields have no place in a list"},
        {"data in [1,",
         "           ^ expected a number, a text in quotes, true, false or null, but the expression ends"},
        {"seq in [\"x\"]",
         "        ^ seq is a number, compared with a text"},
        {"has()",
         "    ^ expected a field of the payload: data, data.NAME, but found ')'"},
        {"has data.x",
         "    ^ expected '(', but found 'data'"},
        {"has(topic)",
         "    ^ expected a field of the payload: data, data.NAME, but found 'topic'"},
        {"has(data.x",
         "          ^ expected ')', but the expression ends"},
        {"changed(5)",
         "        ^ expected a field of the payload: data, data.NAME, but found '5'"},
        {"changed(data.x, 1)",
         "              ^ expected ')', but found ','"},
        {"has(data.x) == true",
         "            ^ a condition cannot be compared: use '&&', '||' and '!'"},
        {"data.* == data.**",
         "          ^ only one side of a comparison may have '*' or '**'"},
        {"#",
         "^ expected a value: a number, a text in quotes, a field or '(', but found '#'"},
        {"seq == 1 # comment",
         "         ^ expected '&&', '||' or the end, but found '#'"},
        {"seq == 1; len == 2",
         "        ^ expected '&&', '||' or the end, but found ';'"},
        {"data.x == {}",
         "          ^ expected a value: a number, a text in quotes, a field or '(', but found '{'"},
        {"in",
         "^ expected a value: a number, a text in quotes, a field or '(', but found 'in'"},
        {"true == (1 == 1)",
         "         ^ expected a value, but this is a condition"},
    };
    cr_assert_eq(check_all(wrongs, sizeof wrongs / sizeof *wrongs), 0);
}
/* clang-format on */

static const char *shown_of(const char *expression) {
    static char shown[FILTER_SHOWN_MAX];
    struct filter_error error;
    struct filter *filter = filter_compile(expression, &error);
    cr_assert_null(filter);
    cr_assert_leq(error.offset, strlen(expression));
    (void)filter_error_show(&error, expression, shown);
    return shown;
}

#define OPERATOR "expected a comparison (== != < <= > >= ~ !~ =~ !=~ in), but found "

/* What is before the caret takes as many columns on a terminal: two bytes in one column, three in two, a combining accent in none. */
Test(wrong, caret_below_wide_characters) {
    cr_expect_str_eq(shown_of("data.\xC3\xA9t\xC3\xA9 5"), "    data.\xC3\xA9t\xC3\xA9 5\n             ^ " OPERATOR "'5'\n");
    cr_expect_str_eq(shown_of("data.\xE4\xBE\xA1\xE6\xA0\xBC 5"), "    data.\xE4\xBE\xA1\xE6\xA0\xBC 5\n              ^ " OPERATOR "'5'\n");
    cr_expect_str_eq(shown_of("data.e\xCC\x81 5"), "    data.e\xCC\x81 5\n           ^ " OPERATOR "'5'\n");
    cr_expect_str_eq(shown_of("data.x \xE2\x82\xAC"), "    data.x \xE2\x82\xAC\n           ^ " OPERATOR "'\xE2\x82\xAC'\n");
}

/* A tab or a line end is a blank, so that the caret's line and the expression's stay two. */
Test(wrong, caret_behind_tabs_and_line_ends) {
    cr_expect_str_eq(shown_of("\tlen\n\t5"), "     len  5\n          ^ " OPERATOR "'5'\n");
}

/* Escape, a right-to-left override, a byte that is no UTF-8: none of it reaches a terminal. */
Test(wrong, expression_is_made_harmless) {
    cr_expect_str_eq(shown_of("'\x1b[2J' 5"), "    '\\x1B[2J' 5\n              ^ " OPERATOR "'5'\n");
    cr_expect_str_eq(shown_of("'\xE2\x80\xAE' 5"), "    '\\u{202E}' 5\n               ^ " OPERATOR "'5'\n");
    cr_expect_str_eq(shown_of("'\xFF' 5"), "    '\\xFF' 5\n           ^ " OPERATOR "'5'\n");
    cr_expect_str_eq(shown_of("data.x \x1b"), "    data.x \\x1B\n           ^ " OPERATOR "'\\x1B'\n");
    cr_expect_str_eq(shown_of("data.x \xFF"), "    data.x \\xFF\n           ^ " OPERATOR "'\\xFF'\n");
}

/* 64 bytes before the place, 48 behind it. */
Test(wrong, long_expression_is_cut) {
    char expression[400];
    (void)snprintf(expression, sizeof expression, "'%0200d' 5 && '%0100d'", 0, 0);
    cr_expect_str_eq(shown_of(expression), "    ...00000000000000000000000000000000000000000000000000000000000000' 5 && "
                                           "'000000000000000000000000000000000000000000...\n"
                                           "                                                                       ^ " OPERATOR "'5'\n");
}

/* Every byte of an expression may be the place, and any text be in it: the result stays in its bounds. */
Test(wrong, any_place_can_be_shown) {
    char expression[600], shown[FILTER_SHOWN_MAX];
    struct filter_error error = {.offset = 0};
    memset(error.text, 'x', sizeof error.text - 1);
    for (unsigned c = 1; c < 256; c++) {
        memset(expression, (int)c, sizeof expression - 1);
        expression[sizeof expression - 1] = '\0';
        for (error.offset = 0; error.offset < sizeof expression + 3; error.offset += 7) {
            size_t len = filter_error_show(&error, expression, shown);
            cr_assert(len < FILTER_SHOWN_MAX && strlen(shown) == len && shown[len - 1] == '\n');
            cr_assert_not_null(strstr(shown, error.text), "the error's text is always there");
        }
    }
}

/* A text of 255 bytes at most, whatever it quotes. */
Test(wrong, long_words_are_cut) {
    cr_expect_str_eq(shown_of("abcdefghijklmnopqrstuvwxyz == 1"),
                     "    abcdefghijklmnopqrstuvwxyz == 1\n"
                     "    ^ no field 'abcdefghijklmnopqrstuvwx...': seq time topic from pid len encoding cause; within the payload: "
                     "data.abcdefghijklmnopqrstuvwx...\n");
}

/* ---- limits ----------------------------------------------------------------------------------------------------------------- */

/* `count` times `part`, with `before` and `behind`; to be freed. */
static char *repeated(const char *before, const char *part, size_t count, const char *behind) {
    size_t len = strlen(part);
    char *text = malloc(strlen(before) + len * count + strlen(behind) + 1);
    cr_assert_not_null(text);
    char *at = stpcpy(text, before);
    for (size_t i = 0; i < count; i++) at = stpcpy(at, part);
    strcpy(at, behind);
    return text;
}

static void expect_limit(char *expression, const char *want) {
    const char *is = answer(expression, "{\"seq\":1,\"data\":true}");
    cr_expect(strncmp(is, want, strlen(want)) == 0, "got %s, not %s", is, want);
    free(expression);
}

static char *nested(const char *before, size_t depth, const char *inner) {
    char *close = repeated(inner, before[0] == '(' ? ")" : "", depth, "");
    char *expression = repeated("", before, depth, close);
    free(close);
    return expression;
}

Test(wrong, limits) {
    expect_limit(nested("(", 100, "seq == 1"), "yes");
    expect_limit(nested("(", 101, "seq == 1"), "wrong 100: nested too deeply");
    expect_limit(nested("!", 100, "true"), "yes");
    expect_limit(nested("!", 101, "true"), "wrong 100: nested too deeply");
    expect_limit(nested("(", 60000, "seq == 1"), "wrong 65536: an expression has at most 65536 bytes");
}

Test(wrong, limits_of_length) {
    /* 9 + 13 * 5040 + 7 = 65536 */
    expect_limit(repeated("seq == 1 ", "&& (seq == 1)", 5040, "       "), "yes");
    expect_limit(repeated("seq == 1 ", "&& (seq == 1)", 5040, "        "), "wrong 65536: an expression has at most 65536 bytes");
    expect_limit(repeated("", "(", 65536, ""), "wrong 100: nested too deeply");
    expect_limit(repeated("", "!", 65536, ""), "wrong 100: nested too deeply");
    expect_limit(repeated("seq in [1", ",1", 32000, "]"), "yes");
    expect_limit(repeated("data == '", "x", 65000, "'"), "error: data is true or false, compared with a text");
}

Test(wrong, limits_of_parts) {
    expect_limit(repeated("has(data", ".x", 60, ")"), "no");
    expect_limit(repeated("has(data", ".x", 61, ")"), "wrong 128: a path has at most 60 steps");
    expect_limit(repeated("has(data", ".**", 60, ")"), "yes");
    expect_limit(repeated("changed(data)", " && changed(data)", 15, ""), "yes");
    expect_limit(repeated("changed(data)", " && changed(data)", 16, ""), "wrong 272: at most 16 changed() in one expression");
    expect_limit(repeated("topic =~ ''", " && topic =~ ''", 63, ""), "yes");
    expect_limit(repeated("topic =~ ''", " && topic =~ ''", 64, ""), "wrong 969: at most 64 regular expressions in one filter");
    expect_limit(repeated("topic == ''", " && topic == ''", 200, ""), "yes");
    expect_limit(repeated("from ~ '", "*", 255, "'"), "yes");
    expect_limit(repeated("from ~ '", "*", 256, "'"), "wrong 7: a pattern has at most 255 bytes");
    expect_limit(repeated("from =~ '", "(", 255, "'"), "wrong 8: no regular expression");
    expect_limit(repeated("from =~ '", "[0-9]+", 42, "'"), "no");
    expect_limit(repeated("from =~ 'a", "+", 10, "'"), "no");
    expect_limit(repeated("from =~ 'a", "+", 11, "'"), "wrong 8: a regular expression is too large");
    expect_limit(repeated("from =~ '", "(", 11, "a+)+)+)+)+)+)+)+)+)+)+)+'"), "wrong 8: a regular expression is too large");
    expect_limit(repeated("from =~ '", "a{100}", 20, "'"), "no");
    expect_limit(repeated("from =~ '", "a{100}", 21, "'"), "wrong 8: a regular expression is too large");
    expect_limit(repeated("from =~ '", "", 0, "(a{40}){48}'"), "no");
    expect_limit(repeated("from =~ '", "", 0, "(a{1,40}){,50}'"), "wrong 8: a regular expression is too large");
    expect_limit(repeated("from =~ '", "", 0, "a{1990}[]{2000}[:alpha:]]'"), "no");
    expect_limit(repeated("from =~ '", "", 0, "a{99999999999999999999}'"), "wrong 8: a regular expression is too large");
}
