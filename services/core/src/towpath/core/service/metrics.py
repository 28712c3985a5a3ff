"""Typed catalogues of metrics: each service declares its metrics once, in a subclass of `Catalogue`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge

__all__ = ["Catalogue", "Counter", "Declared", "Gauge", "Histogram"]

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
_UNITS = {"seconds": "seconds", "bytes": "bytes", "ratio": "0 to 1", "cost": "the objective's unit"}


@dataclass(frozen=True)
class Declared:
    """A metric as Prometheus names it; a histogram has `_bucket`, `_sum` and `_count` behind that name."""

    name: str
    kind: str
    about: str
    labels: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """Of its value, which its name ends in; a count where it ends in none."""
        words = self.name.removesuffix("_total").split("_")
        return _UNITS.get(words[-1], "1" if words[-1] == "info" else "a count")


class Histogram(prometheus_client.Histogram):
    """One that many values are given at once: to observe each costs a hundred times as much."""

    def observe_many(self, amounts: Sequence[float]) -> None:
        """As `observe` of each; those that come from a hot loop are gathered, and given once in a while."""
        # Every command imports this module, and would wait for numpy.
        import numpy as np

        self._raise_if_not_observable()  # type: ignore[no-untyped-call]
        values = np.asarray(amounts, dtype=np.float64)
        self._sum.inc(float(values.sum()))
        # The first bound that is not below it; NaN is in no bucket, as in `observe`.
        places = np.searchsorted(self._upper_bounds, values)
        for bucket, count in zip(self._buckets, np.bincount(places).tolist(), strict=False):
            if count:
                bucket.inc(count)


class Catalogue:
    """Names get the prefix `towpath_<service>_`; units are base units; counters end in `_total`.

    Labels hold bounded sets (class names, release ids, topics), never a document id: a series each would
    be kept for ever. Nor do they repeat what a scrape adds (`namespace`, `pod`, `job`, `service`, `instance`).
    """

    service = ""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.declared: list[Declared] = []

    def counter(self, name: str, about: str, labels: Sequence[str] = ()) -> Counter:
        self._declare(f"{name}_total", "counter", about, labels)
        return Counter(name, about, labels, namespace="towpath", subsystem=self.service, registry=self.registry)

    def gauge(self, name: str, about: str, labels: Sequence[str] = ()) -> Gauge:
        self._declare(name, "gauge", about, labels)
        return Gauge(name, about, labels, namespace="towpath", subsystem=self.service, registry=self.registry)

    def histogram(
        self,
        name: str,
        about: str,
        labels: Sequence[str] = (),
        buckets: Sequence[float] = LATENCY_BUCKETS_S,
    ) -> Histogram:
        self._declare(name, "histogram", about, labels)
        return Histogram(
            name,
            about,
            labels,
            buckets=buckets,
            namespace="towpath",
            subsystem=self.service,
            registry=self.registry,
        )

    def _declare(self, name: str, kind: str, about: str, labels: Sequence[str]) -> None:
        self.declared.append(Declared(f"towpath_{self.service}_{name}", kind, about, tuple(labels)))
