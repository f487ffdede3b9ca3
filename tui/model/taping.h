/* Writes what is said to a file, in a thread of its own: what the ring holds now, or all that comes until it is ended. It joins nothing. */
#ifndef SCTX_TUI_TAPING_H
#define SCTX_TUI_TAPING_H
#include "recorder.h"

struct taping;

/* NULL: why not. The context is "NAME" or NULL, as in struct sctx_options. */
struct taping *taping_begin(const char *context, const char *dir, const char *path, bool is_snapshot, struct source_fault *fault);
/* What it is at, or came to: a line for the user, to be printed escaped. true: it has ended. [any thread] */
bool taping_tell(struct taping *taping, char *text, size_t room);
/* Ends it, and frees it. The file is whole then. */
void taping_end(struct taping *taping, char *text, size_t room);

#endif
