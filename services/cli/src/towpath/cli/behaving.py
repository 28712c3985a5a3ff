"""`towpath model check`: which model, which tests, which documents, and the answer in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from towpath.cli.context import Installed, console, plain
from towpath.cli.reigning import reigning, released
from towpath.core.errors import RejectedError, TowpathError
from towpath.core.objective import Objective, Suite, load_suite
from towpath.model import BundleError, Model
from towpath.pipelines.behaving import of_model
from towpath.pipelines.behaviour import Labelled, Report, Result, check
from towpath.pipelines.behaviour.report import limit_said

__all__ = ["Questioned", "labelled", "limits_of", "questioned", "show"]

_COLOURS = {"passed": "green", "failed": "red", "reported": "yellow", "left out": "dim"}
_WORST = 3


@dataclass(frozen=True)
class Questioned:
    """A model with its objective; `champion` finds the release that reigns, None where the model is that one."""

    model: Model
    objective: Objective
    champion: Callable[[], Path] | None

    def answer(self, suite: Suite, documents: Sequence[Labelled] | None) -> Report:
        """What it does with the suite's texts."""
        classes = self.objective.classes
        reigns = self._champion() if any(each.limit == "no-worse-than-champion" for each in suite.tests) else None
        return check(
            suite,
            of_model(self.model, classes),
            classes=classes,
            costs=self.objective.costs,
            documents=documents,
            champion=None if reigns is None else of_model(reigns, classes),
            confidence=self.objective.contract.readiness.confidence,
        )

    def _champion(self) -> Model | None:
        if self.champion is None:
            return None
        try:
            found = _loaded(self.champion())
        except TowpathError as error:
            console.print(plain(f"no release to be held against: {error}"), markup=False, highlight=False)
            return None
        other = found.release_id != self.model.release_id and set(found.classes) == set(self.model.classes)
        return found if other else None


def questioned(here: Installed, bundle: Path | None, release: str | None) -> Questioned:
    """The model that is asked for.

    Raises:
        RejectedError: it is no bundle, or its objective cannot be read.
        NotFoundError: there is no such release.
        RetryableError: Kafka or the store is away.
    """
    folder = bundle or (released(here, release) if release is not None else reigning(here))
    model = _loaded(folder)
    try:
        objective = Objective.from_json(model.objective_json)
    except ValidationError as error:
        raise RejectedError(f"the objective of {model.release_id} cannot be read: {error}") from None
    named = bundle is not None or release is not None
    return Questioned(model, objective, (lambda: reigning(here, objective.name)) if named else None)


def limits_of(asked: Questioned, file: Path | None) -> Suite:
    """The suite in `file`, or that of the model's objective. Raises RejectedError where neither has one."""
    if file is not None:
        return load_suite(file, asked.objective.classes)
    if asked.objective.behaviour is None:
        raise RejectedError(
            f"the objective of {asked.model.release_id} has no contract.behaviour: name a suite with --suite"
        )
    return asked.objective.behaviour


def labelled(place: str, objective: Objective, columns: Sequence[str]) -> list[Labelled]:
    """Documents with a class of the objective's, of the part that training keeps for tests.

    Raises:
        RejectedError: there are none.
        NotFoundError: no such file.
    """
    from towpath.cli.audited import of_files, of_material
    from towpath.cli.context import installed
    from towpath.cli.material import read_material

    if wrong := [each for each in columns if "=" not in each]:
        raise RejectedError(f"--column {wrong[0]!r} is not FIELD=NAME, as text=body")
    if (Path(place) / "snapshot.json").is_file():
        read = of_material(read_material(None, None, Path(place)), objective, place)
    else:
        named = dict(each.split("=", 1) for each in columns)
        read = of_files([place], [], objective, columns=named, header=(), store=installed().settings.store)
    known = {each.id: each for each in read.source() if each.label in objective.classes and each.part in (None, "test")}
    if not known:
        raise RejectedError("no document has a class of the objective and is kept for tests", where=place)
    return [Labelled(each.text, each.label) for each in known.values()]


def show(report: Report, asked: Questioned, out: Console, examples: int) -> None:
    """A table of the tests, then what each that fails somewhere fails on."""
    table = Table(box=None, pad_edge=False)
    table.add_column("test", no_wrap=True)
    table.add_column("capability")
    for name in ("cases", "fail", "acted on", "limit"):
        table.add_column(name, justify="right")
    table.add_column("")
    for each in report.results:
        rate = f"{each.rate:.0%}" if each.cases else "–"
        numbers = str(each.cases), rate, str(each.acted), limit_said(each.limit)
        told = Text(each.verdict, style=_COLOURS[each.verdict])
        table.add_row(each.name, Text(plain(each.capability)), *numbers, told)
    out.print(table)
    for each in report.results:
        if each.failures:
            _detail(each, out, examples)
    for why in dict.fromkeys(each.why for each in report.results if each.verdict == "left out"):
        names = ", ".join(each.name for each in report.results if each.why == why)
        out.print(Text(f"\nleft out, {why}: {names}", style="dim"))
    out.print(
        Text(f"\n{asked.model.manifest.name} {asked.model.release_id}: {report.words}; {report.texts:,} texts asked")
    )


def _detail(result: Result, out: Console, examples: int) -> None:
    out.print(Text(f"\n{result.name} ({result.kind}): {result.why}", style="bold"))
    worst = sorted((each for each in result.parts if each.failures), key=lambda each: -each.rate)[:_WORST]
    if worst:
        said = "; ".join(f"{each.by} {each.which} {each.failures} of {each.cases}" for each in worst)
        out.print(Text(plain(f"  most in: {said}")))
    for each in result.examples[:examples]:
        out.print(Text(plain(f"  {_one_line(each.text)}"), style="cyan"))
        was = f"; it was {_one_line(each.before)}" if each.before is not None else ""
        out.print(Text(plain(f"    {each.said}, wanted {each.wanted}{was}")))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _loaded(folder: Path) -> Model:
    try:
        return Model.load(folder)
    except BundleError as error:
        raise RejectedError(str(error)) from None
