/* A decoder of lists of bytes, [count][byte]..., that is right if WRONG is 0. Each other value breaks one rule: tests/plugins/check.sh says which.
 * CMakeLists.txt gives the names in this order. */
#define _GNU_SOURCE
#include <sctx/plugin.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum wrong {
    NOTHING,
    TYPE,
    TEXT,
    NUMBER,
    SPAN,
    BALANCE,
    NO_ROOT,
    ROOTS,
    STATUS,
    SILENT,
    MANIFEST,
    LOAD,
    CRASH,
    STACK,
    EXIT,
    HANG,
    READ,
    BEFORE,
    WRITE,
    STRUCT,
    SCHEMA_STRUCT,
    SIZE,
    REPEAT,
    UNSET,
    ORDER,
    WANT,
    TRAILING,
    STOP,
    LEAK,
    GROWTH,
    HEAP,
    TWICE,
    ALLOC,
    ALLOC_CRASH,
    SOFTLY,
    DENIED,
    EARLY,
    PRINT,
    SLOW,
    QUADRATIC,
    ROUND,
    SNIFF_RANGE,
    SNIFF_OTHER,
    ENCODE_CRASH,
    SCHEMA_READ
};

struct list {
    size_t longest; /* payload so far */
    unsigned char *values;
    void *held[4096];
    unsigned held_count;
};

static volatile unsigned sink;

static int fail(sctx_out *out, int status, size_t off, const char *why) {
    if (WRONG != SILENT) out->fail(out, (uint32_t)off, why);
    return status;
}

/* What goes wrong before anything is decoded. */
static void begin(struct list *list, const unsigned char *data, size_t len, sctx_out *out) {
    static unsigned times;
    unsigned char *block;
    clock_t began = clock();
    switch (WRONG) {
    case CRASH:
        if (len == 1) *(volatile int *)8 = 1;
        break;
    case STACK:
        if (len == 1) sink = (unsigned)(size_t)memset(alloca(9u << 20), 1, 9u << 20);
        break;
    case EXIT:
        if (len == 1) exit(3);
        break;
    case HANG:
        while (len == 1) {}
        break;
    case READ: sink = data[len]; break;
    case BEFORE: sink = data[-1]; break;
    case WRITE:
        if (len > 0) ((unsigned char *)data)[0] = data[0];
        break;
    case STRUCT: sink = *(const unsigned char *)(out + 1); break;
    case GROWTH:
        if (list->held_count < 4096) list->held[list->held_count++] = malloc(10);
        break;
    case HEAP:
        block = malloc(len);
        block[len] = 1;
        free(block);
        break;
    case TWICE:
        block = malloc(8);
        free(block);
        free(block);
        break;
    case SOFTLY: sink = (unsigned)getppid(); break;
    case DENIED: sink = (unsigned)socket(AF_UNIX, SOCK_STREAM, 0); break;
    case PRINT: (void)printf("decoding\n"); break;
    case SLOW:
        while (len == 1 && times < 3 && clock() - began < CLOCKS_PER_SEC / 7) {}
        times += len == 1;
        break;
    case QUADRATIC:
        for (size_t i = 0; i < len; i++)
            for (size_t k = 0; k < i; k++) sink = data[k];
        break;
    default: break;
    }
}

/* The value of an item, or what is made of it. */
static sctx_value item_of(struct list *list, const unsigned char *data, size_t i, size_t len, sctx_out *out) {
    static unsigned times;
    unsigned *unset;
    sctx_value value = {.type = SCTX_U64, .v.u = data[i]};
    switch (WRONG) {
    case TYPE: value.type = 42; break;
    case TEXT: value = (sctx_value){.type = SCTX_TEXT, .v.s = {"\xFF", 1}}; break;
    case NUMBER: value = (sctx_value){.type = SCTX_NUMBER, .v.s = {"1x", 2}}; break;
    case REPEAT: value.v.u = times++; break;
    case UNSET:
        unset = malloc(sizeof *unset);
        if (unset != NULL) value.v.u = *unset;
        free(unset);
        break;
    case ORDER: value.v.u = list->longest > len; break;
    case WANT: value.v.u = (out->want & SCTX_WANT_SUMMARY) != 0; break;
    default: break;
    }
    return value;
}

static int put_all(struct list *list, const unsigned char *data, size_t len, sctx_out *out) {
    static const sctx_str none = {NULL, 0};
    for (size_t i = 0; i < data[0]; i++) {
        if (i + 1 >= len) return fail(out, SCTX_PLUGIN_TRUNCATED, len, "a value is missing");
        const sctx_value value = item_of(list, data, i + 1, len, out);
        sctx_span span = {(uint32_t)(i + 1), WRONG == SPAN ? (uint32_t)len : 1};
        if (out->put(out, none, &value, span) != 0 && WRONG != STOP) return SCTX_PLUGIN_OK;
    }
    if (len > data[0] + 1u && WRONG != TRAILING) return fail(out, SCTX_PLUGIN_MALFORMED, data[0] + 1u, "something follows the list");
    if (WRONG != BALANCE) (void)out->close(out, data[0] + 1u);
    if (WRONG == ROOTS) (void)out->put(out, none, &(sctx_value){.type = SCTX_NULL}, (sctx_span){0, 0});
    return SCTX_PLUGIN_OK;
}

static int decode(void *self, const void *data, size_t len, sctx_out *out) {
    struct list *list = self;
    begin(list, data, len, out);
    if (len > list->longest) list->longest = len;
    if (WRONG == STATUS) return 99;
    if (WRONG == SIZE && out->size != sizeof *out) return fail(out, SCTX_PLUGIN_INTERNAL, 0, "an unknown host");
    if (len == 0 && WRONG == NO_ROOT) return SCTX_PLUGIN_OK;
    if (len == 0) return fail(out, SCTX_PLUGIN_TRUNCATED, 0, "the count is missing");

    /* A copy, so that there is an allocation that can fail. */
    unsigned char *copy = malloc(len);
    if (copy == NULL && WRONG == ALLOC) return out->put(out, (sctx_str){NULL, 0}, &(sctx_value){.type = SCTX_NULL}, (sctx_span){0, 0});
    if (copy == NULL && WRONG != ALLOC_CRASH) return fail(out, SCTX_PLUGIN_INTERNAL, 0, "out of memory");
    memcpy(copy, data, len);
    int status = SCTX_PLUGIN_OK;
    if (out->open(out, (sctx_str){NULL, 0}, SCTX_ARRAY, (sctx_span){0, 1}) == 0 || WRONG == STOP) status = put_all(list, copy, len, out);
    free(copy);
    return status;
}

static int open_list(const sctx_schema *schema, void **self, sctx_out *out) {
    if (WRONG == SCHEMA_STRUCT) sink = *(const unsigned char *)(schema + 1);
    if (WRONG == SCHEMA_READ && schema->data.n > 0) sink = (unsigned char)schema->data.p[schema->data.n];
    struct list *list = calloc(1, sizeof *list);
    if (list == NULL) return fail(out, SCTX_PLUGIN_INTERNAL, 0, "out of memory");
    list->values = malloc(256);
    if (list->values == NULL) {
        free(list);
        return fail(out, SCTX_PLUGIN_INTERNAL, 0, "out of memory");
    }
    *self = list;
    return SCTX_PLUGIN_OK;
}

static void close_list(void *self) {
    struct list *list = self;
    for (unsigned i = 0; i < list->held_count; i++) free(list->held[i]);
    if (WRONG != LEAK) free(list->values);
    free(list);
}

static int encode(void *self, const sctx_node *root, sctx_out *out) {
    (void)self;
    if (root->value.type != SCTX_ARRAY || root->count > 255) return fail(out, SCTX_PLUGIN_UNSUPPORTED, root->span.off, "no list");
    unsigned char byte = (unsigned char)root->count;
    int stop = out->emit(out, &byte, 1);
    for (const sctx_node *node = root->first; node != NULL && stop == 0; node = node->next) {
        if (WRONG == ENCODE_CRASH && node->value.type == SCTX_TEXT) *(volatile int *)8 = 1;
        if (node->value.type != SCTX_I64 || node->value.v.i < 0 || node->value.v.i > 255)
            return fail(out, SCTX_PLUGIN_UNSUPPORTED, node->span.off, "no byte");
        byte = (unsigned char)(node->value.v.i + (WRONG == ROUND));
        stop = out->emit(out, &byte, 1);
    }
    return SCTX_PLUGIN_OK;
}

static int sniff(const void *data, size_t len) {
    static unsigned times;
    const unsigned char *byte = data;
    if (WRONG == SNIFF_RANGE) return 101;
    if (WRONG == SNIFF_OTHER) return (int)(times++ % 100);
    return len > 0 && byte[0] == len - 1 ? 20 : 0;
}

#if WRONG == 36
__attribute__((constructor)) static void early(void) {
    sink = (unsigned)getppid();
}
#endif
_Static_assert(EARLY == 36, "the number above");

#if WRONG == 10
#define ENCODINGS "wrong,*wr*ng"
#else
#define ENCODINGS "wrong"
#endif
_Static_assert(MANIFEST == 10, "the number above");

#if WRONG == 11
__attribute__((section(SCTX_PLUGIN_SECTION), used)) static const char manifest[] = "name=wrong\nversion=1\nlicense=MIT\nencodings=wrong\n";
__attribute__((visibility("default"))) const sctx_plugin sctx_plugin_v1 = {.abi = 2, .size = sizeof(sctx_plugin), .decode = decode};
#else
SCTX_PLUGIN("name=wrong\nversion=1\nlicense=MIT\nencodings=" ENCODINGS "\n", .sniff = sniff, .open = open_list, .close = close_list,
            .decode = decode, .encode = encode);
#endif
_Static_assert(LOAD == 11, "the number above");
