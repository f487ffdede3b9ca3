/* The body of one record, taken apart. Nothing is copied: what comes out points into the body. */
#ifndef MCAP_PARSE_H
#define MCAP_PARSE_H
#include "mcap.h"
#include "mcap_error.h"

/* place->opcode says which record it is; of private and unknown ones nothing is looked at. Every length is held against the body, maps and indexes
 * are walked to their end. Bytes that follow a record's known fields are ignored (spec: "Records"), but for Footer and DataEnd, which may not have
 * any. MCAP_OK, or MCAP_FORMAT: *error names the first field that does not fit. */
enum mcap_status mcap_parse(const struct mcap_place *place, const uint8_t *body, size_t len, union mcap_content *content,
                            struct mcap_error *error);

#endif
