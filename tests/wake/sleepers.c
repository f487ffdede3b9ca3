/* Sleepers and those who wake them: 30 processes on different topics and patterns, writers at random with pauses, readers killed while they are
 * being woken. What counts is the time from publishing (in the payload) to the sleeper's read. */
#include "../unit/rig.h"
#include "testpoint.h"
#include "wait.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLEEPERS 30u
#define TOPICS 40u
#define WRITERS 2u
#define LATE_NS (WAIT_TIMEOUT_NS + 250 * MS) /* the bus's own time-out, and as much for the scheduler of a busy machine */

struct payload {
    int64_t time;
    uint32_t stop, number;
};

/* Counted by all processes together. */
static struct shared {
    _Atomic uint32_t ready, running, done;
    _Atomic uint64_t calls, turns, announced;    /* wake system calls; latches taken down; sleepers that put theirs up */
    _Atomic uint64_t delivered, published, late; /* late: by more than LATE_NS */
    _Atomic uint64_t overslept;                  /* woken by the bus's time-out, as it seems */
    _Atomic int64_t worst;
} * shared;

static void count_steps(const char *name) {
    if (strcmp(name, "wake:before-call") == 0) atomic_fetch_add(&shared->calls, 1);
    if (strcmp(name, "wake:cleared") == 0) atomic_fetch_add(&shared->turns, 1);
    if (strcmp(name, "wait:latched") == 0) atomic_fetch_add(&shared->announced, 1);
}

static void topic_name(char name[32], uint32_t number) {
    (void)snprintf(name, 32, "w/%u/%u", number % 4, number);
}

/* What sleeper `number` waits for: mostly a topic of its own; some share one, some have patterns, one takes everything. */
static void pattern_of(char pattern[32], uint32_t number) {
    if (number < 20)
        topic_name(pattern, number);
    else if (number < 25)
        topic_name(pattern, number % 3);
    else if (number < 29)
        (void)snprintf(pattern, 32, "w/%u/*", number % 4);
    else
        (void)snprintf(pattern, 32, "**");
}

static void note_latency(int64_t ns) {
    int64_t worst = atomic_load(&shared->worst);
    while (ns > worst && !atomic_compare_exchange_weak(&shared->worst, &worst, ns)) {}
    if (ns > LATE_NS) atomic_fetch_add(&shared->late, 1);
    if (ns > WAIT_TIMEOUT_NS / 2) atomic_fetch_add(&shared->overslept, 1);
    atomic_fetch_add(&shared->delivered, 1);
}

/* Sleeps and reads until it is told to stop. */
static int sleeper(void *argument) {
    char pattern[32];
    pattern_of(pattern, *(uint32_t *)argument);
    sctx_testpoint_hook = count_steps;
    sctx *ctx = rig_join("wake", "sleeper");
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, pattern);
    atomic_fetch_add(&shared->ready, 1);
    for (;;) {
        struct sctx_message m;
        struct payload p;
        int rc = sctx_wait(r, 20 * SECOND);
        if (rc == SCTX_ERR_REMOVED) return 0;
        MUST_OK(rc);
        while ((rc = sctx_read(r, &m)) == SCTX_OK) {
            MUST(m.len == sizeof p);
            memcpy(&p, m.data, sizeof p);
            note_latency(rig_now_ns() - p.time);
        }
        if (rc == SCTX_ERR_REMOVED) return 0;
        MUST(rc == SCTX_AGAIN);
    }
}

static int writer(void *argument) {
    uint64_t random = *(uint32_t *)argument * 1000 + 7;
    uint16_t topics[TOPICS];
    char name[32];
    sctx_testpoint_hook = count_steps;
    sctx *ctx = rig_join("wake", "writer");
    sctx_writer *w = rig_writer(ctx);
    for (uint32_t i = 0; i < TOPICS; i++) {
        topic_name(name, i);
        topics[i] = rig_topic(ctx, name);
    }
    rig_await(&shared->running, 1);
    while (!atomic_load(&shared->done)) {
        for (uint64_t burst = 1 + rig_random(&random) % 8; burst; burst--) {
            uint32_t number = (uint32_t)(rig_random(&random) % TOPICS);
            struct payload p = {.time = rig_now_ns(), .number = number};
            MUST_OK(sctx_publish(w, topics[number], &p, sizeof p, NULL));
            atomic_fetch_add(&shared->published, 1);
        }
        uint64_t pause = rig_random(&random) % 16;
        if (pause) (void)usleep((useconds_t)(pause * pause * 100)); /* sometimes long enough for all to fall asleep */
    }
    sctx_writer_close(w);
    sctx_close(ctx);
    return 0;
}

static void start_sleepers(pid_t *children, uint32_t *numbers) {
    for (uint32_t i = 0; i < SLEEPERS; i++) {
        numbers[i] = i;
        children[i] = rig_child(sleeper, &numbers[i]);
    }
    rig_await(&shared->ready, SLEEPERS);
}

static void report(const char *what, unsigned kills) {
    (void)fprintf(
        stderr,
        "%s: %llu published, %llu delivered, %u kills, the latest after %.1f ms; %llu wake calls, %llu latches taken down, %llu put up\n",
        what, (unsigned long long)shared->published, (unsigned long long)shared->delivered, kills, (double)shared->worst / 1e6,
        (unsigned long long)shared->calls, (unsigned long long)shared->turns, (unsigned long long)shared->announced);
}

/* Runs writers for `ns`; at random moments a sleeper is killed and another put in its place. */
static unsigned traffic(int64_t ns, bool kills) {
    pid_t children[SLEEPERS], writers[WRITERS];
    uint32_t numbers[SLEEPERS], writer_numbers[WRITERS];
    uint64_t random = 5;
    unsigned killed = 0;
    sctx *ctx = rig_new("wake", NULL);
    for (uint32_t i = 0; i < TOPICS;
         i++) { /* those of half of the topics are made later, by the writers: sleepers with patterns see them come */
        char name[32];
        topic_name(name, i);
        if (i % 2) (void)rig_topic(ctx, name);
    }
    start_sleepers(children, numbers);
    for (uint32_t i = 0; i < WRITERS; i++) {
        writer_numbers[i] = i;
        writers[i] = rig_child(writer, &writer_numbers[i]);
    }
    atomic_store(&shared->running, 1);
    for (int64_t end = rig_now_ns() + ns; rig_now_ns() < end;) {
        (void)usleep((useconds_t)(1000 + rig_random(&random) % 20000));
        if (!kills) continue;
        uint32_t victim = (uint32_t)(rig_random(&random) % SLEEPERS), ready = atomic_load(&shared->ready);
        MUST(kill(children[victim], SIGKILL) == 0);
        MUST(rig_child_result(children[victim]) == 128 + SIGKILL);
        children[victim] = rig_child(sleeper, &numbers[victim]);
        rig_await(&shared->ready, ready + 1);
        killed++;
    }
    atomic_store(&shared->done, 1);
    for (uint32_t i = 0; i < WRITERS; i++) cr_assert_eq(rig_child_result(writers[i]), 0);
    (void)usleep(300000); /* whoever still sleeps past a message is woken by the time-out now */
    cr_assert_eq(sctx_remove("wake", NULL, NULL), SCTX_OK);
    for (uint32_t i = 0; i < SLEEPERS; i++) cr_assert_eq(rig_child_result(children[i]), 0, "sleeper %u", i);
    sctx_close(ctx);
    return killed;
}

Test(wake, nobody_oversleeps, .timeout = 50) {
    shared = rig_shared(sizeof *shared);
    (void)traffic(6 * SECOND, false);
    report("sleepers", 0);
    cr_assert_eq(shared->late, 0, "%llu of %llu came late", (unsigned long long)shared->late, (unsigned long long)shared->delivered);
    cr_assert_gt(shared->delivered, shared->published);
    cr_assert_lt(shared->overslept, shared->delivered / 200, "%llu were not woken", (unsigned long long)shared->overslept);
    cr_assert_leq(shared->calls, shared->turns, "one call for each turn from idle to busy");
    cr_assert_leq(shared->turns, shared->announced, "and only where somebody had gone to sleep");
}

Test(wake, nobody_oversleeps_while_others_are_killed, .timeout = 50) {
    shared = rig_shared(sizeof *shared);
    unsigned kills = traffic(8 * SECOND, true);
    report("sleepers, killed at random", kills);
    cr_assert_gt(kills, 50);
    cr_assert_eq(shared->late, 0, "%llu of %llu came late", (unsigned long long)shared->late, (unsigned long long)shared->delivered);
    cr_assert_leq(shared->calls, shared->turns);
}

/* While nobody sleeps there is no system call, however much is published. */
Test(wake, no_call_while_all_are_busy) {
    shared = rig_shared(sizeof *shared);
    sctx *ctx = rig_new("wake", NULL);
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t topic = rig_topic(ctx, "a");
    cr_assert_eq(sctx_wait(r, MS), SCTX_TIMEOUT); /* slept once: its latch is still up */
    sctx_testpoint_hook = count_steps;
    for (int i = 0; i < 100000; i++) {
        (void)rig_say(w, topic, "x");
        if (i % 10 == 0) (void)rig_drain(r);
    }
    sctx_testpoint_hook = NULL;
    cr_assert_leq(shared->calls, 1, "%llu", (unsigned long long)shared->calls);
    sctx_reader_close(r);
    sctx_writer_close(w);
    rig_end(ctx, "wake");
}

/* A message at the worst moments: between the look that found nothing and the latch, between the latch and the sleep. */
static sctx *hooked_ctx;
static const char *hooked_step;
static uint32_t hooked_times;
static sctx_writer *hooked_writer;
static void message_comes(const char *name) {
    if (strcmp(name, hooked_step) == 0 && hooked_times++ == 0) (void)rig_say(hooked_writer, 0, "x");
}

Test(wake, message_that_comes_while_falling_asleep, .timeout = 20) {
    static const char *const steps[] = {"wait:before-latch", "wait:latched"};
    sctx *ctx = rig_new("wake", NULL);
    hooked_ctx = rig_join("wake", "other");
    hooked_writer = rig_writer(hooked_ctx);
    (void)rig_topic(ctx, "a");
    for (int i = 0; i < 4; i++) {
        sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, i / 2 ? "a" : NULL);
        hooked_step = steps[i % 2];
        hooked_times = 0;
        sctx_testpoint_hook = message_comes;
        int64_t begin = rig_now_ns();
        cr_assert_eq(sctx_wait(r, 10 * SECOND), SCTX_OK);
        int64_t took = rig_now_ns() - begin;
        sctx_testpoint_hook = NULL;
        cr_assert(hooked_times > 0 && took < 200 * MS, "case %d: after %.1f ms", i, (double)took / 1e6);
        sctx_reader_close(r);
    }
    sctx_writer_close(hooked_writer);
    sctx_close(hooked_ctx);
    rig_end(ctx, "wake");
}

/* ---- a new topic ------------------------------------------------------------------------------------------------------------ */

static int wait_for_late(void *argument) {
    (void)argument;
    sctx *ctx = rig_join("wake", "sleeper");
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, "late/**");
    struct sctx_message m;
    struct payload p;
    atomic_store(&shared->ready, 1);
    for (uint32_t expected = 0;; expected++) {
        int rc;
        while ((rc = sctx_read(r, &m)) == SCTX_AGAIN) MUST_OK(sctx_wait(r, 10 * SECOND));
        MUST_OK(rc);
        memcpy(&p, m.data, sizeof p);
        MUST(p.number == expected);
        note_latency(rig_now_ns() - p.time);
        atomic_store(&shared->done, expected + 1);
        if (p.stop) return 0;
    }
}

/* Each message is on a topic that did not exist when the sleeper fell asleep. */
Test(wake, new_topics_wake_those_whose_pattern_they_match, .timeout = 40) {
    shared = rig_shared(sizeof *shared);
    sctx *ctx = rig_new("wake", NULL);
    sctx_writer *w = rig_writer(ctx);
    pid_t child = rig_child(wait_for_late, NULL);
    rig_await(&shared->ready, 1);
    uint64_t random = 3;
    for (uint32_t i = 0; i < 300; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "late/%u", i);
        (void)usleep((useconds_t)(rig_random(&random) % 4000)); /* asleep, or just about to be */
        uint16_t topic = rig_topic(ctx, name);
        struct payload p = {.time = rig_now_ns(), .number = i, .stop = i == 299};
        cr_assert_eq(sctx_publish(w, topic, &p, sizeof p, NULL), SCTX_OK);
        rig_await(&shared->done, i + 1);
    }
    cr_assert_eq(rig_child_result(child), 0);
    cr_assert_eq(shared->late, 0);
    (void)fprintf(stderr, "new topics: the latest of 300 after %.1f ms\n", (double)shared->worst / 1e6);
    sctx_writer_close(w);
    rig_end(ctx, "wake");
}

/* Between asking for its topics' bits and setting the latch, a topic comes and a message on it: the sleeper must not miss both. */
static void topic_comes_before_the_latch(const char *name) {
    if (strcmp(name, "wait:before-latch") == 0 && hooked_times++ == 0) (void)rig_topic(hooked_ctx, "late/one");
}

static int say_when_asleep(void *argument) {
    (void)argument;
    sctx *ctx = rig_join("wake", "writer");
    sctx_writer *w = rig_writer(ctx);
    rig_await(&shared->ready, 1);
    (void)usleep(20000);
    (void)rig_say(w, rig_topic(ctx, "late/one"), "x");
    sctx_writer_close(w);
    sctx_close(ctx);
    return 0;
}

Test(wake, topic_that_comes_while_falling_asleep, .timeout = 20) {
    shared = rig_shared(sizeof *shared);
    sctx *ctx = rig_new("wake", NULL);
    hooked_ctx = rig_join("wake", "other");
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, "late/*");
    pid_t child = rig_child(say_when_asleep, NULL);
    sctx_testpoint_hook = topic_comes_before_the_latch;
    atomic_store(&shared->ready, 1);
    int64_t begin = rig_now_ns();
    cr_assert_eq(sctx_wait(r, 10 * SECOND), SCTX_OK);
    int64_t took = rig_now_ns() - begin;
    sctx_testpoint_hook = NULL;
    cr_assert_eq(rig_child_result(child), 0);
    cr_assert_lt(took, 200 * MS, "woken by the time-out only: after %.1f ms", (double)took / 1e6);
    sctx_reader_close(r);
    sctx_close(hooked_ctx);
    rig_end(ctx, "wake");
}
