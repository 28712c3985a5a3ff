"""Typed catalogues of metrics: each service declares its metrics once, in a subclass of `Catalogue`."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

__all__ = ["Catalogue", "Counter", "Gauge", "Histogram"]

# From a lone document on an idle machine (ms) to a backlog (minutes).
LATENCY_BUCKETS_S = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    300.0,
)


class Catalogue:
    """Names get the prefix `towpath_<service>_`; units are base units; counters end in `_total`.

    Labels hold bounded sets (class names, release ids, topics), never a document id: a series each would
    be kept for ever.
    """

    service = ""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry

    def counter(self, name: str, about: str, labels: Sequence[str] = ()) -> Counter:
        return Counter(name, about, labels, namespace="towpath", subsystem=self.service, registry=self.registry)

    def gauge(self, name: str, about: str, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(name, about, labels, namespace="towpath", subsystem=self.service, registry=self.registry)

    def histogram(
        self,
        name: str,
        about: str,
        labels: Sequence[str] = (),
        buckets: Sequence[float] = LATENCY_BUCKETS_S,
    ) -> Histogram:
        return Histogram(
            name,
            about,
            labels,
            buckets=buckets,
            namespace="towpath",
            subsystem=self.service,
            registry=self.registry,
        )
