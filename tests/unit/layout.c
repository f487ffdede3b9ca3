/* What is packed into words, where the sections lie, the double-word swap and the copies in and out of shared memory. */
#include "layout.h"
#include "rig.h"
#include "ring.h"
#include <criterion/criterion.h>

Test(layout, ref) {
    uint64_t random = 1;
    for (int i = 0; i < 100000; i++) {
        uint32_t slot = (uint32_t)rig_random(&random) % LAYOUT_ARENA_SLOTS, gen = (uint32_t)rig_random(&random);
        uint64_t pos = rig_random(&random) >> (i % 40);
        pos &= ~(uint64_t)(LAYOUT_UNIT - 1);
        uint64_t ref = ref_make(slot, gen, pos);
        cr_assert_eq(ref_slot(ref), slot);
        cr_assert_eq(ref_gen(ref), gen & REF_GEN_MASK);
        cr_assert_eq(ref_pos(ref), pos & (REF_POS_MASK * LAYOUT_UNIT));
    }
    uint64_t most = ref_make(LAYOUT_ARENA_SLOTS - 1, UINT32_MAX, UINT64_MAX);
    cr_assert_eq(ref_slot(most), LAYOUT_ARENA_SLOTS - 1);
    cr_assert_eq(ref_gen(most), REF_GEN_MASK);
}

/* A record that a stale ref finds by chance gives itself away: other generation, or other position. */
Test(layout, record_self) {
    uint64_t lap = LAYOUT_ARENA_MAX;
    cr_assert_neq(record_self(1, 64), record_self(2, 64));
    cr_assert_neq(record_self(1, 64), record_self(1, 96));
    cr_assert_neq(record_self(1, 64), record_self(1, 64 + lap));
    cr_assert_neq(record_self(1, 64), record_self(1 + REF_GEN_MASK + 1, 64)); /* the ref's 12 bits would be the same */
    cr_assert_neq(record_self(1, 0), 0, "nothing is found in an empty arena");
    cr_assert_eq(record_self(7, UINT64_C(1) << 45), record_self(7, 0)); /* positions may grow for ever */
}

Test(layout, record_total) {
    cr_assert_eq(record_total(0), 32);
    cr_assert_eq(record_total(1), 64);
    cr_assert_eq(record_total(32), 64);
    cr_assert_eq(record_total(33), 96);
    cr_assert_eq(record_total(SCTX_PAYLOAD_MAX), (uint64_t)SCTX_PAYLOAD_MAX + 32);
    cr_assert_eq(record_total(UINT32_MAX), (UINT64_C(1) << 32) + 32); /* a lying length wraps nowhere */
    for (size_t len = 0; len < 5000; len++) {
        uint64_t total = record_total(len);
        cr_assert(total % LAYOUT_UNIT == 0 && total >= len + LAYOUT_RECORD_BYTES && total < len + LAYOUT_RECORD_BYTES + LAYOUT_UNIT);
    }
}

Test(layout, sections_do_not_overlap) {
    for (uint64_t cells = LAYOUT_CELLS_MIN; cells <= LAYOUT_CELLS_MAX; cells *= 2) {
        struct sctx_create_options o = {.size = sizeof o, .cells = cells};
        struct ring_header h;
        cr_assert_eq(ring_header_make(&h, &o), SCTX_OK);
        uint64_t end = LAYOUT_PAGE;
        for (int i = 0; i < SECTION_COUNT; i++) {
            const struct layout_extent *e = &h.section[i];
            cr_assert(e->off >= end && e->off % 128 == 0, "section %d", i);
            if (i >= SECTION_TOPICS) cr_assert_eq(e->off % LAYOUT_PAGE, 0, "section %d", i);
            end = e->off + e->count * e->stride;
        }
        cr_assert(h.file_bytes >= end && h.file_bytes % LAYOUT_PAGE == 0);
        cr_assert_eq(h.section[SECTION_CELLS].count, cells);
    }
}

Test(layout, hash_sees_every_byte) {
    unsigned char data[64] = {0};
    for (size_t n = 1; n <= sizeof data; n++) {
        uint64_t plain = hash_bytes(data, n, 5);
        cr_assert_neq(plain, hash_bytes(data, n - 1, 5), "length %zu", n);
        for (size_t i = 0; i < n; i++)
            for (int bit = 0; bit < 8; bit++) {
                data[i] = (unsigned char)(1u << bit);
                cr_assert_neq(hash_bytes(data, n, 5), plain, "bit %d of byte %zu of %zu", bit, i, n);
                data[i] = 0;
            }
    }
}

Test(layout, cell_swap) {
    struct cell c = {.seq = 7, .ref = 8};
    cr_assert_not(cell_swap(&c, 7, 9, 1, 2));
    cr_assert_not(cell_swap(&c, 6, 8, 1, 2));
    cr_assert(c.seq == 7 && c.ref == 8);
    cr_assert(cell_swap(&c, 7, 8, UINT64_MAX, 2));
    cr_assert(c.seq == UINT64_MAX && c.ref == 2);
}

/* Every length: the bytes come out as they went in; at most the last word is filled up, in both directions. */
Test(layout, copies) {
    static _Alignas(32) _Atomic uint64_t shared[64];
    static uint64_t out[64];
    for (size_t n = 0; n <= 480; n++)
        for (size_t skew = 0; skew < 3; skew++) { /* the source need not be aligned */
            unsigned char in[488];
            size_t words = (n + 7) / 8;
            rig_fill(in + skew, n, n);
            for (size_t i = 0; i < 64; i++) shared[i] = out[i] = 0x5555555555555555;
            copy_to_shared(shared, in + skew, n);
            copy_from_shared(out, shared, n);
            cr_assert(n == 0 || memcmp(out, in + skew, n) == 0, "%zu bytes", n);
            for (size_t i = words; i < 64; i++) cr_assert(shared[i] == 0x5555555555555555 && out[i] == 0x5555555555555555, "%zu bytes", n);
        }
}

Test(layout, seq_before_on_a_circle) {
    cr_assert(seq_before(1, 2));
    cr_assert_not(seq_before(2, 2));
    cr_assert_not(seq_before(3, 2));
    cr_assert(seq_before(UINT64_MAX, 0));
    cr_assert(seq_before(UINT64_MAX - 5, 5));
    cr_assert_not(seq_before(5, UINT64_MAX - 5));
}
