#include "cmd.h"
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CHECK_COLUMNS = 16 };

void doctor_report(struct doctor *doctor, enum verdict verdict, const char *check, const char *mend, const char *format, ...) {
    static const char *const names[] = {"ok", "warn", "fail"};
    static const enum paint paints[] = {PAINT_GOOD, PAINT_WARN, PAINT_BAD};
    const struct call *call = doctor->call;
    struct out *out = call->out;
    char detail[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(detail, sizeof detail, format, list);
    va_end(list);
    doctor->failed |= verdict == VERDICT_FAIL;
    if (call->json) {
        out_text(out, "{\"check\":");
        inert_json_name(out, check);
        out_format(out, ",\"status\":\"%s\",\"detail\":", names[verdict]);
        inert_json_name(out, detail);
        out_text(out, ",\"mend\":");
        if (mend != NULL)
            inert_json_name(out, mend);
        else
            out_text(out, "null");
        out_text(out, "}\n");
        return;
    }
    out_format(out, "%s%-4s%s  ", paint(call, paints[verdict]), names[verdict], paint(call, PAINT_OFF));
    inert_text(out, check);
    for (size_t column = inert_columns(check, strlen(check)); column < CHECK_COLUMNS; column++) out_char(out, ' ');
    out_text(out, "  ");
    inert_text(out, detail);
    out_char(out, '\n');
    if (mend != NULL) {
        out_format(out, "%24s%s", "", "-> ");
        inert_text(out, mend);
        out_char(out, '\n');
    }
}

static int doctor_run(const struct call *call) {
    struct doctor doctor = {.call = call};
    doctor_machine(&doctor);
    doctor_contexts(&doctor);
    return doctor.failed ? EXIT_FAILED : EXIT_DONE;
}

const struct command cmd_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "check this machine and its contexts, and say how to mend what is wrong",
    .notes = "Each line is ok, warn or fail; the exit is 1 if anything fails. JSON keys: check status detail mend (null: nothing to do).\n",
    .run = doctor_run,
};
