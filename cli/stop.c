#include "stop.h"

#include <signal.h>
#include <stddef.h>
#include <sys/time.h>

static volatile sig_atomic_t stopped_by;
enum { RESTORES = 3 };
static void (*restores[RESTORES])(void); /* each set before its handlers are */

static void on_signal(int signal_number) {
    /* The signal may come between a look at stop_signal() and the call that blocks. From now on none blocks for long. */
    enum { TICK_US = 20000 };
    static const struct itimerval tick = {.it_interval = {.tv_usec = TICK_US}, .it_value = {.tv_usec = TICK_US}};
    stopped_by = signal_number;
    setitimer(ITIMER_REAL, &tick, NULL);
}

static void end_by(int signal_number) {
    struct sigaction end = {.sa_handler = SIG_DFL};
    for (size_t i = 0; i < RESTORES; i++)
        if (restores[i] != NULL) restores[i]();
    sigaction(signal_number, &end, NULL);
    (void)raise(signal_number); /* delivered once the handler returns */
}

static void on_signal_or_end(int signal_number) {
    if (stopped_by != 0)
        end_by(signal_number);
    else
        on_signal(signal_number);
}

static void on_tick(int signal_number) {
    (void)signal_number;
}

void stop_install(void) {
    /* No SA_RESTART: whatever waits has to look. */
    struct sigaction once = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    struct sigaction each = {.sa_handler = on_tick};
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    /* Also where SIGINT was ignored, as shells do for `command &`: an interrupt that a script sends us is meant. */
    sigaction(SIGINT, &once, NULL);
    sigaction(SIGTERM, &once, NULL);
    /* The terminal has gone. It stays ignored where it was: that is what nohup does. */
    struct sigaction before;
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(SIGHUP, &once, NULL);
    sigaction(SIGALRM, &each, NULL);
    sigaction(SIGPIPE, &ignored, NULL);
    /* A mask is inherited. */
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGHUP);
    sigaddset(&ours, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &ours, NULL);
}

void stop_before_the_end(void (*restore)(void)) {
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction each = {.sa_handler = on_signal_or_end}, quit = {.sa_handler = end_by}, before;
    size_t at = 0;
    while (at < RESTORES - 1 && restores[at] != NULL && restores[at] != restore) at++;
    restores[at] = restore;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (sigaction(ends[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(ends[i], &each, NULL);
    sigaction(SIGQUIT, &quit, NULL);
}

int stop_signal(void) {
    return stopped_by;
}
