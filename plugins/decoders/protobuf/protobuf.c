/* Protocol Buffers, with a FileDescriptorSet or as far as the wire format itself goes. */
#include "decode.h"
#include "encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which message ---------------------------------------------------------------------------------------------------------- */

/* The value of a line "type=NAME"; empty: there is none. */
static sctx_str configured_type(sctx_str config) {
    static const char key[] = "type=";
    const char *at = config.p, *end = config.p != NULL ? config.p + config.n : NULL;
    while (at != end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((line_end != NULL ? line_end : end) - at);
        if (len >= sizeof key - 1 && memcmp(at, key, sizeof key - 1) == 0) return (sctx_str){at + sizeof key - 1, len - (sizeof key - 1)};
        at = line_end != NULL ? line_end + 1 : end;
    }
    return (sctx_str){NULL, 0};
}

static bool is_on_top(const struct pb_schema *schema, const struct pb_message *message) {
    return !message->is_enum && message->parent == PB_NO_INDEX && message->file == schema->file_count - 1;
}

/* The one message of the last file, which is the one that protoc was called for; NULL: none, or several. */
static const struct pb_message *only_message(const struct pb_schema *schema) {
    const struct pb_message *only = NULL;
    for (uint32_t i = 0; i < schema->message_count; i++) {
        if (!is_on_top(schema, &schema->messages[i])) continue;
        if (only != NULL) return NULL;
        only = &schema->messages[i];
    }
    return only;
}

/* "no message X in the schema; there are: a.B, a.C, ..." */
static void fail_with_choice(const struct pb_schema *schema, sctx_str wanted, sctx_out *out) {
    char why[150], *end = why + sizeof why - sizeof ", ..."; /* leaves room for that */
    int len = wanted.n > 0
                  ? snprintf(why, sizeof why, "no message %.*s in the schema; there are: ", (int)(wanted.n < 60 ? wanted.n : 60), wanted.p)
                  : snprintf(why, sizeof why, "which message it is must be said; there are: ");
    char *at = why + len;
    const char *comma = "";
    for (uint32_t i = 0; i < schema->message_count; i++) {
        const struct pb_message *message = &schema->messages[i];
        if (!is_on_top(schema, message)) continue;
        if (message->name.n + 2 > (size_t)(end - at)) {
            memcpy(at, ", ...", sizeof ", ...");
            break;
        }
        at += snprintf(at, (size_t)(end - at) + 1, "%s%.*s", comma, (int)message->name.n, message->name.p);
        comma = ", ";
    }
    out->fail(out, 0, why);
}

static bool choose_root(struct pb *pb, const sctx_schema *schema, sctx_out *out) {
    sctx_str name = schema->type.n > 0 ? schema->type : configured_type(schema->config);
    if (name.n > 0 && name.p[0] == '.') name = (sctx_str){name.p + 1, name.n - 1};
    pb->root = name.n > 0 ? pb_message_named(&pb->schema, name) : only_message(&pb->schema);
    if (pb->root != NULL && pb->root->is_enum) pb->root = NULL;
    if (pb->root == NULL) fail_with_choice(&pb->schema, name, out);
    return pb->root != NULL;
}

/* ---- the slots -------------------------------------------------------------------------------------------------------------- */

static void protobuf_close(void *self) {
    struct pb *pb = self;
    if (pb == NULL) return;
    pb_schema_free(&pb->schema);
    free(pb->records.list);
    free(pb->text);
    free(pb);
}

static int protobuf_open(const sctx_schema *schema, void **self, sctx_out *out) {
    struct pb *pb = calloc(1, sizeof *pb);
    struct pb_fault fault = {SCTX_PLUGIN_BAD_SCHEMA, 0, NULL};
    bool is_ours = schema->kind.n == 0 || pb_str_is(schema->kind, "protobuf-fds");
    if (pb == NULL)
        fault = (struct pb_fault){SCTX_PLUGIN_INTERNAL, 0, "out of memory"};
    else if (schema->data.n > 0 && !is_ours)
        fault.why = "a schema of another kind than protobuf-fds";
    else if (schema->data.n == 0 || (pb_schema_read(&pb->schema, schema->data, &fault) && choose_root(pb, schema, out))) {
        *self = pb;
        return SCTX_PLUGIN_OK;
    }
    if (fault.why != NULL) out->fail(out, fault.off, fault.why);
    protobuf_close(pb);
    return fault.status;
}

static int protobuf_decode(void *self, const void *data, size_t len, sctx_out *out) {
    return pb_decode(self, data, len, out);
}

static int protobuf_encode(void *self, const sctx_node *root, sctx_out *out) {
    return pb_encode(self, root, out);
}

SCTX_PLUGIN("name=protobuf\nversion=1.0\nlicense=MIT\nencodings=protobuf,protobuf:*\nschemas=protobuf-fds\n"
            "summary=Protocol Buffers, by a FileDescriptorSet or by what the wire format tells\n",
            .open = protobuf_open, .close = protobuf_close, .decode = protobuf_decode, .encode = protobuf_encode);
