"""Whatever a bot hears, an honest log closes its account, and one dishonest unit anywhere opens it."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.timebase import BYTES_PER_UNIT
from schemas.vocabulary import ChunkKind, GapCause, ResultKind, SkipReason
from sinks.ledger.account import account
from sinks.ledger.report import Account
from tests.fakes.heard import Heard, Run, heard, ledger_of, logged

CAUSES = [cause for cause in GapCause if cause is not GapCause.UNKNOWN]
plain_runs = st.builds(
    Run, st.sampled_from([ChunkKind.AUDIO, ChunkKind.SILENCE, ChunkKind.ABSENT]), st.integers(1, 23), st.none()
)
gap_runs = st.builds(Run, st.just(ChunkKind.GAP), st.integers(1, 120), st.sampled_from(CAUSES))
runs = st.lists(st.one_of(plain_runs, gap_runs), min_size=1, max_size=8)
meetings = st.lists(st.tuples(runs, st.integers(0, 40)), min_size=1, max_size=3).map(
    lambda streams: [
        heard(stream, stream_id=f"janus:{n}/audio", epoch=n % 2, first_seq=first)
        for n, (stream, first) in enumerate(streams)
    ]
)
replace = msgspec.structs.replace


def closed(parts, chunks=None, results=None, ledger=None) -> Account:
    chunks = [chunk for part in parts for chunk in part.chunks] if chunks is None else chunks
    results = [result for part in parts for result in part.results] if results is None else results
    return account("bot_1", ledger or ledger_of(*parts), logged(chunks), logged(results))


def pick(data, parts: list[Heard], field: str) -> tuple[list, int]:
    """All chunks or results of the meeting, and the place of one of them."""
    records = [record for part in parts for record in getattr(part, field)]
    return records, data.draw(st.integers(0, len(records) - 1))


@given(meetings)
def test_an_honest_meeting_closes(parts):
    """Every unit is on the topic once and every sample transcribed or declared, so there is no reason against it."""
    found = closed(parts)
    assert found.reasons == ()
    assert found.closed
    assert found.frames.unaccounted == 0
    total_ms = sum((part.claim.last_seq - part.claim.first_seq + 1) * 20 for part in parts)
    assert found.transcription.transcribed_ms + sum(found.transcription.skipped_ms.values()) == total_ms


@given(meetings, st.randoms(use_true_random=False))
def test_the_order_in_the_log_does_not_matter(parts, random):
    """Media time orders the chunks, not their offsets."""
    chunks = [chunk for part in parts for chunk in part.chunks]
    random.shuffle(chunks)
    assert closed(parts, chunks=chunks).closed


@given(meetings, st.data())
def test_a_chunk_missing_on_the_topic_is_seen(parts, data):
    """Exactly the units of a removed chunk are unaccounted for."""
    chunks, at = pick(data, parts, "chunks")
    removed = chunks.pop(at)
    found = closed(parts, chunks=chunks)
    assert not found.closed
    assert found.frames.unaccounted == removed.units


@given(meetings, st.data())
def test_a_chunk_twice_on_the_topic_is_counted_and_harmless(parts, data):
    """At least once is the promise: a copy is a duplicate, and no reason against the account."""
    chunks, at = pick(data, parts, "chunks")
    copy = chunks[at]
    chunks.insert(data.draw(st.integers(0, len(chunks))), copy)
    found = closed(parts, chunks=chunks)
    assert found.closed
    assert found.frames.duplicates == copy.units


@given(meetings, st.data())
def test_two_chunks_that_disagree_are_seen(parts, data):
    """The same units twice with other audio is no duplicate."""
    chunks, at = pick(data, parts, "chunks")
    if chunks[at].kind is not ChunkKind.AUDIO:
        return
    chunks.append(replace(chunks[at], pcm=bytes(len(chunks[at].pcm) - 2) + b"\x01\x02"))
    assert not closed(parts, chunks=chunks).closed


@given(meetings, st.data())
def test_an_altered_chunk_is_seen(parts, data):
    """Moved, cut, stretched, of another kind or cause, or in another epoch: the account does not close."""
    chunks, at = pick(data, parts, "chunks")
    chunk = chunks[at]
    chunks[at] = data.draw(st.sampled_from(alterations(chunk)))
    assert not closed(parts, chunks=chunks).closed


def alterations(chunk):
    other_kind = ChunkKind.SILENCE if chunk.kind is not ChunkKind.SILENCE else ChunkKind.ABSENT
    pcm_of = {ChunkKind.AUDIO: BYTES_PER_UNIT}.get(chunk.kind, 0)
    changed = [
        replace(chunk, seq=chunk.seq + 1),
        replace(chunk, seq=chunk.seq + 1000),
        replace(chunk, units=chunk.units + 1, pcm=bytes(pcm_of * (chunk.units + 1))),
        replace(chunk, units=chunk.units - 1, pcm=bytes(pcm_of * (chunk.units - 1))),
        replace(chunk, kind=other_kind, cause=None, pcm=b""),
        replace(chunk, epoch=chunk.epoch + 7),
        replace(chunk, stream_id="janus:99/audio"),
    ]
    if chunk.cause:
        changed.append(replace(chunk, cause=CAUSES[(CAUSES.index(chunk.cause) + 1) % len(CAUSES)]))
    if chunk.pcm:
        changed.append(replace(chunk, pcm=chunk.pcm[:-2]))
    return changed


@given(meetings, st.data())
def test_a_frame_lost_after_capture_is_seen(parts, data):
    """The page counted one frame more than the topic and the declared gaps explain."""
    at = data.draw(st.integers(0, len(parts) - 1))
    claim = replace(parts[at].claim, frames_captured_by_page=parts[at].claim.frames_captured_by_page + 1)
    parts[at] = Heard(claim, parts[at].chunks, parts[at].results)
    found = closed(parts)
    assert not found.closed
    assert found.frames.unaccounted == 1


@given(meetings, st.data())
def test_a_result_missing_in_the_chain_is_seen(parts, data):
    """A span with no result is neither transcribed nor declared."""
    results, at = pick(data, parts, "results")
    removed = results.pop(at)
    found = closed(parts, results=results)
    assert not found.closed
    assert found.transcription.undeclared_ms == (removed.to_sample - removed.from_sample) // 48


@given(meetings, st.data())
def test_a_result_twice_is_the_same_fact(parts, data):
    """A re-emit has the same event id and moves nothing."""
    results, at = pick(data, parts, "results")
    results.append(results[at])
    assert closed(parts, results=results).closed


@given(meetings, st.data(), st.integers(1, 500))
def test_a_cursor_that_jumps_or_goes_back_is_seen(parts, data, samples):
    """Each result takes the cursor from where the last one left it."""
    results, at = pick(data, parts, "results")
    first = min(r.cursor_before_sample for r in results if r.stream_id == results[at].stream_id)
    by = data.draw(st.sampled_from([samples, -samples]))
    if by < 0 and results[at].cursor_before_sample == first:
        by = samples
    results[at] = replace(results[at], cursor_before_sample=results[at].cursor_before_sample + by)
    assert not closed(parts, results=results).closed


@given(meetings, st.data(), st.sampled_from([SkipReason.GAP, SkipReason.ABSENT]))
def test_audio_declared_lost_that_is_on_the_topic_is_seen(parts, data, reason):
    """Transcription may not hide audio it lost itself behind a gap of the bot's."""
    results, at = pick(data, parts, "results")
    if not results[at].words:
        return
    results[at] = replace(results[at], kind=ResultKind.SKIPPED, skip_reason=reason, words=())
    found = closed(parts, results=results)
    assert not found.closed
    assert found.transcription.misdeclared_ms == (results[at].to_sample - results[at].from_sample) // 48


@given(meetings, st.data())
def test_a_ledger_that_tells_another_story_is_seen(parts, data):
    """Counts, digest and range are held against the topic one by one."""
    at = data.draw(st.integers(0, len(parts) - 1))
    claim = parts[at].claim
    changed = data.draw(
        st.sampled_from(
            [
                replace(claim, ranges_sha256="0" * 64),
                replace(claim, units_audio=claim.units_audio + 1),
                replace(claim, units_silence=claim.units_silence + 1),
                replace(claim, units_absent=claim.units_absent + 1),
                replace(claim, units_gap=claim.units_gap | {"unknown": 1}),
                replace(claim, last_seq=claim.last_seq + 1),
                replace(claim, last_seq=claim.last_seq - 1),
                replace(claim, first_seq=claim.first_seq + 1),
            ]
        )
    )
    parts[at] = Heard(changed, parts[at].chunks, parts[at].results)
    assert not closed(parts).closed


def test_the_builder_is_not_blind():
    """The helper of these tests makes what it says: 7 units of audio are two chunks and one claim."""
    part = heard([Run(ChunkKind.AUDIO, 7)])
    assert [chunk.units for chunk in part.chunks] == [5, 2]
    assert part.claim.frames_captured_by_page == 7
