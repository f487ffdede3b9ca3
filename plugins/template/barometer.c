/* Messages of a barometer, 6 bytes: the pressure in Pa, 4 bytes, and the temperature in hundredths of a degree, 2 bytes, little-endian. */
#include <sctx/plugin.h>
#include <stdio.h>

static int fail(sctx_out *out, int status, size_t off, const char *why) {
    out->fail(out, (uint32_t)off, why);
    return status;
}

static int decode(void *self, const void *data, size_t len, sctx_out *out) {
    (void)self;
    static const sctx_str none = {NULL, 0}, pressure = {"pressure", 8}, temperature = {"temperature", 11};
    const uint8_t *byte = data;
    char line[64];

    if (out->open(out, none, SCTX_OBJECT, (sctx_span){0, (uint32_t)len}) != 0) return SCTX_PLUGIN_OK;

    if (len < 4) return fail(out, SCTX_PLUGIN_TRUNCATED, len, "the pressure ends too early");
    uint32_t pascals = (uint32_t)(byte[0] | byte[1] << 8 | byte[2] << 16) | (uint32_t)byte[3] << 24;
    const sctx_value first = {.type = SCTX_U64, .v.u = pascals, .label = {"Pa", 2}};
    if (out->put(out, pressure, &first, (sctx_span){0, 4}) != 0) return SCTX_PLUGIN_OK;

    if (len < 6) return fail(out, SCTX_PLUGIN_TRUNCATED, len, "the temperature ends too early");
    double degrees = (int16_t)(byte[4] | byte[5] << 8) / 100.0;
    const sctx_value second = {.type = SCTX_F64, .v.f = degrees, .label = {"C", 1}};
    if (out->put(out, temperature, &second, (sctx_span){4, 2}) != 0) return SCTX_PLUGIN_OK;

    if (len > 6) return fail(out, SCTX_PLUGIN_MALFORMED, 6, "something follows the temperature");
    if (out->close(out, 0) != 0) return SCTX_PLUGIN_OK;

    int width = snprintf(line, sizeof line, "%u Pa at %.2f C", (unsigned)pascals, degrees);
    out->summary(out, (sctx_str){line, (size_t)width});
    return SCTX_PLUGIN_OK;
}

SCTX_PLUGIN("name=barometer\nversion=1.0\nlicense=MIT\nencodings=barometer\nsummary=messages of a barometer\n", .decode = decode);
