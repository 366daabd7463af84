"""The turns of one voice, whatever a provider does, in whatever style, and whatever is delivered twice or restarted.

A recogniser that never loses a word talks to two transcripts: one that lives through restarts from its snapshot and
repeated deliveries, and one that hears every record once. Each rule of the machine is broken once, to see the test fail.
"""

from types import ModuleType
from uuid import uuid4

import msgspec
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from schemas.events import ParticipantEvent, ResultEvent, Turn, TurnWord, Word
from schemas.timebase import samples_to_ms
from schemas.vocabulary import ParticipantKind, ResultKind, TurnReason, TurnState
from stream_processors.turns.machine import placement, turn_machine
from stream_processors.turns.machine.open_turn import OpenTurn
from stream_processors.turns.machine.turn_machine import Machine, Step, close
from stream_processors.turns.machine.words import Words
from stream_processors.turns.transcript.bot_transcript import BotTranscript, Place
from stream_processors.turns.transcript.publication import Outcome
from stream_processors.turns.transcript.snapshot import Snapshot
from tests.fakes.recogniser import Recogniser
from tests.fakes.scripted_results import participant

NOW_US = 1_700_000_100_000_000
COUNTS = st.integers(0, 6)
PAUSES = st.sampled_from((0, 20, 100, 500, 4_000))
TOPIC_OF = {ResultEvent: "stt.results", ParticipantEvent: "meeting.participants"}
Input = ResultEvent | ParticipantEvent


SEARCH = settings(
    deadline=None,
    max_examples=300,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)


class TurnsOfOneVoice(RuleBasedStateMachine):
    """`lived` is restarted and told twice; `plain` is not. Both must say the same, and it must be true."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = Recogniser()
        self.log: list[tuple[Place, Input]] = []
        self.offsets = dict.fromkeys(TOPIC_OF.values(), 0)
        self.revisions: list[Turn] = []
        self.plain_revisions: list[Turn] = []
        self.told = 0
        self.people = 0
        self.cursor = 0
        self.committed: tuple[str, tuple[str, ...]] = ("", ())

    @initialize(restarts=st.booleans())
    def start(self, restarts: bool) -> None:
        self.restarts = restarts
        self.stored: bytes | None = None
        self.plain: BotTranscript | None = None

    # what the talker does

    @rule(words=st.lists(st.tuples(st.integers(4, 20), PAUSES), min_size=1, max_size=12))
    def speak(self, words: list[tuple[int, int]]) -> None:
        for units, pause_ms in words:
            self.heard.speak(20 * units, pause_ms)

    @rule(pause_ms=PAUSES)
    def rest(self, pause_ms: int) -> None:
        self.heard.rest(pause_ms)

    @rule()
    def speak_without_end(self) -> None:
        for _ in range(80):
            self.heard.speak(900, 100)

    @rule()
    def somebody_else_speaks(self) -> None:
        voice = self.heard.voice
        voice.participant_id = "janus:2" if voice.participant_id != "janus:2" else "janus:1"

    @rule()
    def nobody_known_speaks(self) -> None:
        self.heard.voice.participant_id = None

    # what the recogniser says, in any style

    @rule(count=COUNTS, wrong=st.booleans())
    def partial(self, count: int, wrong: bool) -> None:
        self.heard.partial(count, wrong=wrong)

    @rule(count=COUNTS, end=st.booleans(), replayed=st.booleans())
    def final(self, count: int, end: bool, replayed: bool) -> None:
        self.heard.final(count, end=end, replayed=replayed)

    @rule(sure=COUNTS, unsure=COUNTS, end=st.booleans())
    def cumulative(self, sure: int, unsure: int, end: bool) -> None:
        self.heard.cumulative(sure, unsure, end=end)

    @rule()
    def formatted(self) -> None:
        self.heard.formatted()

    @rule()
    def formatted_after_the_end(self) -> None:
        self.heard.formatted_after_the_end()

    @rule(sure=COUNTS, unsure=COUNTS)
    def tokens(self, sure: int, unsure: int) -> None:
        self.heard.tokens(sure, unsure)

    @rule(count=COUNTS, end=st.booleans())
    def item(self, count: int, end: bool) -> None:
        self.heard.item(count, end=end)

    @rule()
    def end(self) -> None:
        self.heard.end()

    @rule(ms=st.integers(0, 2_000))
    def empty_final(self, ms: int) -> None:
        self.heard.empty_final(ms)

    @rule(count=st.integers(1, 4))
    def late(self, count: int) -> None:
        self.heard.late(count)

    @rule(ms=st.sampled_from((20, 500, 5_000)))
    def skip(self, ms: int) -> None:
        self.heard.skip(ms)

    @rule(ms=st.sampled_from((20, 500, 5_000)))
    def lose(self, ms: int) -> None:
        self.heard.lose(ms)

    @rule(shift_ms=st.sampled_from((-20, 0, 20)))
    def new_session(self, shift_ms: int) -> None:
        self.heard.new_session(shift_ms)

    @precondition(lambda self: self.heard.voice.written)
    @rule()
    def raw_repeat(self) -> None:
        """Written twice, as after a crash before its commit."""
        self.heard.voice.written.append(self.heard.voice.written[-1])

    # what Kafka and the worker do

    @precondition(lambda self: self.log)
    @rule(back=st.integers(1, 8))
    def delivered_again(self, back: int) -> None:
        for place, record in self.log[-back:]:
            self._apply(record, place)

    @rule(name=st.sampled_from(("Ada", "Bob")), who=st.sampled_from(("janus:1", "janus:2")))
    def somebody_is_named(self, name: str, who: str) -> None:
        self.people += 1
        self._deliver(participant(ParticipantKind.RENAME, self.people, participant_id=who, name=name))

    @invariant()
    def delivered(self) -> None:
        """Every report reaches both transcripts, and what comes out keeps the rules."""
        written = self.heard.voice.written
        while self.told < len(written):
            self.told += 1
            self._deliver(written[self.told - 1])

    def teardown(self) -> None:
        self.heard.stream_ends()
        self.delivered()
        settled = [turn for turn in last_of(self.revisions).values() if turn.words]
        in_time = sorted(settled, key=lambda turn: (turn.start_ms, turn.end_ms))
        assert all(turn.state is TurnState.END_OF_TURN for turn in settled)
        assert [word.text.lower() for turn in in_time for word in turn.words] == [s.text for s in self.heard.talk]
        assert in_order([word for turn in in_time for word in turn.words])
        assert [content(turn) for turn in self.revisions] == [content(turn) for turn in self.plain_revisions]
        assert accounted_ms(self.heard.voice.written) == samples_to_ms(self.cursor) == self.heard.audio_ms

    def _deliver(self, record: Input) -> None:
        topic = TOPIC_OF[type(record)]
        place = Place(topic, 0, self.offsets[topic])
        self.offsets[topic] += 1
        self.log.append((place, record))
        self._apply(record, place)
        self.plain = self.plain or BotTranscript.of(record, None)
        self.plain_revisions += self.plain.apply(record, place, NOW_US).revisions

    def _apply(self, record: Input, place: Place) -> None:
        lived = BotTranscript.of(record, self.stored) if self.restarts or self.stored is None else self.lived
        outcome = lived.apply(record, place, NOW_US)
        self.lived, self.stored = lived, lived.snapshot()
        for turn in outcome.revisions:
            self._check(turn)
            self.revisions.append(turn)
        self._check_machine()
        self._check_settled(outcome)

    def _check(self, turn: Turn) -> None:
        """Words in order and none over another, revisions dense, a settled turn's words untouched."""
        earlier = [each for each in self.revisions if each.turn_id == turn.turn_id]
        assert turn.revision == len(earlier) + 1
        assert in_order(list(turn.words))
        if earlier and earlier[-1].state is TurnState.END_OF_TURN:
            assert turn.state is TurnState.END_OF_TURN
            assert turn.words == earlier[-1].words
            assert turn.display_name != earlier[-1].display_name
        shown = [word.word_is_final for word in turn.words]
        assert shown == sorted(shown, reverse=True), "what is final comes before what is not"

    def _check_machine(self) -> None:
        """The cursor never steps back; what is committed in an open turn is only added to."""
        for machine in msgspec.msgpack.decode(self.stored or b"", type=Snapshot).machines.values():
            assert machine.cursor >= self.cursor
            self.cursor = machine.cursor
            turn = machine.turn
            if turn:
                told = last_of(self.revisions).get(turn.turn_id)
                assert told is not None
                assert told.text == text_of(turn), "what changed was told"
            now = (turn.turn_id, tuple(word.text for word in turn.committed)) if turn else ("", ())
            if now[0] == self.committed[0]:
                assert now[1][: len(self.committed[1])] == self.committed[1]
            self.committed = now

    def _check_settled(self, outcome: Outcome) -> None:
        assert all(turn.state is TurnState.END_OF_TURN and turn.words for turn in outcome.settled)
        assert set(outcome.settled) <= set(outcome.revisions)


def last_of(revisions: list[Turn]) -> dict[str, Turn]:
    return {turn.turn_id: turn for turn in revisions}


def text_of(turn: OpenTurn) -> str:
    return " ".join(word.text for word in turn.words)


def in_order(words: list[TurnWord]) -> bool:
    ends = [0, *(word.end_ms for word in words)]
    return all(word.start_ms >= end and word.end_ms >= word.start_ms for word, end in zip(words, ends, strict=False))


def content(turn: Turn) -> tuple[object, ...]:
    return (turn.turn_id, turn.revision, turn.state, turn.words, turn.display_name, turn.reason, turn.seq_to)


def accounted_ms(results: list[ResultEvent]) -> int:
    """What was transcribed and what was declared not to be, each result once."""
    furthest = accounted = 0
    for result in results:
        if result.kind is not ResultKind.UNKNOWN and result.cursor_after_sample > furthest:
            accounted += result.cursor_after_sample - max(furthest, result.cursor_before_sample)
            furthest = result.cursor_after_sample
    return samples_to_ms(accounted)


TestTurnsOfOneVoice = TurnsOfOneVoice.TestCase
TestTurnsOfOneVoice.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)


def everything_is_new(word: Word) -> int:
    return 1 << 60


def forgets_the_cursor(machine: Machine, reason: TurnReason) -> Step:
    step = close(machine, reason)
    return Step(msgspec.structs.replace(step.machine, cursor=0), step.emissions)


def keeps_the_item(machine: Machine, reason: TurnReason) -> Step:
    step = close(machine, reason)
    kept = msgspec.structs.replace(step.machine, item_key=machine.item_key, item_floor=machine.item_floor)
    return Step(kept, step.emissions)


def only_adds(item: Words, said: Words) -> Words:
    return item + said


def overlapping(words: Words, after: int) -> Words:
    return words


def says_nothing(machine: Machine, before: OpenTurn | None, end: TurnReason) -> Step:
    return close(machine, end) if end is not TurnReason.NONE else Step(machine)


BROKEN: dict[str, tuple[ModuleType, str, object]] = {
    "no midpoint rule": (placement, "midpoint", everything_is_new),
    "the cursor is forgotten at the end of a turn": (turn_machine, "close", forgets_the_cursor),
    "an ended turn's item is still replaced": (turn_machine, "close", keeps_the_item),
    "a cumulative message adds to the one before it": (placement, "with_item", only_adds),
    "words may lie over each other": (placement, "without_overlap", overlapping),
    "changes of an open turn are not told": (turn_machine, "_published", says_nothing),
}


@pytest.mark.parametrize("rule_broken", BROKEN, ids=str)
def test_each_rule_matters(rule_broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the machine without one of its rules is found out."""
    monkeypatch.setattr(*BROKEN[rule_broken])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(TurnsOfOneVoice, settings=SEARCH)


def test_a_record_applied_twice_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: without the places in the snapshot, what is delivered again is applied again."""
    monkeypatch.setattr(Place, "source", property(lambda place: f"{place.topic}/{uuid4()}"))
    with pytest.raises(AssertionError):
        run_state_machine_as_test(TurnsOfOneVoice, settings=SEARCH)
