/* What a publish costs its writer, alone: time stamped, with a cause. Beside it the floor: what no such design can do without, on private memory of
 * the same sizes. One process on one core; medians of many chunks, so that an interrupt in one of them doesn't count. */
#include "crew.h"
#include "report.h"

#include <sctx/sctx.h>
#include <stdlib.h>
#include <string.h>

enum { FLOOR, BYTES_0, BYTES_64, BYTES_256, BYTES_1K, BYTES_16K, BATCH, IN_PLACE, READ, PEEK, COLUMNS };
enum { CHUNKS = 25, BATCH_OF = 64, ARENA = 1 << 20, CELLS = 1 << 15, RECORD = 96, BACKLOG = 8000 };

struct bus {
    sctx *ctx;
    sctx_writer *writer;
    uint16_t topic;
    unsigned char data[16384];
};

typedef int chunk_fn(struct bus *bus, unsigned n, size_t len);

/* ---- the floor ------------------------------------------------------------------------------------------------------------- */

struct cell {
    _Alignas(16) uint64_t seq;
    uint64_t ref;
};

static inline bool swap_cell(struct cell *c, struct cell old, struct cell new) {
#if defined(__x86_64__)
    bool ok;
    __asm__ volatile("lock cmpxchg16b %1" : "=@ccz"(ok), "+m"(*c), "+a"(old.seq), "+d"(old.ref) : "b"(new.seq), "c"(new.ref) : "memory");
    return ok;
#else
    c->ref = new.ref;
    return __atomic_compare_exchange_n(&c->seq, &old.seq, new.seq, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
#endif
}

static struct cell *floor_cells;
static unsigned char *floor_arena;
static uint64_t floor_seq;

static int floor_chunk(struct bus *bus, unsigned n, size_t len) {
    for (unsigned i = 0; i < n; i++, floor_seq++) {
        struct cell *c = &floor_cells[floor_seq % CELLS];
        unsigned char *record = floor_arena + floor_seq * RECORD % (ARENA - RECORD);
        memcpy(record + 32, bus->data, len);
        uint64_t now = bench_ticks();
        memcpy(record, &now, sizeof now);
        if (!swap_cell(c, *c, (struct cell){floor_seq, (uint64_t)(record - floor_arena)})) return -1;
    }
    return 0;
}

static bool floor_open(void) {
    floor_cells = aligned_alloc(4096, CELLS * sizeof *floor_cells);
    floor_arena = aligned_alloc(4096, ARENA);
    if (floor_cells == NULL || floor_arena == NULL) return false;
    memset(floor_cells, 0, CELLS * sizeof *floor_cells);
    memset(floor_arena, 0, ARENA);
    return true;
}

/* ---- ours ------------------------------------------------------------------------------------------------------------------ */

static int publish_chunk(struct bus *bus, unsigned n, size_t len) {
    int rc = 0;
    for (unsigned i = 0; i < n && rc == 0; i++) rc = sctx_publish(bus->writer, bus->topic, bus->data, len, NULL);
    return rc;
}

static int batch_chunk(struct bus *bus, unsigned n, size_t len) {
    struct sctx_outgoing out[BATCH_OF];
    int rc = 0;
    memset(out, 0, sizeof out);
    for (unsigned i = 0; i < BATCH_OF; i++) {
        out[i].data = bus->data;
        out[i].len = (uint32_t)len;
        out[i].topic = bus->topic;
    }
    for (unsigned i = 0; i < n && rc == 0; i += BATCH_OF) rc = sctx_publish_batch(bus->writer, out, BATCH_OF, NULL);
    return rc;
}

static int in_place_chunk(struct bus *bus, unsigned n, size_t len) {
    int rc = 0;
    for (unsigned i = 0; i < n && rc == 0; i++) {
        void *data;
        if ((rc = sctx_reserve(bus->writer, len, &data)) != 0) break;
        memcpy(data, bus->data, len);
        rc = sctx_commit(bus->writer, bus->topic, len, NULL);
    }
    return rc;
}

static int time_chunks(struct bus *bus, chunk_fn *fn, unsigned n, size_t len, double *ns) {
    double took[CHUNKS];
    int rc = fn(bus, n, len); /* warm */
    for (unsigned i = 0; i < CHUNKS && rc == 0; i++) {
        uint64_t from = bench_ticks();
        rc = fn(bus, n, len);
        took[i] = (double)(bench_ticks() - from) / bench_ticks_per_ns() / n;
    }
    if (rc == 0) *ns = stat_median(took, CHUNKS);
    return rc;
}

/* Drains a backlog that is all there: the cost of a read, not of waiting for one. */
static int time_reads(struct bus *bus, bool peek, double *ns) {
    double took[CHUNKS];
    sctx_reader *reader;
    struct sctx_message m;
    int rc = sctx_reader_open(bus->ctx, NULL, &reader);
    for (unsigned i = 0; i < CHUNKS && rc == 0; i++) {
        unsigned n = 0, good = 0;
        if ((rc = publish_chunk(bus, BACKLOG, 64)) != 0) break;
        uint64_t from = bench_ticks();
        while ((rc = peek ? sctx_peek(reader, &m) : sctx_read(reader, &m)) == 0) {
            bench_keep(m.data);
            good += !peek || sctx_still_valid(reader, &m);
            n++;
        }
        took[i] = (double)(bench_ticks() - from) / bench_ticks_per_ns() / n;
        rc = rc == SCTX_AGAIN && n == BACKLOG && good == n ? 0 : rc == SCTX_AGAIN ? SCTX_ERR_DAMAGED : rc;
    }
    if (rc == 0) *ns = stat_median(took, CHUNKS);
    sctx_reader_close(reader);
    return rc;
}

static int bus_open(struct bench *b, struct bus *bus) {
    struct sctx_options o = SCTX_INIT(o);
    struct sctx_topic_options t = SCTX_INIT(t);
    uint64_t seq;
    o.context = "publish";
    o.dir = b->dir;
    t.name = "bench/publish";
    int rc = sctx_open(&o, &bus->ctx);
    if (rc == 0) rc = sctx_topic_register(bus->ctx, &t, &bus->topic);
    if (rc == 0) rc = sctx_writer_open(bus->ctx, NULL, &bus->writer);
    if (rc == 0) rc = sctx_publish(bus->writer, bus->topic, "", 0, &seq);
    if (rc == 0) sctx_cause_set(bus->ctx, seq);
    return rc;
}

static int measure(struct crew_page *page, struct crew_slot *slot, void *arg) {
    static struct bus bus;
    static const struct {
        unsigned column, n;
        chunk_fn *fn;
        size_t len;
    } step[] = {
        {FLOOR, 20000, floor_chunk, 64},        {BYTES_64, 20000, publish_chunk, 64},  {BYTES_0, 20000, publish_chunk, 0},
        {BYTES_256, 10000, publish_chunk, 256}, {BYTES_1K, 5000, publish_chunk, 1024}, {BYTES_16K, 500, publish_chunk, 16384},
        {BATCH, 20032, batch_chunk, 64},        {IN_PLACE, 20000, in_place_chunk, 64},
    };
    int rc = floor_open() ? bus_open(arg, &bus) : SCTX_ERR_NO_MEMORY;
    crew_wait_go(page);
    for (unsigned i = 0; i < sizeof step / sizeof step[0] && rc == 0; i++)
        rc = time_chunks(&bus, step[i].fn, step[i].n, step[i].len, &slot->value[step[i].column]);
    if (rc == 0) rc = time_reads(&bus, false, &slot->value[READ]);
    if (rc == 0) rc = time_reads(&bus, true, &slot->value[PEEK]);
    if (rc != 0) return crew_fail(page, "publish: %s", sctx_strerror(rc));
    sctx_writer_close(bus.writer);
    sctx_close(bus.ctx);
    return 0;
}

static int run(struct bench *b, void *arg, double *value) {
    struct crew crew;
    (void)arg;
    if (bench_context_create(b, "publish", false) != 0) return -1;
    int rc = crew_open(&crew);
    if (rc == 0 && (rc = crew_add(&crew, b->cpu[0], measure, b)) == 0 && (rc = crew_ready(&crew)) == 0) {
        crew_go(&crew);
        rc = crew_join(&crew, 60 * BENCH_S);
    }
    if (rc == 0) memcpy(value, crew.page->slot[0].value, COLUMNS * sizeof *value);
    crew_close(&crew);
    bench_context_remove(b, "publish");
    return rc;
}

int family_publish(struct bench *b) {
    static const struct figure figures[] = {
        {"publish_64", "publish, 64 B, time stamped, cause set", "ns", BYTES_64, ASKED_AT_MOST, 15, AGAINST_ITSELF, 0},
        {"publish_floor", "floor: memcpy 64 B, counter, locked swap", "ns", FLOOR, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"publish_to_floor", "64 B to the floor", "ns", BYTES_64, ASKED_NOTHING, 0, AGAINST_COLUMN, FLOOR},
        {"publish_0", "0 B", "ns", BYTES_0, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"publish_256", "256 B", "ns", BYTES_256, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"publish_1k", "1 KiB", "ns", BYTES_1K, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"publish_16k", "16 KiB", "ns", BYTES_16K, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"publish_batch", "batch of 64, 64 B, each", "ns", BATCH, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"publish_in_place", "reserve, fill, commit, 64 B", "ns", IN_PLACE, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"read_64", "read, 64 B, from a backlog", "ns", READ, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
        {"peek_64", "peek and check, 64 B, from a backlog", "ns", PEEK, ASKED_NOTHING, 0, AGAINST_ITSELF, 0},
    };
    struct series s;
    report_section(b->report, "publish: one writer, alone");
    if (bench_repeat(b, COLUMNS, run, NULL, &s) != 0) return -1;
    report_figures(b->report, &s, figures, sizeof figures / sizeof figures[0]);
    return 0;
}
