/* Which plugins there are: folders and files are looked through, and what must not be trusted is refused, each with path and reason.
 *
 * In this order, and the first of a name counts: what was asked for by option, $SCTX_PLUGIN_PATH, the user's folder, those of the system, those
 * that came with sctx. A set-uid program, and root, look neither at the environment nor at a home folder. No plugin code runs.
 *
 * A plugin and the folders above it must belong to root or to the user, and be writable by nobody else; a folder above that is sticky, such
 * as /tmp, may be writable by all. */
#ifndef SCTX_HOST_SEARCH_H
#define SCTX_HOST_SEARCH_H
#include "manifest.h"

#include <limits.h>
#include <sys/types.h>
#include <time.h>

enum found_origin { FOUND_OPTION, FOUND_ENVIRONMENT, FOUND_USER, FOUND_SYSTEM, FOUND_BUNDLED };
/* "--plugin" "$SCTX_PLUGIN_PATH" "user" "system" "bundled" */
const char *found_origin_name(enum found_origin origin);

/* Which version of a file it is. */
struct file_version {
    dev_t device;
    ino_t inode;
    off_t bytes;
    struct timespec changed;
};

struct found {
    char *path; /* without links */
    enum found_origin origin;
    struct manifest manifest; /* name "": it has none */
    struct file_version version;
    char *refused; /* why it is not used; NULL: it is */
    bool shadowed; /* another of this name comes first */
};

struct search {
    struct found *found;
    size_t count, room;
    bool out_of_memory;
};

struct search_options {
    const char *const *paths; /* by option: files, or folders */
    size_t path_count;
    bool bundled_only; /* nothing but what came with sctx, and paths */
};

/* Refused files are in the list, too. What is named by option or environment and not there is listed as refused; other folders may be
 * missing. */
void search_all(struct search *search, const struct search_options *options);
void search_free(struct search *search);

/* Reads a file again that has changed: manifest, version, refused are those of the new one. false: it is refused now. */
bool search_again(struct found *found);
/* Sets `shadowed` of all anew, after that. */
void search_settle(struct search *search);

/* Is this still the same file? */
bool file_version_of(const char *path, struct file_version *version);
bool file_version_same(const struct file_version *a, const struct file_version *b);

/* A folder of sctx's own beside this program, in the build tree or as installed: "decoders", or "sctx-plugin-worker"; false: not there. */
bool search_own(const char *name, char path[PATH_MAX]);

/* May this user trust what is at this path? Else why not. `path` is absolute and without links. */
bool search_is_safe(const char *path, struct manifest_fault *fault);

#endif
