#include "layout.h"

#include <stdlib.h>
#include <string.h>

bool str_equal(sctx_str a, sctx_str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int str_compare(sctx_str a, sctx_str b) {
    size_t shorter = a.n < b.n ? a.n : b.n;
    int difference = shorter > 0 ? memcmp(a.p, b.p, shorter) : 0;
    return difference != 0 ? difference : (a.n > b.n) - (a.n < b.n);
}

/* FNV-1a */
static uint32_t hash_of(sctx_str name) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.n; i++) hash = (hash ^ (unsigned char)name.p[i]) * 16777619u;
    return hash;
}

/* The slot that has it, or where it would go. There is a free one. */
static uint32_t slot_of(const struct symbols *symbols, sctx_str name) {
    uint32_t mask = symbols->slot_count - 1, slot = hash_of(name) & mask;
    while (symbols->slots[slot] != 0 && !str_equal(symbols->items[symbols->slots[slot] - 1].name, name)) slot = (slot + 1) & mask;
    return slot;
}

const struct symbol *symbols_find(const struct symbols *symbols, sctx_str name) {
    if (symbols->slot_count == 0) return NULL;
    uint32_t item = symbols->slots[slot_of(symbols, name)];
    return item != 0 ? &symbols->items[item - 1] : NULL;
}

static bool make_room(struct symbols *symbols) {
    if (symbols->count < symbols->room) return true;
    uint32_t room = symbols->room == 0 ? 32 : symbols->room * 2;
    struct symbol *items = realloc(symbols->items, room * sizeof *items);
    if (items != NULL) symbols->items = items;
    uint32_t *slots = items != NULL ? calloc((size_t)room * 2, sizeof *slots) : NULL;
    if (slots == NULL) return false;
    free(symbols->slots);
    symbols->slots = slots;
    symbols->slot_count = room * 2;
    symbols->room = room;
    for (uint32_t i = 0; i < symbols->count; i++) slots[slot_of(symbols, items[i].name)] = i + 1;
    return true;
}

bool symbols_add(struct symbols *symbols, const struct symbol *symbol) {
    if (!make_room(symbols)) return false;
    symbols->items[symbols->count++] = *symbol;
    symbols->slots[slot_of(symbols, symbol->name)] = symbols->count;
    return true;
}

/* ---- what somebody may have meant ------------------------------------------------------------------------------------------- */

enum { LIKE_MAX = 32, LIKE_STEPS = 2 };

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* Letters to be put in, left out, replaced or swapped with their neighbour (optimal string alignment). Names of at most LIKE_MAX bytes. */
static unsigned distance(sctx_str a, sctx_str b) {
    unsigned rows[3][LIKE_MAX + 1];
    for (unsigned j = 0; j <= b.n; j++) rows[0][j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i - 1) % 3], *higher = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            unsigned differs = a.p[i - 1] != b.p[j - 1];
            row[j] = least(above[j - 1] + differs, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1]) row[j] = least(row[j], higher[j - 2] + 1);
        }
    }
    return rows[a.n % 3][b.n];
}

static void consider(sctx_str name, sctx_str candidate, unsigned *best, sctx_str *like) {
    if (candidate.n > LIKE_MAX || candidate.n + LIKE_STEPS < name.n || candidate.n > name.n + LIKE_STEPS) return;
    unsigned steps = distance(name, candidate);
    if (steps >= *best || steps >= name.n) return;
    *best = steps;
    *like = candidate;
}

sctx_str symbols_like(const struct symbols *symbols, sctx_str name) {
    sctx_str like = {NULL, 0}, builtin;
    unsigned best = LIKE_STEPS + 1;
    if (name.n > LIKE_MAX) return like;
    for (uint32_t i = 0; i < symbols->count; i++)
        if (!symbols->items[i].is_constant) consider(name, symbols->items[i].name, &best, &like);
    for (size_t i = 0; (builtin = type_builtin_name(i)).n > 0; i++) consider(name, builtin, &best, &like);
    return like;
}
