#include "edit.h"
#include "mcap_bytes.h"

#include <criterion/criterion.h>

size_t take_apart(const struct mcap_buffer *file, struct piece pieces[static PIECES]) {
    size_t count = 0;
    for (size_t at = MCAP_MAGIC_BYTES; file->data[at] != MCAP_DATA_END; at += pieces[count - 1].len) {
        cr_assert(count < PIECES && at + MCAP_HEAD_BYTES <= file->len);
        size_t len = MCAP_HEAD_BYTES + mcap_get64(file->data + at + 1);
        cr_assert_leq(len, file->len - at);
        pieces[count++] = (struct piece){file->data[at], file->data + at, len};
    }
    return count;
}

void put_together(const struct piece *pieces, size_t count, struct mcap_buffer *file) {
    uint8_t end[MCAP_HEAD_BYTES + 4 + MCAP_HEAD_BYTES + 20] = {0};
    file->len = 0;
    cr_assert(mcap_buffer_add(file, MCAP_MAGIC, MCAP_MAGIC_BYTES));
    for (size_t i = 0; i < count; i++) cr_assert(mcap_buffer_add(file, pieces[i].data, pieces[i].len));
    (void)mcap_set_head(end, MCAP_DATA_END, 4);
    (void)mcap_set_head(end + MCAP_HEAD_BYTES + 4, MCAP_FOOTER, 20);
    cr_assert(mcap_buffer_add(file, end, sizeof end) && mcap_buffer_add(file, MCAP_MAGIC, MCAP_MAGIC_BYTES));
}

size_t find_piece(const struct piece *pieces, size_t count, uint8_t opcode, unsigned number) {
    for (size_t i = 0; i < count; i++)
        if (pieces[i].opcode == opcode && number-- == 0) return i;
    cr_assert_fail("no record 0x%02x", opcode);
    return 0;
}
