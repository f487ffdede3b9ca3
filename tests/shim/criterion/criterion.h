/* A stand-in for the part of Criterion's interface that these tests use, for machines where Criterion cannot run: it starts tests by
 * executing itself again, which a program for another processor under qemu-user cannot do. Here each test runs in a forked child.
 *
 * There is: Test() with init, fini, timeout, signal, exit_code, disabled; TestSuite() likewise; cr_assert_* and cr_expect_* on values, pointers,
 * strings and bytes, with an optional printf text; cr_skip, cr_log_*. Program options: --filter=SUITE/NAME (with * and ?), --list; others are ignored. */
#ifndef SCTX_SHIM_CRITERION_H
#define SCTX_SHIM_CRITERION_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct criterion_test_extra_data {
    int sentinel_;
    void (*init)(void);
    void (*fini)(void);
    int signal;
    int exit_code;
    bool disabled;
    const char *description;
    double timeout;
    void *data;
};

struct shim_test {
    const char *suite, *name;
    void (*run)(void);
    struct criterion_test_extra_data extra;
    struct shim_test *next;
};

void shim_add(struct shim_test *test);
void shim_add_suite(const char *suite, const struct criterion_test_extra_data *extra);
void shim_failed(const char *file, int line, const char *what, bool stop, const char *format, ...) __attribute__((format(printf, 5, 6)));
void shim_skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define Test(suite_, name_, ...)                                                   \
    static void suite_##_##name_##_run(void);                                      \
    __attribute__((constructor)) static void suite_##_##name_##_add(void) {        \
        static struct shim_test test = {.suite = #suite_,                          \
                                        .name = #name_,                            \
                                        .run = suite_##_##name_##_run,             \
                                        .extra = {.sentinel_ = 0, ##__VA_ARGS__}}; \
        shim_add(&test);                                                           \
    }                                                                              \
    static void suite_##_##name_##_run(void)

#define TestSuite(suite_, ...)                                                                 \
    __attribute__((constructor)) static void suite_##_suite_add(void) {                        \
        static const struct criterion_test_extra_data extra = {.sentinel_ = 0, ##__VA_ARGS__}; \
        shim_add_suite(#suite_, &extra);                                                       \
    }                                                                                          \
    struct shim_test

#define SHIM_CHECK(stop, condition, what, ...)                                         \
    do {                                                                               \
        if (!(condition)) shim_failed(__FILE__, __LINE__, what, stop, "" __VA_ARGS__); \
    } while (0)

#define cr_assert(c, ...) SHIM_CHECK(true, (c), #c, __VA_ARGS__)
#define cr_assert_not(c, ...) SHIM_CHECK(true, !(c), "!" #c, __VA_ARGS__)
#define cr_assert_fail(...) SHIM_CHECK(true, false, "fail", __VA_ARGS__)
#define cr_assert_eq(a, b, ...) SHIM_CHECK(true, (a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...) SHIM_CHECK(true, (a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...) SHIM_CHECK(true, (a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...) SHIM_CHECK(true, (a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...) SHIM_CHECK(true, (a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...) SHIM_CHECK(true, (a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_assert_null(p, ...) SHIM_CHECK(true, (p) == NULL, #p " == NULL", __VA_ARGS__)
#define cr_assert_not_null(p, ...) SHIM_CHECK(true, (p) != NULL, #p " != NULL", __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) SHIM_CHECK(true, strcmp((a), (b)) == 0, #a " is " #b, __VA_ARGS__)
#define cr_assert_str_neq(a, b, ...) SHIM_CHECK(true, strcmp((a), (b)) != 0, #a " is not " #b, __VA_ARGS__)
#define cr_assert_str_empty(s, ...) SHIM_CHECK(true, *(s) == '\0', #s " is empty", __VA_ARGS__)
#define cr_assert_str_not_empty(s, ...) SHIM_CHECK(true, *(s) != '\0', #s " is not empty", __VA_ARGS__)
#define cr_assert_arr_eq(a, b, n, ...) SHIM_CHECK(true, memcmp((a), (b), (n)) == 0, #a " has the bytes of " #b, __VA_ARGS__)
#define cr_assert_arr_neq(a, b, n, ...) SHIM_CHECK(true, memcmp((a), (b), (n)) != 0, #a " differs from " #b, __VA_ARGS__)
#define cr_assert_float_eq(a, b, e, ...) SHIM_CHECK(true, (a) - (b) <= (e) && (b) - (a) <= (e), #a " is about " #b, __VA_ARGS__)

#define cr_expect(c, ...) SHIM_CHECK(false, (c), #c, __VA_ARGS__)
#define cr_expect_not(c, ...) SHIM_CHECK(false, !(c), "!" #c, __VA_ARGS__)
#define cr_expect_fail(...) SHIM_CHECK(false, false, "fail", __VA_ARGS__)
#define cr_fail(...) SHIM_CHECK(false, false, "fail", __VA_ARGS__)
#define cr_expect_eq(a, b, ...) SHIM_CHECK(false, (a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_expect_neq(a, b, ...) SHIM_CHECK(false, (a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_expect_lt(a, b, ...) SHIM_CHECK(false, (a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_expect_leq(a, b, ...) SHIM_CHECK(false, (a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_expect_gt(a, b, ...) SHIM_CHECK(false, (a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_expect_geq(a, b, ...) SHIM_CHECK(false, (a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_expect_null(p, ...) SHIM_CHECK(false, (p) == NULL, #p " == NULL", __VA_ARGS__)
#define cr_expect_not_null(p, ...) SHIM_CHECK(false, (p) != NULL, #p " != NULL", __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...) SHIM_CHECK(false, strcmp((a), (b)) == 0, #a " is " #b, __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...) SHIM_CHECK(false, strcmp((a), (b)) != 0, #a " is not " #b, __VA_ARGS__)
#define cr_expect_arr_eq(a, b, n, ...) SHIM_CHECK(false, memcmp((a), (b), (n)) == 0, #a " has the bytes of " #b, __VA_ARGS__)

#define cr_skip(...) shim_skip("" __VA_ARGS__)
#define cr_skip_test(...) shim_skip("" __VA_ARGS__)
#define cr_log_info(...) ((void)fprintf(stderr, __VA_ARGS__), (void)fputc('\n', stderr))
#define cr_log_warn(...) cr_log_info(__VA_ARGS__)
#define cr_log_error(...) cr_log_info(__VA_ARGS__)
#endif
