"""Every setting of SessionTrack, in one model.

A value is looked for in this order: an argument, an environment variable (`SESSIONTRACK_KAFKA__BOOTSTRAP_SERVERS`),
the TOML file (`SESSIONTRACK_CONFIG`, else `sessiontrack/config.toml` in the user's configuration folder), the addresses
and passwords of a native stack that was started in `data_dir`, and the default here.
"""

from __future__ import annotations

import json
import os
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from platformdirs import user_cache_path, user_config_path, user_data_path
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from sessiontrack.errors import UsageError

STACK_FILE = "stack.json"
# Where our Compose file serves the Confluent API of Apicurio.
_REGISTRY_THERE = ":8081/apis/ccompat/v7"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Section(BaseModel):
    """A group of settings; a misspelt key is refused rather than ignored."""

    model_config = ConfigDict(extra="forbid")


class KafkaSettings(Section):
    """The log."""

    bootstrap_servers: str = Field("127.0.0.1:9092", description="Brokers, host:port, separated by commas.")
    replication_factor: int = Field(1, ge=1, description="Copies of each partition of a topic that is created.")


class RegistrySettings(Section):
    """The schema registry (Confluent API)."""

    url: str = Field("http://127.0.0.1:8081", description="Base URL of the Confluent-compatible API.")


class PostgresSettings(Section):
    """The relational store."""

    host: str = Field("127.0.0.1", description="Host name or address.")
    port: int = Field(5432, ge=1, le=65535, description="TCP port.")
    database: str = Field("sessiontrack", description="Database name.")
    user: str = Field("sessiontrack", description="Role to connect as.")
    password: SecretStr = Field(SecretStr(""), description="Password of the role.")
    schema_name: str = Field(
        "",
        pattern="^([a-z_][a-z0-9_]*)?$",
        description="Schema of the tables; the first of the role's search path where empty.",
    )

    @property
    def dsn(self) -> str:
        """Connection string for psycopg, password included: never log it."""
        from psycopg.conninfo import make_conninfo

        return make_conninfo(
            host=self.host,
            port=self.port,
            dbname=self.database,
            user=self.user,
            password=self.password.get_secret_value(),
            options=f"-c search_path={self.schema_name}" if self.schema_name else None,
        )


class OpenSearchSettings(Section):
    """The search engine."""

    url: str = Field("http://127.0.0.1:9200", description="Base URL.")
    replicas: int = Field(0, ge=0, description="Replicas of each index that is created.")
    refresh_interval: str = Field(
        "500ms",
        pattern="^[1-9][0-9]*(ms|s)$",
        description="How soon what was written is found; 15 s while the sink catches up.",
    )
    index_prefix: str = Field(
        "sessiontrack",
        pattern="^[a-z0-9][a-z0-9_]*$",
        description="What the names of templates, indexes and aliases begin with.",
    )

    def alias(self, dataset: str) -> str:
        """Name under which a dataset (`sessions`, `messages`, `tool-calls`) is read and written."""
        return f"{self.index_prefix}-{dataset}"


class S3Settings(Section):
    """The object store."""

    endpoint: str = Field("127.0.0.1:9000", description="host:port of the S3 API.")
    access_key: str = Field("sessiontrack", description="Access key.")
    secret_key: SecretStr = Field(SecretStr(""), description="Secret key.")
    secure: bool = Field(False, description="Use TLS.")
    bucket: str = Field("sessiontrack", description="Bucket for the archive and for large entries.")


class CaptureSettings(Section):
    """How transcripts are read and sent."""

    roots: list[Path] = Field([], description="State folders to capture; found by themselves where empty.")
    buffer_events: int = Field(10_000, ge=1, description="Events waiting for acknowledgement before `emit` waits.")
    claim_bytes: int = Field(
        512 * 1024,
        ge=1024,
        description="An encoded event beyond this goes to the object store, its topic keeps a reference.",
    )
    ack_ms: int = Field(
        500,
        ge=1,
        description="A broker that acknowledges nothing for so long counts as away: events go to the spool.",
    )
    spool_bytes: int = Field(
        1024**3,
        ge=8 * 1024**2,
        description="Most bytes of events that wait on disk while the broker is away; beyond it `emit` refuses them.",
    )
    resend_minutes: int = Field(
        10, ge=0, description="At a start, lines newer than this are sent again (repeats are dropped by readers)."
    )


class SinkSettings(Section):
    """How the sinks batch. In memory are two batches, and what is read ahead: 1 MiB of each partition at most."""

    batch_records: int = Field(2_000, ge=1, description="Most records in one write.")
    batch_bytes: int = Field(8 * 1024 * 1024, ge=1024, description="Most bytes of encoded records in one write.")
    linger_ms: int = Field(100, ge=0, description="How long a batch waits for more records.")


class EmbeddingSettings(Section):
    """What makes vectors of texts; Gemini and Ollama are sent them. The limits are Gemini's, of its free tier."""

    enabled: bool = Field(
        True, description="Whether `up` starts the worker that embeds, where its packages are installed."
    )
    provider: Literal["local", "gemini", "ollama"] = Field("local", description="Who embeds.")
    model: str = Field(
        "",
        description="local: all-minilm-l6-v2 or multilingual-e5-small; gemini: gemini-embedding-001; "
        "ollama: nomic-embed-text. The first named where empty.",
    )
    dimensions: int = Field(
        0, ge=0, le=4096, description="Length of a vector; the model's own, of Gemini 768, where 0. Local: 384."
    )
    base_url: str = Field("", description="Another address of the provider's API; Ollama's is http://127.0.0.1:11434.")
    api_key: SecretStr = Field(SecretStr(""), description="Key of the provider's API.")
    timeout_s: float = Field(30, gt=0, description="Seconds for one call to embed what is to be found.")
    query_timeout_s: float = Field(2, gt=0, description="Seconds to embed a question; then text alone is searched.")
    requests_per_minute: int = Field(
        100, ge=0, description="Most texts sent in a minute, 0 for no limit; Gemini counts each text of a call."
    )
    tokens_per_minute: int = Field(30_000, ge=0, description="Most tokens sent in a minute, 0 for no limit.")
    requests_per_day: int = Field(1_000, ge=0, description="Most texts sent in a day, 0 for no limit.")
    tokens_per_day: int = Field(0, ge=0, description="Most tokens sent in a day, 0 for no limit.")
    threads: int = Field(1, ge=1, description="Most threads that a local model computes on.")
    cache_bytes: int = Field(
        1024**3,
        ge=0,
        description="Most bytes of vectors kept in data_dir, so that no text is embedded twice; 0 keeps none.",
    )


class PineconeSettings(Section):
    """A vector store elsewhere, which is sent passages with their text; without a host there is none."""

    host: str = Field("", description="Host of an index with the metric dotproduct, as Pinecone's console shows it.")
    api_key: SecretStr = Field(SecretStr(""), description="Key of Pinecone's API.")
    timeout_s: float = Field(30, gt=0, description="Seconds for one call of the worker.")
    query_timeout_s: float = Field(2, gt=0, description="Seconds for one search.")


class SearchSettings(Section):
    """How search finds."""

    vectors: Literal["opensearch", "postgres", "pinecone"] = Field(
        "opensearch", description="The store that finds by meaning; PostgreSQL does where OpenSearch is away."
    )


class LogSettings(Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged."
    )
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="`auto` is colour at a terminal, JSON elsewhere."
    )


class TelemetrySettings(Section):
    """Where a worker serves `/metrics` (its memory and the peak of it among them), `/health/live`, `/health/ready`."""

    host: str = Field("127.0.0.1", description="Address to listen on; nothing here asks who it is that reads.")
    port: int = Field(0, ge=0, le=65535, description="TCP port; 0 is any free one, which the worker logs.")
    oldest_unprocessed_s: float = Field(
        300, gt=0, description="Seconds that a record may wait to be processed; then the worker is late, and not ready."
    )


class TracesSettings(Section):
    """Traces by OpenTelemetry, from a line of a transcript to each store; without an endpoint there are none."""

    endpoint: str = Field(
        "",
        pattern="^(https?://.+)?$",
        description="Base URL of a collector that takes OTLP over HTTP, such as http://127.0.0.1:4318.",
    )
    ratio: float = Field(0.01, ge=0, le=1, description="Share of the events that a trace is begun for.")


class ApiSettings(Section):
    """The HTTP API that `sessiontrack serve` runs."""

    host: str = Field(
        "127.0.0.1", description="Address to listen on; any but a loopback address wants a token as well."
    )
    port: int = Field(8765, ge=0, le=65535, description="TCP port; 0 is any free one, which is logged.")
    token: SecretStr = Field(
        SecretStr(""), description="What callers send as `Authorization: Bearer TOKEN`: 16 characters or more."
    )
    hosts: list[str] = Field(
        [], description="Names under which it is reached, beside those of this machine; requests to others are refused."
    )
    requests: int = Field(64, ge=1, description="Requests that are answered at the same time; more are told to wait.")
    threads: int = Field(8, ge=1, description="Of these, how many read the stores; each has its connections to them.")
    streams: int = Field(32, ge=1, description="Live streams and WebSockets that are open at the same time.")
    body_bytes: int = Field(
        16 * 1024**2, ge=1024, description="Most bytes of a request's body, and of a frame of a WebSocket."
    )


class StackSettings(Section):
    """The native stack that `sessiontrack up` runs."""

    opensearch_heap_mb: int = Field(
        512, ge=256, description="Heap of OpenSearch, MiB. Enough for 100,000 messages; a million need 2048."
    )
    kafka_heap_mb: int = Field(512, ge=128, description="Heap of Kafka, MiB.")
    object_store: Literal["auto", "minio", "seaweedfs"] = Field(
        "auto", description="`auto` is MinIO where Go is installed, else SeaweedFS."
    )


class Settings(BaseSettings):
    """All settings."""

    model_config = SettingsConfigDict(env_prefix="SESSIONTRACK_", env_nested_delimiter="__", extra="forbid")

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("sessiontrack"),
        description="Data of the native stack, checkpoints, logs.",
    )
    cache_dir: Path = Field(
        default_factory=lambda: user_cache_path("sessiontrack"), description="Downloads and builds; may be deleted."
    )
    disk_reserve_bytes: int = Field(
        2 * 1024**3,
        ge=0,
        description="What stays free on the disk of data_dir, or a twentieth of a small one: with less, capture waits.",
    )
    family: str = Field("clawdbot", description="Family of products whose sessions share identities.")
    kafka: KafkaSettings = KafkaSettings()
    registry: RegistrySettings = RegistrySettings()
    postgres: PostgresSettings = PostgresSettings()
    opensearch: OpenSearchSettings = OpenSearchSettings()
    s3: S3Settings = S3Settings()
    capture: CaptureSettings = CaptureSettings()
    sink: SinkSettings = SinkSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    pinecone: PineconeSettings = PineconeSettings()
    search: SearchSettings = SearchSettings()
    log: LogSettings = LogSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    traces: TracesSettings = TracesSettings()
    api: ApiSettings = ApiSettings()
    stack: StackSettings = StackSettings()

    @field_validator("data_dir", "cache_dir")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        """Workers and servers run in other folders than the person who names this one."""
        return folder.expanduser().absolute()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment, TOML file, running native stack."""
        return (
            init_settings,
            env_settings,
            TomlConfigSettingsSource(settings_cls, toml_file=config_path()),
            StackFileSource(settings_cls),
        )


class StackFileSource(PydanticBaseSettingsSource):
    """Addresses and passwords that a native stack left in `<data_dir>/stack.json` (mode 0600)."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """Not used: `__call__` returns all values at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """The settings of the running stack; empty where there is none."""
        data_dir = Path(self.current_state.get("data_dir") or user_data_path("sessiontrack"))
        try:
            values = json.loads((data_dir / STACK_FILE).read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return {name: value for name, value in values["settings"].items() if name in Settings.model_fields}


def config_path() -> Path:
    """Where the TOML file is looked for."""
    named = os.environ.get("SESSIONTRACK_CONFIG")
    return Path(named) if named else user_config_path("sessiontrack") / "config.toml"


def with_servers(settings: Settings, broker: str | None, registry: str | None) -> Settings:
    """The settings with other servers.

    Args:
        settings: What is not named stays as it is here.
        broker: Brokers, host:port, separated by commas.
        registry: Base URL of the schema registry. Where only a broker elsewhere is named, and the settings know no
            registry elsewhere, it is the one of our own Compose file at the broker's host.

    Raises:
        UsageError: The broker is not host:port, or the registry is no URL.
    """
    if broker is None and registry is None:
        return settings
    brokers = broker or settings.kafka.bootstrap_servers
    host = _host(brokers)
    if registry is None:
        known = urlsplit(settings.registry.url)
        registry = settings.registry.url
        if broker and host not in _LOOPBACK and known.hostname in _LOOPBACK:
            registry = f"http://{f'[{host}]' if ':' in host else host}{_REGISTRY_THERE}"
    if not urlsplit(registry).scheme.startswith("http"):
        raise UsageError(f"no URL of a schema registry: {registry}", hint=f"Such as http://{host}:8081.")
    kafka = settings.kafka.model_copy(update={"bootstrap_servers": brokers})
    return settings.model_copy(update={"kafka": kafka, "registry": RegistrySettings(url=registry)})


def _host(brokers: str) -> str:
    """The host of the first broker."""
    for each in brokers.split(","):
        host, _, port = each.strip().rpartition(":")
        if not host or not port.isdigit():
            raise UsageError(f"no broker: {each.strip()}", hint="Name it as host:port, such as kafka.example:9092.")
    return brokers.split(",")[0].strip().rpartition(":")[0].strip("[]")


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings, read once.

    Raises:
        UsageError: A value is wrong or a key is unknown; the message names keys, never values.
    """
    try:
        return Settings()
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise UsageError(
            f"{config_path()} can't be read: {error}", hint="docs/settings.toml shows how it is written."
        ) from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise UsageError(
            f"wrong setting: {wrong}",
            hint=f"Look at the SESSIONTRACK_… variables and at {config_path()}; docs/settings.toml explains every key.",
        ) from None
