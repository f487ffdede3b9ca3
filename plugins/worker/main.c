/* sctx-plugin-worker PLUGIN: runs one plugin for a host, which has left a socket and a memory file open. Not to be called by hand. */
#define _GNU_SOURCE
#include "sandbox.h"
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Nothing of the host's but the two descriptors; what the plugin prints is refused, and noted, as soon as it comes to a system call. */
static bool isolate(void) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 2; fd++)
        if (null < 0 || dup2(null, fd) < 0) return false;
    return close_range(WIRE_MEMORY + 1, ~0u, 0) == 0 && setvbuf(stdout, NULL, _IONBF, 0) == 0 &&
           prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
}

/* Asked once its end would be ours: if it came before that, nobody is at the other end of the socket. */
static bool host_is_there(void) {
    struct pollfd host = {.fd = WIRE_SOCKET};
    return poll(&host, 1, 0) == 0;
}

static _Noreturn void give_up(struct wire *wire, const char *what, const char *why) {
    (void)snprintf(wire->reason, sizeof wire->reason, "%s%s", what, why);
    atomic_store_explicit(&wire->state, WIRE_NOT_LOADED, memory_order_release);
    _exit(1);
}

/* Of processor time, in all: the last resort where the host is stopped, and so holds nobody to a deadline. The kernel's SIGKILL cannot be blocked,
 * and the limit cannot be raised again. A host replaces a worker long before. */
enum { LIFE_S = 30 };

int main(int argc, char **argv) {
    struct wire *wire = mmap(NULL, WIRE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, WIRE_MEMORY, 0);
    struct manifest_fault fault = {""};
    struct module module;
    char byte = 0;
    if (argc != 2 || wire == MAP_FAILED || wire->magic != WIRE_MAGIC) {
        (void)fprintf(stderr, "sctx-plugin-worker is started by sctx, for one plugin each\n");
        return 2;
    }
    bool isolated = isolate();
    if (!host_is_there()) return 1;
    if (!isolated || !sandbox_enter(wire, argv[1], LIFE_S)) give_up(wire, "its sandbox cannot be made: ", strerror(errno));
    if (!module_load(argv[1], &module, &fault)) give_up(wire, "", fault.text);
    if (!sandbox_tighten()) give_up(wire, "its sandbox cannot be made: ", strerror(errno));
    wire->has_slots = (module.plugin.sniff != NULL ? 1u : 0u) | (module.plugin.encode != NULL ? 2u : 0u);
    atomic_store_explicit(&wire->state, WIRE_READY, memory_order_release);
    if (write(WIRE_SOCKET, &byte, 1) != 1) return 1;
    serve(wire, &module);
}
