"""The bot's last record says where the others end and what they add up to."""

from collections.abc import Callable
from typing import cast

import pytest

from producers.bot.lifecycle import Step
from producers.bot.log_writer import LogWriter
from producers.bot.outlet import Outlet
from producers.bot.publisher import Publisher
from producers.bot.records import Identity
from producers.bot.roster import Fact
from schemas.errors import Unavailable
from schemas.events import BotEvent, Record
from schemas.topics import Topic
from schemas.vocabulary import BotState, ParticipantKind

DONE = Step(BotState.DONE, BotState.CALL_ENDED, sub_code="completed")


class TakingOutlet:
    """Acknowledges each record at once, at the next offset of its topic; `away`: takes nothing more."""

    def __init__(self) -> None:
        self.sent: list[Record] = []
        self.offsets: dict[str, int] = {}
        self.away = False

    def send(self, topic: Topic, _key: bytes, record: Record, _headers: object, settled: Callable[[int], None]) -> None:
        self.sent.append(record)
        self.offsets[topic.name] = self.offsets.get(topic.name, -1) + 1
        settled(self.offsets[topic.name])

    async def flush(self, _timeout_s: float) -> bool:
        return not self.away


def writer_on(outlet: TakingOutlet) -> LogWriter:
    identity = Identity("default", "bot_1", "mtg_1", "janus", "local")
    return LogWriter(identity, Publisher(cast(Outlet, outlet), "default", "bot_1"))


def test_the_last_record_has_the_offsets_the_attributes_and_the_ledger() -> None:
    """-1 for a topic that has nothing of the bot."""
    outlet = TakingOutlet()
    writer = writer_on(outlet)
    for name in ("Ann", "Bob"):
        writer.participant(Fact(ParticipantKind.JOIN, f"janus:{name}", name), 1)
    writer.done(DONE, 2, {"capture_recoveries": "0"}, {})
    done = outlet.sent[-1]
    assert isinstance(done, BotEvent)
    assert done.attrs == {
        "audio.frames.last_offset": "-1",
        "meeting.participants.last_offset": "1",
        "capture_recoveries": "0",
    }
    assert done.ledger is not None
    assert (done.ledger.streams, done.ledger.outcome) == ((), "completed")


async def test_a_log_that_is_not_complete_is_said_to_be_so() -> None:
    """By the bot's name, with a remedy."""
    outlet = TakingOutlet()
    writer = writer_on(outlet)
    await writer.flush()
    outlet.away = True
    with pytest.raises(Unavailable, match="the log of bot_1 is not complete") as raised:
        await writer.flush()
    assert raised.value.remedy
