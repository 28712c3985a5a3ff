"""Making kafka-python's clients: configuration, errors, and no thread left behind by one that failed to start."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from kafka import errors
from kafka.net.compat import KafkaNetClient

from towpath.core.errors import ForbiddenError, RejectedError, RetryableError
from towpath.core.service.settings import KafkaSettings
from towpath.core.stream.kafka.connecting import watched

__all__ = ["configuration", "principal_of", "refusal", "start", "translated"]

_REFUSED = (errors.AuthorizationError, errors.SaslAuthenticationFailedError)
_NOUNS: Mapping[type[BaseException], str] = {
    errors.TopicAuthorizationFailedError: "topic",
    errors.GroupAuthorizationFailedError: "group",
    errors.TransactionalIdAuthorizationFailedError: "transactional id",
    errors.ClusterAuthorizationFailedError: "the cluster",
}

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
        ForbiddenError: one did, and knows no such user.
    """
    made: list[Any] = []
    reasons: list[Callable[[], BaseException | None]] = []

    def net_client(**kwargs: Any) -> Any:
        made.append(KafkaNetClient(**kwargs))
        reasons.append(watched(made[-1]))
        return made[-1]

    try:
        with translated(f"connecting to {','.join(config['bootstrap_servers'])}", principal_of(config)):
            try:
                return make(kafka_client=net_client, **config)
            except errors.KafkaTimeoutError as error:
                known = [reason for each in reasons if (reason := each()) is not None]
                raise (known or [error])[-1] from None
    except BaseException:
        # The constructor raised, so nobody holds the client whose thread would go on trying for ever.
        for client in made:
            client.close()
        raise


@contextlib.contextmanager
def translated(doing: str, who: str = "these credentials") -> Iterator[None]:
    """Map kafka-python's errors to Towpath's; `who` is the principal as `principal_of` has it."""
    try:
        yield
    except _REFUSED as error:
        raise refusal(error, doing, who) from error
    except errors.KafkaConfigurationError as error:
        raise RejectedError(f"Kafka client misconfigured: {error}") from error
    except (errors.KafkaError, OSError) as error:
        raise RetryableError(f"Kafka is not available while {doing}: {error!r}") from error


def refusal(error: BaseException, doing: str, who: str) -> ForbiddenError:
    """What was refused to whom, and what to do."""
    if isinstance(error, errors.SaslAuthenticationFailedError):
        return ForbiddenError(f"Kafka does not know {who} by this password, while {doing}: check the SASL settings")
    what = _NOUNS.get(type(error), "it")
    named = ", ".join(sorted(_names(error)))
    rest = f" {named}" if named else ""
    return ForbiddenError(f"Kafka forbids {who} to use {what}{rest}, while {doing}: grant it the registry's ACLs")


def principal_of(config: Mapping[str, Any]) -> str:
    """Who a client of this configuration is to Kafka."""
    if config["security_protocol"].startswith("SASL"):
        return f"User:{config['sasl_plain_username']}"
    if "ssl_certfile" in config:
        return f"the holder of {config['ssl_certfile']}"
    return "User:ANONYMOUS"


def _names(error: BaseException) -> set[str]:
    """kafka-python says the topic, or a set of them, or nothing of use."""
    given = error.args[0] if error.args else None
    return {given} if isinstance(given, str) else {str(each) for each in given or ()}
