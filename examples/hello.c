/* Lesson 1: join a context, say something, hear it.
 *
 * A context needs no daemon and no configuration: whoever joins first creates it. To see it from outside, in another terminal: sctx sub */
#include <sctx/sctx.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    const char *text = "Hello, world";
    const char *patterns[] = {"hello/*"};       /* '*' is one level of a topic, '**' any number of levels */
    struct sctx_error why = {""};               /* one line that says what failed and how to mend it */
    struct sctx_options join = SCTX_INIT(join); /* zero is the default of every field */
    struct sctx_topic_options hello = SCTX_INIT(hello);
    struct sctx_reader_options listen = SCTX_INIT(listen);
    struct sctx_message message;
    sctx *ctx = NULL;
    sctx_writer *writer = NULL;
    sctx_reader *reader = NULL;
    uint16_t topic = 0;

    join.name = "hello";
    join.error = &why;
    hello.name = "hello/world";
    hello.encoding = "text"; /* tells viewers what the bytes are; sctx itself never looks into them */
    listen.patterns = patterns;
    listen.pattern_count = 1;

    int status = sctx_open(&join, &ctx);                                      /* 0, or a negative enum sctx_status */
    if (status == SCTX_OK) status = sctx_topic_register(ctx, &hello, &topic); /* finds or makes it */
    if (status == SCTX_OK) status = sctx_writer_open(ctx, NULL, &writer);
    if (status == SCTX_OK) status = sctx_reader_open(ctx, &listen, &reader); /* hears what is said from now on */
    if (status == SCTX_OK) status = sctx_publish(writer, topic, text, strlen(text), NULL);
    if (status == SCTX_OK) status = sctx_read(reader, &message); /* a copy, valid until the next call on this reader */
    if (status == SCTX_OK)
        printf("message %llu from participant %u: %.*s\n", (unsigned long long)message.seq, message.from, (int)message.len,
               (const char *)message.data);
    else
        fprintf(stderr, "hello: %s. %s\n", sctx_strerror(status), why.text);

    sctx_reader_close(reader); /* handles first, then the context; NULL is allowed */
    sctx_writer_close(writer);
    sctx_close(ctx);
    return status == SCTX_OK ? 0 : 1;
}
