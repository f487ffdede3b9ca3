/* Participants in other pid namespaces: nobody takes the living for dead, nor the dead for living, from outside and from inside, with the namespace's own /proc
 * or with the one of outside, in which the numbers are others'. Skipped where a namespace may not be made. */
#define _GNU_SOURCE
#include "fault.h"
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct { _Atomic uint32_t inside, outside, go, seen_alive, outside_dead, done; } * shared;

enum proc { PROC_OF_OUTSIDE, PROC_OWN };

static uint32_t alive(sctx *ctx, const char *name) {
    struct sctx_participant p = SCTX_INIT(p);
    uint32_t found = UINT32_MAX;
    for (uint32_t i = 0; i < 16; i++)
        if (sctx_participant_get(ctx, i, &p) == SCTX_OK && strcmp(p.name, name) == 0) found = p.alive;
    return found;
}

static sctx_writer *speak(sctx *ctx, const char *text) {
    sctx_writer *w = rig_writer(ctx);
    (void)rig_say(w, rig_topic(ctx, "t"), text);
    return w;
}

/* Runs `run` as the first process of a new pid namespace; the same exit code, or 128 + signal. */
static int in_namespace(enum proc proc, int (*run)(void)) {
    MUST(unshare(proc == PROC_OWN ? CLONE_NEWPID | CLONE_NEWNS : CLONE_NEWPID) == 0);
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
        MUST(getpid() == 1);
        if (proc == PROC_OWN)
            MUST(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mount("proc", "/proc", "proc", 0, NULL) == 0);
        _exit(run());
    }
    return rig_child_result(pid);
}

/* ---- inside, seen from outside ------------------------------------------------------------------------------------------------------ */

static int stay_inside(void) {
    sctx *ctx = rig_join("c", "inside");
    (void)speak(ctx, "from inside");
    atomic_store(&shared->inside, 1);
    rig_await(&shared->go, 1);
    _exit(0); /* nothing is closed: as if it were killed */
}

static int stay_inside_in(void *proc) {
    return in_namespace(*(enum proc *)proc, stay_inside);
}

static int seen_from_outside(void *proc) {
    sctx *ctx = rig_new("c", NULL), *tap = rig_tap("c");
    pid_t pid = rig_child(stay_inside_in, proc);
    rig_await(&shared->inside, 1);
    MUST(alive(ctx, "inside") == SCTX_ALIVE && alive(tap, "inside") == SCTX_ALIVE);
    sctx_writer *w = speak(ctx, "from outside");
    MUST(rig_info(ctx).arenas_used == 2); /* of the living nothing is adopted */
    atomic_store(&shared->go, 1);
    MUST(rig_child_result(pid) == 0);
    MUST(alive(ctx, "inside") == SCTX_DEAD && alive(tap, "inside") == SCTX_DEAD);
    sctx_writer *adopter = speak(ctx, "from its heir");
    MUST(rig_info(ctx).arenas_used == 2);
    for (uint32_t i = 0; i < sctx_participant_slots(ctx); i++) sctx_close(rig_join("c", "passes by"));
    MUST(alive(ctx, "inside") == UINT32_MAX); /* its place was used again */
    sctx_reader *r = rig_reader(ctx, SCTX_FROM_START, 0, NULL);
    MUST(rig_drain(r) == 3);
    sctx_writer_close(adopter);
    sctx_writer_close(w);
    return 0;
}

/* ---- outside, seen from inside ------------------------------------------------------------------------------------------------------ */

static int stay_outside(void *unused) {
    (void)unused;
    sctx *ctx = rig_join("c", "outside");
    (void)speak(ctx, "from outside");
    atomic_store(&shared->outside, 1);
    (void)pause();
    return 0;
}

static int look_from_inside(void) {
    rig_await(&shared->outside, 1);
    sctx *ctx = rig_join("c", "inside"), *tap = rig_tap("c");
    MUST(alive(ctx, "outside") == SCTX_ALIVE && alive(tap, "outside") == SCTX_ALIVE);
    (void)speak(ctx, "from inside");
    MUST(rig_info(ctx).arenas_used == 2);
    MUST(alive(ctx, "inside") == SCTX_ALIVE && alive(tap, "inside") == SCTX_ALIVE);
    atomic_store(&shared->seen_alive, 1);
    rig_await(&shared->outside_dead, 1);
    MUST(alive(ctx, "outside") == SCTX_DEAD && alive(tap, "outside") == SCTX_DEAD);
    (void)speak(ctx, "from its heir");
    MUST(rig_info(ctx).arenas_used == 2);
    return 0;
}

static int look_from_inside_in(void *proc) {
    return in_namespace(*(enum proc *)proc, look_from_inside);
}

static int seen_from_inside(void *proc) {
    sctx *ctx = rig_new("c", NULL);
    pid_t outside = rig_child(stay_outside, NULL), inside = rig_child(look_from_inside_in, proc);
    rig_await(&shared->seen_alive, 1);
    MUST(kill(outside, SIGKILL) == 0 && rig_child_result(outside) == 128 + SIGKILL);
    atomic_store(&shared->outside_dead, 1);
    MUST(rig_child_result(inside) == 0);
    rig_end(ctx, "c");
    return 0;
}

static int allowed(void *proc) {
    int flags = *(enum proc *)proc == PROC_OWN ? CLONE_NEWPID | CLONE_NEWNS : CLONE_NEWPID;
    return unshare(flags) == 0 ? 0 : 1;
}

static int nothing(void) {
    return 0;
}
static int allowed_proc(void *proc) {
    return in_namespace(*(enum proc *)proc, nothing);
}

int main(void) {
    bool ok = true;
    shared = rig_shared(sizeof *shared);
    for (enum proc proc = PROC_OF_OUTSIDE; ok && proc <= PROC_OWN; proc++) {
        if (rig_child_result(rig_child(allowed, &proc)) != 0) fault_skip("no pid namespace may be made here");
        if (proc == PROC_OWN && rig_child_result(rig_child(allowed_proc, &proc)) != 0) fault_skip("no /proc may be mounted here");
        const char *of = proc == PROC_OWN ? "its own /proc" : "the /proc of outside";
        char name[80];
        fault_folder();
        memset(shared, 0, sizeof *shared);
        (void)snprintf(name, sizeof name, "inside seen from outside, %s", of);
        ok &= fault_case(name, seen_from_outside, &proc);
        fault_folder();
        memset(shared, 0, sizeof *shared);
        (void)snprintf(name, sizeof name, "outside seen from inside, %s", of);
        ok &= fault_case(name, seen_from_inside, &proc);
    }
    return ok ? 0 : 1;
}
