// Boost.Interprocess message_queue: one a channel, 1024 messages deep. The only C++ here, compiled where Boost's headers are.
#include <boost/interprocess/ipc/message_queue.hpp>

#include "transport.h"

#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

namespace ipc = boost::interprocess;
constexpr std::size_t depth = 1024;
std::string last_error;

struct queues {
    std::vector<std::unique_ptr<ipc::message_queue>> queue;
};

struct writer {
    queues *all;
    unsigned first, end;
};

struct reader {
    ipc::message_queue *queue;
    receive_mode mode;
    unsigned char data[MESSAGE_BYTES];
};

const char *why() {
    return last_error.c_str();
}

int create(struct link *link) {
    auto q = std::make_unique<queues>();
    try {
        for (unsigned i = 0; i < link->channels; i++) {
            std::string name = "sctx-bench-" + std::to_string(getpid()) + "-" + std::to_string(i);
            q->queue.push_back(std::make_unique<ipc::message_queue>(ipc::create_only, name.c_str(), depth, std::size_t{MESSAGE_BYTES}));
            ipc::message_queue::remove(name.c_str()); // the mapping stays, also in forked children
        }
    } catch (const std::exception &e) {
        return bench_wrong("boost message_queue: %s", e.what());
    }
    link->state = q.release();
    return 0;
}

void destroy(struct link *link) {
    delete static_cast<queues *>(link->state);
}

void *open_writer(struct link *link, unsigned first, unsigned count) {
    return new (std::nothrow) writer{static_cast<queues *>(link->state), first, first + count};
}

void *open_reader(struct link *link, unsigned first, unsigned index, receive_mode mode) {
    return new (std::nothrow) reader{static_cast<queues *>(link->state)->queue[first + index].get(), mode, {}};
}

int do_send(void *handle, const void *data, std::size_t len) {
    auto *w = static_cast<writer *>(handle);
    try {
        for (unsigned i = w->first; i < w->end; i++) w->all->queue[i]->send(data, len, 0);
    } catch (const std::exception &e) {
        last_error = e.what();
        return -1;
    }
    return 0;
}

int receive(void *handle, const void **data) {
    auto *r = static_cast<reader *>(handle);
    ipc::message_queue::size_type n = 0;
    unsigned priority = 0;
    try {
        if (r->mode != RECEIVE_POLL)
            r->queue->receive(r->data, sizeof r->data, n, priority);
        else if (!r->queue->try_receive(r->data, sizeof r->data, n, priority))
            return 0;
    } catch (const std::exception &e) {
        last_error = e.what();
        return -1;
    }
    *data = r->data;
    return static_cast<int>(n);
}

} // namespace

extern "C" const struct transport transport_boost = {"boost mq",  true,    false,   create,  destroy, open_writer,
                                                     open_reader, do_send, receive, nullptr, why};
