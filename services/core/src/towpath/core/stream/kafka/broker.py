"""KafkaBroker: the broker port on Apache Kafka."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from kafka import KafkaAdminClient

from towpath.core.service.settings import KafkaSettings
from towpath.core.stream.acls import Acl
from towpath.core.stream.closing import Closing
from towpath.core.stream.kafka.acls import check_granted, native
from towpath.core.stream.kafka.client import configuration, principal_of, start, translated
from towpath.core.stream.kafka.consumer import KafkaPortConsumer
from towpath.core.stream.kafka.producer import IdempotentKafkaProducer, TransactionalKafkaProducer
from towpath.core.stream.kafka.topics import check_created, described, options
from towpath.core.stream.kafka.transactions import OpenTransaction, abort, open_transactions
from towpath.core.stream.port import Isolation, Start, TopicSpec

__all__ = ["KafkaBroker"]


class KafkaBroker(Closing):
    """A `Broker` on the cluster that `settings` name. Connects when first asked for something."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._who = principal_of(configuration(settings, ""))
        self._lock = threading.Lock()
        self._admin_client: KafkaAdminClient | None = None

    def producer(self, *, client_id: str) -> IdempotentKafkaProducer:
        return IdempotentKafkaProducer(self._configuration(client_id))

    def transactional_producer(
        self, transactional_id: str, *, transaction_timeout_s: float = 60.0
    ) -> TransactionalKafkaProducer:
        config = self._configuration(transactional_id)
        return TransactionalKafkaProducer(config, transactional_id, transaction_timeout_s)

    def consumer(
        self,
        topics: Sequence[str],
        *,
        group: str | None,
        start: Start = "earliest",
        isolation: Isolation = "read_committed",
        client_id: str = "towpath",
    ) -> KafkaPortConsumer:
        return KafkaPortConsumer(
            self._configuration(client_id),
            topics,
            group=group,
            begin=start,
            isolation=isolation,
            session_timeout_s=self._settings.session_timeout_s,
        )

    def create_topics(self, specs: Sequence[TopicSpec]) -> Sequence[str]:
        present = self.topics()
        missing = [spec for spec in specs if spec.name not in present]
        if missing:
            with translated("creating topics", self._who), self._lock:
                answer = self._admin().create_topics({spec.name: options(spec) for spec in missing}, raise_errors=False)
                check_created(answer)
                self._admin().wait_for_topics([spec.name for spec in missing])
        return [spec.name for spec in missing]

    def grant(self, acls: Sequence[Acl]) -> None:
        """Create those of `acls` that are missing; nothing is taken away.

        Raises:
            RejectedError: Kafka has no authorizer, or these credentials may not.
        """
        with translated("creating ACLs", self._who), self._lock:
            check_granted(self._admin().create_acls([native(each) for each in acls]))

    def open_transactions(self, topics: Sequence[str]) -> list[OpenTransaction]:
        """On `topics` and on the groups' offsets. Needs the rights of an administrator."""
        with translated("looking for open transactions", self._who), self._lock:
            return open_transactions(self._admin(), topics)

    def abort_transaction(self, transaction: OpenTransaction) -> None:
        """End it: what it wrote is thrown away, offsets are as before it."""
        with translated(f"aborting {transaction.name}", self._who), self._lock:
            abort(self._admin(), transaction)

    def topics(self) -> Mapping[str, int]:
        with translated("listing topics", self._who), self._lock:
            rows = self._admin().describe_topics()
        return {row["name"]: len(row["partitions"]) for row in rows if not row["is_internal"]}

    def describe(self, names: Sequence[str]) -> Mapping[str, TopicSpec]:
        with translated("describing topics", self._who), self._lock:
            return described(self._admin(), names)

    def ping(self, *, timeout_s: float = 2.0) -> None:
        limit = {"bootstrap_timeout_ms": int(timeout_s * 1000), "request_timeout_ms": int(timeout_s * 1000)}
        with translated("pinging", self._who), self._lock:
            self._admin(**limit).describe_cluster()

    def close(self) -> None:
        with self._lock:
            if self._admin_client is not None:
                self._admin_client.close()
                self._admin_client = None

    def _configuration(self, client_id: str) -> dict[str, Any]:
        return configuration(self._settings, client_id)

    def _admin(self, **limits: int) -> KafkaAdminClient:
        if self._admin_client is None:
            config = {**self._configuration("towpath-admin"), **limits}
            self._admin_client = start(KafkaAdminClient, config)
        return self._admin_client
