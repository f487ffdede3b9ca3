#include "options.h"
#include "inert.h"
#include "units.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { HELP_COLUMN = 28, WORD_MAX = 32 };

struct parse {
    struct option_table *tables;
    int argc, at;
    char **argv;
    struct complaint *complaint;
    bool first_only;
};

/* Where operands may follow, what was taken for an option may have been meant for one. */
static const char *hint(const struct parse *parse) {
    return parse->first_only ? "" : "; what begins with '-' and is no option goes behind --";
}

static bool complain(struct parse *parse, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool complain(struct parse *parse, const char *format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(parse->complaint->text, sizeof parse->complaint->text, format, list);
    va_end(list);
    return false;
}

static bool choice_parse(const struct option *option, const char *text, size_t *choice) {
    for (size_t i = 0; option->choices[i] != NULL; i++)
        if (strcmp(option->choices[i], text) == 0) {
            *choice = i;
            return true;
        }
    return false;
}

static bool value_parse(const struct option *option, const char *text, struct value *value) {
    value->text = text;
    switch (option->type) {
    case OPTION_FLAG:
    case OPTION_TEXT: return true;
    case OPTION_NUMBER: return number_parse(text, &value->number);
    case OPTION_REAL: return real_parse(text, &value->real);
    case OPTION_SIZE: return size_parse(text, &value->number);
    case OPTION_DURATION: return duration_parse(text, &value->ns);
    case OPTION_CHOICE: return choice_parse(option, text, &value->choice);
    }
    return false;
}

static void expected(const struct option *option, char *text, size_t size) {
    static const char *const what[] = {
        [OPTION_FLAG] = "no value",
        [OPTION_TEXT] = "a text",
        [OPTION_NUMBER] = "a whole number",
        [OPTION_REAL] = "a number",
        [OPTION_SIZE] = "a size such as 64KiB or 1MiB",
        [OPTION_DURATION] = "a duration such as 300ms, 2s or 5m (a bare number: seconds)",
    };
    if (option->type != OPTION_CHOICE) {
        snprintf(text, size, "%s", what[option->type]);
        return;
    }
    size_t len = 0;
    for (size_t i = 0; option->choices[i] != NULL && len < size; i++)
        len += (size_t)snprintf(text + len, size - len, "%s%s",
                                i == 0                           ? ""
                                : option->choices[i + 1] == NULL ? " or "
                                                                 : ", ",
                                option->choices[i]);
}

static bool assign(struct parse *parse, const struct option *option, struct value *value, const char *text) {
    char wanted[160];
    if (text == NULL && option->type != OPTION_FLAG) {
        if (parse->at == parse->argc) {
            expected(option, wanted, sizeof wanted);
            return complain(parse, "option --%s needs a value: %s", option->name, wanted);
        }
        text = parse->argv[parse->at++];
    }
    if (!value_parse(option, text, value)) {
        expected(option, wanted, sizeof wanted);
        return complain(parse, "option --%s takes %s, not '%.100s'%s", option->name, wanted, text,
                        option->type != OPTION_CHOICE && number_is_too_large(text) && text[0] != '-' ? ", which is too large" : "");
    }
    if (option->type == OPTION_TEXT && value->count == OPTION_TIMES)
        return complain(parse, "option --%s was given more than %d times", option->name, (int)OPTION_TIMES);
    if (option->type == OPTION_TEXT) value->all[value->count++] = text;
    value->given = true;
    return true;
}

static bool parse_long(struct parse *parse, const char *word) {
    const char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    char name[WORD_MAX];
    snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), word);
    struct nearest nearest = {.word = name};
    for (size_t t = 0; t < OPTION_TABLES; t++)
        for (size_t i = 0; i < parse->tables[t].count; i++) {
            const struct option *option = &parse->tables[t].options[i];
            nearest_try(&nearest, option->name);
            if (strlen(option->name) != len || memcmp(option->name, word, len) != 0) continue;
            if (option->type == OPTION_FLAG && equals != NULL) return complain(parse, "option --%s takes no value", option->name);
            return assign(parse, option, &parse->tables[t].values[i], equals != NULL ? equals + 1 : NULL);
        }
    if (nearest.best != NULL)
        return complain(parse, "unknown option --%.*s; did you mean --%s?", (int)(len < 100 ? len : 100), word, nearest.best);
    return complain(parse, "unknown option --%.*s%s", (int)(len < 100 ? len : 100), word, hint(parse));
}

static const struct option *find_letter(struct parse *parse, char letter, struct value **value) {
    for (size_t t = 0; t < OPTION_TABLES; t++)
        for (size_t i = 0; i < parse->tables[t].count; i++)
            if (parse->tables[t].options[i].letter == letter) {
                *value = &parse->tables[t].values[i];
                return &parse->tables[t].options[i];
            }
    return NULL;
}

/* -n5, -n 5, -vj */
static bool parse_letters(struct parse *parse, const char *word) {
    for (; *word != '\0'; word++) {
        struct value *value = NULL;
        const struct option *option = find_letter(parse, *word, &value);
        if (option == NULL) return complain(parse, "unknown option -%c%s", *word, hint(parse));
        if (!assign(parse, option, value, option->type != OPTION_FLAG && word[1] != '\0' ? word + 1 : NULL)) return false;
        if (option->type != OPTION_FLAG) break;
    }
    return true;
}

/* A lone "-" and negative numbers are operands, also those that are infinite or none. */
static bool is_option(const char *word) {
    double number;
    return word[0] == '-' && word[1] != '\0' && !isdigit((unsigned char)word[1]) && word[1] != '.' && !real_parse(word, &number);
}

int options_parse(struct option_table tables[static OPTION_TABLES], int argc, char **argv, bool first_only, int *before,
                  struct complaint *complaint) {
    struct parse parse = {.tables = tables, .argc = argc, .argv = argv, .complaint = complaint, .first_only = first_only};
    int operands = 0;
    bool ended = false;
    if (before != NULL) *before = -1;
    while (parse.at < argc) {
        char *word = argv[parse.at++];
        if (ended || !is_option(word)) {
            argv[operands++] = word;
            if (first_only) {
                memmove(argv + 1, argv + parse.at, (size_t)(argc - parse.at) * sizeof *argv);
                return 1 + argc - parse.at;
            }
        } else if (strcmp(word, "--") == 0) {
            ended = true;
            if (before != NULL) *before = operands;
        } else if (word[1] == '-' ? !parse_long(&parse, word + 2) : !parse_letters(&parse, word + 1)) {
            return -1;
        }
    }
    return operands;
}

void options_reset(struct option_table *table) {
    for (size_t i = 0; i < table->count; i++) {
        table->values[i] = (struct value){.given = false};
        if (table->options[i].fallback != NULL) value_parse(&table->options[i], table->options[i].fallback, &table->values[i]);
    }
}

void options_help(struct out *out, const struct option *options, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char left[64];
        int len = snprintf(left, sizeof left, "  %c%c%s --%s%s%s", options[i].letter != 0 ? '-' : ' ',
                           options[i].letter != 0 ? options[i].letter : ' ', options[i].letter != 0 ? "," : " ", options[i].name,
                           options[i].argument != NULL ? " " : "", options[i].argument != NULL ? options[i].argument : "");
        out_text(out, left);
        if (len >= HELP_COLUMN) out_char(out, '\n');
        for (int column = len >= HELP_COLUMN ? 0 : len; column < HELP_COLUMN; column++) out_char(out, ' ');
        for (const char *c = options[i].help; *c != '\0'; c++) {
            out_char(out, *c);
            for (int column = 0; *c == '\n' && column < HELP_COLUMN; column++) out_char(out, ' ');
        }
        if (options[i].fallback != NULL) out_format(out, " (default: %s)", options[i].fallback);
        out_char(out, '\n');
    }
}

void options_json(struct out *out, const struct option *options, size_t count) {
    static const char *const types[] = {
        [OPTION_FLAG] = "flag", [OPTION_TEXT] = "string",       [OPTION_NUMBER] = "number", [OPTION_REAL] = "number",
        [OPTION_SIZE] = "size", [OPTION_DURATION] = "duration", [OPTION_CHOICE] = "choice"};
    out_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        out_format(out, "%s{\"name\":\"%s\",\"short\":", i == 0 ? "" : ",", options[i].name);
        if (options[i].letter != 0)
            out_format(out, "\"%c\"", options[i].letter);
        else
            out_text(out, "null");
        out_format(out, ",\"type\":\"%s\",\"argument\":", types[options[i].type]);
        if (options[i].argument != NULL)
            inert_json_name(out, options[i].argument);
        else
            out_text(out, "null");
        out_text(out, ",\"help\":");
        inert_json_name(out, options[i].help);
        out_text(out, ",\"default\":");
        if (options[i].fallback != NULL)
            inert_json_name(out, options[i].fallback);
        else
            out_text(out, "null");
        out_text(out, ",\"choices\":[");
        for (size_t c = 0; options[i].choices != NULL && options[i].choices[c] != NULL; c++)
            out_format(out, "%s\"%s\"", c == 0 ? "" : ",", options[i].choices[c]);
        out_text(out, "]}");
    }
    out_char(out, ']');
}

/* Insertions, removals, replacements and swaps of neighbours. */
static size_t distance(const char *a, const char *b) {
    size_t rows[3][WORD_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > WORD_MAX || b_len > WORD_MAX) return WORD_MAX;
    for (size_t j = 0; j <= b_len; j++) rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3], *above = rows[(i - 1) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best) best = above[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && above2[j - 2] + 1 < best) best = above2[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a_len % 3][b_len];
}

void nearest_try(struct nearest *nearest, const char *name) {
    size_t far = distance(nearest->word, name);
    bool near = far <= 1 || (far == 2 && strlen(name) > 3) ||
                (far > 0 && strlen(nearest->word) >= 3 && strncmp(nearest->word, name, strlen(nearest->word)) == 0);
    if (near && (nearest->best == NULL || far < nearest->distance)) {
        nearest->best = name;
        nearest->distance = far;
    }
}
