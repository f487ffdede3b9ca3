/* What a plugin says of itself, read from its file: an ELF section, found without loading or running anything. The file is not trusted. */
#ifndef SCTX_HOST_MANIFEST_H
#define SCTX_HOST_MANIFEST_H
#include <stdbool.h>
#include <stddef.h>

enum { MANIFEST_MAX = 4096 };

struct manifest {
    char name[33], version[33], license[65];
    char encodings[1024]; /* "barometer,struct:Baro*" */
    char summary[256], schemas[256];
};

struct manifest_fault {
    char text[256];
};

/* Reads it from the file, from the descriptor's beginning whatever its position. false: no plugin for this machine, and why. */
bool manifest_read(int fd, struct manifest *manifest, struct manifest_fault *fault);

/* Of the text in the section: exported for tests. */
bool manifest_parse(const char *text, size_t len, struct manifest *manifest, struct manifest_fault *fault);

enum manifest_match { MANIFEST_NO, MANIFEST_WILDCARD, MANIFEST_EXACT };
/* Does it decode this encoding? A topic's encoding that is empty matches nothing. */
enum manifest_match manifest_match(const struct manifest *manifest, const char *encoding);

#endif
