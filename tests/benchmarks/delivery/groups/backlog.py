"""Whether a long queue slows the worker, or grows it: a million documents waiting, and a thousand."""

from __future__ import annotations

import statistics

from benchmarks.delivery.contenders import worker
from benchmarks.delivery.figures import Bar, Figure
from benchmarks.delivery.place import Place
from benchmarks.delivery.rounds import Kept, Rounds, figure, in_turn
from benchmarks.delivery.runs import run
from benchmarks.delivery.wire import documents, produce

__all__ = ["Backlog"]

MANY, FEW = "many.", "few."
_FEW = 1000


class Backlog:
    key = "backlog"

    def prepare(self, place: Place, kept: Kept) -> None:
        for prefix, count in ((MANY, place.scale.waiting), (FEW, self._few(place))):
            place.create_topics(prefix)
            place.tell(f"  writing {count:,} documents")
            produce(place.servers, f"{prefix}documents", documents(place.texts, count))

    def round(self, place: Place, number: int, rounds: Rounds) -> None:
        values = rounds.begin()
        for name in in_turn(("many", "few"), number):
            many = name == "many"
            # The rate is of the same number of documents; with many, memory is watched for longer.
            wanted = self._few(place) * (4 if many else 1)
            waiting = place.scale.waiting if many else wanted
            found = run(
                worker(place, MANY if many else FEW), place.servers, place.folder / "logs", waiting,
                timed=self._few(place), until=wanted,
            )  # fmt: skip
            values[name] = found.rate
            values[f"{name}.repeated"] = found.repeated
            if many and len(found.memory) >= 4:
                quarter = len(found.memory) // 4
                early, late = found.memory[quarter : 2 * quarter], found.memory[-quarter:]
                values["early"], values["late"] = (statistics.median(each) / 2**20 for each in (early, late))
            place.tell(f"  {name}: {found.rate:,.0f}")

    @staticmethod
    def _few(place: Place) -> int:
        return min(_FEW, place.scale.documents)

    def figures(self, rounds: Rounds) -> list[Figure]:
        facts = {"repeated": sum(rounds.all("many.repeated")) + sum(rounds.all("few.repeated"))}
        return [
            *figure(
                rounds, "backlog", "throughput with 1,000,000 documents waiting ÷ with 1,000",
                ("many", "1,000,000 waiting"), ("few", "1,000 waiting"), "documents/s",
                Bar("at least", 0.98), facts=facts,
            ),
            *figure(
                rounds, "memory", "the worker's memory late in the queue of 1,000,000 ÷ early in it",
                ("late", "after 3,000 documents"), ("early", "after 1,000"), "MiB", Bar("under", 1.1),
                notes=["flat is what the issue asks; a tenth is left to the allocator"],
            ),
        ]  # fmt: skip
