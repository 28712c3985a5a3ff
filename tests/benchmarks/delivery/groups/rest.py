"""What the network and the protocol add to a prediction: REST beside a call in one's own process, and beside peers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median

import httpx

from benchmarks.delivery.contenders import WORKER
from benchmarks.delivery.environments import PeerError, made, program
from benchmarks.delivery.figures import Bar, Figure
from benchmarks.delivery.place import Place
from benchmarks.delivery.programs import printed, texts_file
from benchmarks.delivery.rounds import Kept, Rounds, figure, in_turn
from benchmarks.delivery.runs import BenchError, started, until_ready
from towpath.cli.local import choose_port

__all__ = ["Rest"]

_PATH = "/v2/models/tweet-sentiment/infer"
_PEERS = ("mlserver", "kserve")


class Rest:
    key = "rest"

    def prepare(self, place: Place, kept: Kept) -> None:
        for name in _PEERS:
            try:
                made(name, place.tell)
            except PeerError as error:
                kept.rounds(self.key).failures.append(str(error))

    def round(self, place: Place, number: int, rounds: Rounds) -> None:
        values = rounds.begin()
        for name in in_turn(("process", "endpoint", *_PEERS), number):
            try:
                values[name] = 1000 * self._one(place, name)
            except (BenchError, PeerError) as error:
                rounds.failures.append(str(error))
                place.tell(f"  {name} failed: {str(error)[:600]}")
            else:
                place.tell(f"  {name}: {values[name]:.2f} ms")

    def _one(self, place: Place, name: str) -> float:
        count = place.scale.requests
        if name == "process":
            return float(printed(place, "single", place.bundle, texts_file(place), place.threads, count)["p50"])
        with _served(place, name) as url:
            return _p50(url, [place.texts[n % len(place.texts)] for n in range(count)])

    def figures(self, rounds: Rounds) -> list[Figure]:
        peers = [("mlserver", "MLServer, custom runtime, same graph"), ("kserve", "KServe's ModelServer, same graph")]
        ours = ("endpoint", "REST p50")
        return [
            *figure(
                rounds, "rest", "REST p50 of one text ÷ the same in one's own process", ours,
                ("process", "Model.predict p50"), "ms", Bar("under", 1.5), others=peers,
                notes=["one connection, one request after the other, the same texts"],
            ),
            *figure(rounds, "rest-mlserver", "REST p50 ÷ MLServer's", ours, peers[0], "ms"),
            *figure(rounds, "rest-kserve", "REST p50 ÷ stock KServe's", ours, peers[1], "ms"),
        ]  # fmt: skip


@contextmanager
def _served(place: Place, name: str) -> Iterator[str]:
    port = choose_port()
    if name == "endpoint":
        command, environment = WORKER, place.our_environment("rest.", "rest", bundle=place.bundle)
        environment |= {"TOWPATH_HTTP_PORT": str(port), "TOWPATH_SERVING_MODE": "endpoint"}
        environment["TOWPATH_SERVING_GRPC_PORT"] = str(choose_port())
    else:
        folder = [str(place.folder / f"rest-{port}")] if name == "mlserver" else []
        command = [str(made(name, place.tell)), program(name), *folder, str(port)]
        environment = place.peer_environment()
    url = f"http://127.0.0.1:{port}"
    with started(command, environment, place.folder / "logs" / f"rest-{name}.log") as process:
        until_ready(f"{url}/v2/health/ready", process)
        yield url


def _p50(url: str, texts: Sequence[str]) -> float:
    with httpx.Client(base_url=url, timeout=30) as client:
        for text in texts[:20]:
            _ask(client, text)
        return median(_ask(client, text) for text in texts)


def _ask(client: httpx.Client, text: str) -> float:
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}
    body = {"id": "1", "inputs": [tensor]}
    begin = time.perf_counter()
    answer = client.post(_PATH, json=body)
    took = time.perf_counter() - begin
    if answer.status_code != 200:
        raise BenchError(f"{client.base_url}: {answer.status_code} {answer.text[:300]}")
    return took
