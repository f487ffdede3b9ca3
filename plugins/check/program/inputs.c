#include "inputs.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void input_take(struct bench *bench, struct bytes bytes, const char *format, ...) {
    struct check_memory *memory = bench->memory;
    va_list list;
    va_start(list, format);
    (void)vsnprintf(memory->input_name, sizeof memory->input_name, format, list);
    va_end(list);
    memory->input_len = (uint32_t)(bytes.len < CHECK_INPUT_MAX ? bytes.len : CHECK_INPUT_MAX);
    if (memory->input_len > 0) memmove(memory->input, bytes.data, memory->input_len);
}

/* ---- mutations -------------------------------------------------------------------------------------------------------------- */

struct dice {
    uint64_t state;
};

/* splitmix64 */
static uint64_t roll(struct dice *dice) {
    uint64_t z = dice->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static uint32_t below(struct dice *dice, uint32_t limit) {
    return limit > 0 ? (uint32_t)(roll(dice) % limit) : 0;
}

/* Bytes that mean something somewhere: ends of ranges, signs, brackets, lengths. */
static unsigned char telling_byte(struct dice *dice) {
    static const unsigned char bytes[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0xFE, 0x20, '\n', '"',  '\\', '{',
                                          '[',  '}',  ']',  ':',  ',',  '-',  '9',  0xC0, 0xDF, 0xED, 0xF4};
    return below(dice, 4) == 0 ? (unsigned char)roll(dice) : bytes[below(dice, sizeof bytes)];
}

/* Opens a gap of `bytes` at `at`; false: there is no room. */
static bool widen(struct check_memory *memory, uint32_t at, uint32_t bytes) {
    if (bytes > CHECK_INPUT_MAX - memory->input_len) return false;
    memmove(memory->input + at + bytes, memory->input + at, memory->input_len - at);
    memory->input_len += bytes;
    return true;
}

static void repeat_part(struct check_memory *memory, struct dice *dice) {
    uint32_t from = below(dice, memory->input_len), bytes = 1 + below(dice, memory->input_len - from < 64 ? memory->input_len - from : 64);
    if (bytes <= memory->input_len - from && widen(memory, from + bytes, bytes))
        memcpy(memory->input + from + bytes, memory->input + from, bytes);
}

static void drop_part(struct check_memory *memory, struct dice *dice) {
    uint32_t from = below(dice, memory->input_len), bytes = 1 + below(dice, 8);
    if (bytes > memory->input_len - from) bytes = memory->input_len - from;
    memmove(memory->input + from, memory->input + from + bytes, memory->input_len - from - bytes);
    memory->input_len -= bytes;
}

/* A part of another payload in between. */
static void insert_part(struct check_memory *memory, struct dice *dice) {
    if (memory->payload_count == 0) return;
    const struct check_bytes *other = &memory->payloads[below(dice, memory->payload_count)];
    uint32_t from = below(dice, other->len), bytes = other->len - from < 64 ? other->len - from : 64,
             at = below(dice, memory->input_len + 1);
    if (widen(memory, at, bytes)) memcpy(memory->input + at, memory->bytes + other->off + from, bytes);
}

/* A length, or part of a number. */
static void overwrite_number(struct check_memory *memory, struct dice *dice) {
    static const uint64_t numbers[] = {0,          1,          0x7F,     0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x0100000000000000,
                                       0x00000001, UINT64_MAX, INT64_MAX};
    uint64_t number = numbers[below(dice, sizeof numbers / sizeof *numbers)];
    uint32_t bytes = 1u << below(dice, 4), at = below(dice, memory->input_len);
    for (uint32_t i = 0; i < bytes && at + i < memory->input_len; i++) memory->input[at + i] = (unsigned char)(number >> 8 * i);
}

static void mutate_once(struct check_memory *memory, struct dice *dice) {
    uint32_t at = below(dice, memory->input_len);
    bool is_empty = memory->input_len == 0;
    switch (is_empty ? 0 : below(dice, 8)) {
    case 0:
        at = below(dice, memory->input_len + 1);
        if (widen(memory, at, 1)) memory->input[at] = telling_byte(dice);
        break;
    case 1: memory->input[at] ^= (unsigned char)(1u << below(dice, 8)); break;
    case 2: memory->input[at] = telling_byte(dice); break;
    case 3: repeat_part(memory, dice); break;
    case 4: drop_part(memory, dice); break;
    case 5: insert_part(memory, dice); break;
    case 6: overwrite_number(memory, dice); break;
    default: memory->input_len = at; break;
    }
}

static void mutate(struct bench *bench, struct bytes base, const char *name, uint32_t n, uint64_t kind) {
    struct dice dice = {bench->memory->seed * 0x100000001B3u + (kind << 32) + n};
    input_take(bench, base, "%.60s, mutation %u", name, n);
    for (uint32_t times = 1 + below(&dice, 4); times > 0; times--) mutate_once(bench->memory, &dice);
}

void input_mutate_payload(struct bench *bench, uint32_t n) {
    uint32_t number = bench->memory->payload_count > 0 ? n % bench->memory->payload_count : 0;
    mutate(bench, bench_payload(bench, number), bench->memory->payloads[number].name, n, 1);
}

void input_mutate_schema(struct bench *bench, uint32_t n) {
    const struct check_memory *memory = bench->memory;
    mutate(bench, (struct bytes){memory->bytes + memory->schema.off, memory->schema.len}, "the schema", n, 2);
}
