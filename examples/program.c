#define _GNU_SOURCE
#include "program.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <sctx/sctx.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>

static void usage(const struct program *program) {
    fprintf(stderr, "%s: try --help\n", program->name);
    exit(2);
}

static int64_t interval_parse(const struct program *program, const char *text) {
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end != '\0' || !(seconds >= 0.01 && seconds <= 3600)) {
        fprintf(stderr, "%s: --interval: '%s' is not a number of seconds from 0.01 to 3600\n", program->name, text);
        exit(2);
    }
    return (int64_t)(seconds * 1e9);
}

void program_options(struct program *program, int argc, char **argv) {
    const struct option longs[] = {{"context", required_argument, NULL, 'c'},
                                   {"interval", required_argument, NULL, 'i'},
                                   {"help", no_argument, NULL, 'h'},
                                   {program->flag, no_argument, NULL, 'f'},
                                   {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
        if (option == 'c') {
            program->context = optarg;
        } else if (option == 'i' && program->takes_interval) {
            program->interval_ns = interval_parse(program, optarg);
        } else if (option == 'f') {
            program->has_flag = true;
        } else if (option == 'h') {
            fputs(program->help, stdout);
            exit(fflush(stdout) == 0 ? 0 : 1);
        } else {
            usage(program);
        }
    }
    if (argc - optind != program->operands_wanted) usage(program);
    program->operands = argv + optind;
}

int program_signals(void) {
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool program_stopped(int signals, int64_t timeout_ns) {
    struct pollfd wait = {.fd = signals, .events = POLLIN};
    struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};

    int ready = ppoll(&wait, 1, &timeout, NULL);
    return ready > 0 || (ready < 0 && errno != EINTR);
}

int program_failed(const struct program *program, const char *what, int status, const char *detail) {
    fprintf(stderr, "%s: %s: %s%s%s\n", program->name, what, sctx_strerror(status), *detail ? ". " : "", detail);
    return 1;
}

int64_t program_now_ns(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
