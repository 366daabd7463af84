"""A receiver from docs/receivers as a process, and one conversation that every one of them must get right."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import msgspec

from infra.local.ports import free_ports
from schemas.events import WebhookDelivery
from schemas.timebase import SystemClock
from schemas.vocabulary import SignatureScheme
from sinks.webhooks.endpoints.endpoint import Endpoint
from sinks.webhooks.endpoints.secret import new_secret, secret_of
from sinks.webhooks.posting.delivery import Poster
from tests.fakes.pending_deliveries import delivery
from tests.fakes.webhook_endpoints import LOOPBACK
from tests.fakes.webhook_receiver import SECRET

START_S = 60.0
OTHER = new_secret(SignatureScheme.V1, b"o" * 32)
KEY = secret_of(SECRET, field="secret")
ED25519 = new_secret(SignatureScheme.V1A, b"e" * 32)


@dataclass
class ReceiverProcess:
    """One that listens."""

    process: asyncio.subprocess.Process
    url: str

    async def said(self) -> dict[str, object]:
        """The next line it prints."""
        assert self.process.stdout is not None
        line: dict[str, object] = json.loads(await self.process.stdout.readline())
        return line


@asynccontextmanager
async def receiver_process(command: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[ReceiverProcess]:
    """Started with its secret and a port, until the block ends."""
    [port] = free_ports(1)
    own = {"WEBHOOK_SECRET": SECRET, "PORT": str(port), "PATH": "/usr/local/bin:/usr/bin:/bin", **environment}
    process = await asyncio.create_subprocess_exec(*command, env=own, stdout=asyncio.subprocess.PIPE)
    receiver = ReceiverProcess(process, f"http://127.0.0.1:{port}/")
    try:
        async with asyncio.timeout(START_S):
            while not await _listens(receiver.url):  # noqa: ASYNC110 - another process has no event for it
                await asyncio.sleep(0.05)
        yield receiver
    finally:
        process.kill()
        await process.communicate()


async def _listens(url: str) -> bool:
    try:
        async with aiohttp.ClientSession() as session, session.post(url, data=b"{}") as response:
            return response.status == 401
    except aiohttp.ClientError:
        return False


def event(sequence: int) -> WebhookDelivery:
    body = {"type": "bot.joining", "sequence": sequence, "data": {"bot_id": "bot_1", "message": "Grüße"}}
    return msgspec.structs.replace(delivery(0, sequence), body=msgspec.json.encode(body))


async def converse(receiver: ReceiverProcess) -> None:
    """Verified, a repeat, a jump, another secret, both secrets of an overlap with ed25519 beside them, a changed body."""
    ours, theirs, overlap = (
        Endpoint(endpoint_id="ep_1", url=receiver.url, secrets=secrets)
        for secrets in ((KEY,), (OTHER,), (ED25519, OTHER, KEY))
    )
    async with asyncio.timeout(START_S), Poster(clock=SystemClock(), ranges=LOOPBACK) as poster:
        statuses = [(await poster.post(ours, event(0))).status for _ in range(2)]
        statuses.append((await poster.post(theirs, event(1))).status)
        statuses.append((await poster.post(overlap, event(1))).status)
        statuses.append((await poster.post(ours, event(4))).status)
        assert statuses == [204, 204, 401, 204, 204]
        said = [await receiver.said() for _ in range(3)]
    assert [(line["type"], line["sequence"], line["missing"]) for line in said] == [
        ("bot.joining", 0, 0),
        ("bot.joining", 1, 0),
        ("bot.joining", 4, 2),
    ]
