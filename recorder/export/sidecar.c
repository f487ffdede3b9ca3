#include "sidecar.h"
#include "protos.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_PORT = 1024, TYPES_MAX = 16384, SETS_MAX = 1024 };

struct type {
    unsigned set;
    char *name;
};

struct sidecar {
    char folder[PATH_MAX]; /* absolute */
    bool overwrite, has_failed;
    struct sidecar_fault first;
    FILE *types_file;
    struct protos sets[SETS_MAX];
    struct type *types; /* their port is FIRST_PORT and their index */
    unsigned set_count, type_count;
};

static bool fail(struct sidecar_fault *fault, const char *path, const char *why) {
    (void)snprintf(fault->text, sizeof fault->text, "%.250s: %.100s", path, why);
    return false;
}

/* ---- files ------------------------------------------------------------------------------------------------------------------ */

/* The first failure stays, for the end: an export goes on without types. */
static bool note(struct sidecar *sidecar, const char *path, struct sidecar_fault *fault) {
    (void)fail(fault, path, errno == EEXIST ? "is there already; --force overwrites it" : strerror(errno));
    if (!sidecar->has_failed) sidecar->first = *fault;
    sidecar->has_failed = true;
    return false;
}

/* NULL: the path is too long, or it cannot be opened. */
static FILE *open_file(struct sidecar *sidecar, const char *name, struct sidecar_fault *fault) {
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/%s", sidecar->folder, name);
    errno = ENAMETOOLONG;
    FILE *file = len > 0 && (size_t)len < sizeof path ? fopen(path, sidecar->overwrite ? "we" : "wxe") : NULL;
    if (file == NULL) (void)note(sidecar, path, fault);
    return file;
}

static bool end_file(struct sidecar *sidecar, FILE *file, const char *name, struct sidecar_fault *fault) {
    bool done = ferror(file) == 0;
    done = fclose(file) == 0 && done;
    return done || note(sidecar, name, fault);
}

static bool make_folder(const char *path, bool overwrite, struct sidecar_fault *fault) {
    if (mkdir(path, 0777) == 0 || (overwrite && errno == EEXIST)) return true;
    return fail(fault, path, errno == EEXIST ? "is there already; --force writes into it" : strerror(errno));
}

/* What an export before left: Wireshark reads all that is there, and takes no type twice. Only what has a name of ours goes. */
static void clear_folder(const char *folder) {
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        unsigned set = 0, file = 0;
        char own[64];
        if (sscanf(entry->d_name, "s%9u_%9u.proto", &set, &file) != 2) continue;
        (void)snprintf(own, sizeof own, "s%u_%u.proto", set, file);
        if (strcmp(own, entry->d_name) == 0) (void)unlinkat(dirfd(dir), own, 0);
    }
    if (dir != NULL) (void)closedir(dir);
}

/* A field of one of Wireshark's tables: bytes that mean something in it are \xNN. */
static void put_quoted(FILE *file, const char *text) {
    (void)fputc('"', file);
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++)
        (void)(*at < ' ' || *at == '"' || *at == '\\' || *at == 0x7F ? fprintf(file, "\\x%02x", *at) : fputc(*at, file));
    (void)fputc('"', file);
}

static bool put_search_path(struct sidecar *sidecar, struct sidecar_fault *fault) {
    static const char name[] = "protobuf_search_paths";
    char path[PATH_MAX + 8];
    FILE *file = open_file(sidecar, name, fault);
    if (file == NULL) return false;
    (void)snprintf(path, sizeof path, "%s/proto", sidecar->folder);
    put_quoted(file, path);
    (void)fputs(",\"TRUE\"\n", file); /* all that is in it */
    return end_file(sidecar, file, name, fault);
}

struct sidecar *sidecar_open(const char *folder, bool overwrite, struct sidecar_fault *fault) {
    struct sidecar *sidecar = calloc(1, sizeof *sidecar);
    char proto[PATH_MAX + 8];
    if (sidecar == NULL) {
        (void)fail(fault, folder, "out of memory");
        return NULL;
    }
    sidecar->overwrite = overwrite;
    bool done = make_folder(folder, overwrite, fault);
    if (done && realpath(folder, sidecar->folder) == NULL) done = fail(fault, folder, strerror(errno));
    (void)snprintf(proto, sizeof proto, "%s/proto", sidecar->folder);
    done = done && make_folder(proto, overwrite, fault);
    if (done) clear_folder(proto);
    done = done && put_search_path(sidecar, fault);
    if (done) sidecar->types_file = open_file(sidecar, "protobuf_udp_message_types", fault);
    if (sidecar->types_file != NULL) return sidecar;
    free(sidecar);
    return NULL;
}

/* ---- types ------------------------------------------------------------------------------------------------------------------ */

static bool put_set(struct sidecar *sidecar, const struct protos *protos, struct sidecar_fault *fault) {
    struct mcap_buffer text = {.data = NULL};
    bool done = true;
    for (uint32_t i = 0; done && i < protos->count; i++) {
        char name[64];
        text.len = 0;
        const char *why = protos_put(protos, i, &text);
        if (why != NULL) {
            (void)snprintf(fault->text, sizeof fault->text, "%s", why);
            done = false;
            break;
        }
        (void)snprintf(name, sizeof name, "proto/s%u_%u.proto", protos->number, (unsigned)i);
        FILE *file = open_file(sidecar, name, fault);
        if (file != NULL) (void)fwrite(text.data, 1, text.len, file);
        done = file != NULL && end_file(sidecar, file, name, fault);
    }
    mcap_buffer_free(&text);
    return done;
}

/* NULL: why not. One that was refused is tried again with each of its topics. */
static const struct protos *set_of(struct sidecar *sidecar, const struct source_topic *topic, struct sidecar_fault *fault) {
    for (unsigned i = 0; i < sidecar->set_count; i++) {
        const struct protos *known = &sidecar->sets[i];
        if (known->set_len == topic->schema_len && memcmp(known->set, topic->schema, known->set_len) == 0) return known;
    }
    if (sidecar->set_count == SETS_MAX) {
        (void)snprintf(fault->text, sizeof fault->text, "there are more than %d schemas", SETS_MAX);
        return NULL;
    }
    struct protos *added = &sidecar->sets[sidecar->set_count];
    const char *why = protos_open(added, sidecar->set_count, topic->schema, topic->schema_len);
    if (why != NULL) (void)snprintf(fault->text, sizeof fault->text, "%s", why);
    if (why == NULL && put_set(sidecar, added, fault)) {
        sidecar->set_count++;
        return added;
    }
    protos_close(added);
    return NULL;
}

static bool is_plain(const char *name) {
    return name[0] != '\0' && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.") == strlen(name);
}

static uint16_t add_type(struct sidecar *sidecar, unsigned set, const char *name, struct sidecar_fault *fault) {
    for (unsigned i = 0; i < sidecar->type_count; i++)
        if (sidecar->types[i].set == set && strcmp(sidecar->types[i].name, name) == 0) return (uint16_t)(FIRST_PORT + i);
    struct type *types = sidecar->type_count < TYPES_MAX ? realloc(sidecar->types, (sidecar->type_count + 1) * sizeof *types) : NULL;
    if (types != NULL) sidecar->types = types;
    char *copy = types != NULL ? strdup(name) : NULL;
    if (copy == NULL) {
        (void)snprintf(fault->text, sizeof fault->text, "out of memory, or more than %d types", TYPES_MAX);
        return 0;
    }
    types[sidecar->type_count] = (struct type){set, copy};
    (void)fprintf(sidecar->types_file, "\"%u\",\"%s\"\n", FIRST_PORT + sidecar->type_count, name);
    (void)fflush(sidecar->types_file);
    return (uint16_t)(FIRST_PORT + sidecar->type_count++);
}

uint16_t sidecar_add(struct sidecar *sidecar, const struct source_topic *topic, struct sidecar_fault *fault) {
    const struct protos *set = set_of(sidecar, topic, fault);
    const char *colon = strchr(topic->encoding, ':');
    if (set == NULL) return 0;
    const char *name = colon != NULL ? colon + 1 : set->only;
    if (is_plain(name)) return add_type(sidecar, set->number, name, fault);
    (void)snprintf(fault->text, sizeof fault->text, "which of the schema's messages it is, an encoding protobuf:NAME says");
    return 0;
}

bool sidecar_close(struct sidecar *sidecar, struct sidecar_fault *fault) {
    if (sidecar == NULL) return true;
    (void)end_file(sidecar, sidecar->types_file, "protobuf_udp_message_types", fault);
    for (unsigned i = 0; i < sidecar->set_count; i++) protos_close(&sidecar->sets[i]);
    for (unsigned i = 0; i < sidecar->type_count; i++) free(sidecar->types[i].name);
    bool done = !sidecar->has_failed;
    if (!done) *fault = sidecar->first;
    free(sidecar->types);
    free(sidecar);
    return done;
}
