"""Which endpoints there are, who is told of what, and on which terms."""

from schemas.vocabulary import OnExhausted, Ordering
from sinks.webhooks.endpoints.book import EndpointBook
from sinks.webhooks.endpoints.retry_policy import RetryPolicy
from sinks.webhooks.events.envelope import PublicEvent, public_event
from tests.fakes.bot_script import BotScript
from tests.fakes.webhook_endpoints import endpoint

POLICY = RetryPolicy((5.0, 300.0), 10)


def joining() -> PublicEvent:
    event = public_event(BotScript("bot_1").life()[0])
    assert event is not None
    return event


def test_replacing_says_what_changed() -> None:
    """New, different and gone ones; what is as it was is left alone."""
    book = EndpointBook([endpoint("ep_1"), endpoint("ep_2"), endpoint("ep_3")], POLICY)
    assert book.replace([endpoint("ep_1"), endpoint("ep_2", concurrency=2), endpoint("ep_4")]) == {
        "ep_2",
        "ep_3",
        "ep_4",
    }
    assert book.terms("ep_3") is None


def test_terms_are_the_endpoints_own_where_it_has_some() -> None:
    """One more try than waits; without waits the deployment's schedule."""
    own = endpoint(
        "ep_1", retry_waits_s=(1.0, 2.0), on_exhausted=OnExhausted.HOLD, ordering=Ordering.NONE, rate_per_s=5.0
    )
    book = EndpointBook([own, endpoint("ep_2")], POLICY)
    terms, others = book.terms("ep_1"), book.terms("ep_2")
    assert terms is not None
    assert others is not None
    assert terms.policy == RetryPolicy((1.0, 2.0), 3)
    assert (terms.hold, terms.ordering, terms.rate_per_s) == (True, Ordering.NONE, 5.0)
    assert (others.policy, others.hold, others.url_host) == (POLICY, False, "hooks.example.com:443")


def test_an_endpoint_that_was_closed_here_stays_closed_until_its_record_changes() -> None:
    """Another endpoint's news does not open it again; its own does."""
    book = EndpointBook([endpoint("ep_1"), endpoint("ep_2")], POLICY)
    book.close("ep_1")
    book.replace([endpoint("ep_1"), endpoint("ep_2", concurrency=2)])
    terms = book.terms("ep_1")
    assert terms is not None
    assert not terms.enabled
    book.replace([endpoint("ep_1", concurrency=4), endpoint("ep_2", concurrency=2)])
    terms = book.terms("ep_1")
    assert terms is not None
    assert terms.enabled


def test_who_is_told_of_an_event() -> None:
    """Those of its tenant who want it and were there when it happened; disabled ones too, whose deliveries are skipped."""
    event = joining()
    book = EndpointBook(
        [
            endpoint("ep_all"),
            endpoint("ep_disabled", enabled=False),
            endpoint("ep_elsewhere", tenant_id="other"),
            endpoint("ep_late", created_at_us=event.occurred_at_us + 1),
            endpoint("ep_picky", event_types=("transcript.data",)),
        ],
        POLICY,
    )
    assert [one.endpoint_id for one in book.subscribers(event)] == ["ep_all", "ep_disabled"]
