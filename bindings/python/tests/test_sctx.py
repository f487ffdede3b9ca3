"""The package against the library that was built. $SCTX_DIR is a folder of this run's own; see tests/python/run.sh."""
from __future__ import annotations

import asyncio
import ctypes
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from decimal import Decimal
from pathlib import Path

import sctx
from sctx import _native

ROOT = Path(__file__).resolve().parents[3]


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.name = self.id().rpartition(".")[2]
        self.context = sctx.Context(self.name, who="tester")
        self.writer = self.context.writer()
        self.addCleanup(sctx.remove, self.name)
        self.addCleanup(self.context.close)


class Structs(unittest.TestCase):
    """What is declared here a second time is what the header says."""

    def test_layout(self) -> None:
        pairs = {
            "sctx_create_options": _native.CreateOptions, "sctx_options": _native.Options, "sctx_topic": _native.Topic,
            "sctx_topic_options": _native.TopicOptions, "sctx_writer_options": _native.WriterOptions, "sctx_outgoing": _native.Outgoing,
            "sctx_reader_options": _native.ReaderOptions, "sctx_message": _native.Message, "sctx_reader_stats": _native.ReaderStats,
            "sctx_participant": _native.Participant, "sctx_marker_options": _native.MarkerOptions, "sctx_marker_state": _native.MarkerState,
            "sctx_extent": _native.Extent, "sctx_error": _native.ErrorText,
        }  # fmt: skip
        renamed = {"start": "from", "sender": "from"}
        wanted, lines = [], []
        for name, mirror in pairs.items():
            lines.append(f'printf("{name} %zu\\n", sizeof(struct {name}));')
            wanted.append(f"{name} {ctypes.sizeof(mirror)}")
            for field, *_ in mirror._fields_:
                lines.append(f'printf("{name}.{field} %zu\\n", offsetof(struct {name}, {renamed.get(field, field)}));')
                wanted.append(f"{name}.{field} {getattr(mirror, field).offset}")
        for name in ("SCTX_AGAIN", "SCTX_TIMEOUT", "SCTX_INTERRUPTED", "SCTX_CAUSE_SEQ", "SCTX_FROM_SEQ", "SCTX_READER_NO_CAUSE",
                     "SCTX_MSG_CAUSE_EXPLICIT", "SCTX_MARKER_COUNTER", "SCTX_MARKER_ANNOUNCE", "SCTX_CREATE_GATING"):  # fmt: skip
            lines.append(f'printf("{name} %d\\n", (int){name});')
            wanted.append(f"{name} {getattr(_native, name.removeprefix('SCTX_'))}")
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "layout.c"
            source.write_text("#include <sctx/sctx.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {" + "".join(lines) + "}\n")
            subprocess.run(["cc", "-I", ROOT / "core/include", source, "-o", Path(folder) / "layout"], check=True)
            found = subprocess.run([Path(folder) / "layout"], check=True, capture_output=True, text=True).stdout
        self.assertEqual(found.splitlines(), wanted)


class Talking(Case):
    def test_one_by_one(self) -> None:
        with self.context.reader("shop/*") as reader:
            self.assertIsNone(reader.read())
            first = self.writer.publish_json("shop/order", {"order": 1, "drink": "tea ☕"})
            self.writer.publish("other", b"not asked for")
            message = reader.read()
            assert message is not None
            self.assertEqual((message.seq, message.topic, message.encoding, message.sender), (first, "shop/order", "json", "tester"))
            self.assertEqual(message.pid, os.getpid())
            self.assertEqual(message.data, {"order": 1, "drink": "tea ☕"})
            self.assertEqual(json.loads(message.text), message.data)
            self.assertLess(abs(message.time_ns - time.time_ns()), 10**10)
            self.assertIsNone(message.cause)
            self.assertIn("shop/order", repr(message))
            self.assertIsNone(reader.read())
            self.assertEqual(reader.stats.delivered, 1)
            self.assertEqual(reader.stats.filtered, 1)

    def test_causes(self) -> None:
        with self.context.reader() as reader:
            question = self.writer.publish("ask", "what?")
            message = reader.read()
            assert message is not None
            self.writer.publish("answer", "because it was read last")
            self.writer.publish("answer", "none", no_cause=True)
            self.writer.publish("answer", "given", cause=message)
            self.writer.publish_many("answer", [b"as a seq", b"both"], cause=question)
            answers = reader.read_many()
            self.assertEqual([m.cause for m in answers], [question, None, question, question, question])
            self.assertEqual([m.cause_is_explicit for m in answers], [False, False, True, True, True])
        with self.context.reader(sets_cause=False) as reader:
            self.writer.publish("ask", "again")
            reader.read()
            seq = self.writer.publish("answer", "on its own")
            self.assertIsNone(next(m for m in reader.messages(1) if m.seq == seq).cause)

    def test_many(self) -> None:
        with self.context.reader("t") as reader:
            payloads = [b"%d" % i * (i % 7) for i in range(5000)]
            last = self.writer.publish_many("t", payloads)
            self.assertEqual(self.writer.publish_many("t", []), 0)
            messages = reader.read_many(3000) + reader.read_many(3000)
            self.assertEqual([m.payload for m in messages], payloads)
            self.assertEqual(messages[-1].seq, last)
            self.assertEqual(sum(m.lost + m.gone for m in messages), 0)

    def test_large_ones_in_a_batch(self) -> None:
        with self.context.reader("t") as reader:
            payloads = [b"a" * 3, b"b" * (5 << 20), b"c", b"d" * (4 << 20), b"", b"e" * 1000]
            self.writer.publish_many("t", payloads)
            messages: list[sctx.Message] = []
            while more := reader.read_many():
                messages += more
            self.assertEqual([m.payload for m in messages], payloads)

    def test_loss_is_counted(self) -> None:
        sctx.create("little", cells=64)
        self.addCleanup(sctx.remove, "little")
        with sctx.Context("little") as context, context.writer() as writer, context.reader("t") as reader:
            writer.publish_many("t", [b"x"] * 1000)
            messages = reader.read_many(2000)
            self.assertEqual(sum(m.lost + m.gone for m in messages) + len(messages), 1000)
            self.assertGreater(messages[0].lost, 0)
            self.assertEqual(reader.stats.lost + reader.stats.gone + reader.stats.delivered, 1000)

    def test_start(self) -> None:
        seqs = [self.writer.publish("t", str(i)) for i in range(5)]
        with self.context.reader(start="start") as reader:
            self.assertEqual([m.seq for m in reader.read_many()], seqs)
            reader.seek(seqs[3])
            self.assertEqual([m.text for m in reader.read_many()], ["3", "4"])
        with self.context.reader(start=seqs[2]) as reader:
            self.assertEqual(len(reader.read_many()), 3)
        with self.assertRaises(ValueError):
            self.context.reader(start="noon")

    def test_waiting(self) -> None:
        with self.context.reader("t") as reader:
            began = time.monotonic()
            self.assertEqual(list(reader.messages(0.2)), [])
            self.assertGreater(time.monotonic() - began, 0.19)
            threading.Timer(0.1, lambda: sctx.Context(self.name).writer().publish("t", "late")).start()
            self.assertEqual(next(iter(reader)).text, "late")

    def test_signals_end_a_wait(self) -> None:
        def handler(*_: object) -> None:
            raise InterruptedError

        before = signal.signal(signal.SIGALRM, handler)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        with self.context.reader("t") as reader, self.assertRaises(InterruptedError):
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            next(iter(reader))

    def test_asyncio(self) -> None:
        async def talk() -> list[str]:
            heard: list[str] = []

            async def listen() -> None:
                async for message in reader:
                    heard.append(message.text)
                    if message.text == "end":
                        return

            task = asyncio.create_task(listen())
            for text in ("one", "two", "end"):
                await asyncio.sleep(0.05)
                self.writer.publish("t", text)
            await asyncio.wait_for(task, 10)
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(reader.get(), 0.1)
            self.writer.publish("t", "after a time-out")
            heard.append((await asyncio.wait_for(reader.get(), 10)).text)
            return heard

        with self.context.reader("t") as reader:
            self.assertEqual(asyncio.run(talk()), ["one", "two", "end", "after a time-out"])

    def test_a_flood_leaves_others_their_turn(self) -> None:
        async def count() -> int:
            turns = 0

            async def listen() -> None:
                seen = 0
                async for _ in reader:
                    seen += 1
                    if seen == 5000:
                        return

            task = asyncio.create_task(listen())
            while not task.done():
                turns += 1
                await asyncio.sleep(0)
            return turns

        with self.context.reader("t") as reader:
            self.writer.publish_many("t", [b"x"] * 5000)
            self.assertGreater(asyncio.run(count()), 10)

    def test_tap(self) -> None:
        self.writer.publish("t", "seen")
        with sctx.Context(self.name, tap=True) as tap, tap.reader(start="start") as reader:
            self.assertEqual([m.text for m in reader.read_many()], ["seen"])
            self.assertEqual([p.name for p in tap.participants], ["tester"])
            with self.assertRaises(sctx.ReadOnlyError):
                tap.writer()

    def test_another_process(self) -> None:
        code = f"import sctx\nwith sctx.Context({self.name!r}, who='other') as c, c.writer() as w: w.publish_json('t', [1, 2])"
        with self.context.reader("t") as reader:
            subprocess.run([sys.executable, "-c", code], check=True)
            message = next(iter(reader))
            self.assertEqual((message.sender, message.data), ("other", [1, 2]))

    def test_topics_and_participants(self) -> None:
        self.context.topic("shop/order", "struct:Order", b"struct Order { u32 id; };")
        topic = self.context.topics[0]
        self.assertEqual((topic.name, topic.encoding, topic.schema), ("shop/order", "struct:Order", b"struct Order { u32 id; };"))
        me = self.context.participants[0]
        self.assertEqual((me.name, me.pid, me.alive, me.roles), ("tester", os.getpid(), True, ("writer",)))
        self.assertTrue(sctx.topic_matches("a/**", "a/b/c"))
        self.assertFalse(sctx.topic_matches("a/*", "a/b/c"))


class Markers(Case):
    def test_kinds(self) -> None:
        load = self.context.marker("load", unit="%", low=1.5, high=80)
        load.value = 12.5
        self.assertEqual(load.value, 12.5)
        self.assertEqual(load.add(2), 14.5)
        queue = self.context.marker("queue", int)
        queue.value = -3
        self.assertEqual(queue.add(), -2)
        count = self.context.marker("count", "counter")
        self.assertEqual(count.add(5), 5)
        state = self.context.markers["load"]
        self.assertEqual((state.value, state.unit, state.low, state.high), (14.5, "%", 1.5, 80.0))
        self.assertEqual(self.context.markers["queue"].low, None)
        self.assertEqual(self.context.marker("queue", None).add(10), 8)
        with self.assertRaises(ValueError):
            queue.value = 1.5
        with self.assertRaises(sctx.ArgumentError):
            self.context.marker("load", int)
        with self.assertRaises(sctx.NotFoundError):
            self.context.marker("missing", None)

    def test_announcements(self) -> None:
        with self.context.reader("marker/*") as reader:
            level = self.context.marker("fridge", high=8, announce=True)
            level.value = 4.0
            level.value = 9.0
            announced = [m.data for m in reader.messages(0.2)]
            self.assertEqual([(a["marker"], a["value"], a["zone"]) for a in announced], [("fridge", 9, "high")])


class Decoding(Case):
    def one(self, topic: str, payload: bytes, encoding: str, schema: bytes = b"") -> sctx.Message:
        self.context.topic(topic, encoding, schema)
        with self.context.reader(topic) as reader:
            self.writer.publish(topic, payload)  # on the topic that is there, with its schema
            message = reader.read()
            assert message is not None
            return message

    def test_formats(self) -> None:
        self.assertEqual(self.one("a", b'{"a":[1,2.5,true,null,"x"],"b":12345678901234567890123}', "json").data,
                         {"a": [1, 2.5, True, None, "x"], "b": 12345678901234567890123})  # fmt: skip
        self.assertEqual(self.one("b", b"0.12345678901234567890123", "json").data, Decimal("0.12345678901234567890123"))
        self.assertEqual(self.one("c", bytes.fromhex("82a161c3a162c40301 02ff".replace(" ", "")), "msgpack").data, {"a": True, "b": b"\x01\x02\xff"})
        self.assertEqual(self.one("d", bytes.fromhex("a161618120"), "cbor").data, {"a": [-1]})
        self.assertTrue(math.isnan(self.one("d", bytes.fromhex("f97e00"), "cbor").data))
        self.assertEqual(self.one("e", b'level=info msg="two words" n=3', "logfmt").data, {"level": "info", "msg": "two words", "n": 3})
        self.assertEqual(self.one("f", (7).to_bytes(4, "little") + b"\xfe\xff\0\0", "struct:Order", b"struct Order { u32 id; i16 left; };").data,
                         {"id": 7, "left": -2})  # fmt: skip
        self.assertEqual(self.one("g", "tea ☕".encode(), "text").data, "tea ☕")

    def test_faults(self) -> None:
        with self.assertRaises(sctx.DecodeError) as caught:
            _ = self.one("a", b'{"a":[1,}', "json").data
        self.assertEqual((caught.exception.offset, caught.exception.partial), (8, {"a": [1]}))
        with self.assertRaisesRegex(sctx.DecodeError, "declares no encoding"):
            _ = self.one("b", b"x", "").data
        with self.assertRaisesRegex(sctx.DecodeError, "no decoder here for 'other'"):
            _ = self.one("c", b"x", "other").data
        with self.assertRaises(sctx.DecodeError):
            _ = self.one("d", b"\xff", "text").data
        with self.assertRaises(sctx.DecodeError):
            _ = self.one("e", b"x", "struct:Order", b"struct {").data
        deep = b"[" * 3000 + b"]" * 3000
        with self.assertRaisesRegex(sctx.DecodeError, "within each other|deep"):
            _ = self.one("f", deep, "json").data


class Faults(Case):
    def test_errors(self) -> None:
        with self.assertRaisesRegex(sctx.ArgumentError, "topic 'a//b'"):
            self.writer.publish("a//b", "x")
        with self.assertRaisesRegex(sctx.NotFoundError, "missing"):
            sctx.Context("missing", tap=True)
        with self.assertRaises(sctx.ExistsError):
            sctx.create(self.name)
        with self.assertRaises(sctx.ArgumentError):
            sctx.create("uneven", cells=65)
        with self.assertRaises(sctx.ArgumentError):
            self.context.reader("a*b")
        with self.assertRaises(sctx.Error):
            self.context.reader(gated=True)
        with self.assertRaises(sctx.SpaceError):
            self.writer.publish("t", bytes((64 << 20) + 1))
        with self.assertRaises(TypeError):
            self.writer.publish("t", None)  # type: ignore[arg-type]
        with self.assertRaises(ValueError):
            self.writer.publish_json("t", math.nan)

    def test_closed_and_removed(self) -> None:
        reader = self.context.reader()
        reader.close()
        reader.close()
        with self.assertRaises(ValueError):
            reader.read()
        context = sctx.Context("short")
        writer, reader = context.writer(), context.reader()
        sctx.remove("short")
        self.assertFalse(context.is_alive)
        with self.assertRaises(sctx.GoneError):
            for _ in reader.messages(5):
                pass
        context.close()
        with self.assertRaises(ValueError):
            writer.publish("t", "x")

    def test_what_is_closed_is_let_go(self) -> None:
        for _ in range(50):
            with self.context.reader() as reader:
                reader.read_many()
        self.assertEqual(self.context._children, {self.writer})

    def test_fork(self) -> None:
        child = os.fork()
        if child == 0:
            try:
                self.writer.publish("t", "x")
            except sctx.GoneError:
                os._exit(0)
            os._exit(1)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)


if __name__ == "__main__":
    unittest.main()
