"""A bare aiohttp client: `python -m infra.benchmarks.raw_poster URL COUNT BYTES` posts and prints its processor seconds."""

import asyncio
import sys
import time

import aiohttp

PLACES = 64
BODY = '{"timestamp":"2026-11-28T12:00:00Z","text":"%s"}'


async def post(url: str, count: int, size_bytes: int) -> None:
    """`count` posts of one body over connections kept open, 64 at a time."""
    body = (BODY % ("x" * size_bytes)).encode()
    left = count

    async def work(session: aiohttp.ClientSession) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            async with session.post(url, data=body, headers={"content-type": "application/json"}) as response:
                await response.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(work(session) for _ in range(PLACES)))


if __name__ == "__main__":
    asyncio.run(post(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    print(time.process_time())  # noqa: T201 - the answer to whoever started us
