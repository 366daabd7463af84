"""What the services are told: texts and commands, without starting anything."""

from pathlib import Path

import pytest

from infra.local import jvm, parts
from infra.local.clickhouse import ClickHouse
from infra.local.janus import configuration, unwanted
from infra.local.kafka import Kafka, server_properties
from infra.local.machine import Machine, env_text
from schemas.errors import UsageError
from schemas.settings import LocalSettings, Settings

MOVED = LocalSettings(
    kafka_port=1, kafka_controller_port=2, registry_port=3, clickhouse_port=4, clickhouse_http_port=5, janus_port=6,
    meeting_page_port=7,
)  # fmt: skip


def test_kafka_is_one_node_on_loopback() -> None:
    """Everything is replicated once, topics are never made by accident, and nothing listens beyond this machine."""
    properties = dict(line.split("=", 1) for line in server_properties(1, 2, Path("/data")).splitlines())
    assert properties["listeners"] == "BROKER://127.0.0.1:1,CONTROLLER://127.0.0.1:2"
    assert properties["auto.create.topics.enable"] == "false"
    assert properties["log.dirs"] == "/data"
    assert {value for name, value in properties.items() if name.endswith("replication.factor")} == {"1"}


def test_kafka_formats_its_storage_once(tmp_path: Path) -> None:
    """The first start formats the data folder, later ones leave it alone."""
    jars = tmp_path / f"kafka-{parts.pom_version('kafka')}"
    jars.mkdir()
    kafka = Kafka(1, 2, tmp_path)
    first = kafka.prepare(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").touch()
    assert "StorageTool" in " ".join(first)
    assert "StorageTool" not in " ".join(kafka.prepare(tmp_path))


def test_java_uses_an_archive_of_classes_where_there_is_one(tmp_path: Path) -> None:
    """Without one it starts all the same; of a part's own, not of another's."""
    kafka, registry = tmp_path / "kafka-1", tmp_path / "registry-1"
    jvm.archive_of(kafka).touch()
    assert f"-XX:SharedArchiveFile={jvm.archive_of(kafka)}" in jvm.command(kafka)
    assert not [option for option in jvm.command(registry) if "Archive" in option]


def test_a_part_that_is_not_fetched_is_named_with_the_remedy(tmp_path: Path) -> None:
    """Without `make setup` the error says which part is missing and what to do."""
    with pytest.raises(UsageError, match=r"kafka-.* is not in") as error:
        parts.kafka(tmp_path)
    assert "make setup" in error.value.remedy


def test_clickhouse_on_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's own `clickhouse` runs as a server with a configuration of ours."""
    own = tmp_path / "clickhouse"
    own.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    command = ClickHouse(4, 5, tmp_path).prepare(tmp_path)
    assert command == [str(own), "server", f"--config-file={tmp_path / 'server.xml'}"]
    assert "<tcp_port>4</tcp_port>" in (tmp_path / "server.xml").read_text("utf-8")


def test_janus_loads_only_what_a_meeting_needs(tmp_path: Path) -> None:
    """Of the installed plugins only the VideoRoom stays; the WebSocket listens on loopback, on the wanted port."""
    (tmp_path / "plugins").mkdir()
    for name in ("libjanus_sip.so", "libjanus_videoroom.so", "libjanus_audiobridge.so"):
        (tmp_path / "plugins" / name).touch()
    files = configuration(tmp_path, 6, tmp_path)
    assert unwanted(["b.so", "libjanus_videoroom.so", "a.so"]) == "a.so,b.so"
    assert 'disable = "libjanus_audiobridge.so,libjanus_sip.so"' in files["janus.jcfg"]
    assert 'ws_ip = "127.0.0.1"\n\tws_port = 6' in files["janus.transport.websockets.jcfg"]
    assert 'audiocodec = "opus"\n\tvideocodec = "h265"' in files["janus.plugin.videoroom.jcfg"]


def test_every_port_of_the_stack_has_a_setting_that_moves_it(tmp_path: Path) -> None:
    """Each port error can name its setting, and each setting reaches the service."""
    ports = {port.setting: port.number for service in Machine(MOVED, tmp_path).services for port in service.ports}
    for name, field in LocalSettings.model_fields.items():
        if name.endswith("_port") and name not in Settings.model_fields:
            assert ports[f"EARSHOT_{name.upper()}"] == getattr(MOVED, name), field.description


def test_the_env_file_names_every_service_where_it_is(tmp_path: Path) -> None:
    """What `earshot up` writes is read back by every process as its settings."""
    text = env_text(Machine(MOVED, tmp_path).services)
    (tmp_path / "env").write_text(text, "utf-8")
    assert LocalSettings(_env_file=tmp_path / "env") == MOVED.model_copy(  # type: ignore[call-arg]
        update={
            "kafka_bootstrap_servers": "127.0.0.1:1",
            "schema_registry_url": "http://127.0.0.1:3/apis/ccompat/v7",
        }
    )
