/* The end that comes from outside: SIGINT, SIGTERM and SIGHUP ask for it, once; a second one kills. SIGPIPE is ignored: writing says EPIPE.
 *
 * Once it was asked for, a timer interrupts whatever blocks, again and again: who blocks looks at stop_signal() when a call says EINTR, and no
 * signal can come too early for that. */
#ifndef SCTX_CLI_STOP_H
#define SCTX_CLI_STOP_H
#include <stdbool.h>

void stop_install(void);
/* Called in a signal handler before a second signal, or SIGQUIT, ends us; up to three of them. */
void stop_before_the_end(void (*restore)(void));
/* The signal that came, 0: none. */
int stop_signal(void);

#endif
