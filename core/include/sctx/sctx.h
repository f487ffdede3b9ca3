/* sctx: a context, one bus in shared memory that any local program joins.
 *
 * What it is
 *   A context is a folder with a ring of 16-byte cells, and one arena for each writer. A writer puts a message into its own arena,
 *   which nobody else can write to, and publishes it with one double-word compare-and-swap on a cell of the ring. That
 *   instruction claims the message's seq and makes it visible at once: a writer that is killed or stopped anywhere has either
 *   published a message whole or not at all. Publishing and reading make no system call.
 *
 * Caveats first
 *   - Nobody waits for anybody: a reader that is too slow loses messages. The loss is counted exactly. After every call, for every
 *     reader: cursor - start_seq == delivered + filtered + lost + gone. `lost`: the ring's cell was overwritten. `gone`: the payload was.
 *     The topic of a lost or gone message is unknown, so both count messages of all topics, whatever the reader's patterns.
 *   - A reader may be *gated*: writers then wait for it, at most the context's gate time-out for each step that it comes forward. Only in
 *     contexts created for it. A gated reader of the writer's own participant is let go at once, since nobody can wait for itself.
 *   - Anyone who may join can spoil messages (claim seqs with nonsense in them), and damage the context until it is removed; it cannot make
 *     others crash, hang or read out of bounds, with two exceptions: it can truncate the ring's file or its own arena's, which raises SIGBUS
 *     in those who have it mapped, unless sctx_guard_install() was called; and where gating is allowed it can make writers wait.
 *   - After fork() the child cannot use its parent's handles: every call answers SCTX_ERR_FORKED. It opens its own.
 *   - A writer that closes its descriptors behind the library's back (closefrom) goes on working; its arena is not
 *     adopted by others while its process lives.
 *
 * Objects and who owns them
 *   sctx         one opened context: joined (sctx_open) or only looked at (sctx_tap_open)
 *   sctx_writer  sctx_reader  sctx_marker    handles of an sctx; close them before it
 *   Every `const char *` and `const void *` handed in is copied before the call returns.
 *
 * Threads
 *   Calls marked [any thread] may be made at any time from any thread. Those marked [owner] belong to one thread at a time:
 *   a writer, a reader and a marker handle each. Different handles are independent.
 *
 * Results
 *   0 or a negative enum sctx_status. Results come through the last pointer and are untouched on failure. The library prints
 *   nothing, never exits, installs no signal handler by itself, and keeps no global state but each thread's cause and the list
 *   of descriptors that a forked child has to drop.
 *
 * Growth
 *   Option and result structs begin with `uint32_t size`; set it with sizeof (the SCTX_INIT macro does). Fields are only ever appended; a
 *   zero means the default. Of an option struct that is larger than this library knows the rest must be 0, or it is INVALID. */
#ifndef SCTX_SCTX_H
#define SCTX_SCTX_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SCTX_API __attribute__((visibility("default")))
#define SCTX_VERSION_MAJOR 0
#define SCTX_VERSION_MINOR 1
#define SCTX_VERSION_PATCH 0
#define SCTX_VERSION "0.1.0"

#define SCTX_NAME_MAX 64u            /* bytes of a context's or participant's name, without the NUL */
#define SCTX_TOPIC_MAX 255u          /* bytes of a topic's or marker's name, without the NUL */
#define SCTX_ENCODING_MAX 64u        /* bytes of an encoding's name, without the NUL */
#define SCTX_SCHEMA_MAX (1u << 20)   /* bytes of a schema */
#define SCTX_PAYLOAD_MAX (64u << 20) /* bytes of a payload */
#define SCTX_FOREVER INT64_C(-1)     /* a time-out that never ends */

/* struct sctx_options o = SCTX_INIT(o); */
#define SCTX_INIT(var) \
    { .size = (uint32_t)sizeof(var) }

enum sctx_status {
    SCTX_OK = 0,
    SCTX_AGAIN = -1,          /* nothing to read now */
    SCTX_TIMEOUT = -2,        /* the time given is over */
    SCTX_INTERRUPTED = -3,    /* a signal came while waiting */
    SCTX_ERR_INVALID = -4,    /* an argument is out of its range */
    SCTX_ERR_NAME = -5,       /* a name is empty, too long, or has characters that names may not have */
    SCTX_ERR_NOT_FOUND = -6,  /* no such context, topic, participant or marker */
    SCTX_ERR_EXISTS = -7,     /* it is there already (sctx_create) */
    SCTX_ERR_ACCESS = -8,     /* file permissions do not allow it */
    SCTX_ERR_UNSAFE = -9,     /* a folder or file has the wrong owner, type or mode: refused */
    SCTX_ERR_VERSION = -10,   /* the context was made by an incompatible version */
    SCTX_ERR_DAMAGED = -11,   /* the context's contents make no sense */
    SCTX_ERR_LOST = -12,      /* the ring's file was truncated or replaced under us */
    SCTX_ERR_REMOVED = -13,   /* the context was removed (sctx rm) */
    SCTX_ERR_NO_SPACE = -14,  /* the file system is full, or the context's --max-memory is reached */
    SCTX_ERR_FULL = -15,      /* a table is full: participants, readers, arenas, topics or markers */
    SCTX_ERR_TOO_BIG = -16,   /* the payload is larger than SCTX_PAYLOAD_MAX, or than this context can ever hold */
    SCTX_ERR_NO_MEMORY = -17, /* malloc or mmap failed */
    SCTX_ERR_READ_ONLY = -18, /* a tap cannot do that */
    SCTX_ERR_GATING = -19,    /* gated reading was asked of a context that was not created with gating allowed */
    SCTX_ERR_FORKED = -20,    /* this handle belongs to the parent process */
    SCTX_ERR_STATE = -21,     /* calls in the wrong order: commit without reserve, publish while reserved */
    SCTX_ERR_KIND = -22,      /* a marker of another kind */
    SCTX_ERR_SYSTEM = -23,    /* a system call failed; the error text says which */
};

/* One line for a status, never NULL. [any thread] */
SCTX_API const char *sctx_strerror(int status);

/* Receives one line that says what failed, where, and how to mend it; "" when there is nothing to add to sctx_strerror(). */
struct sctx_error {
    char text[512];
};

/* ---- contexts ------------------------------------------------------------------------------------------------------------- */

enum sctx_create_flags {
    SCTX_CREATE_GATING = 1,   /* readers may join gated */
    SCTX_CREATE_TAP_ONLY = 2, /* with a group: its members may tap, not join */
};

struct sctx_create_options {
    uint32_t size;
    uint32_t flags;           /* enum sctx_create_flags */
    const char *context;      /* "NAME"; NULL: $SCTX_CONTEXT, then "default" */
    const char *dir;          /* the folder above; NULL: $SCTX_DIR, then /dev/shm/sctx-UID */
    uint64_t cells;           /* messages that the ring holds: a power of two, 64 to 2^24; 0: 32768 */
    uint64_t arena_bytes;     /* a writer's first arena: a power of two, 64 KiB to 256 MiB; 0: 1 MiB */
    uint64_t max_memory;      /* bytes of all its files; 0: 1 GiB. What the dead left goes before a writer gets NO_SPACE */
    uint64_t gate_timeout_ns; /* how long writers wait for a gated reader, at most 1 h; 0: 1 s */
    const char *group;        /* NULL: private (folder 0700, files 0600); else a group's name or number: see docs/architecture.md */
    uint64_t first_seq;       /* seq of the first message; 0: 1. For tests of wrap-around */
    struct sctx_error *error; /* or NULL */
};

/* Makes a context; everything it needs at first is allocated before it becomes visible, by one rename.
 * NAME: not a path. EXISTS. ACCESS, UNSAFE: the folder above. NO_SPACE: with the sizes. INVALID: a number out of range. [any thread] */
SCTX_API int sctx_create(const struct sctx_create_options *options);

/* Removes a context: those who use it get SCTX_ERR_REMOVED, their mappings stay valid until they close.
 * context, dir: as above ("NAME" or "USER:NAME"). NOT_FOUND, ACCESS, UNSAFE. [any thread] */
SCTX_API int sctx_remove(const char *context, const char *dir, struct sctx_error *error);

/* Writes the folder of a context to buf, NUL-terminated; `context` may be "NAME", "USER:NAME" or NULL as above.
 * NAME; NOT_FOUND: no such user; INVALID: buf is too small. [any thread] */
SCTX_API int sctx_path(const char *context, const char *dir, char *buf, size_t buf_bytes);

typedef struct sctx sctx;

struct sctx_options {
    uint32_t size;
    uint32_t flags;           /* none yet: 0 */
    const char *context;      /* "NAME" or "USER:NAME"; NULL: $SCTX_CONTEXT, then "default" */
    const char *dir;          /* NULL: $SCTX_DIR, then /dev/shm/sctx-UID */
    const char *name;         /* who joins; NULL: the program's name. Up to SCTX_NAME_MAX bytes of UTF-8, no control characters */
    struct sctx_error *error; /* or NULL */
};

/* Joins a context as a participant, and creates it with the defaults if it is not there (only "NAME", never another user's).
 * Everything in sctx_create() but EXISTS; NOT_FOUND for another user's; VERSION, DAMAGED, FULL (participants), NO_MEMORY. [any thread] */
SCTX_API int sctx_open(const struct sctx_options *options, sctx **ctx);

/* Looks at a context without joining it: maps it read-only, holds no place, cannot be noticed. `name` is ignored.
 * NOT_FOUND: it is not there (yet); otherwise as sctx_open(). [any thread] */
SCTX_API int sctx_tap_open(const struct sctx_options *options, sctx **ctx);

/* Leaves. All its writers, readers and markers must be closed. NULL is allowed. [any thread, once] */
SCTX_API void sctx_close(sctx *ctx);

/* SCTX_OK, or why the context cannot be used any more: REMOVED, LOST (truncated, unlinked or replaced by another), FORKED. Costs two
 * system calls: it looks at the folder. Readers and writers also notice by themselves. [any thread] */
SCTX_API int sctx_check(sctx *ctx);

/* Own join number (unique in the context, first 1), 0 for a tap. [any thread] */
SCTX_API uint32_t sctx_join_number(const sctx *ctx);

/* Installs a SIGBUS handler which turns a truncated ring or arena into SCTX_ERR_LOST, and passes on any other SIGBUS to the handler that was there
 * before. For programs that own their signals, as the sctx tools do. SYSTEM. [any thread, once a process] */
SCTX_API int sctx_guard_install(void);

/* ---- topics --------------------------------------------------------------------------------------------------------------- */

/* A topic is (name, encoding, schema): the same name with another encoding is another id. Immutable once registered. */
struct sctx_topic {
    const char *name;     /* levels split by '/', valid UTF-8, no control characters, NUL-terminated */
    const char *encoding; /* "json", "msgpack", "struct:Order", ...; "" where none was declared */
    const void *schema;   /* schema_bytes bytes, or NULL */
    uint32_t schema_bytes;
    uint16_t id; /* 0 to 65534 */
};

struct sctx_topic_options {
    uint32_t size;
    uint32_t schema_bytes; /* 0 to SCTX_SCHEMA_MAX */
    const char *name;
    const char *encoding; /* NULL: the first topic of that name, whatever its encoding; a new one gets "" */
    const void *schema;
};

/* Finds or makes a topic. Lock-free between processes; one that dies in the middle leaves nothing behind that stops others.
 * NAME: empty, longer than SCTX_TOPIC_MAX, not UTF-8, control characters, '*', or an empty level. FULL (65,535 topics), NO_SPACE, READ_ONLY (a tap
 * finds, but cannot make), DAMAGED, REMOVED, FORKED. [any thread] */
SCTX_API int sctx_topic_register(sctx *ctx, const struct sctx_topic_options *options, uint16_t *id);

/* Borrowed until sctx_close(). NOT_FOUND, DAMAGED. [any thread] */
SCTX_API int sctx_topic_get(sctx *ctx, uint16_t id, const struct sctx_topic **topic);

/* Topics registered by now; ids are 0 to count-1. [any thread] */
SCTX_API uint32_t sctx_topic_count(sctx *ctx);

/* Does `name` match `pattern`? '*' is exactly one level, '**' any number of levels, also none. [any thread] */
SCTX_API bool sctx_topic_matches(const char *pattern, const char *name);

/* ---- writing -------------------------------------------------------------------------------------------------------------- */

typedef struct sctx_writer sctx_writer;

enum sctx_writer_flags { SCTX_WRITER_NO_AUTO_CAUSE = 1 };

struct sctx_writer_options {
    uint32_t size;
    uint32_t flags;           /* enum sctx_writer_flags */
    struct sctx_error *error; /* or NULL: why sctx_writer_open() failed; later failures are told by sctx_writer_error() */
};

/* Takes an arena: a dead writer's of the same user is adopted (its old messages stay readable), else a new one is made.
 * FULL, NO_SPACE, READ_ONLY, NO_MEMORY, REMOVED, FORKED, SYSTEM. options may be NULL. [any thread] */
SCTX_API int sctx_writer_open(sctx *ctx, const struct sctx_writer_options *options, sctx_writer **writer);
SCTX_API void sctx_writer_close(sctx_writer *writer); /* NULL is allowed. [owner] */

/* Publishes one message of 0 to SCTX_PAYLOAD_MAX bytes; its seq goes to *seq unless NULL. The thread's cause, if any, is stamped on it.
 * No system call, except when the arena has to grow (a message larger than a quarter of it), when somebody sleeps, when a gated
 * reader must be waited for, and about once a second to note the clock.
 * INVALID: unknown topic. TOO_BIG. NO_SPACE: sctx_writer_error() has the sizes; nothing was published. DAMAGED, REMOVED, LOST, FORKED, STATE. [owner] */
SCTX_API int sctx_publish(sctx_writer *writer, uint16_t topic, const void *data, size_t len, uint64_t *seq);

enum sctx_cause_mode {
    SCTX_CAUSE_AUTO = 0, /* the thread's */
    SCTX_CAUSE_NONE = 1,
    SCTX_CAUSE_SEQ = 2, /* the field `cause` */
};

struct sctx_outgoing {
    const void *data;
    uint32_t len;
    uint16_t topic;
    uint16_t cause_mode; /* enum sctx_cause_mode */
    uint64_t cause;      /* a seq before the message's own; one more than 2^32-1 back is dropped */
    uint64_t seq;        /* out */
};

/* Publishes messages[0..n-1] in this order, each on its own (others' may come between), with one look for sleepers at the end. *done (or NULL) is the
 * number published, also on failure. As sctx_publish(). [owner] */
SCTX_API int sctx_publish_batch(sctx_writer *writer, struct sctx_outgoing *messages, size_t n, size_t *done);

/* Zero copy: room for `len` bytes in the arena, 32-byte aligned, to be filled in place; then commit with the same or a smaller length, or
 * abort. Nothing is visible before the commit. One reservation at a time. As sctx_publish(). [owner] */
SCTX_API int sctx_reserve(sctx_writer *writer, size_t len, void **data);
SCTX_API int sctx_commit(sctx_writer *writer, uint16_t topic, size_t len, uint64_t *seq);
SCTX_API void sctx_abort(sctx_writer *writer);

/* What the last failed call on this writer has to add; "" if nothing. Borrowed until the next call. [owner] */
SCTX_API const char *sctx_writer_error(const sctx_writer *writer);

/* ---- cause ---------------------------------------------------------------------------------------------------------------- */

/* The library remembers, per thread and context, the seq last read with sctx_read() or sctx_peek(), and stamps it on what this thread publishes
 * until its next read. An empty read, a wait and a time-out clear it. Reading through a tap never sets it.
 * These override it, until the next read of this thread. [any thread] */
SCTX_API void sctx_cause_set(sctx *ctx, uint64_t seq);
SCTX_API void sctx_cause_clear(sctx *ctx);
SCTX_API bool sctx_cause_get(sctx *ctx, uint64_t *seq); /* false: none */

/* ---- reading -------------------------------------------------------------------------------------------------------------- */

typedef struct sctx_reader sctx_reader;

enum sctx_reader_flags {
    SCTX_READER_GATED = 1,    /* writers wait for it */
    SCTX_READER_NO_CAUSE = 2, /* what it reads never becomes a cause */
};

enum sctx_from {
    SCTX_FROM_NOW = 0,   /* what is published after the call began */
    SCTX_FROM_START = 1, /* the oldest message that the ring still holds */
    SCTX_FROM_SEQ = 2,   /* the field `seq`; what the ring no longer holds counts as lost */
};

struct sctx_reader_options {
    uint32_t size;
    uint32_t flags; /* enum sctx_reader_flags */
    uint32_t from;  /* enum sctx_from */
    uint32_t pattern_count;
    const char *const *patterns; /* topics to deliver; none: all */
    uint64_t seq;
};

enum sctx_message_flags {
    SCTX_MSG_CAUSE = 1,          /* `cause` is set */
    SCTX_MSG_CAUSE_EXPLICIT = 2, /* it was given by the program, not taken from what the thread read last */
};

struct sctx_message {
    uint64_t seq;     /* its number: no holes, in the order of publication */
    int64_t time_ns;  /* when it was published, ns since 1970; never decreases along seq within one reader, but for steps of the clock */
    uint64_t cause;   /* seq of the message it answers, if flags has SCTX_MSG_CAUSE */
    const void *data; /* len bytes, 8-byte aligned */
    uint32_t len;
    uint32_t from; /* the sender's join number */
    uint16_t topic;
    uint16_t flags; /* enum sctx_message_flags */
    uint32_t reserved;
    uint64_t lost, gone; /* messages missed between the one delivered before and this one */
};

/* On a joined context it takes a place in the table of readers; on a tap it takes nothing. options may be NULL: from now on, all topics.
 * GATING; READ_ONLY: gated on a tap; FULL; NAME: a bad pattern ('*' and '**' are whole levels); NO_MEMORY, REMOVED, FORKED, SYSTEM. [any thread] */
SCTX_API int sctx_reader_open(sctx *ctx, const struct sctx_reader_options *options, sctx_reader **reader);
SCTX_API void sctx_reader_close(sctx_reader *reader); /* NULL is allowed. [owner] */

/* The next message, copied: data stays valid until the next call on this reader, whatever the writer does.
 * AGAIN: nothing there now. REMOVED, LOST, DAMAGED, NO_MEMORY, SYSTEM (an arena cannot be opened now: descriptors; nothing is skipped by either), FORKED. Bounded in time, whatever the ring contains. [owner] */
SCTX_API int sctx_read(sctx_reader *reader, struct sctx_message *message);

/* As sctx_read(), again and again: up to n messages that are there now, their payloads one behind the other in `buffer`, each 8-byte aligned if buffer is.
 * The first that does not fit in what is left of `room` is the last, and its data is valid as that of sctx_read() is. *count: how many, also on failure; what
 * fails behind the first message is told by the next call. Saves calls where these are dear, as from other languages. [owner] */
SCTX_API int sctx_read_batch(sctx_reader *reader, struct sctx_message *messages, size_t n, void *buffer, size_t room, size_t *count);

/* As sctx_read(), but data points into the writer's arena, which goes on. What was computed from it is to be used only if
 * sctx_still_valid() says so afterwards; the bytes may change while they are looked at. Asked of the message last peeked; if it
 * says no, that message is counted as gone instead of delivered. [owner] */
SCTX_API int sctx_peek(sctx_reader *reader, struct sctx_message *message);
SCTX_API bool sctx_still_valid(sctx_reader *reader, const struct sctx_message *message);

/* Waits until there may be something to read: at most timeout_ns (SCTX_FOREVER: no limit; 0: looks once).
 * TIMEOUT, INTERRUPTED (a signal handler ran), REMOVED, LOST, FORKED. Spins briefly where that has paid lately, then sleeps. A tap polls. [owner] */
SCTX_API int sctx_wait(sctx_reader *reader, int64_t timeout_ns);

/* A descriptor for poll/epoll: readable when there may be something to read. When it is, sctx_read() until SCTX_AGAIN, which arms it again. Belongs to the
 * reader: do not read or close it. A helper thread sleeps behind it. Negative: NO_MEMORY, SYSTEM, FORKED. [owner] */
SCTX_API int sctx_reader_fd(sctx_reader *reader);

struct sctx_reader_stats {
    uint32_t size;
    uint32_t gated;             /* 1: gated; 2: was, and was let go because it took too long; 0: never */
    uint64_t start_seq, cursor; /* cursor - start_seq == delivered + filtered + lost + gone */
    uint64_t delivered, filtered, lost, gone;
    uint64_t tail; /* the next seq to be published, about */
};
SCTX_API int sctx_reader_stats(const sctx_reader *reader, struct sctx_reader_stats *stats); /* [owner] */

/* Goes on at `seq`, with all counts at 0 and start_seq = seq. INVALID: gated readers cannot. [owner] */
SCTX_API int sctx_reader_seek(sctx_reader *reader, uint64_t seq);

/* ---- participants --------------------------------------------------------------------------------------------------------- */

enum sctx_role { SCTX_ROLE_WRITER = 1, SCTX_ROLE_READER = 2, SCTX_ROLE_GATED = 4 };
enum sctx_alive {
    SCTX_DEAD = 0,
    SCTX_ALIVE = 1,
    SCTX_ALIVE_BY_PID = 2, /* may not look at the locks: judged by pid and start time */
};

struct sctx_participant {
    uint32_t size;
    uint32_t join; /* its number; 0: this slot was never used or is being filled */
    uint32_t pid, uid;
    uint32_t alive;                 /* enum sctx_alive */
    uint32_t roles;                 /* enum sctx_role, of the handles open now (for the dead: at the end) */
    char name[SCTX_NAME_MAX + 1];   /* as the participant wrote it: any bytes may be in it, print it escaped */
    int64_t joined_ns;              /* ns since 1970 */
    uint64_t published, bytes;      /* messages and payload bytes, by its writers so far */
    uint64_t cursor, lag;           /* of its slowest reader; 0 without readers */
    uint64_t delivered, lost, gone; /* of all its readers, as last noted by them */
    uint64_t start_time;            /* of its process, as in field 22 of /proc/PID/stat: with pid, the process and no later one; 0: it left */
};

SCTX_API uint32_t sctx_participant_slots(const sctx *ctx); /* [any thread] */
/* NOT_FOUND: the slot is not in use. [any thread] */
SCTX_API int sctx_participant_get(sctx *ctx, uint32_t slot, struct sctx_participant *participant);
/* All that are known, in the order of their slots, in one go: where there are many, much cheaper than one by one. `list` has `room` places, of which the
 * first one's size must be set (SCTX_INIT): it is that of each. *count: how many there are, though only `room` were filled. [any thread] */
SCTX_API int sctx_participants_get(sctx *ctx, struct sctx_participant *list, uint32_t room, uint32_t *count);
/* The process of the participant that joined as number `join`; 0: its entry was reused meanwhile. [any thread] */
SCTX_API uint32_t sctx_participant_pid(sctx *ctx, uint32_t join);
/* The name of the participant that joined as number `join`, or "#join" when its entry was reused meanwhile. Borrowed until sctx_close().
 * As the participant wrote it: print it escaped. [any thread] */
SCTX_API const char *sctx_participant_name(sctx *ctx, uint32_t join);

/* ---- markers -------------------------------------------------------------------------------------------------------------- */

typedef struct sctx_marker sctx_marker;

enum sctx_marker_kind { SCTX_MARKER_F64 = 1, SCTX_MARKER_I64 = 2, SCTX_MARKER_COUNTER = 3 /* uint64_t, only grows, wraps */ };

typedef union sctx_level {
    double f64;
    int64_t i64;
    uint64_t counter;
} sctx_level;

enum sctx_marker_flags {
    SCTX_MARKER_HAS_LOW = 1,
    SCTX_MARKER_HAS_HIGH = 2,
    /* Publish when the level goes above high, below low, or back (reaching one is not yet crossing it), or has moved by at least `step` since the last
     * time: on topic `marker/NAME`, encoding json, {"marker":NAME,"value":V,"was":V,"zone":"low"|"normal"|"high","crossed":true|false}.
     * Before it is first set it counts as within its thresholds, and "was" is null then. Of several who set it at once each tells its own crossing, in
     * no certain order. */
    SCTX_MARKER_ANNOUNCE = 4,
};

struct sctx_marker_options {
    uint32_t size;
    uint32_t kind;    /* enum sctx_marker_kind; 0: it must be there already, any kind */
    const char *name; /* rules as for topics */
    const char *unit; /* up to 15 bytes; NULL: none. Taken from whoever makes the marker */
    uint32_t flags;   /* of the fields below; 0 leaves what is there */
    uint32_t reserved;
    sctx_level low, high, step; /* step 0: only thresholds announce */
    struct sctx_error *error;   /* or NULL */
};

/* Finds or makes a marker; a new one is 0. NAME; KIND: it is of another kind; NOT_FOUND (kind 0, or a tap); FULL, NO_SPACE, REMOVED, FORKED. [any thread] */
SCTX_API int sctx_marker_open(sctx *ctx, const struct sctx_marker_options *options, sctx_marker **marker);
SCTX_API void sctx_marker_close(sctx_marker *marker); /* NULL is allowed. [owner] */

/* One atomic instruction each, no message, no system call, unless the marker announces. KIND; READ_ONLY; FORKED; or, while announcing, as
 * sctx_publish() (the level is set all the same). add returns the new level in *now unless NULL. A counter is only added to, never set. [owner] */
SCTX_API int sctx_marker_set(sctx_marker *marker, sctx_level level);
SCTX_API int sctx_marker_add(sctx_marker *marker, sctx_level delta, sctx_level *now);
SCTX_API sctx_level sctx_marker_level(const sctx_marker *marker);

struct sctx_marker_state {
    uint32_t size;
    uint32_t kind;           /* enum sctx_marker_kind */
    uint32_t flags;          /* enum sctx_marker_flags */
    uint32_t id;             /* 0 to sctx_marker_count()-1 */
    const char *name, *unit; /* borrowed until sctx_close() */
    sctx_level level, low, high, step;
    int64_t time_ns; /* of the last set or add; 0: never */
};
SCTX_API uint32_t sctx_marker_count(sctx *ctx);                                        /* [any thread] */
SCTX_API int sctx_marker_get(sctx *ctx, uint32_t id, struct sctx_marker_state *state); /* NOT_FOUND, DAMAGED. [any thread] */
SCTX_API int sctx_marker_find(sctx *ctx, const char *name, uint32_t *id);              /* NOT_FOUND. [any thread] */

/* ---- information ---------------------------------------------------------------------------------------------------------- */

struct sctx_info {
    uint32_t size;
    uint32_t flags; /* enum sctx_create_flags */
    char name[SCTX_NAME_MAX + 1];
    char path[256];
    uint32_t layout_major, layout_minor;
    uint64_t id; /* random, of this creation */
    int64_t created_ns;
    uint64_t cells;
    uint64_t first_seq;                              /* of the context's life */
    uint64_t oldest, tail;                           /* seqs that the ring holds now: oldest to tail-1 */
    int64_t span_ns;                                 /* time from the oldest to the newest of them that can still be read */
    uint32_t arenas, arenas_used;                    /* slots; in use, by the living or with a dead writer's records */
    uint64_t arena_bytes;                            /* a writer's first arena */
    uint64_t memory_ring, memory_arenas, memory_max; /* bytes: the ring's file with its tables, all arenas, the cap */
    uint64_t memory_tables;                          /* of memory_ring: topics, schemas and markers, which grow */
    uint32_t participants_alive, participants_known, participant_slots;
    uint32_t readers; /* of living participants; there is room for 1,024 */
    uint32_t topics, markers;
    uint32_t clock;        /* 0: the system's monotonic clock, 1: the processor's counter (TSC, CNTVCT) */
    uint32_t clock_epochs; /* 1, and one more for each jump of the clock noted (suspend, migration, time set) */
    uint64_t clock_hz;     /* ticks a second, as measured */
    uint64_t gate_timeout_ns;
    uint64_t gate_evictions; /* gated readers let go because they took too long */
};
SCTX_API int sctx_info_get(sctx *ctx, struct sctx_info *info); /* DAMAGED, LOST, FORKED. [any thread] */

/* What the ring holds now, as in sctx_info. Asks the kernel for nothing, so it may be called often. */
struct sctx_extent {
    uint32_t size;
    uint64_t first_seq, oldest, tail;
    int64_t span_ns;
};
SCTX_API int sctx_extent_get(sctx *ctx, struct sctx_extent *span); /* DAMAGED, LOST, FORKED. [any thread] */

#ifdef __cplusplus
}
#endif
#endif
