"""Quality of one stream and epoch in windows of ten seconds.

A window is published once its last unit is in order, and again with the next revision when something late or double
comes to it. A window whose beginning this owner of the stream did not see is not published: the owner before did, or
nobody can.
"""

from collections.abc import Iterable

from schemas.events import AudioChunk, QualityWindow
from schemas.ids import event_id
from schemas.timebase import UNIT_MS, UNIT_US
from stream_processors.sequencing.sequencer import Run, Sequenced
from stream_processors.sequencing.span import Span
from stream_processors.sequencing.window import WINDOW_UNITS, Window

KEPT_WINDOWS = 6


class Quality:
    """Counts what the sequencer did. `resumed`: the stream had begun before this owner got it."""

    def __init__(self, first: AudioChunk, *, resumed: bool = False) -> None:
        self._first = first
        self._resumed_at = first.seq if resumed else None
        self._windows: dict[int, Window] = {}
        self._changed: set[int] = set()
        self._reference: tuple[int, int] | None = None
        self._oldest = 0

    def arrived(self, chunk: AudioChunk, appended_at_ms: int) -> None:
        """Time a chunk as it came: capture to Kafka, and capture against media time."""
        if chunk.seq // WINDOW_UNITS < self._oldest:
            return
        media_us = chunk.epoch_started_at_us + chunk.seq * UNIT_US
        delay_ms = appended_at_ms - chunk.captured_at_us / 1000
        self._window(chunk.seq // WINDOW_UNITS).timed(delay_ms, chunk.captured_at_us - media_us)

    def sequenced(self, result: Sequenced) -> None:
        """Count what became of one arrival."""
        self.ordered(result.ordered)
        for run in result.duplicate:
            for window, units in self._over(run):
                window.counts.duplicate += units
                self._changed.add(window.index)
        for run in result.late:
            for window, units in self._over(run):
                window.counts.late += units
                self._changed.add(window.index)
        for run in result.reordered:
            for window, units in self._over(run):
                window.counts.reordered += units

    def ordered(self, spans: Iterable[Span]) -> None:
        """Count spans the sequencer handed out."""
        for span in spans:
            seq = span.seq
            while seq < span.end_seq:
                window = self._window(seq // WINDOW_UNITS)
                end_seq = min(span.end_seq, window.end_seq)
                window.count(span.part(seq, end_seq))
                seq = end_seq
                self._changed.add(window.index)

    def publish(self, next_seq: int, now_us: int, *, all_of_it: bool = False) -> list[QualityWindow]:
        """Windows that are complete at `next_seq`, and published ones that changed; `all_of_it`: the open one too."""
        ready = [i for i in sorted(self._changed) if all_of_it or (i + 1) * WINDOW_UNITS <= next_seq]
        self._changed.difference_update(ready)
        records = [self._record(self._windows[i], now_us) for i in ready if i in self._windows and self._whole(i)]
        self._oldest = max(self._oldest, next_seq // WINDOW_UNITS - KEPT_WINDOWS)
        for index in [i for i in self._windows if i < self._oldest]:
            del self._windows[index]
        return records

    def _whole(self, index: int) -> bool:
        return self._resumed_at is None or index * WINDOW_UNITS >= self._resumed_at

    def _window(self, index: int) -> Window:
        if index not in self._windows:
            self._windows[index] = Window(index)
        return self._windows[index]

    def _over(self, run: Run) -> Iterable[tuple[Window, int]]:
        for index in range(run.seq // WINDOW_UNITS, (run.end_seq - 1) // WINDOW_UNITS + 1):
            if index in self._windows:
                window = self._windows[index]
                yield window, min(run.end_seq, window.end_seq) - max(run.seq, index * WINDOW_UNITS)

    def _drift_ppm(self, window: Window) -> float:
        """How much slower than the wall clock the media clock ran since this owner's first timed window.

        The least delayed chunk of each window is compared: delays only ever add.
        """
        if window.least_offset_us is None:
            return 0.0
        if self._reference is None:
            self._reference = (window.index, window.least_offset_us)
        index, offset_us = self._reference
        elapsed_us = (window.index - index) * WINDOW_UNITS * UNIT_US
        return (window.least_offset_us - offset_us) / elapsed_us * 1e6 if elapsed_us > 0 else 0.0

    def _record(self, window: Window, now_us: int) -> QualityWindow:
        first, counts = self._first, window.counts
        start_seq = window.index * WINDOW_UNITS
        record = QualityWindow(
            tenant_id=first.tenant_id,
            bot_id=first.bot_id,
            meeting_id=first.meeting_id,
            event_id=event_id(first.bot_id, "quality", first.stream_id, first.epoch, window.index, window.revision),
            occurred_at_us=first.epoch_started_at_us + (start_seq + counts.expected) * UNIT_US,
            produced_at_us=now_us,
            stream_id=first.stream_id,
            epoch=first.epoch,
            window_ms=start_seq * UNIT_MS,
            window_length_ms=window.length_ms,
            revision=window.revision,
            units_expected=counts.expected,
            units_received=counts.received,
            units_duplicate=counts.duplicate,
            units_late=counts.late,
            units_reordered=counts.reordered,
            units_silence=counts.silence,
            units_absent=counts.absent,
            units_gap=dict(counts.gap),
            units_clipped=counts.clipped,
            level_dbfs=window.level_dbfs,
            drift_ppm=self._drift_ppm(window),
            capture_to_kafka_ms_p50=window.delay_ms(50),
            capture_to_kafka_ms_p99=window.delay_ms(99),
        )
        window.revision += 1
        return record
