"""Deepgram's dialogue, message by message: the vendor's own examples of what its spans mean."""

import json
from typing import Any

import pytest

from schemas.timebase import SAMPLE_RATE_HZ
from schemas.vocabulary import ResultKind, SttErrorClass
from stream_processors.transcription.providers.deepgram import failures
from stream_processors.transcription.providers.deepgram.messages import FINALIZE, KEEP_ALIVE
from stream_processors.transcription.providers.deepgram.protocol import DeepgramDialogue
from stream_processors.transcription.providers.dialogue import Rejected
from stream_processors.transcription.providers.interface import ProviderError, ProviderResult
from tests.fakes.stt.moves import frames, results

SECOND = bytes(2 * SAMPLE_RATE_HZ)
# as the vendor's documentation prints one, with everything we do not read
RESULTS = """{
  "type": "Results", "channel_index": [0, 1], "duration": 1.98, "start": 5.99, "is_final": true, "speech_final": true,
  "channel": {"alternatives": [{"transcript": "Tell me more about this.", "confidence": 0.99964225,
    "words": [
      {"word": "tell", "start": 6.0699997, "end": 6.3499994, "confidence": 0.99782443, "punctuated_word": "Tell"},
      {"word": "me", "start": 6.3499994, "end": 6.6299996, "confidence": 0.9998324, "punctuated_word": "me"},
      {"word": "more", "start": 6.6299996, "end": 6.79, "confidence": 0.9995466, "punctuated_word": "more"},
      {"word": "about", "start": 6.79, "end": 7.0299997, "confidence": 0.99984455, "punctuated_word": "about"},
      {"word": "this", "start": 7.0299997, "end": 7.2699995, "confidence": 0.99964225, "punctuated_word": "this."}]}]},
  "metadata": {"request_id": "52cc0efe-fa77-4aa7-b79c-0dda09de2f14",
    "model_info": {"name": "2-general-nova", "version": "2024-01-18.26916", "arch": "nova-2"},
    "model_uuid": "c0d1a568-ce81-4fea-97e7-bd45cb1fdf3c"},
  "from_finalize": false
}"""


def span(start: float, end: float, words: str = "", **flags: bool) -> str:
    """`Results` over [start, end) with these words side by side in it."""
    said = words.split()
    step = (end - start) / max(1, len(said))
    alternatives = [
        {"words": [{"word": w, "start": start + i * step, "end": start + (i + 1) * step} for i, w in enumerate(said)]}
    ]
    body: dict[str, Any] = {"start": start, "duration": end - start, "channel": {"alternatives": alternatives}}
    return json.dumps({"type": "Results"} | body | flags)


def after(seconds: int) -> DeepgramDialogue:
    """A dialogue that has sent so much audio at 0 ms."""
    dialogue = DeepgramDialogue()
    for _ in range(seconds):
        dialogue.send(SECOND, 0.0)
    return dialogue


def test_the_documented_message() -> None:
    """Written words, confidence, the vendor's request id; times to the sample nearest to what is printed."""
    [result] = after(8).heard(RESULTS, 1.0)
    assert isinstance(result, ProviderResult)
    assert (result.kind, result.to_sample) == (ResultKind.END_OF_TURN, round(7.97 * SAMPLE_RATE_HZ))
    assert [w.text for w in result.words] == ["Tell", "me", "more", "about", "this."]
    assert result.words[0].from_sample == round(6.07 * SAMPLE_RATE_HZ)
    assert result.words[0].confidence == pytest.approx(0.9978, abs=1e-4)
    assert result.result_id.startswith("52cc0efe")


def test_a_final_may_be_shorter_than_the_interim_before_it() -> None:
    """The documented trace of a number read aloud: interim to 4.3 s, final to 3.26 s, the rest stays partial."""
    dialogue = after(6)
    digits = "four five six seven"
    assert results(dialogue.heard(span(0, 4.3, digits), 1.0)) == [(ResultKind.PARTIAL, 206_400, digits)]
    assert results(dialogue.heard(span(0, 3.26, "four five six", is_final=True), 2.0)) == [
        (ResultKind.FINAL, 156_480, "four five six"),
        (ResultKind.PARTIAL, 206_400, "seven"),
    ]
    assert results(dialogue.heard(span(3.26, 5.4, "seven eight"), 3.0)) == [
        (ResultKind.PARTIAL, 259_200, "seven eight")
    ]


def test_a_turn_ends_once() -> None:
    """By speech_final or by UtteranceEnd; the other sign that follows says nothing new."""
    dialogue = after(6)
    end = '{"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 1.0}'
    assert results(dialogue.heard(span(0, 1, "yes", is_final=True), 1.0)) == [(ResultKind.FINAL, 48_000, "yes")]
    assert results(dialogue.heard(end, 2.0)) == [(ResultKind.END_OF_TURN, 48_000, "")]
    assert dialogue.heard(end, 3.0) == []
    assert results(dialogue.heard(span(1, 2, is_final=True, speech_final=True), 4.0)) == [
        (ResultKind.FINAL, 96_000, "")
    ]
    ended = dialogue.heard(span(2, 3, "no", is_final=True, speech_final=True), 5.0)
    assert results(ended) == [(ResultKind.END_OF_TURN, 144_000, "no")]
    assert dialogue.heard(end, 6.0) == []


def test_an_utterance_end_while_words_are_open_ends_the_turn_with_them() -> None:
    """The last words are not final yet when the end is seen."""
    dialogue = after(6)
    dialogue.heard(span(0, 1, "yes", is_final=True), 1.0)
    dialogue.heard(span(1, 2, "please"), 2.0)
    assert dialogue.heard('{"type": "UtteranceEnd"}', 3.0) == []
    assert results(dialogue.heard(span(1, 2, "please", is_final=True), 4.0)) == [
        (ResultKind.END_OF_TURN, 96_000, "please")
    ]


def test_a_repeated_final_is_counted_and_left_out() -> None:
    """Its words were settled before."""
    dialogue = after(2)
    dialogue.heard(span(0, 1, "yes", is_final=True), 1.0)
    assert dialogue.heard(span(0, 1, "yes", is_final=True), 2.0) == [Rejected("repeated_final", 1)]


def test_what_it_does_not_know_is_counted() -> None:
    """New message types come without notice."""
    assert after(1).heard('{"type": "News", "x": 1}', 1.0) == [Rejected("unknown_message")]


def test_a_request_without_an_answer_is_asked_again_with_silence() -> None:
    """The silence takes no time of the session, and what is said about it settles the request."""
    dialogue = after(1)
    assert frames(dialogue.finalize(0.0)) == [FINALIZE]
    assert dialogue.deadline_ms == 1_000
    again = frames(dialogue.tick(1_000))
    assert again == [SECOND, FINALIZE]
    dialogue.send(SECOND, 1_100)
    assert results(dialogue.heard(span(0, 1.7, "yes", is_final=True), 1_200)) == [(ResultKind.FINAL, 48_000, "yes")]
    assert results(dialogue.heard(span(1.7, 3, "no", is_final=True), 1_300)) == [(ResultKind.FINAL, 96_000, "no")]


def test_nothing_is_asked_again_while_somebody_speaks_on() -> None:
    """Finalize and silence would both cut a word in two, and its halves be heard as two words; the next request comes."""
    dialogue = after(1)
    dialogue.finalize(0.0)
    dialogue.send(SECOND, 900.0)
    assert FINALIZE not in frames(dialogue.tick(1_000.0))
    assert FINALIZE not in frames(dialogue.tick(3_000.0))
    assert frames(dialogue.finalize(3_100.0)) == [FINALIZE]
    assert dialogue.tick(4_000.0) == []
    assert frames(dialogue.tick(4_100.0)) == [SECOND, FINALIZE]


def test_a_service_that_takes_audio_and_says_nothing_is_given_up() -> None:
    """After ten seconds of asking; another session may do better."""
    dialogue = after(1)
    dialogue.finalize(0.0)
    for now_ms in range(1_000, 10_000, 1_000):
        assert frames(dialogue.tick(float(now_ms)))
    with pytest.raises(ProviderError) as caught:
        dialogue.tick(10_000.0)
    assert (caught.value.error_class, caught.value.code) == (SttErrorClass.TRANSIENT, "finalize_unanswered")


def test_a_session_without_audio_for_a_while_is_kept_alive() -> None:
    """Deepgram ends one after ten seconds without a frame; audio is as good as KeepAlive."""
    dialogue = after(1)
    assert dialogue.deadline_ms == 4_000
    assert dialogue.tick(3_999) == []
    assert frames(dialogue.tick(4_000)) == [KEEP_ALIVE]
    dialogue.send(SECOND, 5_000)
    assert dialogue.tick(8_000) == []
    assert dialogue.deadline_ms == 9_000


@pytest.mark.parametrize("hour", [1, 8])
def test_times_are_exact_after_hours(hour: int) -> None:
    """A word's place is right to the sample, after 8 hours too, and after thousands of added silences."""
    dialogue = DeepgramDialogue()
    minute = bytes(60 * 2 * SAMPLE_RATE_HZ)
    wire, session = 0, 0
    for _ in range(hour * 60):
        dialogue.send(minute, 0.0)
        wire, session = wire + 60 * SAMPLE_RATE_HZ, session + 60 * SAMPLE_RATE_HZ
        dialogue.finalize(0.0)
        dialogue.tick(1_000.0)
        silence = SAMPLE_RATE_HZ
        said = span((wire - 1) / SAMPLE_RATE_HZ, (wire + silence) / SAMPLE_RATE_HZ, is_final=True)
        assert results(dialogue.heard(said, 1_001.0)) == [(ResultKind.FINAL, session, "")]
        wire += silence
    dialogue.send(SECOND, 2_000.0)
    start, end = (wire + 12_345) / SAMPLE_RATE_HZ, (wire + 23_456) / SAMPLE_RATE_HZ
    words = [{"word": "late", "start": start, "end": end}]
    said = {"type": "Results", "start": start, "duration": end - start, "channel": {"alternatives": [{"words": words}]}}
    [partial] = dialogue.heard(json.dumps(said), 2_001.0)
    assert isinstance(partial, ProviderResult)
    assert (partial.words[0].from_sample, partial.words[0].to_sample) == (session + 12_345, session + 23_456)


@pytest.mark.parametrize(
    ("status", "error_class", "setting"),
    [
        (400, SttErrorClass.FATAL, "EARSHOT_DEEPGRAM_MODEL"),
        (401, SttErrorClass.FATAL, "EARSHOT_DEEPGRAM_API_KEY"),
        (402, SttErrorClass.FATAL, "EARSHOT_DEEPGRAM_API_KEY"),
        (403, SttErrorClass.FATAL, "EARSHOT_DEEPGRAM_API_KEY"),
        (408, SttErrorClass.TRANSIENT, "EARSHOT_DEEPGRAM_URL"),
        (429, SttErrorClass.THROTTLED, "Deepgram"),
        (502, SttErrorClass.TRANSIENT, "EARSHOT_DEEPGRAM_URL"),
    ],
)
def test_what_a_refused_handshake_asks_of_us(status: int, error_class: SttErrorClass, setting: str) -> None:
    """A class, a remedy, and the two headers Deepgram's support asks for."""
    error = failures.refusal(status, {"dg-error": "why", "dg-request-id": "r-1", "Retry-After": "1.5"})
    assert error.error_class is error_class
    assert setting in error.remedy
    assert "why" in error.message
    assert "r-1" in error.message
    assert error.retry_after_ms == 1500


@pytest.mark.parametrize(
    ("code", "reason", "error_class", "said"),
    [
        (1008, "DATA-0000", SttErrorClass.FATAL, "DATA-0000"),
        (1011, "NET-0001", SttErrorClass.TRANSIENT, "NET-0001"),
        (1006, "", SttErrorClass.TRANSIENT, "close_1006"),
        (1012, "", SttErrorClass.TRANSIENT, "close_1012"),
        (1003, "", SttErrorClass.FATAL, "close_1003"),
        (1000, "", SttErrorClass.TRANSIENT, "close_1000"),
    ],
)
def test_what_a_close_asks_of_us(code: int, reason: str, error_class: SttErrorClass, said: str) -> None:
    """As Deepgram's own example of reconnecting has it."""
    error = failures.closed(code, reason)
    assert (error.error_class, error.code) == (error_class, said)
