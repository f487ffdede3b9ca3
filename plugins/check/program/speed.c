/* How the time grows with the length: payloads twice as long each time, made of one by repeating a part of it. */
#include "alloc.h"
#include "tests.h"

#include <string.h>

enum { SHORTEST = 4 << 10, LONGEST = 512 << 10, STEPS = 8, NS_PER_US = 1000 };

/* Which part: the whole for family 0, else bytes from..to, which lie elsewhere in each family. */
static void part_of(size_t len, uint32_t family, size_t *from, size_t *to) {
    *from = family == 0 ? 0 : (len * (family - 1) / (SPEED_FAMILIES - 1));
    size_t bytes = family == 0 ? len : family % 2 == 1 ? 1 : 1 + len / 4;
    *to = *from + bytes < len ? *from + bytes : len;
}

static size_t stretch(struct bytes base, size_t from, size_t to, size_t len, unsigned char *longer) {
    const unsigned char *data = base.data;
    size_t tail = base.len - to, at = from;
    memcpy(longer, data, from);
    for (; at + (to - from) + tail <= len; at += to - from) memcpy(longer + at, data + from, to - from);
    memcpy(longer + at, data + to, tail);
    return at + tail;
}

/* The shorter of some: what comes in between on a busy machine counts for nothing. */
static int64_t measure(struct bench *bench, struct bytes payload) {
    enum { TIMES = 3 };
    int64_t least = INT64_MAX;
    void *self;
    for (int i = 0; i < TIMES; i++) {
        if (!bench_open_own(bench, (struct manner){0}, &self)) return 0;
        (void)bench_decode(bench, self, payload, (struct manner){0}, &bench->tree);
        if (bench->took_ns < least) least = bench->took_ns;
        bench_close(bench, self);
    }
    return least;
}

/* Twice in a row three times as long for twice the length: n log n is far below that, n squared is 4. */
static bool is_quadratic(const int64_t *took, int steps) {
    enum { COUNTS_FROM_US = 4000 };
    return steps >= 3 && took[steps - 1] >= COUNTS_FROM_US * (int64_t)NS_PER_US && took[steps - 1] >= 3 * took[steps - 2] &&
           took[steps - 2] >= 3 * took[steps - 3];
}

static void time_family(struct bench *bench, size_t from, size_t to) {
    enum { ENOUGH_US = 150000, NOTHING_US = 20 };
    static unsigned char longer[LONGEST];
    int64_t took[STEPS];
    size_t len = 0;
    int steps = 0;
    for (size_t wanted = SHORTEST; wanted <= LONGEST; wanted *= 2) {
        len = stretch(bench_input(bench), from, to, wanted, longer);
        took[steps++] = measure(bench, (struct bytes){longer, len});
        if (took[steps - 1] > ENOUGH_US * (int64_t)NS_PER_US) break;
        if (wanted >= LONGEST / 8 && took[steps - 1] < NOTHING_US * (int64_t)NS_PER_US) return; /* refused at its beginning */
    }
    if (is_quadratic(took, steps))
        bench_note(bench, RULE_QUADRATIC, "takes more and more time for each byte: %d us for %zu bytes, %d us for half of them",
                   (int)(took[steps - 1] / NS_PER_US), len, (int)(took[steps - 2] / NS_PER_US));
}

void test_speed(struct bench *bench, uint32_t param) {
    size_t from, to, len = bench->memory->input_len;
    uint32_t last = param != 0 ? param : SPEED_FAMILIES;
    /* Once is enough: it takes long. */
    if (len == 0 || len > SHORTEST / 2 || last > SPEED_FAMILIES || check_found(bench->memory, RULE_QUADRATIC)) return;
    bench->is_timing = true;
    alloc.is_strict = false;
    for (uint32_t family = param != 0 ? param : 1; family <= last && !check_found(bench->memory, RULE_QUADRATIC); family++) {
        bench->memory->param = family;
        part_of(len, family - 1, &from, &to);
        if (from < to) time_family(bench, from, to);
    }
    alloc.is_strict = true;
    bench->is_timing = false;
}
