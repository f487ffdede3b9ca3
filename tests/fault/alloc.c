/* Every allocation fails once: for each call of the interface, the first, the second, ... allocation in it, until it succeeds. An error, nothing lost,
 * nothing half made, and the same call then succeeds. Linked with --wrap (CMakeLists.txt): what the library allocates is counted here. */
#define _GNU_SOURCE
#include "fault.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
char *__real_strdup(const char *text);
void __real_free(void *p);
void *__real_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t bytes);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
char *__wrap_strdup(const char *text);
void __wrap_free(void *p);
void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *at, size_t bytes);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

static long blocks, mappings; /* now */
static unsigned fail_at;      /* the how manieth from now on fails; 0: none */
static bool failed;

static bool fails(void) {
    if (fail_at == 0 || --fail_at > 0) return false;
    errno = ENOMEM;
    return failed = true;
}

void *__wrap_malloc(size_t bytes) {
    void *p = fails() ? NULL : __real_malloc(bytes);
    blocks += p != NULL;
    return p;
}
void *__wrap_calloc(size_t n, size_t bytes) {
    void *p = fails() ? NULL : __real_calloc(n, bytes);
    blocks += p != NULL;
    return p;
}
char *__wrap_strdup(const char *text) {
    char *p = fails() ? NULL : __real_strdup(text);
    blocks += p != NULL;
    return p;
}
void __wrap_free(void *p) {
    blocks -= p != NULL;
    __real_free(p);
}
void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset) {
    void *p = fails() ? MAP_FAILED : __real_mmap(at, bytes, protection, flags, fd, offset);
    mappings += p != MAP_FAILED;
    return p;
}
int __wrap_munmap(void *at, size_t bytes) {
    mappings--;
    return __real_munmap(at, bytes);
}
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    return fails() ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

/* What comes before and after the call that is tried is let alone. */
static int done(int rc) {
    fail_at = 0;
    return rc;
}

/* ---- what is tried ----------------------------------------------------------------------------------------------------------- */

static struct {
    sctx *ctx, *tap;
    sctx_writer *writer;
    sctx_reader *reader, *filtered, *from_tap;
    sctx_marker *marker;
} bus;
static struct sctx_error error;
static uint32_t made; /* numbers the names of what is made anew */

static int do_create(void) {
    struct sctx_create_options o = {.size = sizeof o, .context = "made", .cells = 64, .error = &error};
    int rc = done(sctx_create(&o));
    MUST((rig_files("made") >= 0) == (rc == SCTX_OK));
    return rc;
}
static void undo_create(void) {
    MUST_OK(sctx_remove("made", NULL, NULL));
}

static sctx *opened;
static int do_open(void) {
    struct sctx_options o = {.size = sizeof o, .context = "c", .name = "more", .error = &error};
    return sctx_open(&o, &opened);
}
static int do_tap(void) {
    struct sctx_options o = {.size = sizeof o, .context = "c", .error = &error};
    return sctx_tap_open(&o, &opened);
}
static void undo_open(void) {
    sctx_close(opened);
    opened = NULL;
}

static sctx_writer *writer;
static int do_writer(void) {
    int files = rig_files("c"), rc = done(sctx_writer_open(bus.ctx, NULL, &writer));
    if (rc) MUST(writer == NULL && rig_files("c") == files);
    return rc;
}
static void undo_writer(void) {
    sctx_writer_close(writer);
    writer = NULL;
}

static sctx_reader *reader;
static int do_reader_of(sctx *ctx) {
    static const char *const patterns[] = {"a/*", "b/**", "c"};
    struct sctx_reader_options o = {.size = sizeof o, .from = SCTX_FROM_START, .patterns = patterns, .pattern_count = 3};
    int rc = sctx_reader_open(ctx, &o, &reader);
    if (rc) MUST(reader == NULL);
    return rc;
}
static int do_reader(void) {
    return do_reader_of(bus.ctx);
}
static int do_tap_reader(void) {
    return do_reader_of(bus.tap);
}
static void undo_reader(void) {
    sctx_reader_close(reader);
    reader = NULL;
}

static int do_reader_fd(void) {
    int fd = sctx_reader_fd(bus.reader);
    return fd < 0 ? fd : SCTX_OK;
}

/* The name is a new one each time it succeeded; a topic that was made in spite of an error must be found, not made twice. */
static int do_topic(void) {
    char name[32];
    uint16_t id = 0, same = 0;
    (void)snprintf(name, sizeof name, "new/%u", made);
    struct sctx_topic_options o = {.size = sizeof o, .name = name, .encoding = "json", .schema = name, .schema_bytes = 5};
    int rc = done(sctx_topic_register(bus.ctx, &o, &id));
    if (rc) return rc;
    MUST(id == made + 1 && sctx_topic_count(bus.tap) == made + 2); /* one is there from the start */
    MUST(sctx_topic_register(bus.ctx, &o, &same) == SCTX_OK && same == id);
    made++;
    return rc;
}

/* Seen by one who learns of them only now. */
static int do_topic_get(void) {
    const struct sctx_topic *t = NULL;
    int rc = sctx_topic_get(opened, 200, &t);
    if (rc == SCTX_OK) MUST(strcmp(t->name, "many/200") == 0);
    return rc;
}
static void prepare_topic_get(void) {
    char name[32];
    for (unsigned i = sctx_topic_count(bus.ctx); i <= 300; i++) {
        (void)snprintf(name, sizeof name, "many/%u", i);
        (void)rig_topic(bus.ctx, name);
    }
    MUST_OK(do_tap());
}

static sctx_marker *marker;
static uint32_t markers_made;
static int do_marker(void) {
    char name[32];
    (void)snprintf(name, sizeof name, "level/%u", markers_made);
    struct sctx_marker_options o = {.size = sizeof o, .kind = SCTX_MARKER_I64, .name = name, .unit = "mg"};
    int rc = sctx_marker_open(bus.ctx, &o, &marker);
    MUST(rc == SCTX_OK || marker == NULL);
    return rc;
}
static void undo_marker(void) {
    MUST(sctx_marker_count(bus.tap) == ++markers_made);
    sctx_marker_close(marker);
    marker = NULL;
}

static int do_marker_get(void) {
    struct sctx_marker_state s = SCTX_INIT(s);
    uint32_t id = UINT32_MAX;
    int rc = sctx_marker_find(opened, "alarm", &id);
    if (rc == SCTX_OK) rc = sctx_marker_get(opened, id, &s);
    if (rc == SCTX_OK) MUST(strcmp(s.name, "alarm") == 0);
    return rc;
}
static void prepare_opened(void) {
    MUST_OK(do_tap());
}

/* Announcing opens a writer and registers a topic. */
static int do_announce(void) {
    return sctx_marker_set(bus.marker, (sctx_level){.i64 = sctx_marker_level(bus.marker).i64 ? 0 : 100});
}

static int do_grow(void) {
    static unsigned char data[400000];
    uint64_t seq = 0;
    unsigned at = fail_at;
    (void)done(0);
    uint64_t next = rig_info(bus.ctx).tail;
    int files = rig_files("c");
    fail_at = at;
    int rc = done(sctx_publish(bus.writer, 0, data, sizeof data, &seq));
    MUST(rc == SCTX_OK ? seq == next : seq == 0 && rig_info(bus.ctx).tail == next);
    if (rc) MUST(rig_files("c") == files);
    return rc;
}

/* The first look into an arena, and a message larger than the buffer. */
static int do_read_from(sctx_reader *r, uint32_t len) {
    struct sctx_message m;
    struct sctx_reader_stats before = rig_stats(r);
    int rc = done(sctx_read(r, &m));
    struct sctx_reader_stats s = rig_stats(r);
    MUST(rig_balances(r) && s.lost == 0 && s.gone == 0 && s.filtered == before.filtered);
    MUST(rc == SCTX_OK ? m.len == len && rig_filled(m.data, m.len, 7) : s.cursor == before.cursor);
    return rc;
}
static int do_read(void) {
    return do_read_from(bus.reader, 30000);
}
static int do_read_filtered(void) {
    return do_read_from(bus.filtered, 30000);
}
static int do_read_tap(void) {
    return do_read_from(bus.from_tap, 30000);
}
static int do_wait(void) {
    return sctx_wait(bus.filtered, 10 * SECOND);
}
static int do_peek(void) {
    struct sctx_message m;
    int rc = done(sctx_peek(bus.reader, &m));
    if (rc == SCTX_OK) MUST(m.len == 30000 && sctx_still_valid(bus.reader, &m) && rig_filled(m.data, m.len, 7));
    return rc;
}
static void prepare_read(void) {
    static unsigned char data[30000];
    rig_fill(data, sizeof data, 7);
    MUST_OK(sctx_publish(bus.writer, 0, data, sizeof data, NULL));
}

/* What has no place for an error says what it can. */
static int do_name(void) {
    const char *name = sctx_participant_name(bus.tap, sctx_join_number(bus.ctx));
    bool known = strcmp(name, "own") == 0;
    MUST(known || strcmp(name, "#?") == 0);
    return known ? SCTX_OK : SCTX_ERR_NO_MEMORY;
}
static int do_info(void) {
    struct sctx_info i = SCTX_INIT(i);
    return sctx_info_get(bus.ctx, &i);
}
static int do_remove(void) {
    int rc = done(sctx_remove("c", NULL, &error));
    MUST(sctx_check(bus.ctx) == (rc ? SCTX_OK : SCTX_ERR_REMOVED));
    return rc;
}

static const struct step {
    const char *name;
    void (*prepare)(void);
    int (*run)(void);
    void (*undo)(void);
    unsigned fewest; /* so many allocations at least: else nothing is tried here */
    bool keeps;      /* when it fails, it may keep what it learned until then */
} steps[] = {{"create", NULL, do_create, undo_create, 1, false},
             {"open", NULL, do_open, undo_open, 5, false},
             {"tap_open", NULL, do_tap, undo_open, 5, false},
             {"writer_open", NULL, do_writer, undo_writer, 3, false},
             {"reader_open", NULL, do_reader, undo_reader, 8, false},
             {"reader_open of a tap", NULL, do_tap_reader, undo_reader, 8, false},
             {"reader_fd", NULL, do_reader_fd, NULL, 5, false},
             {"topic_register", NULL, do_topic, NULL, 1, true},
             {"topic_get", prepare_topic_get, do_topic_get, undo_open, 10, true},
             {"marker_open", NULL, do_marker, undo_marker, 3, false},
             {"marker_get", prepare_opened, do_marker_get, undo_open, 3, true},
             {"marker_set that announces", NULL, do_announce, NULL, 3, true},
             {"publish that grows", NULL, do_grow, NULL, 2, false},
             {"read", prepare_read, do_read, NULL, 2, true},
             {"read with patterns", prepare_read, do_read_filtered, NULL, 2, true},
             {"read of a tap", prepare_read, do_read_tap, NULL, 2, true},
             {"peek", prepare_read, do_peek, NULL, 1, false},
             {"wait", prepare_read, do_wait, NULL, 0, true},
             {"participant_name", NULL, do_name, NULL, 2, true},
             {"info_get", NULL, do_info, NULL, 0, false},
             {"remove", NULL, do_remove, NULL, 1, false}};

static void bus_open(void) {
    struct sctx_create_options o = {.size = sizeof o, .context = "c", .cells = 64, .arena_bytes = 256u << 10};
    struct sctx_marker_options alarm = {.size = sizeof alarm,
                                        .kind = SCTX_MARKER_I64,
                                        .name = "alarm",
                                        .flags = SCTX_MARKER_HAS_HIGH | SCTX_MARKER_ANNOUNCE,
                                        .high.i64 = 10};
    MUST_OK(sctx_create(&o));
    bus.ctx = rig_join("c", "own");
    bus.tap = rig_tap("c");
    bus.writer = rig_writer(bus.ctx);
    bus.reader = rig_reader(bus.ctx, SCTX_FROM_NOW, 0, NULL);
    bus.filtered = rig_reader(bus.ctx, SCTX_FROM_NOW, 0, "a/*");
    bus.from_tap = rig_reader(bus.tap, SCTX_FROM_NOW, 0, "a/*");
    MUST_OK(sctx_marker_open(bus.ctx, &alarm, &bus.marker));
    markers_made = 1;
    sctx *other = rig_join("c", "other"); /* by another participant: the tap has yet to learn of the topic */
    MUST(rig_topic(other, "a/first") == 0);
    sctx_close(other);
    (void)sctx_topic_count(bus.ctx);
}

static void bus_close(void) {
    sctx_marker_close(bus.marker);
    sctx_reader_close(bus.from_tap);
    sctx_reader_close(bus.filtered);
    sctx_reader_close(bus.reader);
    sctx_writer_close(bus.writer);
    sctx_close(bus.tap);
    sctx_close(bus.ctx);
    int rc = sctx_remove("c", NULL, NULL);
    MUST(rc == SCTX_OK || rc == SCTX_ERR_NOT_FOUND);
}

static int try_step(void *argument) {
    const struct step *step = argument;
    fault_folder();
    bus_open(); /* what the process allocates once for good */
    bus_close();
    long blocks_first = blocks, mappings_first = mappings;
    bus_open();
    unsigned n = 1;
    if (step->prepare) step->prepare();
    for (;; n++) {
        long blocks_before = blocks, mappings_before = mappings;
        int descriptors = fault_descriptors();
        fail_at = n;
        failed = false;
        int rc = done(step->run());
        if (rc == SCTX_OK && !failed) break;
        if (rc == SCTX_OK && step->undo) step->undo(); /* it could do without */
        if (rc == SCTX_OK && step->prepare) step->prepare();
        if (rc == SCTX_OK) continue;
        if (rc != SCTX_ERR_NO_MEMORY && rc != SCTX_ERR_SYSTEM) {
            (void)fprintf(stderr, "allocation %u: %s\n", n, sctx_strerror(rc));
            return 1;
        }
        MUST(fault_descriptors() == descriptors);
        MUST(step->keeps || (blocks == blocks_before && mappings == mappings_before));
    }
    MUST(n > step->fewest);
    if (step->undo) step->undo();
    bus_close();
    MUST(blocks == blocks_first);
    MUST(mappings == mappings_first);
    MUST(fault_entries(getenv("SCTX_DIR")) == 0);
    return 0;
}

int main(void) {
    bool ok = true;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct step step = steps[i];
        ok &= fault_case(step.name, try_step, &step);
    }
    return ok ? 0 : 1;
}
