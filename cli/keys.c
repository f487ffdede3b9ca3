#include "keys.h"
#include "stop.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static int saved_fd = -1;

static void restore(void) {
    if (saved_fd >= 0) (void)tcsetattr(saved_fd, TCSANOW, &saved);
}

void keys_open(struct keys *keys) {
    static bool is_registered;
    keys->fd = isatty(STDERR_FILENO) != 0 ? open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (keys->fd < 0) return;
    /* In the background, setting the terminal would stop us. */
    if (tcgetpgrp(keys->fd) != getpgrp() || tcgetattr(keys->fd, &saved) < 0) {
        (void)close(keys->fd);
        keys->fd = -1;
        return;
    }
    struct termios raw = saved;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    saved_fd = keys->fd;
    if (!is_registered) (void)atexit(restore);
    is_registered = true;
    stop_before_the_end(restore);
    (void)tcsetattr(keys->fd, TCSANOW, &raw);
}

static int next_byte(const struct keys *keys, int wait_ms) {
    struct pollfd ready = {.fd = keys->fd, .events = POLLIN};
    unsigned char byte;
    if (poll(&ready, 1, wait_ms) <= 0 || read(keys->fd, &byte, 1) != 1) return -1;
    return byte;
}

int keys_next(struct keys *keys) {
    enum { ESCAPE = 27, REST_MS = 20 };
    if (keys->fd < 0) return KEY_NONE;
    int byte = next_byte(keys, 0);
    if (byte < 0) return KEY_NONE;
    if (byte != ESCAPE) return byte;
    int second = next_byte(keys, REST_MS);
    if (second != '[' && second != 'O') return ESCAPE;
    int third = next_byte(keys, REST_MS);
    return third == 'D' ? KEY_LEFT : third == 'C' ? KEY_RIGHT : KEY_NONE;
}

void keys_close(struct keys *keys) {
    if (keys->fd < 0) return;
    restore();
    saved_fd = -1;
    (void)close(keys->fd);
    keys->fd = -1;
}
