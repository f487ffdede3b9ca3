#define _GNU_SOURCE
#include "arena.h"
#include "intern.h"
#include "ring.h"
#include "testpoint.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define GENERATIONS_KEPT 64u /* more of a slot are never there at once: a larger distance is nonsense */

static void arena_file_name(char name[32], uint32_t slot, uint32_t gen) {
    (void)snprintf(name, 32, "arena.%u.%u", slot, gen);
}

static uint64_t arena_check(const struct arena_header *h) {
    return hash_bytes(&h->endian, offsetof(struct arena_header, intent) - offsetof(struct arena_header, endian), h->ring_id);
}

static uint64_t arena_step(uint64_t bytes) {
    return bytes / LAYOUT_ARENA_STEPS < LAYOUT_STEP_MAX ? bytes / LAYOUT_ARENA_STEPS : LAYOUT_STEP_MAX;
}

/* Constant parts of a mapped header; `bytes` is what the file has room for. */
static bool arena_header_fits(const struct sctx *ctx, const struct arena_header *shared, uint32_t slot, uint32_t gen, uint64_t room,
                              uint64_t *bytes) {
    if (load_acquire(&shared->magic) != LAYOUT_ARENA_MAGIC) return false;
    struct arena_header h;
    memcpy(&h, shared, sizeof h);
    *bytes = h.bytes;
    return h.check == arena_check(&h) && h.endian == LAYOUT_ENDIAN && h.major == LAYOUT_MAJOR && h.ring_id == ctx->header.id &&
           h.slot == slot && h.gen == gen && h.bytes >= LAYOUT_ARENA_MIN && h.bytes <= LAYOUT_ARENA_MAX && !(h.bytes & (h.bytes - 1)) &&
           h.bytes <= room;
}

static int arena_map(struct sctx *ctx, struct arena *a, int fd, uint32_t slot, uint32_t gen) {
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size <= (off_t)LAYOUT_PAGE || st.st_size > (off_t)(LAYOUT_PAGE + LAYOUT_ARENA_MAX))
        return SCTX_ERR_DAMAGED;
    struct mapping map;
    int rc = mapping_open(&map, fd, (size_t)st.st_size, true, &a->lost);
    if (rc) return status_of_errno(-rc);
    struct arena_header *h = (struct arena_header *)(void *)map.base;
    uint64_t bytes;
    if (!arena_header_fits(ctx, h, slot, gen, (uint64_t)st.st_size - LAYOUT_PAGE, &bytes)) {
        mapping_close(&map);
        return SCTX_ERR_DAMAGED;
    }
    mapping_populate(&map);
    mapping_close(&a->map);
    a->map = map;
    a->header = h;
    a->data = map.base + LAYOUT_PAGE;
    a->bytes = bytes;
    a->mask = bytes - 1;
    a->largest = arena_largest(bytes);
    a->step = arena_step(bytes);
    a->slot = slot;
    a->gen = gen;
    a->entry = &ctx->arenas[slot];
    a->intent = load_relaxed(&h->intent);
    a->pos = (a->intent + LAYOUT_UNIT - 1) & ~(uint64_t)(LAYOUT_UNIT - 1);
    uint64_t resume = load_relaxed(&h->resume) - 1; /* nothing was ever published between it and intent */
    if (resume < a->intent && a->intent - resume <= a->step && resume % LAYOUT_UNIT == 0) a->pos = resume;
    store_relaxed(&h->resume, 0); /* before anything is written there: a crash from now on leaves intent only */
    fence_release();
    return SCTX_OK;
}

static int arena_file_make(struct sctx *ctx, int folder, uint32_t slot, uint32_t gen, uint64_t bytes, struct sctx_error *error) {
    char name[32];
    arena_file_name(name, slot, gen);
    (void)unlinkat(folder, name, 0); /* of one who died here: no ref names it */
    int fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(error, errno == EEXIST ? SCTX_ERR_EXISTS : status_of_errno(errno), "cannot make %s/%s: %s", ctx->path, name,
                    strerror(errno));
    int rc = place_allocate(fd, 0, LAYOUT_PAGE + bytes, "an arena", error);
    TESTPOINT("arena:allocated");
    struct stat up;
    if (rc == SCTX_OK && (fstat(folder, &up) != 0 || fchmod(fd, up.st_mode & S_IRGRP ? 0640 : 0600) != 0)) /* whatever the umask */
        rc = fail(error, SCTX_ERR_SYSTEM, "cannot set the mode of %s/%s: %s", ctx->path, name, strerror(errno));
    _Atomic uint32_t lost = 0;
    struct mapping m = {0};
    if (rc == SCTX_OK && (rc = mapping_open(&m, fd, LAYOUT_PAGE, true, &lost)) != 0)
        rc = fail(error, status_of_errno(-rc), "cannot map an arena: %s", strerror(-rc));
    if (rc == SCTX_OK) {
        struct arena_header *to = (struct arena_header *)(void *)m.base;
        struct arena_header h = {
            .endian = LAYOUT_ENDIAN, .major = LAYOUT_MAJOR, .ring_id = ctx->header.id, .bytes = bytes, .slot = slot, .gen = gen};
        h.check = arena_check(&h);
        memcpy((unsigned char *)to + sizeof to->magic, (unsigned char *)&h + sizeof h.magic, sizeof h - sizeof h.magic);
        TESTPOINT("arena:before-magic");
        store_release(&to->magic, LAYOUT_ARENA_MAGIC);
        mapping_close(&m);
        return fd;
    }
    close(fd);
    (void)unlinkat(folder, name, 0);
    return rc;
}

uint64_t arena_memory(const struct sctx *ctx, uint32_t *used) {
    uint64_t sum = 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < LAYOUT_ARENA_SLOTS; i++) {
        uint64_t bytes = load_relaxed(&ctx->arenas[i].bytes), old = load_relaxed(&ctx->arenas[i].old_bytes);
        sum += bytes + old + (bytes ? LAYOUT_PAGE : 0);
        n += load_relaxed(&ctx->arenas[i].gen) != 0;
    }
    if (used) *used = n;
    return sum;
}

static uint32_t generation_after(uint32_t gen) {
    return gen + 1 ? gen + 1 : 1;
}

/* It closed its descriptors, perhaps, but runs. */
static bool owner_runs(const struct arena_entry *e) {
    uint64_t start = load_relaxed(&e->start_time);
    return start && load_relaxed(&e->join) && process_start_time(load_relaxed(&e->pid)) == start;
}

/* Bytes of all arenas that dead owners of ours left. *largest (unless NULL): the slot of the largest, locked; UINT32_MAX: there is none. */
static uint64_t dead_bytes(struct sctx *ctx, const struct arena *a, uint32_t own, uint32_t *largest) {
    uint64_t most = 0, sum = 0;
    if (largest) *largest = UINT32_MAX;
    for (uint32_t k = 0; k < LAYOUT_ARENA_SLOTS; k++) {
        const struct arena_entry *e = &ctx->arenas[k];
        uint64_t bytes = load_relaxed(&e->bytes) + load_relaxed(&e->old_bytes);
        if (k == own || bytes == 0 || !load_acquire(&e->gen) || load_relaxed(&e->uid) != geteuid()) continue;
        if (lock_try(&a->lock, LOCK_ARENA + k) != 0) continue;
        bool dead = !owner_runs(e), keep = dead && largest && bytes > most;
        if (dead) sum += bytes;
        if (keep && *largest != UINT32_MAX) (void)lock_release(&a->lock, LOCK_ARENA + *largest);
        if (keep) {
            *largest = k;
            most = bytes;
        } else {
            (void)lock_release(&a->lock, LOCK_ARENA + k);
        }
    }
    return sum;
}

/* For want of memory: drops the largest of the arenas that the dead left. What was said in it is gone; the living come first. */
static bool drop_dead(struct sctx *ctx, const struct arena *a, uint32_t own, int folder) {
    uint32_t slot;
    (void)dead_bytes(ctx, a, own, &slot);
    if (slot == UINT32_MAX) return false;
    struct arena_entry *e = &ctx->arenas[slot];
    char name[32];
    uint32_t gen = load_relaxed(&e->gen), oldest = load_relaxed(&e->oldest);
    for (uint32_t g = gen - oldest < GENERATIONS_KEPT ? oldest : gen; g != gen + 2; g++) { /* the one after it may be half made */
        arena_file_name(name, slot, g);
        (void)unlinkat(folder, name, 0);
    }
    store_relaxed(&e->oldest, gen);
    store_relaxed(&e->bytes, 0);
    store_relaxed(&e->old_bytes, 0);
    (void)lock_release(&a->lock, LOCK_ARENA + slot);
    return true;
}

static uint64_t memory_used(struct sctx *ctx) {
    return ctx->header.section[SECTION_TOPICS].off + intern_memory(ctx) + arena_memory(ctx, NULL);
}

/* Notes what the slot is going to take, before it takes it: two who grow at once both see both, so the cap holds. */
static int arena_budget(struct sctx *ctx, const struct arena *a, uint32_t slot, uint64_t bytes, uint64_t old_bytes, bool drop, int folder,
                        struct sctx_error *error) {
    struct arena_entry *e = &ctx->arenas[slot];
    uint64_t was = load_relaxed(&e->bytes), was_old = load_relaxed(&e->old_bytes), most = ctx->header.max_memory;
    store_relaxed(&e->bytes, bytes);
    store_relaxed(&e->old_bytes, old_bytes);
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t sum = memory_used(ctx);
    bool enough = sum <= most || (drop && sum - most <= dead_bytes(ctx, a, slot, NULL)); /* nothing is dropped in vain */
    for (uint32_t dropped = 0; enough && sum > most; dropped++) {
        enough = dropped < LAYOUT_ARENA_SLOTS && drop_dead(ctx, a, slot, folder);
        sum = memory_used(ctx);
    }
    if (enough) return SCTX_OK;
    store_relaxed(&e->bytes, was);
    store_relaxed(&e->old_bytes, was_old);
    return fail(error, SCTX_ERR_NO_SPACE,
                "an arena of %llu KiB would take the context to %llu KiB, its --max-memory is %llu KiB; make one that may take more (sctx "
                "create NAME --max-memory SIZE)",
                (unsigned long long)(bytes >> 10), (unsigned long long)(sum >> 10), (unsigned long long)(most >> 10));
}

/* Would there be room in the file system if the dead made some? Not where it is something else that is lacking. */
static bool dropping_helps(struct sctx *ctx, const struct arena *a, uint32_t slot, int folder, uint64_t bytes) {
    struct statvfs fs;
    if (fstatvfs(folder, &fs) != 0) return false;
    uint64_t free = (uint64_t)fs.f_bavail * fs.f_frsize, needed = bytes + LAYOUT_PAGE;
    return free < needed && needed - free <= dead_bytes(ctx, a, slot, NULL);
}

/* A new file for the slot: the generation after *gen, or a later one. A descriptor or a status. */
static int arena_file_next(struct sctx *ctx, const struct arena *a, int folder, uint32_t slot, uint32_t *gen, uint64_t bytes, bool drop,
                           struct sctx_error *error) {
    uint32_t g = generation_after(*gen);
    int fd = arena_file_make(ctx, folder, slot, g, bytes, error);
    for (int tries = 0; fd == SCTX_ERR_EXISTS && tries < 16; tries++) /* another user's, who died at it or means ill: not ours to unlink */
        fd = arena_file_make(ctx, folder, slot, g = generation_after(g), bytes, error);
    for (uint32_t dropped = 0; fd == SCTX_ERR_NO_SPACE && drop && dropped < LAYOUT_ARENA_SLOTS; dropped++) {
        if (!dropping_helps(ctx, a, slot, folder, bytes) || !drop_dead(ctx, a, slot, folder)) break;
        fd = arena_file_make(ctx, folder, slot, g, bytes, error);
    }
    *gen = g;
    return fd;
}

/* A3, under the slot's lock. */
static int arena_replace(struct sctx *ctx, struct arena *a, uint32_t slot, uint64_t bytes, bool drop, struct sctx_error *error) {
    struct arena_entry *e = &ctx->arenas[slot];
    uint32_t gen = load_relaxed(&e->gen), g = gen;
    int folder = context_folder(ctx);
    if (folder < 0) return fail(error, folder, "the folder %s cannot be opened any more", ctx->path);
    uint64_t was = load_relaxed(&e->bytes), was_old = load_relaxed(&e->old_bytes);
    int rc = arena_budget(ctx, a, slot, bytes, gen ? was_old + was : 0, drop, folder, error);
    if (rc) return rc;
    int fd = arena_file_next(ctx, a, folder, slot, &g, bytes, drop, error);
    rc = fd < 0 ? fd : arena_map(ctx, a, fd, slot, g);
    if (fd >= 0) close(fd);
    if (rc) {
        if (fd >= 0) { /* no ref names it */
            char name[32];
            arena_file_name(name, slot, g);
            (void)unlinkat(folder, name, 0);
            rc = fail(error, rc, "cannot map an arena of %llu KiB: %s", (unsigned long long)(bytes >> 10), sctx_strerror(rc));
        }
        store_relaxed(&e->bytes, was);
        store_relaxed(&e->old_bytes, was_old);
        return rc;
    }
    if (load_relaxed(&e->oldest) == 0) store_relaxed(&e->oldest, g);
    store_relaxed(&e->uid, (uint32_t)geteuid()); /* before gen: if we die in between, the next one of this user may adopt it */
    TESTPOINT("arena:before-gen");
    store_release(&e->gen, g);
    TESTPOINT("arena:after-gen");
    return SCTX_OK;
}

/* A2, under the slot's lock. */
static int arena_adopt(struct sctx *ctx, struct arena *a, uint32_t slot, uint64_t bytes) {
    struct arena_entry *e = &ctx->arenas[slot];
    uint32_t gen = load_acquire(&e->gen);
    if (load_relaxed(&e->uid) != geteuid()) return SCTX_ERR_ACCESS;
    if (owner_runs(e)) return SCTX_ERR_STATE;
    int folder = context_folder(ctx);
    if (folder < 0) return folder;
    char name[32];
    arena_file_name(name, slot, gen);
    int fd = place_open_file(folder, name, O_RDWR, geteuid(), ctx->path, NULL);
    if (fd < 0) return SCTX_ERR_NOT_FOUND;
    int rc = arena_map(ctx, a, fd, slot, gen);
    close(fd);
    if (rc == SCTX_OK && load_relaxed(&e->bytes) != a->bytes) { /* its owner died while it made a larger one: no ref names that */
        arena_file_name(name, slot, generation_after(gen));
        (void)unlinkat(folder, name, 0);
    }
    return rc == SCTX_OK && a->bytes < bytes ? SCTX_ERR_TOO_BIG : rc;
}

static void arena_owner_note(const struct sctx *ctx, struct arena *a) {
    struct arena_entry *e = a->entry;
    store_relaxed(&e->join, 0);
    store_relaxed(&e->published, 0);
    store_relaxed(&e->payload, 0);
    store_relaxed(&e->uid, (uint32_t)geteuid());
    store_relaxed(&e->pid, (uint32_t)getpid());
    store_relaxed(&e->start_time, process_own_start_time());
    store_relaxed(&e->bytes, a->bytes);
    TESTPOINT("arena:before-join");
    store_release(&e->join, ctx->join);
}

/* Under the slot's lock. EXISTS: it is not ours to take. */
static int arena_take(struct sctx *ctx, struct arena *a, uint32_t slot, uint64_t bytes, struct sctx_error *error) {
    int rc = SCTX_ERR_NOT_FOUND;
    if (load_acquire(&ctx->arenas[slot].gen)) rc = arena_adopt(ctx, a, slot, bytes);
    if (rc == SCTX_ERR_ACCESS || rc == SCTX_ERR_STATE) return SCTX_ERR_EXISTS;
    return rc ? arena_replace(ctx, a, slot, bytes, true, error) : SCTX_OK;
}

int arena_claim(struct sctx *ctx, struct arena *a, uint64_t bytes, struct sctx_error *error) {
    *a = (struct arena){.lock.file = OWN_FD_NONE};
    int folder = context_folder(ctx);
    if (folder < 0) return fail(error, folder, "the folder %s cannot be opened any more", ctx->path);
    int rc = lock_open(&a->lock, folder, ctx->owner, true);
    if (rc) return fail(error, status_of_errno(-rc), "cannot open %s/alive: %s", ctx->path, strerror(-rc));
    for (uint32_t k = 0; k < LAYOUT_ARENA_SLOTS; k++) {
        TESTPOINT("arena:before-lock");
        rc = lock_try(&a->lock, LOCK_ARENA + k); /* A1 */
        if (rc == -EAGAIN) continue;
        if (rc) {
            rc = fail(error, status_of_errno(-rc), "cannot lock a byte of %s/alive: %s", ctx->path, strerror(-rc));
            arena_release(a);
            return rc;
        }
        TESTPOINT("arena:locked");
        rc = arena_take(ctx, a, k, bytes, error);
        if (rc == SCTX_OK) {
            arena_owner_note(ctx, a);
            arena_sweep(ctx, a);
            return SCTX_OK;
        }
        if (rc != SCTX_ERR_EXISTS) {
            arena_release(a);
            return rc;
        }
        (void)lock_release(&a->lock, LOCK_ARENA + k);
    }
    arena_release(a);
    return fail(error, SCTX_ERR_FULL, "all %u arenas of %s are taken", LAYOUT_ARENA_SLOTS, ctx->path);
}

int arena_grow(struct sctx *ctx, struct arena *a, uint64_t bytes, uint64_t last_seq, bool drop, struct sctx_error *error) {
    struct arena_header *old = a->header;
    struct mapping old_map = a->map;
    a->map = (struct mapping){0}; /* kept until the new one stands */
    int rc = arena_replace(ctx, a, a->slot, bytes, drop, error);
    if (rc) {
        a->map = old_map;
        return rc == SCTX_ERR_EXISTS ? SCTX_ERR_SYSTEM : rc;
    }
    store_relaxed(&old->last_seq, last_seq);
    store_release(&old->retired, 1);
    mapping_close(&old_map);
    arena_sweep(ctx, a);
    return SCTX_OK;
}

/* Is the retired generation `gen` still referred to? One that was never told its last message is told the tail of now. */
static bool arena_needed(struct sctx *ctx, int folder, uint32_t slot, uint32_t gen, uint64_t *bytes) {
    char name[32];
    arena_file_name(name, slot, gen);
    int fd = place_open_file(folder, name, O_RDWR, geteuid(), ctx->path, NULL);
    struct mapping m;
    struct stat st;
    _Atomic uint32_t lost = 0;
    if (fd < 0) {
        bool later = (fd == SCTX_ERR_SYSTEM || fd == SCTX_ERR_NO_MEMORY) && fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
        if (later && st.st_size > (off_t)LAYOUT_PAGE) *bytes = (uint64_t)st.st_size - LAYOUT_PAGE;
        return later;
    }
    bool needed = fstat(fd, &st) != 0 || st.st_size > (off_t)LAYOUT_PAGE; /* unless it can be seen that it is not */
    if (needed && mapping_open(&m, fd, LAYOUT_PAGE, true, &lost) == 0) {
        struct arena_header *h = (struct arena_header *)(void *)m.base;
        if (!load_acquire(&h->retired)) {
            store_relaxed(&h->last_seq, ring_tail(ctx));
            store_release(&h->retired, 1);
        }
        needed = !seq_before(load_relaxed(&h->last_seq), ring_oldest(ctx, ring_tail(ctx)));
        *bytes = (uint64_t)st.st_size - LAYOUT_PAGE;
        mapping_close(&m);
    }
    close(fd);
    return needed;
}

void arena_sweep(struct sctx *ctx, struct arena *a) {
    struct arena_entry *e = a->entry;
    uint32_t oldest = load_relaxed(&e->oldest);
    if (oldest == a->gen || a->gen - oldest > GENERATIONS_KEPT) { /* nothing there; or nonsense: older ones than that were never kept */
        store_relaxed(&e->oldest, a->gen);
        store_relaxed(&e->old_bytes, 0);
        return;
    }
    int folder = context_folder(ctx);
    if (folder < 0) return;
    uint64_t kept = 0;
    bool leading = true;
    for (uint32_t g = oldest; g != a->gen; g++) {
        uint64_t bytes = 0;
        if (g && arena_needed(ctx, folder, a->slot, g, &bytes)) {
            kept += bytes + LAYOUT_PAGE;
            leading = false;
            continue;
        }
        char name[32];
        arena_file_name(name, a->slot, g);
        (void)unlinkat(folder, name, 0);
        if (leading) store_relaxed(&e->oldest, g + 1);
    }
    store_relaxed(&e->old_bytes, kept);
}

void arena_release(struct arena *a) {
    if (a->entry && a->header && own_fd_valid(&a->lock.file)) {
        store_release(&a->header->resume, a->pos + 1);
        store_release(&a->entry->join, 0); /* else another may own the slot by now */
    }
    mapping_close(&a->map);
    lock_close(&a->lock);
}

/* A want of the moment, not of the file's. By errno: a status would not tell it from what another can do to a file. */
static int view_trouble(int err) {
    return err == ENOMEM ? SCTX_ERR_NO_MEMORY : err == EMFILE || err == ENFILE || err == EIO ? SCTX_ERR_SYSTEM : SCTX_OK;
}

static int view_map(struct sctx *ctx, struct arena_view *v, int fd, uint32_t slot, _Atomic uint32_t *lost) {
    struct stat st;
    uint64_t bytes;
    if (fstat(fd, &st) != 0) return view_trouble(errno) ? view_trouble(errno) : SCTX_ERR_NOT_FOUND;
    if (st.st_size <= (off_t)LAYOUT_PAGE || st.st_size > (off_t)(LAYOUT_PAGE + LAYOUT_ARENA_MAX)) return SCTX_ERR_NOT_FOUND;
    int rc = mapping_open(&v->map, fd, (size_t)st.st_size, false, lost);
    if (rc) return view_trouble(-rc) ? view_trouble(-rc) : SCTX_ERR_NOT_FOUND;
    v->header = (const struct arena_header *)(const void *)v->map.base;
    if (!arena_header_fits(ctx, v->header, slot, v->gen, (uint64_t)st.st_size - LAYOUT_PAGE, &bytes)) {
        mapping_close(&v->map);
        return SCTX_ERR_NOT_FOUND;
    }
    v->data = v->map.base + LAYOUT_PAGE;
    v->bytes = bytes;
    return SCTX_OK;
}

int arena_view_open(struct sctx *ctx, struct arena_view *v, uint32_t slot, uint32_t gen_low, _Atomic uint32_t *lost) {
    uint32_t now = load_acquire(&ctx->arenas[slot].gen), gen = now - ((now - gen_low) & REF_GEN_MASK);
    if (v->gen == gen && gen) return v->missing ? SCTX_ERR_NOT_FOUND : SCTX_OK;
    arena_view_close(v);
    v->gen = gen;
    v->missing = true;
    errno = 0;
    int folder = gen ? context_folder(ctx) : SCTX_ERR_NOT_FOUND, fd = folder, rc = SCTX_ERR_NOT_FOUND;
    char name[32];
    arena_file_name(name, slot, gen);
    if (folder >= 0) fd = place_open_file(folder, name, O_RDONLY, (uid_t)-1, ctx->path, NULL);
    if (fd < 0 && view_trouble(errno)) rc = view_trouble(errno);
    if (fd >= 0) {
        rc = view_map(ctx, v, fd, slot, lost);
        close(fd);
    }
    v->missing = rc != SCTX_OK;
    if (rc != SCTX_OK && rc != SCTX_ERR_NOT_FOUND) v->gen = 0; /* not looked at */
    return rc;
}

void arena_view_close(struct arena_view *v) {
    mapping_close(&v->map);
    *v = (struct arena_view){0};
}
