"""A recogniser that hears a talk and reports it in any provider's style: what transcription would write to stt.results.

It knows the truth, so a test can ask that the turns say the same. It may be wrong in partials, never in finals; it hears
again, with slightly other times, what lay before the cursor when its session was replaced.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.events import ResultEvent, Word
from schemas.vocabulary import ResultKind, SkipReason
from tests.fakes.scripted_results import Voice, word

PREROLL_MS = 300


@dataclass(frozen=True)
class Said:
    """A word as it was spoken."""

    text: str
    from_ms: int
    to_ms: int

    @property
    def midpoint_ms(self) -> float:
        return (self.from_ms + self.to_ms) / 2


@dataclass
class Recogniser:
    """Every report is appended to `voice.written`; methods return it, or None when there was nothing to report."""

    voice: Voice = field(default_factory=Voice)
    talk: list[Said] = field(default_factory=list)
    audio_ms: int = 0
    unheard_ms: int = 0
    _sessions: int = 1
    _key: int = 0
    _turn_from_ms: int = 0
    _shift_ms: int = 0

    def speak(self, word_ms: int, pause_ms: int) -> None:
        """The talker says one more word after a pause."""
        start = self.audio_ms + pause_ms
        self.talk.append(Said(f"w{len(self.talk)}", start, start + word_ms))
        self.audio_ms = start + word_ms

    def rest(self, pause_ms: int) -> None:
        self.audio_ms += pause_ms

    def partial(self, count: int, *, wrong: bool) -> ResultEvent | None:
        """Span style: what is heard after the cursor, nothing of it final."""
        words = self._words(self._open()[:count], final=False, wrong=wrong)
        return self.voice.partial(words) if words else None

    def final(self, count: int, *, end: bool, replayed: bool = False) -> ResultEvent | None:
        """Span style: the next words are final; as after a replay, words before the cursor may be among them."""
        sure = self._open()[:count]
        cursor_ms = self._after(sure)
        words = self._words([*(self._before() if replayed else []), *sure], final=True)
        if end:
            return self._ended(self.voice.end(words, cursor_ms))
        return self.voice.final(words, cursor_ms)

    def cumulative(self, sure: int, unsure: int, *, end: bool) -> ResultEvent | None:
        """Cumulative style: the whole turn of this session again; its first words are final and stay so."""
        told = self._told()
        new = self._open()
        final, rest = [*told, *new[:sure]], [] if end else new[sure : sure + unsure]
        cursor_ms = self._after(new[:sure])
        words = (*self._words(final, final=True), *self._words(rest, final=False))
        key = str(self._key)
        if end:
            return self._ended(self.voice.end(words, cursor_ms, key=key))
        return self.voice.partial(words, cursor_ms, key=key) if words else None

    def formatted(self) -> ResultEvent | None:
        """Cumulative style: what is final of the open turn once more, with capitals; the cursor stays."""
        words = self._words(self._told(), final=True)
        return self.voice.final(self._formatted(words), None, key=str(self._key)) if words else None

    def formatted_after_the_end(self) -> ResultEvent | None:
        """Cumulative style: the turn that has ended comes once more, with capitals."""
        ended = next((r for r in reversed(self.voice.written) if r.kind is ResultKind.END_OF_TURN), None)
        if not ended or not ended.provider_turn_key or ended.stt_session_id != self.voice.session:
            return None
        return self.voice.end(self._formatted(ended.words), key=ended.provider_turn_key)

    def tokens(self, sure: int, unsure: int) -> ResultEvent | None:
        """Token style: new final tokens, once, and what is pending after them."""
        new = self._open()
        words = (
            *self._words(new[:sure], final=True),
            *self._words(new[sure : sure + unsure], final=False),
        )
        return self.voice.partial(words, self._after(new[:sure])) if words else None

    def item(self, count: int, *, end: bool) -> ResultEvent | None:
        """Item style: words without times of their own carry the span of their item."""
        sure = self._open()[:count]
        if not sure:
            return None
        from_ms, cursor_ms = max(self.voice.cursor_ms, sure[0].from_ms), self._after(sure)
        words = tuple(word(each.text, from_ms, cursor_ms) for each in sure)
        self._key += 1
        report = self.voice.end if end else self.voice.final
        result = report(words, cursor_ms, f"item_{self._key}")
        return self._ended(result) if end else result

    def end(self) -> ResultEvent:
        """An end of turn that comes alone, perhaps again."""
        return self._ended(self.voice.end())

    def empty_final(self, ms: int) -> ResultEvent | None:
        """A final without words; it may move the cursor up to the next word."""
        upto = self._open()[0].from_ms if self._open() else self.audio_ms
        return self.voice.final((), min(self.voice.cursor_ms + ms, max(upto, self.voice.cursor_ms)))

    def late(self, count: int) -> ResultEvent | None:
        """A final that comes again after the cursor has passed it."""
        past = [each for each in self.talk if each.to_ms < self.voice.cursor_ms][-count:]
        if not past:
            return None
        cursor_ms = self.voice.cursor_ms
        self.voice.cursor_ms = past[0].from_ms
        result = self.voice.final(self._words(past, final=True), past[-1].to_ms)
        self.voice.cursor_ms = cursor_ms
        return result

    def skip(self, ms: int) -> ResultEvent | None:
        """Transcription declares a stretch without words."""
        upto = self._open()[0].from_ms if self._open() else self.audio_ms
        to_ms = min(self.voice.cursor_ms + ms, upto)
        return self.voice.skipped(to_ms) if to_ms > self.voice.cursor_ms else None

    def lose(self, ms: int) -> ResultEvent | None:
        """A gap: words in it are never heard, and the result says so."""
        start, to_ms = self.voice.cursor_ms, self.voice.cursor_ms + ms
        to_ms = max([to_ms, *(each.to_ms for each in self.talk if each.from_ms < to_ms)])
        if to_ms > self.audio_ms:
            return None
        self.talk = [each for each in self.talk if each.to_ms <= start or each.from_ms >= to_ms]
        self.unheard_ms += to_ms - start
        return self.voice.skipped(to_ms, SkipReason.GAP)

    def stream_ends(self) -> ResultEvent:
        """All that is left is final, and the stream is over."""
        while self._open():
            self.final(20, end=False)
        return self.voice.skipped(self.audio_ms, SkipReason.STREAM_END)

    def new_session(self, shift_ms: int) -> None:
        """The session died; the next one counts its turns anew, and its words lie up to `shift_ms` beside the old ones."""
        self._sessions += 1
        self.voice.session = f"sess_{self._sessions}"
        self._key, self._shift_ms = 0, shift_ms
        self._turn_from_ms = self.voice.cursor_ms

    def _open(self) -> list[Said]:
        return [each for each in self.talk if each.midpoint_ms >= self.voice.cursor_ms]

    def _told(self) -> list[Said]:
        """What this session's open turn has said for good."""
        return [e for e in self.talk if e.midpoint_ms >= self._turn_from_ms and e.midpoint_ms < self.voice.cursor_ms]

    def _before(self) -> list[Said]:
        since = self.voice.cursor_ms - PREROLL_MS
        return [each for each in self.talk if since <= each.from_ms and each.midpoint_ms < self.voice.cursor_ms]

    def _after(self, sure: list[Said]) -> int:
        """Where the cursor goes: past the last sure word, not past the middle of the next one."""
        return max(self.voice.cursor_ms, sure[-1].to_ms) if sure else self.voice.cursor_ms

    def _ended(self, result: ResultEvent) -> ResultEvent:
        self._key += 1
        self._turn_from_ms = self.voice.cursor_ms
        return result

    def _words(self, said: list[Said], *, final: bool, wrong: bool = False) -> tuple[Word, ...]:
        return tuple(self._word(each, each.text[:-1] + "?" if wrong else each.text, final) for each in said)

    def _word(self, each: Said, text: str, final: bool) -> Word:
        """Its times moved a little, one earlier, the next later, but never to the other side of the cursor."""
        shift = self._shift_ms if int(each.text[1:]) % 2 else -self._shift_ms
        cursor_ms, middle = self.voice.cursor_ms, each.midpoint_ms
        crosses = (middle < cursor_ms) != (middle + shift < cursor_ms)
        shift = 0 if crosses or each.from_ms + shift < 0 else shift
        return word(text, each.from_ms + shift, each.to_ms + shift, final=final)

    def _formatted(self, words: tuple[Word, ...]) -> tuple[Word, ...]:
        return tuple(word_like(each, str.upper) for each in words)


def word_like(each: Word, change: Callable[[str], str]) -> Word:
    return Word(
        text=change(each.text),
        from_sample=each.from_sample,
        to_sample=each.to_sample,
        word_is_final=each.word_is_final,
    )
