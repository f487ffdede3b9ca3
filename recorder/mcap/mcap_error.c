#define _GNU_SOURCE /* strerror_r() that returns the text */
#include "mcap_error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void begin(struct mcap_error *error, enum mcap_status status, const struct mcap_place *place) {
    *error = (struct mcap_error){.status = status};
    if (place == NULL) return;
    error->opcode = place->opcode;
    error->offset = place->chunk != 0 ? place->chunk : place->offset;
    const char *name = place->opcode != 0 ? mcap_opcode_name(place->opcode) : "the file";
    if (place->chunk != 0) {
        (void)snprintf(error->text, sizeof error->text,
                       "at byte %" PRIu64 ", Chunk: at byte %" PRIu64 " of its records, %s: ", place->chunk, place->offset, name);
    } else {
        (void)snprintf(error->text, sizeof error->text, "at byte %" PRIu64 ", %s: ", place->offset, name);
    }
}

/* Names come from the file: they may hold anything. */
static void make_harmless(char *text) {
    for (; *text != '\0'; text++) {
        if (*text < 0x20 || *text > 0x7E) *text = '?';
    }
}

enum mcap_status mcap_fail(struct mcap_error *error, enum mcap_status status, const struct mcap_place *place, const char *format, ...) {
    begin(error, status, place);
    size_t len = strlen(error->text);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->text + len, sizeof error->text - len, format, args);
    va_end(args);
    make_harmless(error->text);
    return status;
}

enum mcap_status mcap_fail_memory(struct mcap_error *error, const struct mcap_place *place) {
    return mcap_fail(error, MCAP_MEMORY, place, "out of memory");
}

enum mcap_status mcap_fail_io(struct mcap_error *error, int os_error, const char *what, uint64_t at) {
    char reason[96];
    const char *help = "";
    if (os_error == ENOSPC) help = "; make room, what was written so far can be read";
    if (os_error == EDQUOT) help = "; the quota is used up, what was written so far can be read";
    if (os_error == EFBIG) help = "; the file may not grow further (ulimit -f, or the file system)";
    (void)mcap_fail(error, MCAP_IO, NULL, "%s at byte %" PRIu64 " failed: %s%s", what, at, strerror_r(os_error, reason, sizeof reason),
                    help);
    error->os_error = os_error;
    error->offset = at;
    return MCAP_IO;
}
