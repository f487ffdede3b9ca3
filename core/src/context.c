#define _GNU_SOURCE
#include "context.h"
#include "arena.h"
#include "intern.h"
#include "name.h"
#include "options.h"
#include "participant.h"
#include "reader.h"
#include "ring.h"
#include "testpoint.h"
#include "topic.h"
#include "wait.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- opening -------------------------------------------------------------------------------------------------------------- */

static struct sctx *context_new(bool tap) {
    struct sctx *ctx = calloc(1, sizeof *ctx);
    if (!ctx) return NULL;
    ctx->tap = tap;
    ctx->ring_file.fd = ctx->folder.fd = ctx->alive.file.fd = -1;
    ctx->fork_token = fork_token_new();
    ctx->topic_cache = topic_cache_new();
    ctx->name_cache = name_cache_new();
    pthread_mutex_init(&ctx->mutex, NULL);
    pthread_mutex_init(&ctx->files, NULL);
    if (ctx->fork_token && ctx->topic_cache && ctx->name_cache) return ctx;
    sctx_close(ctx);
    return NULL;
}

void sctx_close(sctx *ctx) {
    if (!ctx) return;
    bool ours = ctx->fork_token && *ctx->fork_token;
    if (ours) {
        participant_leave(ctx);
        lock_close(&ctx->alive);
        mapping_close(&ctx->ring);
    }
    own_fd_close(&ctx->ring_file);
    own_fd_close(&ctx->folder);
    topic_cache_free(ctx->topic_cache);
    name_cache_free(ctx->name_cache);
    for (uint32_t i = 0; ctx->marker_names && i < LAYOUT_MARKER_SLOTS; i++) free(ctx->marker_names[i].buffer);
    free(ctx->marker_names);
    fork_token_free(ctx->fork_token);
    pthread_mutex_destroy(&ctx->mutex);
    pthread_mutex_destroy(&ctx->files);
    free(ctx);
}

static int open_folder(struct sctx *ctx, struct sctx_error *error) {
    int upper = place_open_upper(&ctx->place, false, error);
    if (upper < 0) return upper;
    int fd = place_open(&ctx->place, upper, &ctx->owner, error);
    close(upper);
    if (fd < 0) return fd;
    return own_fd_take(&ctx->folder, fd) == 0 ? SCTX_OK : SCTX_ERR_SYSTEM;
}

/* A file of the context is not there: is the whole context on its way out, or is it damaged? */
static int file_missing(const struct sctx *ctx, const char *file, struct sctx_error *error) {
    struct stat st;
    if (lstat(ctx->path, &st) != 0 || st.st_dev != ctx->folder.dev || st.st_ino != ctx->folder.ino)
        return fail(error, SCTX_ERR_NOT_FOUND, "the context '%s' is just being removed", ctx->place.name);
    return fail(error, SCTX_ERR_DAMAGED, "%s/%s is missing; `sctx rm` removes what is left", ctx->path, file);
}

static int open_files(struct sctx *ctx, struct sctx_error *error) {
    int rc = open_folder(ctx, error);
    if (rc) return rc;
    int fd = place_open_file(ctx->folder.fd, "ring", ctx->tap ? O_RDONLY : O_RDWR, ctx->owner, ctx->path, error);
    if (fd == SCTX_ERR_NOT_FOUND) return file_missing(ctx, "ring", error);
    if (fd < 0) return fd;
    if (own_fd_take(&ctx->ring_file, fd) != 0) return SCTX_ERR_SYSTEM;
    if ((rc = ring_open(ctx, fd, !ctx->tap, error)) != SCTX_OK) return rc;
    rc = lock_open(&ctx->alive, ctx->folder.fd, ctx->owner, !ctx->tap);
    if (rc == -ENOENT && !ctx->tap) return file_missing(ctx, "alive", error);
    if (rc == -ELOOP)
        return fail(error, SCTX_ERR_UNSAFE, "%s/alive is a link, no plain file of its own, or of the wrong owner: refused", ctx->path);
    if (rc && !ctx->tap) return fail(error, status_of_errno(-rc), "cannot open %s/alive: %s", ctx->path, strerror(-rc));
    return context_removed(ctx) ? fail(error, SCTX_ERR_NOT_FOUND, "the context '%s' is just being removed", ctx->place.name) : SCTX_OK;
}

static int open_place(const struct place *place, bool tap, const char *name, sctx **out, struct sctx_error *error) {
    struct sctx *ctx = context_new(tap);
    if (!ctx) return fail(error, SCTX_ERR_NO_MEMORY, "out of memory");
    ctx->place = *place;
    int rc = place_path(place, ctx->path, sizeof ctx->path);
    if (rc == SCTX_OK) rc = open_files(ctx, error);
    if (rc == SCTX_OK && !tap) rc = participant_join(ctx, name, error);
    if (rc == SCTX_OK && load_relaxed(&ctx->lost)) rc = fail(error, SCTX_ERR_LOST, "%s/ring was truncated", ctx->path);
    if (rc == SCTX_OK)
        *out = ctx;
    else
        sctx_close(ctx);
    return rc;
}

int sctx_open(const struct sctx_options *options, sctx **out) {
    struct sctx_options o;
    if (!out || !options_take(&o, sizeof o, options) || o.flags) return SCTX_ERR_INVALID;
    struct place place;
    int rc = place_resolve(&place, o.context, o.dir, o.error);
    if (rc) return rc;
    const char *name = o.name ? o.name : program_invocation_short_name;
    if (!name_is_text(name, SCTX_NAME_MAX)) {
        if (o.name)
            return fail(o.error, SCTX_ERR_NAME, "a participant's name is UTF-8, 1 to %u bytes, without control characters", SCTX_NAME_MAX);
        name = "unnamed";
    }
    /* Not there: make it. There after all: somebody else made it, join that. A few times, for it may be removed as well. */
    for (int i = 0; i < 16; i++) {
        rc = open_place(&place, false, name, out, o.error);
        if (rc != SCTX_ERR_NOT_FOUND || !place.own) return rc;
        struct sctx_create_options c = {.size = sizeof c, .context = place.name, .dir = place.upper, .error = o.error};
        rc = sctx_create(&c);
        if (rc != SCTX_OK && rc != SCTX_ERR_EXISTS) return rc;
    }
    return fail(o.error, SCTX_ERR_DAMAGED, "%s/%s is there, but it is no whole context: sctx rm it", place.upper, place.name);
}

int sctx_tap_open(const struct sctx_options *options, sctx **out) {
    struct sctx_options o;
    if (!out || !options_take(&o, sizeof o, options) || o.flags) return SCTX_ERR_INVALID;
    struct place place;
    int rc = place_resolve(&place, o.context, o.dir, o.error);
    return rc ? rc : open_place(&place, true, NULL, out, o.error);
}

/* ---- being open ----------------------------------------------------------------------------------------------------------- */

uint32_t sctx_join_number(const sctx *ctx) {
    return ctx ? ctx->join : 0;
}

/* The program closed it: open it once more, if it is still the same. With ctx->files held. */
static int folder_again(struct sctx *ctx) {
    struct own_fd was = ctx->folder;
    ctx->folder.fd = -1;
    int rc = open_folder(ctx, NULL);
    if (rc == SCTX_OK && ctx->folder.dev == was.dev && ctx->folder.ino == was.ino) return SCTX_OK;
    own_fd_close(&ctx->folder);
    ctx->folder = (struct own_fd){.fd = -1, .dev = was.dev, .ino = was.ino};
    return rc ? rc : SCTX_ERR_LOST;
}

static int ring_again(struct sctx *ctx) {
    struct own_fd again = OWN_FD_NONE;
    int fd = place_open_file(ctx->folder.fd, "ring", ctx->tap ? O_RDONLY : O_RDWR, ctx->owner, ctx->path, NULL);
    if (fd < 0) return fd;
    if (own_fd_take(&again, fd) != 0) return SCTX_ERR_SYSTEM;
    if (again.dev != ctx->ring_file.dev || again.ino != ctx->ring_file.ino) {
        own_fd_close(&again);
        return SCTX_ERR_LOST;
    }
    ctx->ring_file = again;
    return SCTX_OK;
}

int context_folder(struct sctx *ctx) {
    pthread_mutex_lock(&ctx->files);
    int rc = own_fd_valid(&ctx->folder) ? SCTX_OK : folder_again(ctx);
    int fd = ctx->folder.fd;
    pthread_mutex_unlock(&ctx->files);
    return rc ? rc : fd;
}

int context_ring(struct sctx *ctx) {
    pthread_mutex_lock(&ctx->files);
    int rc = SCTX_OK;
    if (!own_fd_valid(&ctx->ring_file)) {
        rc = own_fd_valid(&ctx->folder) ? SCTX_OK : folder_again(ctx);
        if (rc == SCTX_OK) rc = ring_again(ctx);
    }
    int fd = ctx->ring_file.fd;
    pthread_mutex_unlock(&ctx->files);
    return rc ? rc : fd;
}

/* Is the ring's file still the one that has this path, and as long as it was? Where the path leads nowhere, it is looked for from the folder on: this
 * process may be in a chroot by now. */
static bool ring_there(struct sctx *ctx) {
    struct stat mapped, named;
    char path[sizeof ctx->path + 8], beside[SCTX_NAME_MAX + 16];
    (void)snprintf(path, sizeof path, "%s/ring", ctx->path);
    (void)snprintf(beside, sizeof beside, "../%s/ring", ctx->place.name);
    pthread_mutex_lock(&ctx->files);
    struct own_fd ring = ctx->ring_file;
    bool cut =
        own_fd_valid(&ring) && fstat(ring.fd, &mapped) == 0 && (mapped.st_nlink == 0 || (uint64_t)mapped.st_size < ctx->header.file_bytes);
    bool there = lstat(path, &named) == 0;
    bool gone = !there && errno == ENOENT;
    if (gone && own_fd_valid(&ctx->folder)) {
        there = fstatat(ctx->folder.fd, beside, &named, AT_SYMLINK_NOFOLLOW) == 0;
        gone = !there && errno == ENOENT;
    }
    pthread_mutex_unlock(&ctx->files);
    bool other = there && (named.st_ino != ring.ino || named.st_dev != ring.dev || (uint64_t)named.st_size < ctx->header.file_bytes);
    return !cut && !gone && !other;
}

int sctx_check(sctx *ctx) {
    if (!ctx) return SCTX_ERR_INVALID;
    int rc = context_usable(ctx);
    if (rc) return rc;
    if (context_removed(ctx)) return SCTX_ERR_REMOVED;
    if (ring_there(ctx)) return SCTX_OK;
    if (context_removed(ctx)) return SCTX_ERR_REMOVED;
    store_relaxed(&ctx->lost, 1);
    return SCTX_ERR_LOST;
}

int64_t context_time(struct sctx *ctx, uint64_t ticks) {
    pthread_mutex_lock(&ctx->mutex);
    int64_t ns = clock_convert(&ctx->map, &ctx->clock, ticks);
    pthread_mutex_unlock(&ctx->mutex);
    return ns;
}

/* The time that the messages which can be read now span. */
static int64_t span_ns(struct sctx *ctx, uint64_t *oldest, uint64_t tail) {
    struct sctx_reader *r;
    struct sctx_message m;
    if (reader_new_look(ctx, &r) != SCTX_OK) return 0;
    int64_t first = 0, last = 0;
    if (sctx_peek(r, &m) == SCTX_OK && seq_before(m.seq, tail)) {
        *oldest = m.seq;
        first = last = m.time_ns;
        for (uint64_t back = 1; back < 64 && seq_before(m.seq, tail - back);
             back++) { /* the newest may be gone: a large message came after */
            if (sctx_reader_seek(r, tail - back) == SCTX_OK && sctx_peek(r, &m) == SCTX_OK) {
                last = m.time_ns;
                break;
            }
        }
    }
    sctx_reader_close(r);
    return last > first ? (int64_t)((uint64_t)last - (uint64_t)first) : 0;
}

static void count_participants(struct sctx *ctx, struct sctx_info *info) {
    struct census census;
    census_take(ctx, &census);
    info->participant_slots = LAYOUT_PARTICIPANT_SLOTS;
    info->participants_known = census.count;
    for (uint32_t i = 0; i < census.count; i++) info->participants_alive += census.seats[i].alive != SCTX_DEAD;
    for (uint32_t i = 0; i < LAYOUT_READER_SLOTS; i++) {
        uint32_t join = load_acquire(&ctx->readers[i].join), seat = join != 0 ? census_find(&census, join) : UINT32_MAX;
        info->readers += seat != UINT32_MAX && census.seats[seat].alive != SCTX_DEAD;
    }
}

int sctx_extent_get(sctx *ctx, struct sctx_extent *out) {
    if (!ctx || !out) return SCTX_ERR_INVALID;
    int rc = context_usable(ctx);
    if (rc) return rc;
    uint64_t tail = ring_tail(ctx);
    struct sctx_extent span = {.size = out->size, .first_seq = ctx->header.first_seq, .oldest = tail, .tail = tail};
    span.span_ns = span_ns(ctx, &span.oldest, tail);
    if (load_relaxed(&ctx->lost)) return SCTX_ERR_LOST;
    memcpy(out, &span, out->size && out->size < sizeof span ? out->size : sizeof span);
    return SCTX_OK;
}

int sctx_info_get(sctx *ctx, struct sctx_info *out) {
    if (!ctx || !out) return SCTX_ERR_INVALID;
    int rc = context_usable(ctx);
    if (rc) return rc;
    const struct ring_header *h = &ctx->header;
    uint64_t tail = ring_tail(ctx);
    struct sctx_info i = {
        .size = out->size,
        .flags = h->flags,
        .layout_major = h->major,
        .layout_minor = h->minor,
        .id = h->id,
        .created_ns = h->created_ns,
        .cells = ctx->cell_mask + 1,
        .first_seq = h->first_seq,
        .oldest = tail,
        .tail = tail,
        .arenas = LAYOUT_ARENA_SLOTS,
        .arena_bytes = h->arena_bytes,
        .memory_tables = intern_memory(ctx),
        .memory_max = h->max_memory,
        .topics = topic_count(ctx),
        .markers = sctx_marker_count(ctx),
        .clock = h->clock,
        .clock_epochs = load_relaxed(&ctx->hot->clock_epochs),
        .clock_hz = h->clock_hz,
        .gate_timeout_ns = h->gate_timeout_ns,
        .gate_evictions = load_relaxed(&ctx->hot->gate_evictions),
    };
    (void)snprintf(i.name, sizeof i.name, "%s", ctx->place.name);
    memccpy(i.path, ctx->path, '\0', sizeof i.path - 1); /* cut if it is that long */
    i.span_ns = span_ns(ctx, &i.oldest, tail);
    struct stat st;
    i.memory_ring =
        own_fd_valid(&ctx->ring_file) && fstat(ctx->ring_file.fd, &st) == 0 ? (uint64_t)st.st_blocks * 512 : h->section[SECTION_TOPICS].off;
    i.memory_arenas = arena_memory(ctx, &i.arenas_used);
    count_participants(ctx, &i);
    if (load_relaxed(&ctx->lost)) return SCTX_ERR_LOST;
    memcpy(out, &i, out->size && out->size < sizeof i ? out->size : sizeof i);
    return SCTX_OK;
}
