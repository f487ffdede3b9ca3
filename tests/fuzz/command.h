/* An input of the ring's fuzzer is a list of commands of 16 bytes: what to spoil, and what to call. Whatever the bytes are, they are some
 * command; a file may be cut anywhere. */
#ifndef SCTX_TESTS_FUZZ_COMMAND_H
#define SCTX_TESTS_FUZZ_COMMAND_H
#include <stddef.h>
#include <stdint.h>

/* a, b, c, d: of struct command. */
enum op {
    OP_PATCH,        /* a: area; b: place in it; c: how; d: value: patch.c */
    OP_FIX,          /* a: enum fix */
    OP_CUT,          /* a: file; d: its length */
    OP_ARM,          /* a patch, made when the call that comes next is at its PATCH_AT(c)th step */
    OP_OPEN,         /* a & 1: join, else tap; anew if there is one already */
    OP_READER,       /* a: which, a & 4: joined; b: flags, from, patterns; d: seq */
    OP_READ,         /* a: which; b: so often */
    OP_PEEK,         /* the same */
    OP_WAIT,         /* a: which; b: microseconds, at most 1,000 */
    OP_SEEK,         /* a: which; d: seq */
    OP_FD,           /* a: which */
    OP_TOPICS,       /* a & 1: joined, else a tap */
    OP_PARTICIPANTS, /* a; b: from which place on */
    OP_NAMES,        /* a; d: a join number */
    OP_MARKERS,      /* a */
    OP_INFO,         /* a */
    OP_REGISTER,     /* a; b: which name, encoding, schema; d: of b & 64, a part of the name */
    OP_WRITER,       /* a & 1: no cause */
    OP_PUBLISH,      /* b: topic; c: bytes */
    OP_BATCH,        /* b: topic; c: bytes of each; d: cause */
    OP_RESERVE,      /* c: bytes; b & 1: committed at once, b & 2: aborted */
    OP_COMMIT,       /* b: topic; c: bytes */
    OP_MARKER,       /* a: name, kind, flags; d: high */
    OP_LEVEL,        /* a & 1: set, else add; d: level */
    OP_CLOSE,        /* a: what */
    OP_REMOVE,
    OP_COUNT
};

struct command {
    uint8_t op, a;
    uint16_t b;
    uint32_t c;
    uint64_t d;
};
_Static_assert(sizeof(struct command) == 16, "as in the corpus");
#define COMMANDS_MOST 32u

/* Of a patch's c. */
enum patch_value { VALUE_RAW, VALUE_INTERESTING, VALUE_PLUS, VALUE_XOR, VALUE_COPY, VALUE_TAIL, VALUE_ENTRY, VALUE_SELF, VALUE_COUNT };
#define PATCH_VALUE(c) ((c)&7u)        /* enum patch_value */
#define PATCH_WIDTH(c) ((c) >> 3 & 3u) /* 8, 4, 2 or 1 bytes */
#define PATCH_END(c) ((c) >> 5 & 1u)   /* counted from the area's end */
#define PATCH_UNALIGNED(c) ((c) >> 6 & 1u)
#define PATCH_STEP(c) ((c) >> 8 & 255u)   /* added from one to the next */
#define PATCH_AT(c) ((c) >> 16 & 255u)    /* of OP_ARM; else what is above b in the offset */
#define PATCH_REPEAT(c) ((c) >> 24 & 31u) /* 1 << this many (at most 16), each a stride further */

/* Changes bytes of the area a at b. */
void patch_apply(const struct command *command);
#endif
