#include "call.h"
#include "stop.h"

#include <fcntl.h>
#include <sctx/sctx.h>

/* A program started with standard descriptors closed would get their numbers for files of the context, and print into them. */
static void occupy_standard_descriptors(void) {
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0) (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv) {
    occupy_standard_descriptors();
    sctx_guard_install();
    stop_install();
    return call_main(argc, argv);
}
