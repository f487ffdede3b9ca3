/* Mapped files, and what happens when somebody truncates one: with sctx_guard_install() a SIGBUS inside a mapping replaces the whole
 * mapping by zeros and raises `lost`; the code above finds nonsense, looks at `lost`, and reports it. */
#ifndef SCTX_MAPPING_H
#define SCTX_MAPPING_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mapping {
    unsigned char *base; /* NULL: none */
    size_t bytes;
    uint32_t guard; /* place in the guard's table + 1; 0: none */
};

/* Maps fd shared, never inherited by children. `lost` is raised when the file turns out to be truncated. 0 or -errno. [any thread] */
int mapping_open(struct mapping *m, int fd, size_t bytes, bool writable, _Atomic uint32_t *lost);
/* Makes a writable mapping's pages present, of the first 2 MiB, as far as that goes: else each is a fault when it is first written to. */
void mapping_populate(const struct mapping *mapping);
void mapping_close(struct mapping *m);
#endif
