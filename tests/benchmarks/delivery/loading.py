"""A worker under a load that comes by the clock, and how long each document took from when it was due."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from benchmarks.delivery.contenders import WORKER, worker
from benchmarks.delivery.place import Place
from benchmarks.delivery.programs import begun, ended, texts_file
from benchmarks.delivery.rounds import Kept
from benchmarks.delivery.runs import BenchError, run, started, until_ready
from benchmarks.delivery.wire import Arrival, Reader, documents, produce
from towpath.cli.local import Process

__all__ = ["Loaded", "capacity", "latencies", "load", "serving_worker"]

_WARM_S = 2.0
_FIRST = 1_000_000  # documents of the load are numbered from here on, round by round


@dataclass(frozen=True)
class Loaded:
    """`due` and `latency` in seconds by document, in order; what never came has no latency (NaN)."""

    due: np.ndarray
    latency: np.ndarray
    lost: int
    repeated: int
    arrived: Sequence[Arrival]

    def p99(self, where: np.ndarray | None = None) -> float:
        some = self.latency if where is None else self.latency[where]
        return float(np.nanquantile(some, 0.99))

    def p50(self) -> float:
        return float(np.nanmedian(self.latency))


def capacity(place: Place, kept: Kept) -> float:
    """Documents a second that the worker does from a backlog: of the throughput rounds, else measured once."""
    known = [*kept.rounds("throughput").all("worker"), *kept.rounds("capacity").all("worker")]
    if known:
        return float(np.median(known))
    prefix = "capacity."
    place.create_topics(prefix)
    produce(place.servers, f"{prefix}documents", documents(place.texts, place.scale.documents))
    found = run(worker(place, prefix), place.servers, place.folder / "logs", place.scale.documents).rate
    kept.rounds("capacity").begin()["worker"] = found
    return found


@contextmanager
def serving_worker(place: Place, prefix: str, *, follow: bool = False) -> Iterator[Process]:
    """One that has a model and has joined its group: the documents that waited are done."""
    environment = place.our_environment(prefix, "under-load", bundle=None if follow else place.bundle)
    port = environment["TOWPATH_HTTP_PORT"]
    reader = Reader(place.servers, f"{prefix}predictions")
    try:
        with started(WORKER, environment, place.folder / "logs" / f"{prefix}worker.log") as process:
            until_ready(f"http://127.0.0.1:{port}/readyz", process)
            produce(place.servers, f"{prefix}documents", documents(place.texts, 200))
            if not reader.wait(200, alive=lambda: process.alive):
                raise BenchError(f"the worker does not answer; its log ends:\n{process.tail()[-1500:]}")
            yield process
    finally:
        reader.close()


def load(
    place: Place, prefix: str, rate: float, number: int, events: Mapping[float, Callable[[], object]] | None = None
) -> Loaded:
    """`rate` documents a second for `scale.load_s`; `events` (seconds from the begin → a call) happen meanwhile."""
    first, seconds = _FIRST * (number + 1), place.scale.load_s + _WARM_S
    reader = Reader(place.servers, f"{prefix}predictions")
    sending = begun(place, "load", place.servers, f"{prefix}documents", texts_file(place), rate, seconds, first)
    reader.wait(1)
    begin = reader.arrived[0].seen if reader.arrived else 0.0
    for after, call in sorted((events or {}).items(), key=lambda pair: pair[0]):
        _until(begin + after)
        call()
    due = np.array(ended(sending, "load")["due"])
    reader.wait(len(due), stalled_s=10)
    reader.close()
    return latencies(reader.arrived, first, due)


def _until(moment: float) -> None:
    while (left := moment - time.monotonic()) > 0:
        time.sleep(min(left, 0.1))


def latencies(arrived: Sequence[Arrival], first: int, due: np.ndarray) -> Loaded:
    """Of documents d`first`, … that were `due` then, without the first seconds, in which the worker finds its pace."""
    latency, repeated = np.full(len(due), np.nan), 0
    for each in arrived:
        n = int(each.key[1:]) - first
        if not 0 <= n < len(due):
            continue  # of the warm-up
        repeated += not np.isnan(latency[n])
        latency[n] = each.seen - due[n] if np.isnan(latency[n]) else latency[n]
    lost = int(np.isnan(latency).sum())
    warm = due >= due[0] + _WARM_S
    return Loaded(due[warm], latency[warm], lost, repeated, arrived)
