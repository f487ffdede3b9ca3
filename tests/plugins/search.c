/* Which files are taken for plugins: manifests out of files that may be anything, and who may have written them. */
#define _GNU_SOURCE
#include "search.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[1024];

/* A folder of our own that only we can write to; tests run in one that is removed. */
static void make_folder(void) {
    const char *base = getenv("SCTX_TEST_DIR");
    (void)snprintf(folder, sizeof folder, "%s/plugins.XXXXXX", base != NULL ? base : "/dev/shm");
    cr_assert(mkdtemp(folder) != NULL);
}

static void remove_folder(void) {
    char command[PATH_MAX + 16];
    (void)snprintf(command, sizeof command, "rm -rf -- '%s'", folder);
    cr_assert_eq(system(command), 0);
}

static void path_of(const char *name, char path[PATH_MAX]) {
    (void)snprintf(path, PATH_MAX, "%s/%s", folder, name);
}

static size_t read_module(char **data) {
    char path[PATH_MAX];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/lib/sctx/decoders/json.so", getenv("SCTX_BUILD_DIR"));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert(fd >= 0 && fstat(fd, &st) == 0);
    *data = malloc((size_t)st.st_size);
    cr_assert(*data != NULL && read(fd, *data, (size_t)st.st_size) == st.st_size);
    (void)close(fd);
    return (size_t)st.st_size;
}

static void write_file(const char *name, const void *data, size_t len) {
    char path[PATH_MAX];
    path_of(name, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert(fd >= 0 && write(fd, data, len) == (ssize_t)len);
    (void)close(fd);
}

static bool read_manifest(const char *name, struct manifest *manifest, struct manifest_fault *fault) {
    char path[PATH_MAX];
    path_of(name, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool whole = manifest_read(fd, manifest, fault);
    (void)close(fd);
    return whole;
}

/* The one file in the folder, as a search by option finds it. */
static const char *refusal_of(const char *name, char why[320]) {
    char path[PATH_MAX];
    const char *const paths[] = {path};
    struct search search;
    path_of(name, path);
    search_all(&search, &(struct search_options){.paths = paths, .path_count = 1, .bundled_only = true});
    cr_assert_geq(search.count, 1u);
    cr_assert_eq(search.found[0].origin, FOUND_OPTION);
    (void)snprintf(why, 320, "%s", search.found[0].refused != NULL ? search.found[0].refused : "");
    search_free(&search);
    return why;
}

Test(manifest, is_read_from_the_file_and_survives_strip) {
    struct manifest manifest;
    struct manifest_fault fault = {""};
    char *data;
    make_folder();
    size_t len = read_module(&data);
    write_file("json.so", data, len);
    cr_assert(read_manifest("json.so", &manifest, &fault), "%s", fault.text);
    cr_assert_str_eq(manifest.name, "json");
    cr_assert_str_eq(manifest.license, "MIT");
    cr_assert_eq(manifest_match(&manifest, "json"), MANIFEST_EXACT);
    cr_assert_eq(manifest_match(&manifest, "jso"), MANIFEST_NO);
    cr_assert_eq(manifest_match(&manifest, ""), MANIFEST_NO);
    char command[PATH_MAX + 32];
    (void)snprintf(command, sizeof command, "strip '%s/json.so'", folder);
    cr_assert_eq(system(command), 0);
    cr_assert(read_manifest("json.so", &manifest, &fault), "%s", fault.text);
    cr_assert_str_eq(manifest.name, "json");
    free(data);
    remove_folder();
}

Test(manifest, of_a_file_that_is_cut_anywhere_or_spoiled_is_refused) {
    struct manifest manifest;
    struct manifest_fault fault;
    char *data;
    make_folder();
    size_t len = read_module(&data);
    for (size_t cut = 0; cut < len; cut += cut < 128 ? 1 : 251) {
        fault.text[0] = '\0';
        write_file("cut.so", data, cut);
        cr_assert_not(read_manifest("cut.so", &manifest, &fault), "cut at %zu", cut);
        cr_assert_neq(fault.text[0], '\0');
    }
    /* Any byte of the ELF header and of the table of sections: refused or read, and nothing else. */
    for (size_t at = 0; at < len; at += at == 63 ? len - 63 - 2048 : 1) {
        data[at] = (char)~data[at];
        write_file("spoiled.so", data, len);
        (void)read_manifest("spoiled.so", &manifest, &fault);
        data[at] = (char)~data[at];
    }
    write_file("text.so", "this is text\n", 13);
    cr_assert_not(read_manifest("text.so", &manifest, &fault));
    cr_assert(strstr(fault.text, "no ELF file") != NULL, "%s", fault.text);
    free(data);
    remove_folder();
}

Test(manifest, text_is_held_against_its_rules) {
    static const struct {
        const char *text, *why;
    } wrong[] = {
        {"", "no name"},
        {"name=Up\nversion=1\nlicense=MIT\nencodings=a\n", "no name"},
        {"name=a\nlicense=MIT\nencodings=a\n", "no version"},
        {"name=a\nversion=1\nencodings=a\n", "no license"},
        {"name=a\nversion=1\nlicense=MIT\n", "no encodings"},
        {"name=a\nversion\n", "without '='"},
        {"name=a\nversion=\033[2J\n", "not allowed"},
        {"name=abcdefghijklmnopqrstuvwxyz0123456789\n", "longer than 32"},
    };
    struct manifest manifest;
    struct manifest_fault fault;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_not(manifest_parse(wrong[i].text, strlen(wrong[i].text), &manifest, &fault), "%s", wrong[i].text);
        cr_assert(strstr(fault.text, wrong[i].why) != NULL, "'%s', not '%s'", fault.text, wrong[i].why);
    }
    const char *right = "name=baro\nversion=1.0\nlicense=MIT\nencodings=baro,struct:Baro*\nlater=yes\n";
    cr_assert(manifest_parse(right, strlen(right), &manifest, &fault), "%s", fault.text);
    cr_assert_eq(manifest_match(&manifest, "baro"), MANIFEST_EXACT);
    cr_assert_eq(manifest_match(&manifest, "struct:Barometer"), MANIFEST_WILDCARD);
    cr_assert_eq(manifest_match(&manifest, "struct:Bar"), MANIFEST_NO);
}

Test(search, refuses_what_others_may_have_written) {
    char why[320], path[PATH_MAX], *data;
    make_folder();
    size_t len = read_module(&data);
    write_file("json.so", data, len);
    path_of("json.so", path);
    cr_assert_str_eq(refusal_of("json.so", why), "");
    static const struct {
        mode_t file, folder;
        bool is_refused;
    } matrix[] = {{0644, 0755, false}, {0664, 0755, true}, {0646, 0755, true}, {0644, 0775, true}, {0644, 0757, true}, {0644, 01777, true}};
    for (size_t i = 0; i < sizeof matrix / sizeof *matrix; i++) {
        cr_assert(chmod(path, matrix[i].file) == 0 && chmod(folder, matrix[i].folder) == 0);
        refusal_of("json.so", why);
        cr_assert_eq(why[0] != '\0', matrix[i].is_refused, "%o in %o: %s", matrix[i].file, matrix[i].folder, why);
        if (matrix[i].is_refused) cr_assert(strstr(why, "chmod go-w") != NULL, "%s", why);
    }
    cr_assert(chmod(path, 0644) == 0 && chmod(folder, 0755) == 0);
    if (geteuid() == 0) {
        cr_assert_eq(chown(path, 12345, 0), 0);
        cr_assert(strstr(refusal_of("json.so", why), "user 12345") != NULL, "%s", why);
    }
    free(data);
    remove_folder();
}

Test(search, says_why_a_path_cannot_be_looked_at) {
    struct manifest_fault fault = {""};
    char path[PATH_MAX + 1];
    cr_assert_not(search_is_safe("lib/json.so", &fault));
    cr_assert(strstr(fault.text, "not absolute") != NULL, "'%s'", fault.text);
    cr_assert_not(search_is_safe("", &fault));
    cr_assert(strstr(fault.text, "not absolute") != NULL, "'%s'", fault.text);
    memset(path, '/', PATH_MAX);
    path[PATH_MAX] = '\0';
    cr_assert_not(search_is_safe(path, &fault));
    cr_assert(strstr(fault.text, "too long") != NULL, "'%s'", fault.text);
}

Test(search, says_why_what_was_asked_for_is_no_plugin) {
    char why[320], path[PATH_MAX];
    make_folder();
    cr_assert(strstr(refusal_of("missing.so", why), "No such file") != NULL, "%s", why);
    path_of("pipe.so", path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert(strstr(refusal_of("pipe.so", why), "no regular file") != NULL, "%s", why);
    write_file("text.so", "text", 4);
    cr_assert(strstr(refusal_of("text.so", why), "no ELF file") != NULL, "%s", why);
    remove_folder();
}

Test(search, finds_what_came_with_sctx) {
    struct search search;
    bool found = false;
    search_all(&search, &(struct search_options){.bundled_only = true});
    for (size_t i = 0; i < search.count; i++) {
        cr_assert_eq(search.found[i].origin, FOUND_BUNDLED);
        cr_assert_eq(search.found[i].refused, NULL, "%s: %s", search.found[i].path, search.found[i].refused);
        found |= strcmp(search.found[i].manifest.name, "json") == 0;
    }
    cr_assert(found);
    search_free(&search);
}
