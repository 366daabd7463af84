"""A fake service as a process of its own: `python -m tests.fakes.stt deepgram --port 19901 --knob words=engine`.

Prints its WebSocket's address when it listens, and runs until SIGTERM or SIGINT.
"""

import asyncio
import signal

import click

from tests.fakes.stt.assemblyai import AssemblyAI
from tests.fakes.stt.deepgram import Deepgram
from tests.fakes.stt.knobs import parsed
from tests.fakes.stt.server import FakeServer, Vendor

VENDORS: dict[str, type[Vendor]] = {"assemblyai": AssemblyAI, "deepgram": Deepgram}


@click.command()
@click.argument("vendor", type=click.Choice(sorted(VENDORS)))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free one")
@click.option("--knob", "settings", multiple=True, metavar="NAME=VALUE", help="See tests/fakes/stt/knobs.py.")
@click.option("--decoders", default=3, help="Decoder processes for words=engine")
def main(vendor: str, port: int, settings: tuple[str, ...], decoders: int) -> None:
    """Run a fake speech service on this machine."""
    asyncio.run(serve(FakeServer(VENDORS[vendor](), parsed(settings), port=port, decoders=decoders)))


async def serve(server: FakeServer) -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await server.start()
    click.echo(server.url)
    await told.wait()
    await server.stop()


if __name__ == "__main__":
    main()
