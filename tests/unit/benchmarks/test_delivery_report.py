"""The bench's rounds, which go on where they were, and the page that is made of them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from benchmarks.delivery.figures import Bar, Figure, Sample
from benchmarks.delivery.groups.throughput import Throughput
from benchmarks.delivery.place import Place
from benchmarks.delivery.report import markdown, write
from benchmarks.delivery.rounds import Kept, Rounds, in_turn, measure
from benchmarks.delivery.runs import BenchError

PLACE = cast(Place, SimpleNamespace(tell=lambda line: None))


class Counted:
    key = "counted"

    def __init__(self, *fail: int) -> None:
        self._fail, self.begun = fail, []  # type: tuple[int, ...], list[int]

    def prepare(self, place: Place, kept: Kept) -> None: ...

    def round(self, place: Place, number: int, rounds: Rounds) -> None:
        self.begun.append(number)
        if number in self._fail:
            raise BenchError("it ended")
        rounds.begin()["value"] = float(number)

    def figures(self, rounds: Rounds) -> list[Figure]:
        return []


def test_a_run_goes_on_where_it_was_ended(tmp_path: Path) -> None:
    measure(Counted(), PLACE, Kept.open(tmp_path, {"cores": 2}, fresh=False), 2)
    again, group = Kept.open(tmp_path, {"cores": 2}, fresh=False), Counted()
    measure(group, PLACE, again, 5)
    assert group.begun == [2, 3, 4]
    assert again.rounds("counted").all("value") == (0, 1, 2, 3, 4)
    other = Kept.open(tmp_path, {"cores": 4}, fresh=False)
    assert not other.groups, "another machine's rounds are not mixed in"
    other.save()
    assert Kept.open(tmp_path, {"cores": 2}, fresh=False).groups, "and take nobody's place"
    assert not Kept.open(tmp_path, {"cores": 2}, fresh=True).groups


def test_a_round_that_fails_is_told_and_the_others_count(tmp_path: Path) -> None:
    kept = Kept.open(tmp_path, {}, fresh=False)
    measure(Counted(1), PLACE, kept, 3)
    assert kept.rounds("counted").all("value") == (0, 2)
    assert kept.failures == ["counted: it ended"]


def test_every_second_round_goes_the_other_way() -> None:
    assert [in_turn("abc", n) for n in range(2)] == [["a", "b", "c"], ["c", "b", "a"]]


def rounds() -> Rounds:
    values: list[dict[str, float]] = [
        {
            "worker": 90,
            "onnx": 100,
            "onnx.batch": 16,
            "flop": 0.4,
            "sgemm": 80,
            "plain": 92,
            "faststream": 40,
            "mlserver": 20,
        },
        {"worker": 45, "onnx": 50, "onnx.batch": 16, "flop": 0.4, "sgemm": 40, "plain": 46, "transformers": 15},
        {
            "worker": 90,
            "onnx": 100,
            "onnx.batch": 32,
            "flop": 0.4,
            "sgemm": 80,
            "plain": 92,
            "faststream": 40,
            "worker.lost": 0,
        },
    ]
    return Rounds(values, ["faststream: 3 of 2500 came out, see /root/some/where/loop.log\nmore"])


def found() -> dict[str, Figure]:
    return {each.key: each for each in Throughput().figures(rounds())}


def test_throughput_is_told_by_the_rounds_that_have_both() -> None:
    figures = found()
    assert figures["onnx"].ratio == 0.9
    assert figures["best-peer"].ratio == 2.25
    assert figures["best-peer"].theirs == Sample("faststream", (40, 40), "documents/s")
    assert figures["transformers"].ratio == 3
    assert figures["transformers"].met is False
    assert figures["peak"].ratio == 0.45
    assert "sorted-peer" not in figures, "it was not measured"


def kept_of(**more: Any) -> Kept:
    return Kept(Path("nowhere"), {"processor": "a | b", **more}, {"throughput": rounds()})


def test_the_page_says_what_is_missed_what_failed_and_on_what_machine() -> None:
    page = markdown(list(found().values()), kept_of(), [])
    row = next(line for line in page.splitlines() if line.startswith("| worker ÷ transformers"))
    assert "at least 4" in row
    assert row.endswith("| **missed** |")
    assert "a \\| b" in page
    assert "faststream: 3 of 2500 came out, see …" in page
    assert "/root" not in page
    assert "busy machine" not in page


def test_the_page_of_a_busy_machine_warns_first() -> None:
    kept = kept_of()
    kept.busy = True
    page = markdown(list(found().values()), kept, [])
    assert page.index("Measured on a busy machine") < page.index("## The table")


def test_names_cannot_break_the_page() -> None:
    figure = Figure("k", "<b>x | y</b>", Sample("ours", (1.0,), "s"), None, Bar("under", 3))
    assert "| &lt;b>x \\| y&lt;/b> | under 3 s | **1.00** s |" in markdown([figure], kept_of(), [])


def test_page_json_and_pictures_are_the_same_for_the_same_figures(tmp_path: Path) -> None:
    figures = list(found().values())
    for name in ("one", "two"):
        write(tmp_path / name, figures, kept_of())
    files = sorted(each.name for each in (tmp_path / "one").iterdir())
    assert files == ["benchmarks-ratios.svg", "benchmarks-throughput.svg", "benchmarks.json", "benchmarks.md"]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    data = json.loads((tmp_path / "one" / "benchmarks.json").read_text())
    onnx = next(each for each in data["figures"] if each["key"] == "onnx")
    assert (onnx["ratio"], onnx["met"], onnx["ours"]["values"]) == (0.9, True, [90, 45, 90])
    page = (tmp_path / "one" / "benchmarks.md").read_text()
    assert all(f"]({each})" in page for each in files if each.endswith(".svg"))
