/* A worker with plugins that behave and with those that do not: none takes this process down, each is named for what it did. */
#define _GNU_SOURCE
#include "worker.h"
#include "search.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct worker worker;
static struct tree tree;

static void use(const char *relative) {
    char path[4096];
    const char *build = getenv("SCTX_BUILD_DIR");
    cr_assert(build != NULL);
    (void)snprintf(path, sizeof path, "%s/%s", build, relative);
    cr_assert(worker_init(&worker, path));
    tree_init(&tree, (struct tree_limits){0});
}

static void add_topic(void) {
    const struct wire_schema lens = {.topic = 1};
    const struct worker_part parts[] = {{&lens, sizeof lens}, {"t", 1}};
    cr_assert(worker_add(&worker, WIRE_OPEN, 0, 0, parts, 2));
}

static void add_payload(const char *text) {
    const struct worker_part part = {text, strlen(text)};
    cr_assert(worker_add(&worker, WIRE_DECODE, 0, SCTX_WANT_TREE, &part, 1));
}

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

Test(worker, decodes_a_batch_again_and_again) {
    use("lib/sctx/decoders/json.so");
    cr_assert_eq(worker_start(&worker), WORKER_DONE, "%s", worker.why);
    for (int times = 0; times < 3; times++) {
        cr_assert_eq(worker_begin(&worker), WORKER_DONE);
        add_topic();
        for (int i = 0; i < WIRE_BATCH - 1; i++) add_payload(i % 2 == 0 ? "{\"a\":[1,\"two\"]}" : "[1,");
        cr_assert_not(worker_add(&worker, WIRE_DECODE, 0, 0, NULL, 0), "a batch has an end");
        cr_assert_eq(worker_run(&worker), WORKER_DONE, "%s", worker.why);
        cr_assert_eq(worker.done, (uint32_t)WIRE_BATCH);
        worker_take_tree(&worker, 0, 1, &tree);
        cr_assert(tree.status == SCTX_PLUGIN_OK && tree.count == 0 && tree.findings == 0, "opened, and no tree was wanted");
        for (uint32_t i = 1; i < WIRE_BATCH; i++) {
            bool whole = i % 2 == 1;
            worker_take_tree(&worker, i, whole ? 15 : 3, &tree);
            cr_assert_eq(tree.status, whole ? SCTX_PLUGIN_OK : SCTX_PLUGIN_TRUNCATED);
            cr_assert_eq(tree.count, whole ? 4u : 2u);
            cr_assert_eq(tree.fault_off, whole ? 0u : 3u);
            cr_assert_eq(tree.findings, 0u);
        }
    }
    worker_free(&worker);
    tree_free(&tree);
}

/* What one decode of it comes to. */
static enum worker_end visit(const char *animal) {
    char path[64];
    (void)snprintf(path, sizeof path, "zoo/%s.so", animal);
    use(path);
    enum worker_end end = worker_start(&worker);
    if (end == WORKER_DONE) {
        cr_assert_eq(worker_begin(&worker), WORKER_DONE);
        add_topic();
        add_payload("x");
        end = worker_run(&worker);
        /* On a busy machine the batch is given up before the plugin has had its time. */
        while (end == WORKER_PARTLY) {
            (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
            end = worker_begin(&worker);
        }
    }
    (void)fprintf(stderr, "%s: %s\n", animal, end == WORKER_DIED ? worker.why : "goes on");
    return end;
}

static void leave(void) {
    pid_t pid = worker.pid;
    worker_free(&worker);
    tree_free(&tree);
    if (pid > 0) cr_assert(kill(pid, 0) < 0 && errno == ESRCH);
}

Test(zoo, those_that_die_are_named, .timeout = 30) {
    static const struct {
        const char *animal, *why;
    } zoo[] = {
        {"segfault", "segmentation fault"},
        {"double_free", "abort"},
        {"exit", "called exit(0)"},
        {"abort_early", "abort"},
        {"kill_early", "kill"},
        {"deep", "stack is full"},
        {"close_all", "closed its channel"},
        {"fork", "clone"},
        {"loop", "100 ms of processor time"},
        {"sleep", "nanosleep"},
        {"connect", "socket"},
        {"leak", "crashed"},
    };
    for (size_t i = 0; i < sizeof zoo / sizeof *zoo; i++) {
        int64_t began = now_ms();
        cr_assert_eq(visit(zoo[i].animal), WORKER_DIED, "%s lives", zoo[i].animal);
        cr_assert(strstr(worker.why, zoo[i].why) != NULL, "%s: '%s', not '%s'", zoo[i].animal, worker.why, zoo[i].why);
        cr_assert_lt(now_ms() - began, WORKER_LAST_MS, "%s", zoo[i].animal);
        leave();
    }
}

/* Whoever sends the byte: before all is done it is wrong, and one too many is found at the next batch at the latest. */
Test(zoo, who_answers_for_the_worker_is_ended, .timeout = 30) {
    static const char *const animals[] = {"ring_early", "ring", "ring_and_stay"};
    for (size_t i = 0; i < sizeof animals / sizeof *animals; i++) {
        enum worker_end end = visit(animals[i]);
        if (end == WORKER_DONE) {
            cr_assert_eq(worker_begin(&worker), WORKER_DONE);
            add_payload("x");
            end = worker_run(&worker);
        }
        cr_assert_eq(end, WORKER_DIED, "%s lives", animals[i]);
        cr_assert(strstr(worker.why, "answered before it was done") != NULL, "%s: '%s'", animals[i], worker.why);
        leave();
    }
}

Test(zoo, who_answers_for_a_batch_that_was_given_up_is_ended, .timeout = 30) {
    use("zoo/ring_late.so");
    enum worker_end end = worker_start(&worker);
    /* On a busy machine the batch may be given up before it comes to the payload that matters; there that payload takes long enough by itself. */
    for (int tries = 0; tries < 50 && end == WORKER_DONE; tries++) {
        cr_assert_eq(worker_begin(&worker), WORKER_DONE);
        add_topic();
        if (tries % 2 == 0) add_payload("slow");
        add_payload("ring");
        end = worker_run(&worker);
        while (end == WORKER_PARTLY) {
            (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
            end = worker_begin(&worker);
        }
    }
    cr_assert_eq(end, WORKER_DIED);
    cr_assert(strstr(worker.why, "answered before it was done") != NULL, "'%s'", worker.why);
    leave();
}

Test(zoo, who_prints_is_noted_and_goes_on) {
    cr_assert_eq(visit("print"), WORKER_DONE, "%s", worker.why);
    cr_assert(worker.wrote);
    leave();
}

Test(zoo, a_tree_without_end_is_cut) {
    enum worker_end end = visit("huge_tree");
    if (end == WORKER_DIED) {
        cr_assert(strstr(worker.why, "processor time") != NULL, "%s", worker.why);
    } else if (worker.done == 2) {
        worker_take_tree(&worker, 1, 1, &tree);
        cr_assert(tree.cut);
        cr_assert_leq(tree.count, TREE_NODES_MAX);
    }
    leave();
}

Test(worker, what_is_no_plugin_is_refused_with_its_reason) {
    use("lib/libsctx.so");
    cr_assert_eq(worker_start(&worker), WORKER_DIED);
    cr_assert(strstr(worker.why, "sctx_plugin_v1") != NULL, "%s", worker.why);
    leave();
}

/* Ends by itself, within that time. */
static bool ends(pid_t pid, int64_t ms, siginfo_t *how) {
    how->si_pid = 0;
    for (int64_t began = now_ms(); now_ms() - began < ms;) {
        cr_assert_eq(waitid(P_PID, (id_t)pid, how, WEXITED | WNOHANG | WNOWAIT), 0);
        if (how->si_pid != 0) return true;
        (void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return false;
}

/* Shortens the life of the worker, so that a test need not wait for it. */
static void let_it_live(rlim_t seconds) {
    const struct rlimit shorter = {seconds, seconds};
    struct rlimit life;
    cr_assert_eq(prlimit(worker.pid, RLIMIT_CPU, &shorter, &life), 0);
    cr_assert_leq(life.rlim_max, 30);
}

/* Nobody waits for its answer, as when its host is stopped. It has blocked all signals. */
Test(worker, that_nobody_watches_is_ended_by_the_kernel, .timeout = 30) {
    siginfo_t how;
    use("zoo/stay.so");
    cr_assert_eq(worker_start(&worker), WORKER_DONE, "%s", worker.why);
    let_it_live(1);
    cr_assert_eq(worker_begin(&worker), WORKER_DONE);
    add_topic();
    add_payload("x");
    worker.wire->count = worker.count;
    cr_assert_eq(send(worker.socket, "", 1, 0), 1);
    cr_assert(ends(worker.pid, 20000, &how), "it runs on");
    cr_assert(how.si_code == CLD_KILLED && how.si_status == SIGKILL, "%d", how.si_status);
    cr_assert_eq(worker_run(&worker), WORKER_DIED);
    cr_assert(strstr(worker.why, "processor time") != NULL, "%s", worker.why);
    leave();
}

Test(worker, is_replaced_before_its_life_ends, .timeout = 30) {
    use("zoo/slow.so");
    for (int batch = 0; batch < 15; batch++) {
        enum worker_end end = worker_start(&worker);
        cr_assert_eq(end, WORKER_DONE, "%s", worker.why);
        if (batch == 0) let_it_live(1);
        cr_assert_eq(worker_begin(&worker), WORKER_DONE);
        add_topic();
        add_payload("x");
        end = worker_run(&worker);
        while (end == WORKER_PARTLY) end = worker_begin(&worker);
        cr_assert_eq(end, WORKER_DONE, "%s", worker.why);
    }
    cr_assert_eq(worker.generation, 2u);
    leave();
}

/* As if its host had died before the worker could ask to be told: the other end of the socket is closed, and its parent lives. */
Test(worker, without_a_host_it_runs_no_plugin, .timeout = 30) {
    char program[PATH_MAX], plugin[PATH_MAX];
    int pair[2], memory = memfd_create("test", 0);
    siginfo_t how;
    cr_assert(search_own("sctx-plugin-worker", program) && memory >= 0 && ftruncate(memory, (off_t)WIRE_BYTES) == 0);
    (void)snprintf(plugin, sizeof plugin, "%s/zoo/loop_early.so", getenv("SCTX_BUILD_DIR"));
    const uint32_t magic = WIRE_MAGIC;
    cr_assert(pwrite(memory, &magic, sizeof magic, offsetof(struct wire, magic)) == sizeof magic);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    (void)close(pair[0]);
    int socket = fcntl(pair[1], F_DUPFD, 16), shared = fcntl(memory, F_DUPFD, 16);
    pid_t pid = fork();
    if (pid == 0) {
        if (dup2(socket, WIRE_SOCKET) >= 0 && dup2(shared, WIRE_MEMORY) >= 0) (void)execl(program, program, plugin, (char *)NULL);
        _exit(77);
    }
    bool ended = ends(pid, 5000, &how);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    cr_assert(ended, "it runs on");
    cr_assert(how.si_code == CLD_EXITED && how.si_status == 1, "%d", how.si_status);
}

Test(versions, that_do_not_fit_are_refused_with_their_reason) {
    char abi[80];
    (void)snprintf(abi, sizeof abi, "built for version %u of the plugin interface, and this is version %u", SCTX_PLUGIN_ABI + 1,
                   SCTX_PLUGIN_ABI);
    const struct {
        const char *animal, *why;
    } zoo[] = {{"other_abi", abi}, {"no_symbol", "no symbol sctx_plugin_v1"}, {"no_decode", "no decode()"}, {"too_small", "no decode()"}};
    for (size_t i = 0; i < sizeof zoo / sizeof *zoo; i++) {
        cr_assert_eq(visit(zoo[i].animal), WORKER_DIED, "%s lives", zoo[i].animal);
        cr_assert(strstr(worker.why, zoo[i].why) != NULL, "%s: '%s', not '%s'", zoo[i].animal, worker.why, zoo[i].why);
        leave();
    }
}

Test(versions, a_later_one_with_more_slots_is_used_as_far_as_it_is_known) {
    cr_assert_eq(visit("later"), WORKER_DONE, "%s", worker.why);
    cr_assert(worker.has_sniff && !worker.has_encode);
    worker_take_tree(&worker, 1, 1, &tree);
    cr_assert(tree.status == SCTX_PLUGIN_OK && tree.findings == 0 && tree.count == 1 && tree.nodes[0].v.u == 42);
    leave();
}

Test(worker, starts_anew_after_its_end) {
    cr_assert_eq(visit("segfault"), WORKER_DIED);
    cr_assert_eq(worker.done, 1u, "the topic had been opened");
    cr_assert_eq(worker_start(&worker), WORKER_DONE, "%s", worker.why);
    cr_assert_eq(worker.generation, 2u);
    leave();
}
