"""Every setting, typed, in one place: `EARSHOT_…` in the environment, or the same names in an env file.

Precedence: environment, then `.env` in the working folder, then what `earshot up` wrote about the services it started.
A wrong value stops the process at start with every fault listed.
"""

import os
from pathlib import Path
from typing import TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.errors import UsageError

VAR_DIR = Path(os.environ.get("EARSHOT_VAR_DIR", "var")).absolute()
LOCAL_ENV_FILE = VAR_DIR / "local" / "earshot.env"


class Settings(BaseSettings):
    """What every process needs."""

    model_config = SettingsConfigDict(
        env_prefix="EARSHOT_", env_file=(LOCAL_ENV_FILE, ".env"), extra="ignore", frozen=True
    )

    tenant_id: str = Field("default", description="Whose meetings these are")
    var_dir: Path = Field(VAR_DIR, description="Where local services, spools and reports keep their files")
    kafka_bootstrap_servers: str = Field("127.0.0.1:19092", description="Kafka brokers, host:port, comma-separated")
    schema_registry_url: str = Field(
        "http://127.0.0.1:19081/apis/ccompat/v7", description="Confluent-compatible schema registry"
    )
    startup_timeout_s: float = Field(10.0, description="How long a process waits at start for what it needs")
    metrics_host: str = Field(
        "127.0.0.1", description="Address of /metrics and /readyz; 0.0.0.0 for other machines too"
    )
    metrics_port: int = Field(0, ge=0, le=65535, description="Port of /metrics and /readyz; 0: they are not served")
    log_level: str = Field("info", description="debug, info, warning or error")
    log_format: str = Field("json", description="json for machines, console for people")


class LocalSettings(Settings):
    """`earshot up`, `down` and `status`: the services on this machine."""

    cache_dir: Path = Field(
        Path.home() / ".cache" / "earshot", description="Where downloaded parts are kept between clones"
    )
    kafka_port: int = Field(19092, description="Port of the local Kafka broker")
    kafka_controller_port: int = Field(19093, description="Port of the local Kafka controller")
    registry_port: int = Field(19081, description="Port of the local schema registry")
    clickhouse_port: int = Field(19000, description="Native port of the local ClickHouse")
    clickhouse_http_port: int = Field(18123, description="HTTP port of the local ClickHouse")
    janus_port: int = Field(18188, description="WebSocket port of the local Janus")
    meeting_page_port: int = Field(18080, description="Port of the local meeting page (Janus demos)")
    demo_provider: str = Field(
        "local",
        pattern="^(local|deepgram-fake)$",
        description="`earshot demo`: local; or deepgram-fake, a stand-in for a cloud service that is killed in mid-sentence",
    )


class BotSettings(Settings):
    """`earshot bot`: one bot in one meeting."""

    region: str = Field("local", description="Where this bot runs")
    chromium_path: Path = Field(Path("/usr/bin/chromium"), description="Chromium's executable")
    chromium_user: str = Field("earshot-bot", description="Unprivileged user the browser runs as when we are root")
    capture_hello_timeout_s: float = Field(2.0, description="Wait for the capture socket before the binding is used")
    capture_transport: str = Field("auto", description="auto, websocket or binding")
    watchdog_silence_ms: int = Field(1500, description="Live stream without media for this long: capture has died")
    join_timeout_s: float = Field(30.0, description="From opening the page to being in the call")
    alone_timeout_s: float = Field(300.0, description="Leave when nobody else has been in the call for this long")
    max_duration_s: float = Field(14400.0, description="Leave after this long whatever happens")
    backlog_memory_mb: int = Field(64, ge=0, description="Records kept in memory while the broker is away")
    backlog_disk_mb: int = Field(
        2000, ge=0, description="Records spooled to EARSHOT_VAR_DIR/spool beyond that; then sound is declared lost"
    )
    memory_limit_mb: int = Field(2000, description="Memory of bot and browser at which the browser is restarted")


class TranscribeSettings(Settings):
    """`earshot transcribe`: frames to results."""

    provider: str = Field("local", description="Speech-to-text provider")
    provider_fallbacks: str = Field(
        "", description="Providers to turn to when it fails, comma-separated, the best first; empty: none"
    )
    provider_max_sessions: dict[str, int] = Field(
        {}, description='Sessions a worker may have open, by provider: {"deepgram": 40}; not named: no limit'
    )
    provider_max_new_sessions_per_minute: dict[str, int] = Field(
        {}, description="Sessions a worker may open within a minute, by provider, in the same form"
    )
    consumer_group: str = Field("earshot-transcribe", description="Kafka consumer group")
    decoders: int = Field(3, description="Local engine: decoder processes, one for each simultaneous talker")
    decoders_give_way: bool = Field(
        True,
        description="Local engine: decoders take what other processes leave, so that bots on this machine hear all",
    )
    session_idle_ms: int = Field(10_000, description="Close a provider session after this long without speech")
    preroll_ms: int = Field(300, description="Audio before the detected start of speech that is sent too")
    vad: str = Field(
        "auto",
        pattern="^(auto|webrtc|silero)$",
        description="What must hear a voice before a session opens: webrtc, silero too, or auto: silero if installed",
    )
    hangover_ms: int = Field(500, description="Silence that ends an utterance")
    forced_cut_ms: int = Field(15_000, description="Longest utterance before it is finalised anyway")
    session_timeout_ms: int = Field(6_000, description="Kafka group session timeout")
    commit_interval_ms: int = Field(500, description="How often the cursor's offsets are committed")
    idle_stream_ms: int = Field(
        5_000, description="A stream without records for this long is settled as far as it goes"
    )
    deepgram_api_key: SecretStr = Field(SecretStr(""), description="Key of your Deepgram project")
    deepgram_url: str = Field(
        "wss://api.deepgram.com/v1/listen", description="Deepgram's streaming address: a region's, or your own server's"
    )
    deepgram_model: str = Field("nova-3", description="Deepgram's model")
    deepgram_language: str = Field("en", description="Language for Deepgram, or multi for several at once")
    deepgram_endpointing_ms: int = Field(300, ge=10, description="Silence after which Deepgram settles what was said")
    deepgram_price_micros_per_hour: int = Field(
        288_000, ge=0, description="What an hour of audio costs at Deepgram, in millionths of a dollar"
    )
    assemblyai_api_key: SecretStr = Field(SecretStr(""), description="Key of your AssemblyAI account")
    assemblyai_url: str = Field(
        "wss://streaming.assemblyai.com/v3/ws", description="AssemblyAI's streaming address; a region has its own"
    )
    assemblyai_model: str = Field("universal-streaming-english", description="AssemblyAI's speech_model")
    assemblyai_language: str = Field("en", description="Language for AssemblyAI, or multi for several at once")
    assemblyai_price_micros_per_hour: int = Field(
        150_000, ge=0, description="What an hour of an open session costs at AssemblyAI, in millionths of a dollar"
    )

    @property
    def providers(self) -> tuple[str, ...]:
        """The ordered list: the primary, then its fallbacks; each once."""
        names = [self.provider, *self.provider_fallbacks.split(",")]
        return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))


class TurnsSettings(Settings):
    """`earshot turns`: results to turns."""

    turns_consumer_group: str = Field("earshot-turns", description="Kafka consumer group and prefix of its changelog")


class ClickHouseSettings(Settings):
    """`earshot sink clickhouse` and `earshot clickhouse`: the log to tables."""

    clickhouse_host: str = Field("127.0.0.1", description="ClickHouse server")
    clickhouse_port: int = Field(19000, description="ClickHouse native port")
    clickhouse_http_port: int = Field(
        18123, ge=0, description="ClickHouse HTTP port, which big batches go to as Arrow; 0: all over the native port"
    )
    clickhouse_database: str = Field("earshot", description="Database of tables and views")
    clickhouse_user: str = Field("default", description="ClickHouse user")
    clickhouse_password: SecretStr = Field(SecretStr(""), description="ClickHouse password")
    clickhouse_secure: bool = Field(
        False, description="Speak TLS to ClickHouse, whose TLS ports are usually 9440 and 8443"
    )
    clickhouse_ca_file: str = Field(
        "", description="PEM file of the CA of ClickHouse's certificate; empty: the system's"
    )
    clickhouse_verify: bool = Field(True, description="Whether ClickHouse's certificate must be valid for its host")
    clickhouse_cluster: str = Field(
        "",
        pattern=r"^[A-Za-z0-9_.-]*$",
        description="Cluster whose every server gets the tables; empty: a single server",
    )
    clickhouse_migrate: bool = Field(
        True,
        description="Bring tables up to date at start; false: refuse to start until `earshot clickhouse migrate` did",
    )
    clickhouse_turns_days: int = Field(730, ge=0, description="Days a turn is kept; 0: for ever, as for all below")
    clickhouse_turn_revisions_days: int = Field(
        7, ge=0, description="Days the revisions before a turn settled are kept"
    )
    clickhouse_participant_events_days: int = Field(730, ge=0, description="Days what participants did is kept")
    clickhouse_bot_events_days: int = Field(730, ge=0, description="Days the steps of bots and their ledgers are kept")
    clickhouse_stt_sessions_days: int = Field(730, ge=0, description="Days sessions with providers are kept")
    clickhouse_quality_windows_days: int = Field(60, ge=0, description="Days audio quality windows are kept")
    clickhouse_webhook_attempts_days: int = Field(90, ge=0, description="Days webhook attempts are kept")
    clickhouse_sink_dead_letters_days: int = Field(30, ge=0, description="Days the sink's dead letters are kept")
    clickhouse_erasure_sweep_s: float = Field(
        10.0, gt=0, description="How often the sink looks for erasures to carry out, and for erased rows that came back"
    )
    clickhouse_consumer_group: str = Field("earshot-clickhouse", description="Kafka consumer group")
    clickhouse_instance_id: str = Field(
        "",
        description="Name of this process in the group, its own: started again under it, it has its partitions at once",
    )
    clickhouse_batch_rows: int = Field(10_000, ge=1, le=50_000, description="Rows that fill a batch")
    clickhouse_batch_ms: int = Field(500, description="Age at which a batch is written anyway")
    clickhouse_timeout_s: float = Field(
        60.0, gt=0, le=120, description="How long ClickHouse may take over one insert before its outcome is unknown"
    )
    clickhouse_die_at: str = Field(
        "",
        pattern=r"^((after_poll|after_intent|in_insert|after_ack|after_commit)(:[1-9]\d*)?)?$",
        description="Chaos runs only: step:n at which the sink kills itself, the nth time it comes there",
    )


class WebhookSettings(Settings):
    """`earshot sink webhooks` and `earshot webhooks`: the log to endpoints."""

    webhook_url: str = Field("", description="Where events are posted; empty: nowhere")
    webhook_secret: SecretStr = Field(
        SecretStr(""), description="Standard Webhooks secret, whsec_ and base64; several, separated by spaces, all sign"
    )
    webhook_endpoint_id: str = Field("ep_default", description="Name of the endpoint in deliveries and attempts")
    webhook_consumer_group: str = Field("earshot-webhooks", description="Kafka consumer group")
    webhook_timeout_s: float = Field(15.0, description="How long an endpoint may take to answer")
    webhook_retry_waits_s: str = Field(
        "5,300,1800,7200,18000,36000,50400,72000,86400",
        pattern=r"^\d+(\.\d+)?(,\d+(\.\d+)?)*$",
        description="Seconds to wait between tries, comma-separated, the last one repeating; each is varied by 20 %",
    )
    webhook_concurrency: int = Field(
        8, ge=1, description="Most tries under way at once to the endpoint that is set here"
    )
    webhook_max_attempts: int = Field(10, description="Tries before a delivery is given up to the dead letters")
    webhook_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys for the endpoints' secrets: id:base64 of 32 bytes, comma-separated; the first one encrypts",
    )
    webhook_allowed_ranges: str = Field(
        "", description="Private networks that may be posted to, such as 10.20.0.0/16, comma-separated"
    )
    webhook_proxy_url: SecretStr = Field(
        SecretStr(""),
        description="HTTP proxy that all webhooks go through, http://[user:password@]host:port; it must guard addresses",
    )
    webhook_content_dir: Path = Field(
        VAR_DIR / "webhook-content", description="Folder for events too big to send, shared by all sinks and the server"
    )
    webhook_content_url: str = Field(
        "http://127.0.0.1:18090", description="Where receivers reach `earshot webhooks serve`, without a path"
    )
    webhook_content_host: str = Field("127.0.0.1", description="Address `earshot webhooks serve` listens on")
    webhook_content_port: int = Field(18090, description="Port `earshot webhooks serve` listens on")
    webhook_link_lifetime_s: float = Field(7 * 86_400.0, description="How long a link to an event's content is good")
    webhook_transcript_timeout_s: float = Field(
        600.0, description="After bot.stopped, how long bot.done waits for the transcript before transcription.failed"
    )

    @property
    def dispatch_group(self) -> str:
        """Group of those who send: it stands elsewhere on webhook.deliveries than those who fill it."""
        return f"{self.webhook_consumer_group}.dispatch"


SECTIONS: tuple[type[Settings], ...] = (
    Settings,
    LocalSettings,
    BotSettings,
    TranscribeSettings,
    TurnsSettings,
    ClickHouseSettings,
    WebhookSettings,
)
S = TypeVar("S", bound=Settings)


def load(section: type[S]) -> S:
    """The settings of one process; raises UsageError that lists every fault by its variable's name."""
    try:
        return section()
    except ValidationError as error:
        faults = "; ".join(f"EARSHOT_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise UsageError(f"settings are wrong: {faults}", remedy="mend them in the environment or in .env") from error
