/* Who joined, who lives, what they did. */
#include "rig.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* By join number; false: its entry is gone. */
static bool find(sctx *ctx, uint32_t join, struct sctx_participant *p) {
    for (uint32_t slot = 0; slot < sctx_participant_slots(ctx); slot++) {
        p->size = sizeof *p;
        int rc = sctx_participant_get(ctx, slot, p);
        MUST(rc == SCTX_OK || rc == SCTX_ERR_NOT_FOUND);
        if (rc == SCTX_OK && p->join == join) return true;
    }
    return false;
}

Test(participant, fields) {
    sctx *ctx = rig_new("participant", NULL), *other = rig_join("participant", "näme with space");
    sctx_writer *w = rig_writer(other);
    sctx_reader *r = rig_reader(other, SCTX_FROM_NOW, 0, NULL);
    uint16_t topic = rig_topic(other, "a");
    for (int i = 0; i < 100; i++) (void)rig_say(w, topic, "seven b");
    struct sctx_message m;
    for (int i = 0; i < 40; i++) cr_assert_eq(sctx_read(r, &m), SCTX_OK);
    cr_assert_eq(sctx_join_number(other), 2);
    struct sctx_participant p;
    cr_assert(find(ctx, 2, &p));
    cr_expect(p.pid == (uint32_t)getpid() && p.uid == (uint32_t)geteuid() && p.alive == SCTX_ALIVE);
    cr_expect_str_eq(p.name, "näme with space");
    cr_expect(p.published == 100 && p.bytes == 700);
    cr_expect_gt(p.joined_ns, INT64_C(1500000000) * SECOND);
    cr_expect_eq(p.roles, SCTX_ROLE_WRITER | SCTX_ROLE_READER);
    (void)rig_drain(r);
    cr_assert(find(ctx, 2, &p));
    cr_expect(p.delivered == 100 && p.lost == 0 && p.cursor == 101 && p.lag == 0);
    for (int i = 0; i < 5; i++) (void)rig_say(w, topic, "x");
    cr_assert(find(ctx, 2, &p));
    cr_expect_eq(p.lag, 5);
    sctx_reader_close(r);
    sctx_writer_close(w);
    cr_assert(find(ctx, 2, &p));
    cr_expect(p.published == 105 && p.delivered == 100, "what closed handles did still counts");
    cr_expect(p.cursor == 0 && p.lag == 0, "without readers");
    cr_expect_eq(p.roles, 0, "roles are of the handles open now");
    cr_expect_eq(sctx_participant_get(ctx, 700, &p), SCTX_ERR_NOT_FOUND);
    cr_expect_eq(sctx_participant_get(ctx, UINT32_MAX, &p), SCTX_ERR_INVALID);
    sctx_close(other);
    rig_end(ctx, "participant");
}

Test(participant, roles_of_several_handles) {
    struct sctx_create_options o = {.flags = SCTX_CREATE_GATING};
    sctx *ctx = rig_new("participant", &o);
    struct sctx_participant p;
    sctx_writer *w1 = rig_writer(ctx), *w2 = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL), *g = rig_reader(ctx, SCTX_FROM_NOW, SCTX_READER_GATED, NULL);
    cr_assert(find(ctx, 1, &p));
    cr_expect_eq(p.roles, SCTX_ROLE_WRITER | SCTX_ROLE_READER | SCTX_ROLE_GATED);
    sctx_writer_close(w1);
    sctx_reader_close(g);
    cr_assert(find(ctx, 1, &p));
    cr_expect_eq(p.roles, SCTX_ROLE_WRITER | SCTX_ROLE_READER, "%u", p.roles);
    sctx_writer_close(w2);
    cr_assert(find(ctx, 1, &p));
    cr_expect_eq(p.roles, SCTX_ROLE_READER, "%u", p.roles);
    sctx_reader_close(r);
    rig_end(ctx, "participant");
}

/* In one go, and one by one: the same. Some lead lives of several handles, some have left. */
Test(participant, all_at_once) {
    enum { PEOPLE = 60 };
    sctx *ctx = rig_new("participant", NULL), *person[PEOPLE];
    sctx_writer *writers[PEOPLE];
    sctx_reader *readers[PEOPLE], *second[PEOPLE];
    uint16_t topic = rig_topic(ctx, "a");
    for (int i = 0; i < PEOPLE; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "p%d", i);
        person[i] = rig_join("participant", name);
        readers[i] = rig_reader(person[i], SCTX_FROM_START, 0, NULL);
        second[i] = rig_reader(person[i], SCTX_FROM_NOW, 0, NULL);
        writers[i] = rig_writer(person[i]);
        for (int n = 0; n < i; n++) (void)rig_say(writers[i], topic, "seven b");
        if (i % 3 == 0) (void)rig_drain(readers[i]);
        if (i % 5 == 0) sctx_writer_close(writers[i]);
        if (i % 4 == 0) sctx_reader_close(second[i]);
        if (i % 7 == 0) sctx_close(person[i]);
    }
    struct sctx_participant list[PEOPLE + 1] = {{.size = sizeof list[0]}}, one;
    uint32_t count = 0, at = 0;
    cr_assert_eq(sctx_participants_get(ctx, list, PEOPLE + 1, &count), SCTX_OK);
    cr_assert_eq(count, PEOPLE + 1);
    for (uint32_t slot = 0; slot < sctx_participant_slots(ctx); slot++) {
        one = (struct sctx_participant)SCTX_INIT(one);
        if (sctx_participant_get(ctx, slot, &one) != SCTX_OK) continue;
        cr_assert_arr_eq(&list[at], &one, sizeof one, "slot %u, %s", slot, one.name);
        cr_expect_eq(sctx_participant_pid(ctx, one.join), one.pid);
        at++;
    }
    cr_expect_eq(at, count);
    cr_expect_eq(sctx_participant_pid(ctx, 9999), 0);
    cr_expect_eq(sctx_participant_pid(ctx, 0), 0);
    struct sctx_info info = SCTX_INIT(info);
    uint32_t alive = 0;
    for (uint32_t i = 0; i < count; i++) alive += list[i].alive != SCTX_DEAD;
    cr_assert_eq(sctx_info_get(ctx, &info), SCTX_OK);
    cr_expect(info.participants_known == count && info.participants_alive == alive);
    /* Too little room, and a caller whose struct ends earlier. */
    struct sctx_participant few[3] = {{.size = sizeof few[0]}, {.join = 77}, {.join = 77}};
    cr_assert_eq(sctx_participants_get(ctx, few, 2, &count), SCTX_OK);
    cr_expect(count == PEOPLE + 1 && few[0].join == list[0].join && few[1].join == list[1].join && few[2].join == 77);
    cr_assert_eq(sctx_participants_get(ctx, NULL, 0, &count), SCTX_OK);
    cr_expect_eq(count, PEOPLE + 1);
    enum { SHORT = offsetof(struct sctx_participant, joined_ns) };
    unsigned char packed[2 * SHORT + 8];
    memset(packed, 0x5a, sizeof packed);
    memcpy(packed, &(uint32_t){SHORT}, sizeof(uint32_t));
    cr_assert_eq(sctx_participants_get(ctx, (struct sctx_participant *)(void *)packed, 2, &count), SCTX_OK);
    cr_expect_arr_eq(packed + sizeof(uint32_t), (char *)&list[0] + sizeof(uint32_t), SHORT - sizeof(uint32_t));
    cr_expect_arr_eq(packed + SHORT + sizeof(uint32_t), (char *)&list[1] + sizeof(uint32_t), SHORT - sizeof(uint32_t));
    cr_expect_eq(packed[2 * SHORT], 0x5a);
    cr_expect_eq(sctx_participants_get(ctx, NULL, 1, &count), SCTX_ERR_INVALID);
    for (int i = 0; i < PEOPLE; i++)
        if (i % 7 != 0) sctx_close(person[i]);
    rig_end(ctx, "participant");
}

static _Atomic uint32_t *ready;

static int join_write_and_stay(void *argument) {
    (void)argument;
    sctx *ctx = rig_join("participant", "doomed");
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    for (int i = 0; i < 10; i++) (void)rig_say(w, rig_topic(ctx, "a"), "x");
    (void)rig_drain(r);
    atomic_store(ready, sctx_join_number(ctx));
    (void)pause();
    return 1;
}

Test(participant, dead_or_alive, .timeout = 20) {
    ready = rig_shared(sizeof *ready);
    sctx *ctx = rig_new("participant", NULL), *tap = rig_tap("participant");
    pid_t child = rig_child(join_write_and_stay, NULL);
    struct sctx_participant p;
    rig_await(ready, 1);
    uint32_t join = *ready;
    cr_assert(find(tap, join, &p));
    cr_expect_eq(p.alive, SCTX_ALIVE);
    cr_expect_eq(p.pid, (uint32_t)child);
    cr_assert_eq(kill(child, SIGSTOP), 0);
    cr_assert(find(ctx, join, &p));
    cr_expect_eq(p.alive, SCTX_ALIVE, "stopped is not dead");
    cr_assert_eq(kill(child, SIGKILL), 0);
    cr_assert_eq(rig_child_result(child), 128 + SIGKILL);
    cr_assert(find(ctx, join, &p));
    cr_expect_eq(p.alive, SCTX_DEAD);
    cr_expect_eq(p.roles, SCTX_ROLE_WRITER | SCTX_ROLE_READER, "as at the end");
    cr_expect(p.published == 10 && p.delivered == 10);
    cr_expect_str_eq(sctx_participant_name(ctx, join), "doomed");
    struct sctx_info i = rig_info(ctx);
    cr_expect(i.participants_alive == 1 && i.participants_known == 2);
    cr_expect_eq(i.readers, 0, "the dead do not read");
    sctx_close(tap);
    rig_end(ctx, "participant");
}

/* More participants than there are places, one after the other: numbers go on, places are used again, names once seen stay. */
Test(participant, places_are_used_again, .timeout = 50) {
    struct sctx_create_options o = {.cells = 64};
    sctx *ctx = rig_new("participant", &o);
    uint32_t slots = sctx_participant_slots(ctx);
    cr_assert_eq(slots, 1024);
    char name[32];
    for (uint32_t i = 0; i < slots + 50; i++) {
        (void)snprintf(name, sizeof name, "number %u", i);
        sctx *other = rig_join("participant", name);
        cr_assert_eq(sctx_join_number(other), i + 2);
        if (i == 3) cr_assert_str_eq(sctx_participant_name(ctx, 5), "number 3");
        sctx_close(other);
    }
    struct sctx_participant p;
    cr_expect(find(ctx, 1, &p), "the living keep their place");
    cr_expect_not(find(ctx, 5, &p), "the dead that joined first give theirs");
    cr_expect(find(ctx, slots + 51, &p));
    cr_expect_str_eq(sctx_participant_name(ctx, 5), "number 3");
    cr_expect_str_eq(sctx_participant_name(ctx, 6), "#6");
    cr_expect_str_eq(sctx_participant_name(ctx, 999999), "#999999");
    cr_expect_eq(rig_info(ctx).participants_alive, 1);
    rig_end(ctx, "participant");
}
