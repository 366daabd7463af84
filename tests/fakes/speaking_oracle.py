"""What the speaking views must say, computed from the records in plain Python: slow, obvious, and without SQL."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from schemas.events import Turn

QUESTION_WORDS = {
    *("who", "whose", "what", "which", "when", "where", "why", "how", "is", "are", "was", "were", "do", "does", "did"),
    *("can", "could", "will", "would", "shall", "should", "have", "has"),
}


@dataclass(frozen=True)
class Transcript:
    """The settled turns of one meeting and label, last revisions only, in the order they began."""

    turns: tuple[Turn, ...]

    def of(self, speaker: str) -> list[Turn]:
        return [turn for turn in self.turns if speaker_of(turn) == speaker]

    @property
    def speakers(self) -> list[str]:
        return sorted({speaker_of(turn) for turn in self.turns})


def transcripts(records: Iterable[Turn]) -> dict[tuple[str, str], Transcript]:
    """By bot and label."""
    last: dict[str, Turn] = {}
    for turn in records:
        if turn.state == "end_of_turn" and (turn.turn_id not in last or turn.revision > last[turn.turn_id].revision):
            last[turn.turn_id] = turn
    grouped: dict[tuple[str, str], list[Turn]] = defaultdict(list)
    for turn in sorted(last.values(), key=lambda turn: (turn.start_ms, turn.turn_id)):
        grouped[turn.bot_id, turn.transcript_label].append(turn)
    return {key: Transcript(tuple(turns)) for key, turns in grouped.items()}


def speaker_of(turn: Turn) -> str:
    if turn.participant_id:
        return turn.participant_id
    return f"{turn.stream_id}/{turn.speaker_label}" if turn.speaker_label else turn.stream_id


def questions(turn: Turn) -> int:
    if re.search("[.?!。？！؟]", turn.text):  # noqa: RUF001
        return len(re.findall("[?？؟]", turn.text))  # noqa: RUF001
    first = re.match("[^a-zA-Z]*([a-zA-Z]+)", turn.text)
    english = turn.language == "" or turn.language.lower().startswith("en")
    return int(english and first is not None and first[1].lower() in QUESTION_WORDS)


def covered_ms(turns: Iterable[Turn]) -> set[int]:
    """Every millisecond somebody has a turn in."""
    return {ms for turn in turns for ms in range(turn.start_ms, turn.end_ms)}


def talk_time(transcript: Transcript) -> list[tuple[object, ...]]:
    """speaker_id, turns, words, talk_ms, speech_ms, questions, longest_turn_ms."""
    rows: list[tuple[object, ...]] = []
    for speaker in transcript.speakers:
        mine = transcript.of(speaker)
        spans = [turn.end_ms - turn.start_ms for turn in mine]
        words = [word for turn in mine for word in turn.words]
        speech_ms = sum(word.end_ms - word.start_ms for word in words)
        rows.append((speaker, len(mine), len(words), sum(spans), speech_ms, sum(map(questions, mine)), max(spans)))
    return rows


def meeting(transcript: Transcript) -> tuple[object, ...]:
    """speakers, turns, words, questions, talk_ms, voiced_ms, silence_ms."""
    turns = transcript.turns
    voiced_ms = len(covered_ms(turns))
    length_ms = max(turn.end_ms for turn in turns) - min(turn.start_ms for turn in turns)
    words = sum(len(turn.words) for turn in turns)
    talk_ms = sum(turn.end_ms - turn.start_ms for turn in turns)
    asked = sum(map(questions, turns))
    return (len(transcript.speakers), len(turns), words, asked, talk_ms, voiced_ms, length_ms - voiced_ms)


def crosstalk(transcript: Transcript) -> list[tuple[object, ...]]:
    """speaker_id, voiced_ms, overlap_ms."""
    rows: list[tuple[object, ...]] = []
    for speaker in transcript.speakers:
        mine = covered_ms(transcript.of(speaker))
        others = covered_ms(turn for turn in transcript.turns if speaker_of(turn) != speaker)
        rows.append((speaker, len(mine), len(mine & others)))
    return rows


def interruptions(transcript: Transcript) -> list[tuple[object, ...]]:
    """turn_id, by_turn_id, at_ms, overlap_ms, took_floor."""
    return sorted(
        (first.turn_id, second.turn_id, second.start_ms, min(first.end_ms, second.end_ms) - second.start_ms,
         second.end_ms > first.end_ms)
        for place, first in enumerate(transcript.turns)
        for second in transcript.turns[place + 1 :]
        if speaker_of(first) != speaker_of(second) and second.start_ms < first.end_ms
    )  # fmt: skip


def monologues(transcript: Transcript) -> list[tuple[object, ...]]:
    """speaker_id, first_word_ms, monologue_ms, turns."""
    runs = [(speaker, list(turns)) for speaker, turns in groupby(transcript.turns, key=speaker_of)]
    return sorted(
        (speaker, min(turn.start_ms for turn in turns),
         max(turn.end_ms for turn in turns) - min(turn.start_ms for turn in turns), len(turns))
        for speaker, turns in runs
    )  # fmt: skip


def contexts(transcript: Transcript, phrase: str) -> list[tuple[object, ...]]:
    """text, before_text, after_text of every turn that holds the phrase."""
    padded = ["", *(turn.text for turn in transcript.turns), ""]
    around = zip(padded, padded[1:], padded[2:], strict=False)
    return [(text, before, after) for before, text, after in around if phrase.lower() in text.lower()]


def quantile(values: Sequence[int], level: float) -> int:
    """ClickHouse's quantileExact: the value at floor(level * n)."""
    return sorted(values)[min(int(level * len(values)), len(values) - 1)]


def latencies(records: Iterable[Turn]) -> dict[tuple[int, str, str], list[int]]:
    """latency_ms of every settled turn by hour, provider and label."""
    first: dict[str, Turn] = {}
    for turn in records:
        if turn.turn_id not in first or turn.produced_at_us < first[turn.turn_id].produced_at_us:
            first[turn.turn_id] = turn
    found: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    for turn in first.values():
        hour = turn.produced_at_us // 3_600_000_000
        latency_ms = (turn.produced_at_us - turn.recording_started_at_us) // 1000 - turn.end_ms
        found[hour, turn.provider, turn.transcript_label].append(latency_ms)
    return dict(found)


def stays(events: Sequence[tuple[str, str, int]], until_ms: int) -> list[tuple[object, ...]]:
    """participant, joined_ms, left_ms, until_ms of each stay, from (participant, join or leave, at_ms) in order."""
    found: list[tuple[object, ...]] = []
    for participant in sorted({event[0] for event in events}):
        mine = [event for event in events if event[0] == participant]
        for (_, kind, at_ms), after in pairwise([*mine, None]):
            if kind == "join":
                left_ms = after[2] if after else None
                found.append((participant, at_ms, left_ms, until_ms if left_ms is None else left_ms))
    return sorted(found, key=str)
