"""Values to column types: what fits passes unchanged, what does not is refused by its field's name."""

import math

import pytest

from schemas.errors import InvalidRecord
from sinks.clickhouse.mapping import columns
from sinks.clickhouse.mapping.columns import Encoder


@pytest.mark.parametrize(
    ("encode", "value", "encoded"),
    [
        (columns.text, None, ""),
        (columns.text, "naïve 😀", "naïve 😀"),
        (columns.key, "turn_1", "turn_1"),
        (columns.flag, True, True),
        (columns.uint32, 2**32 - 1, 2**32 - 1),
        (columns.int32, -(2**31), -(2**31)),
        (columns.moment, 1_795_000_000_000_000, 1_795_000_000_000_000),
        (columns.real, 0.25, 0.25),
        (columns.optional(columns.real), None, None),
        (columns.optional(columns.uint32), 3, 3),
        (columns.texts, ("a", "b"), ["a", "b"]),
        (columns.counts, {"network": 5}, {"network": 5}),
        (columns.attributes, {"rss_mb": "120"}, {"rss_mb": "120"}),
    ],
)
def test_what_fits_passes(encode: Encoder, value: object, encoded: object) -> None:
    """Times stay integers, null text is empty, null measurements stay null."""
    assert encode("field", value) == encoded


@pytest.mark.parametrize(
    ("encode", "value"),
    [
        (columns.text, "spoken \ud83d words"),
        (columns.text, 3),
        (columns.key, ""),
        (columns.key, None),
        (columns.flag, None),
        (columns.uint16, 2**16),
        (columns.uint32, -1),
        (columns.uint32, None),
        (columns.uint64, 2**64),
        (columns.int32, 2**31),
        (columns.int64, 2**63),
        (columns.moment, -1),
        (columns.moment, 7_300_000_000_000_000),
        (columns.real, math.nan),
        (columns.real, math.inf),
        (columns.real, 1e39),
        (columns.real, None),
        (columns.counts, {"network": -1}),
        (columns.counts, {"\ud83d": 1}),
        (columns.attributes, {"name": "\ud83d"}),
        (columns.texts, ["\ud83d"]),
    ],
)
def test_what_does_not_fit_is_named_and_not_quoted(encode: Encoder, value: object) -> None:
    """The error says which field and never what was in it, which may be speech."""
    with pytest.raises(InvalidRecord) as refused:
        encode("some_field", value)
    assert refused.value.message.startswith("some_field ")
    assert refused.value.error_class == "bad_value"
    assert "spoken" not in refused.value.message
