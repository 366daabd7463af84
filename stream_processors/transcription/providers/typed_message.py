"""JSON messages that say what they are in `type`, to structs. Pure."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

M = TypeVar("M")


class Ignored(msgspec.Struct, frozen=True):
    """A message that says nothing we need."""


class _Kind(msgspec.Struct, frozen=True):
    type: str


def decode_as(types: Mapping[str, type[M]], text: str) -> M | None:
    """The message, None for a type that is not among `types`; raises msgspec.DecodeError for what is no message."""
    wanted = types.get(msgspec.json.decode(text, type=_Kind).type)
    return msgspec.json.decode(text, type=wanted) if wanted else None
