"""The pool of the local engine's decoders: how a link to one of them ends."""

import asyncio
import contextlib
import socket

from stream_processors.transcription.providers.local.pool import Link


async def test_a_link_may_be_closed_again_after_somebody_gave_up_closing_it() -> None:
    """A worker told to stop gives up replacing a decoder, then closes every link, that one too, and ends with 0."""
    ours, theirs = socket.socketpair()
    with theirs:
        link = Link(*await asyncio.open_unix_connection(sock=ours))
        replacing = asyncio.create_task(link.close())
        await asyncio.sleep(0)
        replacing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await replacing
        await link.close()
        assert link.dead
