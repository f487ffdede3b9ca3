/* Modes and owners of all that is made, whatever the umask; and what members of a group leave to each other. */
#define _GNU_SOURCE
#include "testpoint.h"
#include "users.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { PRIVATE, JOIN, TAP, KIND_COUNT };

static const struct modes {
    mode_t upper, folder, ring, alive, arena;
} modes[KIND_COUNT] = {
    [PRIVATE] = {0700, 0700, 0600, 0600, 0600}, [JOIN] = {0711, 03770, 0660, 0660, 0640}, [TAP] = {0711, 02750, 0640, 0600, 0640}};

struct plan {
    enum kind kind;
    enum who who;
    mode_t mask;
    const char *dir;
};

static void create(enum kind kind) {
    struct sctx_create_options o = {.size = sizeof o,
                                    .context = "c",
                                    .cells = 64,
                                    .arena_bytes = 64u << 10,
                                    .group = kind == PRIVATE ? NULL : USERS_GROUP_TEXT,
                                    .flags = kind == TAP ? SCTX_CREATE_TAP_ONLY : 0};
    MUST_OK(sctx_create(&o));
}

/* Two generations of an arena, and a writer after that who finds both as they should be. */
static uint64_t write_and_read(const char *context) {
    static unsigned char data[100000];
    sctx *ctx = rig_join(context, "test");
    sctx_writer *w = rig_writer(ctx);
    uint16_t topic = rig_topic(ctx, "t");
    (void)rig_say(w, topic, "x");
    MUST_OK(sctx_publish(w, topic, data, sizeof data, NULL));
    sctx_writer_close(w);
    w = rig_writer(ctx);
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_START, 0, NULL);
    uint64_t n = rig_drain(r);
    MUST(rig_stats(r).gone == 0 && rig_stats(r).lost == 0);
    sctx_reader_close(r);
    sctx_writer_close(w);
    sctx_close(ctx);
    return n;
}

static int make_with_umask(void *argument) {
    const struct plan *plan = argument;
    user_become(plan->who, plan->dir);
    (void)umask(plan->mask);
    if (plan->who == OWNER) create(plan->kind);
    MUST(write_and_read(plan->dir ? "c" : "64001:c") == (plan->who == OWNER ? 2 : 4));
    return 0;
}

static void has_mode(const char *upper, const char *file, mode_t mode, uid_t uid, gid_t gid) {
    struct stat st;
    char path[8192];
    (void)snprintf(path, sizeof path, "%s%s", upper, file);
    MUST(lstat(path, &st) == 0);
    if ((st.st_mode & 07777) == mode && st.st_uid == uid && st.st_gid == gid) return;
    (void)fprintf(stderr, "%s is %o of %u:%u, not %o of %u:%u\n", path, st.st_mode & 07777, st.st_uid, st.st_gid, mode, uid, gid);
    _exit(1);
}

static int check_modes(void *argument) {
    struct plan *plan = argument;
    const struct modes *m = &modes[plan->kind];
    const uid_t owner = user_uid[OWNER];
    const char *upper = plan->dir ? plan->dir : "/dev/shm/sctx-64001";
    gid_t group = plan->kind == PRIVATE ? owner : USERS_GROUP;
    plan->who = OWNER;
    MUST(rig_child_result(rig_child(make_with_umask, plan)) == 0);
    has_mode(upper, "", m->upper, owner, owner);
    has_mode(upper, "/c", m->folder, owner, group);
    has_mode(upper, "/c/ring", m->ring, owner, group);
    has_mode(upper, "/c/alive", m->alive, owner, group);
    has_mode(upper, "/c/arena.0.1", m->arena, owner, group);
    has_mode(upper, "/c/arena.0.2", m->arena, owner, group);
    if (plan->kind != JOIN) return 0;
    plan->who = MEMBER;
    MUST(rig_child_result(rig_child(make_with_umask, plan)) == 0);
    has_mode(upper, "/c/arena.1.1", m->arena, user_uid[MEMBER], group);
    has_mode(upper, "/c/arena.1.2", m->arena, user_uid[MEMBER], group);
    return 0;
}

static bool all_modes(void) {
    static const mode_t masks[] = {0, 022, 027, 077, 0177, 0277, 0777};
    bool ok = true;
    for (int standard = 0; standard < 2; standard++)
        for (int kind = 0; kind < KIND_COUNT; kind++)
            for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
                char name[64];
                (void)snprintf(name, sizeof name, "modes.%d.%o", kind, masks[i]);
                struct plan plan = {(enum kind)kind, OWNER, masks[i], standard ? NULL : users_folder(name)};
                ok &= fault_case(name, check_modes, &plan);
                users_end();
            }
    return ok;
}

/* ---- members among each other ------------------------------------------------------------------------------------------------------- */

static void die_at_the_arena(const char *name) {
    if (strcmp(name, "arena:allocated") == 0) (void)raise(SIGKILL);
}

static int create_for_group(void *dir) {
    user_become(OWNER, dir);
    create(JOIN);
    return 0;
}

static int dies_making_an_arena(void *dir) {
    user_become(MEMBER, dir);
    sctx *ctx = rig_join("c", "doomed");
    sctx_testpoint_hook = die_at_the_arena;
    (void)rig_writer(ctx);
    return 1;
}

/* Another member, by another uid: it may neither adopt nor unlink what the first one left. */
static int another_member_writes(void *dir) {
    gid_t group = USERS_GROUP;
    MUST(setegid(group) == 0);
    MUST(setresgid(group, group, group) == 0 && setresuid(64004, 64004, 64004) == 0 && setenv("SCTX_DIR", dir, 1) == 0);
    MUST(write_and_read("c") == 2);
    MUST(access(fault_path("c", "arena.0.1"), F_OK) == 0); /* still there: the case is what it says */
    return 0;
}

/* Files with the names of the next generations, put there by somebody else. */
static int plant(void *dir) {
    user_become(MEMBER, dir);
    for (unsigned slot = 0; slot < 4; slot++)
        for (unsigned gen = 1; gen < 6; gen++) {
            char name[32];
            (void)snprintf(name, sizeof name, "arena.%u.%u", slot, gen);
            int fd = open(fault_path("c", name), O_WRONLY | O_CREAT, 0666);
            MUST(fd >= 0 || slot == 0 || gen <= 2);
            if (fd >= 0) (void)close(fd);
        }
    return 0;
}

static int member_writes(void *dir) {
    user_become(MEMBER, dir);
    (void)write_and_read("c");
    return 0;
}

static bool members(void) {
    static char dir[2][4096];
    for (int i = 0; i < 2; i++) (void)snprintf(dir[i], sizeof dir[i], "%s", users_folder(i ? "planted" : "members"));
    bool ok = fault_case("create for a group", create_for_group, dir[0]);
    MUST(rig_child_result(rig_child(dies_making_an_arena, dir[0])) == 128 + SIGKILL);
    ok &= fault_case("another member writes after one died while it made an arena", another_member_writes, dir[0]);
    ok &= fault_case("and that one again", member_writes, dir[0]);
    ok &= fault_case("create for a group", create_for_group, dir[1]);
    ok &= fault_case("plant", plant, dir[1]);
    ok &= fault_case("a member writes where another has taken the names of arenas", another_member_writes, dir[1]);
    return ok;
}

int main(void) {
    users_begin();
    bool ok = all_modes();
    ok &= members();
    return ok ? 0 : 1;
}
