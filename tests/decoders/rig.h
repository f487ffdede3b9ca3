/* What the tests of decoders are written with: bytes in, JSON and an offset out, and back. */
#ifndef SCTX_DECODERS_RIG_H
#define SCTX_DECODERS_RIG_H
#include "tree.h"

struct topic {
    const char *encoding; /* "struct:Order"; NULL: "" */
    const void *schema;
    size_t schema_len;
    const char *kind, *config; /* NULL: "" */
};

struct decoded {
    int status;        /* enum sctx_plugin_status; of open(), if that failed */
    uint32_t off;      /* where it failed */
    const char *why;   /* "" or what fail() said */
    const char *json;  /* the tree, or as much of it as there is; "" if there is none */
    const char *summary;
    uint32_t findings; /* enum tree_finding: 0, or the decoder breaks a rule */
    bool cut;
    struct tree tree;
};

/* Decodes a copy that is exactly as long, so that AddressSanitizer sees what reads beyond it; twice, and both trees must be the same.
 * Valid until the next call. */
const struct decoded *decode(const sctx_plugin *plugin, const struct topic *topic, const void *data, size_t len);
const struct decoded *decode_text(const sctx_plugin *plugin, const struct topic *topic, const char *text);
/* "83 01 02 03" */
const struct decoded *decode_hex(const sctx_plugin *plugin, const struct topic *topic, const char *hex);

struct encoded {
    int status;
    uint32_t off;
    const char *why;
    const char *data;
    size_t len;
    const char *hex; /* lower case, no spaces */
};
/* `json` goes through the decoder for JSON. Valid until the next call. */
const struct encoded *encode(const sctx_plugin *plugin, const struct topic *topic, const char *json);

/* Bytes from hex digits, blanks are skipped; to be freed. */
unsigned char *bytes_from_hex(const char *hex, size_t *len);

/* The node at a path of names and indexes, as "legs.0.px"; NULL: not there. */
const struct tree_node *at_path(const struct decoded *decoded, const char *path);

/* Its bytes and how many they are, NULs and all. */
#define BYTES(literal) literal, sizeof(literal) - 1

/* Criterion's asserts with what is needed to see why. */
#define expect_json(plugin, topic, hex, want)                                                                                   \
    do {                                                                                                                        \
        const struct decoded *d_ = decode_hex(plugin, topic, hex);                                                              \
        cr_assert(d_->status == SCTX_PLUGIN_OK && strcmp(d_->json, want) == 0 && d_->findings == 0 && !d_->cut,                 \
                  "%s: status %d at %u (%s), findings %x\n  got  %s\n  want %s", hex, d_->status, d_->off, d_->why, d_->findings, \
                  d_->json, want);                                                                                              \
    } while (0)
#define expect_text(plugin, topic, text, want)                                                                                   \
    do {                                                                                                                         \
        const struct decoded *d_ = decode_text(plugin, topic, text);                                                             \
        cr_assert(d_->status == SCTX_PLUGIN_OK && strcmp(d_->json, want) == 0 && d_->findings == 0 && !d_->cut,                  \
                  "%s: status %d at %u (%s), findings %x\n  got  %s\n  want %s", text, d_->status, d_->off, d_->why, d_->findings, \
                  d_->json, want);                                                                                              \
    } while (0)
#define expect_span(decoded, path, want_off, want_len)                                                                       \
    do {                                                                                                                     \
        const struct tree_node *n_ = at_path(decoded, path);                                                                 \
        cr_assert_not_null(n_, "no %s in %s", path, (decoded)->json);                                                        \
        cr_assert(n_->span.off == (want_off) && n_->span.len == (want_len), "%s: %u bytes at %u, not %u at %u", path, n_->span.len, \
                  n_->span.off, (unsigned)(want_len), (unsigned)(want_off));                                                 \
    } while (0)
#define expect_fault(plugin, topic, hex, want_status, want_off)                                                                  \
    do {                                                                                                                         \
        const struct decoded *d_ = decode_hex(plugin, topic, hex);                                                               \
        cr_assert(d_->status == (want_status) && d_->off == (want_off) && d_->why[0] != '\0' && d_->findings == 0,                \
                  "%s: status %d at %u (%s), findings %x, json %s; not status %d at %u", hex, d_->status, d_->off, d_->why,      \
                  d_->findings, d_->json, want_status, (unsigned)(want_off));                                                    \
    } while (0)
#define expect_encoded(plugin, topic, json, want_hex)                                                                       \
    do {                                                                                                                    \
        const struct encoded *e_ = encode(plugin, topic, json);                                                             \
        cr_assert(e_->status == SCTX_PLUGIN_OK && strcmp(e_->hex, want_hex) == 0, "%s: status %d at %u (%s)\n  got  %s\n  want %s", \
                  json, e_->status, e_->off, e_->why, e_->hex, want_hex);                                                   \
    } while (0)
/* The same, of a format that is text. */
#define expect_written(plugin, topic, json, want)                                                                                \
    do {                                                                                                                         \
        const struct encoded *e_ = encode(plugin, topic, json);                                                                  \
        cr_assert(e_->status == SCTX_PLUGIN_OK && e_->len == strlen(want) && memcmp(e_->data, want, e_->len) == 0,               \
                  "%s: status %d at %u (%s)\n  got  %.*s\n  want %s", json, e_->status, e_->off, e_->why, (int)e_->len, e_->data, want); \
    } while (0)
/* The format has no form for the value there. */
#define expect_refused(plugin, topic, json, want_off)                                                                          \
    do {                                                                                                                       \
        const struct encoded *e_ = encode(plugin, topic, json);                                                                \
        cr_assert(e_->status == SCTX_PLUGIN_UNSUPPORTED && e_->off == (want_off) && e_->why[0] != '\0',                        \
                  "%s: status %d at %u (%s), not refused at %u", json, e_->status, e_->off, e_->why, (unsigned)(want_off));    \
    } while (0)

#endif
