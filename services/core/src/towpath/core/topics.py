"""`python -m towpath.core.topics`: create the registry's topics. What a chart's hook runs, from any image.

    python -m towpath.core.topics --wait 120

Kafka is the one that the environment names (TOWPATH_KAFKA_BOOTSTRAP_SERVERS, …). Topics that are there stay as they
are, so it may run at every upgrade.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time

import structlog

from towpath.core.errors import RetryableError, TowpathError
from towpath.core.service import Backoff, ServiceSettings, configure_logging
from towpath.core.stream import Broker, Registry, connect

__all__ = ["ensure_topics", "main"]

_log = structlog.get_logger(__name__)


def ensure_topics(broker: Broker, registry: Registry, *, replication: int | None, wait_s: float) -> list[str]:
    """Create what is missing; returns the names.

    Args:
        replication: of the topics that are created; the broker's default when absent.
        wait_s: how long Kafka may be away.

    Raises:
        RetryableError: it was away for longer.
    """
    deadline, backoff, never = time.monotonic() + wait_s, Backoff(cap_s=2.0), threading.Event()
    while True:
        try:
            return list(broker.create_topics(registry.specs(replication)))
        except RetryableError as error:
            if time.monotonic() >= deadline:
                raise
            _log.info("topics.waiting", reason=str(error))
            backoff.wait(never)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m towpath.core.topics", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wait", type=float, default=60.0, help="seconds that Kafka may be away")
    parser.add_argument("--replication", type=int, help="of topics that are created; the broker's default when absent")
    given = parser.parse_args(arguments)
    settings = ServiceSettings()
    configure_logging("topics", settings.log_level)
    registry = Registry.load(settings.topic_prefix)
    try:
        with connect(settings.kafka) as broker:
            made = ensure_topics(broker, registry, replication=given.replication, wait_s=given.wait)
    except TowpathError as error:
        _log.error("topics.failed", reason=str(error))
        return 1
    _log.info("topics.ready", created=made, topics=[spec.name for spec in registry.specs()])
    return 0


if __name__ == "__main__":
    sys.exit(main())
