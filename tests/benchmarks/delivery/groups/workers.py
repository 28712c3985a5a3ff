"""Two workers on two cores, or one: how threads are best spent."""

from __future__ import annotations

from benchmarks.delivery.contenders import worker
from benchmarks.delivery.figures import Figure
from benchmarks.delivery.place import Place
from benchmarks.delivery.rounds import Kept, Rounds, figure, in_turn
from benchmarks.delivery.runs import run
from benchmarks.delivery.wire import documents, produce

__all__ = ["Workers"]

PREFIX = "sharing."
_SETS = {"two": (2, 1), "one": (1, 2), "half": (1, 1)}


class Workers:
    key = "workers"

    def prepare(self, place: Place, kept: Kept) -> None:
        place.create_topics(PREFIX)
        produce(place.servers, f"{PREFIX}documents", documents(place.texts, place.scale.documents))

    def round(self, place: Place, number: int, rounds: Rounds) -> None:
        values = rounds.begin()
        for name in in_turn(tuple(_SETS), number):
            processes, threads = _SETS[name]
            made = worker(place, PREFIX, threads=threads, processes=processes)
            found = run(made, place.servers, place.folder / "logs", place.scale.documents)
            values |= {name: found.rate, f"{name}.lost": found.lost, f"{name}.repeated": found.repeated}
            place.tell(f"  {processes} of {threads} threads: {found.rate:,.0f}")

    def figures(self, rounds: Rounds) -> list[Figure]:
        facts = {each: sum(rounds.all(f"two.{each}")) for each in ("lost", "repeated")}
        return figure(
            rounds, "workers", "two workers of one thread ÷ one worker of two",
            ("two", "2 workers × 1 thread"), ("one", "1 worker × 2 threads"), "documents/s", facts=facts,
            others=[("half", "1 worker × 1 thread")],
        )  # fmt: skip
