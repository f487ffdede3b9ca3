"""libsctx, as its header describes it: structs, functions, and where it is. Nothing here is for users of the package."""
from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, Structure, Union, c_bool, c_char, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint16, c_uint32, c_uint64, c_void_p
from pathlib import Path

FOREVER = -1
OK, AGAIN, TIMEOUT, INTERRUPTED = 0, -1, -2, -3
CAUSE_AUTO, CAUSE_NONE, CAUSE_SEQ = 0, 1, 2
FROM_NOW, FROM_START, FROM_SEQ = 0, 1, 2
READER_GATED, READER_NO_CAUSE = 1, 2
MSG_CAUSE, MSG_CAUSE_EXPLICIT = 1, 2
MARKER_F64, MARKER_I64, MARKER_COUNTER = 1, 2, 3
MARKER_HAS_LOW, MARKER_HAS_HIGH, MARKER_ANNOUNCE = 1, 2, 4
CREATE_GATING = 1
ALL_TOPICS = 65535


class ErrorText(Structure):
    _fields_ = [("text", c_char * 512)]


class CreateOptions(Structure):
    _fields_ = [
        ("size", c_uint32), ("flags", c_uint32), ("context", c_char_p), ("dir", c_char_p), ("cells", c_uint64), ("arena_bytes", c_uint64),
        ("max_memory", c_uint64), ("gate_timeout_ns", c_uint64), ("group", c_char_p), ("first_seq", c_uint64), ("error", POINTER(ErrorText)),
    ]  # fmt: skip


class Options(Structure):
    _fields_ = [
        ("size", c_uint32), ("flags", c_uint32), ("context", c_char_p), ("dir", c_char_p), ("name", c_char_p), ("error", POINTER(ErrorText)),
    ]  # fmt: skip


class Topic(Structure):
    _fields_ = [("name", c_char_p), ("encoding", c_char_p), ("schema", c_void_p), ("schema_bytes", c_uint32), ("id", c_uint16)]


class TopicOptions(Structure):
    _fields_ = [("size", c_uint32), ("schema_bytes", c_uint32), ("name", c_char_p), ("encoding", c_char_p), ("schema", c_void_p)]


class WriterOptions(Structure):
    _fields_ = [("size", c_uint32), ("flags", c_uint32), ("error", POINTER(ErrorText))]


class Outgoing(Structure):
    _fields_ = [("data", c_void_p), ("len", c_uint32), ("topic", c_uint16), ("cause_mode", c_uint16), ("cause", c_uint64), ("seq", c_uint64)]


class ReaderOptions(Structure):
    _fields_ = [
        ("size", c_uint32), ("flags", c_uint32), ("start", c_uint32), ("pattern_count", c_uint32), ("patterns", POINTER(c_char_p)),
        ("seq", c_uint64),
    ]  # fmt: skip


class Message(Structure):
    _fields_ = [
        ("seq", c_uint64), ("time_ns", c_int64), ("cause", c_uint64), ("data", c_void_p), ("len", c_uint32), ("sender", c_uint32),
        ("topic", c_uint16), ("flags", c_uint16), ("reserved", c_uint32), ("lost", c_uint64), ("gone", c_uint64),
    ]  # fmt: skip


class ReaderStats(Structure):
    _fields_ = [
        ("size", c_uint32), ("gated", c_uint32), ("start_seq", c_uint64), ("cursor", c_uint64), ("delivered", c_uint64), ("filtered", c_uint64),
        ("lost", c_uint64), ("gone", c_uint64), ("tail", c_uint64),
    ]  # fmt: skip


class Participant(Structure):
    _fields_ = [
        ("size", c_uint32), ("join", c_uint32), ("pid", c_uint32), ("uid", c_uint32), ("alive", c_uint32), ("roles", c_uint32), ("name", c_char * 65),
        ("joined_ns", c_int64), ("published", c_uint64), ("bytes", c_uint64), ("cursor", c_uint64), ("lag", c_uint64), ("delivered", c_uint64),
        ("lost", c_uint64), ("gone", c_uint64), ("start_time", c_uint64),
    ]  # fmt: skip


class Level(Union):
    _fields_ = [("f64", c_double), ("i64", c_int64), ("counter", c_uint64)]


class MarkerOptions(Structure):
    _fields_ = [
        ("size", c_uint32), ("kind", c_uint32), ("name", c_char_p), ("unit", c_char_p), ("flags", c_uint32), ("reserved", c_uint32), ("low", Level),
        ("high", Level), ("step", Level), ("error", POINTER(ErrorText)),
    ]  # fmt: skip


class MarkerState(Structure):
    _fields_ = [
        ("size", c_uint32), ("kind", c_uint32), ("flags", c_uint32), ("id", c_uint32), ("name", c_char_p), ("unit", c_char_p), ("level", Level),
        ("low", Level), ("high", Level), ("step", Level), ("time_ns", c_int64),
    ]  # fmt: skip


class Extent(Structure):
    _fields_ = [("size", c_uint32), ("first_seq", c_uint64), ("oldest", c_uint64), ("tail", c_uint64), ("span_ns", c_int64)]


SONAME = "libsctx.so.0"


def _library_path() -> str:
    """$SCTX_LIBRARY, else that of the build tree which this file lies beside, else the system's."""
    given = os.environ.get("SCTX_LIBRARY")
    if given:
        return given
    built = Path(__file__).resolve().parents[3] / "build" / "lib" / SONAME
    return str(built) if built.exists() else SONAME


def _load() -> tuple[ctypes.CDLL, ctypes.PyDLL]:
    path = _library_path()
    try:
        return ctypes.CDLL(path, use_errno=True), ctypes.PyDLL(path)
    except OSError as error:
        raise ImportError(f"{path} cannot be loaded ({error}): install libsctx, or say with SCTX_LIBRARY where it is") from None


# Those of `quick` keep the interpreter's lock: they take less than taking it again would, and wait for nothing.
lib, quick = _load()

_FUNCTIONS: list[tuple[str, object, list[object]]] = [
    ("sctx_strerror", c_char_p, [c_int]),
    ("sctx_create", c_int, [POINTER(CreateOptions)]),
    ("sctx_remove", c_int, [c_char_p, c_char_p, POINTER(ErrorText)]),
    ("sctx_open", c_int, [POINTER(Options), POINTER(c_void_p)]),
    ("sctx_tap_open", c_int, [POINTER(Options), POINTER(c_void_p)]),
    ("sctx_close", None, [c_void_p]),
    ("sctx_check", c_int, [c_void_p]),
    ("sctx_join_number", c_uint32, [c_void_p]),
    ("sctx_topic_register", c_int, [c_void_p, POINTER(TopicOptions), POINTER(c_uint16)]),
    ("sctx_topic_get", c_int, [c_void_p, c_uint16, POINTER(POINTER(Topic))]),
    ("sctx_topic_count", c_uint32, [c_void_p]),
    ("sctx_topic_matches", c_bool, [c_char_p, c_char_p]),
    ("sctx_writer_open", c_int, [c_void_p, POINTER(WriterOptions), POINTER(c_void_p)]),
    ("sctx_writer_close", None, [c_void_p]),
    ("sctx_publish_batch", c_int, [c_void_p, c_void_p, c_size_t, POINTER(c_size_t)]),
    ("sctx_writer_error", c_char_p, [c_void_p]),
    ("sctx_cause_set", None, [c_void_p, c_uint64]),
    ("sctx_cause_clear", None, [c_void_p]),
    ("sctx_reader_open", c_int, [c_void_p, POINTER(ReaderOptions), POINTER(c_void_p)]),
    ("sctx_reader_close", None, [c_void_p]),
    ("sctx_read", c_int, [c_void_p, c_void_p]),
    ("sctx_read_batch", c_int, [c_void_p, c_void_p, c_size_t, c_void_p, c_size_t, POINTER(c_size_t)]),
    ("sctx_wait", c_int, [c_void_p, c_int64]),
    ("sctx_reader_fd", c_int, [c_void_p]),
    ("sctx_reader_stats", c_int, [c_void_p, POINTER(ReaderStats)]),
    ("sctx_reader_seek", c_int, [c_void_p, c_uint64]),
    ("sctx_participant_slots", c_uint32, [c_void_p]),
    ("sctx_participants_get", c_int, [c_void_p, POINTER(Participant), c_uint32, POINTER(c_uint32)]),
    ("sctx_participant_pid", c_uint32, [c_void_p, c_uint32]),
    ("sctx_participant_name", c_char_p, [c_void_p, c_uint32]),
    ("sctx_marker_open", c_int, [c_void_p, POINTER(MarkerOptions), POINTER(c_void_p)]),
    ("sctx_marker_close", None, [c_void_p]),
    # A level by value: ctypes cannot pass unions, but one of 8 bytes with integers in it travels as an integer on all machines that sctx runs on.
    ("sctx_marker_set", c_int, [c_void_p, c_uint64]),
    ("sctx_marker_add", c_int, [c_void_p, c_uint64, POINTER(Level)]),
    ("sctx_marker_count", c_uint32, [c_void_p]),
    ("sctx_marker_get", c_int, [c_void_p, c_uint32, POINTER(MarkerState)]),
    ("sctx_marker_find", c_int, [c_void_p, c_char_p, POINTER(c_uint32)]),
    ("sctx_extent_get", c_int, [c_void_p, POINTER(Extent)]),
]
for _name, _result, _arguments in _FUNCTIONS:
    for _library in (lib, quick):
        _function = getattr(_library, _name)
        _function.restype, _function.argtypes = _result, _arguments
