"""Rooms on a running Janus: fresh ones, who is in them, and what a moderator does (mute, kick, lock).

Each call is one short conversation over Janus's WebSocket API. Calls block for a few milliseconds; they work in a thread with
or without a running event loop.
"""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from schemas.errors import Unavailable, UsageError

TIMEOUT_S = 3.0
PLUGIN = "janus.plugin.videoroom"
Message = dict[str, Any]


@dataclass(frozen=True)
class Room:
    """A room and what its moderator needs; `secret` is never shown to the people in it."""

    number: int
    secret: str


class Participant(msgspec.Struct, frozen=True):
    """One entry of Janus's roster; `id` is the feed id. A listener has no stream and is no publisher."""

    id: int
    display: str = ""
    publisher: bool = False
    talking: bool = False


class Rooms:
    """Janus's VideoRoom, seen by an operator. Raises Unavailable when Janus is away, UsageError when it refuses."""

    def __init__(self, ws_url: str) -> None:
        self._ws_url = ws_url

    def answers(self) -> bool:
        """Whether a Janus is there."""
        try:
            return self._run(None).get("janus") == "server_info"
        except Unavailable:
            return False

    def create(self, *, description: str = "Earshot", publishers: int = 16) -> Room:
        """A fresh room that takes Opus, and H.265 so that nobody's camera is published; it reports who talks."""
        secret = secrets.token_hex(8)
        created = self._ask(
            "create",
            description=description,
            publishers=publishers,
            secret=secret,
            audiocodec="opus",
            videocodec="h265",
            audiolevel_event=True,
            audio_active_packets=25,
            audio_level_average=45,
            notify_joining=True,
        )
        return Room(created["room"], secret)

    def destroy(self, room: Room) -> None:
        """End the room; everyone in it is told."""
        self._ask("destroy", room=room.number, secret=room.secret)

    def participants(self, room: Room) -> list[Participant]:
        """Everyone in the room, listeners too."""
        roster = self._ask("listparticipants", room=room.number)["participants"]
        return msgspec.convert(roster, list[Participant])

    def mute(self, room: Room, feed: int, *, mid: str = "0", muted: bool = True) -> None:
        """Mute or unmute one of a participant's tracks, as a moderator."""
        self._ask("moderate", room=room.number, secret=room.secret, id=feed, mid=mid, mute=muted)

    def kick(self, room: Room, feed: int) -> None:
        """Throw a participant out."""
        self._ask("kick", room=room.number, secret=room.secret, id=feed)

    def lock(self, room: Room) -> None:
        """Let in only people with a token, that is nobody new."""
        self._ask("allowed", room=room.number, secret=room.secret, action="enable", allowed=[])

    def _ask(self, request: str, **body: object) -> Message:
        answer = self._run({"request": request, **body})
        data: Message = answer.get("plugindata", {}).get("data", {})
        if "error" in data or not data:
            raise UsageError(f"Janus refuses {request}: {data.get('error', answer)}")
        return data

    def _run(self, body: Message | None) -> Message:
        with ThreadPoolExecutor(1) as thread:  # a loop of its own, whatever loop the caller runs in
            try:
                return thread.submit(asyncio.run, _conversation(self._ws_url, body)).result()
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise Unavailable(
                    f"Janus at {self._ws_url} does not answer: {error}", remedy="start it with `earshot up`"
                ) from error


async def _conversation(ws_url: str, body: Message | None) -> Message:
    """Attach to the VideoRoom and send it `body`; without a body, only ask the server who it is."""
    async with (
        asyncio.timeout(TIMEOUT_S),
        aiohttp.ClientSession() as http,
        http.ws_connect(ws_url, protocols=("janus-protocol",)) as socket,
    ):
        if body is None:
            return await _send(socket, {"janus": "info"})
        session = (await _send(socket, {"janus": "create"}))["data"]["id"]
        attach = {"janus": "attach", "session_id": session, "plugin": PLUGIN}
        handle = (await _send(socket, attach))["data"]["id"]
        answer = await _send(socket, {"janus": "message", "session_id": session, "handle_id": handle, "body": body})
        await _send(socket, {"janus": "destroy", "session_id": session})
        return answer


async def _send(socket: aiohttp.ClientWebSocketResponse, message: Message) -> Message:
    """Send one request and return the answer that belongs to it; events in between are nobody's business here."""
    transaction = secrets.token_hex(6)
    await socket.send_json({**message, "transaction": transaction})
    while True:
        answer: Message = await socket.receive_json()
        if answer.get("transaction") == transaction and answer.get("janus") != "ack":
            return answer
