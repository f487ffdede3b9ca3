/* Where a recording lies: one file, or a row of them of which only the latest are kept. Private to the recorder. */
#ifndef SCTX_RECORDER_SHELF_H
#define SCTX_RECORDER_SHELF_H
#include "source.h"

struct shelf {
    int fd;
    char *pattern, *path;  /* as given; the file that is open now */
    bool is_row, overwrite, is_stdout;
    unsigned begun, removed, keep;
};

/* Opens the first file. false: why not. */
bool shelf_open(struct shelf *shelf, const char *path, bool is_row, unsigned keep, bool overwrite, struct source_fault *fault);
/* Closes it. false: what was written may not be there, and why. Nothing to do if it is closed already. */
bool shelf_end(struct shelf *shelf, struct source_fault *fault);
/* Closes it and opens the next one; removes the oldest if there are more than `keep`. */
bool shelf_next(struct shelf *shelf, struct source_fault *fault);
/* That users may fill, where the file lies; UINT64_MAX: it is no file. */
uint64_t shelf_free_bytes(const struct shelf *shelf);
void shelf_close(struct shelf *shelf);

#endif
