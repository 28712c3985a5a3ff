"""docs/benchmarks.md, docs/benchmarks.json and the pictures, from figures alone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.delivery.figures import Figure, Sample, to_json
from benchmarks.delivery.plots import draw
from benchmarks.delivery.rounds import Kept
from benchmarks.wording import cell, number

__all__ = ["markdown", "write"]

# Written by people, and kept: whatever else is on the page comes from measurements.
BY_HAND = Path(__file__).with_name("by_hand.md")
_HEAD = """\
# Benchmarks

<!-- Written by `make bench BENCH=delivery`: changes made by hand are lost. -->

How fast documents become predictions: Towpath's own processes beside peers and beside floors that nothing can beat,
all on one machine, over the same tweets, with the same encoder (all-MiniLM-L6-v2, fp32) and a head of the same size.
"""
_READING = """\
## How to read this

- Every figure is a **ratio of two things measured in turn** (A B A B …), so that a machine whose speed drifts slows
  both. The ratio is the median of the pairs' ratios; its interval is a 95 % bootstrap interval of that median. Beside
  it stand the median and, in brackets, the least and the most of either side.
- *Documents a second* are counted between the broker's own time stamps of what came out, from the end of an early
  batch (within the first half of the documents) to the end of the last: the start of a process is not counted, the
  commits are. MLServer's Kafka mode reads only what comes after it began: its clock starts when that is written.
- The **bare loop** has its tokens ready, sorted by length over all documents, in the batch size that is fastest on
  this machine, and reads and writes nothing. The worker reads and decodes JSON, tokenises, sorts within what waits,
  decides by costs, encodes JSON, and commits predictions and offsets in Kafka transactions; a reader under
  `read_committed` has to find every document once.
- **Peers** are written as their documentation shows: batches of 32 padded to the longest, in the order of arrival
  (sentence-transformers sorts by itself; transformers' pipeline gets the fastest of three batch sizes; MLServer its
  adaptive batching). They deliver at least once; MLServer's Kafka mode reads without a group, from the end of a topic,
  and loses what it has in hand when it ends. *Sorted by hand* is the same loop by somebody who knows to sort.
- torch is its wheel for CUDA machines with empty libraries in CUDA's place (`peers/cuda_stubs.py`): the code that
  runs on the processor is untouched.
- **End to end** latency is measured in an open loop: documents are sent by a Poisson clock from a process of its own,
  whatever becomes of them, and each counts from when it was *due* (no coordinated omission) until a reader under
  `read_committed` has it.
- Kafka and the reader run on the same cores as what is measured.

To measure on another machine: `make bench BENCH=delivery`, for about half an hour with nothing else running (it
refuses otherwise), and `ARGS="--tweets FOLDER"` for SemEval's files. What is measured is kept, so a run that was ended
goes on; `ARGS=--profile` adds where the worker's time goes, and `ARGS=--help` tells the rest.
"""


def write(folder: Path, figures: Sequence[Figure], kept: Kept) -> None:
    """Markdown, JSON and a picture for each figure with something to compare."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = draw(folder, figures)
    text = markdown(figures, kept, pictures, BY_HAND.read_text("utf-8") if BY_HAND.exists() else "")
    (folder / "benchmarks.md").write_text(text, encoding="utf-8")
    data = {
        "circumstances": {**kept.circumstances, "busy": kept.busy},
        "figures": [to_json(each) for each in figures],
        "profile": kept.profile,
        "failures": kept.failures,
    }
    (folder / "benchmarks.json").write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def markdown(figures: Sequence[Figure], kept: Kept, pictures: Sequence[str], by_hand: str = "") -> str:
    """The page. `by_hand` is what a person says of it: what was tried where a figure is missed."""
    warnings = []
    if kept.busy:
        warnings.append(
            "> **Measured on a busy machine** (`--anyway`): others worked beside. Do not quote these figures.\n"
        )
    if kept.circumstances.get("quick"):
        warnings.append(
            "> **A quick run**, of tiny sizes, which shows that the bench runs. Do not quote these figures.\n"
        )
    rows = ["| figure | asked | measured | 95 % interval | ours | theirs | |", "|---|---|---|---|---|---|---|"]
    rows += [_row(each) for each in figures]
    notes = [f"- {each.title}: {note}." for each in figures for note in each.notes]
    parts = [_HEAD, *warnings, "## The table\n", "\n".join(rows) + "\n"]
    if notes:
        parts.append("\n".join(notes) + "\n")
    parts += [f"![{Path(each).stem.replace('-', ' ')}]({each})\n" for each in pictures]
    parts.append(_beside(figures))
    parts += [by_hand, _profile(kept.profile), _READING, _machine(kept.circumstances)]
    if kept.failures:
        told = "\n".join(f"- {each}" for each in dict.fromkeys(_failure(each) for each in kept.failures))
        parts.append(f"## What failed\n\nThese rounds or peers are missing above:\n\n{told}\n")
    return "\n".join(each for each in parts if each)


def _row(each: Figure) -> str:
    low, high = each.interval
    unit = "" if each.theirs is not None else f" {each.ours.unit}"
    verdict = {None: "", True: "met", False: "**missed**"}[each.met]
    facts = "".join(f"; {value:g} {name}" for name, value in each.facts.items())
    theirs = "" if each.theirs is None else _sample(each.theirs)
    bar = "" if each.bar is None else f"{each.bar}{unit}"
    measured = f"**{number(each.ratio)}**{unit}{facts}"
    cells = [each.title, bar, measured, f"{number(low)} to {number(high)}", _sample(each.ours), theirs, verdict]
    return f"| {' | '.join(cell(each) for each in cells)} |"


def _beside(figures: Sequence[Figure]) -> str:
    lines = [
        f"| {cell(each.title)} | {cell(other.name)} | {_sample(other)} |" for each in figures for other in each.others
    ]
    if not lines:
        return ""
    return (
        "## Measured in the same rounds\n\n| figure | what | median (least to most) |\n|---|---|---|\n"
        + "\n".join(lines)
        + "\n"
    )


def _profile(shares: Mapping[str, Mapping[str, float]]) -> str:
    if not shares:
        return ""
    parts = ["## Where the worker's time goes\n"]
    titles = {
        "steps": "step (samples of py-spy, waiting threads left out)",
        "graph": "operation of the graph (ONNX Runtime)",
    }
    for key, each in shares.items():
        rows = [f"| {cell(name)} | {share:.1%} |" for name, share in each.items()]
        parts.append("\n".join([f"| {titles.get(key, key)} | share |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _machine(about: Mapping[str, object]) -> str:
    lines = ["## Where, and of what", "", "| | |", "|---|---|"]
    for name, value in about.items():
        told = _flat(value) if isinstance(value, Mapping) else str(value)
        lines.append(f"| {name.replace('_', ' ')} | {cell(told)} |")
    return "\n".join(lines) + "\n"


def _flat(data: Mapping[str, object]) -> str:
    parts = [
        f"{name} ({_flat(each)})" if isinstance(each, Mapping) else f"{name} {each}" for name, each in data.items()
    ]
    return ", ".join(parts)


def _sample(each: Sample) -> str:
    low, high = each.spread
    return f"{each.name}: {number(each.median)} ({number(low)} to {number(high)}) {each.unit}"


def _failure(text: str) -> str:
    """Its first line, without this machine's paths."""
    return cell(re.sub(r"(/[\w.+-]+){2,}", "…", text.splitlines()[0][:300]))
