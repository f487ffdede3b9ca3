/* Compression of chunks, and its checksum. spec: "Well-known compression formats". */
#ifndef MCAP_COMPRESS_H
#define MCAP_COMPRESS_H
#include "mcap.h"
#include "mcap_buffer.h"

enum mcap_compression {
    MCAP_LZ4, /* the LZ4 frame format; what one gets by not choosing */
    MCAP_ZSTD,
    MCAP_UNCOMPRESSED
};

/* "lz4", "zstd" or "", as it stands in the file; and back, false if there is no such one. */
struct mcap_str mcap_compression_name(enum mcap_compression compression);
bool mcap_compression_of(struct mcap_str name, enum mcap_compression *compression);

/* Both directions; one thread at a time. All zeros is a new one: what the libraries need is made when it is first used. */
struct mcap_codec {
    void *zstd_in, *zstd_out, *lz4_out;
};
void mcap_codec_free(struct mcap_codec *codec);

/* Replaces what the buffer holds. `level`: 0 is the usual one (lz4: 0, fast; zstd: 1, for a recorder has to keep up); else as the library counts, for
 * lz4 negative ones are faster, 3 and above slow. False: no memory. Not for MCAP_UNCOMPRESSED. */
bool mcap_compress(struct mcap_codec *codec, enum mcap_compression compression, int level, const uint8_t *data, size_t len,
                   struct mcap_buffer *to);

/* To exactly `size` bytes, which the caller has allocated: never more is written, whatever the data say. NULL: done; else what is wrong, in words. */
const char *mcap_decompress(struct mcap_codec *codec, enum mcap_compression compression, const uint8_t *data, size_t len, uint8_t *to,
                            size_t size);

/* The most that so many bytes can become; UINT64_MAX: as much as they like. A claim above that is wrong before anything is allocated. */
uint64_t mcap_decompress_bound(enum mcap_compression compression, uint64_t len);

/* CRC-32 as in zlib; begins with 0. */
uint32_t mcap_crc(uint32_t crc, const void *data, size_t len);
/* That of two stretches in a row, the second of which has `len` bytes. */
uint32_t mcap_crc_join(uint32_t first, uint32_t second, uint64_t len);

#endif
