"""Over everything people may type and every course the log may take: links, secrets, rotations, recoveries, signatures."""

import base64
from collections.abc import Callable

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from schemas.errors import UsageError
from schemas.timebase import SystemClock
from schemas.vocabulary import AttemptOutcome, DeliveryTrigger, SignatureScheme
from schemas.webhooks.payloads import EVENTS
from sinks.guard.ranges import Ranges
from sinks.webhooks.commands.copy import copied
from sinks.webhooks.commands.recovery import GIVEN_UP, Recovery
from sinks.webhooks.console.moment import length_us, moment_us
from sinks.webhooks.content.link import Links
from sinks.webhooks.endpoints.address import host_and_port, normalised_url
from sinks.webhooks.endpoints.endpoint import opened
from sinks.webhooks.endpoints.keyring import Owner, keyring
from sinks.webhooks.endpoints.registration import disabled, rotated
from sinks.webhooks.endpoints.secret import Secret, new_secret, secret_of
from sinks.webhooks.events.interest import FAMILIES, checked, wants
from sinks.webhooks.posting.signing import signed_headers
from tests.fakes.pending_deliveries import delivery
from tests.fakes.webhook_commands import attempt, command
from tests.fakes.webhook_endpoints import KEYS, LOOPBACK, SEAL, record

keys = st.binary(min_size=24, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())
moments = st.integers(0, 2**52)
texts = st.text(max_size=60)
links = st.one_of(texts, texts.map("https://".__add__), st.from_regex(r"https?://[\w.\-\[\]:@%]{1,40}(/\w*)?"))


def refusal(call: Callable[[], object]) -> str | None:
    """What a call says that refuses; None when it does not."""
    try:
        call()
    except UsageError as error:
        return error.message
    return None


@given(links)
def test_a_link_is_refused_by_name_or_has_one_form(text: str) -> None:
    """No text makes another error; what is accepted is accepted again as it stands, and has a host to show."""
    refused = refusal(lambda: normalised_url(text, LOOPBACK, field="url"))
    if refused is not None:
        assert refused.startswith("url ")
        return
    url = normalised_url(text, LOOPBACK, field="url")
    assert normalised_url(url, LOOPBACK, field="url") == url
    assert url.isascii()
    assert host_and_port(url).isprintable()


@given(st.ip_addresses(), st.integers(1, 65535))
def test_an_address_in_a_link_is_taken_exactly_when_it_may_be_connected_to(address, port: int) -> None:
    """The check at registration and the guard on the socket agree."""
    host = f"[{address}]" if address.version == 6 else str(address)
    refused = refusal(lambda: normalised_url(f"http://{host}:{port}/", Ranges(), field="url"))
    assert (refused is None) == Ranges().permit(address)


@given(keys, texts, texts, st.binary(min_size=12, max_size=12), st.binary(min_size=32, max_size=32))
def test_a_sealed_secret_opens_for_its_owner(text: str, tenant: str, name: str, nonce: bytes, key: bytes) -> None:
    """Whatever the names, and the record never holds it in clear."""
    ring = keyring("k:" + base64.b64encode(key).decode())
    owner = Owner(tenant, name)
    sealed = ring.seal(secret_of(text, field="secret"), owner, nonce=nonce, now_us=0)
    assert ring.open(sealed, owner).text == text
    assert text.encode() not in sealed.ciphertext


@given(texts)
def test_no_text_makes_another_error_than_a_named_one(text: str) -> None:
    """Secrets, keys, times: a UsageError that does not repeat what may be secret."""
    for read in (lambda: secret_of(text, field="secret"), lambda: keyring(text)):
        assert len(text) < 8 or text not in (refusal(read) or "")
    for parse in (lambda: length_us(text, field="f"), lambda: moment_us(text, 0, field="f")):
        assert (refusal(parse) or "f ").startswith("f ")


rotations = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 100), st.sampled_from(SignatureScheme)), max_size=6)


@given(rotations, st.integers(0, 400))
def test_after_any_rotations_the_newest_signs_and_the_old_ones_end_when_said(changes, later: int) -> None:
    """Whatever overlaps are chosen: no secret outlives the end that its first replacement gave it."""
    found, now_us, ends = record(now_us=0), 0, {}
    for number, (pause, overlap_us, scheme) in enumerate(changes):
        now_us += pause
        for old in opened(found, KEYS).secrets:
            if old.scheme is scheme:
                ends[old.text] = min(ends.get(old.text, now_us + overlap_us), now_us + overlap_us)
        if scheme is SignatureScheme.UNKNOWN:
            continue
        newest = new_secret(scheme, bytes([number]) * 32)
        found = rotated(found, newest, SEAL, overlap_us=overlap_us, now_us=now_us)
        assert opened(found, KEYS).secrets[0].text == newest.text
        assert found.revision <= number + 1
    at_us = now_us + later
    valid = {secret.text for secret in opened(found, KEYS).secrets if secret.valid_at(at_us)}
    assert all(ends.get(text, at_us + 1) > at_us for text in valid)
    assert valid
    assert disabled(found, "by hand", at_us).secrets == found.secrets


@given(st.lists(st.sampled_from([*EVENTS, *FAMILIES])), st.sampled_from(list(EVENTS)))
def test_an_endpoint_gets_what_it_asked_for(asked: list[str], event_type: str) -> None:
    """By name or by family; nothing asked for is everything asked for."""
    found = wants(checked(asked, field="events"), event_type)
    assert found == (
        not asked
        or any(
            event_type == one or event_type.startswith(one[:-1]) for one in asked if one[-1] == "*" or one == event_type
        )
    )


outcomes = st.sampled_from([None, *AttemptOutcome])
courses = st.lists(st.tuples(st.integers(0, 3), outcomes), max_size=25)


@given(courses)
def test_a_recovery_copies_each_lost_message_once_in_order_and_no_other(course) -> None:
    """Whatever was copied before and whatever became of it."""
    recovery, log = Recovery(command()), []
    for number, outcome in course:
        sent = delivery(0, number)
        seen = any(found.delivery_id == sent.delivery_id for found, _ in log)
        log.append((copied(sent, DeliveryTrigger.RECOVER, 1) if seen else sent, outcome))
    for offset, (sent, _) in enumerate(log):
        recovery.note_delivery(offset, sent)
    for offset, (sent, outcome) in enumerate(log):
        if outcome:
            recovery.note_attempt(attempt(sent, outcome, offset))
    wanted = [sent.delivery_id for offset, (sent, _) in enumerate(log) if recovery.wanted(offset, sent)]
    lost = []
    for name in dict.fromkeys(sent.delivery_id for sent, _ in log):
        ends = [outcome for sent, outcome in log if sent.delivery_id == name]
        if AttemptOutcome.DELIVERED not in ends and ends[-1] in GIVEN_UP:
            lost.append(name)
    assert wanted == lost


@given(st.binary(max_size=200), st.lists(keys, min_size=1, max_size=3, unique=True), st.data())
def test_every_valid_secret_of_an_endpoint_verifies(key: bytes, secrets: list[str], data: st.DataObject) -> None:
    """With the official library, for any printable body."""
    body = msgspec.json.encode({"text": key.hex()})
    held = [Secret(SignatureScheme.V1, text) for text in secrets]
    sent = signed_headers(held, "msg_1", body, "application/json", SystemClock().now_us())
    assert Webhook(data.draw(st.sampled_from(secrets))).verify(body, sent)


@given(st.text("0123456789abcdef", min_size=64, max_size=64), moments, st.integers(1, 10**12), st.integers(0, 10**13))
def test_a_link_is_good_until_its_end_and_no_longer(sha256: str, now_us: int, lifetime_us: int, later_us: int) -> None:
    """To the second; and for its own content only."""
    made = Links("https://x.example", lifetime_us, b"key")
    link = made.make(sha256, now_us)
    query = dict(part.split("=") for part in link.url.partition("?")[2].split("&"))
    fault = made.fault(sha256, query["expires"], query["signature"], now_us + later_us)
    assert fault == ("expired" if link.expires_at_us <= now_us + later_us else "")
    assert made.fault(sha256[::-1] + "0", query["expires"], query["signature"], now_us) == "signature"
    assert (
        Links("https://x.example", lifetime_us, b"other").fault(sha256, query["expires"], query["signature"], 0)
        == "signature"
    )
