/* What a file holds, a line of JSON each.
 *
 *   mcapdump FILE                     every record, as a stream; "-" is standard input
 *   mcapdump --index FILE [OPTION...] its messages in the order of time, by its summary:
 *       --reverse  --from TIME  --to TIME  --topic TOPIC  --memory BYTES  --scan
 *
 * 0: all is well; 1: something was lost or wrong, said on standard error; 2: wrong arguments. */
#include "lines.h"
#include "mcap_query.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int dump_stream(int fd) {
    struct mcap_record record;
    struct mcap_reader *reader = mcap_reader_open(mcap_source_fd(&fd), &(struct mcap_reader_options){0});
    enum mcap_status status;
    int code = 0;
    while ((status = mcap_reader_next(reader, &record)) != MCAP_END) {
        if (status == MCAP_OK) {
            line_print(stdout, &record);
            continue;
        }
        (void)fprintf(stderr, "%s\n", mcap_reader_error(reader)->text);
        code = 1;
        if (status < 0) break;
    }
    if (!mcap_reader_account(reader)->is_complete) code = 1;
    mcap_reader_free(reader);
    return code;
}

static bool is_topic(void *context, const struct mcap_channel *channel) {
    const char *topic = context;
    return channel->topic.len == strlen(topic) && memcmp(channel->topic.data, topic, channel->topic.len) == 0;
}

static int dump_query(struct mcap_file *file, const struct mcap_query_options *options) {
    struct mcap_record record;
    struct mcap_query *query = mcap_query_open(file, options);
    enum mcap_status status;
    int code = 0;
    while ((status = mcap_query_next(query, &record)) != MCAP_END) {
        if (status == MCAP_OK) {
            line_print(stdout, &record);
            continue;
        }
        (void)fprintf(stderr, "%s\n", mcap_query_error(query)->text);
        code = 1;
        if (status < 0) break;
    }
    mcap_query_close(query);
    return code;
}

int main(int argc, char **argv) {
    struct mcap_query_options query = {0};
    struct mcap_file_options how = {0};
    struct mcap_error error;
    const char *path = NULL;
    bool by_index = false;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--index") == 0)
            by_index = true;
        else if (strcmp(argv[i], "--reverse") == 0)
            query.is_backwards = true;
        else if (strcmp(argv[i], "--scan") == 0)
            how.scan = MCAP_SCAN_ALWAYS;
        else if (strcmp(argv[i], "--from") == 0)
            query.from = strtoull(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--to") == 0)
            query.to = strtoull(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--memory") == 0)
            query.memory_max = strtoull(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--topic") == 0)
            query.wants = is_topic, query.context = argv[++i];
        else
            path = argv[i];
    }
    if (path == NULL) return 2;
    int fd = strcmp(path, "-") == 0 ? 0 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        perror(path);
        return 1;
    }
    if (!by_index) return dump_stream(fd);
    struct mcap_file *file = mcap_file_open(fd, &how, &error);
    if (file == NULL) {
        (void)fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    int code = dump_query(file, &query);
    mcap_file_close(file);
    return code;
}
