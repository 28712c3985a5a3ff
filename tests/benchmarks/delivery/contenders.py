"""Who reads documents from Kafka and writes predictions to it, as commands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import count

from benchmarks.delivery.environments import made, program
from benchmarks.delivery.place import Place, module
from benchmarks.delivery.runs import Contender
from benchmarks.delivery.wire import produce, requests
from towpath.cli.local import choose_port

__all__ = ["KAFKA_PEERS", "WORKER", "contenders", "worker"]

WORKER = [sys.executable, "-m", "towpath.serving"]
# Of these the best is what the worker is held against.
KAFKA_PEERS = ("transformers", "sentence-transformers", "mlserver", "faststream")
_groups = count(1)


def worker(
    place: Place, prefix: str, *, threads: int | None = None, processes: int = 1, small: bool = False
) -> Contender:
    """Ours, in a group that has read nothing yet; with the bundle in int8 when it is to be `small`."""
    group = f"worker-{next(_groups)}"
    some = []
    for n in range(processes):
        environment = place.our_environment(prefix, group, bundle=place.small_bundle if small else place.bundle)
        environment["TOWPATH_SERVING_INSTANCE"] = f"{group}-{n}"
        environment["TOWPATH_SERVING_THREADS"] = str(threads or place.threads)
        some.append((WORKER, environment))
    return Contender("worker", f"{prefix}predictions", some)


def _plain(place: Place, prefix: str) -> Contender:
    environment = place.our_environment(prefix, f"plain-{next(_groups)}", bundle=place.bundle)
    return Contender("plain", f"{prefix}predictions", [(module("floors.plain_worker"), environment)])


def _loop(place: Place, prefix: str, name: str, command: list[str], **more: str) -> Contender:
    topics = {"BENCH_INPUT": f"{prefix}documents", "BENCH_OUTPUT": f"{prefix}peers"}
    own = {"BENCH_GROUP": f"{name}-{next(_groups)}", "PYTHONPATH": more.pop("PYTHONPATH", "")}
    return Contender(name, f"{prefix}peers", [(command, {**place.peer_environment(), **topics, **own, **more})])


def _mlserver(place: Place, prefix: str) -> Contender:
    port = choose_port()
    command = [
        str(made("mlserver", place.tell)),
        program("mlserver"),
        str(place.folder / f"mlserver-{port}"),
        str(port),
    ]
    topics = {"BENCH_INPUT": f"{prefix}requests", "BENCH_OUTPUT": f"{prefix}peers"}

    def feed() -> int:
        return produce(place.servers, f"{prefix}requests", requests(place.texts, place.scale.documents))

    environment = {**place.peer_environment(), **topics}
    ready = f"http://127.0.0.1:{port}/v2/health/ready"
    return Contender("mlserver", f"{prefix}peers", [(command, environment)], feed, ready)


def contenders(place: Place, prefix: str) -> dict[str, Callable[[], Contender]]:
    """By name; each call is one that has read nothing yet."""

    def peer(name: str, environment: str, **more: str) -> Callable[[], Contender]:
        return lambda: _loop(place, prefix, name, [str(made(environment, place.tell)), program(environment)], **more)

    paths = {"PYTHONPATH": place.our_environment(prefix, "", bundle=None)["PYTHONPATH"]}
    return {
        "worker": lambda: worker(place, prefix),
        "worker, int8": lambda: worker(place, prefix, small=True),
        "plain": lambda: _plain(place, prefix),
        "copy": lambda: _loop(place, prefix, "copy", module("floors.copy_loop"), **paths),
        "transformers": peer("transformers", "transformers"),
        "sentence-transformers": peer("sentence-transformers", "sentence-transformers"),
        "mlserver": lambda: _mlserver(place, prefix),
        "faststream": peer("faststream", "faststream"),
        "faststream, sorted by hand": peer("faststream-sorted", "faststream", BENCH_SORTED="1"),
    }
