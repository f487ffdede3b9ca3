#include "info.h"
#include "units.h"

#include <inttypes.h>

static const char *clock_name(const struct sctx_info *info) {
    return info->clock == 1 ? "tsc" : "monotonic";
}

static uint64_t held(const struct sctx_info *info) {
    return info->tail - info->oldest;
}

void info_json(struct out *out, const struct sctx_info *info) {
    out_text(out, "{\"name\":");
    inert_json_name(out, info->name);
    out_text(out, ",\"path\":");
    inert_json_name(out, info->path);
    out_format(out,
               ",\"cells\":%" PRIu64 ",\"arenas\":%u,\"memory\":%" PRIu64 ",\"tail\":%" PRIu64 ",\"span_ns\":%" PRId64 ",\"clock\":\"%s\"",
               info->cells, info->arenas_used, info->memory_ring + info->memory_arenas, info->tail, info->span_ns, clock_name(info));
    out_format(out, ",\"participants\":%u,\"topics\":%u", info->participants_alive, info->topics);
    out_format(out, ",\"held\":%" PRIu64 ",\"oldest\":%" PRIu64 ",\"first_seq\":%" PRIu64 ",\"markers\":%u,\"readers\":%u", held(info),
               info->oldest, info->first_seq, info->markers, info->readers);
    out_format(out, ",\"participants_known\":%u,\"participant_slots\":%u,\"arena_slots\":%u,\"arena_bytes\":%" PRIu64,
               info->participants_known, info->participant_slots, info->arenas, info->arena_bytes);
    out_format(out, ",\"memory_ring\":%" PRIu64 ",\"memory_tables\":%" PRIu64 ",\"memory_arenas\":%" PRIu64 ",\"memory_max\":%" PRIu64,
               info->memory_ring, info->memory_tables, info->memory_arenas, info->memory_max);
    out_format(out,
               ",\"clock_hz\":%" PRIu64 ",\"clock_epochs\":%u,\"gating\":%s,\"gate_timeout_ns\":%" PRIu64 ",\"gate_evictions\":%" PRIu64,
               info->clock_hz, info->clock_epochs, (info->flags & SCTX_CREATE_GATING) != 0 ? "true" : "false", info->gate_timeout_ns,
               info->gate_evictions);
    out_format(out, ",\"tap_only\":%s,\"created\":%" PRId64 ",\"layout\":\"%u.%u\",\"id\":\"%016" PRIx64 "\"}\n",
               (info->flags & SCTX_CREATE_TAP_ONLY) != 0 ? "true" : "false", info->created_ns, info->layout_major, info->layout_minor,
               info->id);
}

static void memory_words(const struct call *call, const struct sctx_info *info) {
    char a[UNIT_TEXT], b[UNIT_TEXT];
    struct out *out = call->out;
    uint64_t memory = info->memory_ring + info->memory_arenas;
    out_format(out, "memory        %s of at most %s\n", size_text(memory, a), size_text(info->memory_max, b));
    uint64_t tables = info->memory_tables <= info->memory_ring ? info->memory_tables : info->memory_ring;
    out_format(out, "  ring        %s: %" PRIu64 " cells and the fixed tables\n", size_text(info->memory_ring - tables, a), info->cells);
    out_format(out, "  tables      %s: %u topics, their schemas, %u markers\n", size_text(tables, a), info->topics, info->markers);
    out_format(out, "  arenas      %s: %u in use of %u; a writer's first takes %s\n", size_text(info->memory_arenas, a), info->arenas_used,
               info->arenas, size_text(info->arena_bytes, b));
}

void info_words(const struct call *call, const struct sctx_info *info) {
    char text[UNIT_TEXT];
    struct out *out = call->out;
    out_text(out, "context       ");
    out_text(out, paint(call, PAINT_BOLD));
    inert_text(out, info->name);
    out_text(out, paint(call, PAINT_OFF));
    out_text(out, "\npath          ");
    inert_text(out, info->path);
    out_format(out, "\ncreated       %s, layout %u.%u\n", date_text(info->created_ns, text), info->layout_major, info->layout_minor);
    out_format(out, "messages      %" PRIu64 " so far; the ring holds the last %" PRIu64 " messages, %.3f seconds\n",
               info->tail - info->first_seq, held(info), (double)info->span_ns / 1e9);
    memory_words(call, info);
    out_format(out, "participants  %u alive, %u known, room for %u\n", info->participants_alive, info->participants_known,
               info->participant_slots);
    out_format(out, "readers       %u\n", info->readers);
    out_format(out, "clock         %s, %.3f MHz, %u epoch%s\n", clock_name(info), (double)info->clock_hz / 1e6, info->clock_epochs,
               info->clock_epochs == 1 ? "" : "s");
    if ((info->flags & SCTX_CREATE_GATING) != 0)
        out_format(out, "gating        allowed; writers wait at most %s; %" PRIu64 " readers let go\n",
                   duration_text((int64_t)info->gate_timeout_ns, text), info->gate_evictions);
    else
        out_text(out, "gating        not allowed\n");
    if ((info->flags & SCTX_CREATE_TAP_ONLY) != 0) out_text(out, "group         may tap, not join\n");
}
