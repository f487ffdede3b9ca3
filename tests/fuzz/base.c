#define _GNU_SOURCE
#include "base.h"
#include "layout.h"
#include "lock.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sctx/sctx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT 16384u /* of each table that grows: what is beyond this is a hole in the file */

static struct file {
    const char *name;
    int fd;
    size_t bytes;
    unsigned char *map;
    unsigned char *good; /* a copy of its contents; of the ring: without the holes */
    bool cut;
} files[] = {{.name = "ring"}, {.name = "arena.0.1"}, {.name = "arena.1.1"}, {.name = "arena.1.2"}};
#define FILES (sizeof files / sizeof *files)

static struct {
    char dir[64], path[128];
    bool arenas_touched, files_touched, removed;
    pid_t owner;
    struct ring_header header;
    blkcnt_t blocks;
    struct lock locks;
} base;

void base_die(const char *what, long long value) {
    (void)fprintf(stderr, "fuzz: not so: %s (%lld, errno %d)\n", what, value, errno);
    abort();
}
#define MUST_OK(call)                             \
    do {                                          \
        long long result = (call);                \
        if (result != 0) base_die(#call, result); \
    } while (0)

/* ---- made once ------------------------------------------------------------------------------------------------------------ */

static uint16_t topic(sctx *ctx, const char *name, const char *encoding, const char *schema) {
    uint16_t id;
    struct sctx_topic_options o = {
        .size = sizeof o, .name = name, .encoding = encoding, .schema = schema, .schema_bytes = (uint32_t)strlen(schema)};
    MUST_OK(sctx_topic_register(ctx, &o, &id));
    return id;
}

static void marker(sctx *ctx, struct sctx_marker_options o, sctx_level level) {
    sctx_marker *m;
    o.size = sizeof o;
    MUST_OK(sctx_marker_open(ctx, &o, &m));
    MUST_OK(sctx_marker_add(m, level, NULL));
    sctx_marker_close(m);
}

static sctx *join(const char *name) {
    sctx *ctx;
    struct sctx_options o = {.size = sizeof o, .context = BASE_CONTEXT, .dir = base.dir, .name = name};
    MUST_OK(sctx_open(&o, &ctx));
    return ctx;
}

static void fill(void) {
    static unsigned char payload[20000];
    memset(payload, 'x', sizeof payload);
    sctx *alpha = join("alpha"), *beta = join("beta");
    uint16_t ids[] = {topic(alpha, "a/b", "json", "{\"type\":\"object\"}"), topic(alpha, "a/c", "", ""),
                      topic(beta, "sensors/x/temp", "msgpack", ""), topic(beta, "a/b", "struct:Order", "u32 id")};
    struct sctx_marker_options load = {.name = "load", .unit = "%", .kind = SCTX_MARKER_F64, .flags = 7, .low.f64 = 1, .high.f64 = 9};
    marker(alpha, load, (sctx_level){.f64 = 2.5});
    marker(alpha, (struct sctx_marker_options){.name = "balance", .kind = SCTX_MARKER_I64}, (sctx_level){.i64 = -3});
    marker(beta, (struct sctx_marker_options){.name = "count", .unit = "messages", .kind = SCTX_MARKER_COUNTER},
           (sctx_level){.counter = 7});
    sctx_writer *a, *b;
    sctx_reader *r;
    MUST_OK(sctx_writer_open(alpha, NULL, &a));
    MUST_OK(sctx_writer_open(beta, NULL, &b));
    MUST_OK(sctx_reader_open(alpha, NULL, &r));
    for (unsigned i = 0; i < BASE_CELLS + 26; i++) {
        struct sctx_message m;
        size_t len = i % 7 == 3 ? 1000 : i % 29;
        if (i == 61) len = sizeof payload; /* more than a quarter: another arena for beta */
        MUST_OK(sctx_publish(i % 2 ? b : a, ids[i % 4], payload, len, NULL));
        if (i % 3 == 0) MUST_OK(sctx_read(r, &m));
    }
    sctx_reader_close(r);
    sctx_writer_close(a);
    sctx_writer_close(b);
    sctx_close(alpha);
    sctx_close(beta);
}

static void hold_locks(void) {
    int folder = open(base.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    MUST(folder >= 0);
    MUST_OK(lock_open(&base.locks, folder, geteuid(), true));
    MUST_OK(lock_try(&base.locks, LOCK_PARTICIPANT + 1));
    MUST_OK(lock_try(&base.locks, LOCK_READER + BASE_LIVE_READER));
    MUST_OK(lock_try(&base.locks, LOCK_ARENA + 1));
    close(folder);
}

/* What of a file is put back each time. */
struct range {
    size_t off, bytes;
};
static unsigned file_ranges(const struct file *f, struct range to[4]) {
    const struct layout_extent *s = base.header.section;
    to[0] = (struct range){0, f == files ? s[SECTION_TOPICS].off : f->bytes};
    if (f != files) return 1;
    for (unsigned i = 0; i < 3; i++) to[1 + i] = (struct range){s[SECTION_TOPICS + i].off, KEPT};
    return 4;
}

static void map_file(struct file *f) {
    char path[256];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/%s", base.path, f->name);
    f->fd = open(path, O_RDWR | O_CLOEXEC);
    MUST(f->fd >= 0 && fstat(f->fd, &st) == 0);
    f->bytes = (size_t)st.st_size;
    f->map = mmap(NULL, f->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
    MUST(f->map != MAP_FAILED);
    f->cut = false;
}

static void keep(struct file *f) {
    struct range r[4];
    unsigned n = file_ranges(f, r);
    size_t sum = 0;
    for (unsigned i = 0; i < n; i++) sum += r[i].bytes;
    unsigned char *to = f->good = malloc(sum);
    MUST(to);
    for (unsigned i = 0; i < n; to += r[i++].bytes) memcpy(to, f->map + r[i].off, r[i].bytes);
}

static void put_back(const struct file *f) {
    struct range r[4];
    unsigned n = file_ranges(f, r);
    const unsigned char *from = f->good;
    for (unsigned i = 0; i < n; from += r[i++].bytes) memcpy(f->map + r[i].off, from, r[i].bytes);
}

static void leave(void) {
    if (getpid() != base.owner) return;
    (void)sctx_remove(BASE_CONTEXT, base.dir, NULL);
    (void)rmdir(base.dir);
}

static void make_dir(void) {
    const char *above = getenv("SCTX_DIR");
    (void)snprintf(base.dir, sizeof base.dir, "%s/ring.XXXXXX", above && *above && strlen(above) < 50 ? above : "/dev/shm");
    MUST(mkdtemp(base.dir));
    base.owner = getpid();
    (void)snprintf(base.path, sizeof base.path, "%s/%s", base.dir, BASE_CONTEXT);
    MUST_OK(setenv("SCTX_DIR", base.dir, 1));
    MUST_OK(atexit(leave));
}

static blkcnt_t ring_blocks(void) {
    struct stat st;
    MUST_OK(fstat(files[0].fd, &st));
    return st.st_blocks;
}

static void make(void) {
    struct sctx_create_options o = {.size = sizeof o,
                                    .context = BASE_CONTEXT,
                                    .dir = base.dir,
                                    .cells = BASE_CELLS,
                                    .arena_bytes = LAYOUT_ARENA_MIN,
                                    .max_memory = 8u << 20,
                                    .gate_timeout_ns = BASE_GATE_TIMEOUT_NS,
                                    .flags = SCTX_CREATE_GATING};
    size_t bytes, stride;
    MUST_OK(sctx_create(&o));
    fill();
    for (unsigned i = 0; i < FILES; i++) map_file(&files[i]);
    memcpy(&base.header, files[0].map, sizeof base.header);
    for (unsigned i = SECTION_TOPICS; i < SECTION_COUNT; i++) /* what is kept of the tables is there for good */
        MUST_OK(posix_fallocate(files[0].fd, (off_t)base.header.section[i].off, KEPT));
    struct reader_entry *live = (struct reader_entry *)(void *)base_area(AREA_READERS, &bytes, &stride) + BASE_LIVE_READER;
    struct ring_hot *hot = (struct ring_hot *)(void *)base_area(AREA_HOT, &bytes, &stride);
    store_relaxed(&live->join, 2);
    store_relaxed(&live->flags, 1);
    store_relaxed(&live->cursor, 80);
    store_relaxed(&hot->gate_slots, BASE_LIVE_READER + 1);
    hold_locks();
    for (unsigned i = 0; i < FILES; i++) keep(&files[i]);
    base.blocks = ring_blocks();
}

void base_open(void) {
    if (base.owner) return;
    make_dir();
    make();
    MUST_OK(sctx_guard_install());
}

/* ---- spoiled -------------------------------------------------------------------------------------------------------------- */

unsigned char *base_area(enum area area, size_t *bytes, size_t *stride) {
    unsigned at = (unsigned)area;
    const struct file *f = at < AREA_ARENA_HEADER ? files : &files[1 + (at - AREA_ARENA_HEADER) % 3];
    if (f->cut) return NULL;
    if (at == AREA_HEADER || (at >= AREA_ARENA_HEADER && at < AREA_ARENA_DATA)) {
        *bytes = at == AREA_HEADER ? sizeof(struct ring_header) : sizeof(struct arena_header);
        *stride = at == AREA_HEADER ? sizeof(struct layout_extent) : 64;
        return f->map;
    }
    if (at >= AREA_ARENA_DATA) {
        *bytes = f->bytes - LAYOUT_PAGE;
        *stride = LAYOUT_UNIT;
        return f->map + LAYOUT_PAGE;
    }
    const struct layout_extent *s = &base.header.section[at - AREA_HOT];
    *bytes = s->count * s->stride;
    *stride = area == AREA_HEAP ? LAYOUT_UNIT : s->stride;
    return f->map + s->off;
}

void base_touch_arenas(void) {
    base.arenas_touched = true;
}
void base_touch_files(void) {
    base.files_touched = base.arenas_touched = true;
}
void base_removed(void) {
    base.removed = true;
}

void base_cut(unsigned file, uint64_t bytes) {
    struct file *f = &files[file % FILES];
    MUST_OK(ftruncate(f->fd, (off_t)(bytes % f->bytes)));
    f->cut = true;
    base.arenas_touched = true;
}

/* A time-out and a cap that the check calls good are taken at their word: not more than there is time and room for here. */
static void fix_header(void) {
    struct ring_header *h = (struct ring_header *)(void *)files[0].map;
    if (h->gate_timeout_ns > BASE_GATE_TIMEOUT_NS) h->gate_timeout_ns = BASE_GATE_TIMEOUT_NS;
    if (h->max_memory > 64u << 20) h->max_memory = 64u << 20;
    if (h->bytes <= LAYOUT_PAGE - offsetof(struct ring_header, bytes)) h->check = hash_bytes(&h->bytes, h->bytes, h->id);
}

static void fix_clock(void) {
    size_t bytes, stride;
    struct clock_triple *t = (struct clock_triple *)(void *)base_area(AREA_CLOCK, &bytes, &stride);
    for (unsigned i = 0; i < LAYOUT_CLOCK_SLOTS; i++, t++) {
        uint64_t ticks = load_relaxed(&t->ticks), mono = load_relaxed(&t->mono_ns), real = load_relaxed(&t->real_ns);
        if (ticks) store_relaxed(&t->check, mix64(mix64(mix64(0x736374785f747269, ticks), mono), real));
    }
}

/* A block that a table's entry refers to; as in intern.c. */
static void fix_block(uint64_t entry) {
    size_t heap = 0, stride = 0;
    unsigned char *at = base_area(AREA_HEAP, &heap, &stride);
    uint64_t off = ((entry & UINT32_MAX) - 1) * 32, words[4], h = 0x736374785f696e74;
    if ((entry & UINT32_MAX) == 0 || off + sizeof words > heap) return;
    memcpy(words, at + off, sizeof words);
    uint32_t bytes[4] = {(uint32_t)words[2], (uint32_t)(words[2] >> 32), (uint32_t)words[3], (uint32_t)(words[3] >> 32)};
    uint64_t from = off + sizeof words, room = heap - from;
    for (unsigned i = 0; i < 4; from += bytes[i++]) {
        if (bytes[i] > room) return;
        room -= bytes[i];
        h = mix64(hash_bytes(at + from, bytes[i], h), bytes[i]);
    }
    memcpy(at + off + 8, &h, sizeof h);
}

static void fix_heap(void) {
    size_t bytes, stride;
    const uint64_t *topics = (const uint64_t *)(const void *)base_area(AREA_TOPICS, &bytes, &stride);
    for (unsigned i = 0; i < 16 && topics[i]; i++)
        if (i == 0 || topics[i] != topics[i - 1]) fix_block(topics[i]);
    struct marker_entry *markers = (struct marker_entry *)(void *)base_area(AREA_MARKERS, &bytes, &stride);
    for (unsigned i = 0; i < 8 && load_relaxed(&markers[i].block); i++) fix_block(load_relaxed(&markers[i].block));
}

void base_fix(unsigned what) {
    if (!files[0].cut) {
        if (what & FIX_HEADER) fix_header();
        if (what & FIX_CLOCK) fix_clock();
        if (what & FIX_HEAP) fix_heap();
    }
    for (unsigned i = 1; i < FILES && what & FIX_ARENAS; i++) {
        if (files[i].cut) continue;
        struct arena_header *h = (struct arena_header *)(void *)files[i].map;
        base_touch_arenas();
        h->check = hash_bytes(&h->endian, offsetof(struct arena_header, intent) - offsetof(struct arena_header, endian), h->ring_id);
    }
}

/* ---- put back ------------------------------------------------------------------------------------------------------------- */

static void remake(void) {
    (void)sctx_remove(BASE_CONTEXT, base.dir, NULL); /* if somebody made another one */
    lock_close(&base.locks);
    for (unsigned i = 0; i < FILES; i++) {
        munmap(files[i].map, files[i].bytes);
        close(files[i].fd);
        free(files[i].good);
    }
    make();
}

/* Files that those who joined made. */
static void unlink_others(void) {
    DIR *dir = opendir(base.path);
    MUST(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        bool known = e->d_name[0] == '.' || strcmp(e->d_name, "alive") == 0;
        for (unsigned i = 0; i < FILES; i++) known |= strcmp(e->d_name, files[i].name) == 0;
        if (!known) (void)unlinkat(dirfd(dir), e->d_name, 0);
    }
    closedir(dir);
}

/* An arena that its slot's next owner gave up is there again. */
static void link_again(struct file *f) {
    struct stat st;
    char path[256];
    MUST_OK(fstat(f->fd, &st));
    if (st.st_nlink > 0) return;
    (void)snprintf(path, sizeof path, "%s/%s", base.path, f->name);
    (void)unlink(path);
    munmap(f->map, f->bytes);
    close(f->fd);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    MUST(fd >= 0);
    MUST_OK(ftruncate(fd, (off_t)f->bytes));
    close(fd);
    map_file(f);
}

static void holes(void) {
    const struct layout_extent *s = base.header.section;
    for (unsigned i = SECTION_TOPICS; i < SECTION_COUNT; i++) {
        off_t from = (off_t)(s[i].off + KEPT), to = (off_t)(i + 1 < SECTION_COUNT ? s[i + 1].off : base.header.file_bytes);
        MUST_OK(fallocate(files[0].fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from));
    }
}

static void put_all_back(void) {
    if (base.files_touched) {
        unlink_others();
        for (unsigned i = 1; i < FILES; i++) link_again(&files[i]);
    }
    for (unsigned i = 0; i < FILES; i++) {
        if (i > 0 && !base.arenas_touched) continue;
        if (files[i].cut) MUST_OK(ftruncate(files[i].fd, (off_t)files[i].bytes));
        files[i].cut = false;
        put_back(&files[i]);
    }
    if (ring_blocks() != base.blocks) holes();
}

void base_restore(void) {
    if (base.removed)
        remake();
    else
        put_all_back();
    base.removed = base.files_touched = base.arenas_touched = false;
}
