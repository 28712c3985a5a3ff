"""Where the worker's time goes: py-spy on the process, and ONNX Runtime's own profiler on the graph."""

from __future__ import annotations

import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmarks.delivery.contenders import worker
from benchmarks.delivery.environments import made
from benchmarks.delivery.place import Place
from benchmarks.delivery.programs import printed, texts_file
from benchmarks.delivery.runs import BenchError, started
from benchmarks.delivery.wire import Reader, documents, produce

__all__ = ["by_step", "profile"]

PREFIX = "profiled."
_SECONDS = 10
# The worker's steps by what is on the stack, the first that matches.
_STEPS = (
    ("inference: ONNX Runtime", r"onnxruntime_inference_collection"),
    ("inference: tokenising", r"encode(_batch)? \(model/"),
    ("inference: sorting, padding, deciding", r"\(model/"),
    ("inference: the rest", r"PredictBatch\._?infer "),
    ("decoding JSON", r"PredictBatch\.decode "),
    ("making and encoding messages", r"PredictBatch\.write "),
    ("commit: producing and the transaction", r"stream/kafka/producer|kafka/producer"),
    ("fetching", r"stream/kafka/consumer|kafka/consumer|kafka/record"),
    ("Kafka's connections", r"\(kafka/"),
    ("counting, logging", r"metrics|structlog|prometheus"),
)
# A thread in one of these waits, whatever py-spy thinks.
_WAITS = re.compile(
    r"\((threading|selectors|queue|concurrent/futures/\w+|asyncio/\w+|.*core/service/lifecycle)\.py:\d+\)$"
)


def profile(place: Place) -> dict[str, dict[str, float]]:
    """Shares of the samples by step, and of the graph's time by operation. A flame graph stays in the work folder.

    Raises:
        BenchError: py-spy may not look into the worker, or the worker does not answer.
    """
    folder = place.folder / "profile"
    folder.mkdir(parents=True, exist_ok=True)
    place.create_topics(PREFIX)
    produce(place.servers, f"{PREFIX}documents", documents(place.texts, 40 * place.scale.documents))
    (command, environment), *_ = worker(place, PREFIX).processes
    reader = Reader(place.servers, f"{PREFIX}predictions")
    with started(command, environment, place.folder / "logs" / "profiled.log") as process:
        if not reader.wait(200, alive=lambda: process.alive) or process.pid is None:
            raise BenchError(f"the worker does not answer; its log ends:\n{process.tail()[-1500:]}")
        time.sleep(1)
        for form, name in (("raw", "worker.folded"), ("flamegraph", "worker.svg")):
            place.tell(f"py-spy: {_SECONDS} s into {folder / name}")
            _spy(place, process.pid, form, folder / name)
    reader.close()
    steps = by_step((folder / "worker.folded").read_text("utf-8").splitlines())
    graph = printed(place, "onnx_profile", place.bundle, texts_file(place), place.threads, folder)
    for title, shares in (("samples", steps), ("graph", graph)):
        for name, share in shares.items():
            place.tell(f"{title}: {share:6.1%}  {name}")
    return {"steps": steps, "graph": graph}


def _spy(place: Place, pid: int, form: str, file: Path) -> None:
    program = made("py-spy", place.tell).parent / "py-spy"
    command = [str(program), "record", "--pid", str(pid), "--duration", str(_SECONDS), "--rate", "200"]
    done = subprocess.run(
        [*command, "--format", form, "--threads", "--output", str(file)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BenchError(f"py-spy: {done.stderr[-800:]}; it must be allowed to trace other processes (as root)")


def by_step(lines: Iterable[str]) -> dict[str, float]:
    """Shares of py-spy's folded stacks (`frame;frame count`), most first. Threads that wait do not count."""
    spent: Counter[str] = Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        if _WAITS.search(stack):
            continue
        step = next((name for name, pattern in _STEPS if re.search(pattern, stack)), "other threads")
        spent[step] += int(count)
    total = sum(spent.values())
    return {name: count / total for name, count in spent.most_common()} if total else {}
