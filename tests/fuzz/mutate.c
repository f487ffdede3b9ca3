/* Mutations that keep commands whole, and make patches of a kind that hits something. */
#include "base.h"
#include "command.h"
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static uint64_t next(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = (*state ^ *state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Half of all patches hit one of the first entries; mostly whole words; seldom a whole table; a quarter in the middle of a call. */
static struct command a_patch(uint64_t *random) {
    static const uint8_t small[] = {1, 2, 8, 32, 64, 128};
    uint64_t r = next(random), value = r >> 8 & 7;
    struct command c = {.op = OP_PATCH, .a = (uint8_t)(r % AREA_COUNT), .b = (uint16_t)(r >> 16 & 0xfff8), .d = next(random)};
    if (r >> 32 & 1) c.b &= 0x1ff;
    if (value == VALUE_PLUS || value == VALUE_TAIL) c.d = r >> 33 & 1 ? small[c.d % sizeof small] : -(uint64_t)small[c.d % sizeof small];
    if (value == VALUE_INTERESTING) c.d %= 64;
    c.c = (uint32_t)value | (r >> 34 & 7 ? 0 : (uint32_t)(r >> 37 & 3) << 3);
    if ((r >> 40 & 15) == 0) c.c |= (uint32_t)(r >> 44 & 7) << 24 | (uint32_t)(r >> 48 & 1) << 8;
    if ((r >> 49 & 31) == 0) c.c |= 1u << 5;
    if ((r >> 54 & 3) == 0) {
        c.op = OP_ARM;
        c.c |= (uint32_t)(r >> 56 & 63) << 16;
    }
    return c;
}

static struct command a_command(uint64_t *random) {
    uint64_t r = next(random);
    if (r % 5 < 2) return a_patch(random);
    if (r % 16 == 5) return (struct command){.op = OP_FIX, .a = (uint8_t)(r >> 8 | FIX_HEAP)};
    struct command c = {.op = (uint8_t)(OP_FIX + (r >> 8) % (OP_COUNT - OP_FIX)), .a = (uint8_t)(r >> 16), .b = (uint16_t)(r >> 24)};
    c.c = (uint32_t)(r >> 40 & (r & 64 ? 0xff : 0x7fff));
    c.d = r & 128 ? next(random) : r >> 56;
    if (c.op == OP_REMOVE && r >> 60) c.op = OP_READ; /* takes long: seldom */
    return c;
}

/* One change of the list at `at`; its new length. */
static size_t change(struct command *list, size_t n, size_t most, uint64_t *random) {
    uint64_t what = n ? next(random) % 8 : 0;
    size_t at = n ? next(random) % n : 0, other = n ? next(random) % n : 0;
    struct command c = what == 2 || what == 4 ? list[other] : a_command(random);
    if (what < 3 && n < most) {
        memmove(list + at + 1, list + at, (n - at) * sizeof *list);
        list[at] = c;
        return n + 1;
    }
    if (what == 3 && n > 1) {
        memmove(list + at, list + at + 1, (n - at - 1) * sizeof *list);
        return n - 1;
    }
    if (what > 5)
        (void)LLVMFuzzerMutate((uint8_t *)&list[at], sizeof *list, sizeof *list);
    else
        list[at] = c;
    return n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    struct command list[COMMANDS_MOST];
    uint64_t random = seed;
    size_t n = size / sizeof *list, most = max_size / sizeof *list < COMMANDS_MOST ? max_size / sizeof *list : COMMANDS_MOST;
    if (most == 0) return LLVMFuzzerMutate(data, size, max_size);
    if (n > most) n = most;
    memcpy(list, data, n * sizeof *list);
    for (uint64_t times = 1 + next(&random) % 3; times > 0; times--) n = change(list, n, most, &random);
    memcpy(data, list, n * sizeof *list);
    return n * sizeof *list;
}
