/* The wire format: tags, varints, lengths, field by field. Offsets count from the beginning of the payload (or the schema). */
#ifndef PB_WIRE_H
#define PB_WIRE_H
#include <sctx/plugin.h>
#include <stdbool.h>

enum pb_form { PB_VARINT = 0, PB_FIXED64 = 1, PB_LEN = 2, PB_GROUP = 3, PB_GROUP_END = 4, PB_FIXED32 = 5 };

#define PB_NUMBER_MAX ((1u << 29) - 1)

/* What is wrong, and where. why NULL: nothing. */
struct pb_fault {
    int status; /* enum sctx_plugin_status */
    uint32_t off;
    const char *why;
};

struct pb_wire {
    const unsigned char *data;
    uint32_t at, end;
    bool is_whole; /* `end` is the end of the payload, not one that a length says: what is missing there is cut off */
    struct pb_fault fault;
};

struct pb_field {
    uint32_t number;
    uint32_t tag;  /* offset of the tag */
    uint32_t from; /* of the value, with its length if it has one; of a group: behind the tag */
    uint32_t body; /* of the value without its length */
    uint32_t end;  /* behind the value; of a group: not known yet, = body */
    enum pb_form form;
    uint64_t value; /* varint, fixed */
};

/* The first fault counts; returns false. */
bool pb_fault_at(struct pb_fault *fault, int status, uint32_t off, const char *why);

/* The next field; the caller has seen that at < end. Groups: only their tag. false: fault is set. */
bool pb_wire_next(struct pb_wire *wire, struct pb_field *field);
/* One number of a form that has a fixed size or is a varint; `at` moves behind it. */
bool pb_wire_number(struct pb_wire *wire, enum pb_form form, uint64_t *value);

static inline sctx_str pb_slice(const unsigned char *data, uint32_t from, uint32_t end) {
    return (sctx_str){(const char *)data + from, end - from};
}
static inline int64_t pb_unzigzag(uint64_t value) {
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}
#endif
