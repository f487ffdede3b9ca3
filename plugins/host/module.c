#include "module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

bool module_load(const char *path, struct module *module, struct manifest_fault *fault) {
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == NULL) {
        (void)snprintf(fault->text, sizeof fault->text, "cannot be loaded: %s", dlerror());
        return false;
    }
    const sctx_plugin *theirs = dlsym(handle, "sctx_plugin_v1");
    if (theirs == NULL) {
        (void)snprintf(fault->text, sizeof fault->text, "it has no symbol sctx_plugin_v1 (see SCTX_PLUGIN in sctx/plugin.h)");
        return false;
    }
    if (theirs->abi != SCTX_PLUGIN_ABI) {
        (void)snprintf(fault->text, sizeof fault->text, "it was built for version %u of the plugin interface, and this is version %u",
                       theirs->abi, SCTX_PLUGIN_ABI);
        return false;
    }
    if (!SCTX_PLUGIN_HAS(theirs, decode) || theirs->decode == NULL) {
        (void)snprintf(fault->text, sizeof fault->text, "it has no decode()");
        return false;
    }
    memset(&module->plugin, 0, sizeof module->plugin);
    memcpy(&module->plugin, theirs, theirs->size < sizeof module->plugin ? theirs->size : sizeof module->plugin);
    return true;
}
