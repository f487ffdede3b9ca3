/* Stands in for libFuzzer where there is none: runs the target on each file given, and on those in the folders given. So what once crashed is tried
 * again in every build. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned ran;

static void run_file(const char *path, size_t size) {
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size ? size : 1); /* exactly as large: reading beyond it is seen */
    if (!file || !data || fread(data, 1, size, file) != size) {
        (void)fprintf(stderr, "replay: cannot read %s\n", path);
        exit(1);
    }
    (void)fclose(file);
    (void)fprintf(stderr, "%s\n", path); /* the last one that is named is the one that crashed */
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    ran++;
}

static void run_folder(const char *path) {
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char inner[4096];
        struct stat st;
        (void)snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        if (stat(inner, &st) == 0 && S_ISREG(st.st_mode)) run_file(inner, (size_t)st.st_size);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) != 0) continue; /* a target without regressions has no folder for them */
        if (S_ISDIR(st.st_mode))
            run_folder(argv[i]);
        else
            run_file(argv[i], (size_t)st.st_size);
    }
    (void)fprintf(stderr, "%u inputs\n", ran);
    return ran ? 0 : 1;
}
