/* The formats of `sctx export`: what each makes of a message. */
#ifndef SCTX_CLI_EXPORTERS_H
#define SCTX_CLI_EXPORTERS_H
#include "columns.h"
#include "flow.h"
#include "output.h"
#include "pcapng.h"
#include "perfetto.h"
#include "show.h"
#include "sidecar.h"

/* In this order in the table of options. */
enum export_format { EXPORT_PCAPNG, EXPORT_PERFETTO, EXPORT_JSONL, EXPORT_CSV, EXPORT_DOT, EXPORT_MERMAID };
extern const char *const export_formats[];

struct exporting {
    const struct call *call; /* with the patterns as its operands, and with JSON: as show.h has it */
    struct source *source;
    struct out *out;
    const char *what;            /* is exported: the context's name, or the file's */
    struct export_output output; /* to `out` */
    struct out text;             /* of one message; fd -1 */
    struct show show;            /* to `out` */
    struct show payload;         /* to `text` */
    struct call shown, in_text;  /* those of the two */
    struct columns columns;
    struct pcapng *pcapng;
    struct perfetto *perfetto;
    struct flow *flow;
    struct sidecar *sidecar; /* NULL: not asked for */
    uint64_t schemas;        /* that Wireshark could be told of */
};

struct exporter {
    uint32_t want;      /* enum sctx_want of what is written */
    bool is_binary;     /* it is not written to a terminal */
    bool is_of_answers; /* a message that is not wanted may be what one answers that is */
    /* false: out of memory, or more than the format holds; but for sidecar_open() nothing is said. */
    bool (*begin)(struct exporting *exporting);
    bool (*add)(struct exporting *exporting, const struct batched *item, bool is_wanted);
    void (*loss)(struct exporting *exporting, uint64_t lost,
                 uint64_t gone);                                    /* before the next message, or before the end; NULL: no place for it */
    bool (*end)(struct exporting *exporting, enum exit_code *code); /* also after a failure, if it has begun; says what the file does not */
};

const struct exporter *exporter_of(enum export_format format);

#endif
