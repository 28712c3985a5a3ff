"""How long a document takes from when it was due until a reader has its prediction, at half of what the worker can."""

from __future__ import annotations

from benchmarks.delivery.figures import Bar, Figure
from benchmarks.delivery.loading import capacity, load, serving_worker
from benchmarks.delivery.place import Place
from benchmarks.delivery.programs import printed, texts_file
from benchmarks.delivery.rounds import Kept, Rounds, figure

__all__ = ["Latency"]

PREFIX = "paced."
_SHARE, _LITTLE = 0.5, 0.2
_WARM_UPS = 3  # loads before the first round: a Kafka in use is not one that Java still compiles
_FIRST_WARM_UP, _FIRST_CALM = 1000, 2000  # no round has such a number


class Latency:
    key = "latency"
    _rate = 0.0

    def prepare(self, place: Place, kept: Kept) -> None:
        place.create_topics(PREFIX)
        self._rate = _SHARE * capacity(place, kept)
        with serving_worker(place, PREFIX):
            for number in range(_WARM_UPS):
                load(place, PREFIX, self._rate, _FIRST_WARM_UP + number)

    def round(self, place: Place, number: int, rounds: Rounds) -> None:
        count = max(50, place.scale.requests)
        before = printed(place, "single", place.bundle, texts_file(place), place.threads, count)
        with serving_worker(place, PREFIX):
            found = load(place, PREFIX, self._rate, number)
            calm = load(place, PREFIX, self._rate * _LITTLE / _SHARE, _FIRST_CALM + number)
        after = printed(place, "single", place.bundle, texts_file(place), place.threads, count)
        values = rounds.begin()
        values["p99"], values["p50"] = 1000 * found.p99(), 1000 * found.p50()
        values["single"] = 1000 * (before["p50"] + after["p50"]) / 2
        values["calm.p99"], values["calm.p50"] = 1000 * calm.p99(), 1000 * calm.p50()
        values |= {"lost": found.lost, "repeated": found.repeated, "rate": self._rate}
        place.tell(
            f"  p99 {values['p99']:.1f} ms, at a fifth {values['calm.p99']:.1f} ms, single {values['single']:.1f} ms"
        )

    def figures(self, rounds: Rounds) -> list[Figure]:
        facts = {each: sum(rounds.all(each)) for each in ("lost", "repeated")}
        rates = rounds.all("rate")
        notes = [f"{rates[0]:.0f} documents a second, half of what the worker does from a backlog"] if rates else []
        single = ("single", "Model.predict of one document, median")
        calm = [f"{_LITTLE / _SHARE * rates[0]:.0f} documents a second"] if rates else []
        return [
            *figure(
                rounds, "end-to-end", "end-to-end p99 at half capacity ÷ one single-document inference",
                ("p99", "p99 from due to read"), single, "ms", Bar("under", 5),
                others=[("p50", "p50 from due to read")], notes=notes, facts=facts,
            ),
            *figure(
                rounds, "end-to-end-calm", "end-to-end p99 at a fifth of capacity ÷ one single-document inference",
                ("calm.p99", "p99 from due to read"), single, "ms",
                others=[("calm.p50", "p50 from due to read")], notes=calm,
            ),
        ]  # fmt: skip
