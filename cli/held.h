/* Processes of participants that are to be stopped, and to go on later.
 *
 * What the ring says of a participant is not to be trusted: anybody who may write there can put the number of any process. So a process is only
 * stopped if it started when the participant's did (a number is used again for another process), belongs to us, and has this very ring mapped.
 * It is held by a descriptor from before these checks on, so that what was checked is what gets the signal. */
#ifndef SCTX_CLI_HELD_H
#define SCTX_CLI_HELD_H
#include <sctx/sctx.h>
#include <stdbool.h>
#include <sys/types.h>

struct held {
    pid_t pid;
    int pidfd;                    /* -1: none */
    char name[SCTX_NAME_MAX + 1]; /* of the participant, as it wrote it: print it escaped */
};

enum { HELD_WHY = 160 };

/* false, with a sentence in `why`: it is not one that may be stopped. */
bool held_open(struct held *held, sctx *ctx, const struct sctx_participant *participant, char why[static HELD_WHY]);
/* Stops it, and returns once it stands still, which takes as long as a system call of it that cannot be interrupted: false after a second, and
 * then it does not stop later either, or if it has ended. */
bool held_stop(const struct held *held);
/* Does it stand still, stopped by a signal or by a debugger? */
bool held_is_stopped(const struct held *held);
/* Lets it go on; true if it was stopped, and is not in the hands of a debugger. */
bool held_continue(const struct held *held);
/* The same without a look, so also in signal handlers. */
void held_let_go(const struct held *held);
void held_close(struct held *held);

#endif
