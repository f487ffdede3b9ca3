/* The plugin on the bench: its slots called in all the ways that a host may call them, and what came of it. Whatever it does wrong in a call is
 * noted there and then. */
#ifndef SCTX_CHECK_BENCH_H
#define SCTX_CHECK_BENCH_H
#include "guard.h"
#include "memory.h"

struct text {
    char *data;
    size_t len, room;
};

void text_put(void *text, const char *data, size_t len);

struct bench {
    struct check_memory *memory;
    const sctx_plugin *plugin;
    struct guarded payload, schema, out, schema_is;
    struct tree tree, other, opened, parsed; /* other: what `tree` is compared with; opened: of open() */
    struct text json, json_again;
    struct emitted emitted;
    int64_t took_ns;     /* by the last call, of processor time */
    uint32_t answered;   /* callbacks in the last call before one said stop */
    uint32_t went_on;    /* put(), open() and emit() that were answered with stop: more than 1 is too many */
    bool is_timing;      /* what takes long is no finding of its own */
};

bool bench_make(struct bench *bench, struct check_memory *memory, const sctx_plugin *plugin);

/* How a slot is called. All zero: as most hosts do. */
struct manner {
    bool at_start;  /* the bytes lie behind a guard, not before one */
    uint32_t want;  /* enum sctx_want; 0: all */
    uint32_t extra; /* bytes of junk in sctx_out and sctx_schema behind what this version knows */
    uint32_t until; /* callbacks that are answered with 0; 0: all */
};

struct bytes {
    const void *data;
    size_t len;
};
static inline struct bytes bench_input(const struct bench *bench) {
    return (struct bytes){bench->memory->input, bench->memory->input_len};
}
static inline struct bytes bench_payload(const struct bench *bench, uint32_t number) {
    const struct check_bytes *payload = &bench->memory->payloads[number];
    return (struct bytes){bench->memory->bytes + payload->off, payload->len};
}

/* All of these return the status of the tree that they fill in: of open() bench->opened. */
int bench_open(struct bench *bench, struct bytes schema, struct manner manner, void **self);
/* With the schema that the payloads have; false: it is refused, which is noted in memory->unopened. */
bool bench_open_own(struct bench *bench, struct manner manner, void **self);
void bench_close(struct bench *bench, void *self);
int bench_decode(struct bench *bench, void *self, struct bytes payload, struct manner manner, struct tree *tree);
/* Of bench->json, parsed before; emitted gets the payload. -1: it is no JSON that could be encoded. */
int bench_encode(struct bench *bench, void *self, struct manner manner, struct tree *tree);
/* In a new instance, closed again; false: it does not open. */
bool bench_decode_anew(struct bench *bench, struct bytes payload, struct manner manner, struct tree *tree);
int bench_sniff(struct bench *bench, struct bytes payload, bool at_start);

/* The tree as JSON. */
void bench_render(const struct tree *tree, struct text *text);

/* In words what is different in the second, "" if nothing is. `values_only`: spans, summary and keys are not looked at. */
const char *bench_difference(const struct tree *first, const struct tree *second, bool values_only, char text[CHECK_WHAT]);

__attribute__((format(printf, 3, 4))) void bench_note(struct bench *bench, enum check_rule rule, const char *format, ...);

#endif
