"""The records as frozen structs: one class for each Avro record in `schemas/kafka`, same names, same order of fields.

Times in `_us` are UTC microseconds since 1970; `_ms` on the transcript are milliseconds since `recording_started_at_us`;
samples are 48 kHz samples since an epoch's media time zero. What each field means is said once, in the .avsc files.
"""

from schemas.events.audio import AudioChunk, QualityWindow
from schemas.events.erasure import ErasureCommand
from schemas.events.meeting import BotEvent, Ledger, LedgerStream, ParticipantEvent
from schemas.events.record import Record
from schemas.events.stt import ResultEvent, SessionEvent, Word
from schemas.events.transcript import TranscriptEvent, Turn, TurnWord
from schemas.events.webhook import (
    EndpointSecret,
    WebhookAttempt,
    WebhookCommand,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookParked,
)

__all__ = [
    "Record",
    "AudioChunk",
    "QualityWindow",
    "ParticipantEvent",
    "LedgerStream",
    "Ledger",
    "BotEvent",
    "SessionEvent",
    "Word",
    "ResultEvent",
    "TurnWord",
    "Turn",
    "TranscriptEvent",
    "WebhookDelivery",
    "WebhookAttempt",
    "EndpointSecret",
    "WebhookEndpoint",
    "WebhookCommand",
    "WebhookParked",
    "ErasureCommand",
]
