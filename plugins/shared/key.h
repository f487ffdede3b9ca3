/* Keys of maps that are no text, written as the names of members. */
#ifndef SCTX_SHARED_KEY_H
#define SCTX_SHARED_KEY_H
#include <sctx/plugin.h>
#include <stdbool.h>

enum {
    KEY_TEXT_MAX = 16384, /* bytes of a key's text */
    KEY_DEPTH_MAX = 32,   /* containers within each other, in a key */
    KEY_LEVELS = 3,       /* keys within keys: their quotes are escaped again and again */
};

/* What a key is decoded into instead of the host's tree. A scalar becomes its plain text ("true", "12", base64 of bytes), a container
 * becomes JSON. [owner: the decoder, from key_begin() until the member that it names has been handed in] */
struct key {
    sctx_out out; /* first: it is what its own callbacks are handed */
    size_t len;
    unsigned depth;
    bool goes_on; /* something stands before what comes next */
    bool is_full; /* KEY_TEXT_MAX or KEY_DEPTH_MAX is exceeded: the text is of no use */
    char kinds[KEY_DEPTH_MAX];
    char text[KEY_TEXT_MAX];
};

void key_begin(struct key *key);

static inline sctx_str key_text(const struct key *key) {
    return (sctx_str){key->text, key->len};
}

#endif
