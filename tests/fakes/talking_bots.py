"""Bots whose people say numbered words in real time, and what must be on the log of it in the end."""

import time
from collections import Counter, defaultdict
from dataclasses import dataclass

from infra.chaos.words import WordAccount, account
from schemas.events import AudioChunk, ResultEvent
from schemas.timebase import SAMPLES_PER_UNIT
from tests.fakes.audio_records import chunks_of
from tests.fakes.fresh_name import fresh
from tests.fakes.logged_words import holes, raw_words, read_words
from tests.fakes.stt.numbered_speech import silence, word
from tests.fakes.stt.process import ServiceProcess
from tests.fakes.transcribe_bench import FINALS, TranscribeBench

TALK_S = 44


@dataclass(frozen=True)
class Talk:
    """What one bot hears: its chunks, and the words in them."""

    bot_id: str
    chunks: list[AudioChunk]
    words: list[str]

    @property
    def end(self) -> int:
        return (self.chunks[-1].seq + self.chunks[-1].units) * SAMPLES_PER_UNIT


def talk(number: int, started_at_us: int) -> Talk:
    """Words of 300 ms with breaths, and a pause every few of them."""
    pcm, words = silence(500 + 130 * number), []
    while len(pcm) < TALK_S * 96_000:
        words.append(f"w{len(words) + 1}")
        pause_ms = 900 if len(words) % (5 + number) == 0 else 20 * (len(words) % 5)
        pcm += word(len(words)) + silence(pause_ms)
    pcm += silence(1_000 + (-len(pcm) // 96) % 100)
    pcm += bytes(-len(pcm) % 9_600)
    bot_id = fresh("bot")
    return Talk(bot_id, chunks_of(pcm, bot_id=bot_id, started_at_us=started_at_us), words)


def speak(bench: TranscribeBench, talks: list[Talk]) -> None:
    """Append everybody's chunks as they are spoken; the producer keeps what the broker does not take."""
    began = time.monotonic()
    for i in range(max(len(each.chunks) for each in talks)):
        time.sleep(max(0.0, began + (i + 1) * 0.1 - time.monotonic()))
        for each in talks:
            if i < len(each.chunks):
                bench.put_raw(each.bot_id, bench.encoded(each.chunks[i]))
    bench.producer.flush(60)


def settled(bench: TranscribeBench, talks: list[Talk]) -> bool:
    reached = {bot: max(r.cursor_after_sample for r in results) for bot, results in by_bot(bench).items()}
    return all(reached.get(each.bot_id, 0) >= each.end for each in talks)


def by_bot(bench: TranscribeBench) -> dict[str, list[ResultEvent]]:
    found: dict[str, list[ResultEvent]] = defaultdict(list)
    for result in bench.all_results():
        found[result.bot_id].append(result)
    return found


def settings_on(primary: ServiceProcess, fallback: ServiceProcess | None = None) -> dict[str, str]:
    alone = {
        "EARSHOT_PROVIDER": "deepgram",
        "EARSHOT_DEEPGRAM_URL": primary.url,
        "EARSHOT_DEEPGRAM_API_KEY": "key",
        "EARSHOT_VAD": "webrtc",
        "EARSHOT_IDLE_STREAM_MS": "5000",
    }
    if fallback is None:
        return alone
    return alone | {
        "EARSHOT_PROVIDER_FALLBACKS": "assemblyai",
        "EARSHOT_ASSEMBLYAI_URL": fallback.url,
        "EARSHOT_ASSEMBLYAI_API_KEY": "key",
    }


def show_doubled(results: list[ResultEvent]) -> None:
    """For whoever has to understand a failure: every result with a word that was read twice."""
    counts = Counter(read_words(results))
    for result in results:
        if result.kind in FINALS and any(counts[word.text] > 1 for word in result.words):
            words = [(word.text, word.from_sample, word.to_sample) for word in result.words]
            span = (result.cursor_before_sample, result.cursor_after_sample)
            print(result.bot_id, result.kind, result.reason, result.provider, result.stt_session_id, span, words)


def assert_every_word_is_there(talks: list[Talk], results: dict[str, list[ResultEvent]]) -> None:
    """Once, in order, and with no hole in any cursor."""
    whole = sum((account(each.words, read_words(results[each.bot_id])) for each in talks), WordAccount())
    raw = sum((account(each.words, raw_words(results[each.bot_id])) for each in talks), WordAccount())
    print(f"read {whole}, raw {raw}")
    for each in talks:
        show_doubled(results[each.bot_id])
    assert whole == WordAccount(said=sum(len(each.words) for each in talks))
    assert [hole for each in results.values() for hole in holes(each)] == []
