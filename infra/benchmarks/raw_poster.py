"""A bare aiohttp client loop: `python -m infra.benchmarks.raw_poster URL COUNT BYTES` signs and posts, and prints the processor
seconds of it.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime

import aiohttp
from standardwebhooks import Webhook

from infra.benchmarks.webhook_stand import SECRET
from schemas.timebase import SystemClock

PLACES = 64
BODY = '{"timestamp":"2026-11-28T12:00:00Z","text":"%s"}'


def signed(signer: Webhook, message_id: str, body: bytes) -> dict[str, str]:
    """Headers of one post."""
    now = datetime.fromtimestamp(SystemClock().now_us() // 1_000_000, UTC)
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signer.sign(message_id, now, body.decode()),
    }


async def post(url: str, count: int, size_bytes: int) -> None:
    """`count` posts of one body over connections kept open, 64 at a time, each signed by the official library."""
    body = (BODY % ("x" * size_bytes)).encode()
    left, signer = count, Webhook(SECRET)

    async def work(session: aiohttp.ClientSession) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            async with session.post(url, data=body, headers=signed(signer, f"msg_{left}", body)) as response:
                await response.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(work(session) for _ in range(PLACES)))


if __name__ == "__main__":
    before_s = time.process_time()
    asyncio.run(post(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    print(time.process_time() - before_s)  # noqa: T201 - the answer to whoever started us
