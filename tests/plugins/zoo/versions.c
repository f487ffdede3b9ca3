/* Plugins of other versions of the interface, and such as keep to none, one for each value of VERSION. */
#define OTHER_ABI 1
#define NO_SYMBOL 2
#define NO_DECODE 3
#define TOO_SMALL 4
#define LATER 5

#if VERSION == NO_SYMBOL
#define SCTX_PLUGIN_SYMBOL sctx_plugin_v2
#endif
#include <sctx/plugin.h>

static int decode(void *self, const void *data, size_t len, sctx_out *out) {
    const sctx_value answer = {.type = SCTX_U64, .v.u = 42};
    (void)self, (void)data, (void)len;
    (void)out->put(out, (sctx_str){NULL, 0}, &answer, (sctx_span){0, 0});
    return SCTX_PLUGIN_OK;
}

#if VERSION == LATER
/* As a later header may have it: more slots behind those that are known now. */
static int sniff(const void *data, size_t len) {
    (void)data, (void)len;
    return 7;
}

struct later {
    sctx_plugin known;
    int (*more[8])(void);
};
extern const struct later sctx_plugin_v1;
__attribute__((visibility("default"))) const struct later sctx_plugin_v1 = {
    .known = {.abi = SCTX_PLUGIN_ABI, .size = sizeof(struct later), .sniff = sniff, .decode = decode},
    .more = {(int (*)(void))8, (int (*)(void))8, (int (*)(void))8},
};
#else
/* What is given twice counts as it is given last. */
#if VERSION == OTHER_ABI
#define SAYS .abi = SCTX_PLUGIN_ABI + 1
#elif VERSION == TOO_SMALL
#define SAYS .size = offsetof(sctx_plugin, decode) + sizeof(void *) - 1
#else
#define SAYS .flags = 0
#endif
SCTX_PLUGIN("name=" ZOO_NAME "\nversion=1\nlicense=MIT\nencodings=" ZOO_NAME "\n", SAYS, .decode = VERSION == NO_DECODE ? NULL : decode);
#endif
