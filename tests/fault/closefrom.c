/* A participant that closes all its descriptors and opens files of its own, which get the same numbers: it goes on writing and reading, its arena and its
 * place stay its own, its files are let alone; when it dies, its arena is adopted. */
#define _GNU_SOURCE
#include "fault.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 40

static struct {
    _Atomic uint32_t closed, go, done, stay;
    uint32_t join;
    uint64_t from; /* from here on the parent publishes */
} * shared;

static int files[FILES];

/* Every number that the library had is one of these. */
static void open_files(void) {
    const char *dir = getenv("SCTX_TEST_DIR");
    for (int i = 0; i < FILES; i++) {
        char path[4096], text[16];
        (void)snprintf(path, sizeof path, "%s/own.%d", dir, i);
        files[i] = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
        MUST(files[i] >= 3);
        (void)snprintf(text, sizeof text, "file %03d", i);
        MUST(write(files[i], text, 8) == 8 && lseek(files[i], 0, SEEK_SET) == 0);
    }
}

static void files_are_untouched(void) {
    for (int i = 0; i < FILES; i++) {
        char text[16], got[64];
        struct stat st;
        (void)snprintf(text, sizeof text, "file %03d", i);
        MUST(fcntl(files[i], F_GETFD) == 0); /* open, and no flag of another's */
        MUST(lseek(files[i], 0, SEEK_CUR) == 0);
        MUST(fstat(files[i], &st) == 0 && st.st_size == 8 && S_ISREG(st.st_mode));
        MUST(pread(files[i], got, sizeof got, 0) == 8 && memcmp(got, text, 8) == 0);
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        MUST(fcntl(files[i], F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK);
    }
}

static uint64_t read_all(sctx_reader *r) {
    uint64_t n = rig_drain(r);
    MUST(rig_balances(r) && rig_stats(r).lost == 0 && rig_stats(r).gone == 0);
    return n;
}

static int closer(void *argument) {
    (void)argument;
    static unsigned char data[100000];
    sctx *ctx = rig_join("c", "closer");
    sctx_writer *w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL), *loop = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    uint16_t topic = rig_topic(ctx, "of/closer");
    (void)rig_say(w, topic, "before");
    (void)read_all(r);
    (void)read_all(loop);
    int event = sctx_reader_fd(loop);
    MUST(event >= 0);
    (void)rig_drain(loop);
    for (int fd = 3; fd < 1024; fd++) (void)close(fd);
    open_files();
    shared->join = sctx_join_number(ctx);
    atomic_store(&shared->closed, 1);
    rig_await(&shared->go, 1);
    MUST(read_all(r) == 10); /* by the parent, in an arena that it had not met */
    for (int i = 0; i < 300; i++) {
        (void)rig_say(w, topic, "after");
        if (i % 20 == 0) (void)read_all(r);
    }
    MUST_OK(sctx_publish(w, topic, data, sizeof data, NULL)); /* grows: another file */
    (void)read_all(r);
    files_are_untouched();
    MUST_OK(sctx_check(ctx));
    (void)rig_info(ctx);
    sctx_writer *second = rig_writer(ctx);
    (void)rig_say(second, topic, "a second writer");
    sctx_writer_close(second);
    (void)rig_drain(loop); /* the event loop's descriptor is lost: the program closed it; its file is not to be read or written */
    files_are_untouched();
    atomic_store(&shared->done, 1);
    rig_await(&shared->stay, 1);
    if (atomic_load(&shared->stay) == 1) {
        (void)rig_say(w, topic, "still there");
        (void)pause();
    }
    sctx_reader_close(loop);
    sctx_reader_close(r);
    sctx_writer_close(w);
    sctx_close(ctx);
    files_are_untouched();
    return 0;
}

static struct sctx_participant find(sctx *ctx, uint32_t join) {
    struct sctx_participant p = SCTX_INIT(p);
    for (uint32_t i = 0; i < 16; i++)
        if (sctx_participant_get(ctx, i, &p) == SCTX_OK && p.join == join) return p;
    MUST(false);
}

/* `closes`: it closes its handles and leaves, else it is killed. */
static int closes_descriptors(void *argument) {
    bool closes = argument != NULL;
    fault_folder();
    struct sctx_create_options o = {.cells = 1024, .arena_bytes = 64u << 10};
    sctx *ctx = rig_new("c", &o), *tap = rig_tap("c");
    pid_t pid = rig_child(closer, NULL);
    rig_await(&shared->closed, 1);
    /* Its lock is gone, but it lives: nobody takes its arena or its place. */
    MUST(find(ctx, shared->join).alive != SCTX_DEAD && find(tap, shared->join).alive != SCTX_DEAD);
    sctx_writer *w[3];
    for (int i = 0; i < 3; i++) w[i] = rig_writer(ctx);
    MUST(rig_info(ctx).arenas_used == 4);
    uint16_t topic = rig_topic(ctx, "of/parent");
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, "of/closer");
    for (int i = 0; i < 10; i++) (void)rig_say(w[i % 3], topic, "to the closer");
    atomic_store(&shared->go, 1);
    rig_await(&shared->done, 1);
    MUST(read_all(r) == 302);
    MUST(find(ctx, shared->join).alive != SCTX_DEAD);
    MUST(find(ctx, shared->join).published >= 302);
    for (int i = 0; i < 20; i++) sctx_close(rig_join("c", "passes by"));
    MUST(find(ctx, shared->join).alive != SCTX_DEAD); /* its place was not taken */
    uint32_t arenas = rig_info(ctx).arenas_used;
    atomic_store(&shared->stay, closes ? 2 : 1);
    if (!closes) {
        MUST(sctx_wait(r, 20 * SECOND) == SCTX_OK);
        MUST(kill(pid, SIGKILL) == 0);
    }
    MUST(rig_child_result(pid) == (closes ? 0 : 128 + SIGKILL));
    MUST(find(ctx, shared->join).alive == SCTX_DEAD && find(tap, shared->join).alive == SCTX_DEAD);
    sctx_writer *adopter = rig_writer(ctx), *another = rig_writer(ctx);
    MUST(rig_info(ctx).arenas_used == arenas); /* its two are used again */
    (void)rig_say(adopter, topic, "adopted");
    (void)rig_say(another, topic, "adopted");
    sctx_reader *all = rig_reader(ctx, SCTX_FROM_START, 0, "of/closer");
    MUST(rig_drain(all) >= 302 && rig_stats(all).gone == 0); /* what it said is still there */
    return 0;
}

int main(void) {
    shared = rig_shared(sizeof *shared);
    bool ok = fault_case("closes its descriptors and is killed", closes_descriptors, NULL);
    memset(shared, 0, sizeof *shared);
    ok &= fault_case("closes its descriptors and leaves", closes_descriptors, &ok);
    return ok ? 0 : 1;
}
