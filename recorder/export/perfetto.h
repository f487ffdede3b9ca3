/* A trace in Chrome's JSON format, which Perfetto and chrome://tracing open. A process for each sender, a thread for each topic that it speaks on, a slice for each message, an
 * arrow from a message to what answers it.
 *
 *   {"displayTimeUnit":"ns","otherData":{...},"traceEvents":[
 *   {"ph":"M",...process_name, thread_name...}, {"ph":"X",...a message...}, {"ph":"s",...},{"ph":"f",...}        each arrow has an id of its own
 *   ]}
 *
 * Rules of the format that this keeps: `ts` is in microseconds, with three decimals, from the first message on, since a double cannot hold nanoseconds since 1970; slices of a thread
 * do not overlap, so each lasts a nanosecond, and one that was published in the same nanosecond is moved behind the other (args.time has what it was); an arrow begins and ends
 * in a slice that was written before it; pid and tid are numbers of our own, all different, as two senders may be in one process and pids come again.
 *
 * [owner: one thread] */
#ifndef SCTX_EXPORT_PERFETTO_H
#define SCTX_EXPORT_PERFETTO_H
#include "output.h"
#include "source.h"

struct perfetto;

struct perfetto *perfetto_open(const struct export_output *output, const char *context); /* NULL: out of memory */
/* `payload`: members of a JSON object, each with a comma before it. false: out of memory, or too many senders. */
bool perfetto_message(struct perfetto *perfetto, const struct source_message *message, const char *payload, size_t payload_len);
/* Missed before the next message, or before the end. */
void perfetto_loss(struct perfetto *perfetto, uint64_t lost, uint64_t gone);
/* Answers without an arrow: what they answer is not in the trace, or more than PERFETTO_REMEMBERED seqs back. */
enum { PERFETTO_REMEMBERED = 1 << 20 };
uint64_t perfetto_unknown(const struct perfetto *perfetto);
/* The end of the file. */
void perfetto_close(struct perfetto *perfetto);

#endif
