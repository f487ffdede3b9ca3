#!/usr/bin/env python3
"""A participant in Python: how the processors' load moves. It reads what vitals says on machine/cpu, and says on machine/trend where that goes, with
the message that it concludes this from as the cause; marker cpu.trend is the level.

Usage: trend.py [CONTEXT]
"""
import asyncio
import signal
import sys

import sctx


async def follow(context: sctx.Context) -> None:
    smooth: float | None = None
    with context.writer() as writer, context.reader("machine/cpu") as reader, context.marker("cpu.trend", unit="%") as marker:
        async for message in reader:
            try:
                used = float(message.data["used"])
            except (sctx.DecodeError, LookupError, TypeError, ValueError):
                continue  # anybody may publish there
            before, smooth = smooth, used if smooth is None else 0.8 * smooth + 0.2 * used
            marker.value = smooth
            if before is not None:
                writer.publish_json("machine/trend", {"used": round(smooth, 1), "rises": smooth > before}, cause=message)


async def main() -> None:
    with sctx.Context(sys.argv[1] if len(sys.argv) > 1 else None, who="trend") as context:
        task = asyncio.create_task(follow(context))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            pass
        except sctx.GoneError as error:
            sys.exit(f"trend: {error}")


if __name__ == "__main__":
    asyncio.run(main())
