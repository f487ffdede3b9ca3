#!/usr/bin/env python3
"""How many messages a second this package publishes and reads, in batches and one by one. Usage: bench.py [MESSAGES]"""
import os
import sys
import tempfile
import time

import sctx


def rate(count: int, began: float) -> str:
    return f"{count / (time.perf_counter() - began):>12,.0f} messages/s"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    batch = [b"x" * 64] * 1000
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="sctx-bench.") as folder:
        os.environ["SCTX_DIR"] = folder
        with sctx.Context("bench") as context, context.writer() as writer, context.reader("t") as reader:
            context.topic("t")
            reader.read_many()
            began = time.perf_counter()
            done = 0
            for _ in range(count // 1000):
                writer.publish_many("t", batch)
                while got := len(reader.read_many(1000)):
                    done += got
            print(f"published and read, batches of 1000, 64 B: {rate(done, began)}, {reader.stats.lost} lost")
            began = time.perf_counter()
            for _ in range(count // 1000):
                writer.publish_many("t", batch)
            print(f"published, batches of 1000:                {rate(count // 1000 * 1000, began)}")
            reader.seek(reader.stats.tail)
            began = time.perf_counter()
            for _ in range(count // 10):
                writer.publish("t", batch[0])
                reader.read()
            print(f"published and read, one by one:            {rate(count // 10, began)}")
        sctx.remove("bench")


if __name__ == "__main__":
    main()
