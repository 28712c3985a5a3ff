"""How long a worker takes from its process's start to its first prediction, its bundle on disk."""

from __future__ import annotations

import time

from benchmarks.delivery.contenders import WORKER
from benchmarks.delivery.figures import Bar, Figure
from benchmarks.delivery.groups.changes import Announcing
from benchmarks.delivery.place import Place
from benchmarks.delivery.rounds import Kept, Rounds, figure
from benchmarks.delivery.runs import BenchError, started
from benchmarks.delivery.wire import Reader, document, produce

__all__ = ["Starting"]

PREFIX = "starting."


class Starting:
    key = "start"

    def prepare(self, place: Place, kept: Kept) -> None:
        place.create_topics(PREFIX)
        announcing = Announcing(place, PREFIX)
        announcing.release(announcing.champion)

    def round(self, place: Place, number: int, rounds: Rounds) -> None:
        """A document waits; the worker learns of its model from `models`, and reads, checks and loads the bundle."""
        environment = place.our_environment(PREFIX, "starting", bundle=None)
        produce(place.servers, f"{PREFIX}documents", [document(f"d{number}", place.texts[0])])
        reader, begin = Reader(place.servers, f"{PREFIX}predictions"), time.monotonic()
        with started(WORKER, environment, place.folder / "logs" / "starting.log") as process:
            if not reader.wait(1, alive=lambda: process.alive):
                raise BenchError(f"no prediction; the worker's log ends:\n{process.tail()[-1500:]}")
            took = reader.arrived[0].seen - begin
        reader.close()
        rounds.begin()["start"] = took
        place.tell(f"  {took:.2f} s")

    def figures(self, rounds: Rounds) -> list[Figure]:
        return figure(
            rounds, "start", "cold start of a worker: process start to first prediction",
            ("start", "from a release on models, bundle on disk"), None, "s", Bar("under", 3),
            notes=["the one before it ended in order; one that was killed is waited for, for its session's time"],
        )  # fmt: skip
