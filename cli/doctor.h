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

void doctor_machine(struct doctor *doctor);
void doctor_contexts(struct doctor *doctor);

#endif
