#include "json.h"

#include <stdlib.h>
#include <string.h>

int json_topic(sctx *ctx, const char *name, uint16_t *id) {
    struct sctx_topic_options options = SCTX_INIT(options);

    options.name = name;
    options.encoding = "json";
    return sctx_topic_register(ctx, &options, id);
}

int json_publish(sctx_writer *writer, uint16_t topic, cJSON *object, uint64_t *seq) {
    char *text = object ? cJSON_PrintUnformatted(object) : NULL;
    int status = text ? sctx_publish(writer, topic, text, strlen(text), seq) : SCTX_ERR_NO_MEMORY;

    cJSON_free(text);
    cJSON_Delete(object);
    return status;
}

/* Bytes of the UTF-8 character that begins at s, 0 if none does (too long, a surrogate, beyond U+10FFFF, cut off). */
static size_t utf8_length(const char *s) {
    const unsigned char *c = (const unsigned char *)s;
    size_t length = c[0] < 0x80                   ? 1
                    : c[0] >= 0xc2 && c[0] < 0xe0 ? 2
                    : c[0] >= 0xe0 && c[0] < 0xf0 ? 3
                    : c[0] >= 0xf0 && c[0] < 0xf5 ? 4
                                                  : 0;

    for (size_t i = 1; i < length; i++)
        if ((c[i] & 0xc0) != 0x80) return 0; /* also at the end: a NUL is no continuation */
    if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] >= 0xa0) || (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] >= 0x90))
        return 0;
    return length;
}

bool json_add_text(cJSON *object, const char *key, const char *bytes) {
    char *text = malloc(3 * strlen(bytes) + 1); /* U+FFFD takes three bytes */
    char *out = text;
    bool whole = true;

    if (!text) return false;
    while (*bytes) {
        size_t length = utf8_length(bytes);
        if (length) {
            memcpy(out, bytes, length);
            out += length;
            bytes += length;
        } else {
            memcpy(out, "\xef\xbf\xbd", 3);
            out += 3;
            bytes += 1;
            whole = false;
        }
    }
    *out = '\0';
    cJSON_AddStringToObject(object, key, text);
    free(text);
    return whole;
}
