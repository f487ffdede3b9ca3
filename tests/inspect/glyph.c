/* Characters on a terminal, held against the Unicode Character Database 15.0: DerivedGeneralCategory.txt and EastAsianWidth.txt. */
#include "glyph.h"

#include <criterion/criterion.h>

struct range {
    uint32_t first, last;
};

/* Cc, then Cf, Zl, Zp: all of them. */
static const struct range obeyed_or_hidden[] = {
    {0x0, 0x1F},        {0x7F, 0x9F},       {0xAD, 0xAD},       {0x600, 0x605},     {0x61C, 0x61C},     {0x6DD, 0x6DD},
    {0x70F, 0x70F},     {0x890, 0x891},     {0x8E2, 0x8E2},     {0x180E, 0x180E},   {0x200B, 0x200F},   {0x2028, 0x2029},
    {0x202A, 0x202E},   {0x2060, 0x2064},   {0x2066, 0x206F},   {0xFEFF, 0xFEFF},   {0xFFF9, 0xFFFB},   {0x110BD, 0x110BD},
    {0x110CD, 0x110CD}, {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0001, 0xE0001}, {0xE0020, 0xE007F},
};

Test(glyph, what_is_obeyed_or_hidden_is_not_inert) {
    for (size_t i = 0; i < sizeof obeyed_or_hidden / sizeof *obeyed_or_hidden; i++)
        for (uint32_t code = obeyed_or_hidden[i].first; code <= obeyed_or_hidden[i].last; code++) {
            cr_assert_not(glyph_is_inert(code), "U+%04X", code);
            cr_assert_eq(glyph_is_control(code), i < 2, "U+%04X", code);
        }
}

/* Neighbours of those, and what looks odd and is harmless: NBSP, accents, joined emoji's parts, the last of all. */
Test(glyph, others_are_inert) {
    static const uint32_t codes[] = {' ',    '~',    0xA0,   0xAC,   0xAE,   0x5FF,   0x606,   0x61B,   0x61D,   0x200A,  0x2010,
                                     0x2027, 0x202F, 0x205F, 0x2070, 0xFEFE, 0xFF00,  0xFFF8,  0xFFFD,  0x110BC, 0x110BE, 0x1342F,
                                     0x301,  0xE9,   0x3042, 0xAC00, 0xFE0F, 0x1F600, 0xDFFFF, 0xE0080, 0x10FFFF};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        cr_assert(glyph_is_inert(codes[i]), "U+%04X", codes[i]);
        cr_assert_not(glyph_is_control(codes[i]), "U+%04X", codes[i]);
    }
}

/* East_Asian_Width W or F: two. Mn and Me: none. */
Test(glyph, columns) {
    static const struct {
        uint32_t code;
        unsigned columns;
    } cases[] = {
        {'a', 1},    {0xE9, 1},   {0x2FF, 1},   {0x300, 0},   {0x36F, 0},   {0x370, 1},   {0x489, 0},   {0x5BD, 0},   {0x10FF, 1},
        {0x1100, 2}, {0x115F, 2}, {0x1160, 1},  {0x20D0, 0},  {0x2E80, 2},  {0x3042, 2},  {0x4E2D, 2},  {0xAC00, 2},  {0xD7A3, 2},
        {0xD7B0, 1}, {0xF900, 2}, {0xFE0F, 0},  {0xFE20, 0},  {0xFE30, 2},  {0xFF01, 2},  {0xFF60, 2},  {0xFF61, 1},  {0xFFE6, 2},
        {0xFFE8, 1}, {0xFFFD, 1}, {0x1D11E, 1}, {0x1F300, 2}, {0x1F600, 2}, {0x1F6F4, 2}, {0x20000, 2}, {0x3FFFD, 2}, {0x10FFFD, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq(glyph_columns(cases[i].code), cases[i].columns, "U+%04X: %u", cases[i].code, glyph_columns(cases[i].code));
}
