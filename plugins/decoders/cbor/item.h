/* One data item's head, as libcbor's streaming decoder sees it, and with it the bytes of a string of definite length. */
#ifndef SCTX_CBOR_ITEM_H
#define SCTX_CBOR_ITEM_H
#include <stddef.h>
#include <stdint.h>

enum item_kind {
    ITEM_UNSIGNED,    /* n */
    ITEM_NEGATIVE,    /* -1 - n */
    ITEM_BYTES,       /* bytes, n of them */
    ITEM_TEXT,        /* likewise; not yet known to be UTF-8 */
    ITEM_ARRAY,       /* of n items */
    ITEM_MAP,         /* of n pairs */
    ITEM_BYTES_BEGIN, /* of indefinite length, up to a break: this, and the next three */
    ITEM_TEXT_BEGIN,
    ITEM_ARRAY_BEGIN,
    ITEM_MAP_BEGIN,
    ITEM_TAG,    /* number n, and one item follows */
    ITEM_SIMPLE, /* value n: 0 to 23 and 32 to 255 */
    ITEM_FLOAT,  /* f */
    ITEM_BREAK,
};

/* The simple values that have names. */
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21, SIMPLE_NULL = 22, SIMPLE_UNDEFINED = 23, SIMPLE_NOT_BELOW = 32 /* in two bytes */ };

/* Tags whose content becomes something else than it is. */
enum { TAG_EPOCH_TIME = 1, TAG_BIGNUM = 2, TAG_NEGATIVE_BIGNUM = 3 };

struct item {
    enum item_kind kind;
    uint64_t n;
    double f;
    const char *bytes; /* in the payload */
    size_t size;       /* of all this, in the payload */
};

enum item_status { ITEM_OK, ITEM_SHORT, ITEM_BAD_HEAD, ITEM_BAD_SIMPLE };

/* The item at `data`; len: at least 1. */
enum item_status item_read(const char *data, size_t len, struct item *item);

#endif
