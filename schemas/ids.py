"""How ids are derived. Everything here is deterministic, so a re-emit after a crash is the same id.

Only the `new_…` functions draw at random: a bot, an endpoint or a command is a new thing, whatever it is about.
"""

import hashlib
import random
import secrets
from functools import lru_cache


def _digest(*parts: object) -> str:
    joined = "\x1f".join(str(part) for part in parts)
    return hashlib.blake2b(joined.encode(), digest_size=12).hexdigest()


def new_bot_id() -> str:
    return f"bot_{secrets.token_hex(8)}"


def new_endpoint_id() -> str:
    return f"ep_{secrets.token_hex(8)}"


def new_command_id() -> str:
    return f"cmd_{secrets.token_hex(8)}"


def meeting_id(platform: str, meeting_key: str) -> str:
    """`meeting_key` is what the platform calls the meeting (a room, a code), without the names of servers' secrets."""
    return f"mtg_{_digest(platform, meeting_key)}"


def turn_id(bot_id: str, stream_id: str, epoch: int, first_sample: int, label: str) -> str:
    return f"turn_{_digest(bot_id, stream_id, epoch, first_sample, label)}"


def event_id(*parts: object) -> str:
    """Id of a fact, from what makes it this fact: bot, record kind, and its place in its own sequence."""
    return f"evt_{_digest(*parts)}"


def delivery_id(endpoint_id: str, event: str) -> str:
    """Standard Webhooks message id: the same event to the same endpoint is the same message."""
    return f"msg_{_digest(endpoint_id, event)}"


def traceparent(bot_id: str) -> str:
    """W3C traceparent: one trace for each bot, a new span for each record."""
    return f"00-{_trace(bot_id)}-{random.getrandbits(64):016x}-01"


@lru_cache(4096)
def _trace(bot_id: str) -> str:
    return hashlib.blake2b(bot_id.encode(), digest_size=16).hexdigest()
