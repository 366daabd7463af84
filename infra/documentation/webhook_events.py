"""The page of public events, written from their definitions: `python -m infra.documentation.webhook_events`."""

import json
from pathlib import Path
from typing import Any

from schemas.webhooks.documents import example_file, schema_of
from schemas.webhooks.meanings import MEANINGS
from schemas.webhooks.payloads import EVENTS

PAGE = Path(__file__).parents[2] / "docs" / "webhook-events.md"
HEAD = """\
# Webhook events

Every body is JSON with `id`, `type`, `timestamp`, `sequence` and `data`. First deliveries come in order for each endpoint and bot;
`sequence` counts them from 0 without holes, so a jump is a delivery that was given up. `bot.stopped` comes before
`transcription.processed`, and `bot.done` is last. How to verify, dedupe and order them: [webhooks.md](webhooks.md).

This page is written from `schemas/webhooks` by `python -m infra.documentation.webhook_events`.
"""


def page() -> str:
    """The whole page as Markdown."""
    contents = "\n".join(f"- [`{name}`](#{_anchor(name)})" for name in EVENTS)
    return "\n".join([HEAD, contents, "", *map(_section, EVENTS)]).rstrip("\n") + "\n"


def _section(name: str) -> str:
    schema = schema_of(name)
    data = schema["$defs"][schema["properties"]["data"]["$ref"].rpartition("/")[2]]
    example = json.dumps(json.loads(example_file(name).read_bytes()), indent=2, ensure_ascii=False)
    rows = "".join(
        f"| `{field}` | {_kind(shape)} | {_text(shape, schema)} |\n" for field, shape in data["properties"].items()
    )
    link = f"../schemas/webhooks/{name}.v1.schema.json"
    return (
        f"## {name}\n\n{MEANINGS[name]}\n\n| in `data` | type | meaning |\n|---|---|---|\n{rows}\n"
        f"[JSON schema]({link})\n\n```json\n{example}\n```\n"
    )


def _kind(shape: dict[str, Any]) -> str:
    if "anyOf" in shape:
        return " or ".join(_kind(one) for one in shape["anyOf"])
    if "$ref" in shape:
        return str(shape["$ref"].rpartition("/")[2])
    if shape.get("type") == "array":
        return f"array of {_kind(shape.get('items', {}))}"
    return str(shape.get("format") or shape.get("type", "any"))


def _text(shape: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in shape:
        return str(schema["$defs"][shape["$ref"].rpartition("/")[2]].get("description", ""))
    return str(shape.get("description", ""))


def _anchor(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum() or letter in "_-")


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), "utf-8")
