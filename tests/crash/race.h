/* Races, forced: actors are threads of which one at a time moves, from test point to test point, as the test says. Linked to the library's
 * test build. */
#ifndef CRASH_RACE_H
#define CRASH_RACE_H
#include "bus.h"
#include <pthread.h>
#include <semaphore.h>

struct actor {
    void (*run)(void *);
    void *argument;
    pthread_t thread;
    sem_t go, stopped;
    const char *until; /* the test point where it stops; NULL: nowhere */
    unsigned skip;     /* hits of it to let pass before */
    bool done;
};

/* Starts it and lets it run up to `until`. false: it ended without coming there. */
bool actor_start(struct actor *actor, void (*run)(void *), void *argument, const char *until);
bool actor_go(struct actor *actor, const char *until);
void actor_finish(struct actor *actor); /* lets it run to its end */

struct race_case {
    const char *name;
    void (*run)(void);
};
/* Runs all cases, or those named in argv, each in a process of its own. For main() to return. */
int race_main(const struct race_case *cases, int argc, char **argv);
#endif
