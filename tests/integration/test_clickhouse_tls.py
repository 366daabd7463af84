"""An existing ClickHouse behind TLS: reached with its CA, refused without, in the words of the settings."""

from pathlib import Path

import pytest

from infra.local.clickhouse import ClickHouseServer
from schemas.errors import EarshotError, UsageError
from schemas.settings import ClickHouseSettings
from sinks.clickhouse.database.preparation import bring_up_to_date
from sinks.clickhouse.server.adapter import Server
from tests.fakes.fresh_name import fresh
from tests.fakes.tls_door import certificate, tls_door

pytestmark = pytest.mark.integration
HOST = "127.0.0.1"


def settings_of(port: int, **changes: object) -> ClickHouseSettings:
    settings = ClickHouseSettings(clickhouse_host=HOST, clickhouse_port=port, clickhouse_database=fresh("db"))
    return settings.model_copy(update={"clickhouse_secure": True, **changes})


def test_a_server_behind_tls_is_reached_with_its_ca(clickhouse: ClickHouseServer, tmp_path: Path) -> None:
    """Migration, its lock and queries go through TLS; another CA, or none, is refused; unverified is possible when asked for."""
    certificate_file, key_file = certificate(tmp_path, HOST)
    with tls_door((clickhouse.host, clickhouse.port), certificate_file, key_file) as port:
        trusted = settings_of(port, clickhouse_ca_file=str(certificate_file))
        server = Server(trusted)
        assert bring_up_to_date(trusted, server)[0]
        server.close()
        with pytest.raises(EarshotError):
            Server(settings_of(port)).run("SELECT 1")
        unverified = Server(settings_of(port, clickhouse_verify=False))
        assert unverified.run("SELECT 1") == [(1,)]
        unverified.close()
        with pytest.raises(EarshotError):
            Server(settings_of(port, clickhouse_secure=False)).run("SELECT 1")


def test_a_ca_file_that_is_not_there_is_named() -> None:
    """The fault names the file and the setting."""
    with pytest.raises(UsageError, match=r"no file /nowhere/ca\.pem") as refused:
        Server(settings_of(1, clickhouse_ca_file="/nowhere/ca.pem"))
    assert "EARSHOT_CLICKHOUSE_CA_FILE" in refused.value.remedy
