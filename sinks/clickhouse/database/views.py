"""The views analysts read: the files of schemas/clickhouse/views, one each.

A numbered migration with the blank `{views}` makes all of them anew. It names their fingerprint, so a view that changes takes a
new migration with it; in older ones the blank stands for nothing, as their views are replaced anyway.
"""

import hashlib
from importlib.resources import files

from sinks.clickhouse.database.layout import canonical

BLANK = "{views}"
VIEWS = (
    "v_turns",
    "v_words",
    "v_turn_revisions",
    "v_talk_time",
    "v_meetings",
    "v_crosstalk",
    "v_interruptions",
    "v_monologues",
    "v_phrase",
    "v_participant_events",
    "v_participants",
    "v_presence",
    "v_bot_events",
    "v_bots",
    "v_session_events",
    "v_sessions",
    "v_provider_costs",
    "v_latency",
    "v_quality",
    "v_frames_lost",
    "v_webhook_attempts",
    "v_webhook_slo",
    "v_dead_letters",
    "v_erasures",
)


def views_sql() -> str:
    """The statements that make all views, in an order in which each finds what it reads."""
    folder = files("schemas") / "clickhouse" / "views"
    return ";\n\n".join((folder / f"{view}.sql").read_text("utf-8").strip() for view in VIEWS)


def fingerprint(sql: str) -> str:
    """What these statements are known by, phrases included."""
    return hashlib.sha256(canonical(sql).encode()).hexdigest()[:16]
