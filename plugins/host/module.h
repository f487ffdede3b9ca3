/* A plugin's shared object in this process. Loading runs its constructors: what is not trusted is loaded in a worker only. */
#ifndef SCTX_HOST_MODULE_H
#define SCTX_HOST_MODULE_H
#include "manifest.h"

#include <sctx/plugin.h>

struct module {
    sctx_plugin plugin; /* a copy; slots that this plugin does not know are NULL */
};

/* Never unloaded. false: why not. */
bool module_load(const char *path, struct module *module, struct manifest_fault *fault);

#endif
