"""The delivery log as text: what a developer needs to see, and nothing that must not be seen."""

from dataclasses import replace
from typing import Any

import msgspec

from schemas.vocabulary import AttemptOutcome
from sinks.webhooks.console.history import (
    Filter,
    History,
    attempt_detail,
    attempt_lines,
    endpoint_detail,
    endpoint_lines,
    message_lines,
)
from sinks.webhooks.endpoints.keyring import keyring
from sinks.webhooks.endpoints.registration import disabled
from sinks.webhooks.endpoints.table import EndpointTable
from tests.fakes.pending_deliveries import delivery
from tests.fakes.webhook_commands import attempt
from tests.fakes.webhook_endpoints import KEYS, record
from tests.fakes.webhook_receiver import SECRET


def history(wanted: Filter) -> History:
    found = History(wanted)
    for number in range(3):
        found.take_delivery(4, number, delivery(0, number))
    found.take_attempt(attempt(delivery(0, 0), AttemptOutcome.RETRY, 0))
    found.take_attempt(attempt(delivery(0, 0), AttemptOutcome.DELIVERED, 0))
    found.take_attempt(attempt(delivery(0, 1), AttemptOutcome.EXHAUSTED, 1))
    return found


def test_a_message_is_where_its_last_try_left_it() -> None:
    """No try yet: waiting."""
    assert [m.status for m in history(Filter()).messages()] == ["delivered", "exhausted", "waiting"]
    assert [m.place.offset for m in history(Filter()).messages()] == [0, 1, 2]


def test_filters_narrow_it() -> None:
    """By endpoint, bot, delivery and status."""
    assert not history(Filter(endpoint_id="ep_2")).messages()
    assert not history(Filter(bot_id="bot_2")).messages()
    assert [m.delivery.sequence for m in history(Filter(status="exhausted")).messages()] == [1]
    assert len(history(Filter(delivery_id="msg_0_0")).tries) == 2


def test_a_resent_message_is_found_at_its_last_copy() -> None:
    """So that resending goes on from there."""
    found = history(Filter())
    found.take_delivery(4, 9, delivery(0, 1))
    assert [m.place.offset for m in found.messages()] == [0, 9, 2]


def test_lines_show_no_body_and_no_secret() -> None:
    """Of messages, tries and endpoints."""
    body: Any = b'{"text": "spoken words"}'
    found = History(Filter())
    found.take_delivery(0, 0, msgspec.structs.replace(delivery(0, 0), body=body))
    endpoint = record(url="https://hooks.example.com/path?token=hidden")
    shown = [*message_lines(found.messages()), *attempt_lines(history(Filter()).tries), *endpoint_lines([endpoint])]
    text = "\n".join([*shown, *endpoint_detail(disabled(record(), "gone", 9), 9)])
    assert "spoken words" not in text
    assert "hidden" not in text
    assert SECRET not in text
    assert "msg_0_0" in text
    assert "disabled, since 1970-01-01 00:00:00: gone" in text


def test_a_try_in_detail_shows_headers_and_the_answer() -> None:
    """What was sent, and the beginning of what came back."""
    tried = msgspec.structs.replace(
        attempt(delivery(0, 0), AttemptOutcome.RETRY, 0),
        url_host="hooks.example.com:443",
        request_headers={"webhook-id": "msg_0_0"},
        response_snippet="no\n" * 200,
    )
    lines = list(attempt_detail(tried))
    assert "hooks.example.com:443" in lines[0]
    assert "    > webhook-id: msg_0_0" in lines
    assert len(lines[-1]) < 700


def test_the_last_record_of_a_key_counts_and_a_removal_removes() -> None:
    """As compaction leaves it."""
    table, first = EndpointTable(), record()
    second = disabled(first, "by hand", 9)
    assert table.take("ep_1", first) is None
    assert table.take("ep_1", second) == first
    assert table.demand("ep_1") == second
    assert table.take("ep_1", None) == second
    assert not table.records


def test_an_endpoint_whose_secret_does_not_open_is_kept_without() -> None:
    """Its events are numbered and wait; the fault is told, without the secret."""
    table = EndpointTable()
    table.take("ep_1", record())
    table.take("ep_2", record(endpoint_id="ep_2"))
    [(good, no_fault), _] = table.opened(KEYS)
    assert (len(good.secrets), no_fault) == (1, "")
    [(found, fault), _] = table.opened(keyring("other:" + "B" * 43 + "="))
    assert found == replace(good, secrets=())
    assert "2026-11" in fault
