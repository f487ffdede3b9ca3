/* sctx_topic_matches() against the plainest definition there is: input "PATTERN\nNAME". */
#include "name.h"
#include <sctx/sctx.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LEVELS_MOST 128u /* of SCTX_TOPIC_MAX bytes */

struct levels {
    const char *at[LEVELS_MOST];
    size_t len[LEVELS_MOST];
    unsigned count;
};

static void split(const char *text, struct levels *l) {
    l->count = 0;
    for (;;) {
        size_t n = strcspn(text, "/");
        l->at[l->count] = text;
        l->len[l->count++] = n;
        if (!text[n]) return;
        text += n + 1;
    }
}

static bool level_is(const struct levels *l, unsigned i, const char *text) {
    return l->len[i] == strlen(text) && memcmp(l->at[i], text, l->len[i]) == 0;
}

/* matches[i][j]: do the pattern's levels from i on match the name's from j on? */
static bool plain(const struct levels *p, const struct levels *n) {
    static bool matches[LEVELS_MOST + 1][LEVELS_MOST + 1];
    for (unsigned i = p->count + 1; i-- > 0;)
        for (unsigned j = n->count + 1; j-- > 0;) {
            bool end = j == n->count;
            if (i == p->count)
                matches[i][j] = end;
            else if (level_is(p, i, "**"))
                matches[i][j] = matches[i + 1][j] || (!end && matches[i][j + 1]);
            else if (end)
                matches[i][j] = false;
            else
                matches[i][j] = matches[i + 1][j + 1] &&
                                (level_is(p, i, "*") || (p->len[i] == n->len[j] && memcmp(p->at[i], n->at[j], n->len[j]) == 0));
        }
    return matches[0][0];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    if (!text) return 0;
    if (size) memcpy(text, data, size);
    text[size] = '\0';
    char *name = strchr(text, '\n');
    if (name) {
        *name++ = '\0';
        bool matches = sctx_topic_matches(text, name); /* anything may be asked; what is no name or pattern has no answer */
        if (name_is_pattern(text) && name_is_topic(name)) {
            struct levels p, n;
            split(text, &p);
            split(name, &n);
            if (matches != plain(&p, &n)) abort();
        }
    }
    free(text);
    return 0;
}
