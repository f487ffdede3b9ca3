/* The counterpart of fails.c: what is right must not be reported as failed. */
#include <criterion/criterion.h>
#include <unistd.h>

static int prepared;

static void prepare(void) {
    prepared = 1;
}

Test(passes, assert) {
    cr_assert(true);
    cr_assert_not(false);
    cr_assert_eq(2, 2);
    cr_assert_neq(2, 3);
    cr_assert_lt(1, 2);
    cr_assert_geq(2, 2, "%d", 2);
    cr_assert_null(NULL);
    cr_assert_str_eq("a", "a");
    cr_assert_str_neq("a", "b");
    cr_assert_arr_eq("abc", "abc", 3);
}

Test(passes, init, .init = prepare) {
    cr_assert_eq(prepared, 1);
}

Test(passes, exit_code, .exit_code = 3) {
    _exit(3);
}

Test(passes, skipped, .disabled = true) {
    cr_assert_fail("it was run");
}
