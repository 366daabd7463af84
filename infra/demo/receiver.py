"""A webhook receiver as a subscriber would write it: verify, notice repeats, write down what came, answer.

The report is a file of JSON lines, one for each request in order of arrival; requests with a bad signature are in it too.
The tests drive it as well, with `answer` as the place to misbehave.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

HOST = "127.0.0.1"
LARGEST_BODY_BYTES = 1024 * 1024
UNSIGNED_STATUS = 401
Answer = Callable[["Receipt", web.Request], Awaitable[web.StreamResponse]]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `event_id` is in the body, `message_id` is the header by which repeats are told."""

    event_id: str
    message_id: str
    type: str
    sequence: int
    timestamp: str
    bot_id: str
    verified: bool
    duplicate: bool


class _Data(msgspec.Struct):
    bot_id: str = ""


class _Body(msgspec.Struct):
    """As much of a body as a report needs; an unsigned one may be anything."""

    id: str = ""
    type: str = ""
    sequence: int = -1
    timestamp: str = ""
    data: _Data = msgspec.field(default_factory=_Data)


async def accept(_receipt: Receipt, _request: web.Request) -> web.StreamResponse:
    """What a receiver says that is glad of everything."""
    return web.Response(status=204)


class Receiver:
    """Listens on `port` of this machine (0: any free one) from `start` to `stop`; `receipts` is what came so far."""

    def __init__(self, port: int, secret: str, report: Path | None = None, *, answer: Answer = accept) -> None:
        self.port = port
        self.receipts: list[Receipt] = []
        self.answer = answer
        self._webhook = Webhook(secret)
        self._report = report
        self._seen: set[str] = set()
        application = web.Application(client_max_size=LARGEST_BODY_BYTES)
        application.router.add_post("/{path:.*}", self._post)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/"

    async def start(self) -> None:
        """Port taken: OSError."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _post(self, request: web.Request) -> web.StreamResponse:
        receipt = self._receipt(request, await request.read())
        if not receipt.verified:
            self._write_down(receipt)
            return web.Response(status=UNSIGNED_STATUS)
        response = await self.answer(receipt, request)
        if 200 <= response.status < 300:
            self._write_down(receipt)
        return response

    def _receipt(self, request: web.Request, body: bytes) -> Receipt:
        signed = self._signed(request, body)
        try:
            said = msgspec.json.decode(body, type=_Body)
        except msgspec.DecodeError:
            said = _Body()
        message_id = request.headers.get("webhook-id", "")
        return Receipt(
            event_id=said.id,
            message_id=message_id,
            type=said.type,
            sequence=said.sequence,
            timestamp=said.timestamp,
            bot_id=said.data.bot_id,
            verified=signed,
            duplicate=message_id in self._seen,
        )

    def _signed(self, request: web.Request, body: bytes) -> bool:
        try:
            self._webhook.verify(body, dict(request.headers), json_parse=False)
        except (WebhookVerificationError, ValueError):
            return False
        return True

    def _write_down(self, receipt: Receipt) -> None:
        if receipt.verified:
            self._seen.add(receipt.message_id)
        self.receipts.append(receipt)
        if self._report:
            with self._report.open("ab") as lines:
                lines.write(msgspec.json.encode(receipt) + b"\n")


async def serve(port: int, secret: str, report: Path) -> None:
    """Receive until cancelled."""
    receiver = Receiver(port, secret, report)
    await receiver.start()
    try:
        await asyncio.Event().wait()
    finally:
        await receiver.stop()


def main(port: int, secret: str, report: Path) -> None:
    """Receive until interrupted."""
    asyncio.run(serve(port, secret, report))


if __name__ == "__main__":
    import click

    @click.command()
    @click.argument("port", type=int)
    @click.argument("report", type=click.Path(path_type=Path, dir_okay=False))
    @click.option("--secret", envvar="EARSHOT_WEBHOOK_SECRET", required=True, help="whsec_…, the sender's")
    def receive(port: int, report: Path, secret: str) -> None:
        """Receive webhooks on PORT of this machine and write what came to REPORT, a JSON line each."""
        main(port, secret, report)

    receive()
