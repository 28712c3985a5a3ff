"""What every service can be told, read from the environment here and in `<service>/settings.py` only.

`TOWPATH_KAFKA_BOOTSTRAP_SERVERS` sets `kafka.bootstrap_servers`, `TOWPATH_HTTP_PORT` sets `http.port`, …
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["AuthSettings", "HttpSettings", "KafkaSettings", "ServiceSettings", "StoreSettings"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(_Part):
    """How to reach Kafka."""

    bootstrap_servers: str = Field("127.0.0.1:9092", description="host:port, several by comma; memory:// for none")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: Path | None = Field(None, description="PEM file of the authorities to trust")
    ssl_certfile: Path | None = Field(None, description="PEM file of the client's certificate (mutual TLS)")
    ssl_keyfile: Path | None = None
    ssl_password: SecretStr | None = None
    usernames: dict[str, str] = Field(
        default_factory=dict, description="of ACLs' principals that are not called as in the registry, by that name"
    )
    request_timeout_s: float = Field(10.0, gt=0, description="how long one request to a broker may take")
    session_timeout_s: float = Field(
        10.0, gt=0, description="a member of a consumer group that is silent for so long loses its partitions"
    )


class StoreSettings(_Part):
    """Where models, snapshots and runs are kept for all services. Credentials are the AWS SDK's (AWS_…), never here."""

    url: str = Field("", description="s3://bucket/prefix or file:///folder; empty: TOWPATH_HOME, which all must share")
    endpoint_url: str | None = Field(None, description="of a store other than AWS that speaks S3")
    region: str | None = None


class HttpSettings(_Part):
    """Where the service listens. Probes and metrics are on the same port unless `ops_port` is set."""

    host: str = Field("127.0.0.1", description="0.0.0.0 in a container")
    port: int = Field(8080, ge=0, le=65535)
    ops_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="probes and metrics, and nothing else, for a network policy to open; metrics leave `port` then",
    )
    max_connections: int = Field(256, ge=1, description="more are answered 503 at once")
    drain_s: float = Field(
        0.0,
        ge=0,
        le=600,
        description="after SIGTERM, how long work goes on while /readyz says stopping; before grace_s",
    )


class AuthSettings(_Part):
    """Who may call. Without a mode only a loopback address can be listened on."""

    mode: Literal["none", "api-key"] = "none"
    api_keys: SecretStr | None = Field(None, description="accepted keys, separated by comma")
    allow_anonymous_network: bool = Field(
        False,
        description="mode none on other than loopback: for networks whose policy already says who may call",
    )


class ServiceSettings(BaseSettings):
    """Base of each service's settings; immutable once read."""

    model_config = SettingsConfigDict(
        env_prefix="TOWPATH_",
        env_nested_delimiter="_",
        env_nested_max_split=1,
        frozen=True,
        extra="ignore",
    )

    kafka: KafkaSettings = KafkaSettings()
    topic_prefix: str = Field("towpath.", pattern=r"^[a-zA-Z0-9._-]{0,100}$")
    encoding: Literal["json", "protobuf"] = Field("json", description="of messages that this service writes")
    http: HttpSettings = HttpSettings()
    auth: AuthSettings = AuthSettings()
    store: StoreSettings = StoreSettings()
    code_revision: str = Field("", description="of the code that runs; for lineage and towpath_build_info")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    home: Path = Field(Path(".towpath"), description="state of this installation: bundles, snapshots, runs")
    grace_s: float = Field(8.0, gt=0, le=600, description="how long a shutdown may take before it is forced")
