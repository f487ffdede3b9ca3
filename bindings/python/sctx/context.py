"""Contexts, and what one does in them."""
from __future__ import annotations

import asyncio
import ctypes
import itertools
import json
import struct
from collections.abc import AsyncIterator, Iterator, Sequence
from ctypes import byref, c_size_t, c_uint16, c_uint32, c_void_p, string_at
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple

from . import _native
from ._native import AGAIN, INTERRUPTED, OK, TIMEOUT, lib, quick
from .decoding import Decoders
from .errors import error_for

_NS = 1_000_000_000


class Topic(NamedTuple):
    """What is known of a topic."""

    name: str
    encoding: str  #: "" where none was declared
    schema: bytes
    id: int


class Message:
    """One message. Everything in it is a copy, and stays as it is."""

    __slots__ = ("payload", "_raw", "_context")

    def __init__(self, payload: bytes, raw: tuple[int, ...], context: Context) -> None:
        self.payload = payload
        self._raw = raw  # as _MESSAGE has it: where many are read, few of them are looked at closely
        self._context = context

    @property
    def seq(self) -> int:
        """Its number: no holes, in the order of publication."""
        return self._raw[0]

    @property
    def time_ns(self) -> int:
        """When it was published, ns since 1970."""
        return self._raw[1]

    @property
    def cause(self) -> int | None:
        """The seq of the message that it answers, or None."""
        return self._raw[2] if self._raw[7] & _native.MSG_CAUSE else None

    @property
    def cause_is_explicit(self) -> bool:
        """It was given by the program, not taken from what its thread read last."""
        return self._raw[7] & _native.MSG_CAUSE_EXPLICIT != 0

    @property
    def lost(self) -> int:
        """Messages overwritten before they could be read, between the one read before and this one."""
        return self._raw[8]

    @property
    def gone(self) -> int:
        """As `lost`: those whose writers' memory was given away."""
        return self._raw[9]

    @property
    def topic(self) -> str:
        return self._context._topic(self._raw[6]).name

    @property
    def encoding(self) -> str:
        return self._context._topic(self._raw[6]).encoding

    @property
    def sender(self) -> str:
        """The name of who published it. Anybody chooses his own: escape it before it gets to a terminal."""
        return self._context._sender_name(self._raw[5])

    @property
    def pid(self) -> int | None:
        """The process of the sender; None: its place was reused meanwhile."""
        return lib.sctx_participant_pid(self._context._pointer(), self._raw[5]) or None

    @property
    def text(self) -> str:
        return self.payload.decode()

    @property
    def data(self) -> Any:
        """The payload's value, by the decoder of its encoding. DecodeError: it is malformed, or there is no decoder for it."""
        return self._context.decoders.decode(self._context._topic(self._raw[6]), self.payload)

    def __repr__(self) -> str:
        return f"<Message {self.seq} on {self.topic!r} from {self.sender!r}, {len(self.payload)} bytes>"


class ReaderStats(NamedTuple):
    delivered: int
    filtered: int
    lost: int
    gone: int
    cursor: int
    tail: int
    gated: int


class Participant(NamedTuple):
    join: int
    name: str
    pid: int
    uid: int
    alive: bool
    roles: tuple[str, ...]
    published: int
    bytes: int
    lag: int
    lost: int
    gone: int


def _others(text: bytes | None) -> str:
    """What another program wrote into the memory that is shared: any bytes."""
    return (text or b"").decode(errors="replace")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


class _Handle:
    """Something of the library's that is closed once, also by `with`."""

    def __init__(self, pointer: int | None, close: Any, context: Context | None = None) -> None:
        self._handle = pointer
        self._close = close
        self._context: Any = context  # which closes it at the latest
        if context is not None:
            context._children.add(self)

    def _pointer(self) -> int:
        if self._handle is None:
            raise ValueError(f"{type(self).__name__} is closed")
        return self._handle

    def close(self) -> None:
        """Closes it. Twice is allowed."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        self._close(handle)
        if self._context is not None:
            self._context._children.discard(self)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class Writer(_Handle):
    """Publishes. Belongs to one thread at a time."""

    def __init__(self, context: Context, auto_cause: bool) -> None:
        why, pointer = _native.ErrorText(), c_void_p()
        options = _native.WriterOptions(ctypes.sizeof(_native.WriterOptions), 0 if auto_cause else 1, ctypes.pointer(why))
        status = lib.sctx_writer_open(context._pointer(), byref(options), byref(pointer))
        if status != OK:
            raise error_for(status, "a writer cannot be opened", why.text.decode())
        super().__init__(pointer.value, lib.sctx_writer_close, context)
        self._topics: dict[tuple[str, str | None], int] = {}
        self._one = _native.Outgoing()

    def _topic_id(self, topic: str, encoding: str | None) -> int:
        known = self._topics.get((topic, encoding))
        if known is None:
            known = self._topics[topic, encoding] = self._context.topic(topic, encoding)
        return known

    def publish(self, topic: str, payload: bytes | str, *, encoding: str | None = None, cause: Message | int | None = None,
                no_cause: bool = False) -> int:  # fmt: skip
        """Publishes one message and returns its seq.

        `cause`: what it answers; without one it is the message that this thread read last, unless there was none to read since, or `no_cause`.
        """
        data = payload.encode() if isinstance(payload, str) else bytes(payload)
        one = self._one
        one.data = ctypes.cast(data, c_void_p)
        one.len = len(data)
        one.topic = self._topic_id(topic, encoding)
        one.cause_mode = _native.CAUSE_SEQ if cause is not None else _native.CAUSE_NONE if no_cause else _native.CAUSE_AUTO
        one.cause = (cause.seq if isinstance(cause, Message) else cause) or 0
        status = lib.sctx_publish_batch(self._pointer(), byref(one), 1, None)
        if status != OK:
            self._fail(status, topic)
        return int(one.seq)

    def publish_json(self, topic: str, value: Any, *, cause: Message | int | None = None, no_cause: bool = False) -> int:
        """Publishes a value as JSON, on a topic of that encoding. Returns its seq."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return self.publish(topic, text, encoding="json", cause=cause, no_cause=no_cause)

    def publish_many(self, topic: str, payloads: Sequence[bytes], *, encoding: str | None = None, cause: Message | int | None = None) -> int:
        """Publishes them in their order, others' may come between. Returns the seq of the last, 0 if there is none.

        Much faster than one by one. On failure the exception's `published` says how many came before.
        """
        count = len(payloads)
        if count == 0:
            return 0
        topic_id = self._topic_id(topic, encoding)
        mode = _native.CAUSE_SEQ if cause is not None else _native.CAUSE_AUTO
        seq = (cause.seq if isinstance(cause, Message) else cause) or 0
        whole = b"".join(payloads)
        at = ctypes.cast(whole, c_void_p).value or 0
        size = ctypes.sizeof(_native.Outgoing)
        array = bytearray(count * size)
        pack = struct.Struct("=QIHHQQ").pack_into
        offset = 0
        for payload in payloads:
            length = len(payload)
            pack(array, offset, at, length, topic_id, mode, seq, 0)
            offset += size
            at += length
        done = c_size_t()
        shared = (ctypes.c_char * len(array)).from_buffer(array)
        status = lib.sctx_publish_batch(self._pointer(), byref(shared), count, byref(done))
        if status != OK:
            self._fail(status, topic, done.value)
        return int(struct.unpack_from("=Q", array, (count - 1) * size + 24)[0])

    def _fail(self, status: int, topic: str, published: int = 0) -> None:
        error = error_for(status, f"cannot publish on {topic!r}", lib.sctx_writer_error(self._pointer()).decode())
        error.published = published  # type: ignore[attr-defined]
        raise error


class Reader(_Handle):
    """Reads what comes, from where it began. Belongs to one thread at a time.

    Iterating waits for messages without end; Ctrl-C ends it as anywhere. `async for` does so in an event loop.
    """

    def __init__(self, context: Context, patterns: Sequence[str], start: str | int, gated: bool, sets_cause: bool) -> None:
        options = _native.ReaderOptions(ctypes.sizeof(_native.ReaderOptions))
        if start == "now":
            options.start = _native.FROM_NOW
        elif start == "start":
            options.start = _native.FROM_START
        elif isinstance(start, int):
            options.start, options.seq = _native.FROM_SEQ, start
        else:
            raise ValueError(f"start is 'now', 'start' or a seq, not {start!r}")
        options.flags = (_native.READER_GATED if gated else 0) | (0 if sets_cause else _native.READER_NO_CAUSE)
        options.pattern_count = len(patterns)
        options.patterns = (ctypes.c_char_p * max(1, len(patterns)))(*(pattern.encode() for pattern in patterns))
        pointer = c_void_p()
        status = lib.sctx_reader_open(context._pointer(), byref(options), byref(pointer))
        if status != OK:
            raise error_for(status, f"cannot read {', '.join(patterns) or 'all topics'}")
        super().__init__(pointer.value, lib.sctx_reader_close, context)
        self._message = _native.Message()
        self._where = byref(self._message)
        self._batch: _Batch | None = None

    def read(self) -> Message | None:
        """The next message; None: there is none now. Does not wait."""
        message = self._message
        status = quick.sctx_read(self._pointer(), self._where)
        if status == AGAIN:
            return None
        if status != OK:
            raise error_for(status, "cannot read on")
        return Message(string_at(message.data, message.len), _MESSAGE.unpack_from(message), self._context)

    def read_many(self, most: int = 1024) -> list[Message]:
        """Up to so many messages that are there now, the oldest first. Does not wait.

        Of them the last one is the cause of what this thread publishes next: give `cause` where that is not meant.
        """
        messages: list[Message] = []
        batch = self._batch = self._batch or _Batch()
        while len(messages) < most:
            status = batch.read(self._pointer(), most - len(messages))
            if status not in (OK, AGAIN) and not messages:
                raise error_for(status, "cannot read on")
            if status != OK:
                break
            messages += [Message(payload, raw, self._context) for payload, raw in batch.items()]
        return messages

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until there may be something to read: true then, false after `timeout` seconds (None: without end)."""
        ns = _native.FOREVER if timeout is None else max(0, int(timeout * _NS))
        status = lib.sctx_wait(self._pointer(), ns)
        if status in (TIMEOUT, INTERRUPTED):
            return False
        if status != OK:
            raise error_for(status, "cannot wait")
        return True

    def messages(self, timeout: float | None = None) -> Iterator[Message]:
        """Message after message, until for `timeout` seconds there was none (None: without end)."""
        import time

        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            message = self.read()
            if message is not None:
                yield message
                deadline = None if timeout is None else time.monotonic() + timeout
                continue
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            self.wait(left)

    def __iter__(self) -> Iterator[Message]:
        return self.messages()

    def fileno(self) -> int:
        """A descriptor for select and event loops: readable when there may be something; read until None then. Never read or close it."""
        fd = lib.sctx_reader_fd(self._pointer())
        if fd < 0:
            raise error_for(fd, "there is no descriptor")
        return int(fd)

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        fd = self.fileno()
        loop.add_reader(fd, lambda: ready.done() or ready.set_result(None))
        try:
            await ready
        finally:
            loop.remove_reader(fd)

    async def get(self) -> Message:
        """The next message, as soon as it is there."""
        while True:
            message = self.read()
            if message is not None:
                return message
            await self._readable()

    async def __aiter__(self) -> AsyncIterator[Message]:
        for count in itertools.count(1):
            yield await self.get()
            if count % 256 == 0:
                await asyncio.sleep(0)  # where there is always another message, other tasks have their turn, too

    @property
    def stats(self) -> ReaderStats:
        raw = _native.ReaderStats(ctypes.sizeof(_native.ReaderStats))
        status = lib.sctx_reader_stats(self._pointer(), byref(raw))
        if status != OK:
            raise error_for(status, "no statistics")
        return ReaderStats(raw.delivered, raw.filtered, raw.lost, raw.gone, raw.cursor, raw.tail, raw.gated)

    def seek(self, seq: int) -> None:
        """Goes on at that seq, with all counts at 0."""
        status = lib.sctx_reader_seek(self._pointer(), seq)
        if status != OK:
            raise error_for(status, f"cannot go to {seq}")


# seq time_ns cause data len sender topic flags (reserved) lost gone
_MESSAGE = struct.Struct("=QqQQIIHH4xQQ")


class _Batch:
    """Many messages with one call of the library."""

    MESSAGES, BYTES = 1024, 1 << 20

    def __init__(self) -> None:
        self._messages = (_native.Message * self.MESSAGES)()
        self._buffer = ctypes.create_string_buffer(self.BYTES)
        self._begin = ctypes.addressof(self._buffer)
        self._count = c_size_t()

    def read(self, reader: int, most: int) -> int:
        return int(quick.sctx_read_batch(reader, self._messages, min(most, self.MESSAGES), self._buffer, self.BYTES, byref(self._count)))

    def items(self) -> Iterator[tuple[bytes, tuple[int, ...]]]:
        """Payloads, and what _MESSAGE has of each, of the last read()."""
        begin, count = self._begin, self._count.value
        raws = list(_MESSAGE.iter_unpack(memoryview(self._messages).cast("B")[: count * _MESSAGE.size]))
        last = raws[-1]
        is_inside = begin <= last[3] and last[3] + last[4] <= begin + self.BYTES
        ending = last if is_inside else raws[-2] if count > 1 else None  # the last one may have had no room, and be elsewhere
        whole = self._buffer[: ending[3] + ending[4] - begin] if ending is not None else b""
        for raw in raws if is_inside else raws[:-1]:
            yield whole[raw[3] - begin : raw[3] - begin + raw[4]], raw
        if not is_inside:
            yield string_at(last[3], last[4]), last


_KINDS = {float: _native.MARKER_F64, int: _native.MARKER_I64, "counter": _native.MARKER_COUNTER}


class Marker(_Handle):
    """A level that everybody sees. Setting and adding take one atomic instruction each, and publish nothing unless the marker announces."""

    def __init__(self, context: Context, name: str, kind: Any, unit: str | None, low: float | None, high: float | None, announce: bool,
                 step: float | None) -> None:  # fmt: skip
        why, pointer = _native.ErrorText(), c_void_p()
        options = _native.MarkerOptions(ctypes.sizeof(_native.MarkerOptions), _KINDS[kind] if kind is not None else 0, name.encode(), _bytes(unit))
        options.error = ctypes.pointer(why)
        number = self._existing_kind(context, name) if kind is None else options.kind
        if low is not None:
            options.flags, options.low = options.flags | _native.MARKER_HAS_LOW, _level(number, low)
        if high is not None:
            options.flags, options.high = options.flags | _native.MARKER_HAS_HIGH, _level(number, high)
        if announce or step is not None:
            options.flags |= _native.MARKER_ANNOUNCE
        if step is not None:
            options.step = _level(number, step)
        status = lib.sctx_marker_open(context._pointer(), byref(options), byref(pointer))
        if status != OK:
            raise error_for(status, f"marker {name!r}", why.text.decode())
        super().__init__(pointer.value, lib.sctx_marker_close, context)
        self.name = name
        self._kind = number

    @staticmethod
    def _existing_kind(context: Context, name: str) -> int:
        return context._marker_state(name).kind

    @property
    def value(self) -> float | int:
        return _value(self._context._marker_state(self.name))

    @value.setter
    def value(self, value: float) -> None:
        status = lib.sctx_marker_set(self._pointer(), _level(self._kind, value).counter)
        if status != OK:
            raise error_for(status, f"marker {self.name!r} cannot be set")

    def add(self, delta: float = 1) -> float | int:
        """Adds, and returns the new level."""
        now = _native.Level()
        status = lib.sctx_marker_add(self._pointer(), _level(self._kind, delta).counter, byref(now))
        if status != OK:
            raise error_for(status, f"marker {self.name!r} cannot be added to")
        return _level_value(self._kind, now)


def _level(kind: int, value: float) -> _native.Level:
    if kind == _native.MARKER_F64:
        return _native.Level(f64=value)
    if int(value) != value:
        raise ValueError(f"{value!r} is no whole number, as this marker's kind asks for")
    return _native.Level(i64=int(value)) if kind == _native.MARKER_I64 else _native.Level(counter=int(value))


def _level_value(kind: int, level: _native.Level) -> float | int:
    return level.f64 if kind == _native.MARKER_F64 else level.i64 if kind == _native.MARKER_I64 else level.counter


def _value(state: _native.MarkerState) -> float | int:
    return _level_value(state.kind, state.level)


@dataclass(frozen=True)
class MarkerState:
    """A marker as it is at this moment."""

    name: str
    value: float | int
    unit: str
    low: float | int | None
    high: float | int | None
    time_ns: int  #: of the last set or add; 0: never


class Context(_Handle):
    """Joins a context, and makes it if it is not there; with `tap` only looks at one that is, without anybody noticing.

    `name` is "NAME", or "USER:NAME" for another user's; None: $SCTX_CONTEXT, then "default". `who`: the name to join under. `folder`: above
    the context; None: $SCTX_DIR. May be used by several threads; what is opened on it belongs to one thread each. Of no use in a child made by
    fork(): open another there.
    """

    def __init__(self, name: str | None = None, *, who: str | None = None, tap: bool = False, folder: str | None = None) -> None:
        why, pointer = _native.ErrorText(), c_void_p()
        options = _native.Options(ctypes.sizeof(_native.Options), 0, _bytes(name), _bytes(folder), _bytes(who), ctypes.pointer(why))
        status = (lib.sctx_tap_open if tap else lib.sctx_open)(byref(options), byref(pointer))
        if status != OK:
            raise error_for(status, f"context {name or 'default'!r}", why.text.decode())
        super().__init__(pointer.value, lib.sctx_close)
        self.decoders = Decoders()
        self._children: set[_Handle] = set()
        self._topics: dict[int, Topic] = {}
        self._senders: dict[int, str] = {}

    def close(self) -> None:
        """Leaves; closes what was opened on it first."""
        for child in list(self._children):
            child.close()
        self.decoders.close()
        super().close()

    # ---- topics ----

    def topic(self, name: str, encoding: str | None = None, schema: bytes = b"") -> int:
        """Finds or makes a topic, and returns its id. encoding None: the one that is there, else none."""
        options = _native.TopicOptions(ctypes.sizeof(_native.TopicOptions), len(schema), name.encode(), _bytes(encoding))
        options.schema = ctypes.cast(schema, c_void_p)
        topic_id = c_uint16()
        status = lib.sctx_topic_register(self._pointer(), byref(options), byref(topic_id))
        if status != OK:
            raise error_for(status, f"topic {name!r}")
        return topic_id.value

    def _topic(self, topic_id: int) -> Topic:
        known = self._topics.get(topic_id)
        if known is not None:
            return known
        raw = ctypes.POINTER(_native.Topic)()
        status = lib.sctx_topic_get(self._pointer(), topic_id, byref(raw))
        if status != OK:
            raise error_for(status, f"topic {topic_id}")
        topic = raw.contents
        schema = string_at(topic.schema, topic.schema_bytes) if topic.schema else b""
        known = self._topics[topic_id] = Topic(_others(topic.name), _others(topic.encoding), schema, topic_id)
        return known

    @property
    def topics(self) -> list[Topic]:
        return [self._topic(i) for i in range(lib.sctx_topic_count(self._pointer()))]

    def _sender_name(self, join: int) -> str:
        known = self._senders.get(join)
        if known is None:
            known = self._senders[join] = _others(lib.sctx_participant_name(self._pointer(), join))
        return known

    # ---- what is opened on it ----

    def writer(self, *, auto_cause: bool = True) -> Writer:
        return Writer(self, auto_cause)

    def reader(self, *patterns: str, start: str | int = "now", gated: bool = False, sets_cause: bool = True) -> Reader:
        """Reads topics that match one of the patterns ('*' is one level, '**' any number); none: all.

        start: "now", "start" (the oldest that is held) or a seq. gated: writers wait for it, where the context allows that.
        """
        return Reader(self, patterns, start, gated, sets_cause)

    def marker(self, name: str, kind: Any = float, *, unit: str | None = None, low: float | None = None, high: float | None = None,
               announce: bool = False, step: float | None = None) -> Marker:  # fmt: skip
        """Finds or makes a marker. kind: float, int or "counter"; None: it must be there. announce: crossing low or high publishes on marker/NAME."""
        return Marker(self, name, kind, unit, low, high, announce, step)

    def _marker_state(self, name: str) -> _native.MarkerState:
        marker_id, state = c_uint32(), _native.MarkerState(ctypes.sizeof(_native.MarkerState))
        status = lib.sctx_marker_find(self._pointer(), name.encode(), byref(marker_id))
        if status == OK:
            status = lib.sctx_marker_get(self._pointer(), marker_id, byref(state))
        if status != OK:
            raise error_for(status, f"marker {name!r}")
        return state

    @property
    def markers(self) -> dict[str, MarkerState]:
        """All of them, as they are now."""
        found: dict[str, MarkerState] = {}
        for i in range(lib.sctx_marker_count(self._pointer())):
            raw = _native.MarkerState(ctypes.sizeof(_native.MarkerState))
            if lib.sctx_marker_get(self._pointer(), i, byref(raw)) != OK:
                continue
            name = _others(raw.name)
            found[name] = MarkerState(
                name, _value(raw), _others(raw.unit),
                _level_value(raw.kind, raw.low) if raw.flags & _native.MARKER_HAS_LOW else None,
                _level_value(raw.kind, raw.high) if raw.flags & _native.MARKER_HAS_HIGH else None, raw.time_ns,
            )  # fmt: skip
        return found

    # ---- who else is there ----

    @property
    def participants(self) -> list[Participant]:
        slots, count = lib.sctx_participant_slots(self._pointer()), c_uint32()
        all_of_them = (_native.Participant * slots)()
        all_of_them[0].size = ctypes.sizeof(_native.Participant)
        status = lib.sctx_participants_get(self._pointer(), all_of_them, slots, byref(count))
        if status != OK:
            raise error_for(status, "participants")
        return [
            Participant(p.join, _others(p.name), p.pid, p.uid, p.alive != 0,
                        tuple(name for bit, name in ((1, "writer"), (2, "reader"), (4, "gated")) if p.roles & bit),
                        p.published, p.bytes, p.lag, p.lost, p.gone)
            for p in all_of_them[: min(count.value, slots)]
        ]  # fmt: skip

    @property
    def is_alive(self) -> bool:
        """Is the context still the one that was opened? False: it was removed or replaced."""
        return bool(lib.sctx_check(self._pointer()) == OK)

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            self.close()


def create(name: str | None = None, *, cells: int = 0, gating: bool = False, folder: str | None = None, max_memory: int = 0) -> None:
    """Makes a context. ExistsError: it is there."""
    why = _native.ErrorText()
    options = _native.CreateOptions(ctypes.sizeof(_native.CreateOptions), _native.CREATE_GATING if gating else 0, _bytes(name), _bytes(folder), cells)
    options.max_memory, options.error = max_memory, ctypes.pointer(why)
    status = lib.sctx_create(byref(options))
    if status != OK:
        raise error_for(status, f"context {name or 'default'!r} cannot be made", why.text.decode())


def remove(name: str | None = None, *, folder: str | None = None) -> None:
    """Removes a context; who is in it gets GoneError."""
    why = _native.ErrorText()
    status = lib.sctx_remove(_bytes(name), _bytes(folder), byref(why))
    if status != OK:
        raise error_for(status, f"context {name or 'default'!r} cannot be removed", why.text.decode())


def topic_matches(pattern: str, name: str) -> bool:
    return bool(lib.sctx_topic_matches(pattern.encode(), name.encode()))

