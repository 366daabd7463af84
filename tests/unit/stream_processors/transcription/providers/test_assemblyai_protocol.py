"""AssemblyAI's dialogue, message by message: cumulative turns, ends that come twice, and what silence is answered with."""

import json
from typing import Any

import pytest

from schemas.settings import TranscribeSettings
from schemas.vocabulary import ResultKind, SttErrorClass
from stream_processors.transcription.providers.assemblyai import failures
from stream_processors.transcription.providers.assemblyai.config import MIN_TURN_SILENCE_MS, config_of
from stream_processors.transcription.providers.assemblyai.messages import FORCE_ENDPOINT, TERMINATE
from stream_processors.transcription.providers.assemblyai.pieces import LONGEST_BYTES, SHORTEST_BYTES
from stream_processors.transcription.providers.assemblyai.protocol import AssemblyAIDialogue
from stream_processors.transcription.providers.dialogue import Frame, Rejected, Reopen
from stream_processors.transcription.providers.interface import ProviderError, ProviderResult
from tests.fakes.stt.moves import frames, results

SECOND = bytes(96_000)
# as the vendor's documentation prints one, with everything we do not read
TURN = """{
  "turn_order": 0, "turn_is_formatted": false, "end_of_turn": false, "transcript": "hi my", "end_of_turn_confidence": 0.004,
  "words": [
    {"start": 1440, "end": 1520, "text": "hi", "confidence": 0.786, "word_is_final": true},
    {"start": 1600, "end": 1680, "text": "my", "confidence": 0.999, "word_is_final": true},
    {"start": 1680, "end": 1760, "text": "na", "confidence": 0.67, "word_is_final": false}],
  "utterance": "", "type": "Turn"
}"""
TERMINATION = '{"type": "Termination", "audio_duration_seconds": 5, "session_duration_seconds": 6}'


def turn(text: str, *, order: int = 0, start_ms: int = 0, **flags: bool) -> str:
    """A turn of words of 200 ms side by side."""
    words = [
        {"text": w, "start": start_ms + 200 * i, "end": start_ms + 200 * (i + 1), "confidence": 0.9}
        for i, w in enumerate(text.split())
    ]
    body: dict[str, Any] = {"type": "Turn", "turn_order": order, "end_of_turn": False, "words": words}
    return json.dumps(body | flags)


def after(seconds: int, *, formatted_twice: bool = True) -> AssemblyAIDialogue:
    """A dialogue that has sent so much audio at 0 ms."""
    silence = MIN_TURN_SILENCE_MS * 48
    dialogue = AssemblyAIDialogue(formatted_twice=formatted_twice, min_turn_silence_samples=silence)
    for _ in range(seconds):
        dialogue.send(SECOND, 0.0)
    return dialogue


def test_the_documented_message() -> None:
    """A turn on its way is a partial with all its words, the unfinished one too, at 48 samples a millisecond."""
    [partial] = after(3).heard(TURN, 1.0)
    assert isinstance(partial, ProviderResult)
    assert (partial.kind, partial.to_sample, partial.turn_key) == (ResultKind.PARTIAL, 1760 * 48, "0")
    assert [w.text for w in partial.words] == ["hi", "my", "na"]
    assert (partial.words[0].from_sample, partial.words[0].confidence) == (1440 * 48, 0.786)


def test_a_turn_that_ends_twice_is_one_final() -> None:
    """The formatted end takes the place of the raw one: its words, once."""
    dialogue = after(3)
    assert results(dialogue.heard(turn("twenty five", end_of_turn=True), 1.0)) == [
        (ResultKind.PARTIAL, 19_200, "twenty five")
    ]
    formatted = turn("25.", end_of_turn=True, turn_is_formatted=True)
    assert results(dialogue.heard(formatted, 2.0)) == [(ResultKind.END_OF_TURN, 9_600, "25.")]
    assert dialogue.heard(formatted, 3.0) == [Rejected("turn_repeated", 1)]


def test_a_formatted_end_that_does_not_come_is_done_without() -> None:
    """After a while, or when the next turn speaks; when it comes after all it is left out."""
    dialogue = after(3)
    dialogue.heard(turn("yes", end_of_turn=True), 0.0)
    assert dialogue.deadline_ms == 1_500
    assert results(dialogue.tick(1_500)) == [(ResultKind.END_OF_TURN, 9_600, "yes")]
    assert dialogue.heard(turn("Yes.", end_of_turn=True, turn_is_formatted=True), 1_600) == [
        Rejected("turn_repeated", 1)
    ]
    dialogue.heard(turn("no", order=1, start_ms=1_000, end_of_turn=True), 2_000)
    assert results(dialogue.heard(turn("why", order=2, start_ms=2_000), 2_100)) == [
        (ResultKind.END_OF_TURN, 57_600, "no"),
        (ResultKind.PARTIAL, 105_600, "why"),
    ]


def test_the_u3_family_ends_a_turn_at_once() -> None:
    """No word is final before, and there is no second end."""
    dialogue = after(3, formatted_twice=False)
    ended = dialogue.heard(turn("Yes.", end_of_turn=True, turn_is_formatted=True), 0.0)
    assert results(ended) == [(ResultKind.END_OF_TURN, 9_600, "Yes.")]
    assert dialogue.deadline_ms is None


def test_a_forced_end_reaches_to_the_place_of_asking() -> None:
    """Less silence after the last word than AssemblyAI waits for: only we can have ended the turn."""
    dialogue = after(1, formatted_twice=False)
    dialogue.heard(turn("yes", start_ms=400), 1.0)
    assert frames(dialogue.finalize(2.0)) == [FORCE_ENDPOINT]
    ended = dialogue.heard(turn("Yes.", start_ms=400, end_of_turn=True), 3.0)
    assert results(ended) == [(ResultKind.END_OF_TURN, 48_000, "Yes.")]


def test_a_turn_that_ended_by_itself_does_not_reach_there() -> None:
    """More silence than it waits for: what was said after it may still come, and it does."""
    dialogue = after(3, formatted_twice=False)
    dialogue.finalize(1.0)
    assert results(dialogue.heard(turn("Yes.", end_of_turn=True), 2.0)) == [(ResultKind.END_OF_TURN, 9_600, "Yes.")]
    late = dialogue.heard(turn("No.", order=1, start_ms=2_500, end_of_turn=True), 3.0)
    assert results(late) == [(ResultKind.END_OF_TURN, 144_000, "No.")]


def test_silence_is_settled_by_terminating_and_the_next_audio_goes_to_a_fresh_socket() -> None:
    """Nothing answers, so AssemblyAI is made to say that it owes nothing; the session's clock goes on."""
    dialogue = after(1)
    dialogue.finalize(0.0)
    assert dialogue.deadline_ms == 2_000
    assert frames(dialogue.tick(2_000)) == [TERMINATE]
    assert dialogue.send(SECOND, 2_100) == []
    assert results(dialogue.heard(TERMINATION, 2_200)) == [(ResultKind.FINAL, 48_000, "")]
    assert dialogue.closed(1000, "") is None
    assert dialogue.tick(2_300) == [Reopen(), Frame(SECOND)]
    again = dialogue.heard(turn("Yes.", end_of_turn=True, turn_is_formatted=True), 2_400)
    assert results(again) == [(ResultKind.END_OF_TURN, 48_000 + 9_600, "Yes.")]


def test_a_request_without_an_answer_ends_no_socket_while_somebody_speaks_on() -> None:
    """The last word of what was sent would be cut in two, and its two halves heard as two words."""
    dialogue = after(1)
    dialogue.finalize(0.0)
    dialogue.send(SECOND, 100.0)
    assert dialogue.deadline_ms is None
    assert frames(dialogue.tick(5_000.0)) == []
    assert frames(dialogue.finalize(5_100.0)) == [FORCE_ENDPOINT]
    assert dialogue.deadline_ms == 7_100.0
    assert frames(dialogue.tick(7_100.0)) == [TERMINATE]


def test_a_turn_that_begins_behind_a_request_answers_it() -> None:
    """Nobody spoke before it, or that would have been a turn of its own; what is asked about later is not answered."""
    dialogue = after(2)
    dialogue.finalize(0.0)
    dialogue.send(SECOND, 100.0)
    dialogue.finalize(200.0)
    said = dialogue.heard(turn("Yes", start_ms=2_200), 300.0)
    assert results(said) == [(ResultKind.FINAL, 96_000, ""), (ResultKind.PARTIAL, 115_200, "Yes")]
    assert results(dialogue.heard(turn("Yes.", start_ms=2_200, end_of_turn=True, turn_is_formatted=True), 400.0)) == [
        (ResultKind.END_OF_TURN, 144_000, "Yes.")
    ]


def test_a_termination_that_does_not_come_ends_the_session() -> None:
    """The service takes audio and says nothing: another session may do better."""
    dialogue = after(1)
    dialogue.finalize(0.0)
    dialogue.tick(2_000)
    with pytest.raises(ProviderError) as caught:
        dialogue.tick(7_000)
    assert caught.value.code == "termination_missing"


def test_pieces_are_never_too_short_or_too_long() -> None:
    """20 ms are held back, seconds are cut; what is left when a final is asked for is made 50 ms long with silence."""
    dialogue = after(0)
    unit = bytes(1_920)
    assert [frames(dialogue.send(unit, 0.0)) for _ in range(3)] == [[], [], [unit * 3]]
    assert [len(piece) for piece in frames(dialogue.send(SECOND * 2 + unit, 0.0))] == [LONGEST_BYTES, LONGEST_BYTES]
    rest, asked = frames(dialogue.finalize(0.0))
    assert (len(rest), asked) == (SHORTEST_BYTES, FORCE_ENDPOINT)
    sent = 3 * 960 + 96_000 + 960
    ended = dialogue.heard(turn("yes", start_ms=1_900, end_of_turn=True, turn_is_formatted=True), 1.0)
    assert results(ended) == [(ResultKind.END_OF_TURN, sent, "yes")]


def test_an_error_is_what_the_socket_is_closed_with_next() -> None:
    """It says why; the code decides."""
    with pytest.raises(ProviderError) as caught:
        after(1).heard('{"type": "Error", "error_code": 3008, "error": "Session expired"}', 1.0)
    assert caught.value.error_class is SttErrorClass.PLANNED_EXPIRY
    assert "Session expired" in caught.value.message


@pytest.mark.parametrize(
    ("code", "reason", "error_class"),
    [
        (1008, "Not authorized", SttErrorClass.FATAL),
        (1008, "Too many concurrent sessions", SttErrorClass.THROTTLED),
        (1011, "", SttErrorClass.TRANSIENT),
        (3005, "Server error", SttErrorClass.TRANSIENT),
        (3006, "Invalid message", SttErrorClass.FATAL),
        (3007, "Audio Transmission Rate Exceeded", SttErrorClass.TRANSIENT),
        (3008, "Session expired", SttErrorClass.PLANNED_EXPIRY),
        (3009, "Too many concurrent sessions", SttErrorClass.THROTTLED),
        (4001, "", SttErrorClass.FATAL),
        (1006, "", SttErrorClass.TRANSIENT),
    ],
)
def test_what_a_close_asks_of_us(code: int, reason: str, error_class: SttErrorClass) -> None:
    """As AssemblyAI lists its codes; 1008 is told apart by its reason. There is always a remedy."""
    error = failures.closed(code, reason)
    assert (error.error_class, error.code) == (error_class, f"close_{code}")
    assert error.remedy


@pytest.mark.parametrize(
    ("model", "language", "asked"),
    [
        ("universal-streaming-english", "en", "format_turns=true"),
        ("universal-streaming-multilingual", "multi", "language_detection=true"),
        ("u3-rt-pro", "de", "language_codes=%5B%22de%22%5D"),
    ],
)
def test_the_query_asks_for_what_the_settings_say(model: str, language: str, asked: str) -> None:
    """48 kHz as it is; a hint of the language only where the model takes one."""
    config = config_of(TranscribeSettings(assemblyai_model=model, assemblyai_language=language))
    assert asked in config.address
    assert "sample_rate=48000" in config.address
    assert ("language" in config.address) == (language != "en")
