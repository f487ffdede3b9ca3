#include "mcap_unpack.h"

#include "mcap_walk.h"

#include <inttypes.h>

/* A claimed size is only allocated if so few compressed bytes can become so many. */
static enum mcap_status check_claims(const struct mcap_chunk *chunk, const struct mcap_place *place, size_t bytes_max,
                                     enum mcap_compression *compression, struct mcap_error *error) {
    uint64_t claimed = chunk->uncompressed_size;
    if (!mcap_compression_of(chunk->compression, compression)) {
        return mcap_fail(error, MCAP_FORMAT, place, "compressed by '%.*s', which is neither lz4 nor zstd",
                         chunk->compression.len < 32 ? (int)chunk->compression.len : 32, chunk->compression.data);
    }
    if (claimed > bytes_max) {
        return mcap_fail(error, MCAP_LIMIT, place, "claims %" PRIu64 " bytes of records, of which %zu are allowed; a larger limit may help",
                         claimed, bytes_max);
    }
    if (claimed > mcap_decompress_bound(*compression, chunk->records.len)) {
        return mcap_fail(error, MCAP_FORMAT, place, "claims %" PRIu64 " bytes of records, which %zu compressed bytes cannot become",
                         claimed, chunk->records.len);
    }
    return MCAP_OK;
}

enum mcap_status mcap_unpack(struct mcap_codec *codec, const struct mcap_chunk *chunk, uint64_t offset, size_t bytes_max,
                             struct mcap_buffer *space, struct mcap_str *records, struct mcap_error *error) {
    const struct mcap_place place = {offset, 0, MCAP_CHUNK};
    enum mcap_compression compression;
    enum mcap_status status = check_claims(chunk, &place, bytes_max, &compression, error);
    if (status != MCAP_OK) return status;
    if (compression == MCAP_UNCOMPRESSED && chunk->records.len == chunk->uncompressed_size) {
        *records = chunk->records;
    } else {
        size_t size = (size_t)chunk->uncompressed_size;
        space->len = 0;
        if (mcap_buffer_take(space, size) == NULL) return mcap_fail_memory(error, &place);
        const char *reason =
            mcap_decompress(codec, compression, (const uint8_t *)chunk->records.data, chunk->records.len, space->data, size);
        if (reason != NULL) return mcap_fail(error, MCAP_FORMAT, &place, "its records cannot be decompressed: %s", reason);
        *records = (struct mcap_str){(const char *)space->data, size};
    }
    uint32_t crc = chunk->uncompressed_crc;
    if (crc != 0 && mcap_crc(0, records->data, records->len) != crc)
        return mcap_fail(error, MCAP_CRC, &place, "the checksum of its records is wrong");
    return mcap_walk_check((const uint8_t *)records->data, records->len, offset, error);
}

/* spec: "Attachment": the crc is over the fields before it. */
enum mcap_status mcap_check_attachment(const struct mcap_place *place, struct mcap_str body, const struct mcap_attachment *attachment,
                                       struct mcap_error *error) {
    size_t len = (size_t)(attachment->data.data + attachment->data.len - body.data);
    if (attachment->crc == 0 || mcap_crc(0, body.data, len) == attachment->crc) return MCAP_OK;
    return mcap_fail(error, MCAP_CRC, place, "its checksum is wrong");
}
