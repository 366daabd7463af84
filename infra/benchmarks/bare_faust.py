"""The yardstick for a worker on Faust: an agent that does nothing with the records of a topic.

`python -m infra.benchmarks.bare_faust BOOTSTRAP TOPIC SECONDS` takes what is appended for so long, and prints the processor
microseconds that a record cost.
"""

import asyncio
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import faust

START_S = 60.0


async def read(bootstrap_servers: str, topic: str, length_s: float) -> float:
    """Processor microseconds of this process for each record, once the first has come."""
    seen, began = 0, asyncio.Event()

    async def count(records: faust.StreamT[bytes]) -> None:
        nonlocal seen
        async for _ in records:
            seen += 1
            began.set()

    with TemporaryDirectory(prefix="earshot-faust-") as folder:
        app = faust.App(
            f"bare-faust-{time.monotonic_ns()}",
            broker=f"kafka://{bootstrap_servers}",
            datadir=Path(folder),
            store="memory://",
            value_serializer="raw",
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            consumer_auto_offset_reset="latest",
        )
        app.agent(app.topic(topic, acks=False, key_type=bytes, value_type=bytes), name="count")(count)
        await app.start()
        async with asyncio.timeout(START_S):
            await began.wait()
        seen_before, spent_s = seen, time.process_time()
        await asyncio.sleep(length_s)
        cost_us = (time.process_time() - spent_s) * 1e6 / (seen - seen_before)
        await app.stop()
    return cost_us


if __name__ == "__main__":
    told = asyncio.run(read(sys.argv[1], sys.argv[2], float(sys.argv[3])))
    sys.stdout.write(f"{told}\n")
