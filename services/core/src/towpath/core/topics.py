"""`python -m towpath.core.topics`: create the registry's topics. What a chart's hook runs, from any image.

    python -m towpath.core.topics --wait 120 --replication 3 --min-insync 2 --acls
    python -m towpath.core.topics --no-create

Kafka is the one that the environment names (TOWPATH_KAFKA_BOOTSTRAP_SERVERS, …). Topics and ACLs that are there stay
as they are, so it may run at every upgrade. With --no-create nothing is made: topics that somebody else owns
(Strimzi) are compared with the registry, and each difference is named. Exit code: 0, or 1 with the reason in the log.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import structlog

from towpath.core.errors import RejectedError, RetryableError, TowpathError
from towpath.core.service import Backoff, ServiceSettings, configure_logging
from towpath.core.stream import Acl, Broker, KafkaBroker, Registry, TopicSpec, acls_of, connect, differences

__all__ = ["compare_topics", "ensure_topics", "main", "wanted_topics"]

_log = structlog.get_logger(__name__)
T = TypeVar("T")


def wanted_topics(registry: Registry, *, replication: int | None, min_insync: int | None) -> list[TopicSpec]:
    """The registry's topics as this installation wants them; the broker's defaults for what is None."""
    more = {} if min_insync is None else {"min.insync.replicas": str(min_insync)}
    return [replace(spec, config={**spec.config, **more}) for spec in registry.specs(replication)]


def ensure_topics(broker: Broker, specs: Sequence[TopicSpec], *, wait_s: float) -> list[str]:
    """Create what is missing; returns the names.

    Args:
        wait_s: how long Kafka may be away.

    Raises:
        RetryableError: it was away for longer.
    """
    return list(_waiting(lambda: broker.create_topics(specs), wait_s))


def compare_topics(broker: Broker, specs: Sequence[TopicSpec], *, wait_s: float) -> None:
    """Raises RejectedError naming how what is there differs, RetryableError when Kafka was away for `wait_s`."""
    found = _waiting(lambda: broker.describe([spec.name for spec in specs]), wait_s)
    all_of_them = [each for spec in specs for each in differences(spec, found.get(spec.name))]
    if all_of_them:
        raise RejectedError(f"topics are not what the registry says: {'; '.join(all_of_them)}")


def _waiting(work: Callable[[], T], wait_s: float) -> T:
    deadline, backoff, never = time.monotonic() + wait_s, Backoff(cap_s=2.0), threading.Event()
    while True:
        try:
            return work()
        except RetryableError as error:
            if time.monotonic() >= deadline:
                raise
            _log.info("topics.waiting", reason=str(error))
            backoff.wait(never)


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    settings = ServiceSettings()
    configure_logging("topics", settings.log_level)
    registry = Registry.load(settings.topic_prefix)
    try:
        with connect(settings.kafka) as broker:
            _work(broker, registry, given, settings.kafka.usernames)
    except TowpathError as error:
        _log.error("topics.failed", reason=str(error))
        return 1
    return 0


def _work(broker: Broker, registry: Registry, given: argparse.Namespace, usernames: Mapping[str, str]) -> None:
    specs = wanted_topics(registry, replication=given.replication, min_insync=given.min_insync)
    if given.no_create:
        compare_topics(broker, specs, wait_s=given.wait)
    else:
        made = ensure_topics(broker, specs, wait_s=given.wait)
        _log.info("topics.created", created=made)
    if given.acls:
        acls = [replace(acl, principal=usernames.get(acl.principal, acl.principal)) for acl in acls_of(registry)]
        _grant(broker, acls, given.wait)
    _log.info("topics.ready", topics=[spec.name for spec in specs])


def _grant(broker: Broker, acls: Sequence[Acl], wait_s: float) -> None:
    if not isinstance(broker, KafkaBroker):
        raise RejectedError("--acls: the in-memory broker has no principals")
    _waiting(lambda: broker.grant(acls), wait_s)
    _log.info("topics.granted", acls=[str(each) for each in acls])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m towpath.core.topics", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wait", type=float, default=60.0, help="seconds that Kafka may be away")
    parser.add_argument("--replication", type=int, help="of topics that are created; the broker's default when absent")
    parser.add_argument("--min-insync", type=int, help="min.insync.replicas of the topics; likewise")
    parser.add_argument("--no-create", action="store_true", help="create no topics: compare, fail where they differ")
    parser.add_argument("--acls", action="store_true", help="create each service's ACLs as well; needs a super user")
    return parser


if __name__ == "__main__":
    sys.exit(main())
