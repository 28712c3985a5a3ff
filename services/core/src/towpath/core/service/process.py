"""What every service says of its own process: what it is, whether it is ready, what it takes."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from towpath.core.service.health import Health
from towpath.core.service.metrics import Declared

__all__ = ["PROCESS_METRICS", "export_process"]

_BUILD = Declared("towpath_build_info", "gauge", "1; which version runs", ("component", "version", "revision"))
_READY = Declared("towpath_ready", "gauge", "1 while a check of /readyz says ok, else 0", ("component", "check"))
PROCESS_METRICS = (
    _BUILD,
    _READY,
    Declared("process_resident_memory_bytes", "gauge", "Memory that the process holds"),
    Declared("process_virtual_memory_bytes", "gauge", "Memory that the process has mapped"),
    Declared("process_cpu_seconds_total", "counter", "Processor time spent, user and system"),
    Declared("process_start_time_seconds", "gauge", "When the process began, since 1970"),
    Declared("process_open_fds", "gauge", "Open files and connections"),
    Declared("process_max_fds", "gauge", "How many may be open"),
)


def export_process(registry: CollectorRegistry, health: Health, *, component: str, revision: str) -> None:
    """Register PROCESS_METRICS. Being asked for them runs the checks of `health`, as a probe does."""
    registry.register(_State(health, component, revision))
    ProcessCollector(registry=registry)


class _State(Collector):
    def __init__(self, health: Health, component: str, revision: str) -> None:
        self._health, self._component = health, component
        self._build = [component, version("towpath-core"), revision or "unknown"]

    def describe(self) -> Iterable[Metric]:
        # Given, so that registering does not run the checks.
        return [GaugeMetricFamily(each.name, each.about, labels=each.labels) for each in (_BUILD, _READY)]

    def collect(self) -> Iterable[Metric]:
        build, ready = self.describe()
        assert isinstance(build, GaugeMetricFamily)  # noqa: S101 - made above
        assert isinstance(ready, GaugeMetricFamily)  # noqa: S101 - made above
        build.add_metric(self._build, 1)
        for check, state in self._health.report().items():
            ready.add_metric([self._component, check], float(state == "ok"))
        return [build, ready]
