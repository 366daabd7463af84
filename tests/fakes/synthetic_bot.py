"""A bot without browser and Kafka: its pure parts in the same order, and its topic as a list."""

from collections.abc import Iterable

from producers.bot.backlog import Backlog
from producers.bot.ledger import LedgerBook
from producers.bot.lifecycle import Lifecycle, Limits, Step
from producers.bot.meeting import Meeting, Order, Output
from producers.bot.records import Identity, Records
from producers.bot.roster import Fact
from producers.bot.streams import StreamChunk
from producers.bot.watchdog import Watchdog
from producers.browser.frames import Hello, PageFrame, SlotOpened
from producers.platforms.interface import Joined, SlotBound, Voice
from schemas.events import AudioChunk, Ledger
from schemas.vocabulary import Attribution, BotState, TrackKind
from sinks.ledger.account import account
from sinks.ledger.report import Account
from sinks.logged import Logged
from tests.fakes.synthetic_page import STARTED_AT_US

HOUR_US = 3_600_000_000


def voice_of(name: str) -> Voice:
    return Voice(f"janus:{name}/audio", f"janus:{name}", TrackKind.MICROPHONE, Attribution.EXACT, 1.0)


class SyntheticBot:
    """What came out, sorted: `topic`, `facts`, `steps`, `orders`."""

    def __init__(self, backlog_bytes: int = 10**9) -> None:
        limits = Limits(join_us=30_000_000, alone_us=HOUR_US, duration_us=HOUR_US)
        self.meeting = Meeting(Lifecycle(limits), Watchdog(1_500_000, 2_000))
        self.topic: list[AudioChunk] = []
        self.facts: list[Fact] = []
        self.steps: list[Step] = []
        self.orders: list[Order] = []
        self.backlog = Backlog(backlog_bytes)
        self._book = LedgerBook()
        self._records = Records(Identity("default", "bot_1", "mtg_1", "janus", "local"))
        self._records.recording_started_at_us = STARTED_AT_US
        self.take(self.meeting.start(STARTED_AT_US))

    def join(self, people: dict[str, str], slots: dict[str, str], now_us: int) -> None:
        """A page that captures, in the call, with `people` by id and whose voice each slot carries."""
        self.take(self.meeting.message(Hello("websocket"), now_us))
        self.take(self.meeting.observe(Joined(people), now_us))
        for number, (slot, name) in enumerate(slots.items()):
            self.take(self.meeting.observe(SlotBound(slot, voice_of(name)), now_us))
            self.take(self.meeting.message(SlotOpened(number, slot), now_us))

    def hear(self, frames: Iterable[PageFrame]) -> None:
        for frame in frames:
            self.take(self.meeting.frame(frame))

    def take(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            match output:
                case StreamChunk():
                    admitted = self.backlog.admit(self._records.chunk(output))
                    self.backlog.sent(len(admitted.pcm))
                    self._book.count(admitted)
                    self.topic.append(admitted)
                case Fact():
                    self.facts.append(output)
                case Step():
                    self.steps.append(output)
                case Order():
                    self.orders.append(output)

    def end(self, now_us: int) -> Ledger:
        self.take(self.meeting.finish(now_us))
        return self._book.close(self.meeting.streams.frames_captured, "completed")

    @property
    def states(self) -> list[BotState]:
        return [step.state for step in self.steps]


def verified(ledger: Ledger, topic: Iterable[AudioChunk]) -> Account:
    """What `earshot verify` would say, of capture; nothing is transcribed here."""
    logged = [Logged(offset, chunk.captured_at_us // 1000 + 100, chunk) for offset, chunk in enumerate(topic)]
    return account("bot_1", ledger, logged, [])


def capture_closes(found: Account) -> bool:
    """Whether every stream's capture closes: tiled, counted alike, nothing unaccounted, the same digest."""
    return all(
        not (c.hole_units or c.overlap_units or c.duplicate_units or c.stray_units or c.unaccounted_units)
        and c.counts_ok
        and c.digest_ok
        for c in (stream.capture for stream in found.streams)
    )
