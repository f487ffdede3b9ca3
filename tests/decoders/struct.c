/* The compiler is the authority: most layouts here are the very text that declares a C struct, and what the decoder says about the memory of
 * such a struct is held against what the compiler says: offsetof, sizeof, and the values of its members. The rules behind it: System V ABI,
 * AMD64 supplement, 3.1.2 "Data Representation", "Aggregates and Unions", "Bit-Fields"; and scalar_storage_order and packed of GCC's manual. */
#include "rig.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

extern const sctx_plugin sctx_decoder_struct;

/* Declares it, and keeps the text as NAME_layout. */
#define DECLARED(name, ...) \
    __VA_ARGS__;            \
    static const char name##_layout[] = #__VA_ARGS__ ";"

static struct topic topic_of(const char *encoding, const char *layout) {
    return (struct topic){.encoding = encoding, .schema = layout, .schema_len = strlen(layout)};
}

static const struct decoded *decode_as(const char *layout, const void *data, size_t len) {
    const struct topic topic = topic_of("struct", layout);
    return decode(&sctx_decoder_struct, &topic, data, len);
}

/* Memory of any content, the same in each run. */
static void fill(void *memory, size_t len) {
    static uint64_t state = 0x9E3779B97F4A7C15;
    for (size_t i = 0; i < len; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((unsigned char *)memory)[i] = (unsigned char)(state >> 32);
    }
}

static const struct decoded *expect_good(const struct decoded *d) {
    cr_assert(d->status == SCTX_PLUGIN_OK && d->findings == 0 && !d->cut, "status %d at %u (%s), findings %x", d->status, d->off, d->why,
              d->findings);
    return d;
}

static const struct tree_node *expect_node(const struct decoded *d, const char *path) {
    const struct tree_node *node = at_path(d, path);
    cr_assert_not_null(node, "no %s in %s", path, d->json);
    return node;
}

static void expect_integer(const struct decoded *d, const char *path, int64_t want) {
    const struct tree_node *node = expect_node(d, path);
    cr_assert(node->v.i == want && (node->type == SCTX_I64 || node->type == SCTX_U64 || node->type == SCTX_BOOL),
              "%s: %lld, not %lld in %s", path, (long long)node->v.i, (long long)want, d->json);
}

static void expect_float(const struct decoded *d, const char *path, double want) {
    const struct tree_node *node = expect_node(d, path);
    bool same = isnan(want) ? isnan(node->v.f) : memcmp(&node->v.f, &want, sizeof want) == 0;
    cr_assert(node->type == SCTX_F64 && same, "%s: %g, not %g", path, node->v.f, want);
}

/* An expression, for the macro below. */
static void expect_place(const struct decoded *d, const char *path, size_t off, size_t len) {
    expect_span(d, path, off, len);
}

#define PLACE(d, type, member) expect_place(d, #member, offsetof(type, member), sizeof(((type *)0)->member))
#define INTEGER(d, s, member) expect_integer(d, #member, (int64_t)(s).member)

/* Exactly so long: one byte less and one more are errors at the right place. */
static void expect_size(const char *layout, size_t size) {
    char *room = calloc(1, size + 1);
    cr_assert_not_null(room);
    cr_expect_eq(decode_as(layout, room, size)->status, SCTX_PLUGIN_OK, "%zu bytes for %s: %s", size, layout,
                 decode_as(layout, room, size)->why);
    const struct decoded *d = decode_as(layout, room, size + 1);
    cr_expect(d->status == SCTX_PLUGIN_MALFORMED && d->off == size, "status %d at %u", d->status, d->off);
    d = decode_as(layout, room, size - 1);
    cr_expect(d->status == SCTX_PLUGIN_TRUNCATED && d->off == size - 1, "status %d at %u", d->status, d->off);
    free(room);
}

enum { ROUNDS = 40 }; /* of random memory */

/* ---- scalars ---------------------------------------------------------------------------------------------------------------- */

DECLARED(
    scalars, struct scalars {
        uint8_t a;
        int64_t b;
        int8_t c;
        uint16_t d;
        char e;
        unsigned int f;
        short g;
        double h;
        signed char i;
        float j;
        unsigned long long int k;
        unsigned char l;
        long m;
        int n;
        unsigned short o;
        size_t p;
        const volatile unsigned q;
        int16_t r;
        int32_t s;
        uint32_t t;
        uint64_t u;
    });

Test(struct, scalars_lie_where_the_compiler_puts_them) {
    struct scalars s;
    for (int round = 0; round < ROUNDS; round++) {
        fill(&s, sizeof s);
        const struct decoded *d = expect_good(decode_as(scalars_layout, &s, sizeof s));
        PLACE(d, struct scalars, a), PLACE(d, struct scalars, b), PLACE(d, struct scalars, c), PLACE(d, struct scalars, d);
        PLACE(d, struct scalars, e), PLACE(d, struct scalars, f), PLACE(d, struct scalars, g), PLACE(d, struct scalars, h);
        PLACE(d, struct scalars, i), PLACE(d, struct scalars, j), PLACE(d, struct scalars, k), PLACE(d, struct scalars, l);
        PLACE(d, struct scalars, m), PLACE(d, struct scalars, n), PLACE(d, struct scalars, o), PLACE(d, struct scalars, p);
        PLACE(d, struct scalars, q), PLACE(d, struct scalars, r), PLACE(d, struct scalars, s), PLACE(d, struct scalars, u);
        INTEGER(d, s, a), INTEGER(d, s, b), INTEGER(d, s, c), INTEGER(d, s, d), INTEGER(d, s, f), INTEGER(d, s, g), INTEGER(d, s, i);
        INTEGER(d, s, k), INTEGER(d, s, l), INTEGER(d, s, m), INTEGER(d, s, n), INTEGER(d, s, o), INTEGER(d, s, p), INTEGER(d, s, q);
        INTEGER(d, s, r), INTEGER(d, s, s), INTEGER(d, s, t), INTEGER(d, s, u);
        expect_float(d, "h", s.h);
        expect_float(d, "j", (double)s.j);
    }
    expect_size(scalars_layout, sizeof s);
}

DECLARED(
    tight, struct __attribute__((packed)) tight {
        uint8_t a;
        int64_t b;
        uint16_t c;
        double d;
        uint8_t e;
        float f;
    });
DECLARED(
    tight_behind, struct tight_behind {
        uint8_t a;
        int32_t b;
    } __attribute__((packed)));

Test(struct, packed) {
    struct tight s;
    struct tight_behind t;
    fill(&s, sizeof s);
    fill(&t, sizeof t);
    const struct decoded *d = expect_good(decode_as(tight_layout, &s, sizeof s));
    PLACE(d, struct tight, b), PLACE(d, struct tight, c), PLACE(d, struct tight, d), PLACE(d, struct tight, e), PLACE(d, struct tight, f);
    INTEGER(d, s, b), INTEGER(d, s, c);
    expect_float(d, "f", (double)s.f);
    expect_size(tight_layout, sizeof s);
    d = expect_good(decode_as(tight_behind_layout, &t, sizeof t));
    PLACE(d, struct tight_behind, b);
    INTEGER(d, t, b);
    expect_size("align packed; struct t { u8 a; i32 b; }; align natural; struct u { t inner; u8 more; };", sizeof t + 1);
    expect_size("packed struct t { u8 a; i32 b; };", sizeof t);
    expect_size("align packed; natural struct t { u8 a; i32 b; };", 8);
    expect_size("natural struct t { u8 a; i32 b; }; struct u { u8 x; t y; };", 12);
    expect_size("natural struct t { u8 a; i32 b; }; packed struct u { u8 x; t y; };", 9);
}

/* ---- byte order ------------------------------------------------------------------------------------------------------------- */

Test(struct, byte_order_of_a_field) {
    static const char layout[] =
        "align packed; struct t { u16be a; u16le b; i32be c; i64be d; f32be e; f64be f; i32 g; int16_t h @be; u64le i; };";
    const float e = -1.5f;
    const double f = 1e100;
    uint32_t e_bits;
    uint64_t f_bits;
    memcpy(&e_bits, &e, sizeof e);
    memcpy(&f_bits, &f, sizeof f);
    struct __attribute__((packed)) {
        uint16_t a, b;
        int32_t c;
        int64_t d;
        uint32_t e;
        uint64_t f;
        int32_t g;
        int16_t h;
        uint64_t i;
    } s = {__builtin_bswap16(0x1234),
           0x1234,
           (int32_t)__builtin_bswap32((uint32_t)-123456),
           (int64_t)__builtin_bswap64((uint64_t)-1234567890123),
           __builtin_bswap32(e_bits),
           __builtin_bswap64(f_bits),
           -2,
           (int16_t)__builtin_bswap16((uint16_t)-77),
           UINT64_MAX};
    const struct decoded *d = expect_good(decode_as(layout, &s, sizeof s));
    cr_assert_str_eq(
        d->json,
        "{\"a\":4660,\"b\":4660,\"c\":-123456,\"d\":-1234567890123,\"e\":-1.5,\"f\":1e+100,\"g\":-2,\"h\":-77,\"i\":18446744073709551615}");
}

Test(struct, byte_order_of_what_follows) {
    static const uint8_t bytes[] = {1, 2, 1, 2, 1, 2, 1, 2};
    expect_good(
        decode_as("endian big; struct a { u16 x; }; endian little; struct b { u16 y; u16be z; }; big struct c { u16 w; a a; b b; };", bytes,
                  8));
    cr_assert_str_eq(
        decode_as("endian big; struct a { u16 x; }; endian little; struct b { u16 y; u16be z; }; big struct c { u16 w; a a; b b; };", bytes,
                  8)
            ->json,
        "{\"w\":258,\"a\":{\"x\":258},\"b\":{\"y\":513,\"z\":258}}");
    const uint16_t host = 0x0201;
    cr_assert_str_eq(decode_as("endian big; endian host; struct a { u16 x; };", &host, 2)->json, "{\"x\":513}");
    cr_assert_str_eq(decode_as("struct a { u16 x; };", &host, 2)->json, "{\"x\":513}");
    cr_assert_str_eq(decode_as("big struct a { struct { u16 x; } in; }; struct b { u16 y; a a; };", bytes, 4)->json,
                     "{\"y\":513,\"a\":{\"in\":{\"x\":258}}}");
    cr_assert_str_eq(decode_as("enum E : u16be { A = 258 }; struct a { E x; E y @le; };", bytes, 4)->json, "{\"x\":258,\"y\":513}");
    const struct decoded *d = decode_as("enum E : u16be { A = 258 }; struct a { E x; };", bytes, 2);
    cr_assert_eq(tree_str(&d->tree, expect_node(d, "x")->label).p[0], 'A');
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wscalar-storage-order" /* that is what it is about */
DECLARED(
    turned, struct turned {
        uint8_t a;
        uint32_t b;
        int16_t c;
        double d;
        uint16_t e : 3, f : 11;
        int32_t g : 7;
        uint32_t h : 20;
        int64_t i : 40;
        uint8_t j : 1;
        float k;
        uint16_t l[3];
    } __attribute__((scalar_storage_order("big-endian"))));

Test(struct, big_endian_as_the_compiler_does_it) {
    char layout[sizeof turned_layout + 8];
    size_t len = (size_t)(strstr(turned_layout, "__attribute__") - turned_layout);
    (void)snprintf(layout, sizeof layout, "big %.*s;", (int)len, turned_layout);
    struct turned s;
    for (int round = 0; round < ROUNDS; round++) {
        fill(&s, sizeof s);
        const struct decoded *d = expect_good(decode_as(layout, &s, sizeof s));
        INTEGER(d, s, a), INTEGER(d, s, b), INTEGER(d, s, c), INTEGER(d, s, e), INTEGER(d, s, f), INTEGER(d, s, g), INTEGER(d, s, h);
        INTEGER(d, s, i), INTEGER(d, s, j);
        expect_float(d, "d", s.d);
        expect_float(d, "k", (double)s.k);
        expect_integer(d, "l.2", s.l[2]);
        PLACE(d, struct turned, k), PLACE(d, struct turned, l);
    }
    expect_size(layout, sizeof s);
}
#pragma GCC diagnostic pop
#endif

/* ---- bit fields ------------------------------------------------------------------------------------------------------------- */

/* Different declared types side by side; some would cross a boundary of theirs, and some do not. */
DECLARED(
    bits, struct bits {
        uint8_t a : 3;
        uint32_t b : 17, c : 12;
        int16_t d : 5;
        uint8_t e : 7;
        uint8_t f : 2;
        uint64_t g : 33;
        int64_t h : 31;
        uint16_t i;
        uint16_t j : 9, k : 7;
        int : 0;
        int8_t l : 4;
        uint32_t m : 32;
        _Bool n : 1;
        int64_t o : 64;
        uint8_t p : 1;
    uint16_t:
        3;
        uint32_t q : 28;
        int r : 1;
        unsigned s : 5;
        char t;
    });
DECLARED(
    tight_bits, struct __attribute__((packed)) tight_bits {
        uint8_t a : 3;
        uint32_t b : 31;
        int16_t c : 9;
        uint64_t d : 61;
        uint8_t e;
        int8_t f : 6;
        int32_t g : 20;
    uint16_t:
        0;
        uint16_t h : 15;
        int64_t i : 64;
        uint32_t j;
    });
DECLARED(
    rest_bits, struct rest_bits {
        uint8_t before;
        uint32_t a : 24;
        uint32_t b : 3;
        uint8_t behind;
    });

Test(struct, bit_fields) {
    struct bits s;
    struct tight_bits t;
    struct rest_bits u;
    for (int round = 0; round < ROUNDS; round++) {
        fill(&s, sizeof s);
        fill(&t, sizeof t);
        fill(&u, sizeof u);
        const struct decoded *d = expect_good(decode_as(bits_layout, &s, sizeof s));
        INTEGER(d, s, a), INTEGER(d, s, b), INTEGER(d, s, c), INTEGER(d, s, d), INTEGER(d, s, e), INTEGER(d, s, f), INTEGER(d, s, g);
        INTEGER(d, s, h), INTEGER(d, s, i), INTEGER(d, s, j), INTEGER(d, s, k), INTEGER(d, s, l), INTEGER(d, s, m), INTEGER(d, s, n);
        INTEGER(d, s, o), INTEGER(d, s, p), INTEGER(d, s, q), INTEGER(d, s, r), INTEGER(d, s, s);
        PLACE(d, struct bits, i), PLACE(d, struct bits, t);
        d = expect_good(decode_as(tight_bits_layout, &t, sizeof t));
        INTEGER(d, t, a), INTEGER(d, t, b), INTEGER(d, t, c), INTEGER(d, t, d), INTEGER(d, t, e), INTEGER(d, t, f), INTEGER(d, t, g);
        INTEGER(d, t, h), INTEGER(d, t, i), INTEGER(d, t, j);
        PLACE(d, struct tight_bits, e), PLACE(d, struct tight_bits, j);
        d = expect_good(decode_as(rest_bits_layout, &u, sizeof u));
        INTEGER(d, u, a), INTEGER(d, u, b), INTEGER(d, u, behind);
        PLACE(d, struct rest_bits, behind);
    }
    expect_size(bits_layout, sizeof s);
    expect_size(tight_bits_layout, sizeof t);
    expect_size(rest_bits_layout, sizeof u);
}

#ifdef __x86_64__
/* "Unnamed bit-fields' types do not affect the alignment of a structure" (AMD64 supplement); on arm64 they do. */
DECLARED(
    nameless, struct nameless {
        uint8_t a;
    uint32_t:
        8;
        uint8_t b : 4;
    uint32_t:
        0;
        uint8_t c;
    });

Test(struct, bit_fields_without_a_name) {
    struct nameless s;
    fill(&s, sizeof s);
    const struct decoded *d = expect_good(decode_as(nameless_layout, &s, sizeof s));
    INTEGER(d, s, a), INTEGER(d, s, b), INTEGER(d, s, c);
    PLACE(d, struct nameless, c);
    expect_size(nameless_layout, sizeof s);
}
#endif

/* Within the bytes that they touch, and within their struct. */
Test(struct, bit_fields_have_spans) {
    static const uint8_t bytes[] = {0xFF, 0x00, 0xFF, 0x00};
    const struct decoded *d = expect_good(decode_as("struct t { u32 a : 3, b : 8, c : 5, d : 16; };", bytes, 4));
    cr_assert_str_eq(d->json, "{\"a\":7,\"b\":31,\"c\":0,\"d\":255}");
    expect_place(d, "a", 0, 1), expect_place(d, "b", 0, 2), expect_place(d, "c", 1, 1), expect_place(d, "d", 2, 2);
}

/* ---- structs, arrays, unions ------------------------------------------------------------------------------------------------ */

enum { WIDTH = 3 };
DECLARED(
    leg, struct leg {
        uint32_t id;
        double px;
        char mark;
    });
DECLARED(
    whole, struct whole {
        uint8_t first;
        struct leg legs[2];
        uint16_t grid[2][WIDTH];
        struct {
            uint8_t a;
            uint64_t b;
        } inner, more[2];
        union {
            uint32_t word;
            float number;
            uint8_t octets[6];
        } any;
        union {
            uint16_t low;
            uint64_t all;
        };
        struct {
            uint8_t x;
            struct {
                int32_t y;
                uint8_t z : 3, w : 5;
            };
        };
        char names[2][4];
        uint8_t last;
    });

Test(struct, structs_arrays_and_unions) {
    char layout[sizeof leg_layout + sizeof whole_layout + 32];
    (void)snprintf(layout, sizeof layout, "#define WIDTH 3\n%s%s", leg_layout, whole_layout);
    struct whole s;
    for (int round = 0; round < ROUNDS; round++) {
        fill(&s, sizeof s);
        const struct decoded *d = expect_good(decode_as(layout, &s, sizeof s));
        PLACE(d, struct whole, legs), PLACE(d, struct whole, grid), PLACE(d, struct whole, inner), PLACE(d, struct whole, more);
        PLACE(d, struct whole, any), PLACE(d, struct whole, low), PLACE(d, struct whole, all), PLACE(d, struct whole, x);
        PLACE(d, struct whole, y), PLACE(d, struct whole, names), PLACE(d, struct whole, last), PLACE(d, struct whole, any.octets);
        PLACE(d, struct whole, inner.b);
        expect_place(d, "", 0, sizeof s);
        expect_place(d, "legs.1", offsetof(struct whole, legs[1]), sizeof(struct leg));
        expect_place(d, "legs.1.px", offsetof(struct whole, legs[1].px), 8);
        expect_place(d, "grid.1.2", offsetof(struct whole, grid[1][2]), 2);
        expect_place(d, "more.1.b", offsetof(struct whole, more[1].b), 8);
        expect_place(d, "names.1", offsetof(struct whole, names[1]), 4);
        INTEGER(d, s, first), INTEGER(d, s, inner.a), INTEGER(d, s, inner.b), INTEGER(d, s, any.word), INTEGER(d, s, low);
        INTEGER(d, s, all), INTEGER(d, s, x), INTEGER(d, s, y), INTEGER(d, s, z), INTEGER(d, s, w), INTEGER(d, s, last);
        expect_integer(d, "legs.0.id", s.legs[0].id);
        expect_float(d, "legs.1.px", s.legs[1].px);
        expect_integer(d, "grid.1.2", s.grid[1][2]);
        expect_integer(d, "more.1.b", (int64_t)s.more[1].b);
        expect_integer(d, "any.octets.5", s.any.octets[5]);
        expect_float(d, "any.number", (double)s.any.number);
    }
    expect_size(layout, sizeof s);
}

Test(struct, names_of_types) {
    static const uint8_t bytes[] = {7, 1, 0, 0};
    cr_assert_str_eq(
        decode_as("typedef uint8_t id; typedef struct { id x; } P; typedef struct Q { P p; } Q; struct R { struct Q q; };", bytes, 1)->json,
        "{\"q\":{\"p\":{\"x\":7}}}");
    cr_assert_str_eq(decode_as("typedef enum { A, B = 7 } E; typedef unsigned char u8; struct R { u8 pad; u8 bytes, endian; u8 align; };",
                               bytes, 4)
                         ->json,
                     "{\"pad\":7,\"bytes\":1,\"endian\":0,\"align\":0}");
    const struct topic topic = topic_of("struct:A", "struct A { u8 x; }; struct B { u16 y; };");
    expect_json(&sctx_decoder_struct, &topic, "05", "{\"x\":5}");
    const struct topic last = topic_of("struct", "struct A { u8 x; }; struct B { u16 y; }; enum E { V };");
    expect_json(&sctx_decoder_struct, &last, "0500", "{\"y\":5}");
    const struct topic renamed = topic_of("struct:T", "union A { u8 x; i8 y; }; typedef union A T;");
    expect_json(&sctx_decoder_struct, &renamed, "ff", "{\"x\":255,\"y\":-1}");
}

/* ---- values ----------------------------------------------------------------------------------------------------------------- */

Test(struct, text_and_bytes) {
    const struct topic text = topic_of("struct", "struct t { char a[4]; char b; bytes c[2]; u8 d[2]; char e[2][2]; };");
    expect_json(&sctx_decoder_struct, &text, "61620063 78 0102 0304 61626300",
                "{\"a\":\"ab\",\"b\":\"x\",\"c\":{\"$base64\":\"AQI=\"},\"d\":[3,4],\"e\":[\"ab\",\"c\"]}");
    expect_json(&sctx_decoder_struct, &text, "00ffffff 00 0000 0000 c3a90061",
                "{\"a\":\"\",\"b\":\"\",\"c\":{\"$base64\":\"AAA=\"},\"d\":[0,0],\"e\":[\"\xc3\xa9\",\"\"]}");
    expect_json(
        &sctx_decoder_struct, &text, "61ff0063 e9 0000 0000 eda00000",
        "{\"a\":{\"$base64\":\"Yf8=\"},\"b\":{\"$base64\":\"6Q==\"},\"c\":{\"$base64\":\"AAA=\"},\"d\":[0,0],\"e\":[{\"$base64\":\"7aA=\"},\"\"]}");
}

Test(struct, bools) {
    const struct topic topic = topic_of("struct", "struct t { bool a; _Bool b, c; u8 d : 7; bool e : 1; };");
    expect_json(&sctx_decoder_struct, &topic, "00 01 02 80", "{\"a\":false,\"b\":true,\"c\":2,\"d\":0,\"e\":true}");
    const struct decoded *d = decode_hex(&sctx_decoder_struct, &topic, "00 01 ff 80");
    sctx_str label = tree_str(&d->tree, expect_node(d, "c")->label);
    cr_assert(label.n == 10 && memcmp(label.p, "not a bool", 10) == 0);
}

/* IEEE 754-2008, binary16 (3.6, table 3.5: emax 15, 10 bits of fraction). */
Test(struct, half_precision) {
    const struct topic topic = topic_of("struct", "struct t { f16be x; };");
    static const struct {
        const char *hex;
        double value;
    } cases[] = {{"3c00", 1.0},     {"c000", -2.0},      {"7bff", 65504.0},        {"0400", 0x1p-14},
                 {"0001", 0x1p-24}, {"03ff", 0x3FFp-24}, {"3555", 0.333251953125}, {"0000", 0.0},
                 {"8000", -0.0},    {"7c00", INFINITY},  {"fc00", -INFINITY},      {"7e00", NAN}};
    char json[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_float(decode_hex(&sctx_decoder_struct, &topic, cases[i].hex), "x", cases[i].value);
        (void)snprintf(json, sizeof json, "{\"x\":%.17g}", cases[i].value);
        if (isfinite(cases[i].value)) expect_encoded(&sctx_decoder_struct, &topic, json, cases[i].hex);
    }
    expect_encoded(&sctx_decoder_struct, &topic, "{\"x\":{\"$float\":\"-inf\"}}", "fc00");
    expect_encoded(&sctx_decoder_struct, &topic, "{\"x\":{\"$float\":\"nan\"}}", "7e00");
    /* Ties go to the even one; half of the smallest does, too. */
    expect_encoded(&sctx_decoder_struct, &topic, "{\"x\":2049}", "6800");
    expect_encoded(&sctx_decoder_struct, &topic, "{\"x\":2051}", "6802");
    expect_encoded(&sctx_decoder_struct, &topic, "{\"x\":65519}", "7bff");
    expect_encoded(&sctx_decoder_struct, &topic, "{\"x\":2047.9999}", "6800");
    expect_encoded(&sctx_decoder_struct, &topic, "{\"x\":2.98023223876953125e-8}", "0000");
    cr_assert_eq(encode(&sctx_decoder_struct, &topic, "{\"x\":65520}")->status, SCTX_PLUGIN_UNSUPPORTED);
}

Test(struct, labels_units_and_hints) {
    const struct topic topic = topic_of(
        "struct",
        "enum Side : u8 { BUY = 1, SELL, ALSO = 2, LETTER = 'A', BIT = (1 << 7) };\n"
        "struct t { u64 time @time_ns; u32 d @duration_ns, s @size; u16 h @hex; i16 p unit(\"hPa\"); Side side[4]; f32 t @unit(\"\xc2\xb0"
        "C\"); bytes b[2] @hex; };");
    const struct decoded *d =
        expect_good(decode_hex(&sctx_decoder_struct, &topic, "0100000000000000 02000000 03000000 0400 0500 01024180 00000000 0000 0000"));
    cr_assert_eq(expect_node(d, "time")->as, SCTX_TIME_NS);
    cr_assert_eq(expect_node(d, "d")->as, SCTX_DURATION_NS);
    cr_assert_eq(expect_node(d, "s")->as, SCTX_SIZE);
    cr_assert_eq(expect_node(d, "h")->as, SCTX_HEX);
    cr_assert_eq(expect_node(d, "b")->as, SCTX_HEX);
    static const char *const labels[][2] = {{"p", "hPa"},
                                            {"side.0", "BUY"},
                                            {"side.1", "SELL"},
                                            {"side.2", "LETTER"},
                                            {"side.3", "BIT"},
                                            {"t", "\xc2\xb0"
                                                  "C"},
                                            {"h", ""}};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        sctx_str label = tree_str(&d->tree, expect_node(d, labels[i][0])->label);
        cr_assert(label.n == strlen(labels[i][1]) && memcmp(label.p, labels[i][1], label.n) == 0, "%s: %.*s", labels[i][0], (int)label.n,
                  label.p);
    }
}

/* gcc: unsigned int, or int if one of them is negative. */
DECLARED(moods, enum mood{BAD = -2, WORSE, NEUTRAL, GOOD});
DECLARED(colours, enum colour{RED = 0xFFFFFFFF, GREEN = 1});
DECLARED(
    enums, struct enums {
        enum mood a;
        enum colour b;
        enum mood c : 3;
        enum colour d : 32;
    });

Test(struct, enums_without_a_type) {
    char layout[sizeof moods_layout + sizeof colours_layout + sizeof enums_layout];
    (void)snprintf(layout, sizeof layout, "%s%s%s", moods_layout, colours_layout, enums_layout);
    struct enums s;
    for (int round = 0; round < ROUNDS; round++) {
        fill(&s, sizeof s);
        const struct decoded *d = expect_good(decode_as(layout, &s, sizeof s));
        INTEGER(d, s, a), INTEGER(d, s, b), INTEGER(d, s, c), INTEGER(d, s, d);
    }
    s = (struct enums){WORSE, RED, BAD, GREEN};
    const struct decoded *d = expect_good(decode_as(layout, &s, sizeof s));
    static const char *const labels[][2] = {{"a", "WORSE"}, {"b", "RED"}, {"c", "BAD"}, {"d", "GREEN"}};
    for (size_t i = 0; i < 4; i++) {
        sctx_str label = tree_str(&d->tree, expect_node(d, labels[i][0])->label);
        cr_assert(label.n == strlen(labels[i][1]) && memcmp(label.p, labels[i][1], label.n) == 0, "%s", labels[i][0]);
    }
}

/* ---- lengths ---------------------------------------------------------------------------------------------------------------- */

DECLARED(
    open_ended, struct open_ended {
        uint64_t a;
        uint8_t n;
        uint16_t more[];
    });

Test(struct, open_length) {
    char layout[sizeof open_ended_layout];
    memcpy(layout, open_ended_layout, sizeof layout);
    struct open_ended *s = calloc(1, sizeof *s + 8);
    s->more[0] = 1;
    s->more[1] = 2;
    size_t at = offsetof(struct open_ended, more);
    cr_assert_str_eq(decode_as(layout, s, at)->json, "{\"a\":0,\"n\":0,\"more\":[]}");
    const struct decoded *d = expect_good(decode_as(layout, s, at + 4));
    cr_assert_str_eq(d->json, "{\"a\":0,\"n\":0,\"more\":[1,2]}");
    expect_place(d, "more", at, 4);
    expect_place(d, "more.1", at + 2, 2);
    d = decode_as(layout, s, at + 3);
    cr_assert(d->status == SCTX_PLUGIN_TRUNCATED && d->off == at + 3);
    d = decode_as(layout, s, at - 1);
    cr_assert(d->status == SCTX_PLUGIN_TRUNCATED && d->off == at - 1);
    free(s);
    const struct topic text = topic_of("struct", "struct t { u8 n; char text[]; };");
    expect_json(&sctx_decoder_struct, &text, "01 616200ff", "{\"n\":1,\"text\":\"ab\"}");
    expect_json(&sctx_decoder_struct, &text, "01", "{\"n\":1,\"text\":\"\"}");
    const struct topic bytes = topic_of("struct", "struct t { bytes all[]; };");
    expect_json(&sctx_decoder_struct, &bytes, "", "{\"all\":{\"$base64\":\"\"}}");
    expect_json(&sctx_decoder_struct, &bytes, "ff00", "{\"all\":{\"$base64\":\"/wA=\"}}");
    const struct topic rows = topic_of("struct", "struct p { u8 x; }; struct t { p rows[][2]; };");
    expect_json(&sctx_decoder_struct, &rows, "01020304", "{\"rows\":[[{\"x\":1},{\"x\":2}],[{\"x\":3},{\"x\":4}]]}");
    expect_fault(&sctx_decoder_struct, &rows, "010203", SCTX_PLUGIN_TRUNCATED, 3);
    const struct topic names = topic_of("struct", "struct t { char names[][3]; };");
    expect_json(&sctx_decoder_struct, &names, "616263 780000", "{\"names\":[\"abc\",\"x\"]}");
}

Test(struct, too_short_and_too_long) {
    const struct topic topic = topic_of("struct", "struct t { u16 a; struct { u8 x[3]; pad; } b[2]; pad[2]; };");
    expect_json(&sctx_decoder_struct, &topic, "0100 02030400 05060700 0000", "{\"a\":1,\"b\":[{\"x\":[2,3,4]},{\"x\":[5,6,7]}]}");
    expect_fault(&sctx_decoder_struct, &topic, "0100 02030400 05060700 0000 00", SCTX_PLUGIN_MALFORMED, 12);
    expect_fault(&sctx_decoder_struct, &topic, "0100 02030400 05060700 00", SCTX_PLUGIN_TRUNCATED, 11);
    expect_fault(&sctx_decoder_struct, &topic, "0100 02030400 0506", SCTX_PLUGIN_TRUNCATED, 8);
    cr_assert_str_eq(decode_hex(&sctx_decoder_struct, &topic, "0100 02030400 0506")->json,
                     "{\"a\":1,\"b\":[{\"x\":[2,3,4]},{\"x\":[5,6]}]}");
    expect_fault(&sctx_decoder_struct, &topic, "0100", SCTX_PLUGIN_TRUNCATED, 2);
    expect_fault(&sctx_decoder_struct, &topic, "01", SCTX_PLUGIN_TRUNCATED, 1);
    expect_fault(&sctx_decoder_struct, &topic, "", SCTX_PLUGIN_TRUNCATED, 0);
}

/* ---- keys ------------------------------------------------------------------------------------------------------------------- */

static void expect_key(const struct decoded *d, int which, const char *want) {
    sctx_str key = tree_str(&d->tree, d->tree.keys[which]);
    cr_assert(key.n == strlen(want) && memcmp(key.p, want, key.n) == 0, "key %d: '%.*s', not '%s'", which, (int)key.n, key.p, want);
}

Test(struct, keys) {
    const struct topic topic = topic_of(
        "struct",
        "struct head { u16be id @key(self); i8 cause @key(cause); }; struct t { head h; head others[1]; bytes flow[2] @key(flow); };");
    const struct decoded *d = expect_good(decode_hex(&sctx_decoder_struct, &topic, "0102 ff 00 0000 00 00 abcd"));
    expect_key(d, SCTX_KEY_SELF, "258"), expect_key(d, SCTX_KEY_CAUSE, "-1"), expect_key(d, SCTX_KEY_FLOW, "abcd");
    d = expect_good(decode_hex(&sctx_decoder_struct, &topic, "0000 00 00 0101 01 00 0000"));
    expect_key(d, SCTX_KEY_SELF, ""), expect_key(d, SCTX_KEY_CAUSE, ""), expect_key(d, SCTX_KEY_FLOW, "");
    const struct topic text =
        topic_of("struct", "struct t { char id[4] @key(self); u8 f : 3 @key(flow), g : 5; char cause[] @key(cause); };");
    d = expect_good(decode_hex(&sctx_decoder_struct, &text, "61006262 0d 78797a"));
    expect_key(d, SCTX_KEY_SELF, "a"), expect_key(d, SCTX_KEY_FLOW, "5"), expect_key(d, SCTX_KEY_CAUSE, "xyz");
}

/* ---- layouts that are wrong ------------------------------------------------------------------------------------------------- */

struct wrong {
    const char *layout; /* ` stands before what is wrong */
    const char *why;    /* the end of the message */
};

static const struct wrong wrongs[] = {
    {"struct A { u32 id; };\nstruct B {\n  A ok;\n  `Ab legs; };", "line 4, column 3: no such type 'Ab'; did you mean 'A'?"},
    {"struct Leg { u32 id; };\nstruct B { `Lge legs; };", "line 2, column 12: no such type 'Lge'; did you mean 'Leg'?"},
    {"struct A { `uint23_t x; };", "did you mean 'uint32_t'?"},
    {"struct A { u32 x `", "expected ',' or ';', not the end"},
    {"struct A { u32 x `};", "expected ',' or ';', not '}'"},
    {"struct A { u32 x; }`", "expected ';', not the end"},
    {"struct A { u32 x; `", "expected a type, not the end"},
    {"struct A { u32 `; };", "expected a member's name, not ';'"},
    {"struct A { u32 x; u8 `x; };", "a second member 'x'"},
    {"struct A { u32 x; union { u8 y; u16 `x; }; };", "a second member 'x'"},
    {"struct A { u32 x; }; struct `A { u8 y; };", "'A' is declared already"},
    {"struct A { u8 x; `A again; };", "'A' cannot be within itself"},
    {"struct A { struct { struct `A again; } x; };", "'A' cannot be within itself"},
    {"struct A { struct A `*next; };", "a pointer means nothing to others; 'u64 NAME @hex' shows its bits"},
    {"struct A { char `*name; };", "a pointer means nothing to others; 'u64 NAME @hex' shows its bits"},
    {"struct A { u8 x[`0]; };", "'[]' takes the rest of a message"},
    {"struct A { u8 x[`-1]; };", "the array grows beyond 64 MiB"},
    {"struct A { u8 x[`67108865]; };", "the array grows beyond 64 MiB"},
    {"struct A { u64 x[4096][`4096]; };", "the array grows beyond 64 MiB"},
    {"struct A { u64 x[`18446744073709551616]; };", "a number beyond 64 bits"},
    {"struct A { u8 x[67108864]; u8 `y; };", "the struct grows beyond 64 MiB"},
    {"struct A { u8 x[2][`]; };", "only the first dimension may be open"},
    {"struct A { u8 x[1][1][1][1][1][1][1][1]`[1]; };", "more than 8 dimensions"},
    {"struct A { u8 x[]; u8 `y; };", "nothing may follow the array of open length 'x'"},
    {"struct A { u8 x[]; }; struct B { `A a; };", "a struct with an array of open length cannot be within another"},
    {"union A { u8 `x[]; };", "an array of open length ends a struct that is in no other"},
    {"struct A { struct { u8 `x[]; } in; };", "an array of open length ends a struct that is in no other"},
    {"struct A { u8 x[`N]; };", "no such constant 'N'"},
    {"struct A { u8 x : `9; };", "its type has but 8 bits"},
    {"struct A { bool x : `2; };", "its type has but 1 bits"},
    {"struct A { f32 `x : 3; };", "a bit field's type is an integer or bool"},
    {"struct A { u8 x : `0; };", "a bit field of no bits has no name"},
    {"struct A { u8 `x[2] : 3; };", "there are no arrays of bit fields"},
    {"struct A { u16be a : 3; u16le `b : 3; };", "bit fields of different byte order share a byte; put a ': 0' between them"},
    {"struct A { f32 x @`time_ns; };", "'@time_ns' goes with integers only"},
    {"struct A { u32 x @`time; };", "expected time_ns, duration_ns, size, hex, be, le, unit or key, not 'time'"},
    {"struct A { f32 x @`key(self); };", "a key is an integer, a text or bytes"},
    {"struct A { u32 x @key(`me); };", "expected 'self', 'cause' or 'flow', not 'me'"},
    {"struct A { char x[2] `unit(\"m\"); };", "only numbers have a unit"},
    {"struct A { u8 x unit(`m); };", "expected a unit in quotes, not 'm'"},
    {"struct A { u8 x unit(`\"m); };", "this text has no end; '\"' is missing"},
    {"struct A { u8 x unit(\"`\xff\"); };", "this text is not UTF-8"},
    {"enum E : u8 { A = 255, `B };", "the next value does not fit the enum's type"},
    {"enum E : u8 { A = `256 };", "this value does not fit the enum's type"},
    {"enum E { A = `4294967296 };", "write its type, as in 'enum X : u64'"},
    {"enum E { A = -1, `B = 4294967295 };", "write its type, as in 'enum X : i64'"},
    {"enum E : i8 { A = `-129 };", "this value does not fit the enum's type"},
    {"enum E : u64 { A = 18446744073709551615, `B };", "the next value does not fit the enum's type"},
    {"enum E : `f32 { A };", "an enum's type is an integer, as 'u8'"},
    {"enum E { A, `A };", "'A' is declared already"},
    {"enum E { `};", "expected a name, not '}'"},
    {"enum E { A `B };", "expected ',' or '}', not 'B'"},
    {"enum E : u64 { A = 3 << `63 };", "shifted beyond 64 bits"},
    {"struct A { `};", "a struct has at least one byte"},
    {"struct A { u32 : 0; `};", "a struct has at least one byte"},
    {"`u32 x;", "expected struct, union, enum, typedef, endian or align, not 'u32'"},
    {"endian `middle;", "expected 'little', 'big' or 'host', not 'middle'"},
    {"align `8;", "expected 'natural' or 'packed', not '8'"},
    {"struct A { u8 x; }; `/* no end", "this comment has no end; '*/' is missing"},
    {"struct A { u8 x; }; `\x01", "a byte 0x01 is not known here"},
    {"// \xc3\xa9\xc3\xa9\n/* \xc3\xa9 */ `\xc3", "line 2, column 9: a byte 0xC3 is not known here"},
    {"`#pragma pack(1)\nstruct A { u8 x; };", "write 'align packed;' or 'packed struct'"},
    {"struct A { `long double x; };", "'long double' differs from machine to machine"},
    {"struct A { `unsigned signed x; };", "these words make no type"},
    {"struct A { `short long x; };", "these words make no type"},
    {"struct A { struct `B b; };", "no such struct 'B'"},
    {"struct A { union `B b; };", "no such union 'B'"},
    {"struct A { u8 x; }; struct C { enum `A e; };", "no such enum 'A'"},
    {"struct A { u8 x; } __attribute__((`aligned(8)));", "'packed' is the only attribute known here"},
    {"typedef u8 T`[4];", "arrays have no typedef here"},
    {"struct `u8 { u8 x; };", "'u8' is a type already"},
    {"struct A { u8 x[0x`]; };", "a digit is missing"},
    {"struct A { u8 x[1`z]; };", "'z' in a number"},
    {"struct A { u8 x[0`8]; };", "'8' in a number"},
    {"enum E { A = `'' };", "expected one ASCII character in quotes"},
    {"typedef u8 T;`", "a struct is missing"},
    {"struct A { pad `x[]; };", "padding has a length"},
    {"packed `enum E { A };", "expected 'struct' or 'union', not 'enum'"},
};

Test(struct, wrong_layouts) {
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        const char *text = wrongs[i].layout, *mark = strchr(text, '`');
        char layout[256];
        size_t at = (size_t)(mark - text), len = strlen(text) - 1, tail = strlen(wrongs[i].why);
        memcpy(layout, text, at);
        memcpy(layout + at, mark + 1, len - at);
        const struct topic topic = {.encoding = "struct", .schema = layout, .schema_len = len};
        const struct decoded *d = decode(&sctx_decoder_struct, &topic, "", 0);
        bool ends_so = strlen(d->why) >= tail && strcmp(d->why + strlen(d->why) - tail, wrongs[i].why) == 0;
        cr_expect(d->status == SCTX_PLUGIN_BAD_SCHEMA && d->off == at && ends_so && strncmp(d->why, "line ", 5) == 0,
                  "%s: status %d at %u, not %zu: %s", text, d->status, d->off, at, d->why);
    }
}

Test(struct, no_such_struct) {
    const struct topic none = {.encoding = "struct:Order"};
    const struct decoded *d = decode(&sctx_decoder_struct, &none, "", 0);
    cr_assert_eq(d->status, SCTX_PLUGIN_BAD_SCHEMA);
    cr_assert_str_eq(d->why, "a layout is missing; register one with: sctx pub --encoding struct:Order --schema FILE");
    const struct topic other = topic_of("struct:Order", "struct Odrer { u8 x; };");
    d = decode(&sctx_decoder_struct, &other, "", 0);
    cr_assert_eq(d->status, SCTX_PLUGIN_BAD_SCHEMA);
    cr_assert_str_eq(d->why, "the layout has no struct 'Order'; its last one is 'Odrer'");
    struct topic kind = topic_of("struct", "struct A { u8 x; };");
    kind.kind = "protobuf-fds";
    cr_assert_eq(decode(&sctx_decoder_struct, &kind, "", 0)->status, SCTX_PLUGIN_BAD_SCHEMA);
    kind.kind = "struct-layout";
    expect_json(&sctx_decoder_struct, &kind, "07", "{\"x\":7}");
}

/* What is nested without end, or large without end, neither crashes nor takes long. */
Test(struct, extreme_layouts) {
    enum { ROOM = 1 << 20 };
    char *layout = malloc(ROOM);
    cr_assert_not_null(layout);
    size_t len = 0;
    while (len < ROOM - 16) len += (size_t)sprintf(layout + len, "struct{");
    struct topic topic = {.encoding = "struct", .schema = layout, .schema_len = len};
    cr_assert_eq(decode(&sctx_decoder_struct, &topic, "", 0)->status, SCTX_PLUGIN_BAD_SCHEMA);
    len = (size_t)sprintf(layout, "struct S0 { u8 x; };\n");
    for (int i = 1; i <= 600; i++) len += (size_t)sprintf(layout + len, "struct S%d { S%d x; };\n", i, i - 1);
    topic.schema_len = len;
    const struct decoded *d = decode(&sctx_decoder_struct, &topic, "", 0);
    cr_assert(d->status == SCTX_PLUGIN_BAD_SCHEMA && strstr(d->why, "512") != NULL, "%s", d->why);
    len = (size_t)sprintf(layout, "struct S {");
    for (int i = 0; i <= 65536; i++) len += (size_t)sprintf(layout + len, "u8 a%d;", i);
    topic.schema_len = len + (size_t)sprintf(layout + len, "};");
    d = decode(&sctx_decoder_struct, &topic, "", 0);
    cr_assert(d->status == SCTX_PLUGIN_BAD_SCHEMA && strstr(d->why, "65536") != NULL, "%s", d->why);
    len = (size_t)sprintf(layout, "union U0 { u8 a, b; };\n");
    for (int i = 1; i <= 100; i++) len += (size_t)sprintf(layout + len, "union U%d { U%d a, b; };\n", i, i - 1);
    topic.schema_len = len;
    d = decode(&sctx_decoder_struct, &topic, "x", 1);
    cr_assert(d->status == SCTX_PLUGIN_OK && d->cut, "2 to the power of 100 members are cut");
    len = 0;
    while (len < ROOM - 16) len += (size_t)sprintf(layout + len, "#define ");
    topic.schema_len = len;
    cr_assert_eq(decode(&sctx_decoder_struct, &topic, "", 0)->status, SCTX_PLUGIN_BAD_SCHEMA);
    free(layout);
}

/* ---- encoding --------------------------------------------------------------------------------------------------------------- */

static void expect_image(const char *layout, const char *json, const void *want, size_t len) {
    const struct topic topic = topic_of("struct", layout);
    const struct encoded *e = encode(&sctx_decoder_struct, &topic, json);
    cr_assert(e->status == SCTX_PLUGIN_OK && e->len == len && memcmp(e->data, want, len) == 0, "%s: status %d at %u (%s), %s", json,
              e->status, e->off, e->why, e->hex);
}

Test(struct, encoded_as_the_compiler_does_it) {
    struct bits s;
    memset(&s, 0, sizeof s);
    s.a = 5, s.b = 70000, s.c = 4095, s.d = -16, s.e = 100, s.g = 0x1FFFFFFFF, s.h = -5, s.k = 127, s.l = -8, s.n = 1, s.o = INT64_MIN,
    s.q = 0xABCDEF, s.r = -1, s.t = 'x';
    expect_image(
        bits_layout,
        "{\"a\":5,\"b\":70000,\"c\":4095,\"d\":-16,\"e\":100,\"g\":8589934591,\"h\":-5,\"k\":127,\"l\":-8,\"n\":true,\"o\":-9223372036854775808,"
        "\"q\":11259375,\"r\":-1,\"t\":\"x\"}",
        &s, sizeof s);
    char layout[sizeof leg_layout + sizeof whole_layout + 32];
    (void)snprintf(layout, sizeof layout, "#define WIDTH 3\n%s%s", leg_layout, whole_layout);
    struct whole w;
    memset(&w, 0, sizeof w);
    w.legs[1].id = 7, w.legs[1].px = -0.1, w.grid[1][2] = 65535, w.more[1].b = UINT64_MAX, w.any.number = 0.1f, w.all = 0x0102, w.y = -1;
    w.w = 31;
    memcpy(w.names[1], "abcd", 4);
    expect_image(
        layout,
        "{\"w\":31,\"y\":-1,\"legs\":[{},{\"px\":-0.1,\"id\":7}],\"grid\":[[0,0,0],[0,0,65535]],\"more\":[{},{\"b\":18446744073709551615}],"
        "\"any\":{\"number\":0.1},\"low\":258,\"all\":258,\"names\":[\"\",\"abcd\"]}",
        &w, sizeof w);
}

Test(struct, encoded) {
    const struct topic topic =
        topic_of("struct",
                 "enum E : i8 { M = -3, N }; big struct t { u16 a; E e[2]; char s[4]; bytes b[2]; bool f; pad; f32 x; u16le z; };");
    expect_encoded(&sctx_decoder_struct, &topic, "{}",
                   "0000"
                   "0000"
                   "00000000"
                   "0000"
                   "00"
                   "00"
                   "00000000"
                   "0000"
                   "0000");
    expect_encoded(&sctx_decoder_struct, &topic,
                   "{\"z\":1,\"a\":258,\"e\":[\"M\",-2],\"s\":\"ab\",\"b\":{\"$base64\":\"/wA=\"},\"f\":true,\"x\":1}",
                   "0102"
                   "fdfe"
                   "61620000"
                   "ff00"
                   "01"
                   "00"
                   "3f800000"
                   "0100"
                   "0000");
    expect_encoded(&sctx_decoder_struct, &topic, "{\"f\":2,\"x\":{\"$float\":\"inf\"},\"s\":{\"$base64\":\"/////w==\"}}",
                   "0000"
                   "0000"
                   "ffffffff"
                   "0000"
                   "02"
                   "00"
                   "7f800000"
                   "0000"
                   "0000");
    const struct topic open = topic_of("struct", "struct t { u32 n; u8 more[]; };");
    expect_encoded(&sctx_decoder_struct, &open, "{\"more\":[1,2,3],\"n\":3}", "03000000010203");
    expect_encoded(&sctx_decoder_struct, &open, "{}", "00000000");
    const struct topic text = topic_of("struct", "struct t { char all[]; };");
    expect_encoded(&sctx_decoder_struct, &text, "{\"all\":\"abc\"}", "616263");
    const struct topic both = topic_of("struct", "union t { u32be word; u8 parts[4]; char text[4]; };");
    expect_encoded(&sctx_decoder_struct, &both, "{\"word\":1633837824,\"parts\":[97,98,99,0],\"text\":\"abc\"}", "61626300");
    expect_encoded(&sctx_decoder_struct, &both, "{\"text\":\"abcd\"}", "61626364");
}

Test(struct, not_encoded) {
    static const char layout[] =
        "enum E : u8 { A }; struct in { u8 x; }; "
        "struct t { u8 a; i16 b; E e; u8 f : 3; char s[2]; bytes d[2]; u8 l[2]; in i; bool g; f32 x; union { u8 p; u8 q; }; u64 w; i8 h : 4; };";
    static const struct {
        const char *json; /* ` stands before what is wrong */
        const char *why;
    } cases[] = {
        {"{\"a\":`300}", "300 does not fit u8"},
        {"{\"a\":`-1}", "-1 does not fit u8"},
        {"{\"a\":`1.5}", "1.5 does not fit u8"},
        {"{\"a\":`1e1}", "1e1 does not fit u8"},
        {"{\"a\":`true}", "a bool does not fit u8"},
        {"{\"a\":`null}", "null does not fit u8"},
        {"{\"a\":`\"7\"}", "\"7\" does not fit u8"},
        {"{\"b\":`32768}", "32768 does not fit i16"},
        {"{\"b\":`-32769}", "-32769 does not fit i16"},
        {"{\"w\":`18446744073709551616}", "18446744073709551616 does not fit u64"},
        {"{\"w\":`-1}", "-1 does not fit u64"},
        {"{\"h\":`8}", "8 does not fit i8 : 4"},
        {"{\"h\":`-9}", "-9 does not fit i8 : 4"},
        {"{\"f\":`8}", "8 does not fit u8 : 3"},
        {"{\"e\":`\"B\"}", "\"B\" is no name of the enum"},
        {"{\"e\":`256}", "256 does not fit u8"},
        {"{\"s\":`\"abc\"}", "3 bytes do not fit char[2]"},
        {"{\"s\":`\"a\\u0000\"}", "a NUL would end the text"},
        {"{\"s\":`7}", "7 does not fit char[2]"},
        {"{\"d\":`\"ab\"}", "\"ab\" does not fit bytes[2]"},
        {"{\"d\":`{\"$base64\":\"AA==\"}}", "1 bytes, not the 2 of the member"},
        {"{\"l\":`[1]}", "1 elements, not 2"},
        {"{\"l\":`[1,2,3]}", "3 elements, not 2"},
        {"{\"l\":[1,`256]}", "256 does not fit u8"},
        {"{\"l\":`7}", "7, where an array must be"},
        {"{\"i\":`7}", "7, where an object must be"},
        {"{\"i\":{\"x\":1,\"y\":`2}}", "the struct has no member 'y'"},
        {"{\"nope\":`2}", "the struct has no member 'nope'"},
        {"{\"g\":`256}", "256 does not fit bool"},
        {"{\"x\":`3.5e38}", "3.5e38 does not fit f32"},
        {"{\"x\":`1e999}", "1e999 does not fit f32"},
        {"{\"x\":`\"1\"}", "\"1\" does not fit f32"},
        {"{\"p\":1,\"q\":`2}", "another member says otherwise about the same bytes"},
        {"{\"a\":1,\"a\":`2}", "another member says otherwise about the same bytes"},
        {"`[]", "an array, where an object must be"},
    };
    const struct topic topic = topic_of("struct", layout);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[128];
        const char *text = cases[i].json, *mark = strchr(text, '`');
        size_t at = (size_t)(mark - text);
        (void)snprintf(json, sizeof json, "%.*s%s", (int)at, text, mark + 1);
        const struct encoded *e = encode(&sctx_decoder_struct, &topic, json);
        cr_expect(e->status == SCTX_PLUGIN_UNSUPPORTED && e->off == at && strcmp(e->why, cases[i].why) == 0, "%s: status %d at %u: %s",
                  text, e->status, e->off, e->why);
    }
}
