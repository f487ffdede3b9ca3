/* The checks of `sctx doctor`. */
#ifndef SCTX_CLI_DOCTOR_H
#define SCTX_CLI_DOCTOR_H
#include "call.h"

enum verdict { VERDICT_OK, VERDICT_WARN, VERDICT_FAIL };

struct doctor {
    const struct call *call;
    bool failed;
};

/* One line, or one object: check status detail mend. `mend` is NULL where there is nothing to do. */
void doctor_report(struct doctor *doctor, enum verdict verdict, const char *check, const char *mend, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

enum { DOCTOR_PATH = 512, DOCTOR_QUOTED = 4 * DOCTOR_PATH + 8, DOCTOR_MEND = DOCTOR_QUOTED + 64 };

/* The folder of the contexts: of -c USER:NAME that user's. */
bool doctor_folder(const struct call *call, char folder[static DOCTOR_PATH]);
/* A path as a shell reads it, whatever is in it: as it is, in quotes, or as $'...' where it has bytes that would not be shown as they are. */
void shell_quote(const char *path, char quoted[static DOCTOR_QUOTED]);

void doctor_place(struct doctor *doctor);
void doctor_machine(struct doctor *doctor);
void doctor_contexts(struct doctor *doctor);

#endif
