"""ClickHouse: the user's own `clickhouse` when it is on PATH, else the engine published as a Node library."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.local import clickhouse_engine, parts
from infra.local.ports import HOST, Port, answers

SERVER_CONFIG = """\
<clickhouse>
  <listen_host>{host}</listen_host>
  <tcp_port>{port}</tcp_port>
  <http_port>{http_port}</http_port>
  <path>{data}/</path>
  <tmp_path>{data}/tmp/</tmp_path>
  <user_files_path>{data}/user_files/</user_files_path>
  <mark_cache_size>67108864</mark_cache_size>
  <logger><console>1</console><level>warning</level></logger>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password/>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <access_management>1</access_management>
    </default>
  </users>
  <users_config>{config}</users_config>
</clickhouse>
"""


@dataclass(frozen=True)
class ClickHouseServer:
    """Where a ClickHouse answers: native protocol and HTTP, user `default`, no password."""

    host: str
    port: int
    http_port: int


@dataclass(frozen=True)
class ClickHouse:
    """The server; tables survive a stop. Unauthenticated, so it listens on loopback only."""

    port: int
    http_port: int
    cache_dir: Path
    name: str = "clickhouse"

    @property
    def ports(self) -> tuple[Port, ...]:
        return (Port(self.port, "EARSHOT_CLICKHOUSE_PORT"), Port(self.http_port, "EARSHOT_CLICKHOUSE_HTTP_PORT"))

    @property
    def server(self) -> ClickHouseServer:
        return ClickHouseServer(HOST, self.port, self.http_port)

    def prepare(self, folder: Path) -> list[str]:
        installed = shutil.which("clickhouse")
        return self._installed(installed, folder) if installed else self._library(folder)

    def ready(self) -> bool:
        try:
            return httpx.get(f"http://{HOST}:{self.http_port}/ping", timeout=2).is_success and answers(self.port)
        except httpx.HTTPError:
            return False

    def environment(self) -> dict[str, str]:
        return {"EARSHOT_CLICKHOUSE_HOST": HOST, **{port.setting: str(port.number) for port in self.ports}}

    def _library(self, folder: Path) -> list[str]:
        listen = (f"--listen_host={HOST}", f"--tcp_port={self.port}", f"--http_port={self.http_port}")
        engine = str(parts.clickhouse(self.cache_dir))
        return [sys.executable, str(clickhouse_engine.__file__), engine, f"--path={folder / 'data'}", *listen]

    def _installed(self, executable: str, folder: Path) -> list[str]:
        config = folder / "server.xml"
        text = SERVER_CONFIG.format(
            host=HOST, port=self.port, http_port=self.http_port, data=folder / "data", config=config
        )
        config.write_text(text, "utf-8")
        return [executable, "server", f"--config-file={config}"]
