#include "mcap_intake.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST = 1 << 18 };

static int make_room(struct mcap_intake *intake) {
    size_t len = mcap_intake_len(intake);
    if (intake->begin > 0 && intake->begin >= len) { /* each byte is moved once at most */
        if (len > 0) memcpy(intake->data, intake->data + intake->begin, len);
        intake->begin = 0;
        intake->end = len;
    }
    if (intake->end < intake->capacity) return 0;
    size_t capacity = intake->capacity > 0 ? 2 * intake->capacity : LEAST;
    uint8_t *data = realloc(intake->data, capacity);
    if (data == NULL) return -ENOMEM;
    intake->data = data;
    intake->capacity = capacity;
    return 0;
}

int mcap_intake_fill(struct mcap_intake *intake, size_t bytes) {
    if (intake->data == NULL) {
        int status = make_room(intake);
        if (status != 0) return status;
    }
    while (mcap_intake_len(intake) < bytes && !intake->is_at_end) {
        int status = make_room(intake);
        if (status != 0) return status;
        ssize_t got = intake->source.read(intake->source.context, intake->data + intake->end, intake->capacity - intake->end);
        if (got < 0) return (int)got;
        intake->is_at_end = got == 0;
        intake->end += (size_t)got;
    }
    return 0;
}

void mcap_intake_free(struct mcap_intake *intake) {
    free(intake->data);
    intake->data = NULL;
    intake->begin = intake->end = intake->capacity = 0;
}
