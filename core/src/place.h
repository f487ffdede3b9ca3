/* Where contexts live: names -> folders, and the checks before anything in them is touched.
 *
 *   $SCTX_DIR/NAME, or /dev/shm/sctx-UID/NAME. The upper folder must be a real folder that nobody else may write to (or sticky); NAME must
 *   belong to the same user as the upper folder, or to us; files must be plain files with one name, of the context's owner. */
#ifndef SCTX_PLACE_H
#define SCTX_PLACE_H
#include "lock.h"
#include "status.h"
#include <limits.h>

struct place {
    char upper[PATH_MAX - 80]; /* the folder above */
    char name[SCTX_NAME_MAX + 1];
    uid_t uid; /* whose */
    bool own;  /* ours to create: not "USER:NAME" of another */
};

int place_resolve(struct place *place, const char *context, const char *dir, struct sctx_error *error);
int place_path(const struct place *place, char *buf, size_t bytes);

/* Opens the upper folder; makes it if it is ours and missing. A descriptor, or a status. */
int place_open_upper(const struct place *place, bool make, struct sctx_error *error);

/* Opens the context's folder. A descriptor (checked), or a status; its owner to *owner. */
int place_open(const struct place *place, int upper, uid_t *owner, struct sctx_error *error);

/* Opens a plain file in the folder: no links, owner as given ((uid_t)-1: anybody's). A descriptor, or a status. */
int place_open_file(int dir, const char *file, int flags, uid_t owner, const char *path, struct sctx_error *error);

/* Sets a file's length; nothing is allocated. 0 or a status. */
int place_set_size(int fd, uint64_t bytes, const char *what, struct sctx_error *error);

/* Reserves [off, off+bytes) of a file for good. 0 or a status; the error says how much was needed and how much is free. */
int place_allocate(int fd, uint64_t off, uint64_t bytes, const char *what, struct sctx_error *error);

/* Deletes everything in `folder` of `upper`, then the folder. Missing things are no error. 0 or a status. */
int place_delete(int upper, const char *folder);
#endif
