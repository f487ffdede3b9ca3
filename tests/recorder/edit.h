/* Recordings changed as other tools, accidents and enemies change them. */
#ifndef SCTX_TESTS_RECORDER_EDIT_H
#define SCTX_TESTS_RECORDER_EDIT_H
#include "mcap_buffer.h"
#include "mcap_read.h"

/* A record of the data section, with its head, where it lies in the file. */
struct piece {
    uint8_t opcode;
    const uint8_t *data;
    size_t len;
};
enum { PIECES = 4096 };

/* All of them up to DataEnd, which is not among them. They point into the file. */
size_t take_apart(const struct mcap_buffer *file, struct piece pieces[static PIECES]);
/* Makes a file of them, without checksum of the data section and without summary: nothing tells that it is another. */
void put_together(const struct piece *pieces, size_t count, struct mcap_buffer *file);
/* Of the piece with that opcode number `number`, from 0; ends the test if there is none. */
size_t find_piece(const struct piece *pieces, size_t count, uint8_t opcode, unsigned number);

#endif
