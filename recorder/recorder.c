#include "recorder.h"
#include "channels.h"
#include "mcap_batch.h"
#include "mcap_emit.h"
#include "mcap_write.h"
#include "recording.h"
#include "shelf.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 20, CHUNK_MS = 250, BUFFER_BYTES = 64 << 20 };

/* A chunk on its way: filled by the caller's thread, written by ours. */
struct parcel {
    struct mcap_batch batch;
    struct recording_sheet sheet;
    int64_t begun_ms;
    uint64_t messages;
    struct parcel *next;
};

struct recorder {
    struct recorder_options options;
    char *context;
    /* the caller's thread */
    struct channels channels;
    struct parcel *filling;
    uint32_t batch_number;
    /* both, under the lock */
    pthread_mutex_t lock;
    pthread_cond_t filled, written;
    struct parcel *first, *last, *idle; /* waiting to be written; to be filled again */
    bool is_closing;
    struct recorder_state state;
    /* the writing thread */
    pthread_t thread;
    struct shelf shelf;
    struct mcap_packer packer;
    struct mcap_packed packed;
    struct mcap_writer *writer;
    struct recording_place *places;
    size_t place_count;
    uint64_t lost, gone, messages; /* in this file */
    uint64_t bytes_before, record_bytes_before;
    int64_t file_begun_ms;
};

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void end(struct recorder *recorder, enum recorder_end how, const char *text) {
    pthread_mutex_lock(&recorder->lock);
    if (recorder->state.end == RECORDER_GOES_ON) {
        recorder->state.end = how;
        (void)snprintf(recorder->state.text, sizeof recorder->state.text, "%s", text);
    }
    pthread_cond_broadcast(&recorder->written);
    pthread_mutex_unlock(&recorder->lock);
}

static bool goes_on(struct recorder *recorder) {
    pthread_mutex_lock(&recorder->lock);
    bool on = recorder->state.end == RECORDER_GOES_ON;
    pthread_mutex_unlock(&recorder->lock);
    return on;
}

/* The file is named: of a row of them it is one. */
static void end_at_file(struct recorder *recorder, const char *text) {
    char full[400];
    (void)snprintf(full, sizeof full, "%.200s: %.190s", recorder->shelf.path, text);
    end(recorder, RECORDER_FAILED, full);
}

/* ---- a file ----------------------------------------------------------------------------------------------------------------- */

static bool put_metadata(struct mcap_writer *writer, const char *name, const char *const *pairs, size_t count) {
    struct mcap_buffer map = {.data = NULL};
    bool done = true;
    for (size_t i = 0; i < count && done; i++) done = mcap_map_add(&map, mcap_text(pairs[2 * i]), mcap_text(pairs[2 * i + 1]));
    const struct mcap_metadata metadata = {mcap_text(name), {map.data, map.len}};
    done = done && mcap_writer_metadata(writer, &metadata) == MCAP_OK;
    mcap_buffer_free(&map);
    return done;
}

static bool begin_file(struct recorder *recorder) {
    struct mcap_error error = {.text = ""};
    const struct mcap_writer_options options = {.profile = mcap_text(RECORDING_PROFILE),
                                                .library = mcap_text("sctx " SCTX_VERSION),
                                                .compression = recorder->options.compression,
                                                .level = recorder->options.level};
    const char *const pairs[] = {"format", "1", "context", recorder->context};
    recorder->writer = mcap_writer_open(mcap_sink_fd(&recorder->shelf.fd), &options, &error);
    if (recorder->writer == NULL) {
        end_at_file(recorder, error.text);
        return false;
    }
    recorder->place_count = 0;
    recorder->lost = recorder->gone = recorder->messages = 0;
    recorder->file_begun_ms = now_ms();
    if (put_metadata(recorder->writer, "sctx", pairs, 2)) return true;
    end_at_file(recorder, mcap_writer_error(recorder->writer)->text);
    return false;
}

static uint64_t file_bytes(const struct recorder *recorder) {
    struct mcap_writer_stats stats;
    mcap_writer_stats(recorder->writer, &stats);
    return stats.bytes;
}

static bool put_index(struct recorder *recorder, char offset[24]) {
    struct mcap_buffer body = {.data = NULL};
    (void)snprintf(offset, 24, "%llu", (unsigned long long)file_bytes(recorder));
    bool done = recording_index_body(recorder->places, recorder->place_count, &body) &&
                mcap_writer_private(recorder->writer, RECORDING_INDEX, (struct mcap_str){(const char *)body.data, body.len}) == MCAP_OK;
    mcap_buffer_free(&body);
    return done;
}

static void end_file(struct recorder *recorder) {
    char offset[24], messages[24], lost[24], gone[24];
    struct mcap_writer_stats stats;
    if (recorder->writer == NULL) return;
    (void)snprintf(messages, sizeof messages, "%llu", (unsigned long long)recorder->messages);
    (void)snprintf(lost, sizeof lost, "%llu", (unsigned long long)recorder->lost);
    (void)snprintf(gone, sizeof gone, "%llu", (unsigned long long)recorder->gone);
    const char *const pairs[] = {"index_offset", offset, "messages", messages, "lost", lost, "gone", gone};
    pthread_mutex_lock(&recorder->lock);
    bool has_failed = recorder->state.end == RECORDER_FAILED;
    pthread_mutex_unlock(&recorder->lock);
    bool done = !has_failed && put_index(recorder, offset) && put_metadata(recorder->writer, RECORDING_END, pairs, 4) &&
                mcap_writer_finish(recorder->writer) == MCAP_OK;
    if (!done) end_at_file(recorder, mcap_writer_error(recorder->writer)->text);
    mcap_writer_stats(recorder->writer, &stats);
    recorder->bytes_before += stats.bytes;
    recorder->record_bytes_before += stats.record_bytes;
    mcap_writer_free(recorder->writer);
    recorder->writer = NULL;
}

static bool is_time_to_split(const struct recorder *recorder) {
    if (recorder->options.split_bytes != 0 && file_bytes(recorder) >= recorder->options.split_bytes) return true;
    return recorder->options.split_ns != 0 && now_ms() - recorder->file_begun_ms >= recorder->options.split_ns / 1000000;
}

static bool split(struct recorder *recorder) {
    struct source_fault fault;
    end_file(recorder);
    if (!goes_on(recorder)) return false;
    if (!shelf_next(&recorder->shelf, &fault)) {
        end(recorder, RECORDER_FAILED, fault.text);
        return false;
    }
    return begin_file(recorder);
}

/* ---- the writing thread ----------------------------------------------------------------------------------------------------- */

static bool add_place(struct recorder *recorder, const struct recording_place *place) {
    if (recorder->place_count % 256 == 0) {
        struct recording_place *larger = realloc(recorder->places, (recorder->place_count + 256) * sizeof *larger);
        if (larger == NULL) return false;
        recorder->places = larger;
    }
    recorder->places[recorder->place_count++] = *place;
    return true;
}

static void count_losses(struct recorder *recorder, struct mcap_str body) {
    struct recording_cursor cursor;
    struct recording_entry entry;
    uint64_t lost = 0, gone = 0;
    if (recording_sheet_read(body, &cursor) != NULL) return;
    while (recording_sheet_next(&cursor, &entry)) {
        recorder->lost += entry.lost;
        recorder->gone += entry.gone;
    }
    recording_sheet_rest(&cursor, &lost, &gone);
    recorder->lost += lost;
    recorder->gone += gone;
}

static bool write_parcel(struct recorder *recorder, struct parcel *parcel) {
    struct mcap_error error = {.text = "out of memory"};
    if (mcap_pack(&recorder->packer, &parcel->batch, &recorder->packed, &error) != MCAP_OK) {
        end(recorder, RECORDER_FAILED, error.text);
        return false;
    }
    struct mcap_str body = recording_sheet_body(&parcel->sheet, recorder->packed.chunk_length);
    struct recording_place place = {.offset = file_bytes(recorder), .first = parcel->sheet.first, .end = parcel->sheet.end};
    bool done = body.data != NULL && mcap_writer_private(recorder->writer, RECORDING_SHEET, body) == MCAP_OK;
    place.chunk_offset = file_bytes(recorder);
    done = done && mcap_writer_put(recorder->writer, &recorder->packed) == MCAP_OK && add_place(recorder, &place);
    if (!done) {
        end_at_file(recorder, mcap_writer_error(recorder->writer)->text);
        return false;
    }
    recorder->messages += parcel->messages;
    if (parcel->sheet.loss_count > 0) count_losses(recorder, body);
    return true;
}

static bool has_room_on_disk(struct recorder *recorder) {
    uint64_t free_bytes = shelf_free_bytes(&recorder->shelf);
    pthread_mutex_lock(&recorder->lock);
    recorder->state.free_bytes = free_bytes;
    pthread_mutex_unlock(&recorder->lock);
    if (recorder->options.min_free == 0 || free_bytes >= recorder->options.min_free) return true;
    end(recorder, RECORDER_FULL, "the disk has less free space than --min-free leaves it");
    return false;
}

static void note_progress(struct recorder *recorder, const struct parcel *parcel, bool done) {
    struct mcap_writer_stats stats = {.bytes = 0};
    if (recorder->writer != NULL) mcap_writer_stats(recorder->writer, &stats);
    pthread_mutex_lock(&recorder->lock);
    recorder->state.bytes = recorder->bytes_before + stats.bytes;
    recorder->state.record_bytes = recorder->record_bytes_before + stats.record_bytes;
    recorder->state.waiting_bytes -= parcel->batch.records.len;
    if (!done) recorder->state.unwritten += parcel->messages;
    recorder->state.files = recorder->shelf.begun;
    recorder->state.removed = recorder->shelf.removed;
    pthread_mutex_unlock(&recorder->lock);
}

static struct parcel *wait_for_parcel(struct recorder *recorder) {
    pthread_mutex_lock(&recorder->lock);
    while (recorder->first == NULL && !recorder->is_closing) pthread_cond_wait(&recorder->filled, &recorder->lock);
    struct parcel *parcel = recorder->first;
    if (parcel != NULL) recorder->first = parcel->next;
    if (recorder->first == NULL) recorder->last = NULL;
    pthread_mutex_unlock(&recorder->lock);
    return parcel;
}

static void give_back(struct recorder *recorder, struct parcel *parcel) {
    mcap_batch_clear(&parcel->batch);
    recording_sheet_clear(&parcel->sheet);
    parcel->messages = 0;
    pthread_mutex_lock(&recorder->lock);
    parcel->next = recorder->idle;
    recorder->idle = parcel;
    pthread_cond_broadcast(&recorder->written);
    pthread_mutex_unlock(&recorder->lock);
}

static void *write_all(void *context) {
    struct recorder *recorder = context;
    for (struct parcel *parcel = wait_for_parcel(recorder); parcel != NULL; parcel = wait_for_parcel(recorder)) {
        bool done = goes_on(recorder) && has_room_on_disk(recorder) && (!is_time_to_split(recorder) || split(recorder)) &&
                    write_parcel(recorder, parcel);
        note_progress(recorder, parcel, done);
        give_back(recorder, parcel);
    }
    end_file(recorder);
    return NULL;
}

/* ---- the caller's thread ---------------------------------------------------------------------------------------------------- */

/* Waits while too much waits. */
static bool hand_over(struct recorder *recorder) {
    struct parcel *parcel = recorder->filling;
    if (parcel == NULL || (parcel->sheet.count == 0 && parcel->sheet.loss_count == 0)) return goes_on(recorder);
    recorder->filling = NULL;
    parcel->next = NULL;
    pthread_mutex_lock(&recorder->lock);
    while (recorder->state.waiting_bytes > recorder->options.buffer_max && recorder->state.end == RECORDER_GOES_ON)
        pthread_cond_wait(&recorder->written, &recorder->lock);
    recorder->state.waiting_bytes += parcel->batch.records.len;
    if (recorder->last != NULL)
        recorder->last->next = parcel;
    else
        recorder->first = parcel;
    recorder->last = parcel;
    bool on = recorder->state.end == RECORDER_GOES_ON;
    pthread_cond_signal(&recorder->filled);
    pthread_mutex_unlock(&recorder->lock);
    return on;
}

static bool take_parcel(struct recorder *recorder) {
    if (recorder->filling != NULL) return true;
    pthread_mutex_lock(&recorder->lock);
    struct parcel *parcel = recorder->idle;
    if (parcel != NULL) recorder->idle = parcel->next;
    pthread_mutex_unlock(&recorder->lock);
    if (parcel == NULL) parcel = calloc(1, sizeof *parcel);
    if (parcel == NULL || !mcap_batch_reserve(&parcel->batch, CHUNK_BYTES + (64 << 10))) {
        free(parcel);
        end(recorder, RECORDER_FAILED, "out of memory");
        return false;
    }
    parcel->begun_ms = now_ms();
    recorder->filling = parcel;
    recorder->batch_number++;
    return true;
}

static bool put_message(struct recorder *recorder, struct channel *channel, const struct source_message *message) {
    struct parcel *parcel = recorder->filling;
    const uint64_t time = message->time_ns > 0 ? (uint64_t)message->time_ns : 0;
    const struct mcap_message is = {channel->id, (uint32_t)message->seq, time, time, {message->data, message->len}};
    struct recording_entry entry = {.seq = message->seq,
                                    .cause = message->cause,
                                    .lost = message->lost,
                                    .gone = message->gone,
                                    .join = message->join,
                                    .pid = message->pid,
                                    .has_cause = message->has_cause,
                                    .cause_is_explicit = message->cause_is_explicit,
                                    .is_sample = message->is_sample};
    if (channel->is_shared && strcmp(channel->from, message->from) != 0) {
        size_t len = strlen(message->from);
        entry.name = message->from;
        entry.name_len = (uint8_t)(len < 255 ? len : 255);
    }
    return channels_define(&recorder->channels, channel, &parcel->batch, recorder->batch_number) &&
           mcap_batch_message(&parcel->batch, &is) == MCAP_OK && recording_sheet_add(&parcel->sheet, &entry);
}

bool recorder_add(struct recorder *recorder, const struct source_message *message) {
    struct channel *channel = channels_find(&recorder->channels, message);
    if (channel == NULL) {
        end(recorder, RECORDER_FAILED, "out of memory, or more topics than a recording can have");
        return false;
    }
    if (!take_parcel(recorder)) return false;
    if (!put_message(recorder, channel, message)) {
        end(recorder, RECORDER_FAILED, "out of memory, or a chunk is too large");
        return false;
    }
    struct parcel *parcel = recorder->filling;
    parcel->messages += message->is_sample ? 0 : 1;
    pthread_mutex_lock(&recorder->lock);
    recorder->state.messages += message->is_sample ? 0 : 1;
    recorder->state.samples += message->is_sample ? 1 : 0;
    recorder->state.lost += message->lost;
    recorder->state.gone += message->gone;
    recorder->state.message_bytes += message->len;
    pthread_mutex_unlock(&recorder->lock);
    bool is_full = parcel->batch.records.len >= CHUNK_BYTES || recording_sheet_is_full(&parcel->sheet);
    return is_full ? hand_over(recorder) : true;
}

bool recorder_add_loss(struct recorder *recorder, uint64_t lost, uint64_t gone) {
    if (lost == 0 && gone == 0) return true;
    if (!take_parcel(recorder) || !recording_sheet_add_loss(&recorder->filling->sheet, lost, gone)) return false;
    pthread_mutex_lock(&recorder->lock);
    recorder->state.lost += lost;
    recorder->state.gone += gone;
    pthread_mutex_unlock(&recorder->lock);
    return true;
}

bool recorder_tick(struct recorder *recorder) {
    if (recorder->filling != NULL && now_ms() - recorder->filling->begun_ms >= CHUNK_MS) return hand_over(recorder);
    return goes_on(recorder);
}

void recorder_state(struct recorder *recorder, struct recorder_state *state) {
    pthread_mutex_lock(&recorder->lock);
    *state = recorder->state;
    pthread_mutex_unlock(&recorder->lock);
}

const char *recorder_path(struct recorder *recorder) {
    return recorder->shelf.path;
}

/* ---- beginning and end ------------------------------------------------------------------------------------------------------ */

static void free_parcel(struct parcel *parcel) {
    mcap_batch_free(&parcel->batch);
    recording_sheet_free(&parcel->sheet);
    free(parcel);
}

static void free_recorder(struct recorder *recorder) {
    while (recorder->idle != NULL) {
        struct parcel *parcel = recorder->idle;
        recorder->idle = parcel->next;
        free_parcel(parcel);
    }
    if (recorder->filling != NULL) free_parcel(recorder->filling);
    mcap_writer_free(recorder->writer);
    mcap_packed_free(&recorder->packed);
    mcap_packer_free(&recorder->packer);
    channels_free(&recorder->channels);
    shelf_close(&recorder->shelf);
    pthread_cond_destroy(&recorder->filled);
    pthread_cond_destroy(&recorder->written);
    pthread_mutex_destroy(&recorder->lock);
    free(recorder->places);
    free(recorder->context);
    free(recorder);
}

struct recorder *recorder_open(const struct recorder_options *options, struct source_fault *fault) {
    struct recorder *recorder = calloc(1, sizeof *recorder);
    (void)snprintf(fault->text, sizeof fault->text, "out of memory");
    if (recorder == NULL) return NULL;
    recorder->options = *options;
    if (recorder->options.buffer_max == 0) recorder->options.buffer_max = BUFFER_BYTES;
    recorder->context = strdup(options->context != NULL ? options->context : "");
    recorder->packer = (struct mcap_packer){.compression = options->compression, .level = options->level};
    (void)pthread_mutex_init(&recorder->lock, NULL);
    (void)pthread_cond_init(&recorder->filled, NULL);
    (void)pthread_cond_init(&recorder->written, NULL);
    bool is_split = options->split_bytes != 0 || options->split_ns != 0;
    bool done =
        recorder->context != NULL && shelf_open(&recorder->shelf, options->path, is_split, options->keep, options->overwrite, fault);
    if (done && !begin_file(recorder)) {
        (void)snprintf(fault->text, sizeof fault->text, "%s", recorder->state.text);
        done = false;
    }
    recorder->state.files = recorder->shelf.begun;
    if (done && pthread_create(&recorder->thread, NULL, write_all, recorder) == 0) return recorder;
    free_recorder(recorder);
    return NULL;
}

void recorder_close(struct recorder *recorder, struct recorder_state *state) {
    if (recorder == NULL) return;
    (void)hand_over(recorder);
    pthread_mutex_lock(&recorder->lock);
    recorder->is_closing = true;
    pthread_cond_signal(&recorder->filled);
    pthread_mutex_unlock(&recorder->lock);
    (void)pthread_join(recorder->thread, NULL);
    struct source_fault fault;
    if (!shelf_end(&recorder->shelf, &fault)) end(recorder, RECORDER_FAILED, fault.text);
    recorder->state.bytes = recorder->bytes_before;
    recorder->state.record_bytes = recorder->record_bytes_before;
    if (state != NULL) *state = recorder->state;
    free_recorder(recorder);
}
