"""PURE: the tables of the README and of docs/ as Markdown, from topics, settings and public events."""

from pathlib import Path
from typing import Any

from pydantic import SecretStr

from schemas.settings import SECTIONS, VAR_DIR, Settings
from schemas.topics import DAY_MS, HOUR_MS, RECORD_TOPICS, Topic
from schemas.webhooks.meanings import MEANINGS
from schemas.webhooks.payloads import EVENTS


def topics_table() -> str:
    """One row a topic: who writes it, who reads it, the record and how long it stays."""
    head = "| topic | record | written by | read by | kept |\n|---|---|---|---|---|\n"
    rows = (
        f"| `{topic.name}` | [`{topic.schema}`](schemas/kafka/{topic.schema}.avsc) | {', '.join(topic.writers)} "
        f"| {', '.join(topic.readers)} | {_kept(topic)} |\n"
        for topic in RECORD_TOPICS
    )
    return head + "".join(rows)


def events_table() -> str:
    """One row a public event, linked from a page in docs/."""
    head = "| event | sent when | |\n|---|---|---|\n"
    folder = "../schemas/webhooks"
    rows = (
        f"| `{name}` | {MEANINGS[name]} | [schema]({folder}/{name}.v1.schema.json), "
        f"[example]({folder}/examples/{name}.v1.json) |\n"
        for name in EVENTS
    )
    return head + "".join(rows)


def settings_table() -> str:
    """One table a process: variable, default, meaning."""
    return "\n".join(_section(section) for section in SECTIONS)


def _section(section: type[Settings]) -> str:
    title = (section.__doc__ or "").strip().rstrip(".")
    inherited = set() if section is Settings else set(Settings.model_fields)
    rows = (
        f"| `EARSHOT_{name.upper()}` | {_default(field.default)} | {field.description} |\n"
        for name, field in section.model_fields.items()
        if name not in inherited
    )
    return f"{title}\n\n| variable | default | meaning |\n|---|---|---|\n" + "".join(rows)


def _default(value: Any) -> str:
    """A default as a person would type it; paths below this machine's own folders by their short form."""
    if isinstance(value, SecretStr):
        return ""
    if isinstance(value, Path):
        short = str(value).replace(str(VAR_DIR), "var").replace(str(Path.home()), "~")
        return f"`{short}`"
    return f"`{value}`" if value != "" else ""


def _kept(topic: Topic) -> str:
    return "the last of each key" if topic.compaction else _duration(topic.retention_ms)


def _duration(milliseconds: int) -> str:
    whole_days = milliseconds % DAY_MS == 0
    count = milliseconds // (DAY_MS if whole_days else HOUR_MS)
    return f"{count} {'day' if whole_days else 'hour'}{'s' if count > 1 else ''}"
