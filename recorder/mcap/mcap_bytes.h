/* Numbers in the file: little-endian, anywhere. spec: "Serialization". */
#ifndef MCAP_BYTES_H
#define MCAP_BYTES_H
#include "mcap.h"

#include <endian.h>
#include <string.h>

#define MCAP_COUNT_BYTES 10u /* of a pair in struct mcap_counts */
#define MCAP_ENTRY_BYTES 16u /* of a MessageIndex */

static inline uint16_t mcap_get16(const void *from) {
    uint16_t value;
    memcpy(&value, from, sizeof value);
    return le16toh(value);
}
static inline uint32_t mcap_get32(const void *from) {
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return le32toh(value);
}
static inline uint64_t mcap_get64(const void *from) {
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return le64toh(value);
}

/* Return what comes behind. */
static inline uint8_t *mcap_set8(uint8_t *to, uint8_t value) {
    *to = value;
    return to + 1;
}
static inline uint8_t *mcap_set16(uint8_t *to, uint16_t value) {
    value = htole16(value);
    memcpy(to, &value, sizeof value);
    return to + sizeof value;
}
static inline uint8_t *mcap_set32(uint8_t *to, uint32_t value) {
    value = htole32(value);
    memcpy(to, &value, sizeof value);
    return to + sizeof value;
}
static inline uint8_t *mcap_set64(uint8_t *to, uint64_t value) {
    value = htole64(value);
    memcpy(to, &value, sizeof value);
    return to + sizeof value;
}
static inline uint8_t *mcap_set_head(uint8_t *to, uint8_t opcode, uint64_t body_len) {
    return mcap_set64(mcap_set8(to, opcode), body_len);
}

#endif
