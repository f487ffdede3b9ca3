/* Every test in here must be reported as failed, each in its own way: check.sh counts them. */
#include <criterion/criterion.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

Test(fails, assert) {
    cr_assert_eq(1 + 1, 3, "one and one is %d", 2);
}

Test(fails, expect) {
    cr_expect(false);
}

Test(fails, killed) {
    raise(SIGKILL);
}

Test(fails, hangs, .timeout = 1) {
    for (;;) pause();
}

/* As tests with children do it: the child says by its exit code that something was wrong. */
Test(fails, child) {
    pid_t child = fork();
    if (child == 0) _exit(7);
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child failed");
}
