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
    char detail[2048];
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

void shell_quote(const char *path, char quoted[static DOCTOR_QUOTED]) {
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-+,:=@%";
    size_t len = strnlen(path, DOCTOR_PATH - 1), at = 0;
    bool plain = len > 0 && strspn(path, safe) >= len, shown = true;
    for (size_t i = 0; i < len; i++) shown = shown && path[i] >= 0x20 && path[i] < 0x7F && path[i] != '\'';
    at += (size_t)snprintf(quoted, DOCTOR_QUOTED, "%s", plain ? "" : shown ? "'" : "$'");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)path[i];
        if (!shown && (c < 0x20 || c >= 0x7F || c == '\'' || c == '\\'))
            at += (size_t)snprintf(quoted + at, DOCTOR_QUOTED - at, "\\x%02X", c);
        else
            quoted[at++] = (char)c;
    }
    snprintf(quoted + at, DOCTOR_QUOTED - at, "%s", plain ? "" : "'");
}

static int doctor_run(const struct call *call) {
    struct doctor doctor = {.call = call};
    char folder[DOCTOR_PATH];
    if (call->context != NULL && !doctor_folder(call, folder)) return say_usage(call, "'%s' names no context", call->context);
    doctor_place(&doctor);
    doctor_machine(&doctor);
    doctor_contexts(&doctor);
    return doctor.failed ? EXIT_FAILED : EXIT_DONE;
}

const struct command cmd_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "check this machine and its contexts, and say how to mend what is wrong",
    .notes = "It looks at the folder of the contexts, at each of them (-c NAME: at that one only), and at what they need.\n"
             "Each line is ok, warn or fail; the exit is 1 if anything fails. JSON keys: check status detail mend (null: nothing to do).\n",
    .run = doctor_run,
};
