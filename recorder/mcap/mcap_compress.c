#include "mcap_compress.h"

#include <lz4frame.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

/* lz4: a byte of a run's length stands for 255 bytes at most. */
#define LZ4_RATIO_MAX 255u

struct mcap_str mcap_compression_name(enum mcap_compression compression) {
    switch (compression) {
    case MCAP_LZ4: return mcap_text("lz4");
    case MCAP_ZSTD: return mcap_text("zstd");
    case MCAP_UNCOMPRESSED: break;
    }
    return mcap_text("");
}

bool mcap_compression_of(struct mcap_str name, enum mcap_compression *compression) {
    for (enum mcap_compression each = MCAP_LZ4; each <= MCAP_UNCOMPRESSED; each++) {
        struct mcap_str known = mcap_compression_name(each);
        if (known.len != name.len || (name.len > 0 && memcmp(known.data, name.data, name.len) != 0)) continue;
        *compression = each;
        return true;
    }
    return false;
}

void mcap_codec_free(struct mcap_codec *codec) {
    (void)ZSTD_freeCCtx(codec->zstd_in);
    (void)ZSTD_freeDCtx(codec->zstd_out);
    (void)LZ4F_freeDecompressionContext(codec->lz4_out);
    *codec = (struct mcap_codec){0};
}

static bool compress_lz4(int level, const uint8_t *data, size_t len, struct mcap_buffer *to) {
    const LZ4F_preferences_t how = {.frameInfo = {.blockSizeID = LZ4F_max4MB, .contentSize = len}, .compressionLevel = level};
    size_t bound = LZ4F_compressFrameBound(len, &how);
    uint8_t *at = mcap_buffer_room(to, bound);
    if (at == NULL) return false;
    size_t size = LZ4F_compressFrame(at, bound, data, len, &how);
    if (LZ4F_isError(size)) return false;
    to->len = size;
    return true;
}

static bool compress_zstd(struct mcap_codec *codec, int level, const uint8_t *data, size_t len, struct mcap_buffer *to) {
    size_t bound = ZSTD_compressBound(len);
    uint8_t *at = mcap_buffer_room(to, bound);
    if (codec->zstd_in == NULL) codec->zstd_in = ZSTD_createCCtx();
    if (at == NULL || codec->zstd_in == NULL) return false;
    size_t size = ZSTD_compressCCtx(codec->zstd_in, at, bound, data, len, level != 0 ? level : 1);
    if (ZSTD_isError(size)) return false;
    to->len = size;
    return true;
}

bool mcap_compress(struct mcap_codec *codec, enum mcap_compression compression, int level, const uint8_t *data, size_t len,
                   struct mcap_buffer *to) {
    to->len = 0;
    if (compression == MCAP_ZSTD) return compress_zstd(codec, level, data, len, to);
    return compress_lz4(level, data, len, to);
}

static const char *decompress_zstd(struct mcap_codec *codec, const uint8_t *data, size_t len, uint8_t *to, size_t size) {
    if (codec->zstd_out == NULL) codec->zstd_out = ZSTD_createDCtx();
    if (codec->zstd_out == NULL) return "out of memory";
    size_t got = ZSTD_decompressDCtx(codec->zstd_out, to, size, data, len);
    if (ZSTD_isError(got)) return ZSTD_getErrorName(got);
    return got == size ? NULL : "fewer bytes than it claims";
}

/* A frame, or several in a row. */
static const char *decompress_lz4(struct mcap_codec *codec, const uint8_t *data, size_t len, uint8_t *to, size_t size) {
    LZ4F_dctx *context = codec->lz4_out;
    if (context == NULL) {
        if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) return "out of memory";
        codec->lz4_out = context;
    }
    LZ4F_resetDecompressionContext(context);
    const LZ4F_decompressOptions_t how = {.stableDst = 1};
    size_t in = 0, out = 0, wanted = 1;
    while (in < len) {
        size_t taken = len - in, made = size - out;
        wanted = LZ4F_decompress(context, to + out, &made, data + in, &taken, &how);
        if (LZ4F_isError(wanted)) return LZ4F_getErrorName(wanted);
        in += taken;
        out += made;
        if (taken == 0 && made == 0) return "more bytes than it claims";
    }
    if (wanted != 0 && len > 0) return out == size ? "more bytes than it claims, or a cut end" : "the compressed data are cut";
    return out == size ? NULL : "fewer bytes than it claims";
}

const char *mcap_decompress(struct mcap_codec *codec, enum mcap_compression compression, const uint8_t *data, size_t len, uint8_t *to,
                            size_t size) {
    if (compression == MCAP_ZSTD) return decompress_zstd(codec, data, len, to, size);
    if (compression == MCAP_LZ4) return decompress_lz4(codec, data, len, to, size);
    if (len != size) return "another size than it claims";
    if (size > 0) memcpy(to, data, size);
    return NULL;
}

uint64_t mcap_decompress_bound(enum mcap_compression compression, uint64_t len) {
    if (compression == MCAP_UNCOMPRESSED) return len;
    if (compression == MCAP_ZSTD || len > UINT64_MAX / LZ4_RATIO_MAX) return UINT64_MAX;
    return len * LZ4_RATIO_MAX;
}

uint32_t mcap_crc(uint32_t crc, const void *data, size_t len) {
    return len > 0 ? (uint32_t)crc32_z(crc, data, len) : crc;
}

uint32_t mcap_crc_join(uint32_t first, uint32_t second, uint64_t len) {
    return (uint32_t)crc32_combine(first, second, (z_off_t)len);
}
