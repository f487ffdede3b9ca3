/* What is written over the context: a word, or as many as there are entries, of a kind that may get past a check. */
#include "base.h"
#include "command.h"
#include "layout.h"

/* The last lines: a record's third word, with lengths at and beyond an arena's end; a block's and an entry's; references. */
static const uint64_t interesting[] = {
    0,
    1,
    2,
    31,
    32,
    63,
    64,
    127,
    128,
    255,
    256,
    1023,
    1024,
    4095,
    4096,
    65535,
    65536,
    65537,
    1u << 20,
    1u << 24,
    64u << 20,
    256u << 20,
    INT32_MAX,
    UINT32_MAX,
    UINT64_C(1) << 32,
    (UINT64_C(1) << 40) - 1,
    UINT64_C(1) << 52,
    INT64_MAX,
    UINT64_C(1) << 63,
    UINT64_MAX - 1,
    UINT64_MAX,
    UINT64_C(65504) << 32,
    UINT64_C(65536) << 32,
    UINT64_C(131040) << 32,
    UINT64_C(0xffffffe0) << 32,
    UINT64_C(64) << 32,
    UINT64_C(96) << 32 | 5,
    UINT64_C(64) << 32 | 1,
    UINT64_C(1) << 52 | 3,
    UINT64_C(1) << 52 | UINT64_C(2) << 40,
};
#define INTERESTING (sizeof interesting / sizeof *interesting)

static uint64_t read_word(const unsigned char *at, size_t width) {
    uint64_t v = 0;
    memcpy(&v, at, width);
    return v;
}

static uint64_t word_of(enum area area, size_t off) {
    size_t bytes, stride;
    return read_word(base_area(area, &bytes, &stride) + off, sizeof(uint64_t));
}

static uint64_t value_of(const struct command *p, const unsigned char *at, size_t width, size_t off, size_t bytes) {
    switch ((enum patch_value)PATCH_VALUE(p->c)) {
    case VALUE_INTERESTING: return interesting[p->d % INTERESTING] + (p->d >> 56);
    case VALUE_PLUS: return read_word(at, width) + p->d;
    case VALUE_XOR: return read_word(at, width) ^ p->d;
    case VALUE_COPY: return read_word(at - off + p->d % (bytes - width), width);
    case VALUE_TAIL: return word_of(AREA_HOT, 0) + p->d;
    case VALUE_ENTRY: return word_of(AREA_TOPICS, p->d % 4 * 8) + (p->d >> 32);
    case VALUE_SELF: return record_self((uint32_t)(p->d % 3), off) + (p->d >> 32);
    case VALUE_RAW:
    case VALUE_COUNT: break;
    }
    return p->d;
}

void patch_apply(const struct command *p) {
    static const size_t widths[] = {8, 4, 2, 1};
    enum area area = (enum area)(p->a % AREA_COUNT);
    size_t bytes, stride, width = widths[PATCH_WIDTH(p->c)], times = PATCH_REPEAT(p->c) < 16 ? (size_t)1 << PATCH_REPEAT(p->c) : 1u << 16;
    if (!base_area(AREA_HOT, &bytes, &stride)) return;
    unsigned char *to = base_area(area, &bytes, &stride);
    if (!to) return;
    if (area >= AREA_ARENA_HEADER) base_touch_arenas();
    size_t off = (p->b + (p->op % OP_COUNT == OP_ARM ? 0 : (size_t)PATCH_AT(p->c) << 16)) % (bytes - width);
    if (PATCH_END(p->c)) off = bytes - width - off;
    if (!PATCH_UNALIGNED(p->c)) off -= off % width;
    uint64_t value = value_of(p, to + off, width, off, bytes);
    for (; times > 0 && off + width <= bytes; times--, off += stride, value += PATCH_STEP(p->c)) memcpy(to + off, &value, width);
}
