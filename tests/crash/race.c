#define _GNU_SOURCE
#include "race.h"
#include "testpoint.h"
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static _Thread_local struct actor *self;

static void hook(const char *name) {
    struct actor *a = self;
    if (!a || !a->until || strcmp(a->until, name) != 0) return;
    if (a->skip) {
        a->skip--;
        return;
    }
    a->until = NULL;
    (void)sem_post(&a->stopped);
    while (sem_wait(&a->go) != 0) {}
}

static void *body(void *argument) {
    struct actor *a = argument;
    self = a;
    a->run(a->argument);
    a->done = true;
    (void)sem_post(&a->stopped);
    return NULL;
}

static bool stopped(struct actor *a) {
    while (sem_wait(&a->stopped) != 0) {}
    return !a->done;
}

bool actor_start(struct actor *a, void (*run)(void *), void *argument, const char *until) {
    a->run = run;
    a->argument = argument;
    a->until = until;
    a->done = false;
    CHECK(sem_init(&a->go, 0, 0) == 0 && sem_init(&a->stopped, 0, 0) == 0);
    CHECK(pthread_create(&a->thread, NULL, body, a) == 0);
    return stopped(a);
}

bool actor_go(struct actor *a, const char *until) {
    a->until = until;
    (void)sem_post(&a->go);
    return stopped(a);
}

void actor_finish(struct actor *a) {
    if (!a->done) CHECK(!actor_go(a, NULL));
    (void)pthread_join(a->thread, NULL);
}

static bool wanted(const char *name, int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0) return true;
    return argc < 2;
}

int race_main(const struct race_case *cases, int argc, char **argv) {
    int failed = 0, ran = 0;
    for (; cases->name; cases++) {
        if (!wanted(cases->name, argc, argv)) continue;
        ran++;
        pid_t pid = spawn();
        if (pid == 0) {
            (void)alarm(30);
            (void)snprintf(circumstances, sizeof circumstances, "%s", cases->name);
            tally = shared_new(sizeof *tally);
            sctx_testpoint_hook = hook;
            cases->run();
            _exit(0);
        }
        int status;
        CHECK(waitpid(pid, &status, 0) == pid);
        bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        failed += !ok;
        printf("%s %s\n", ok ? "ok    " : "FAILED", cases->name);
    }
    if (!ran) fprintf(stderr, "no such case\n");
    return failed || !ran;
}
