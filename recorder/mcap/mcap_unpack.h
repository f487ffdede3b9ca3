/* Checksums. A Chunk becomes the records that are in it: whole, or not at all. */
#ifndef MCAP_UNPACK_H
#define MCAP_UNPACK_H
#include "mcap_compress.h"
#include "mcap_error.h"

/* Checks size, compression, checksum, and that it holds whole records of the kinds that it may hold. *records: the uncompressed ones, in *space or in the
 * chunk itself. Errors: MCAP_LIMIT (claims more than bytes_max), MCAP_FORMAT, MCAP_CRC, MCAP_MEMORY. */
enum mcap_status mcap_unpack(struct mcap_codec *codec, const struct mcap_chunk *chunk, uint64_t offset, size_t bytes_max,
                             struct mcap_buffer *space, struct mcap_str *records, struct mcap_error *error);

/* Is the checksum in it right, if it has one? MCAP_OK or MCAP_CRC. */
enum mcap_status mcap_check_attachment(const struct mcap_place *place, struct mcap_str body, const struct mcap_attachment *attachment,
                                       struct mcap_error *error);

#endif
