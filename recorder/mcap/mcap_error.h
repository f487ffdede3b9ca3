/* Errors in words. */
#ifndef MCAP_ERROR_H
#define MCAP_ERROR_H
#include "mcap.h"

/* Which record it is about. */
struct mcap_place {
    uint64_t offset; /* of its first byte: in the file, or among a chunk's uncompressed records */
    uint64_t chunk;  /* where that chunk begins in the file; 0: it is in none */
    uint8_t opcode;  /* 0: none in particular */
};

/* Fills *error and returns its status. The text is "at byte OFFSET, RECORD: " and what the format makes; without a place (NULL) only that. */
__attribute__((format(printf, 4, 5))) enum mcap_status mcap_fail(struct mcap_error *error, enum mcap_status status,
                                                                 const struct mcap_place *place, const char *format, ...);
/* Out of memory. */
enum mcap_status mcap_fail_memory(struct mcap_error *error, const struct mcap_place *place);
/* Reading or writing failed; what was done: "reading", "writing"; `at`: where in the file. */
enum mcap_status mcap_fail_io(struct mcap_error *error, int os_error, const char *what, uint64_t at);

#endif
