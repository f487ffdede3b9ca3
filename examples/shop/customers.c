/* The customers of the shop: some come one by one, then a coach arrives. They order, wait for their bills, and complain. */
#include "../json.h"
#include "../program.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static const char help[] =
    "Usage: customers [-c NAME]\n"
    "\n"
    "Orders on shop/order, 6 times with a pause and 14 times without, waits for the bills on shop/bill, and tells how many came and\n"
    "how long the longest took. Exit: 0 all came, 1 some did not.\n"
    "\n"
    "  -c, --context NAME   the context; default: $SCTX_CONTEXT, then 'default'\n"
    "  --help               this text\n";

enum { SINGLE = 6, COACH = 14, ORDERS = SINGLE + COACH };
static const int64_t pause_ns = 50 * 1000000, patience_ns = 1000000000; /* between two customers; without any bill */

struct customers {
    sctx *ctx;
    sctx_reader *reader;
    sctx_writer *writer;
    uint16_t order;
    int64_t ordered_ns[ORDERS], longest_ns;
    bool has_bill[ORDERS];
    int orders, bills;
};

static int order(struct customers *c) {
    static const char *const drinks[] = {"espresso", "tea", "cappuccino"};
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, "order", c->orders + 1);
    cJSON_AddStringToObject(object, "drink", c->orders < SINGLE ? drinks[c->orders % 3] : "coffee");
    c->ordered_ns[c->orders++] = program_now_ns();
    return json_publish(c->writer, c->order, object, NULL);
}

/* Reads the bills that are there; *some: there were. */
static int bills_read(struct customers *c, bool *some) {
    struct sctx_message message;
    int status;

    *some = false;
    while ((status = sctx_read(c->reader, &message)) == SCTX_OK) {
        cJSON *data = cJSON_ParseWithLength(message.data, message.len);
        const cJSON *number = cJSON_GetObjectItemCaseSensitive(data, "order");
        int which =
            cJSON_IsNumber(number) && number->valuedouble >= 1 && number->valuedouble <= c->orders ? (int)number->valuedouble - 1 : -1;
        cJSON_Delete(data);
        if (which < 0 || c->has_bill[which]) continue;
        int64_t took_ns = program_now_ns() - c->ordered_ns[which];
        if (took_ns > c->longest_ns) c->longest_ns = took_ns;
        c->has_bill[which] = *some = true;
        c->bills++;
    }
    return status == SCTX_AGAIN ? SCTX_OK : status;
}

static int run(struct customers *c, int signals) {
    struct pollfd wait[] = {{.fd = signals, .events = POLLIN}, {.fd = sctx_reader_fd(c->reader), .events = POLLIN}};
    int status = wait[1].fd < 0 ? wait[1].fd : SCTX_OK;
    int64_t last_ns = program_now_ns(); /* of an order or a bill */

    sctx_cause_clear(c->ctx);
    while (status == SCTX_OK && c->bills < ORDERS) {
        int64_t until_ns = last_ns + (c->orders < ORDERS ? pause_ns : patience_ns) - program_now_ns();
        bool some = false;
        if (until_ns > 0) {
            if (poll(wait, 2, (int)(until_ns / 1000000) + 1) < 0 || wait[0].revents) break;
            status = bills_read(c, &some);
            if (some && c->orders == ORDERS) last_ns = program_now_ns();
            sctx_cause_clear(c->ctx); /* nobody orders because of a bill */
            continue;
        }
        if (c->orders == ORDERS) break; /* out of patience */
        do status = order(c);
        while (status == SCTX_OK && c->orders >= SINGLE && c->orders < ORDERS);
        last_ns = program_now_ns();
    }
    return status;
}

static int prepare(struct customers *c) {
    static const char *const patterns[] = {"shop/bill"};
    struct sctx_reader_options reading = SCTX_INIT(reading);

    reading.patterns = patterns;
    reading.pattern_count = 1;
    int status = sctx_writer_open(c->ctx, NULL, &c->writer);
    if (status == SCTX_OK) status = json_topic(c->ctx, "shop/order", &c->order);
    if (status == SCTX_OK) status = sctx_reader_open(c->ctx, &reading, &c->reader);
    return status;
}

int main(int argc, char **argv) {
    struct program program = {.name = "customers", .help = help};
    struct customers c = {.ctx = NULL};
    struct sctx_options options = SCTX_INIT(options);
    struct sctx_error why = {""};
    int result = 0;

    program_options(&program, argc, argv);
    int signals = program_signals();
    options.context = program.context;
    options.name = program.name;
    options.error = &why;
    int status = sctx_open(&options, &c.ctx);
    if (status == SCTX_OK) status = prepare(&c);
    if (status == SCTX_OK) status = run(&c, signals);
    if (status != SCTX_OK) {
        result = program_failed(&program, "cannot go on", status, c.writer ? sctx_writer_error(c.writer) : why.text);
    } else {
        printf("%d orders, %d bills; the longest wait was %.2f s\n", c.orders, c.bills, (double)c.longest_ns / 1e9);
        result = c.bills == c.orders && fflush(stdout) == 0 ? 0 : 1;
    }

    sctx_reader_close(c.reader);
    sctx_writer_close(c.writer);
    sctx_close(c.ctx);
    close(signals);
    return result;
}
