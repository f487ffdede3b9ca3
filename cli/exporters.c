#include "exporters.h"
#include "graph.h"
#include "names.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *const export_formats[] = {"pcapng", "perfetto", "jsonl", "csv", "dot", "mermaid", NULL};

/* ---- pcapng ----------------------------------------------------------------------------------------------------------------- */

static bool add_topic(struct exporting *exporting, const struct source_topic *topic) {
    struct sidecar_fault fault;
    uint16_t port = 0;
    if (pcapng_has_topic(exporting->pcapng, topic->id)) return true;
    bool is_typed = topic->schema_len > 0 && (strcmp(topic->encoding, "protobuf") == 0 || strncmp(topic->encoding, "protobuf:", 9) == 0);
    exporting->schemas += is_typed;
    if (is_typed && exporting->sidecar != NULL) {
        port = sidecar_add(exporting->sidecar, topic, &fault);
        if (port == 0) say(exporting->call, "topic '%s' stays without types: %s", topic->name, fault.text);
    }
    return pcapng_topic(exporting->pcapng, topic, port);
}

/* All topics that are known come first, so that who reads a pipe knows them, and so that their types are there before tshark looks for them. */
static bool begin_pcapng(struct exporting *exporting) {
    exporting->pcapng = pcapng_open(&exporting->output, SCTX_VERSION, exporting->what);
    bool done = exporting->pcapng != NULL;
    for (uint32_t id = 0; done && id <= UINT16_MAX; id++) {
        const struct source_topic *topic = source_topic(exporting->source, (uint16_t)id);
        if (topic == NULL) break;
        done = !names_are_wanted(exporting->call, topic->name) || add_topic(exporting, topic);
    }
    return done;
}

/* What a topic does not declare its decoder may have recognised. */
static const char *encoding_of(const struct batched *item) {
    const char *declared = item->message.topic->encoding;
    if (declared[0] != '\0' || !item->is_decoded || item->choice.decoder == NULL) return declared;
    bool is_right = item->outcome == HOST_DECODED && tree_is_good(&item->tree);
    return is_right ? item->choice.decoder->manifest.name : declared;
}

static bool add_pcapng(struct exporting *exporting, const struct batched *item, bool is_wanted) {
    struct out *from = &exporting->text;
    if (!is_wanted) return true;
    from->len = 0;
    inert_text(from, item->message.from);
    out_char(from, '\0');
    return !out_is_over(from) && add_topic(exporting, item->message.topic) &&
           pcapng_message(exporting->pcapng, &item->message, from->data, encoding_of(item));
}

static void loss_pcapng(struct exporting *exporting, uint64_t lost, uint64_t gone) {
    pcapng_loss(exporting->pcapng, lost, gone);
}

static bool end_pcapng(struct exporting *exporting, enum exit_code *code) {
    uint64_t cut = pcapng_cut(exporting->pcapng);
    pcapng_close(exporting->pcapng);
    if (cut > 0) {
        say(exporting->call, "%" PRIu64 " payloads are longer than Wireshark takes: only their beginnings are there", cut);
        *code = EXIT_LOSS;
    }
    if (exporting->schemas > 0 && exporting->sidecar == NULL)
        say(exporting->call,
            "topics of Protocol Buffers with a schema: %" PRIu64 "; --sidecar DIR writes what Wireshark needs to name their fields",
            exporting->schemas);
    return true;
}

/* ---- perfetto --------------------------------------------------------------------------------------------------------------- */

static bool begin_perfetto(struct exporting *exporting) {
    exporting->perfetto = perfetto_open(&exporting->output, exporting->what);
    return exporting->perfetto != NULL;
}

static unsigned unit_at(const char *text, size_t len) {
    unsigned unit = 0;
    if (len < 6 || text[0] != '\\' || text[1] != 'u') return 0;
    for (size_t i = 2; i < 6; i++) unit = unit << 4 | (unsigned)(text[i] <= '9' ? text[i] - '0' : (text[i] | 0x20) - 'a' + 10);
    return unit;
}

/* Halves of characters, which JSON can spell, and which readers of traces refuse together with the whole file. */
static void mend_halves(char *text, size_t len) {
    for (char *at = text, *end = text + len; (at = memchr(at, '\\', (size_t)(end - at))) != NULL;) {
        unsigned unit = unit_at(at, (size_t)(end - at)), next = unit != 0 ? unit_at(at + 6, (size_t)(end - at) - 6) : 0;
        bool is_half = unit >= 0xD800 && unit <= 0xDFFF, is_pair = is_half && unit < 0xDC00 && next >= 0xDC00 && next <= 0xDFFF;
        if (is_half && !is_pair) memcpy(at + 2, "fffd", 4);
        at += is_pair ? 12 : 2;
    }
}

static bool add_perfetto(struct exporting *exporting, const struct batched *item, bool is_wanted) {
    if (!is_wanted) return true;
    exporting->text.len = 0;
    show_members(&exporting->payload, item);
    if (!out_is_over(&exporting->text)) mend_halves(exporting->text.data, exporting->text.len);
    return !out_is_over(&exporting->text) &&
           perfetto_message(exporting->perfetto, &item->message, exporting->text.data, exporting->text.len);
}

static void loss_perfetto(struct exporting *exporting, uint64_t lost, uint64_t gone) {
    perfetto_loss(exporting->perfetto, lost, gone);
}

static bool end_perfetto(struct exporting *exporting, enum exit_code *code) {
    uint64_t unknown = perfetto_unknown(exporting->perfetto);
    (void)code;
    perfetto_close(exporting->perfetto);
    if (unknown > 0)
        say(exporting->call, "%" PRIu64 " answers have no arrow: what they answer is not in the trace, or too far back", unknown);
    return true;
}

/* ---- jsonl, csv ------------------------------------------------------------------------------------------------------------- */

static bool begin_nothing(struct exporting *exporting) {
    (void)exporting;
    return true;
}

static bool end_nothing(struct exporting *exporting, enum exit_code *code) {
    (void)exporting;
    (void)code;
    return true;
}

static bool add_jsonl(struct exporting *exporting, const struct batched *item, bool is_wanted) {
    if (is_wanted) show_message(&exporting->show, item);
    return true;
}

static void loss_jsonl(struct exporting *exporting, uint64_t lost, uint64_t gone) {
    show_loss(&exporting->show, lost, gone);
}

static bool begin_csv(struct exporting *exporting) {
    columns_heads(&exporting->columns, &exporting->output);
    return true;
}

static bool add_csv(struct exporting *exporting, const struct batched *item, bool is_wanted) {
    return !is_wanted || columns_row(&exporting->columns, &exporting->output, item);
}

/* ---- dot, mermaid ----------------------------------------------------------------------------------------------------------- */

static bool begin_graph(struct exporting *exporting) {
    exporting->flow = flow_open();
    return exporting->flow != NULL;
}

static bool add_graph(struct exporting *exporting, const struct batched *item, bool is_wanted) {
    const struct tree *keys = item->is_decoded && item->outcome == HOST_DECODED ? &item->tree : NULL;
    (void)(is_wanted ? flow_add : flow_remember)(exporting->flow, &item->message, keys);
    return true;
}

static bool end_graph(struct exporting *exporting, bool is_dot, enum exit_code *code) {
    uint64_t unheld = flow_unheld(exporting->flow), unknown = flow_unknown(exporting->flow) - unheld;
    const struct flow_edge **edges = graph_edges(exporting->flow);
    if (edges != NULL) graph_put(exporting->out, edges, flow_count(exporting->flow), is_dot);
    if (unknown > 0) say(exporting->call, "%" PRIu64 " more answer messages that were not seen, or too long ago", unknown);
    if (unheld > 0) {
        say(exporting->call, "%" PRIu64 " more are between more pairs than are told apart", unheld);
        *code = EXIT_LOSS;
    }
    free(edges);
    flow_close(exporting->flow);
    return edges != NULL;
}

static bool end_dot(struct exporting *exporting, enum exit_code *code) {
    return end_graph(exporting, true, code);
}

static bool end_mermaid(struct exporting *exporting, enum exit_code *code) {
    return end_graph(exporting, false, code);
}

const struct exporter *exporter_of(enum export_format format) {
    static const struct exporter exporters[] = {
        [EXPORT_PCAPNG] = {0, true, false, begin_pcapng, add_pcapng, loss_pcapng, end_pcapng},
        [EXPORT_PERFETTO] = {SCTX_WANT_TREE, false, false, begin_perfetto, add_perfetto, loss_perfetto, end_perfetto},
        [EXPORT_JSONL] = {SCTX_WANT_TREE, false, false, begin_nothing, add_jsonl, loss_jsonl, end_nothing},
        [EXPORT_CSV] = {SCTX_WANT_TREE, false, false, begin_csv, add_csv, NULL, end_nothing},
        [EXPORT_DOT] = {SCTX_WANT_KEYS, false, true, begin_graph, add_graph, NULL, end_dot},
        [EXPORT_MERMAID] = {SCTX_WANT_KEYS, false, true, begin_graph, add_graph, NULL, end_mermaid},
    };
    return &exporters[format];
}
