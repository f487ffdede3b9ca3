/* The rules: System V ABI, AMD64 supplement, 3.1.2 "Aggregates and Unions" and "Bit-Fields".
 *
 * A member lies at the next multiple of its alignment, which for every scalar is its size; a struct is as aligned as its most aligned member,
 * and its size is a multiple of that. A bit field takes the next free bits unless it would then cross a boundary of its declared type, which
 * moves it to that boundary; the declared type counts for the struct's alignment if the bit field has a name. Width zero moves on to the
 * next boundary of its type. In packed structs all alignments are one byte, and bit fields cross what they like. */
#define _GNU_SOURCE /* qsort_r() */
#include "place.h"

#include <stdlib.h>
#include <string.h>

static uint64_t round_up(uint64_t value, uint64_t to) {
    return (value + to - 1) / to * to;
}

static uint64_t size_of(const struct field *field) {
    uint64_t size = field->type.kind == KIND_STRUCT ? field->type.aggregate->size : field->size;
    for (unsigned i = 0; i < field->dim_count; i++) size *= field->dims[i]; /* checked when it was read */
    return size;
}

static uint32_t align_of(const struct field *field) {
    return field->type.kind == KIND_STRUCT ? field->type.aggregate->align : field->type.size;
}

static void place_bits(struct field *field, uint64_t *pos, bool is_packed) {
    uint64_t unit = (uint64_t)field->type.size * 8;
    bool crosses_a_unit = field->bits != 0 && !is_packed && *pos / unit != (*pos + field->bits - 1) / unit;
    if (field->bits == 0 || crosses_a_unit) *pos = round_up(*pos, unit);
    field->off = (uint32_t)(*pos / 8);
    field->bit = (uint8_t)(*pos % 8);
    *pos += field->bits;
}

/* Neighbours of different byte order would count the bits of the byte that they share from different ends. */
static bool share_a_byte(const struct field *before, const struct field *field) {
    return before != NULL && before->is_bit_field && field->is_bit_field && field->bit != 0 && before->type.order != field->type.order;
}

static bool place_all(struct lexer *lexer, struct aggregate *aggregate) {
    uint64_t pos = 0, end = 0; /* bits */
    for (uint32_t i = 0; i < aggregate->count; i++) {
        struct field *field = &aggregate->fields[i];
        uint32_t align = aggregate->is_packed ? 1 : align_of(field);
        if (aggregate->is_union) pos = 0;
        if (field->is_bit_field) {
            place_bits(field, &pos, aggregate->is_packed);
            if (share_a_byte(i > 0 ? field - 1 : NULL, field))
                return lexer_fail(lexer, field->at, "bit fields of different byte order share a byte; put a ': 0' between them");
            if (field->name.n == 0) align = 1;
        } else {
            pos = round_up(pos, (uint64_t)align * 8);
            field->off = (uint32_t)(pos / 8);
            pos += size_of(field) * 8;
        }
        if (pos > end) end = pos;
        if (align > aggregate->align) aggregate->align = align;
        if (round_up(end, (uint64_t)aggregate->align * 8) / 8 > LAYOUT_SIZE_MAX)
            return lexer_fail(lexer, field->at, "the struct grows beyond 64 MiB");
    }
    aggregate->size = (uint32_t)(round_up(end, (uint64_t)aggregate->align * 8) / 8);
    return true;
}

/* ---- what follows from it --------------------------------------------------------------------------------------------------- */

static bool is_shown(const struct field *field) {
    return field->name.n > 0 && field->type.kind != KIND_PAD;
}

static bool is_anonymous(const struct field *field) {
    return field->name.n == 0 && field->type.kind == KIND_STRUCT;
}

/* Members that are not shown go; those of a struct without a name come in its place. */
static bool keep_shown(struct lexer *lexer, struct aggregate *aggregate) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < aggregate->count; i++) {
        const struct field *field = &aggregate->fields[i];
        count += is_anonymous(field) ? field->type.aggregate->count : is_shown(field);
    }
    struct field *shown = malloc((count > 0 ? count : 1) * sizeof *shown), *to = shown;
    if (shown == NULL) return lexer_no_memory(lexer);
    for (uint32_t i = 0; i < aggregate->count; i++) {
        const struct field *field = &aggregate->fields[i];
        if (is_shown(field)) *to++ = *field;
        for (uint32_t k = 0; is_anonymous(field) && k < field->type.aggregate->count; k++, to++) {
            *to = field->type.aggregate->fields[k];
            to->off += field->off;
        }
    }
    free(aggregate->fields);
    aggregate->fields = shown;
    aggregate->count = aggregate->room = count;
    return true;
}

static int by_name(const void *left, const void *right, void *context) {
    const struct field *fields = context;
    const uint32_t *a = left, *b = right;
    int difference = str_compare(fields[*a].name, fields[*b].name);
    return difference != 0 ? difference : (*a > *b) - (*a < *b);
}

static bool sort_names(struct lexer *lexer, struct aggregate *aggregate) {
    uint32_t *order = malloc((aggregate->count > 0 ? aggregate->count : 1) * sizeof *order);
    if (order == NULL) return lexer_no_memory(lexer);
    aggregate->by_name = order;
    for (uint32_t i = 0; i < aggregate->count; i++) order[i] = i;
    qsort_r(order, aggregate->count, sizeof *order, by_name, aggregate->fields);
    const struct field *twice = NULL; /* the first in the layout */
    for (uint32_t i = 1; i < aggregate->count; i++) {
        const struct field *field = &aggregate->fields[order[i]];
        if (str_equal(field->name, aggregate->fields[order[i - 1]].name) && (twice == NULL || field->at < twice->at)) twice = field;
    }
    if (twice == NULL) return true;
    return lexer_fail(lexer, twice->at, "a second member '%.*s'", (int)(twice->name.n > 60 ? 60 : twice->name.n), twice->name.p);
}

/* The first of each, its own or one of a struct within; not those in arrays, of which there are many. */
static void find_keys(struct aggregate *aggregate) {
    for (uint32_t i = 0; i < aggregate->count; i++) {
        const struct field *field = &aggregate->fields[i];
        if (field->key >= 0 && aggregate->keys[field->key].field == NULL) aggregate->keys[field->key] = (struct key){field, 0};
        for (size_t k = 0; field->type.kind == KIND_STRUCT && field->dim_count == 0 && k < 3; k++) {
            const struct key *inner = &field->type.aggregate->keys[k];
            if (inner->field != NULL && aggregate->keys[k].field == NULL)
                aggregate->keys[k] = (struct key){inner->field, inner->off + field->off};
        }
    }
}

static bool measure_depth(struct lexer *lexer, struct aggregate *aggregate) {
    aggregate->depth = 1;
    for (uint32_t i = 0; i < aggregate->count; i++) {
        const struct field *field = &aggregate->fields[i];
        uint32_t depth = 1u + field->dim_count + (field->type.kind == KIND_STRUCT ? field->type.aggregate->depth : 0);
        if (depth > SCTX_PLUGIN_DEPTH_MAX)
            return lexer_fail(lexer, field->at, "more than %u containers within each other", SCTX_PLUGIN_DEPTH_MAX);
        if (depth > aggregate->depth) aggregate->depth = depth;
    }
    return true;
}

bool place_members(struct lexer *lexer, struct aggregate *aggregate) {
    aggregate->align = 1;
    if (!place_all(lexer, aggregate) || !keep_shown(lexer, aggregate) || !sort_names(lexer, aggregate)) return false;
    if (!measure_depth(lexer, aggregate)) return false;
    find_keys(aggregate);
    return true;
}
