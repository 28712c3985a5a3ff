"""Documents a second from Kafka to Kafka: ours, the peers and the floors in the same rounds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.delivery.contenders import KAFKA_PEERS, contenders
from benchmarks.delivery.environments import PeerError, made
from benchmarks.delivery.figures import Bar, Figure
from benchmarks.delivery.floors.onnx_loop import WAYS
from benchmarks.delivery.place import Place
from benchmarks.delivery.programs import printed, texts_file
from benchmarks.delivery.rounds import Kept, Rounds, figure, in_turn
from benchmarks.delivery.runs import BenchError, run
from benchmarks.delivery.wire import documents, produce

__all__ = ["Throughput"]

PREFIX = "stream."
_FLOORS = ("onnx", "sgemm")
_UNIT = "documents/s"
_SORTED = "faststream, sorted by hand"
_SMALL = "worker, int8"
_TRANSFORMERS = (("transformers", "transformers pipeline loop"),)


class Throughput:
    key = "throughput"

    def __init__(self, only: Sequence[str] = ()) -> None:
        self._only = only

    def prepare(self, place: Place, kept: Kept) -> None:
        for name in ("transformers", "sentence-transformers", "mlserver", "faststream"):
            try:
                made(name, place.tell)
            except PeerError as error:
                kept.rounds(self.key).failures.append(str(error))
        place.create_topics(PREFIX)
        produce(place.servers, f"{PREFIX}documents", documents(place.texts, place.scale.documents))

    def round(self, place: Place, number: int, rounds: Rounds) -> None:
        values, all_of_them = rounds.begin(), contenders(place, PREFIX)
        for name in in_turn(["onnx", *all_of_them, "sgemm"], number):
            if self._only and name not in self._only:
                continue
            try:
                if name in _FLOORS:
                    values.update(self._floor(place, name))
                else:
                    values.update(self._run(place, name, all_of_them[name]()))
            except (BenchError, PeerError) as error:
                rounds.failures.append(str(error))
                place.tell(f"  {name} failed: {str(error)[:600]}")
            else:
                place.tell(f"  {name}: {values[name]:,.0f}")

    def _floor(self, place: Place, name: str) -> dict[str, float]:
        if name == "sgemm":
            return {"sgemm": printed(place, "peak", place.threads)["peak"] / 1e9}
        found = printed(place, "onnx_loop", place.bundle, texts_file(place), place.threads)
        return {
            "onnx": found["rate"],
            "onnx.batch": found["batch"],
            "onnx.way": found["way"],
            "flop": found["flop"] / 1e9,
        }

    def _run(self, place: Place, name: str, contender: object) -> dict[str, float]:
        found = run(contender, place.servers, place.folder / "logs", place.scale.documents)  # type: ignore[arg-type]
        return {name: found.rate, f"{name}.lost": found.lost, f"{name}.repeated": found.repeated}

    def figures(self, rounds: Rounds) -> list[Figure]:
        ours, found = ("worker", "worker, exactly once, JSON in and out"), []
        facts = {each: sum(rounds.all(f"worker.{each}")) for each in ("lost", "repeated")}
        peers = [(name, name) for name in (_SMALL, *KAFKA_PEERS, _SORTED, "copy")]
        batch = [f"{size:g} {WAYS[int(way)]}" for size, way in rounds.both("onnx.batch", "onnx.way")]
        found += figure(
            rounds, "onnx", "worker ÷ bare ONNX Runtime loop", ours, ("onnx", "bare loop over sorted tokens"),
            _UNIT, Bar("at least", 0.90), facts=facts, others=peers,
            notes=[f"fastest batch size and use of threads of the bare loop, by round: {', '.join(batch)}"],
        )  # fmt: skip
        best = self._best(rounds)
        if best is not None:
            found += figure(
                rounds, "best-peer", "worker ÷ best peer on Kafka", ours, (best, best), _UNIT, Bar("at least", 2),
                notes=[f"peers as their documentation has one write them: {', '.join(KAFKA_PEERS)}"],
            )  # fmt: skip
        found += figure(
            rounds, "sorted-peer", "worker ÷ faststream with texts sorted by hand", ours, (_SORTED, _SORTED), _UNIT,
            notes=["what a peer is worth to somebody who knows to sort by length; at least once, all the same"],
        )  # fmt: skip
        found += figure(
            rounds, "transformers", "worker ÷ transformers pipeline loop", ours,
            ("transformers", "transformers pipeline loop"), _UNIT, Bar("at least", 4),
        )  # fmt: skip
        found += figure(
            rounds, "exactly-once", "worker ÷ worker without transactions", ours, ("plain", "at least once"), _UNIT,
            Bar("at least", 0.95), notes=["without: the same process on a broker whose producer opens no transaction"],
        )  # fmt: skip
        return found + self._small(rounds, best) + self._peak(rounds)

    @staticmethod
    def _small(rounds: Rounds, best: str | None) -> list[Figure]:
        small, found = (_SMALL, "worker, the same model in int8"), []
        for key, name in (("worker", "worker, fp32"), *(((best, best),) if best else ()), *_TRANSFORMERS):
            found += figure(
                rounds, f"int8-{key}", f"worker with int8 ÷ {name}", small, (key, name), _UNIT,
                notes=["int8 is taken where the gate finds it no worse (docs/train.md); the peers' is fp32"],
            )  # fmt: skip
        return found

    @staticmethod
    def _best(rounds: Rounds) -> str | None:
        medians = {name: statistics.median(values) for name in KAFKA_PEERS if (values := rounds.all(name))}
        return max(medians, key=medians.__getitem__) if medians else None

    @staticmethod
    def _peak(rounds: Rounds) -> list[Figure]:
        used = Rounds(
            [
                {**each, "used": each["worker"] * each["flop"]}
                for each in rounds.values
                if {"worker", "flop"} <= each.keys()
            ]
        )
        return figure(
            used, "peak", "share of the processor's peak that the worker uses", ("used", "worker"),
            ("sgemm", "sgemm on the same cores"), "GFLOP/s",
            notes=["operations of the encoder over the documents' own tokens: padding is not work done"],
        )  # fmt: skip
