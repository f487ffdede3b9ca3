/* JSON, RFC 8259: strict, exact in numbers of any size, duplicate names kept. No packaged library is all of that and knows byte spans. */
#include <sctx/plugin.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* An instance: room for strings whose escapes have been replaced. */
struct json {
    char *text;
    size_t room;
};

struct scan {
    struct json *json;
    const char *data;
    size_t at, len;
    uint32_t depth;
    sctx_out *out;
    int status;  /* enum sctx_plugin_status */
    bool is_cut; /* the host wants no more */
};

static bool scan_value(struct scan *scan, sctx_str name);

/* ---- errors ----------------------------------------------------------------------------------------------------------------- */

static bool fail_at(struct scan *scan, size_t off, const char *why) {
    if (scan->status == SCTX_PLUGIN_OK) {
        scan->status = off >= scan->len ? SCTX_PLUGIN_TRUNCATED : SCTX_PLUGIN_MALFORMED;
        scan->out->fail(scan->out, (uint32_t)off, why);
    }
    return false;
}

static bool fail(struct scan *scan, const char *why) {
    return fail_at(scan, scan->at, why);
}

/* Nonzero from the host: no more of it, but that is no error. */
static bool goes_on(struct scan *scan, int stop) {
    scan->is_cut |= stop != 0;
    return stop == 0;
}

/* ---- characters ------------------------------------------------------------------------------------------------------------- */

static int look(const struct scan *scan) {
    return scan->at < scan->len ? (unsigned char)scan->data[scan->at] : -1;
}

static void skip_white(struct scan *scan) {
    for (int c = look(scan); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = look(scan)) scan->at++;
}

static sctx_span span_from(const struct scan *scan, size_t from) {
    return (sctx_span){(uint32_t)from, (uint32_t)(scan->at - from)};
}

/* Bytes of the UTF-8 sequence at `text` (RFC 3629, table 3-7 of Unicode); 0: it is none. */
static size_t utf8_length(const unsigned char *text, size_t len) {
    size_t bytes = text[0] < 0xC2 ? 0 : text[0] < 0xE0 ? 2 : text[0] < 0xF0 ? 3 : text[0] < 0xF5 ? 4 : 0;
    if (bytes == 0 || len < bytes) return 0;
    for (size_t i = 1; i < bytes; i++)
        if ((text[i] & 0xC0) != 0x80) return 0;
    if ((text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xED && text[1] > 0x9F)) return 0;
    return (text[0] == 0xF0 && text[1] < 0x90) || (text[0] == 0xF4 && text[1] > 0x8F) ? 0 : bytes;
}

/* ---- strings ---------------------------------------------------------------------------------------------------------------- */

static int hex_value(int c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four digits behind \u. */
static bool scan_hex4(struct scan *scan, uint32_t *code) {
    *code = 0;
    for (int i = 0; i < 4; i++, scan->at++) {
        int digit = hex_value(look(scan));
        if (digit < 0) return fail(scan, "four hexadecimal digits must follow \\u");
        *code = *code << 4 | (uint32_t)digit;
    }
    return true;
}

static size_t put_utf8(char *to, uint32_t code) {
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    size_t bytes = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = bytes; i-- > 1; code >>= 6) to[i] = (char)(0x80 | (code & 0x3F));
    to[0] = (char)(lead[bytes] | code);
    return bytes;
}

/* Behind a backslash. An escape takes more room in the payload than what it stands for. */
static bool scan_escape(struct scan *scan, char *to, size_t *len) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    int c = look(scan);
    if (c == 'u') {
        uint32_t code, low;
        scan->at++;
        if (!scan_hex4(scan, &code)) return false;
        size_t back = scan->at;
        if (code >= 0xD800 && code <= 0xDBFF && scan->len - scan->at >= 6 && memcmp(scan->data + scan->at, "\\u", 2) == 0) {
            scan->at += 2;
            if (!scan_hex4(scan, &low)) return false;
            if (low >= 0xDC00 && low <= 0xDFFF)
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            else
                scan->at = back; /* two that are no pair: each for itself */
        }
        *len += put_utf8(to + *len, code);
        return true;
    }
    const char *letter = c > 0 ? strchr(letters, c) : NULL;
    if (letter == NULL) return fail(scan, "not an escape that JSON has");
    to[(*len)++] = meanings[letter - letters];
    scan->at++;
    return true;
}

static bool make_room(struct scan *scan, size_t bytes) {
    struct json *json = scan->json;
    if (bytes <= json->room) return true;
    char *larger = realloc(json->text, bytes * 2);
    if (larger == NULL) {
        scan->status = SCTX_PLUGIN_INTERNAL;
        scan->out->fail(scan->out, (uint32_t)scan->at, "out of memory");
        return false;
    }
    json->text = larger;
    json->room = bytes * 2;
    return true;
}

/* The bytes up to the closing quote, checked; how many of them are backslashes decides whether they can be used as they are. */
static bool scan_to_quote(struct scan *scan, bool *has_escapes) {
    *has_escapes = false;
    for (;;) {
        int c = look(scan);
        if (c == '"') return true;
        if (c < 0) return fail(scan, "the string does not end");
        if (c < 0x20) return fail(scan, "a control character must be escaped");
        if (c == '\\') {
            *has_escapes = true;
            scan->at++;
            if (look(scan) < 0) return fail(scan, "the string does not end");
            scan->at++;
        } else if (c < 0x80) {
            scan->at++;
        } else {
            size_t bytes = utf8_length((const unsigned char *)scan->data + scan->at, scan->len - scan->at);
            if (bytes == 0) return fail(scan, "not UTF-8");
            scan->at += bytes;
        }
    }
}

/* At a quote. The string is valid until the next one. */
static bool scan_string(struct scan *scan, sctx_str *str) {
    size_t from = ++scan->at;
    bool has_escapes;
    if (!scan_to_quote(scan, &has_escapes)) return false;
    size_t end = scan->at;
    *str = (sctx_str){scan->data + from, end - from};
    if (has_escapes) {
        if (!make_room(scan, end - from)) return false;
        size_t len = 0;
        char *text = scan->json->text;
        for (scan->at = from; scan->at < end;) {
            char c = scan->data[scan->at++];
            if (c != '\\')
                text[len++] = c;
            else if (!scan_escape(scan, text, &len))
                return false;
        }
        *str = (sctx_str){text, len};
    }
    scan->at = end + 1;
    return true;
}

/* ---- values ----------------------------------------------------------------------------------------------------------------- */

static size_t scan_digits(struct scan *scan) {
    size_t from = scan->at;
    while (look(scan) >= '0' && look(scan) <= '9') scan->at++;
    return scan->at - from;
}

/* An integer of 64 bits, if it is one; else the digits are kept. "-0" is no integer that could keep its sign. */
static sctx_value number_value(const char *text, size_t len, bool is_integer) {
    const sctx_value digits = {.type = SCTX_NUMBER, .v.s = {text, len}};
    bool negative = text[0] == '-';
    uint64_t value = 0;
    if (!is_integer) return digits;
    for (size_t i = negative; i < len; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) return digits;
        value = value * 10 + digit;
    }
    if (negative && (value == 0 || value > (uint64_t)INT64_MAX + 1)) return digits;
    if (negative) return (sctx_value){.type = SCTX_I64, .v.i = -1 - (int64_t)(value - 1)};
    if (value > (uint64_t)INT64_MAX) return (sctx_value){.type = SCTX_U64, .v.u = value};
    return (sctx_value){.type = SCTX_I64, .v.i = (int64_t)value};
}

static bool scan_number(struct scan *scan, sctx_str name) {
    size_t from = scan->at;
    bool is_integer = true;
    if (look(scan) == '-') scan->at++;
    size_t first = scan->at, digits = scan_digits(scan);
    if (digits == 0) return fail(scan, "a digit is missing");
    if (digits > 1 && scan->data[first] == '0') return fail_at(scan, first + 1, "a number does not begin with 0");
    if (look(scan) == '.') {
        is_integer = false;
        scan->at++;
        if (scan_digits(scan) == 0) return fail(scan, "a digit is missing behind the point");
    }
    if (look(scan) == 'e' || look(scan) == 'E') {
        is_integer = false;
        scan->at++;
        if (look(scan) == '+' || look(scan) == '-') scan->at++;
        if (scan_digits(scan) == 0) return fail(scan, "a digit is missing in the exponent");
    }
    const sctx_value value = number_value(scan->data + from, scan->at - from, is_integer);
    return goes_on(scan, scan->out->put(scan->out, name, &value, span_from(scan, from)));
}

static bool scan_word(struct scan *scan, sctx_str name, const char *word, sctx_value value) {
    size_t from = scan->at, len = strlen(word);
    for (size_t i = 0; i < len; i++, scan->at++)
        if (look(scan) != word[i]) return fail(scan, "not a JSON value");
    return goes_on(scan, scan->out->put(scan->out, name, &value, span_from(scan, from)));
}

static bool scan_member(struct scan *scan) {
    sctx_str name;
    if (look(scan) != '"') return fail(scan, "a name in quotes must follow");
    if (!scan_string(scan, &name)) return false;
    /* A string behind it takes the room that a name with escapes stands in, before the host is handed that name. */
    char few[64], *copy = NULL;
    if (name.p == scan->json->text) {
        char *to = name.n <= sizeof few ? few : (copy = malloc(name.n));
        if (to == NULL) return fail(scan, "out of memory");
        memcpy(to, name.p, name.n);
        name.p = to;
    }
    skip_white(scan);
    bool whole = look(scan) == ':';
    if (!whole) (void)fail(scan, "':' must follow a name");
    if (whole) scan->at++;
    whole = whole && scan_value(scan, name);
    free(copy);
    return whole;
}

static bool scan_container(struct scan *scan, sctx_str name, bool is_object) {
    char end = is_object ? '}' : ']';
    if (!goes_on(scan, scan->out->open(scan->out, name, is_object ? SCTX_OBJECT : SCTX_ARRAY, (sctx_span){(uint32_t)scan->at, 1})))
        return false;
    scan->at++;
    skip_white(scan);
    bool first = true;
    while (look(scan) != end) {
        if (!first) {
            if (look(scan) != ',') return fail(scan, is_object ? "',' or '}' must follow" : "',' or ']' must follow");
            scan->at++;
            skip_white(scan);
        }
        first = false;
        if (is_object ? !scan_member(scan) : !scan_value(scan, (sctx_str){NULL, 0})) return false;
        skip_white(scan);
    }
    scan->at++;
    return goes_on(scan, scan->out->close(scan->out, (uint32_t)scan->at));
}

static bool scan_value(struct scan *scan, sctx_str name) {
    skip_white(scan);
    size_t from = scan->at;
    switch (look(scan)) {
    case '{': return scan_container(scan, name, true);
    case '[': return scan_container(scan, name, false);
    case 't': return scan_word(scan, name, "true", (sctx_value){.type = SCTX_BOOL, .v.u = 1});
    case 'f': return scan_word(scan, name, "false", (sctx_value){.type = SCTX_BOOL, .v.u = 0});
    case 'n': return scan_word(scan, name, "null", (sctx_value){.type = SCTX_NULL});
    case '"': {
        sctx_value value = {.type = SCTX_TEXT};
        if (!scan_string(scan, &value.v.s)) return false;
        return goes_on(scan, scan->out->put(scan->out, name, &value, span_from(scan, from)));
    }
    case -1: return fail(scan, "a value is missing");
    default: break;
    }
    bool is_number = look(scan) == '-' || (look(scan) >= '0' && look(scan) <= '9');
    return is_number ? scan_number(scan, name) : fail(scan, "not a JSON value");
}

/* ---- the slots -------------------------------------------------------------------------------------------------------------- */

static int json_open(const sctx_schema *schema, void **self, sctx_out *out) {
    (void)schema;
    *self = calloc(1, sizeof(struct json));
    if (*self != NULL) return SCTX_PLUGIN_OK;
    out->fail(out, 0, "out of memory");
    return SCTX_PLUGIN_INTERNAL;
}

static void json_close(void *self) {
    struct json *json = self;
    if (json != NULL) free(json->text);
    free(json);
}

static int json_decode(void *self, const void *data, size_t len, sctx_out *out) {
    struct scan scan = {.json = self, .data = data, .len = len, .out = out};
    if (!scan_value(&scan, (sctx_str){NULL, 0})) return scan.status;
    skip_white(&scan);
    if (scan.at < scan.len) (void)fail(&scan, "something follows the value");
    return scan.status;
}

SCTX_PLUGIN("name=json\nversion=1.0\nlicense=MIT\nencodings=json\nsummary=JSON, RFC 8259, numbers of any size\n", .open = json_open,
            .close = json_close, .decode = json_decode);
