/* Links, FIFOs, sockets, folders and files of others, planted where a context has its folder or files: refused with the path in the text, at once, and what
 * a link leads to is left alone. */
#define _GNU_SOURCE
#include "users.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum form { LINK, DANGLING, HARDLINK, FIFO, SOCKET, FOLDER, PLAIN, FOREIGN, OPEN_TO_ALL, MISSING, FORM_COUNT };
static const char *const form_name[FORM_COUNT] = {"link",   "dangling link", "second name", "FIFO",        "socket",
                                                  "folder", "plain file",    "another's",   "open to all", "missing"};

enum where { UPPER, NAME, RING, ALIVE, ARENA, WHERE_COUNT };
static const char *const where_name[WHERE_COUNT] = {"folder above", "NAME", "ring", "alive", "arena"};

enum operation { CREATE, OPEN, TAP, REMOVE, OPERATION_COUNT };
static const char *const operation_name[OPERATION_COUNT] = {"create", "open", "tap", "remove"};

#define __ 99 /* is not tried */
#define OK SCTX_OK
#define UN SCTX_ERR_UNSAFE
#define EX SCTX_ERR_EXISTS
#define NF SCTX_ERR_NOT_FOUND
#define DA SCTX_ERR_DAMAGED
static const int expected[WHERE_COUNT][FORM_COUNT][OPERATION_COUNT] = {
    /* create open tap remove */
    [UPPER] = {{UN, UN, UN, UN},
               {UN, UN, UN, UN},
               {__, __, __, __},
               {UN, UN, UN, UN},
               {UN, UN, UN, UN},
               {__, __, __, __},
               {UN, UN, UN, UN},
               {__, __, __, __},
               {UN, UN, UN, UN},
               {__, __, __, __}},
    [NAME] = {{EX, UN, UN, UN},
              {EX, UN, UN, UN},
              {__, __, __, __},
              {EX, UN, UN, UN},
              {EX, UN, UN, UN},
              {EX, DA, DA, OK},
              {EX, UN, UN, UN},
              {EX, UN, UN, UN},
              {EX, UN, UN, UN},
              {OK, OK, NF, NF}},
    [RING] = {{EX, UN, UN, OK},
              {EX, UN, UN, OK},
              {EX, UN, UN, OK},
              {EX, UN, UN, OK},
              {EX, UN, UN, OK},
              {EX, UN, UN, OK},
              {EX, DA, DA, OK},
              {EX, UN, UN, OK},
              {__, __, __, __},
              {EX, DA, DA, OK}},
    /* Who may not look at the locks judges by pid. */
    [ALIVE] = {{EX, UN, UN, OK},
               {EX, UN, UN, OK},
               {EX, UN, UN, OK},
               {EX, UN, UN, OK},
               {EX, UN, UN, OK},
               {EX, UN, UN, OK},
               {__, __, __, __},
               {EX, UN, UN, OK},
               {__, __, __, __},
               {EX, DA, OK, OK}},
    /* The next writer makes another arena: see also below. */
    [ARENA] = {{EX, OK, OK, OK},
               {EX, OK, OK, OK},
               {EX, OK, OK, OK},
               {EX, OK, OK, OK},
               {EX, OK, OK, OK},
               {EX, OK, OK, OK},
               {EX, OK, OK, OK},
               {EX, OK, OK, OK},
               {__, __, __, __},
               {EX, OK, OK, OK}},
};

static char top[4096], dir[4200], target[4300], target_file[4400];
static char text_of_target[] = "this must stay as it is";

static void path_of(enum where where, char *path, size_t bytes) {
    static const char *const below[WHERE_COUNT] = {"", "/c", "/c/ring", "/c/alive", "/c/arena.0.1"};
    (void)snprintf(path, bytes, "%s%s", dir, below[where]);
}

static void write_file(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    MUST(fd >= 0 && write(fd, text_of_target, sizeof text_of_target) == (ssize_t)sizeof text_of_target);
    (void)close(fd);
}

static void target_is_untouched(void) {
    char text[64] = "";
    int fd = open(target_file, O_RDONLY);
    MUST(fd >= 0 && read(fd, text, sizeof text) == (ssize_t)sizeof text_of_target && strcmp(text, text_of_target) == 0);
    struct stat st;
    MUST(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0600 && st.st_uid == user_uid[OWNER]);
    (void)close(fd);
    MUST(fault_entries(target) == 1);
    char nowhere[4500];
    (void)snprintf(nowhere, sizeof nowhere, "%s/nowhere", top);
    MUST(access(nowhere, F_OK) != 0); /* nothing was made through the dangling link */
}

static void make_socket(const char *path) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char here[4096];
    MUST(getcwd(here, sizeof here) != NULL && strlen(path) < sizeof here);
    const char *name = strrchr(path, '/');
    (void)snprintf(here, sizeof here, "%.*s", (int)(name - path), path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), home = open(".", O_RDONLY | O_DIRECTORY);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%.90s", name + 1);
    MUST(fd >= 0 && home >= 0 && chdir(here) == 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && fchdir(home) == 0);
    (void)close(home);
    (void)close(fd);
}

/* Moves away what is there, and puts the planted thing in its place. The root of the test does it, for things of others. */
static void plant(enum where where, enum form form) {
    char path[4300], aside[4400], nowhere[4500];
    path_of(where, path, sizeof path);
    (void)snprintf(aside, sizeof aside, "%s/aside", top);
    (void)snprintf(nowhere, sizeof nowhere, "%s/nowhere", top);
    const bool folder = where <= NAME;
    if (form == FOREIGN) MUST(chown(path, 64002, 64002) == 0 && chmod(path, folder ? 0755 : 0666) == 0);
    if (form == OPEN_TO_ALL) MUST(chmod(path, 0777) == 0);
    if (form == HARDLINK) MUST(link(path, aside) == 0);
    if (form == FOREIGN || form == OPEN_TO_ALL || form == HARDLINK) return;
    MUST(rename(path, aside) == 0);
    if (form == LINK) MUST(symlink(aside, path) == 0); /* to what it was: following it would do */
    if (form == DANGLING) MUST(symlink(nowhere, path) == 0);
    if (form == FIFO) MUST(mkfifo(path, 0600) == 0);
    if (form == SOCKET) make_socket(path);
    if (form == FOLDER) MUST(mkdir(path, 0700) == 0);
    if (form == PLAIN) write_file(path);
    if (form != MISSING) MUST(lchown(path, user_uid[OWNER], user_uid[OWNER]) == 0);
}

static void make_context(void) {
    struct sctx_create_options o = {.size = sizeof o, .context = "c", .cells = 64, .arena_bytes = 64u << 10};
    MUST_OK(sctx_create(&o));
    sctx *ctx = rig_join("c", "first");
    sctx_writer *w = rig_writer(ctx);
    (void)rig_say(w, rig_topic(ctx, "t"), "first");
    sctx_writer_close(w);
    sctx_close(ctx);
}

struct plan {
    enum where where;
    enum form form;
    enum operation operation;
};

/* An arena that is not what it was: its messages are gone, and the next writer makes another. */
static void use(sctx *ctx, const struct plan *plan) {
    if (plan->where == ARENA) {
        sctx_reader *r = rig_reader(ctx, SCTX_FROM_SEQ, 0, NULL);
        uint64_t read = rig_drain(r);
        MUST(rig_balances(r) && read <= 1);
        MUST(read == (plan->form == FOREIGN ? 1 : 0)); /* that one is whole, and a member's files are of many users */
        sctx_reader_close(r);
    }
    if (plan->operation == TAP) return;
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_NOW, 0, NULL);
    sctx_writer *w = rig_writer(ctx);
    (void)rig_say(w, rig_topic(ctx, "t"), "on");
    MUST(rig_drain(r) == 1);
    sctx_writer_close(w);
    sctx_reader_close(r);
}

static int operate(void *argument) {
    const struct plan *plan = argument;
    struct sctx_error error = {""};
    struct sctx_create_options create = {.size = sizeof create, .context = "c", .cells = 64, .error = &error};
    struct sctx_options open = {.size = sizeof open, .context = "c", .error = &error};
    sctx *ctx = NULL;
    user_become(OWNER, dir);
    int64_t began = rig_now_ns();
    int rc = plan->operation == CREATE ? sctx_create(&create)
             : plan->operation == OPEN ? sctx_open(&open, &ctx)
             : plan->operation == TAP  ? sctx_tap_open(&open, &ctx)
                                       : sctx_remove("c", NULL, &error);
    MUST(rig_now_ns() - began < 10 * SECOND);
    int want = expected[plan->where][plan->form][plan->operation];
    if (rc != want) {
        (void)fprintf(stderr, "%d (%s: %s), not %d\n", rc, sctx_strerror(rc), error.text, want);
        return 1;
    }
    if (rc == OK && ctx) use(ctx, plan);
    sctx_close(ctx);
    if (rc != OK && !strstr(error.text, plan->where == UPPER || rc == NF ? dir : "/c") && rc != EX) {
        (void)fprintf(stderr, "the text does not say where: %s\n", error.text);
        return 1;
    }
    return 0;
}

static void try_one(struct plan *plan, int number, int *wrong) {
    (void)snprintf(top, sizeof top, "%s", users_folder("planted"));
    (void)snprintf(dir, sizeof dir, "%s/up", top);
    (void)snprintf(target, sizeof target, "%s/target", top);
    (void)snprintf(target_file, sizeof target_file, "%s/file", target);
    pid_t maker = fork();
    MUST(maker >= 0);
    if (maker == 0) {
        user_become(OWNER, dir);
        MUST(mkdir(dir, 0700) == 0 && mkdir(target, 0700) == 0);
        write_file(target_file);
        make_context();
        _exit(0);
    }
    MUST(rig_child_result(maker) == 0);
    plant(plan->where, plan->form);
    char name[128];
    (void)snprintf(name, sizeof name, "%d: %s %s: %s", number, form_name[plan->form], where_name[plan->where],
                   operation_name[plan->operation]);
    *wrong += !fault_case(name, operate, plan);
    target_is_untouched();
    char command[4200];
    (void)snprintf(command, sizeof command, "%s.%d", top, number);
    MUST(rename(top, command) == 0); /* all go with the test's folder */
}

int main(void) {
    int tried = 0, wrong = 0;
    users_begin();
    for (int where = 0; where < WHERE_COUNT; where++)
        for (int form = 0; form < FORM_COUNT; form++)
            for (int operation = 0; operation < OPERATION_COUNT; operation++) {
                struct plan plan = {(enum where)where, (enum form)form, (enum operation)operation};
                if (expected[where][form][operation] == __) continue;
                try_one(&plan, ++tried, &wrong);
            }
    (void)printf("%d tried, %d wrong\n", tried, wrong);
    return wrong == 0 && tried > 100 ? 0 : 1;
}
