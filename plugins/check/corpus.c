#include "corpus.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool cannot(struct check *check, const char *path, const char *why) {
    (void)snprintf(check->why, sizeof check->why, "%.200s: %s", path, why);
    return false;
}

static void add(struct check_memory *memory, struct check_bytes *entry, const void *data, size_t len, const char *name) {
    *entry = (struct check_bytes){.off = memory->bytes_len, .len = (uint32_t)len};
    (void)snprintf(entry->name, sizeof entry->name, "%s", name);
    if (len > 0) memcpy(memory->bytes + memory->bytes_len, data, len);
    memory->bytes_len += (uint32_t)len;
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* What is longer than a payload of these tests, or than the room that is left, is cut. */
static bool add_file(struct check *check, struct check_bytes *entry, const char *path, const char *name) {
    struct check_memory *memory = check->memory;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        (void)cannot(check, path, fd < 0 ? strerror(errno) : "no regular file");
        if (fd >= 0) (void)close(fd);
        return false;
    }
    size_t room = CHECK_BYTES_MAX - memory->bytes_len, len = 0;
    if (room > CHECK_INPUT_MAX) room = CHECK_INPUT_MAX;
    unsigned char *to = memory->bytes + memory->bytes_len;
    for (ssize_t got = 1; got > 0 && len<room; len += got> 0 ? (size_t)got : 0) got = read(fd, to + len, room - len);
    (void)close(fd);
    *entry = (struct check_bytes){.off = memory->bytes_len, .len = (uint32_t)len};
    (void)snprintf(entry->name, sizeof entry->name, "%s", name);
    memory->bytes_len += (uint32_t)len;
    return true;
}

static int is_payload(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static bool add_folder(struct check *check, const char *folder) {
    struct check_memory *memory = check->memory;
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_payload, alphasort);
    if (count < 0) return cannot(check, folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];
        int len = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        bool fits = len > 0 && len < PATH_MAX && memory->payload_count < CHECK_PAYLOADS_MAX;
        if (fits && add_file(check, &memory->payloads[memory->payload_count], path, entries[i]->d_name)) memory->payload_count++;
        free(entries[i]);
    }
    free(entries);
    check->why[0] = '\0';
    return memory->payload_count > 0 || cannot(check, folder, "there is no file in it");
}

/* For a plugin without samples: something of each kind. The bytes of binary formats are those of their specifications. */
static void add_some(struct check_memory *memory) {
    static const struct {
        const char *name, *data;
        size_t len;
    } some[] = {
        {"empty", "", 0},
        {"a zero byte", "\0", 1},
        {"zeroes", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16},
        {"ones", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8},
        {"text", "hello, world", 12},
        {"JSON", "{\"Image\":{\"Width\":800,\"IDs\":[116,943,-1.5e3],\"Title\":\"\\u00e9\\n\",\"Animated\":false}}", 83},
        {"lines", "level=info msg=\"two words\" n=3\nlevel=warn\n", 42},
        {"MessagePack",
         "\x82\xA7"
         "compact\xC3\xA6"
         "schema\x00",
         18},
        {"CBOR",
         "\xBF\x61"
         "a\x01\x61"
         "b\x9F\x02\x03\xFF\xFF",
         11},
        {"Protocol Buffers", "\x08\x96\x01\x12\x07testing", 12},
        {"numbers", "\x01\x00\x00\x00\x02\x00\x00\x00\x00\x00\x80\x3F\x00\x00\x00\x00\x00\x00\xF0\x3F", 20},
        {"no UTF-8", "\xC0\x80\xED\xA0\x80\xF5\x80\x80\x80\xE2\x82", 11},
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        add(memory, &memory->payloads[memory->payload_count++], some[i].data, some[i].len, some[i].name);
}

static bool add_schema(struct check *check, const struct check_options *options) {
    char path[PATH_MAX];
    const char *kinds = options->manifest->schemas;
    if (options->schema == NULL && options->corpus == NULL) return true;
    if (options->schema != NULL)
        (void)snprintf(path, sizeof path, "%s", options->schema);
    else
        (void)snprintf(path, sizeof path, "%s/.schema", options->corpus);
    if (options->schema == NULL && access(path, F_OK) != 0) return true;
    if (!add_file(check, &check->memory->schema, path, "")) return false;
    (void)snprintf(check->memory->schema.name, CHECK_NAME, "%.*s", (int)strcspn(kinds, ","), kinds);
    return true;
}

bool corpus_read(struct check *check, const struct check_options *options) {
    struct check_memory *memory = check->memory;
    const char *encodings = options->manifest->encodings;
    /* Of "struct:*" what can be meant without knowing more: "struct:". */
    (void)snprintf(memory->encoding, sizeof memory->encoding, "%.*s", (int)strcspn(encodings, ",*"), encodings);
    if (options->corpus == NULL)
        add_some(memory);
    else if (!add_folder(check, options->corpus))
        return false;
    if (!add_schema(check, options)) return false;
    if (options->input == NULL) return true;
    return add_file(check, &memory->payloads[memory->payload_count], options->input, last_part(options->input));
}
