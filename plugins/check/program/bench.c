#define _GNU_SOURCE
#include "bench.h"
#include "alloc.h"
#include "fault.h"
#include "nodes.h"
#include "syscalls.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EXTRA_MAX = 256, POOL_MAX = 16 << 20 };

extern const sctx_plugin sctx_decoder_json;

void bench_note(struct bench *bench, enum check_rule rule, const char *format, ...) {
    char what[CHECK_WHAT];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(what, sizeof what, format, list);
    va_end(list);
    check_note(bench->memory, rule, what[0] != '\0' ? what : NULL);
}

static void on_wrong_block(const char *what) {
    alloc.is_plugin = false;
    fault_end(RULE_HEAP, what);
}

bool bench_make(struct bench *bench, struct check_memory *memory, const sctx_plugin *plugin) {
    struct tree *const trees[] = {&bench->tree, &bench->other, &bench->opened, &bench->parsed};
    *bench = (struct bench){.memory = memory, .plugin = plugin};
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) tree_init(trees[i], (struct tree_limits){.pool = POOL_MAX});
    alloc.is_strict = true;
    alloc.wrong = on_wrong_block;
    return guard_make(&bench->payload, CHECK_INPUT_MAX + 4096, "the payload") && guard_make(&bench->schema, 1u << 20, "the schema") &&
           guard_make(&bench->out, sizeof(sctx_out) + EXTRA_MAX, "struct sctx_out") &&
           guard_make(&bench->schema_is, sizeof(sctx_schema) + EXTRA_MAX, "struct sctx_schema");
}

/* ---- the host that it sees ------------------------------------------------------------------------------------------------- */

/* Stands between the plugin and the builder of its tree. There is one call at a time. */
static struct {
    struct tree_builder builder;
    uint32_t until, answered, went_on;
} host;

/* Is this callback the one that says stop, or behind it? */
static bool says_stop(void) {
    if (host.until == 0 || host.answered < host.until) {
        host.answered++;
        return false;
    }
    host.builder.tree->cut = true;
    return true;
}

static int host_put(sctx_out *out, sctx_str name, const sctx_value *value, sctx_span span) {
    (void)out;
    if (says_stop()) return (int)++host.went_on;
    alloc.is_plugin = false;
    int stop = host.builder.out.put(&host.builder.out, name, value, span);
    alloc.is_plugin = true;
    return stop;
}

static int host_open(sctx_out *out, sctx_str name, int type, sctx_span span) {
    (void)out;
    if (says_stop()) return (int)++host.went_on;
    alloc.is_plugin = false;
    int stop = host.builder.out.open(&host.builder.out, name, type, span);
    alloc.is_plugin = true;
    return stop;
}

static int host_close(sctx_out *out, uint32_t end) {
    (void)out;
    if (says_stop()) return 1; /* who closes what is open does no harm */
    return host.builder.out.close(&host.builder.out, end);
}

static void host_summary(sctx_out *out, sctx_str line) {
    (void)out;
    alloc.is_plugin = false;
    host.builder.out.summary(&host.builder.out, line);
    alloc.is_plugin = true;
}

static void host_key(sctx_out *out, int which, sctx_str id) {
    (void)out;
    alloc.is_plugin = false;
    host.builder.out.key(&host.builder.out, which, id);
    alloc.is_plugin = true;
}

static int host_emit(sctx_out *out, const void *data, size_t len) {
    (void)out;
    if (says_stop()) return (int)++host.went_on;
    alloc.is_plugin = false;
    int stop = host.builder.out.emit(&host.builder.out, data, len);
    alloc.is_plugin = true;
    return stop;
}

static void host_fail(sctx_out *out, uint32_t off, const char *why) {
    (void)out;
    host.builder.out.fail(&host.builder.out, off, why);
}

/* What the plugin is handed: at the end of what it may touch. */
static sctx_out *host_out(struct bench *bench, struct manner manner) {
    sctx_out *out = guard_room(&bench->out, sizeof *out + manner.extra);
    memset(out, 0xDB, sizeof *out + manner.extra);
    *out = (sctx_out){.size = (uint32_t)sizeof *out + manner.extra,
                      .want = host.builder.out.want,
                      .put = host_put,
                      .open = host_open,
                      .close = host_close,
                      .summary = host_summary,
                      .key = host_key,
                      .emit = host_emit,
                      .fail = host_fail};
    host.until = manner.until;
    host.answered = host.went_on = 0;
    return out;
}

/* ---- around a call ---------------------------------------------------------------------------------------------------------- */

static int64_t cpu_ns(void) {
    struct timespec used;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

/* What lies on the stack below is another thing each time: who reads what it has not written there decodes differently. */
__attribute__((noinline)) static void litter_stack(void) {
    static unsigned char junk;
    volatile unsigned char room[24 << 10];
    junk = (unsigned char)(junk * 5 + 57);
    for (size_t i = 0; i < sizeof room; i++) room[i] = junk;
}

static int64_t enter(struct bench *bench) {
    atomic_fetch_add_explicit(&bench->memory->step, 1, memory_order_relaxed);
    alloc.junk = (unsigned char)(alloc.junk * 5 + 71);
    if (!bench->is_timing) litter_stack();
    int64_t began = cpu_ns();
    alloc.is_plugin = true;
    return began;
}

static void note_calls(struct bench *bench) {
    struct wire *wire = &bench->memory->wire;
    uint32_t soft = atomic_exchange_explicit(&wire->softly, 0, memory_order_relaxed);
    uint32_t wrote = atomic_exchange_explicit(&wire->wrote, 0, memory_order_relaxed);
    if (wrote != 0) bench_note(bench, RULE_PRINT, "writes to descriptor %u", wrote - 1);
    if (soft != 0 && wrote == 0)
        bench_note(bench, RULE_SYSCALL, "makes a system call that plugins may not make: %s", syscall_name(soft - 1));
}

static void leave(struct bench *bench, int64_t began, size_t len) {
    enum { LONG_MS = 100, SHORT = 64 << 10 };
    struct check_memory *memory = bench->memory;
    alloc.is_plugin = false;
    bench->took_ns = cpu_ns() - began;
    bench->answered = host.answered;
    bench->went_on = host.went_on;
    note_calls(bench);
    if (bench->is_timing) return;
    if (bench->took_ns > LONG_MS * INT64_C(1000000) && len <= SHORT)
        bench_note(bench, RULE_SLOW, "takes %d ms for %zu bytes", (int)(bench->took_ns / 1000000), len);
    if (bench->took_ns <= memory->worst_ns) return;
    memory->worst_ns = bench->took_ns;
    memcpy(memory->worst_input, memory->input_name, sizeof memory->worst_input);
}

/* After the tree has been built. */
static int judge(struct bench *bench, const struct tree *tree) {
    for (unsigned i = 0; i < TREE_FINDINGS; i++)
        if ((tree->findings & 1u << i) != 0) bench_note(bench, (enum check_rule)i, "%s", "");
    return tree->status;
}

/* ---- the slots -------------------------------------------------------------------------------------------------------------- */

int bench_open(struct bench *bench, struct bytes schema, struct manner manner, void **self) {
    struct check_memory *memory = bench->memory;
    const char *colon = strchr(memory->encoding, ':'), *type = colon != NULL ? colon + 1 : "";
    sctx_schema *is = guard_room(&bench->schema_is, sizeof *is + manner.extra);
    memset(is, 0xDB, sizeof *is + manner.extra);
    *is = (sctx_schema){.size = (uint32_t)sizeof *is + manner.extra,
                        .topic = {"check", 5},
                        .encoding = {memory->encoding, strlen(memory->encoding)},
                        .type = {type, strlen(type)},
                        .kind = {memory->schema.name, strlen(memory->schema.name)}};
    is->data = (sctx_str){guard_place(&bench->schema, schema.data, schema.len, !manner.at_start), schema.len};
    if (schema.len == 0) is->kind = is->data = (sctx_str){NULL, 0};
    *self = NULL;
    tree_build(&host.builder, &bench->opened, 0, schema.len);
    sctx_out *out = host_out(bench, manner);
    int64_t began = enter(bench);
    int status = bench->plugin->open != NULL ? bench->plugin->open(is, self, out) : SCTX_PLUGIN_OK;
    leave(bench, began, schema.len);
    tree_built(&host.builder, status);
    return judge(bench, &bench->opened);
}

bool bench_open_own(struct bench *bench, struct manner manner, void **self) {
    struct check_memory *memory = bench->memory;
    const struct bytes schema = {memory->bytes + memory->schema.off, memory->schema.len};
    if (bench_open(bench, schema, manner, self) == SCTX_PLUGIN_OK) return true;
    if (alloc.fail_at == 0) (void)snprintf(memory->unopened, sizeof memory->unopened, "%s", bench->opened.reason);
    return false;
}

void bench_close(struct bench *bench, void *self) {
    if (bench->plugin->close == NULL) return;
    int64_t began = enter(bench);
    bench->plugin->close(self);
    leave(bench, began, 0);
}

int bench_decode(struct bench *bench, void *self, struct bytes payload, struct manner manner, struct tree *tree) {
    const void *data = guard_place(&bench->payload, payload.data, payload.len, !manner.at_start);
    uint32_t want = manner.want != 0 ? manner.want : SCTX_WANT_TREE | SCTX_WANT_SUMMARY | SCTX_WANT_KEYS;
    tree_build(&host.builder, tree, want, payload.len);
    sctx_out *out = host_out(bench, manner);
    int64_t began = enter(bench);
    int status = bench->plugin->decode(self, data, payload.len, out);
    leave(bench, began, payload.len);
    tree_built(&host.builder, status);
    if (status == SCTX_PLUGIN_BAD_SCHEMA) bench_note(bench, RULE_STATUS, "returns BAD_SCHEMA, which is for open() only");
    return judge(bench, tree);
}

bool bench_decode_anew(struct bench *bench, struct bytes payload, struct manner manner, struct tree *tree) {
    void *self;
    if (!bench_open_own(bench, manner, &self)) return false;
    (void)bench_decode(bench, self, payload, manner, tree);
    bench_close(bench, self);
    return true;
}

int bench_encode(struct bench *bench, void *self, struct manner manner, struct tree *tree) {
    tree_build(&host.builder, &bench->parsed, SCTX_WANT_TREE, bench->json.len);
    tree_built(&host.builder, sctx_decoder_json.decode(NULL, bench->json.data, bench->json.len, &host.builder.out));
    sctx_node *root = tree_is_good(&bench->parsed) ? nodes_from_tree(&bench->parsed) : NULL;
    if (root == NULL) return -1;
    tree_build_encode(&host.builder, tree, &bench->emitted, bench->json.len);
    sctx_out *out = host_out(bench, manner);
    int64_t began = enter(bench);
    int status = bench->plugin->encode(self, root, out);
    leave(bench, began, bench->json.len);
    tree_built(&host.builder, status);
    free(root);
    return judge(bench, tree);
}

int bench_sniff(struct bench *bench, struct bytes payload, bool at_start) {
    const void *data = guard_place(&bench->payload, payload.data, payload.len, !at_start);
    int64_t began = enter(bench);
    int sure = bench->plugin->sniff(data, payload.len);
    leave(bench, began, payload.len);
    return sure;
}
