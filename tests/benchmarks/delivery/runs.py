"""One run of one contender over documents in Kafka: how fast, and whether each came out once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

from benchmarks.delivery.wire import Arrival, Reader
from towpath.cli.local import Process

__all__ = ["BenchError", "Contender", "Memory", "Run", "accounted", "rate_of", "run", "started", "until_ready"]

# Of a run's documents: before, threads, caches and batch sizes find their way.
EARLY = (0.1, 0.5)
SHORTEST_S = 0.1
_BATCH = 500  # documents that one transaction has at most


class BenchError(Exception):
    """A contender ended or stood still; the message has the end of its log."""


@dataclass(frozen=True)
class Contender:
    """`processes`: commands with their environments. `feed`: for those that read only what comes after they began."""

    name: str
    output: str
    processes: Sequence[tuple[Sequence[str], dict[str, str]]]
    feed: Callable[[], object] | None = None
    ready: str | None = None


@dataclass(frozen=True)
class Run:
    """`rate` in documents a second, without the start; `lost` and `repeated` by id; `memory` in bytes over the run."""

    rate: float
    lost: int
    repeated: int
    memory: tuple[float, ...] = ()


@dataclass
class Memory:
    """Resident memory of processes, sampled each half second while it is entered."""

    pids: Sequence[int]
    samples: list[float] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Memory:
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(0.5):
            with suppress(psutil.NoSuchProcess):
                self.samples.append(float(sum(psutil.Process(each).memory_info().rss for each in self.pids)))


@contextmanager
def started(command: Sequence[str], environment: dict[str, str], log: Path) -> Iterator[Process]:
    process = Process(command, log=log, environment=environment, grace_s=5.0)
    process.start()
    try:
        yield process
    finally:
        process.stop()


def until_ready(url: str, process: Process, limit_s: float = 60.0) -> None:
    """Raises BenchError when `url` does not answer 200 in time."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline and process.alive:
        with suppress(httpx.HTTPError):
            if httpx.get(url, timeout=2).status_code == 200:
                return
        time.sleep(0.1)
    raise BenchError(f"{url} was never ready; the log ends:\n{process.tail()[-1500:]}")


def run(
    contender: Contender,
    servers: str,
    folder: Path,
    documents: int,
    *,
    timed: int | None = None,
    until: int | None = None,
) -> Run:
    """From `documents` that wait in its topic (or are fed), the first `timed` that come out.

    It goes on `until` so many came.

    Raises:
        BenchError: they do not.
    """
    reader, wanted = Reader(servers, contender.output), until or timed or documents
    with _all_started(contender, folder) as processes, Memory([each.pid for each in processes if each.pid]) as memory:
        if contender.ready is not None:
            until_ready(contender.ready, processes[0])
        fed = None if contender.feed is None else time.time()
        if contender.feed is not None:
            contender.feed()
        whole = reader.wait(wanted, alive=lambda: all(each.alive for each in processes))
        tail = "" if whole else "\n".join(each.tail()[-1500:] for each in processes)
    reader.close()
    if not whole:
        raise BenchError(f"{contender.name}: {len(reader.arrived)} of {wanted} came out; its log ends:\n{tail}")
    lost, repeated = accounted(reader.arrived, documents if wanted == documents else None)
    return Run(rate_of(reader.arrived, fed, timed), lost, repeated, tuple(memory.samples))


def rate_of(arrived: Sequence[Arrival], fed: float | None = None, timed: int | None = None) -> float:
    """Documents a second by the broker's stamps: from the end of an early batch to the end of the last.

    Batches show as gaps: the longest among the first tenth to half of the documents is the end of one. Where documents
    were only `fed` (seconds since the epoch) once all was warm, all count, from then on. Of more than `timed`, the
    batch in which so many had come is the last.

    Raises:
        BenchError: they came as one batch.
    """
    times = np.sort([each.at_broker for each in arrived])
    if timed is not None and timed < len(times):
        times = times[: timed + int(np.argmax(np.diff(times[timed - 1 : timed + _BATCH])))]
    if fed is not None:
        return len(times) / float(times[-1] - fed)
    early, late = int(EARLY[0] * len(times)), int(EARLY[1] * len(times))
    last = early + int(np.argmax(np.diff(times[early : late + 1])))
    seconds = float(times[-1] - times[last])
    if seconds < SHORTEST_S:
        raise BenchError(f"{len(times)} documents came within {seconds:.3f} s, in one batch: take more documents")
    return (len(times) - 1 - last) / seconds


def accounted(arrived: Sequence[Arrival], documents: int | None) -> tuple[int, int]:
    """How many of d0, d1, … are missing, and how many came more than once."""
    counts = Counter(each.key for each in arrived)
    lost = 0 if documents is None else sum(f"d{n}" not in counts for n in range(documents))
    return lost, sum(count - 1 for count in counts.values())


@contextmanager
def _all_started(contender: Contender, folder: Path) -> Iterator[list[Process]]:
    made: list[Any] = []
    try:
        for n, (command, environment) in enumerate(contender.processes):
            made.append(Process(command, log=folder / f"{contender.name}-{n}.log", environment=environment, grace_s=5))
            made[-1].start()
        yield made
    finally:
        # In order: a transaction that was left open would hold up the next run's reader until it times out.
        for each in made:
            each.ask_to_stop()
        for each in made:
            each.stop()
