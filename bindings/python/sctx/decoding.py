"""Payloads as Python values, by the decoders that come with sctx (sctx/plugin.h): those run in the process everywhere, also here.

A decoder calls back for each value. Objects become dicts (of a name that comes twice the first value counts), arrays lists, bytes and text
themselves; numbers int or float, and Decimal where a float would lose digits.
"""
from __future__ import annotations

import ctypes
import os
import stat
from ctypes import CFUNCTYPE, POINTER, Structure, Union, c_double, c_int, c_int64, c_size_t, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import DecodeError

if TYPE_CHECKING:
    from .context import Topic

_NULL, _BOOL, _I64, _U64, _F64, _NUMBER, _TEXT, _BYTES, _OBJECT = range(9)
_WHY = {1: "is of another format", 2: "ends too early", 3: "is malformed", 4: "has a schema that its decoder refuses", 5: "is more than its decoder can do",
        6: "could not be decoded"}  # fmt: skip
_NODES_MAX, _DEPTH_MAX = 1_000_000, 512
_ENCODINGS = ("json", "msgpack", "cbor", "protobuf", "struct", "logfmt")


class _Str(Structure):
    _fields_ = [("p", c_void_p), ("n", c_size_t)]


class _Span(Structure):
    _fields_ = [("off", c_uint32), ("len", c_uint32)]


class _Value(Structure):
    class _Of(Union):
        _fields_ = [("i", c_int64), ("u", c_uint64), ("f", c_double), ("s", _Str)]

    _fields_ = [("type", c_uint8), ("shown_as", c_uint8), ("flags", c_uint16), ("reserved", c_uint32), ("v", _Of), ("label", _Str)]


class _Out(Structure):
    pass


_PUT = CFUNCTYPE(c_int, POINTER(_Out), _Str, POINTER(_Value), _Span)
_OPEN = CFUNCTYPE(c_int, POINTER(_Out), _Str, c_int, _Span)
_CLOSE = CFUNCTYPE(c_int, POINTER(_Out), c_uint32)
_SUMMARY = CFUNCTYPE(None, POINTER(_Out), _Str)
_KEY = CFUNCTYPE(None, POINTER(_Out), c_int, _Str)
_EMIT = CFUNCTYPE(c_int, POINTER(_Out), c_void_p, c_size_t)
_FAIL = CFUNCTYPE(None, POINTER(_Out), c_uint32, ctypes.c_char_p)
_Out._fields_ = [("size", c_uint32), ("want", c_uint32), ("put", _PUT), ("open", _OPEN), ("close", _CLOSE), ("summary", _SUMMARY), ("key", _KEY),
                 ("emit", _EMIT), ("fail", _FAIL)]  # fmt: skip


class _Schema(Structure):
    _fields_ = [("size", c_uint32), ("reserved", c_uint32), ("topic", _Str), ("encoding", _Str), ("type", _Str), ("kind", _Str), ("data", _Str),
                ("config", _Str)]  # fmt: skip


class _Plugin(Structure):
    _fields_ = [
        ("abi", c_uint32), ("size", c_uint32), ("flags", c_uint32), ("reserved", c_uint32),
        ("sniff", CFUNCTYPE(c_int, c_void_p, c_size_t)),
        ("open", CFUNCTYPE(c_int, POINTER(_Schema), POINTER(c_void_p), POINTER(_Out))),
        ("close", CFUNCTYPE(None, c_void_p)),
        ("decode", CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t, POINTER(_Out))),
    ]  # fmt: skip


def _text(string: _Str) -> str:
    return ctypes.string_at(string.p, string.n).decode(errors="surrogatepass") if string.n else ""


def _number(text: str) -> int | float | Decimal:
    try:
        return int(text)
    except ValueError:
        exact = Decimal(text)
        near = float(exact)
        return near if Decimal(repr(near)) == exact else exact


def _scalar(value: _Value) -> Any:
    kind = value.type
    if kind == _TEXT:
        return _text(value.v.s)
    if kind == _I64:
        return value.v.i
    if kind == _U64:
        return value.v.u
    if kind == _F64:
        return value.v.f
    if kind == _NUMBER:
        return _number(_text(value.v.s))
    if kind == _BYTES:
        return ctypes.string_at(value.v.s.p, value.v.s.n) if value.v.s.n else b""
    return bool(value.v.u) if kind == _BOOL else None


class _Tree:
    """What a decoder says, put together. One for a thread."""

    def __init__(self) -> None:
        self.root: list[Any] = []
        self._open: list[Any] = []
        self._nodes = 0
        self.fault: tuple[int, str] | None = None
        # The functions are kept by these fields; a bound method alone would be gone at once.
        self.out = _Out(ctypes.sizeof(_Out), 1, _PUT(self._put), _OPEN(self._begin), _CLOSE(self._end), _SUMMARY(lambda *_: None),
                        _KEY(lambda *_: None), _EMIT(lambda *_: 1), _FAIL(self._fail))  # fmt: skip

    def begin(self) -> None:
        self.root, self._open, self._nodes, self.fault = [], [], 0, None

    def _add(self, name: _Str, value: Any) -> int:
        self._nodes += 1
        if self._nodes > _NODES_MAX:
            self.fault = self.fault or (0, f"has more than {_NODES_MAX} values")
            return 1
        holder = self._open[-1] if self._open else self.root
        if isinstance(holder, dict):
            holder.setdefault(_text(name), value)
        else:
            holder.append(value)
        return 0

    def _put(self, _out: Any, name: _Str, value: Any, _span: _Span) -> int:
        return self._add(name, _scalar(value.contents))

    def _begin(self, _out: Any, name: _Str, kind: int, span: _Span) -> int:
        container: Any = {} if kind == _OBJECT else []
        if len(self._open) >= _DEPTH_MAX:
            self.fault = self.fault or (span.off, f"more than {_DEPTH_MAX} containers within each other")
            return 1
        if self._add(name, container) != 0:
            return 1
        self._open.append(container)
        return 0

    def _end(self, _out: Any, _end: int) -> int:
        if not self._open:
            return 1
        self._open.pop()
        return 0

    def _fail(self, _out: Any, offset: int, why: bytes | None) -> None:
        if self.fault is None:
            self.fault = (offset, (why or b"").decode(errors="replace"))


def _is_safe(path: Path) -> bool:
    """Code that others could have changed is not run."""
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_uid in (0, os.geteuid()) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _folder() -> Path | None:
    """lib/sctx/decoders beside the library that is loaded."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            path = line.rstrip("\n").partition("/")[2]
            if os.path.basename(path).startswith("libsctx.so"):
                return Path("/" + path).parent / "sctx" / "decoders"
    return None


class _Decoder:
    def __init__(self, plugin: _Plugin, topic: Topic) -> None:
        self._plugin = plugin
        self._self = c_void_p()
        self._tree = _Tree()
        self._busy = False
        if not plugin.open:
            return
        # Everything that the schema points to stays as long as the decoder does.
        self._texts = [ctypes.create_string_buffer(part, len(part) or 1) for part in (topic.name.encode(), topic.encoding.encode(), topic.schema)]
        schema = _Schema(ctypes.sizeof(_Schema), 0, *(_Str(ctypes.addressof(text), len(part)) for text, part in
                                                      zip(self._texts, (topic.name.encode(), topic.encoding.encode()))))  # fmt: skip
        kind, _, type_name = topic.encoding.partition(":")
        skip = len(kind.encode()) + 1
        schema.type = _Str(ctypes.addressof(self._texts[1]) + skip, len(type_name.encode())) if type_name else _Str()
        schema.data = _Str(ctypes.addressof(self._texts[2]), len(topic.schema)) if topic.schema else _Str()
        self._tree.begin()
        status = plugin.open(ctypes.byref(schema), ctypes.byref(self._self), ctypes.byref(self._tree.out))
        if status != 0:
            raise DecodeError(f"{topic.encoding} on {topic.name!r} {_WHY.get(status, '?')}: {(self._tree.fault or (0, ''))[1]}")

    def decode(self, topic: Topic, payload: bytes) -> Any:
        tree = self._tree
        tree.begin()
        status = self._plugin.decode(self._self, payload, len(payload), ctypes.byref(tree.out))
        value = tree.root[0] if tree.root else None
        if status == 0 and tree.fault is None and tree.root:
            return value
        offset, why = tree.fault or (None, "")
        at = "" if offset is None else f" at byte {offset}"
        raise DecodeError(f"{topic.encoding} on {topic.name!r} {_WHY.get(status, 'is not decoded')}{at}: {why}", offset, value)

    def close(self) -> None:
        if self._plugin.close and self._self:
            self._plugin.close(self._self)


class Decoders:
    """The decoders of a context's topics, each opened when it is first needed."""

    def __init__(self) -> None:
        self._plugins: dict[str, _Plugin | None] = {}
        self._opened: dict[int, _Decoder] = {}

    def _plugin(self, name: str) -> _Plugin | None:
        if name not in self._plugins:
            folder = _folder()
            path = folder / f"{name}.so" if folder is not None else None
            plugin = None
            if path is not None and name in _ENCODINGS and _is_safe(path):
                plugin = _Plugin.in_dll(ctypes.CDLL(str(path)), "sctx_plugin_v1")
                if plugin.abi != 1 or not plugin.decode:
                    plugin = None
            self._plugins[name] = plugin
        return self._plugins[name]

    def decode(self, topic: Topic, payload: bytes) -> Any:
        if topic.encoding in ("text", "utf-8"):
            try:
                return payload.decode()
            except UnicodeDecodeError as error:
                raise DecodeError(f"text on {topic.name!r} is not UTF-8 at byte {error.start}", error.start) from None
        decoder = self._opened.get(topic.id)
        if decoder is None:
            plugin = self._plugin(topic.encoding.partition(":")[0])
            if plugin is None:
                raise DecodeError(f"there is no decoder here for {topic.encoding!r}, the encoding of {topic.name!r}" if topic.encoding else
                                  f"{topic.name!r} declares no encoding: its payload is bytes")  # fmt: skip
            decoder = self._opened[topic.id] = _Decoder(plugin, topic)
        return decoder.decode(topic, payload)

    def close(self) -> None:
        for decoder in self._opened.values():
            decoder.close()
        self._opened.clear()


