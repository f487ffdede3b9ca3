/* The fields of a message, listed before any of them is shown: so that a repeated field whose occurrences are scattered is gathered without
 * searching, and so that what has no type is looked through once to see what it looks like.
 *
 * Records are a stack: a message's come on top of those of the message around it, and are dropped when it is done. A group has no length
 * that would let one skip it; what is in it follows it, up to `skip`. The same holds for messages that were guessed. */
#ifndef PB_RECORDS_H
#define PB_RECORDS_H
#include "wire.h"

/* In flight; more than a tree can hold. */
#define PB_RECORDS_MAX (1u << 20)
/* Messages guessed within each other; deeper ones are bytes. Implementations refuse deeper ones, too. */
#define PB_GUESS_DEPTH_MAX 100u

enum pb_looks { PB_UNSEEN, PB_TEXT, PB_MESSAGE, PB_BYTES };

struct pb_declared;
struct pb_record {
    uint32_t number, from, body, end; /* as in struct pb_field */
    uint32_t skip;                    /* the record behind this one and what is in it */
    uint32_t next;                    /* the next of the same repeated field; 0: none */
    uint8_t form;                     /* enum pb_form */
    uint8_t looks;                    /* PB_LEN: enum pb_looks */
    bool is_later;                    /* is in such a list, but not first */
    const struct pb_declared *field;  /* NULL: unknown, or its wire type contradicts the schema */
};

struct pb_records {
    struct pb_record *list;
    uint32_t count, room;
};

struct pb_scan {
    struct pb_records *records;
    struct pb_wire wire;                         /* and what went wrong */
    bool guesses;                                /* what looks like a message is listed, too */
    uint32_t guess_depth;                        /* messages guessed around here */
    uint32_t text_from, text_until, text_within; /* this much of it is text, and no more, looking at bytes before text_within */
};

/* Lists the fields in data[from, end). With a fault, those before it are listed, and a group that it is in ends there. */
void pb_scan_message(struct pb_scan *scan, uint32_t depth);
/* What [from, end) looks like; PB_MESSAGE: its fields are listed. Takes time in proportion to its length. INTERNAL or UNSUPPORTED in
 * scan->wire.fault end it early. */
enum pb_looks pb_scan_guess(struct pb_scan *scan, uint32_t from, uint32_t end, uint32_t depth);
#endif
