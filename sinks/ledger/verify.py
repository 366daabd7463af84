"""`earshot verify`: fetch what the log holds of a bot and have it accounted for. Reads Kafka, and nothing else."""

import msgspec

from schemas.errors import EarshotError, UsageError
from schemas.events import AudioChunk, BotEvent, Ledger, ResultEvent
from schemas.settings import Settings
from schemas.topics import AUDIO_FRAMES, BOT_EVENTS, STT_RESULTS
from schemas.vocabulary import BotState
from sinks.bot_log import BotLog
from sinks.ledger.account import account
from sinks.ledger.report import Account


class NotDone(EarshotError):
    """The bot has not closed its ledger, so there is nothing yet to hold the log against."""


def verified(settings: Settings, bot_id: str, label: str) -> Account:
    """The account of `bot_id`. Raises UsageError for an unknown bot, NotDone for one that still runs."""
    log = BotLog(settings, bot_id)
    ledger = _ledger(log)
    chunks, results = log.records(AUDIO_FRAMES, AudioChunk), log.records(STT_RESULTS, ResultEvent)
    found = account(bot_id, ledger, chunks, results, label=label)
    return msgspec.structs.replace(found, unreadable_records=log.unreadable)


def _ledger(log: BotLog) -> Ledger:
    events = [logged.record for logged in log.records(BOT_EVENTS, BotEvent)]
    if not events:
        raise UsageError(
            f"the log knows no bot {log.bot_id!r}", remedy="`earshot tail bot.events --until-end` shows those it knows"
        )
    done = [event for event in events if event.state is BotState.DONE]
    if not done:
        raise NotDone(f"bot {log.bot_id} is not done, it is {events[-1].state}", remedy="verify it after bot.done")
    ledger = done[-1].ledger
    if ledger is None:
        raise NotDone(f"bot {log.bot_id} is done but left no ledger", remedy="see the message of its last bot.events")
    return ledger
