/* Sleeping and waking: no wake-up is lost, in whatever order. Steps W1 to W5 of wait.h. A wake-up that is lost shows as a time-out, since nothing
 * else ends these sleeps. */
#define _GNU_SOURCE
#include "context.h"
#include "race.h"
#include "wait.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LONG_NS INT64_C(3000000000)

static struct {
    sctx *ctx;
    sctx_writer *writer;
    uint16_t topics[2];
} bus;

static void bus_open(void) {
    fresh("c", 64, 64u << 10, 0, 0);
    bus.ctx = join("c", "writer");
    bus.topics[0] = topic(bus.ctx, "t");
    bus.topics[1] = topic(bus.ctx, "u");
    CHECK(wait_topic_bit(bus.topics[0]) != wait_topic_bit(bus.topics[1]));
    bus.writer = writer(bus.ctx);
}

static void publish(unsigned which) {
    CHECK_OK(sctx_publish(bus.writer, bus.topics[which], "{}", 2, NULL));
}

static void wait_once(void *argument) {
    struct ear *e = argument;
    CHECK_OK(sctx_wait(e->reader, 2 * LONG_NS));
}

/* Published between the sleeper's look and its latch: it looks again (W3). A sleep would take WAIT_TIMEOUT_NS. */
static void published_before_the_latch(void) {
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < 3 && best >= WAIT_TIMEOUT_NS; i++) {
        bus_open();
        struct ear e = {.reader = reader(join("c", "r"), SCTX_FROM_NOW, 0)};
        struct actor a = {0};
        CHECK(actor_start(&a, wait_once, &e, "wait:before-latch"));
        publish(0);
        uint64_t began = now_ns();
        actor_finish(&a);
        uint64_t took = now_ns() - began;
        if (took < best) best = took;
    }
    CHECK(best < WAIT_TIMEOUT_NS);
}

/* Published between the second look and the sleep: the epoch has moved (W4). */
static void published_before_the_sleep(void) {
    bus_open();
    uint32_t bits = wait_topic_bit(bus.topics[0]), epoch = wait_announce(bus.ctx, bits);
    publish(0);
    CHECK(wait_sleep(bus.ctx, epoch, bits, LONG_NS) == 0);
}

/* Somebody else's message clears somebody else's bit only. */
static void a_message_of_another_topic(void) {
    bus_open();
    uint32_t t = wait_topic_bit(bus.topics[0]), u = wait_topic_bit(bus.topics[1]);
    (void)wait_announce(bus.ctx, t);
    (void)wait_announce(bus.ctx, u);
    publish(0);
    CHECK(load_seq_cst(&bus.ctx->hot->want) == u);
    uint32_t epoch = (uint32_t)load_seq_cst(&bus.ctx->hot->wave);
    publish(0);
    CHECK((uint32_t)load_seq_cst(&bus.ctx->hot->wave) == epoch); /* nobody wants it any more */
    publish(1);
    CHECK((uint32_t)load_seq_cst(&bus.ctx->hot->wave) == epoch + 1);
}

/* ---- many sleepers ---------------------------------------------------------------------------------------------------------- */

#define SLEEPERS 7

struct sleeper {
    pthread_t thread;
    sctx *ctx;
    uint32_t bits;
    _Atomic int tid;
    int rc;
};

static void *sleep_once(void *argument) {
    struct sleeper *s = argument;
    uint32_t epoch = wait_announce(s->ctx, s->bits);
    atomic_store(&s->tid, (int)syscall(SYS_gettid));
    s->rc = wait_sleep(s->ctx, epoch, s->bits, LONG_NS);
    return NULL;
}

/* Until the kernel says that it sleeps: after it told its number there is nothing else that it could sleep in. */
static void await_sleep(struct sleeper *s) {
    char path[64], text[256];
    uint64_t end = now_ns() + (uint64_t)LONG_NS;
    while (atomic_load(&s->tid) == 0 && now_ns() < end) sleep_us(100);
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/stat", atomic_load(&s->tid));
    for (; now_ns() < end; sleep_us(100)) {
        int fd = open(path, O_RDONLY);
        ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
        if (fd >= 0) close(fd);
        text[n > 0 ? n : 0] = '\0';
        char *state = strrchr(text, ')');
        if (state && state[1] && state[2] == 'S') return;
    }
    check_failed(__FILE__, __LINE__, "it sleeps at last");
}

static void sleepers_start(struct sleeper *s, unsigned n, uint32_t bits) {
    for (unsigned i = 0; i < n; i++) {
        s[i] = (struct sleeper){.ctx = bus.ctx, .bits = bits};
        CHECK(pthread_create(&s[i].thread, NULL, sleep_once, &s[i]) == 0);
        await_sleep(&s[i]);
    }
}

static unsigned woken(struct sleeper *s, unsigned n) {
    unsigned count = 0;
    for (unsigned i = 0; i < n; i++) {
        (void)pthread_join(s[i].thread, NULL);
        count += s[i].rc == 0;
    }
    return count;
}

/* The writer wakes two, the woken wake two each: nobody is left out (W5). */
static void the_chain_goes_on(void) {
    bus_open();
    struct sleeper s[SLEEPERS];
    sleepers_start(s, SLEEPERS, wait_topic_bit(bus.topics[0]));
    publish(0);
    CHECK(woken(s, SLEEPERS) == SLEEPERS);
}

/* A second message in the middle of the first one's chain. */
static void a_message_in_the_chain(const char *point) {
    bus_open();
    struct sleeper t[3], u[3];
    sleepers_start(t, 3, wait_topic_bit(bus.topics[0]));
    sleepers_start(u, 3, wait_topic_bit(bus.topics[1]));
    struct actor a = {0};
    sctx *other = join("c", "other");
    struct ear e = {.reader = reader(other, SCTX_FROM_NOW, 0)};
    (void)actor_start(&a, wait_once, &e, point);
    publish(0);
    publish(1);
    CHECK(woken(t, 3) == 3 && woken(u, 3) == 3);
    actor_finish(&a);
}

static void two_waves_at_once(void) {
    a_message_in_the_chain("wait:latched");
}

/* A writer stops between clearing the latch and its call; another's message on the same topic finds sleepers that latched meanwhile. */
static void publish_0(void *argument) {
    (void)argument;
    publish(0);
}

static void a_waker_stops(const char *point) {
    bus_open();
    uint32_t bits = wait_topic_bit(bus.topics[0]);
    struct sleeper first[2], second[3];
    sleepers_start(first, 2, bits);
    struct actor a = {0};
    CHECK(actor_start(&a, publish_0, NULL, point));
    sleepers_start(second, 3, bits); /* they latch again */
    sctx *other = join("c", "other");
    sctx_writer *w = writer(other);
    CHECK_OK(sctx_publish(w, topic(other, "t"), "{}", 2, NULL));
    CHECK(woken(first, 2) == 2 && woken(second, 3) == 3);
    actor_finish(&a);
}

static void a_waker_stops_1(void) {
    a_waker_stops("wake:before-clear");
}
static void a_waker_stops_2(void) {
    a_waker_stops("wake:cleared");
}
static void a_waker_stops_3(void) {
    a_waker_stops("wake:before-call");
}

/* A new topic wakes those whose patterns it may match. */
static void a_new_topic(void) {
    bus_open();
    struct sleeper s[2];
    sleepers_start(s, 2, WAIT_NEW_TOPIC);
    (void)topic(bus.ctx, "new");
    CHECK(woken(s, 2) == 2);
}

int main(int argc, char **argv) {
    static const struct race_case cases[] = {
        {"published_before_the_latch", published_before_the_latch},
        {"published_before_the_sleep", published_before_the_sleep},
        {"a_message_of_another_topic", a_message_of_another_topic},
        {"the_chain_goes_on", the_chain_goes_on},
        {"two_waves_at_once", two_waves_at_once},
        {"a_waker_stops_before_it_clears", a_waker_stops_1},
        {"a_waker_stops_when_it_cleared", a_waker_stops_2},
        {"a_waker_stops_before_its_call", a_waker_stops_3},
        {"a_new_topic", a_new_topic},
        {NULL, NULL},
    };
    return race_main(cases, argc, argv);
}
