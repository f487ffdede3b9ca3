#include "stop.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t stopped_by;

static void on_signal(int signal_number) {
    stopped_by = signal_number;
}

void stop_install(void) {
    /* No SA_RESTART: whatever waits has to look. */
    struct sigaction once = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    /* Also where SIGINT was ignored, as shells do for `command &`: an interrupt that a script sends us is meant. */
    sigaction(SIGINT, &once, NULL);
    sigaction(SIGTERM, &once, NULL);
    sigaction(SIGPIPE, &ignored, NULL);
}

int stop_signal(void) {
    return stopped_by;
}
