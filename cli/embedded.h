/* Files that are part of the command: cmake/embed.cmake makes C of them. */
#ifndef SCTX_CLI_EMBEDDED_H
#define SCTX_CLI_EMBEDDED_H
#include <stddef.h>

struct embedded {
    const char *path; /* "corpus/cut" */
    const unsigned char *data;
    size_t len;
};

/* plugins/template/, from which `sctx plugin new` makes a project. */
extern const struct embedded plugin_template[];
extern const size_t plugin_template_count;

#endif
