#include "layout.h"
#include "lexer.h"
#include "place.h"

#include <stdlib.h>
#include <string.h>

struct parser {
    struct lexer lexer; /* first: define() is handed this */
    struct layout *layout;
    bool is_packed, is_big; /* what 'align' and 'endian' said last */
    unsigned depth;         /* of structs defined within structs */
    uint32_t fields;        /* of all structs */
};

/* An integer that the layout spells out. */
struct constant {
    uint64_t bits; /* sign-extended */
    bool is_negative;
};

static bool parse_type(struct parser *parser, struct type *type);

/* ---- small things ----------------------------------------------------------------------------------------------------------- */

#define SHOWN(str) (int)((str).n > 40 ? 40 : (str).n), (str).p

static bool next(struct parser *parser) {
    return lexer_next(&parser->lexer);
}

static bool is(const struct parser *parser, char sign) {
    return token_is(&parser->lexer, sign);
}

static bool is_word(const struct parser *parser, const char *word) {
    return token_is_word(&parser->lexer, word);
}

static bool expected(struct parser *parser, const char *what) {
    char text[48];
    return lexer_fail(&parser->lexer, parser->lexer.token.at, "expected %s, not %s", what, token_text(&parser->lexer, text));
}

static bool expect(struct parser *parser, char sign) {
    const char what[] = {'\'', sign, '\'', '\0'};
    return is(parser, sign) ? next(parser) : expected(parser, what);
}

static bool fail_here(struct parser *parser, const char *why) {
    return lexer_fail(&parser->lexer, parser->lexer.token.at, "%s", why);
}

static bool fail_pointer(struct parser *parser) {
    return fail_here(parser, "a pointer means nothing to others; 'u64 NAME @hex' shows its bits");
}

static bool parse_name(struct parser *parser, const char *what, struct token *name) {
    *name = parser->lexer.token;
    return name->kind == TOKEN_WORD ? next(parser) : expected(parser, what);
}

static bool unknown(struct parser *parser, const struct token *name, const char *what) {
    sctx_str like = symbols_like(&parser->layout->symbols, name->str);
    if (like.n == 0 || str_equal(like, name->str)) /* it is something else */
        return lexer_fail(&parser->lexer, name->at, "no such %s '%.*s'", what, SHOWN(name->str));
    return lexer_fail(&parser->lexer, name->at, "no such %s '%.*s'; did you mean '%.*s'?", what, SHOWN(name->str), SHOWN(like));
}

/* A name for a type or constant. It may stand for the same type twice, as in typedef struct X {...} X. */
static bool declare(struct parser *parser, const struct token *name, const struct symbol *symbol) {
    struct type builtin;
    const struct symbol *known = symbols_find(&parser->layout->symbols, name->str);
    if (known != NULL && !known->is_constant && !symbol->is_constant && known->type.kind == symbol->type.kind &&
        known->type.size == symbol->type.size && known->type.order == symbol->type.order && known->type.labels == symbol->type.labels &&
        known->type.aggregate == symbol->type.aggregate)
        return true;
    if (known != NULL) return lexer_fail(&parser->lexer, name->at, "'%.*s' is declared already", SHOWN(name->str));
    if (type_builtin(name->str, &builtin)) {
        bool same = !symbol->is_constant && builtin.kind == symbol->type.kind && builtin.size == symbol->type.size;
        return same || lexer_fail(&parser->lexer, name->at, "'%.*s' is a type already", SHOWN(name->str));
    }
    return symbols_add(&parser->layout->symbols, symbol) || lexer_no_memory(&parser->lexer);
}

static bool declare_type(struct parser *parser, const struct token *name, const struct type *type) {
    return declare(parser, name, &(struct symbol){.name = name->str, .type = *type});
}

static bool define(struct lexer *lexer, const struct token *name, uint64_t number) {
    const struct symbol symbol = {.name = name->str, .is_constant = true, .bits = number};
    return declare((struct parser *)lexer, name, &symbol);
}

/* ---- constants -------------------------------------------------------------------------------------------------------------- */

/* NUMBER, 'B', NAME, or one of them in parentheses, shifted or negative: enough for "(1 << 3)". Not recursive but for one pair. */
static bool parse_operand(struct parser *parser, struct constant *constant) {
    const struct token token = parser->lexer.token;
    if (token.kind == TOKEN_NUMBER) {
        *constant = (struct constant){.bits = token.number};
        return next(parser);
    }
    if (token.kind != TOKEN_WORD) return expected(parser, "a number");
    const struct symbol *symbol = symbols_find(&parser->layout->symbols, token.str);
    if (symbol == NULL || !symbol->is_constant) return lexer_fail(&parser->lexer, token.at, "no such constant '%.*s'", SHOWN(token.str));
    *constant = (struct constant){symbol->bits, symbol->is_negative};
    return next(parser);
}

static bool parse_shift(struct parser *parser, struct constant *constant) {
    uint32_t at = parser->lexer.token.at;
    bool is_minus = is(parser, '-');
    if (is_minus && !next(parser)) return false;
    if (!parse_operand(parser, constant)) return false;
    if (is_minus) {
        if (constant->is_negative || constant->bits > (uint64_t)INT64_MAX + 1)
            return lexer_fail(&parser->lexer, at, "a number beyond 64 bits");
        *constant = (struct constant){0 - constant->bits, constant->bits != 0};
    }
    if (!is(parser, '<')) return true;
    struct constant by = {0, false};
    if (!next(parser) || !expect(parser, '<')) return false;
    uint32_t by_at = parser->lexer.token.at;
    if (!parse_operand(parser, &by)) return false;
    if (constant->is_negative || by.bits > 63 || constant->bits << by.bits >> by.bits != constant->bits)
        return lexer_fail(&parser->lexer, by_at, "shifted beyond 64 bits");
    constant->bits <<= by.bits;
    return true;
}

static bool parse_constant(struct parser *parser, struct constant *constant) {
    if (!is(parser, '(')) return parse_shift(parser, constant);
    return next(parser) && parse_shift(parser, constant) && expect(parser, ')');
}

/* ---- enums ------------------------------------------------------------------------------------------------------------------ */

static bool fits(const struct constant *constant, const struct type *type) {
    unsigned width = type->size * 8;
    if (type->kind == KIND_UINT) return !constant->is_negative && (width == 64 || constant->bits >> width == 0);
    int64_t value = (int64_t)constant->bits, most = (int64_t)(UINT64_MAX >> (65 - width));
    return constant->is_negative ? value >= -most - 1 : constant->bits <= (uint64_t)most;
}

static bool add_label(struct parser *parser, struct enumeration *labels, const struct token *name, const struct constant *value) {
    if (labels->count == labels->room) {
        uint32_t room = labels->room == 0 ? 8 : labels->room * 2;
        struct label *larger = realloc(labels->labels, room * sizeof *larger);
        if (larger == NULL) return lexer_no_memory(&parser->lexer);
        labels->labels = larger;
        labels->room = room;
    }
    labels->labels[labels->count] = (struct label){name->str, value->bits, labels->count};
    labels->count++;
    const struct symbol symbol = {name->str, true, value->is_negative, value->bits, labels, {0}};
    return declare(parser, name, &symbol);
}

static int by_value(const void *left, const void *right) {
    const struct label *a = left, *b = right;
    return a->bits != b->bits ? (a->bits > b->bits) - (a->bits < b->bits) : (a->nth > b->nth) - (a->nth < b->nth);
}

/* Behind '{'. Without a type of its own it gets gcc's: u32, or i32 if something is negative; that is known at the end. */
static bool parse_labels(struct parser *parser, struct enumeration *labels, struct type *type, bool is_typed) {
    struct constant value = {0, false};
    static const struct type widest = {.kind = KIND_INT, .size = 4}, unsigned_one = {.kind = KIND_UINT, .size = 4};
    bool any_negative = false;
    struct token too_large = {.kind = TOKEN_END}, name; /* the first beyond i32 */
    while (!is(parser, '}')) {
        if (!parse_name(parser, labels->count == 0 ? "a name" : "a name or '}'", &name)) return false;
        bool has_value = is(parser, '=');
        uint32_t at = name.at;
        if (has_value && (!next(parser) || (at = parser->lexer.token.at, !parse_constant(parser, &value)))) return false;
        if (!fits(&value, is_typed ? type : value.is_negative ? &widest : &unsigned_one)) {
            const char *hint = is_typed ? "" : "; write its type, as in 'enum X : u64'";
            return lexer_fail(&parser->lexer, at, "%s does not fit the enum's type%s", has_value ? "this value" : "the next value", hint);
        }
        any_negative |= value.is_negative;
        if (too_large.kind == TOKEN_END && !value.is_negative && value.bits > INT32_MAX) too_large = name;
        if (!add_label(parser, labels, &name, &value)) return false;
        /* From -1 to 0; and from the largest of 64 bits to what fits no type that can hold that one. */
        if (++value.bits == 0) value.is_negative = !value.is_negative;
        if (!is(parser, ',')) break;
        if (!next(parser)) return false;
    }
    if (labels->count == 0) return expected(parser, "a name");
    if (!is_typed && any_negative) *type = widest;
    if (!is_typed && any_negative && too_large.kind != TOKEN_END)
        return lexer_fail(&parser->lexer, too_large.at, "does not fit an enum with negative values; write its type, as in 'enum X : i64'");
    if (!is(parser, '}')) return expected(parser, "',' or '}'");
    qsort(labels->labels, labels->count, sizeof *labels->labels, by_value);
    return next(parser);
}

/* Behind 'enum'. */
static bool parse_enum(struct parser *parser, struct type *type) {
    struct token name = parser->lexer.token;
    bool is_typed = false;
    *type = (struct type){.kind = KIND_UINT, .size = 4};
    if (name.kind == TOKEN_WORD && !next(parser)) return false;
    if (name.kind == TOKEN_WORD && !is(parser, ':') && !is(parser, '{')) {
        const struct symbol *symbol = symbols_find(&parser->layout->symbols, name.str);
        if (symbol == NULL || symbol->is_constant || symbol->type.labels == NULL) return unknown(parser, &name, "enum");
        *type = symbol->type;
        return true;
    }
    if (is(parser, ':')) {
        is_typed = true;
        if (!next(parser)) return false;
        uint32_t at = parser->lexer.token.at;
        if (!parse_type(parser, type)) return false;
        if (!type_is_integer(type) || type->labels != NULL) return lexer_fail(&parser->lexer, at, "an enum's type is an integer, as 'u8'");
    }
    struct enumeration *labels = calloc(1, sizeof *labels);
    if (labels == NULL) return lexer_no_memory(&parser->lexer);
    labels->next = parser->layout->enums;
    parser->layout->enums = labels;
    if (!expect(parser, '{') || !parse_labels(parser, labels, type, is_typed)) return false;
    type->labels = labels;
    return name.kind != TOKEN_WORD || declare_type(parser, &name, type);
}

/* ---- members ---------------------------------------------------------------------------------------------------------------- */

static bool add_field(struct parser *parser, struct aggregate *aggregate, const struct field *field) {
    if (parser->fields == LAYOUT_FIELDS_MAX) return lexer_fail(&parser->lexer, field->at, "more than %d members", LAYOUT_FIELDS_MAX);
    if (aggregate->is_flexible)
        return lexer_fail(&parser->lexer, field->at, "nothing may follow the array of open length '%.*s'",
                          SHOWN(aggregate->fields[aggregate->count - 1].name));
    if (field->is_flexible && (aggregate->is_union || parser->depth > 1))
        return lexer_fail(&parser->lexer, field->at, "an array of open length ends a struct that is in no other");
    if (aggregate->count == aggregate->room) {
        uint32_t room = aggregate->room == 0 ? 8 : aggregate->room * 2;
        struct field *larger = realloc(aggregate->fields, room * sizeof *larger);
        if (larger == NULL) return lexer_no_memory(&parser->lexer);
        aggregate->fields = larger;
        aggregate->room = room;
    }
    aggregate->fields[aggregate->count++] = *field;
    aggregate->is_flexible = field->is_flexible;
    parser->fields++;
    return true;
}

/* [N][M]..., the first one perhaps empty. */
static bool parse_dimensions(struct parser *parser, struct field *field) {
    uint64_t total = field->type.kind == KIND_STRUCT ? field->type.aggregate->size : field->type.size;
    while (is(parser, '[')) {
        struct constant length = {0, false};
        uint32_t at = parser->lexer.token.at;
        if (field->dim_count == LAYOUT_DIMENSIONS_MAX)
            return lexer_fail(&parser->lexer, at, "more than %d dimensions", LAYOUT_DIMENSIONS_MAX);
        if (!next(parser)) return false;
        if (is(parser, ']')) {
            if (field->dim_count > 0) return fail_here(parser, "only the first dimension may be open");
            field->is_flexible = true;
        } else {
            at = parser->lexer.token.at;
            if (!parse_constant(parser, &length)) return false;
            if (length.bits == 0)
                return lexer_fail(&parser->lexer, at, "an array has at least one element; '[]' takes the rest of a message");
            if (length.is_negative || length.bits > LAYOUT_SIZE_MAX || total * length.bits > LAYOUT_SIZE_MAX)
                return lexer_fail(&parser->lexer, at, "the array grows beyond 64 MiB");
            total *= length.bits;
        }
        field->dims[field->dim_count++] = (uint32_t)length.bits;
        if (!expect(parser, ']')) return false;
    }
    bool is_text = field->type.kind == KIND_CHAR || field->type.kind == KIND_BYTES;
    field->size = field->type.size;
    if (is_text && field->dim_count > 0) field->size = field->dims[--field->dim_count];
    return true;
}

static bool parse_width(struct parser *parser, struct field *field) {
    struct constant width;
    if (!next(parser)) return false;
    uint32_t at = parser->lexer.token.at;
    if (!parse_constant(parser, &width)) return false;
    if (!type_is_integer(&field->type) && field->type.kind != KIND_BOOL)
        return lexer_fail(&parser->lexer, field->at, "a bit field's type is an integer or bool");
    unsigned most = field->type.kind == KIND_BOOL ? 1 : field->type.size * 8;
    if (width.is_negative || width.bits > most) return lexer_fail(&parser->lexer, at, "its type has but %u bits", most);
    if (width.bits == 0 && field->name.n > 0) return lexer_fail(&parser->lexer, at, "a bit field of no bits has no name");
    if (field->dim_count > 0 || field->is_flexible) return lexer_fail(&parser->lexer, field->at, "there are no arrays of bit fields");
    field->is_bit_field = true;
    field->bits = (uint8_t)width.bits;
    return true;
}

/* Behind "unit". */
static bool parse_unit(struct parser *parser, struct field *field, uint32_t at) {
    bool is_number = type_is_integer(&field->type) || field->type.kind == KIND_FLOAT;
    if (!is_number || field->type.labels != NULL) return lexer_fail(&parser->lexer, at, "only numbers have a unit");
    if (!expect(parser, '(')) return false;
    if (parser->lexer.token.kind != TOKEN_STRING) return expected(parser, "a unit in quotes");
    if (parser->lexer.token.str.n > LAYOUT_NAME_MAX) return fail_here(parser, "too long for a unit");
    field->unit = parser->lexer.token.str;
    return next(parser) && expect(parser, ')');
}

/* Behind "@key". */
static bool parse_key(struct parser *parser, struct field *field, uint32_t at) {
    static const char *const words[] = {[SCTX_KEY_SELF] = "self", [SCTX_KEY_CAUSE] = "cause", [SCTX_KEY_FLOW] = "flow"};
    bool is_text = field->type.kind == KIND_CHAR || field->type.kind == KIND_BYTES;
    if (field->dim_count > 0 || (!is_text && !type_is_integer(&field->type)))
        return lexer_fail(&parser->lexer, at, "a key is an integer, a text or bytes");
    if (!expect(parser, '(')) return false;
    for (int8_t i = 0; i < 3; i++)
        if (is_word(parser, words[i])) {
            field->key = i;
            return next(parser) && expect(parser, ')');
        }
    return expected(parser, "'self', 'cause' or 'flow'");
}

/* Behind '@'. */
static bool parse_hint(struct parser *parser, struct field *field) {
    static const struct {
        const char *word;
        uint8_t as;
    } hints[] = {{"time_ns", SCTX_TIME_NS}, {"duration_ns", SCTX_DURATION_NS}, {"size", SCTX_SIZE}, {"hex", SCTX_HEX}};
    const struct token word = parser->lexer.token;
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        if (!is_word(parser, hints[i].word)) continue;
        bool is_bytes = field->type.kind == KIND_BYTES && hints[i].as == SCTX_HEX;
        if (!is_bytes && !type_is_integer(&field->type))
            return lexer_fail(&parser->lexer, word.at, "'@%s' goes with integers only", hints[i].word);
        field->as = hints[i].as;
        return next(parser);
    }
    bool is_big = is_word(parser, "be");
    if (is_big || is_word(parser, "le")) {
        field->type.order = is_big ? ORDER_BIG : ORDER_LITTLE;
        if (field->type.kind == KIND_STRUCT) return fail_here(parser, "a struct's byte order is said where it is defined");
        return next(parser);
    }
    if (is_word(parser, "key")) return next(parser) && parse_key(parser, field, word.at);
    if (is_word(parser, "unit")) return next(parser) && parse_unit(parser, field, word.at);
    return expected(parser, "time_ns, duration_ns, size, hex, be, le, unit or key");
}

/* The name and what follows it, up to ',' or ';'. */
static bool parse_declarator(struct parser *parser, struct aggregate *aggregate, const struct type *type) {
    struct field field = {.type = *type, .at = parser->lexer.token.at, .key = -1};
    bool is_pad = type->kind == KIND_PAD;
    if (is(parser, '*')) return fail_pointer(parser);
    if (parser->lexer.token.kind == TOKEN_WORD) {
        field.name = parser->lexer.token.str;
        if (!next(parser)) return false;
    } else if (!is_pad && !is(parser, ':')) {
        return expected(parser, "a member's name");
    }
    if (!parse_dimensions(parser, &field)) return false;
    if (is_pad && field.is_flexible) return lexer_fail(&parser->lexer, field.at, "padding has a length");
    if (is(parser, ':') && !parse_width(parser, &field)) return false;
    for (;;) {
        uint32_t at = parser->lexer.token.at;
        if (is(parser, '@')) {
            if (!next(parser) || !parse_hint(parser, &field)) return false;
        } else if (is_word(parser, "unit")) {
            if (!next(parser) || !parse_unit(parser, &field, at)) return false;
        } else
            break;
    }
    if (field.type.order == ORDER_OF_STRUCT) field.type.order = parser->is_big ? ORDER_BIG : ORDER_LITTLE;
    return add_field(parser, aggregate, &field);
}

/* TYPE NAME, NAME...; or a struct or union without any name, whose members become those of this one. */
static bool parse_member(struct parser *parser, struct aggregate *aggregate) {
    struct type type;
    uint32_t at = parser->lexer.token.at;
    if (!parse_type(parser, &type)) return false;
    if (type.kind == KIND_STRUCT && type.aggregate->is_flexible)
        return lexer_fail(&parser->lexer, at, "a struct with an array of open length cannot be within another");
    if (is(parser, ';') && type.kind == KIND_STRUCT && type.aggregate->name.n == 0) {
        const struct field field = {.type = type, .at = at, .key = -1};
        return add_field(parser, aggregate, &field) && next(parser);
    }
    for (;;) {
        if (!parse_declarator(parser, aggregate, &type)) return false;
        if (is(parser, ';')) return next(parser);
        if (!is(parser, ',')) return expected(parser, "',' or ';'");
        if (!next(parser)) return false;
    }
}

/* ---- structs ---------------------------------------------------------------------------------------------------------------- */

/* __attribute__((packed)), if it stands here. */
static bool parse_attribute(struct parser *parser, bool *is_packed) {
    if (!is_word(parser, "__attribute__")) return true;
    if (!next(parser) || !expect(parser, '(') || !expect(parser, '(')) return false;
    if (!is_word(parser, "packed") && !is_word(parser, "__packed__")) return fail_here(parser, "'packed' is the only attribute known here");
    *is_packed = true;
    return next(parser) && expect(parser, ')') && expect(parser, ')');
}

/* Behind '{', up to behind '}' and what may follow it. */
static bool parse_body(struct parser *parser, struct aggregate *aggregate) {
    if (parser->depth == LAYOUT_INLINE_MAX) return fail_here(parser, "too many structs defined within each other");
    parser->depth++;
    while (!is(parser, '}'))
        if (!parse_member(parser, aggregate)) return false;
    parser->depth--;
    uint32_t at = parser->lexer.token.at;
    if (!next(parser) || !parse_attribute(parser, &aggregate->is_packed)) return false;
    if (!place_members(&parser->lexer, aggregate)) return false;
    if (aggregate->size == 0 && !aggregate->is_flexible) return lexer_fail(&parser->lexer, at, "a struct has at least one byte");
    aggregate->is_complete = true;
    if (parser->depth == 0) parser->layout->last = aggregate;
    return true;
}

static bool parse_definition(struct parser *parser, struct type *type, const struct token *name, bool is_union, bool is_packed) {
    struct aggregate *aggregate = calloc(1, sizeof *aggregate);
    if (aggregate == NULL) return lexer_no_memory(&parser->lexer);
    aggregate->next = parser->layout->aggregates;
    parser->layout->aggregates = aggregate;
    aggregate->is_union = is_union;
    aggregate->is_packed = is_packed;
    *type = (struct type){.kind = KIND_STRUCT, .aggregate = aggregate};
    if (name->kind == TOKEN_WORD) {
        aggregate->name = name->str;
        if (!declare_type(parser, name, type)) return false;
    }
    return expect(parser, '{') && parse_body(parser, aggregate);
}

/* Behind the name of a struct that is being defined. */
static bool fail_within_itself(struct parser *parser, const struct token *name) {
    if (is(parser, '*')) return fail_pointer(parser);
    return lexer_fail(&parser->lexer, name->at, "'%.*s' cannot be within itself", SHOWN(name->str));
}

static bool parse_reference(struct parser *parser, const struct token *name, bool is_union, struct type *type) {
    const struct symbol *symbol = symbols_find(&parser->layout->symbols, name->str);
    if (symbol == NULL || symbol->is_constant || symbol->type.kind != KIND_STRUCT || symbol->type.aggregate->is_union != is_union)
        return unknown(parser, name, is_union ? "union" : "struct");
    if (!symbol->type.aggregate->is_complete) return fail_within_itself(parser, name);
    *type = symbol->type;
    return true;
}

static bool begins_aggregate(const struct parser *parser) {
    static const char *const words[] = {"struct", "union", "packed", "natural", "little", "big"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is_word(parser, words[i])) return true;
    return false;
}

/* [packed|natural] [little|big] struct|union, and a name, a definition, or both. */
static bool parse_aggregate(struct parser *parser, struct type *type) {
    bool is_packed = parser->is_packed, was_big = parser->is_big, is_prefixed = false;
    for (; !is_word(parser, "struct") && !is_word(parser, "union"); is_prefixed = true) {
        if (is_word(parser, "packed") || is_word(parser, "natural"))
            is_packed = is_word(parser, "packed");
        else if (is_word(parser, "little") || is_word(parser, "big"))
            parser->is_big = is_word(parser, "big");
        else
            return expected(parser, "'struct' or 'union'");
        if (!next(parser)) return false;
    }
    bool is_union = is_word(parser, "union");
    if (!next(parser) || !parse_attribute(parser, &is_packed)) return false;
    const struct token name = parser->lexer.token;
    if (name.kind != TOKEN_WORD && !is(parser, '{')) return expected(parser, "a name or '{'");
    if (name.kind == TOKEN_WORD && !next(parser)) return false;
    if (!is(parser, '{') && !is_prefixed) return parse_reference(parser, &name, is_union, type);
    bool is_right = parse_definition(parser, type, &name, is_union, is_packed);
    parser->is_big = was_big;
    return is_right;
}

/* ---- types ------------------------------------------------------------------------------------------------------------------ */

/* C's own names, of one or more words in any order: "unsigned long int". */
static bool parse_words(struct parser *parser, struct type *type, bool *found) {
    enum { SIGNED, UNSIGNED, CHAR, SHORT, INT, LONG, WORDS };
    static const char *const words[WORDS] = {"signed", "unsigned", "char", "short", "int", "long"};
    unsigned seen[WORDS] = {0}, total = 0;
    const uint32_t at = parser->lexer.token.at;
    for (;;) {
        size_t i = 0;
        while (i < WORDS && !is_word(parser, words[i])) i++;
        if (i == WORDS) break;
        seen[i]++;
        total++;
        if (!next(parser)) return false;
    }
    *found = total > 0;
    if (total == 0) return true;
    if (is_word(parser, "double")) return lexer_fail(&parser->lexer, at, "'long double' differs from machine to machine");
    bool is_wrong = seen[SIGNED] + seen[UNSIGNED] > 1 || seen[CHAR] > 1 || seen[SHORT] > 1 || seen[INT] > 1 || seen[LONG] > 2;
    int kinds = (seen[CHAR] > 0) + (seen[SHORT] > 0) + (seen[LONG] > 0);
    if (is_wrong || kinds > 1 || (seen[CHAR] > 0 && seen[INT] > 0)) return lexer_fail(&parser->lexer, at, "these words make no type");
    *type = (struct type){.kind = seen[UNSIGNED] > 0 ? KIND_UINT : KIND_INT, .size = 4};
    if (seen[CHAR] > 0) type->size = 1;
    if (seen[SHORT] > 0) type->size = 2;
    if (seen[LONG] > 0) type->size = 8;
    if (seen[CHAR] > 0 && total == 1) type->kind = KIND_CHAR;
    return true;
}

static bool skip_qualifiers(struct parser *parser) {
    while (is_word(parser, "const") || is_word(parser, "volatile"))
        if (!next(parser)) return false;
    return true;
}

static bool parse_named_type(struct parser *parser, struct type *type) {
    const struct token name = parser->lexer.token;
    bool found;
    if (name.kind != TOKEN_WORD) return expected(parser, "a type");
    if (!parse_words(parser, type, &found)) return false;
    if (found) return true;
    if (!type_builtin(name.str, type)) {
        const struct symbol *symbol = symbols_find(&parser->layout->symbols, name.str);
        if (symbol == NULL || symbol->is_constant) return unknown(parser, &name, "type");
        if (symbol->type.kind == KIND_STRUCT && !symbol->type.aggregate->is_complete)
            return next(parser) && fail_within_itself(parser, &name);
        *type = symbol->type;
    }
    return next(parser);
}

static bool parse_type(struct parser *parser, struct type *type) {
    if (!skip_qualifiers(parser)) return false;
    bool is_right;
    if (is_word(parser, "enum"))
        is_right = next(parser) && parse_enum(parser, type);
    else if (begins_aggregate(parser))
        is_right = parse_aggregate(parser, type);
    else
        is_right = parse_named_type(parser, type);
    return is_right && skip_qualifiers(parser);
}

/* ---- the whole -------------------------------------------------------------------------------------------------------------- */

/* Behind 'typedef'. */
static bool parse_typedef(struct parser *parser) {
    struct type type;
    struct token name;
    if (!parse_type(parser, &type)) return false;
    if (is(parser, '*')) return fail_pointer(parser);
    if (!parse_name(parser, "a name", &name)) return false;
    if (is(parser, '[')) return fail_here(parser, "arrays have no typedef here");
    if (type.kind == KIND_STRUCT && type.aggregate->name.n == 0) type.aggregate->name = name.str;
    return declare_type(parser, &name, &type) && expect(parser, ';');
}

/* "endian" or "align", and one of the words. */
static bool parse_setting(struct parser *parser, const char *const words[], size_t count, const char *what, size_t *which) {
    if (!next(parser)) return false;
    for (*which = 0; *which < count; ++*which)
        if (is_word(parser, words[*which])) return next(parser) && expect(parser, ';');
    return expected(parser, what);
}

static bool parse_top(struct parser *parser) {
    static const char *const orders[] = {"little", "big", "host"}, *const aligns[] = {"natural", "packed"};
    struct type type;
    size_t which;
    if (is_word(parser, "endian")) {
        if (!parse_setting(parser, orders, 3, "'little', 'big' or 'host'", &which)) return false;
        parser->is_big = which == 1 || (which == 2 && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
        return true;
    }
    if (is_word(parser, "align")) {
        if (!parse_setting(parser, aligns, 2, "'natural' or 'packed'", &which)) return false;
        parser->is_packed = which == 1;
        return true;
    }
    if (is_word(parser, "typedef")) return next(parser) && parse_typedef(parser);
    if (!is_word(parser, "enum") && !begins_aggregate(parser)) return expected(parser, "struct, union, enum, typedef, endian or align");
    return parse_type(parser, &type) && expect(parser, ';');
}

int layout_parse(struct layout *layout, sctx_str text, sctx_out *out) {
    struct parser parser = {.lexer = {.text = text, .out = out, .define = define}, .layout = layout};
    parser.is_big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    bool is_right = next(&parser);
    while (is_right && parser.lexer.token.kind != TOKEN_END) is_right = parse_top(&parser);
    if (is_right && layout->last == NULL) (void)lexer_fail(&parser.lexer, text.n, "a struct is missing");
    return parser.lexer.status;
}

void layout_free(struct layout *layout) {
    while (layout->aggregates != NULL) {
        struct aggregate *aggregate = layout->aggregates;
        layout->aggregates = aggregate->next;
        free(aggregate->fields);
        free(aggregate->by_name);
        free(aggregate);
    }
    while (layout->enums != NULL) {
        struct enumeration *labels = layout->enums;
        layout->enums = labels->next;
        free(labels->labels);
        free(labels);
    }
    free(layout->symbols.items);
    free(layout->symbols.slots);
}
