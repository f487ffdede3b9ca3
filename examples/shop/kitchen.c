/* The kitchen of the shop: takes orders, makes one after the other, tells what is ready.
 *
 * It has room for a few orders only, and as it stands it takes in whatever came, room or not: an order too many falls into the place of another,
 * which nobody will ever answer. With --mended it takes in only what it has room for; the others wait in the ring, which is what a ring is for. */
#include "../json.h"
#include "../program.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static const char help[] = "Usage: kitchen [-c NAME] [--mended]\n"
                           "\n"
                           "Makes what is ordered on shop/order, and tells on shop/ready/kitchen.\n"
                           "Marker kitchen.waiting: the orders taken in and not answered.\n"
                           "\n"
                           "  -c, --context NAME   the context; default: $SCTX_CONTEXT, then 'default'\n"
                           "      --mended         without the bug that docs/debugging.md finds\n"
                           "  --help               this text\n";

enum { PLACES = 4 };
static const int64_t making_ns = 10 * 1000000; /* of one order */

struct order {
    double number;
    uint64_t seq; /* of the message that ordered it: what the answer names as its cause */
};

struct kitchen {
    bool is_mended;
    sctx *ctx;
    sctx_reader *reader;
    sctx_writer *writer;
    sctx_marker *waiting;
    uint16_t ready;
    struct order places[PLACES];
    uint64_t taken, made; /* orders; the next to be made is in places[made % PLACES] */
    int64_t unanswered;
};

static int unanswered_set(struct kitchen *k, int64_t number) {
    k->unanswered = number;
    return sctx_marker_set(k->waiting, (sctx_level){.i64 = number});
}

static int take(struct kitchen *k) {
    struct sctx_message message;
    int status = SCTX_OK;

    while (!k->is_mended || k->taken - k->made < PLACES) {
        status = sctx_read(k->reader, &message);
        if (status != SCTX_OK) break;
        cJSON *data = cJSON_ParseWithLength(message.data, message.len);
        const cJSON *number = cJSON_GetObjectItemCaseSensitive(data, "order");
        if (cJSON_IsNumber(number)) {
            k->places[k->taken++ % PLACES] = (struct order){number->valuedouble, message.seq};
            if (k->taken - k->made > PLACES) k->made++; /* there was another in that place */
            status = unanswered_set(k, k->unanswered + 1);
        }
        cJSON_Delete(data);
        if (status != SCTX_OK) break;
    }
    return status == SCTX_AGAIN ? SCTX_OK : status;
}

static int serve(struct kitchen *k) {
    const struct order *order = &k->places[k->made++ % PLACES];
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, "order", order->number);
    sctx_cause_set(k->ctx, order->seq); /* what was read last is another order by now */
    int status = json_publish(k->writer, k->ready, object, NULL);
    sctx_cause_clear(k->ctx);
    return status == SCTX_OK ? unanswered_set(k, k->unanswered - 1) : status;
}

static int run(struct kitchen *k, int signals) {
    struct pollfd wait[] = {{.fd = signals, .events = POLLIN}, {.fd = sctx_reader_fd(k->reader), .events = POLLIN}};
    int status = wait[1].fd < 0 ? wait[1].fd : SCTX_OK;

    while (status == SCTX_OK) {
        status = take(k);
        if (status != SCTX_OK) break;
        if (k->taken == k->made) {
            if (poll(wait, 2, -1) < 0 || wait[0].revents) break;
        } else {
            if (program_stopped(signals, making_ns)) break;
            status = serve(k);
        }
    }
    return status;
}

static int prepare(struct kitchen *k) {
    static const char *const patterns[] = {"shop/order"};
    struct sctx_reader_options reading = SCTX_INIT(reading);
    struct sctx_marker_options marker = SCTX_INIT(marker);

    marker.name = "kitchen.waiting";
    marker.kind = SCTX_MARKER_I64;
    marker.unit = "orders";
    marker.flags = SCTX_MARKER_HAS_HIGH | SCTX_MARKER_ANNOUNCE;
    marker.high.i64 = PLACES;
    reading.patterns = patterns;
    reading.pattern_count = 1;
    int status = sctx_writer_open(k->ctx, NULL, &k->writer);
    if (status == SCTX_OK) status = json_topic(k->ctx, "shop/ready/kitchen", &k->ready);
    if (status == SCTX_OK) status = sctx_marker_open(k->ctx, &marker, &k->waiting);
    if (status == SCTX_OK) status = sctx_reader_open(k->ctx, &reading, &k->reader);
    return status;
}

int main(int argc, char **argv) {
    struct program program = {.name = "kitchen", .help = help, .flag = "mended"};
    struct kitchen k = {.ctx = NULL};
    struct sctx_options options = SCTX_INIT(options);
    struct sctx_error why = {""};
    int result = 0;

    program_options(&program, argc, argv);
    k.is_mended = program.has_flag;
    int signals = program_signals();
    options.context = program.context;
    options.name = program.name;
    options.error = &why;
    int status = sctx_open(&options, &k.ctx);
    if (status == SCTX_OK) status = prepare(&k);
    if (status == SCTX_OK) status = run(&k, signals);
    if (status != SCTX_OK) result = program_failed(&program, "cannot go on", status, k.writer ? sctx_writer_error(k.writer) : why.text);

    sctx_reader_close(k.reader);
    sctx_marker_close(k.waiting);
    sctx_writer_close(k.writer);
    sctx_close(k.ctx);
    close(signals);
    return result;
}
