/* The ring as a hostile participant leaves it, for those who read it and publish into it, many thousand times a second: what ring.c does with a context made
 * ready for each input, this does with one tap, one participant and their handles, which are put back as they were. Cells, hot lines, headers and records
 * are spoiled before a call and in the midst of one. What must hold:
 *
 *   - no access out of bounds, nothing that C does not define (sanitizers); every call ends (libFuzzer's -timeout)
 *   - a reader's account balances after every call; a message is no longer than an arena, and its bytes can be read
 *
 * Not that the cursor goes forward only: each step does, but two cells that speak of seqs 2^62 ahead lead it round the whole circle. */
#define _GNU_SOURCE
#include "base.h"
#include "reader.h"
#include "testpoint.h"
#include "writer.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MOST 64u /* spoiled by one input */
#define CALLS_MOST 40u
#define PUBLISH_MOST 64u

static struct side { sctx_reader *reader, reader_good; } sides[2]; /* a tap's, a participant's */

static struct {
    sctx *ctx[2];
    sctx_writer *writer, writer_good;
    uint64_t refs[BASE_CELLS], tail;
    struct undo {
        uint64_t *at, was;
    } undo[WORDS_MOST];
    unsigned undone;
    struct kept {
        void *at, *good;
        size_t bytes;
    } kept[10];
    unsigned keeps;
    const uint8_t *armed; /* a patch that waits for a step */
    unsigned steps_left;
} rig;

/* ---- made once, put back each time ------------------------------------------------------------------------------------------ */

static void keep(void *at, size_t bytes) {
    struct kept *k = &rig.kept[rig.keeps++];
    *k = (struct kept){at, malloc(bytes), bytes};
    MUST(k->good);
    memcpy(k->good, at, bytes);
}

static void side_make(unsigned i) {
    struct sctx_reader_options from = {.size = sizeof from, .from = SCTX_FROM_START, .flags = SCTX_READER_NO_CAUSE};
    MUST(sctx_reader_open(rig.ctx[i], &from, &sides[i].reader) == SCTX_OK);
    struct sctx_reader *r = sides[i].reader;
    r->buffer_bytes = LAYOUT_ARENA_MIN * 4; /* all there is fits: what it grows for is nonsense */
    MUST(r->buffer = realloc(r->buffer, r->buffer_bytes));
    struct sctx_message m;
    while (sctx_read(r, &m) == SCTX_OK) {} /* maps what there is */
    MUST(sctx_reader_seek(r, rig.writer->next - BASE_CELLS) == SCTX_OK);
    r->hold = UINT32_MAX; /* it never waits for the writer to get ahead */
    sides[i].reader_good = *r;
}

static void at_step(const char *name);

static void make(void) {
    size_t bytes, stride;
    base_open();
    struct sctx_options join = {.size = sizeof join, .context = BASE_CONTEXT, .name = "fuzz"};
    MUST(sctx_open(&join, &rig.ctx[1]) == SCTX_OK && sctx_tap_open(&join, &rig.ctx[0]) == SCTX_OK);
    MUST(sctx_writer_open(rig.ctx[1], NULL, &rig.writer) == SCTX_OK);
    for (unsigned i = 0; i < BASE_CELLS / 2 + 8; i++) /* of an arena's two generations one is left: else each round would map both anew */
        MUST(sctx_publish(rig.writer, 0, "some bytes of the writer's own", i % 31, NULL) == SCTX_OK);
    for (unsigned i = 0; i < 2; i++) side_make(i);
    rig.writer->clock_hz = UINT64_MAX; /* not again: what is done once a second would be done by each input */
    rig.writer_good = *rig.writer;
    const uint64_t *cells = (const uint64_t *)(const void *)base_area(AREA_CELLS, &bytes, &stride);
    for (unsigned i = 0; i < BASE_CELLS; i++) rig.refs[i] = cells[2 * i + 1];
    rig.tail = rig.writer->next;
    keep(base_area(AREA_CELLS, &bytes, &stride), BASE_CELLS * sizeof(struct cell));
    keep(base_area(AREA_HOT, &bytes, &stride), sizeof(struct ring_hot));
    keep(base_area(AREA_ARENAS, &bytes, &stride), 4 * sizeof(struct arena_entry));
    for (unsigned i = 0; i < 3; i++) keep(base_area(AREA_ARENA_HEADER + i, &bytes, &stride), sizeof(struct arena_header));
    keep(rig.writer->arena.entry, sizeof *rig.writer->arena.entry);
    keep(rig.writer->arena.header, sizeof *rig.writer->arena.header);
    keep(rig.writer->arena.data + (rig.writer->arena.pos & rig.writer->arena.mask), CALLS_MOST * (PUBLISH_MOST + 64u));
    sctx_testpoint_hook = at_step;
}

/* Views of the arenas that there are stay, whichever was met last; what nonsense led to is forgotten. */
static void view_put_back(uint64_t ref) {
    uint32_t slot = ref_slot(ref);
    for (unsigned i = 0; i < 2 && slot < LAYOUT_ARENA_SLOTS; i++) {
        struct arena_view *v = &sides[i].reader->views[slot];
        if (v->gen == 0 || (!v->missing && v->map.base)) continue;
        arena_view_close(v);
        memset(v, 0, sizeof *v);
    }
}

static void side_put_back(struct side *s) {
    struct sctx_reader *r = s->reader;
    uint64_t *buffer = r->buffer;
    size_t bytes = r->buffer_bytes;
    *r = s->reader_good;
    r->buffer = buffer;
    r->buffer_bytes = bytes;
}

static void put_back(void) {
    while (rig.undone) {
        struct undo *u = &rig.undo[--rig.undone];
        view_put_back(*u->at); /* a reader met no other refs than these */
        view_put_back(u->was);
        *u->at = u->was;
    }
    for (unsigned i = 0; i < rig.keeps; i++) memcpy(rig.kept[i].at, rig.kept[i].good, rig.kept[i].bytes);
    for (unsigned i = 0; i < 2; i++) side_put_back(&sides[i]);
    *rig.writer = rig.writer_good;
    rig.armed = NULL;
}

/* ---- spoiling --------------------------------------------------------------------------------------------------------------- */

/* A patch: area, entry, word, kind of value, value (8 bytes). */
#define PATCH_BYTES 12u

static uint64_t value_of(unsigned kind, uint64_t value, uint64_t was) {
    switch (kind % 8) {
    case 0: return value;
    case 1: return was + (uint64_t)(int64_t)(int8_t)value;
    case 2: return rig.tail + (uint64_t)(int64_t)(int8_t)value;
    case 3: return rig.refs[value % BASE_CELLS];
    case 4: return UINT64_MAX - (value & 255);
    case 5: return was ^ UINT64_C(1) << (value & 63);
    case 6: return (was & UINT32_MAX) | value << 32; /* a length, an arena's slot */
    default: return rig.tail - BASE_CELLS + (uint64_t)(int64_t)(int8_t)value;
    }
}

static uint64_t *word_at(unsigned area, unsigned entry, unsigned word) {
    static const enum area areas[] = {AREA_CELLS,        AREA_CELLS,        AREA_HOT,        AREA_ARENAS,     AREA_ARENA_HEADER,
                                      AREA_ARENA_HEADER, AREA_ARENA_HEADER, AREA_ARENA_DATA, AREA_ARENA_DATA, AREA_ARENA_DATA};
    unsigned which = area % (sizeof areas / sizeof *areas);
    size_t bytes, stride, off = 0;
    unsigned char *at = base_area(areas[which] + (which >= 7 ? which - 7 : which >= 4 ? which - 4 : 0), &bytes, &stride);
    if (areas[which] == AREA_CELLS) off = entry % BASE_CELLS * sizeof(struct cell) + word % 2 * 8;
    if (areas[which] == AREA_HOT) off = entry % (sizeof(struct ring_hot) / 128) * 128 + word % 4 * 8;
    if (areas[which] == AREA_ARENAS) off = entry % 4 * sizeof(struct arena_entry) + word % 9 * 8;
    if (areas[which] == AREA_ARENA_HEADER)
        off = entry % 2 ? offsetof(struct arena_header, intent) : word % (sizeof(struct arena_header) / 8) * 8;
    if (areas[which] == AREA_ARENA_DATA) { /* a record's header */
        uint64_t ref = rig.refs[entry % BASE_CELLS];
        at = base_area(AREA_ARENA_DATA + (ref_slot(ref) == 1 ? 2 : 0), &bytes, &stride);
        if (ref_slot(ref) == rig.writer->arena.slot) at = rig.writer->arena.data, bytes = rig.writer->arena.bytes;
        off = (ref_pos(ref) & (bytes - 1)) + word % 4 * 8;
    }
    return off + 8 <= bytes ? (uint64_t *)(void *)(at + off) : NULL;
}

static void spoil(const uint8_t *p) {
    uint64_t value, *at = word_at(p[0], p[1], p[2]);
    memcpy(&value, p + 4, sizeof value);
    if (!at || rig.undone == WORDS_MOST) return;
    rig.undo[rig.undone++] = (struct undo){at, *at};
    __atomic_store_n(at, value_of(p[3], value, *at), __ATOMIC_RELAXED);
}

static void at_step(const char *name) {
    (void)name;
    if (!rig.armed || rig.steps_left--) return;
    const uint8_t *p = rig.armed;
    rig.armed = NULL;
    spoil(p);
}

/* ---- calling ---------------------------------------------------------------------------------------------------------------- */

static void check(const sctx_reader *r, int rc) {
    struct sctx_reader_stats s = {.size = sizeof s};
    MUST(sctx_reader_stats(r, &s) == SCTX_OK);
    MUST(s.cursor - s.start_seq == s.delivered + s.filtered + s.lost + s.gone);
    MUST(rc <= SCTX_OK && rc >= SCTX_ERR_SYSTEM);
}

static void check_message(const struct sctx_message *m) {
    MUST(m->len <= LAYOUT_ARENA_MAX && m->data && (uintptr_t)m->data % 8 == 0);
    MUST((m->flags & ~(SCTX_MSG_CAUSE | SCTX_MSG_CAUSE_EXPLICIT)) == 0);
    const uint8_t *p = m->data;
    uint8_t sum = 0;
    for (size_t i = 0; i < m->len; i += i + 64 < m->len ? 64 : 1) sum = (uint8_t)(sum + p[i]);
    __asm__ volatile("" ::"r"(sum)); /* the reads must happen */
}

static void read_some(sctx_reader *r, unsigned n, bool peek) {
    for (int rc = SCTX_OK; n && rc == SCTX_OK; n--) {
        struct sctx_message m;
        rc = peek ? sctx_peek(r, &m) : sctx_read(r, &m);
        check(r, rc);
        if (rc != SCTX_OK) break;
        check_message(&m);
        if (peek) (void)sctx_still_valid(r, &m);
    }
}

static void publish(unsigned len) {
    static const uint8_t payload[PUBLISH_MOST];
    int rc = sctx_publish(rig.writer, 0, payload, len % PUBLISH_MOST, NULL);
    MUST(rc <= SCTX_OK && rc >= SCTX_ERR_SYSTEM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!rig.writer) make();
    for (unsigned calls = 0; size >= 2 && calls < CALLS_MOST; calls++) {
        unsigned op = data[0] % 8, argument = data[1];
        data += 2;
        size -= 2;
        sctx_reader *r = sides[argument & 1].reader;
        if (op < 4) { /* 3: at a step of what comes next */
            if (size < PATCH_BYTES) break;
            if (op == 3) {
                rig.armed = data;
                rig.steps_left = argument % 24;
            } else {
                spoil(data);
            }
            data += PATCH_BYTES;
            size -= PATCH_BYTES;
        } else if (op == 4) {
            read_some(r, 1 + (argument >> 1), false);
        } else if (op == 5) {
            read_some(r, 1 + (argument >> 1), true);
        } else if (op == 6) {
            publish(argument);
        } else {
            MUST(sctx_reader_seek(r, rig.tail - argument) == SCTX_OK);
        }
    }
    read_some(sides[0].reader, 200, false);
    put_back();
    return 0;
}
