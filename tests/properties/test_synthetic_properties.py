"""Whatever is asked of synthetic bots, their log is one that closes."""

import random
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from producers.bot.records import Identity
from producers.synthetic.bot import Output, SyntheticBot, Wish
from producers.synthetic.speech import Numbers
from schemas.events import AudioChunk, BotEvent, ParticipantEvent, Record
from schemas.timebase import BYTES_PER_UNIT, SAMPLES_PER_UNIT
from schemas.topics import AUDIO_FRAMES, BOT_EVENTS, MEETING_PARTICIPANTS
from schemas.vocabulary import BotState, ParticipantKind
from tests.fakes.heard_numbers import numbers
from tests.fakes.synthetic_bot import capture_closes, verified

STARTED_AT_US = 1_795_000_000_000_000
SECOND_US = 1_000_000
TYPES: dict[str, type[Record]] = {
    AUDIO_FRAMES.name: AudioChunk,
    BOT_EVENTS.name: BotEvent,
    MEETING_PARTICIPANTS.name: ParticipantEvent,
}


def bot(speakers: int, talking: float, seconds: float | None, seed: int) -> SyntheticBot:
    duration_us = None if seconds is None else round(seconds * SECOND_US)
    wish = Wish(speakers, talking, duration_us, lambda _: Numbers())
    return SyntheticBot(Identity("t", "bot_1", "mtg_1", "synthetic", "local"), wish, STARTED_AT_US, random.Random(seed))


def life(found: SyntheticBot, step_us: int, stop_at_us: int | None) -> list[Output]:
    """Everything the bot says when it is asked every `step_us`, and told to stop at some moment."""
    said: list[Output] = []
    now_us = STARTED_AT_US
    while not found.over:
        now_us += step_us
        said += found.advance(now_us)
        if stop_at_us is not None and now_us >= STARTED_AT_US + stop_at_us:
            found.stop("stopped")
            stop_at_us = None
    return [*said, found.done(now_us, {})]


def records(outputs: Iterable[Output], topic: str) -> list[Record]:
    return [record for found, record in outputs if found.name == topic]


@given(
    speakers=st.integers(1, 4),
    talking=st.floats(0.05, 1.0),
    seconds=st.floats(0.1, 20.0),
    seed=st.integers(0, 10_000),
    step_us=st.integers(20_000, 3_000_000),
    stop_at_us=st.none() | st.integers(0, 20_000_000),
    open_ended=st.booleans(),
)
def test_the_log_of_a_synthetic_bot_closes(
    speakers: int,
    talking: float,
    seconds: float,
    seed: int,
    step_us: int,
    stop_at_us: int | None,
    open_ended: bool,
):
    """However long, loud, late or cut short: audio tiles, the ledger is true, sequences are dense, `done` is last."""
    open_ended = open_ended and stop_at_us is not None
    outputs = life(bot(speakers, talking, None if open_ended else seconds, seed), step_us, stop_at_us)
    assert all(type(record) is TYPES[topic.name] for topic, record in outputs)
    events = records(outputs, BOT_EVENTS.name)
    states = [event.state for event in events]
    assert [event.sequence for event in events] == list(range(len(events)))
    assert states[:3] == [BotState.JOINING, BotState.IN_CALL_NOT_RECORDING, BotState.IN_CALL_RECORDING]
    assert states[3:] == [BotState.LEAVING, BotState.CALL_ENDED, BotState.DONE]
    assert outputs[-1][1] is events[-1]
    people = records(outputs, MEETING_PARTICIPANTS.name)
    assert [person.sequence for person in people] == list(range(len(people)))
    assert [person.kind for person in people[:speakers]] == [ParticipantKind.JOIN] * speakers
    assert capture_closes(verified(events[-1].ledger, records(outputs, AUDIO_FRAMES.name)))


@given(seed=st.integers(0, 1_000), stop_at_us=st.integers(500_000, 8_000_000))
def test_whenever_it_is_stopped_the_script_has_every_word_of_the_audio(seed: int, stop_at_us: int):
    """Between two words too: the line that ends there is told."""
    found = bot(1, 1.0, None, seed)
    audio = records(life(found, 20_000, stop_at_us), AUDIO_FRAMES.name)
    pcm = b"".join(chunk.pcm or bytes(chunk.units * BYTES_PER_UNIT) for chunk in audio)
    heard = [word.text for word in numbers(pcm, SAMPLES_PER_UNIT * 50)]
    assert heard == [word.text for said in found.said for word in said.line.words]


@given(seed=st.integers(0, 1_000), steps=st.lists(st.integers(20_000, 2_000_000), min_size=1, max_size=50))
def test_when_a_bot_is_asked_changes_nothing(seed: int, steps: list[int]):
    """A machine too busy to ask in time gets the same records later, with the same stamps."""

    def all_of(step_us: int) -> list[Output]:
        return life(bot(2, 0.5, 5.0, seed), step_us, None)[:-1]

    assert all(all_of(step_us) == all_of(20_000) for step_us in steps[:2])


def test_a_record_that_is_missing_is_found_out():
    """The control: a log that lacks one record of a synthetic bot does not close."""
    outputs = life(bot(1, 0.5, 10.0, 1), 100_000, None)
    done = records(outputs, BOT_EVENTS.name)[-1]
    audio = records(outputs, AUDIO_FRAMES.name)
    assert capture_closes(verified(done.ledger, audio))
    assert not capture_closes(verified(done.ledger, audio[:20] + audio[21:]))
