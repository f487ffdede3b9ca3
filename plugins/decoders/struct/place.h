/* Where members lie, by the rules of the C ABI of x86-64 and arm64. */
#ifndef STRUCT_PLACE_H
#define STRUCT_PLACE_H
#include "layout.h"
#include "lexer.h"

/* Sets offsets, size, alignment and what else follows from the members, whose list is complete; leaves out those that are not shown.
 * false: it has failed. */
bool place_members(struct lexer *lexer, struct aggregate *aggregate);

#endif
