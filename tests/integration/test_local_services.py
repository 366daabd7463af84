"""The services that tests and `earshot up` start are the real ones and do what the rest relies on."""

import httpx
import pytest
from clickhouse_driver import Client

from infra.local.clickhouse import ClickHouseServer
from infra.local.janus import JanusServer
from schemas.errors import UsageError

pytestmark = pytest.mark.integration


def test_clickhouse_is_modern_and_keeps_rows(clickhouse: ClickHouseServer) -> None:
    """A table of the MergeTree family takes rows over the native protocol."""
    with Client(clickhouse.host, clickhouse.port) as client:
        [[version]] = client.execute("SELECT version()")
        client.execute("CREATE DATABASE local_services")
        client.execute("CREATE TABLE local_services.t (a Int64) ENGINE = ReplacingMergeTree ORDER BY a")
        client.execute("INSERT INTO local_services.t VALUES", [(1,), (1,)])
        rows = client.execute("SELECT a FROM local_services.t FINAL")
        client.execute("DROP DATABASE local_services")
    assert int(version.split(".")[0]) >= 24
    assert rows == [(1,)]


def test_a_fresh_room_is_empty_and_ends(janus: JanusServer) -> None:
    """Rooms are made one per meeting, and are gone after `destroy`."""
    room = janus.create_room()
    assert janus.rooms.participants(room) == []
    janus.rooms.destroy(room)
    with pytest.raises(UsageError, match="No such room"):
        janus.rooms.participants(room)


async def test_rooms_work_inside_a_running_loop(janus: JanusServer) -> None:
    """An asynchronous test may make rooms too."""
    room = janus.create_room()
    janus.rooms.lock(room)
    janus.rooms.destroy(room)


def test_a_moderator_needs_the_secret(janus: JanusServer) -> None:
    """Nobody in the room can mute or throw out others: the secret is checked by Janus."""
    room = janus.create_room()
    impostor = type(room)(room.number, "wrong")
    with pytest.raises(UsageError, match="Unauthorized"):
        janus.rooms.kick(impostor, 1)
    janus.rooms.destroy(room)


def test_the_meeting_page_is_debians_with_our_settings(janus: JanusServer) -> None:
    """The page, its script and the libraries it links to are served; settings.js names this Janus."""
    base = janus.page_url.rsplit("/", 1)[0]
    assert "mvideoroomtest.js" in httpx.get(janus.page_url).text
    assert janus.ws_url in httpx.get(f"{base}/settings.js").text
    assert httpx.get(f"{base}/mvideoroomtest.js").is_success
    assert httpx.get(f"{base}/javascript/janus-gateway/janus.min.js").is_success
