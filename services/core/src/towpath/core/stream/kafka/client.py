"""Making kafka-python's clients: configuration, errors, and no thread left behind by one that failed to start."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from kafka import errors
from kafka.net.compat import KafkaNetClient

from towpath.core.errors import RejectedError, RetryableError
from towpath.core.service.settings import KafkaSettings

__all__ = ["configuration", "start", "translated"]

T = TypeVar("T")


def configuration(settings: KafkaSettings, client_id: str) -> dict[str, Any]:
    """What every client is told. Values of None are left to the client's defaults."""
    chosen: dict[str, Any] = {
        "bootstrap_servers": [each.strip() for each in settings.bootstrap_servers.split(",")],
        "client_id": client_id,
        "security_protocol": settings.security_protocol,
        "request_timeout_ms": int(settings.request_timeout_s * 1000),
        "bootstrap_timeout_ms": int(settings.request_timeout_s * 1000),
        # The default of 30 s would keep a service away long after its broker is back.
        "reconnect_backoff_max_ms": 1000,
    }
    if settings.security_protocol.startswith("SASL"):
        chosen |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": _secret(settings.sasl_password),
        }
    tls = {
        "ssl_cafile": settings.ssl_cafile and str(settings.ssl_cafile),
        "ssl_certfile": settings.ssl_certfile and str(settings.ssl_certfile),
        "ssl_keyfile": settings.ssl_keyfile and str(settings.ssl_keyfile),
        "ssl_password": _secret(settings.ssl_password),
    }
    return chosen | {name: value for name, value in tls.items() if value is not None}


def _secret(value: Any) -> str | None:
    return None if value is None else str(value.get_secret_value())


def start(make: Callable[..., T], config: Mapping[str, Any]) -> T:
    """`make(**config)`; when it cannot reach a broker, its network thread is ended too.

    Raises:
        RetryableError: no broker answered in time.
    """
    made: list[Any] = []

    def net_client(**kwargs: Any) -> Any:
        made.append(KafkaNetClient(**kwargs))
        return made[-1]

    try:
        with translated("connecting"):
            return make(kafka_client=net_client, **config)
    except BaseException:
        # The constructor raised, so nobody holds the client whose thread would go on trying for ever.
        for client in made:
            client.close()
        raise


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Map kafka-python's errors to Towpath's: what authorisation or configuration forbids is for a person."""
    try:
        yield
    except (errors.AuthorizationError, errors.SaslAuthenticationFailedError) as error:
        raise RejectedError(f"Kafka refused while {doing}: {error!r}: check the credentials and ACLs") from error
    except errors.KafkaConfigurationError as error:
        raise RejectedError(f"Kafka client misconfigured: {error}") from error
    except (errors.KafkaError, OSError) as error:
        raise RetryableError(f"Kafka is not available while {doing}: {error!r}") from error
