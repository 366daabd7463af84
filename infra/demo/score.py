"""How well what was heard matches what was said. Arithmetic on words only.

Words are compared in lower case and without punctuation. Tracks are pooled: a single track of a hundred words moves by
many points with the engine's own jitter, the sum of all tracks does not.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import jiwer

NOT_A_WORD = re.compile(r"[^a-z0-9' ]+")
CLEARLY_BETTER_WORDS = 2


@dataclass(frozen=True)
class Said:
    """What one participant said: a visit of a talker."""

    name: str
    participant_id: str
    text: str


@dataclass(frozen=True)
class Heard:
    """One settled turn, as far as the score needs it."""

    turn_id: str
    participant_id: str | None
    start_ms: int
    text: str


@dataclass(frozen=True)
class Counts:
    """Words said, and what the hearing did to them."""

    reference: int = 0
    substituted: int = 0
    deleted: int = 0
    inserted: int = 0

    @property
    def wer(self) -> float:
        """Word error rate; 0 when nothing was said and nothing heard."""
        wrong = self.substituted + self.deleted + self.inserted
        return wrong / self.reference if self.reference else float(bool(wrong))

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.reference + other.reference,
            self.substituted + other.substituted,
            self.deleted + other.deleted,
            self.inserted + other.inserted,
        )


def words_of(text: str) -> list[str]:
    """The words that count: lower case, punctuation gone, hyphens and line ends are spaces."""
    return NOT_A_WORD.sub(" ", text.lower().replace("\u2019", "'")).split()


def compare(said: str, heard: str) -> Counts:
    """Substitutions, deletions and insertions of the best alignment."""
    reference, hypothesis = words_of(said), words_of(heard)
    if not reference:
        return Counts(inserted=len(hypothesis))
    found = jiwer.process_words(" ".join(reference), " ".join(hypothesis))
    return Counts(len(reference), found.substitutions, found.deletions, found.insertions)


def pooled(counts: Iterable[Counts]) -> Counts:
    """The sum over tracks."""
    return sum(counts, Counts())


def transcript_of(turns: Iterable[Heard], participant_id: str) -> str:
    """What was heard of one participant, in the order it was said."""
    own = [turn for turn in turns if turn.participant_id == participant_id]
    return " ".join(turn.text for turn in sorted(own, key=lambda turn: turn.start_ms))


def misattributed(said: Sequence[Said], turns: Iterable[Heard]) -> tuple[Heard, ...]:
    """Turns that another talker's script explains clearly better than the script of the talker they are given to.

    A turn without a participant is unknown, not wrong. One given to somebody who said nothing is wrong.
    """
    scripts = {entry.name: words_of(entry.text) for entry in said}
    names = {entry.participant_id: entry.name for entry in said}
    return tuple(turn for turn in turns if turn.participant_id and _is_wrong(turn, scripts, names))


def _is_wrong(turn: Heard, scripts: Mapping[str, list[str]], names: Mapping[str, str]) -> bool:
    owner = names.get(turn.participant_id or "")
    if owner is None:
        return True
    words = words_of(turn.text)
    own = words_missing(words, scripts[owner])
    others = (words_missing(words, script) for name, script in scripts.items() if name != owner)
    return any(own - other >= CLEARLY_BETTER_WORDS for other in others)


def words_missing(words: Sequence[str], script: Sequence[str]) -> int:
    """Edits that turn `words` into the stretch of `script` that fits best (Sellers' algorithm)."""
    row = [0] * (len(script) + 1)
    for done, word in enumerate(words, 1):
        above, row = row, [done]
        for place, expected in enumerate(script):
            row.append(min(above[place] + (word != expected), above[place + 1] + 1, row[place] + 1))
    return min(row)
