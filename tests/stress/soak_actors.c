#define _GNU_SOURCE
#include "soak.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct totals *totals;

/* ---- payloads --------------------------------------------------------------------------------------------------------------- */

/* A head, then bytes that follow from it. */
struct head {
    uint64_t number; /* the how manyth of its writer, from 0 */
    uint32_t from;   /* its writer's join number */
    uint32_t len;    /* of all */
};
#define LEN_MOST (300u << 10)

static uint64_t seed_of(const struct head *h) {
    return h->number * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)h->from << 20 ^ h->len;
}

static size_t draw_len(uint64_t *random) {
    uint64_t r = rig_random(random), die = r % 1000;
    size_t most = die < 900 ? 200 : die < 990 ? 3000 : die < 999 ? 30000 : LEN_MOST - sizeof(struct head);
    return sizeof(struct head) + (size_t)((r >> 20) % most);
}

static void topic_name(char name[32], uint32_t number) {
    (void)snprintf(name, 32, "soak/%u/%u", number % 3, number);
}

/* ---- writers ---------------------------------------------------------------------------------------------------------------- */

struct pen {
    sctx_writer *w;
    uint16_t topics[TOPICS];
    uint64_t random, number, told;
    uint32_t join;
    unsigned char *buffer;
};

static void compose(struct pen *p, void *to, size_t len) {
    struct head h = {.number = p->number, .from = p->join, .len = (uint32_t)len};
    memcpy(to, &h, sizeof h);
    rig_fill((unsigned char *)to + sizeof h, len - sizeof h, seed_of(&h));
    p->number++;
}

static void publish_plain(struct pen *p) {
    size_t len = draw_len(&p->random);
    compose(p, p->buffer, len);
    MUST_OK(sctx_publish(p->w, p->topics[p->number % TOPICS], p->buffer, len, NULL));
}

static void publish_in_place(struct pen *p) {
    size_t len = draw_len(&p->random);
    void *room = NULL;
    MUST_OK(sctx_reserve(p->w, len + p->random % 100, &room));
    if (p->random % 7 == 0) { /* started, thought better of it */
        memset(room, 0xee, len);
        sctx_abort(p->w);
        return;
    }
    compose(p, room, len);
    MUST_OK(sctx_commit(p->w, p->topics[p->number % TOPICS], len, NULL));
}

static void publish_batch(struct pen *p) {
    struct sctx_outgoing out[8];
    size_t at = 0, done = 0;
    for (int i = 0; i < 8; i++) {
        size_t len = sizeof(struct head) + (size_t)(rig_random(&p->random) % 100);
        compose(p, p->buffer + at, len);
        out[i] = (struct sctx_outgoing){.data = p->buffer + at, .len = (uint32_t)len, .topic = p->topics[p->number % TOPICS]};
        at += len;
    }
    MUST_OK(sctx_publish_batch(p->w, out, 8, &done));
    MUST(done == 8);
}

int soak_write(void *argument) {
    const struct actor *actor = argument;
    sctx *ctx = rig_join(actor->kind == ACTOR_GATED_WRITER ? "soak.gated" : "soak", "writer");
    struct pen p = {.w = rig_writer(ctx), .random = actor->seed, .join = sctx_join_number(ctx), .buffer = malloc(LEN_MOST)};
    MUST(p.buffer != NULL);
    for (uint32_t i = 0; i < TOPICS; i++) {
        char name[32];
        topic_name(name, i);
        p.topics[i] = rig_topic(ctx, name);
    }
    while (!atomic_load(&totals->writers_stop)) {
        for (uint64_t burst = rig_random(&p.random) % 48; burst; burst--) {
            uint64_t how = rig_random(&p.random) % 8;
            if (how < 5)
                publish_plain(&p);
            else if (how < 7)
                publish_in_place(&p);
            else
                publish_batch(&p);
        }
        atomic_fetch_add(&totals->published, p.number - p.told);
        p.told = p.number;
        (void)usleep((useconds_t)(rig_random(&p.random) % 8000));
    }
    sctx_writer_close(p.w);
    sctx_close(ctx);
    free(p.buffer);
    return 0;
}

/* ---- readers ---------------------------------------------------------------------------------------------------------------- */

#define SENDERS 4096u /* as many are remembered; an older one that comes back is a stranger */

struct lens {
    enum actor_kind kind;
    sctx *ctx;
    sctx_reader *r;
    uint64_t random;
    struct sctx_reader_stats told;
    uint64_t next; /* seq after the last message; 0: none yet */
    int64_t last_ns;
    uint64_t missed;        /* all lost and gone so far */
    uint32_t ungated_since; /* messages since the first loss of a gated reader */
    struct sender {
        uint32_t join;
        uint64_t next, missed; /* its next number; `missed` at its last message */
    } senders[SENDERS];
};

static int wrong(_Atomic uint64_t *counter, const char *what, const struct sctx_message *m) {
    atomic_fetch_add(counter, 1);
    (void)fprintf(stderr, "%s: seq %llu, from %u, %u bytes, %llu lost, %llu gone\n", what, (unsigned long long)m->seq, m->from, m->len,
                  (unsigned long long)m->lost, (unsigned long long)m->gone);
    return 1;
}

/* Whole, from whom it says, and for a message in place: still so after it was looked at. */
static int check_payload(struct lens *l, const struct sctx_message *m) {
    struct head h = {0};
    bool whole = m->len >= sizeof h;
    if (whole) memcpy(&h, m->data, sizeof h);
    whole = whole && h.len == m->len && h.from == m->from &&
            rig_filled((const unsigned char *)m->data + sizeof h, m->len - sizeof h, seed_of(&h));
    if (l->kind == ACTOR_PEEK && !sctx_still_valid(l->r, m)) return -1; /* whatever was seen does not count */
    if (!whole) return wrong(&totals->torn, "torn", m);
    struct sender *s = &l->senders[m->from % SENDERS];
    if (s->join == m->from) {
        if (h.number < s->next) return wrong(&totals->order, "twice, or out of its writer's order", m);
        bool all = l->kind != ACTOR_PATTERN && l->missed == s->missed; /* between the two nothing was missed */
        if (all && h.number != s->next) return wrong(&totals->silent, "lost without a word", m);
    }
    *s = (struct sender){.join = m->from, .next = h.number + 1, .missed = l->missed};
    return 0;
}

static int check_order(struct lens *l, const struct sctx_message *m) {
    if (l->next) {
        uint64_t least = l->next + m->lost + m->gone;
        if (m->seq < least || (l->kind != ACTOR_PATTERN && m->seq != least)) return wrong(&totals->silent, "a hole that was not told", m);
    }
    if (m->time_ns < l->last_ns) return wrong(&totals->inversions, "time went back", m);
    l->next = m->seq + 1;
    l->last_ns = m->time_ns;
    return 0;
}

static int check_accounts(struct lens *l, const struct sctx_message *m) {
    struct sctx_reader_stats s = rig_stats(l->r);
    if (s.cursor - s.start_seq != s.delivered + s.filtered + s.lost + s.gone || s.start_seq != l->told.start_seq ||
        s.delivered + 1 < l->told.delivered || s.lost < l->told.lost || s.gone < l->told.gone || s.filtered < l->told.filtered)
        return wrong(&totals->accounts, "the accounts do not balance", m);
    atomic_fetch_add(&totals->delivered, s.delivered - l->told.delivered);
    atomic_fetch_add(&totals->filtered, s.filtered - l->told.filtered);
    atomic_fetch_add(&totals->lost, s.lost - l->told.lost);
    atomic_fetch_add(&totals->gone, s.gone - l->told.gone);
    l->told = s;
    return 0;
}

/* A gated reader that lost something must have been let go; it learns of it at the latest at its next milestone. */
static int check_gate(struct lens *l, const struct sctx_message *m) {
    if (l->kind != ACTOR_GATED || l->missed == 0) return 0;
    if (rig_stats(l->r).gated == 2) return -1;
    return ++l->ungated_since > 200 ? wrong(&totals->gated_losses, "a gated reader lost messages", m) : 0;
}

static void lens_open(struct lens *l) {
    char pattern[32];
    (void)snprintf(pattern, sizeof pattern, "soak/%u/**", (unsigned)(l->random % 3));
    bool gated = l->kind == ACTOR_GATED; /* what was published before it came is nothing that writers wait for */
    l->r = rig_reader(l->ctx, gated || l->random % 4 ? SCTX_FROM_NOW : SCTX_FROM_START, gated ? SCTX_READER_GATED : 0,
                      l->kind == ACTOR_PATTERN ? pattern : NULL);
    l->told = rig_stats(l->r);
    l->next = 0;
    l->last_ns = INT64_MIN;
    l->missed = 0;
    l->ungated_since = 0;
    memset(l->senders, 0, sizeof l->senders);
}

/* Own entry among the participants says the same as the own accounts, when all is closed. */
static int check_entry(struct lens *l, uint64_t delivered, uint64_t lost, uint64_t gone) {
    struct sctx_message none = {0};
    for (uint32_t slot = 0; slot < sctx_participant_slots(l->ctx); slot++) {
        struct sctx_participant p = SCTX_INIT(p);
        if (sctx_participant_get(l->ctx, slot, &p) != SCTX_OK || p.join != sctx_join_number(l->ctx)) continue;
        return p.delivered == delivered && p.lost == lost && p.gone == gone ? 0
                                                                            : wrong(&totals->accounts, "not what was noted of it", &none);
    }
    return wrong(&totals->accounts, "its entry is not there", &none);
}

/* One message, or nothing there. 0: go on. 1: wrong. 2: the end. */
static int read_one(struct lens *l, struct sctx_message *m) {
    int rc = l->kind == ACTOR_PEEK ? sctx_peek(l->r, m) : sctx_read(l->r, m);
    if (rc == SCTX_AGAIN) {
        if (check_accounts(l, m)) return 1;
        if (atomic_load(&totals->readers_stop)) return 2;
        rc = sctx_wait(l->r, 100 * MS);
        MUST(rc == SCTX_OK || rc == SCTX_TIMEOUT);
        return 0;
    }
    MUST_OK(rc);
    l->missed += m->lost + m->gone;
    int seen = check_payload(l, m);
    if (seen > 0 || check_order(l, m)) return 1;
    if (seen < 0) l->missed++; /* it became gone: the next message tells it, after this one's seq */
    if (seen < 0) l->next--;
    if (m->seq % 64 == 0 && check_accounts(l, m)) return 1;
    return 0;
}

int soak_read(void *argument) {
    const struct actor *actor = argument;
    struct lens *l = calloc(1, sizeof *l);
    MUST(l != NULL);
    const char *context = actor->kind == ACTOR_GATED ? "soak.gated" : "soak";
    l->kind = actor->kind;
    l->random = actor->seed;
    l->ctx = l->kind == ACTOR_TAP ? rig_tap(context) : rig_join(context, "reader");
    uint64_t delivered = 0, lost = 0, gone = 0;
    int result = 0;
    while (result == 0) {
        lens_open(l);
        uint64_t life = 1000 + rig_random(&l->random) % 100000; /* then it closes and opens another */
        struct sctx_message m = {0};
        for (uint64_t n = 0; result == 0 && n < life; n++) {
            result = read_one(l, &m);
            int gate = result ? 0 : check_gate(l, &m);
            if (gate > 0) result = 1;
            if (gate < 0) {
                atomic_fetch_add(&totals->evicted, 1);
                break;
            }
            if (l->kind == ACTOR_SLOW && rig_random(&l->random) % 512 == 0) (void)usleep((useconds_t)(rig_random(&l->random) % 300000));
            if (l->kind == ACTOR_GATED && rig_random(&l->random) % 4096 == 0) (void)usleep(20000);
        }
        struct sctx_reader_stats s = rig_stats(l->r);
        delivered += s.delivered;
        lost += s.lost;
        gone += s.gone;
        sctx_reader_close(l->r);
        if (result != 1 && l->kind != ACTOR_TAP && check_entry(l, delivered, lost, gone)) result = 1;
        atomic_fetch_add(&totals->retired, 1);
    }
    sctx_close(l->ctx);
    free(l);
    return result == 2 ? 0 : 3;
}
