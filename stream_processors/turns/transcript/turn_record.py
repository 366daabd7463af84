"""A machine's emission as the public record: samples become milliseconds of the meeting's ruler, a voice gets a name. Pure."""

import msgspec

from schemas.events import Turn, TurnWord, Word
from schemas.ids import event_id
from schemas.timebase import SAMPLES_PER_UNIT, transcript_ms
from stream_processors.turns.machine.open_turn import Emission
from stream_processors.turns.machine.turn_machine import Machine
from stream_processors.turns.transcript.attribution import Stretch, Who


class Ruler(msgspec.Struct, frozen=True):
    """Where an epoch's samples lie in the meeting."""

    stream_id: str
    epoch: int
    label: str
    epoch_started_at_us: int
    recording_started_at_us: int

    def ms(self, sample: int) -> int:
        return transcript_ms(
            sample,
            epoch_started_at_us=self.epoch_started_at_us,
            recording_started_at_us=self.recording_started_at_us,
        )


class Bot(msgspec.Struct, frozen=True):
    """Whose transcript it is."""

    tenant_id: str
    bot_id: str
    meeting_id: str


def ruler_of(machine: Machine) -> Ruler:
    return Ruler(
        machine.stream_id, machine.epoch, machine.label, machine.epoch_started_at_us, machine.recording_started_at_us
    )


def stretch_of(ruler: Ruler, emission: Emission) -> Stretch:
    """Where the turn lies on its stream; a turn whose words were taken back lies where it began."""
    first, end = _extent(emission)
    voice = emission.voice
    return Stretch(
        stream_id=ruler.stream_id,
        epoch=ruler.epoch,
        seq_from=first // SAMPLES_PER_UNIT,
        seq_to=max(-(-end // SAMPLES_PER_UNIT), first // SAMPLES_PER_UNIT + 1),
        start_ms=ruler.ms(first),
        heard=Who(voice.participant_id, voice.attribution, voice.attribution_confidence),
    )


def extent_ms(ruler: Ruler, emission: Emission) -> tuple[int, int]:
    first, end = _extent(emission)
    return ruler.ms(first), ruler.ms(end)


def turn_record(
    bot: Bot, ruler: Ruler, emission: Emission, who: Who, overlaps: tuple[str, ...], *, produced_at_us: int
) -> Turn:
    """The record of one revision."""
    stretch = stretch_of(ruler, emission)
    start_ms, end_ms = extent_ms(ruler, emission)
    return Turn(
        tenant_id=bot.tenant_id,
        bot_id=bot.bot_id,
        meeting_id=bot.meeting_id,
        event_id=event_id(bot.bot_id, "turn", emission.turn_id, emission.revision),
        occurred_at_us=emission.voice.occurred_at_us,
        produced_at_us=produced_at_us,
        recording_started_at_us=ruler.recording_started_at_us,
        turn_id=emission.turn_id,
        revision=emission.revision,
        state=emission.state,
        stream_id=ruler.stream_id,
        epoch=ruler.epoch,
        participant_id=who.participant_id,
        speaker_label=_one_speaker(emission),
        attribution=who.attribution,
        attribution_confidence=who.attribution_confidence,
        display_name=who.display_name,
        language=emission.voice.language,
        text=" ".join(word.text for word in emission.words),
        words=tuple(_word(ruler, word) for word in emission.words),
        start_ms=start_ms,
        end_ms=end_ms,
        seq_from=stretch.seq_from,
        seq_to=stretch.seq_to,
        provider=emission.voice.provider,
        stt_session_id=emission.voice.stt_session_id,
        reason=emission.reason,
        transcript_label=ruler.label,
        overlaps=overlaps,
    )


def _extent(emission: Emission) -> tuple[int, int]:
    words = emission.words
    return (words[0].from_sample, words[-1].to_sample) if words else (emission.first_sample, emission.first_sample)


def _word(ruler: Ruler, word: Word) -> TurnWord:
    return TurnWord(
        text=word.text,
        start_ms=ruler.ms(word.from_sample),
        end_ms=ruler.ms(word.to_sample),
        confidence=word.confidence,
        word_is_final=word.word_is_final,
        speaker_label=word.speaker_label,
    )


def _one_speaker(emission: Emission) -> str | None:
    labels = {word.speaker_label for word in emission.words}
    return next(iter(labels)) if len(labels) == 1 else None
