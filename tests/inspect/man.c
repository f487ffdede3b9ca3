/* docs/man/sctx-filter.7: every example is asked what stands below it, and every operator has an example. */
#include "rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 1024 };

struct page {
    FILE *file;
    char line[LINE], expression[LINE], all[65536]; /* all: the right expressions, one after the other */
    unsigned number, checked;                      /* of the line; tests since the expression */
    struct filter *filter;                         /* NULL: not compiled yet, or wrong */
};

/* What a reader sees of a line of roff. */
static void plain(const char *roff, char *to) {
    static const struct {
        const char *roff, *text;
    } escapes[] = {{"\\(ti", "~"}, {"\\(ha", "^"}, {"\\(aq", "'"}, {"\\-", "-"}, {"\\e", "\\"}, {"\\&", ""}};
    enum { COUNT = sizeof escapes / sizeof *escapes };
    while (*roff != '\0') {
        size_t i = 0;
        while (i < COUNT && strncmp(roff, escapes[i].roff, strlen(escapes[i].roff)) != 0) i++;
        cr_assert(i < COUNT || (*roff != '\\' && *roff != '~' && *roff != '^' && *roff != '\''),
                  "an example has an escape that is not known: %s", roff);
        if (i < COUNT) {
            to = stpcpy(to, escapes[i].text);
            roff += strlen(escapes[i].roff);
        } else {
            *to++ = *roff++;
        }
    }
    *to = '\0';
}

static bool next_line(struct page *page) {
    page->number++;
    if (fgets(page->line, LINE, page->file) == NULL) return false;
    page->line[strcspn(page->line, "\n")] = '\0';
    return true;
}

static void end_example(struct page *page) {
    cr_expect(page->expression[0] == '\0' || page->checked > 0, "line %u: nothing is asked of the example above: %s", page->number,
              page->expression);
    filter_free(page->filter);
    page->filter = NULL;
    page->expression[0] = '\0';
    page->checked = 0;
}

/* The second line is as it would be shown, without the indent. */
static void check_wrong(struct page *page) {
    struct filter_error error;
    char told[LINE], want[3 * LINE], shown[FILTER_SHOWN_MAX];
    plain(page->line, told);
    (void)snprintf(want, sizeof want, "    %s\n    %s\n", page->expression, told);
    page->filter = filter_compile(page->expression, &error);
    cr_assert_null(page->filter, "line %u: %s is not wrong", page->number, page->expression);
    (void)filter_error_show(&error, page->expression, shown);
    cr_expect_str_eq(shown, want, "line %u: got\n%swant\n%s", page->number, shown, want);
    page->checked++;
}

static void begin_example(struct page *page) {
    end_example(page);
    cr_assert(next_line(page));
    plain(page->line, page->expression);
    size_t len = strlen(page->all), room = sizeof page->all - len;
    cr_assert(next_line(page));
    if (strcmp(page->line, ".EE") != 0) {
        check_wrong(page);
        cr_assert(next_line(page) && strcmp(page->line, ".EE") == 0, "line %u: no .EE", page->number);
    } else {
        cr_assert((size_t)snprintf(page->all + len, room, "%s\n", page->expression) < room);
    }
}

static void check_test(struct page *page, char *test) {
    struct filter_error error;
    char *arrow = strstr(test, " => ");
    cr_assert_not_null(arrow, "line %u: no =>", page->number);
    *arrow = '\0';
    if (page->checked++ == 0) page->filter = filter_compile(page->expression, &error);
    cr_assert_not_null(page->filter, "line %u: %s: %u: %s", page->number, page->expression, error.offset, error.text);
    const char *is = ask(page->filter, test);
    if (strcmp(is, "yes") == 0) is = "true";
    if (strcmp(is, "no") == 0) is = "false";
    cr_expect_str_eq(is, arrow + 4, "line %u: %s of %s: %s, not %s", page->number, page->expression, test, is, arrow + 4);
}

static void read_page(struct page *page) {
    static const char test[] = ".\\\" test: ";
    char path[4096];
    const char *source = getenv("SCTX_SOURCE_DIR");
    (void)snprintf(path, sizeof path, "%s/docs/man/sctx-filter.7", source != NULL ? source : ".");
    page->file = fopen(path, "r");
    cr_assert_not_null(page->file, "%s", path);
    while (next_line(page)) {
        if (strcmp(page->line, ".EX") == 0) begin_example(page);
        if (strncmp(page->line, test, strlen(test)) == 0) check_test(page, page->line + strlen(test));
    }
    end_example(page);
    (void)fclose(page->file);
}

Test(man, examples) {
    static struct page page;
    static const char *const must_have[] = {
        " == ", " != ", " < ",      " <= ",  " > ",  " >= ",  " ~ ",    " !~ ",  " =~ ", " !=~ ", " in [",     " && ",   " || ",
        "!(",   "has(", "changed(", "!data", "seq ", "time ", "topic ", "from ", "pid ", "len ",  "encoding ", "cause ", "data.",
        "[2]",  "[-1]", "[\"",      "[*]",   ".*.",  ".**.",  "null",   "KiB",   "ms",   "'",     "\\u00",
    };
    read_page(&page);
    cr_expect_gt(strlen(page.all), 0);
    for (size_t i = 0; i < sizeof must_have / sizeof *must_have; i++)
        cr_expect_not_null(strstr(page.all, must_have[i]), "no example of '%s'", must_have[i]);
}
