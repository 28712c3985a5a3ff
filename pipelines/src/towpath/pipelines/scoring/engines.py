"""Who scores the shards: this process, some of this machine, or many machines by Dask. All call `score_shard`."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from towpath.core.errors import TowpathError
from towpath.pipelines.scoring.manifest import Part
from towpath.pipelines.scoring.task import Task, score_shard

__all__ = ["Engine", "Here", "Processes"]


class Engine(Protocol):
    @property
    def threads(self) -> int | None:
        """For inference of one shard; None: all cores."""

    @property
    def elsewhere(self) -> bool:
        """Whether shards must lie where other machines can read them."""

    def run(self, tasks: Iterable[Task]) -> Iterator[Part]:
        """Parts as they are done, in any order."""


@dataclass(frozen=True)
class Here:
    """One shard after the other in this process."""

    threads: int | None = None
    elsewhere: bool = False

    def run(self, tasks: Iterable[Task]) -> Iterator[Part]:
        return map(score_shard, tasks)


@dataclass(frozen=True)
class Processes:
    """`workers` processes of this machine, which share its cores."""

    workers: int
    elsewhere: bool = False

    @property
    def threads(self) -> int | None:
        return max(1, len(os.sched_getaffinity(0)) // self.workers)

    def run(self, tasks: Iterable[Task]) -> Iterator[Part]:
        """Raises TowpathError when a process is killed; what is done by then stays done."""
        given = list(tasks)
        rest, workers = iter(given), max(1, min(self.workers, len(given)))
        # Forked threads of ONNX Runtime would hang.
        fresh = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=fresh) as pool:
            running: set[Future[Part]] = set()
            try:
                while True:
                    running |= {pool.submit(score_shard, task) for task in islice(rest, 2 * workers - len(running))}
                    if not running:
                        return
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (each.result() for each in done)
            except BrokenProcessPool:
                raise TowpathError(
                    "one of the processes was killed (out of memory?): run again to go on, with fewer --workers"
                ) from None
            finally:
                for each in running:
                    each.cancel()
