"""What comes out of the turn machine, as a test reads it."""

from schemas.events import ResultEvent, Word
from stream_processors.turns.machine.open_turn import Emission
from stream_processors.turns.machine.turn_machine import apply, machine_for


def emissions_of(results: list[ResultEvent]) -> list[Emission]:
    machine = machine_for(results[0])
    emitted: list[Emission] = []
    for result in results:
        step = apply(machine, result)
        machine = step.machine
        emitted += step.emissions
    return emitted


def lines(results: list[ResultEvent]) -> list[str]:
    """One line an emission: revision, state, and the words, those not yet final in brackets."""
    return [f"{e.revision} {e.state} {shown(e.words)}".rstrip() for e in emissions_of(results)]


def shown(words: tuple[Word, ...]) -> str:
    return " ".join(w.text if w.word_is_final else f"[{w.text}]" for w in words)
