#include "manifest.h"
#include "utf8.h"

#include <elf.h>
#include <errno.h>
#include <sctx/plugin.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define THIS_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define THIS_MACHINE EM_AARCH64
#else
#error "no sandbox for this architecture yet"
#endif

__attribute__((format(printf, 2, 3))) static bool fail(struct manifest_fault *fault, const char *format, ...) {
    va_list list;
    va_start(list, format);
    (void)vsnprintf(fault->text, sizeof fault->text, format, list);
    va_end(list);
    return false;
}

/* ---- the text --------------------------------------------------------------------------------------------------------------- */

static bool is_name(const char *text) {
    if (text[0] < 'a' || text[0] > 'z') return false;
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

/* Controls in it would reach a terminal. */
static bool is_printable(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F) return false;
    return utf8_is_wide(text, len);
}

static bool take_line(const char *line, size_t len, struct manifest *manifest, struct manifest_fault *fault) {
    const struct {
        const char *key;
        char *to;
        size_t room;
    } keys[] = {{"name", manifest->name, sizeof manifest->name},          {"version", manifest->version, sizeof manifest->version},
                {"license", manifest->license, sizeof manifest->license}, {"encodings", manifest->encodings, sizeof manifest->encodings},
                {"summary", manifest->summary, sizeof manifest->summary}, {"schemas", manifest->schemas, sizeof manifest->schemas}};
    const char *equals = memchr(line, '=', len);
    if (equals == NULL) return fail(fault, "its manifest has a line without '='");
    size_t key_len = (size_t)(equals - line), value_len = len - key_len - 1;
    if (!is_printable(line, len)) return fail(fault, "its manifest has characters that are not allowed");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strlen(keys[i].key) != key_len || memcmp(keys[i].key, line, key_len) != 0) continue;
        if (value_len >= keys[i].room) return fail(fault, "its manifest's %s is longer than %zu bytes", keys[i].key, keys[i].room - 1);
        memcpy(keys[i].to, equals + 1, value_len);
        keys[i].to[value_len] = '\0';
    }
    return true; /* other keys are for later versions */
}

bool manifest_parse(const char *text, size_t len, struct manifest *manifest, struct manifest_fault *fault) {
    *manifest = (struct manifest){.name = ""};
    if (len > MANIFEST_MAX) return fail(fault, "its manifest is longer than %d bytes", MANIFEST_MAX);
    const char *nul = len > 0 ? memchr(text, '\0', len) : NULL;
    if (nul != NULL) len = (size_t)(nul - text);
    while (len > 0) {
        const char *newline = memchr(text, '\n', len);
        size_t line = newline != NULL ? (size_t)(newline - text) : len;
        if (line > 0 && !take_line(text, line, manifest, fault)) return false;
        text += line + (newline != NULL);
        len -= line + (newline != NULL);
    }
    if (!is_name(manifest->name)) return fail(fault, "its manifest has no name, or one that is not of a-z 0-9 _ -");
    if (manifest->version[0] == '\0') return fail(fault, "its manifest has no version");
    if (manifest->license[0] == '\0') return fail(fault, "its manifest has no license");
    if (manifest->encodings[0] == '\0') return fail(fault, "its manifest names no encodings");
    return true;
}

enum manifest_match manifest_match(const struct manifest *manifest, const char *encoding) {
    enum manifest_match best = MANIFEST_NO;
    size_t len = strlen(encoding);
    for (const char *at = manifest->encodings; len > 0 && *at != '\0';) {
        size_t own = strcspn(at, ",");
        if (own == len && memcmp(at, encoding, len) == 0) return MANIFEST_EXACT;
        if (own > 0 && at[own - 1] == '*' && len >= own - 1 && memcmp(at, encoding, own - 1) == 0) best = MANIFEST_WILDCARD;
        at += own + (at[own] == ',');
    }
    return best;
}

/* ---- the file --------------------------------------------------------------------------------------------------------------- */

static bool read_at(int fd, void *to, size_t len, uint64_t off) {
    if (off > (uint64_t)INT64_MAX - len) return false;
    ssize_t got = pread(fd, to, len, (off_t)off);
    return got >= 0 && (size_t)got == len;
}

static bool check_header(const Elf64_Ehdr *header, struct manifest_fault *fault) {
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return fail(fault, "not a plugin: this is no ELF file");
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_machine != THIS_MACHINE)
        return fail(fault, "built for another kind of machine");
    if (header->e_type != ET_DYN) return fail(fault, "not a plugin: this is no shared object (link it with -shared)");
    if (header->e_shoff == 0 || header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shnum == 0 || header->e_shstrndx >= header->e_shnum)
        return fail(fault, "not a plugin: it has no table of sections");
    return true;
}

static bool is_manifest(int fd, const Elf64_Shdr *names, const Elf64_Shdr *section) {
    char name[sizeof SCTX_PLUGIN_SECTION];
    if (section->sh_name > names->sh_size || names->sh_size - section->sh_name < sizeof name) return false;
    return read_at(fd, name, sizeof name, names->sh_offset + section->sh_name) && memcmp(name, SCTX_PLUGIN_SECTION, sizeof name) == 0;
}

bool manifest_read(int fd, struct manifest *manifest, struct manifest_fault *fault) {
    Elf64_Ehdr header;
    Elf64_Shdr names, section;
    char text[MANIFEST_MAX];
    struct stat st;
    if (fstat(fd, &st) < 0) return fail(fault, "cannot be looked at: %s", strerror(errno));
    if (!read_at(fd, &header, sizeof header, 0)) return fail(fault, "not a plugin: this is no ELF file");
    if (!check_header(&header, fault)) return false;
    /* A file that was cut keeps its header; the table of sections stands at the end. */
    uint64_t table_bytes = (uint64_t)header.e_shnum * sizeof section;
    uint64_t table_end = header.e_shoff + table_bytes;
    if (header.e_shoff > (uint64_t)st.st_size || table_bytes > (uint64_t)st.st_size - header.e_shoff)
        return fail(fault, "the file is cut short: %lld bytes, and its table of sections ends at %llu", (long long)st.st_size,
                    (unsigned long long)table_end);
    if (!read_at(fd, &names, sizeof names, header.e_shoff + (uint64_t)header.e_shstrndx * sizeof names))
        return fail(fault, "cannot be read: %s", strerror(errno));
    for (unsigned i = 0; i < header.e_shnum; i++) {
        if (!read_at(fd, &section, sizeof section, header.e_shoff + (uint64_t)i * sizeof section)) break;
        if (!is_manifest(fd, &names, &section)) continue;
        if (section.sh_size > sizeof text) return fail(fault, "its manifest is longer than %d bytes", MANIFEST_MAX);
        if (!read_at(fd, text, section.sh_size, section.sh_offset)) return fail(fault, "the file is cut short: its manifest is not in it");
        return manifest_parse(text, section.sh_size, manifest, fault);
    }
    return fail(fault, "not a plugin: it has no section " SCTX_PLUGIN_SECTION " (see SCTX_PLUGIN in sctx/plugin.h)");
}
