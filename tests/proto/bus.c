/* Publishing and reading, through the public interface. */
#define _GNU_SOURCE
#include "fixture.h"
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

Test(bus, every_size_arrives_whole) {
    fresh("sizes", 0, 0, 0, 0);
    sctx *c = join("sizes", "t");
    sctx_writer *w = writer(c);
    sctx_reader *r = reader(c, SCTX_FROM_NOW, 0, NULL);
    uint16_t id = topic(c, "a/b", "text");
    unsigned char *data = malloc(SCTX_PAYLOAD_MAX);
    for (size_t i = 0; i < SCTX_PAYLOAD_MAX; i++) data[i] = (unsigned char)(i * 31 + i / 251);
    struct sctx_message m;
    for (size_t size = 1; size <= 16u << 20; size *= 2)
        for (size_t len = size - 1; len <= size + 1; len++) {
            cr_assert_eq(sctx_publish(w, id, data, len, NULL), SCTX_OK);
            cr_assert_eq(sctx_read(r, &m), SCTX_OK);
            cr_assert_eq(m.len, len);
            cr_assert(memcmp(m.data, data, len) == 0);
        }
    cr_assert_eq(sctx_publish(w, id, data, (size_t)SCTX_PAYLOAD_MAX + 1, NULL), SCTX_ERR_TOO_BIG);
    cr_assert_eq(sctx_publish(w, 77, data, 1, NULL), SCTX_ERR_INVALID);
    cr_assert_eq(balanced(r).lost, 0);
    free(data);
    sctx_writer_close(w);
    sctx_reader_close(r);
    sctx_close(c);
}

Test(bus, loss_is_exact_and_time_never_goes_back) {
    fresh("loss", 64, 65536, 0, 0);
    sctx *c = join("loss", "t");
    sctx_writer *w = writer(c);
    sctx_reader *r = reader(c, SCTX_FROM_NOW, 0, NULL);
    uint16_t id = topic(c, "a", "");
    uint64_t n = 0, told = 0, last = 0;
    int64_t time = 0;
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < round; i++, n++) cr_assert_eq(sctx_publish(w, id, &n, sizeof n, NULL), SCTX_OK);
        struct sctx_message m;
        while (sctx_read(r, &m) == SCTX_OK) {
            uint64_t value;
            memcpy(&value, m.data, sizeof value);
            cr_assert_eq(value + 1, m.seq);
            cr_assert_gt(m.seq, last);
            cr_assert(m.time_ns >= time);
            told += m.lost + m.gone;
            last = m.seq;
            time = m.time_ns;
        }
        struct sctx_reader_stats s = balanced(r);
        cr_assert_eq(s.cursor, n + 1);
    }
    cr_assert_gt(told, 0);
    cr_assert_eq(told, balanced(r).lost + balanced(r).gone);
    sctx_writer_close(w);
    sctx_reader_close(r);
    sctx_close(c);
}

Test(bus, counters_wrap) {
    uint64_t starts[] = {UINT64_MAX - 10, UINT32_MAX - UINT64_C(10), (UINT64_C(1) << 63) - 10};
    for (size_t k = 0; k < 3; k++) {
        fresh("wrap", 64, 65536, SCTX_CREATE_GATING, starts[k]);
        sctx *c = join("wrap", "t"), *d = join("wrap", "u");
        sctx_writer *w = writer(c);
        sctx_reader *r = reader(d, SCTX_FROM_NOW, SCTX_READER_GATED, NULL), *p = reader(d, SCTX_FROM_NOW, 0, NULL);
        uint16_t id = topic(c, "a", "");
        struct sctx_message m;
        for (uint64_t i = 0; i < 300; i++) {
            sctx_cause_set(c, starts[k] + i - 1);
            cr_assert_eq(sctx_publish(w, id, &i, sizeof i, NULL), SCTX_OK);
            cr_assert_eq(sctx_read(r, &m), SCTX_OK);
            cr_assert_eq(m.seq, starts[k] + i);
            cr_assert_eq(m.cause, starts[k] + i - 1);
        }
        while (sctx_read(p, &m) == SCTX_OK) {}
        cr_assert_eq(balanced(r).delivered, 300);
        cr_assert_eq(balanced(p).cursor, starts[k] + 300);
        sctx_reader_close(r);
        sctx_reader_close(p);
        sctx_writer_close(w);
        sctx_close(d);
        sctx_close(c);
    }
}

Test(bus, batch_reserve_and_patterns) {
    fresh("batch", 0, 0, 0, 0);
    sctx *c = join("batch", "t"), *look = tap("batch");
    sctx_writer *w = writer(c);
    uint16_t a = topic(c, "x/a", ""), b = topic(c, "x/b/c", "");
    sctx_reader *r = reader(look, SCTX_FROM_NOW, 0, "x/*");
    struct sctx_outgoing out[4] = {{.data = "1", .len = 1, .topic = a},
                                   {.data = "2", .len = 1, .topic = b},
                                   {.data = "3", .len = 1, .topic = a, .cause_mode = SCTX_CAUSE_SEQ, .cause = 1},
                                   {.topic = 9, .len = 0}};
    size_t done = 0;
    cr_assert_eq(sctx_publish_batch(w, out, 4, &done), SCTX_ERR_INVALID);
    cr_assert_eq(done, 3);
    void *room;
    cr_assert_eq(sctx_reserve(w, 100, &room), SCTX_OK);
    cr_assert_eq(sctx_publish(w, a, "no", 2, NULL), SCTX_ERR_STATE);
    memcpy(room, "4", 1);
    cr_assert_eq(sctx_commit(w, a, 1, NULL), SCTX_OK);
    cr_assert_eq(sctx_commit(w, a, 1, NULL), SCTX_ERR_STATE);
    const char *expected = "134";
    struct sctx_message m;
    for (; *expected; expected++) {
        cr_assert_eq(sctx_peek(r, &m), SCTX_OK);
        cr_assert_eq(*(const char *)m.data, *expected);
        cr_assert(sctx_still_valid(r, &m));
        cr_assert_eq(m.flags, *expected == '3' ? SCTX_MSG_CAUSE | SCTX_MSG_CAUSE_EXPLICIT : 0);
    }
    cr_assert_eq(sctx_peek(r, &m), SCTX_AGAIN);
    cr_assert_eq(balanced(r).filtered, 1);
    cr_assert_eq(sctx_writer_open(look, NULL, &w), SCTX_ERR_READ_ONLY);
    sctx_reader_close(r);
    sctx_close(look);
    sctx_writer_close(w);
    sctx_close(c);
}

Test(bus, cause_is_what_this_thread_read_last) {
    fresh("cause", 0, 0, 0, 0);
    sctx *c = join("cause", "t"), *look = tap("cause");
    sctx_writer *w = writer(c);
    sctx_reader *r = reader(c, SCTX_FROM_NOW, 0, NULL), *t = reader(look, SCTX_FROM_NOW, 0, NULL);
    uint16_t id = topic(c, "a", "");
    struct sctx_message m;
    uint64_t asked, seq;
    cr_assert_eq(sctx_publish(w, id, "q", 1, &asked), SCTX_OK);
    cr_assert_eq(sctx_read(t, &m), SCTX_OK);
    cr_assert_not(sctx_cause_get(c, &seq)); /* a tap never sets it */
    cr_assert_eq(sctx_read(r, &m), SCTX_OK);
    cr_assert_eq(sctx_publish(w, id, "a", 1, NULL), SCTX_OK);
    cr_assert_eq(sctx_read(r, &m), SCTX_OK);
    cr_assert_eq(m.flags, SCTX_MSG_CAUSE);
    cr_assert_eq(m.cause, asked);
    cr_assert_eq(sctx_read(r, &m), SCTX_AGAIN); /* an empty read clears it */
    cr_assert_eq(sctx_publish(w, id, "b", 1, NULL), SCTX_OK);
    cr_assert_eq(sctx_read(r, &m), SCTX_OK);
    cr_assert_eq(m.flags, 0);
    cr_assert_eq(sctx_wait(r, 1000000), SCTX_TIMEOUT); /* and so does waiting */
    cr_assert_not(sctx_cause_get(c, &seq));
    sctx_reader_close(r);
    sctx_reader_close(t);
    sctx_writer_close(w);
    sctx_close(look);
    sctx_close(c);
}

Test(bus, a_dead_gated_reader_holds_nobody_and_a_slow_one_not_for_ever) {
    struct sctx_create_options o = {
        .size = sizeof o, .context = "gate", .cells = 64, .arena_bytes = 65536, .flags = SCTX_CREATE_GATING, .gate_timeout_ns = 50000000};
    cr_assert_eq(sctx_create(&o), SCTX_OK);
    sctx *c = join("gate", "w"), *d = join("gate", "r");
    sctx_writer *w = writer(c);
    uint16_t id = topic(c, "a", "");
    pid_t pid = fork();
    if (pid == 0) {
        struct sctx_options oo = {.size = sizeof oo, .context = "gate", .name = "k"};
        struct sctx_reader_options ro = {.size = sizeof ro, .flags = SCTX_READER_GATED};
        sctx *e;
        sctx_reader *q;
        if (sctx_open(&oo, &e) || sctx_reader_open(e, &ro, &q)) _exit(1);
        if (!SCTX_EMULATED && sctx_publish(w, id, "x", 1, NULL) != SCTX_ERR_FORKED) _exit(2);
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFSIGNALED(status));
    for (int i = 0; i < 500; i++) cr_assert_eq(sctx_publish(w, id, &i, sizeof i, NULL), SCTX_OK);
    sctx_reader *r = reader(d, SCTX_FROM_NOW, SCTX_READER_GATED, NULL);
    for (int i = 0; i < 500; i++) cr_assert_eq(sctx_publish(w, id, &i, sizeof i, NULL), SCTX_OK); /* it never reads: let go */
    struct sctx_message m;
    while (sctx_read(r, &m) == SCTX_OK) {}
    cr_assert_eq(balanced(r).gated, 2);
    struct sctx_info info = {.size = sizeof info};
    cr_assert_eq(sctx_info_get(c, &info), SCTX_OK);
    cr_assert_eq(info.gate_evictions, 1);
    sctx_reader_close(r);
    sctx_writer_close(w);
    sctx_close(d);
    sctx_close(c);
}

Test(bus, a_sleeper_and_an_event_loop_wake_up) {
    fresh("wake", 0, 0, 0, 0);
    for (int fd_loop = 0; fd_loop < 2; fd_loop++) {
        sctx *c = join("wake", "r");
        sctx_reader *r = reader(c, SCTX_FROM_NOW, 0, "late/**"); /* a topic that does not exist yet */
        pid_t pid = fork();
        if (pid == 0) {
            struct sctx_options o = {.size = sizeof o, .context = "wake", .name = "w"};
            struct sctx_topic_options t = {.size = sizeof t, .name = fd_loop ? "late/b" : "late/a"};
            sctx *e;
            sctx_writer *w;
            uint16_t id;
            usleep(50000);
            _exit(sctx_open(&o, &e) || sctx_writer_open(e, NULL, &w) || sctx_topic_register(e, &t, &id) ||
                  sctx_publish(w, id, "x", 1, NULL));
        }
        struct sctx_message m;
        struct pollfd p = {.fd = fd_loop ? sctx_reader_fd(r) : -1, .events = POLLIN};
        int rc;
        while ((rc = sctx_read(r, &m)) == SCTX_AGAIN) {
            if (fd_loop)
                cr_assert_eq(poll(&p, 1, 10000), 1);
            else
                cr_assert_eq(sctx_wait(r, 10000000000), SCTX_OK);
        }
        cr_assert_eq(rc, SCTX_OK);
        int status = 0;
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        cr_assert_eq(status, 0);
        sctx_reader_close(r);
        sctx_close(c);
    }
}
