"""What the commands that judge labels have in common: reading, and telling in a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from towpath.cli.context import console, plain
from towpath.cli.labelled import objective_of
from towpath.cli.material import read_material
from towpath.core.objective import Objective
from towpath.preparation.labels.guide import read_guide
from towpath.preparation.labels.queue import read_queue
from towpath.preparation.labels.report import LabelReport, label_report

__all__ = ["guide_file", "judged", "told"]


def judged(
    documents: Path | None,
    annotations: Path | None,
    snapshot: Path | None,
    objective: Path,
    queue: Path | None,
    *,
    complete_only: bool = False,
) -> LabelReport:
    """The report on these labels, or on those in Kafka. Raises typer.Exit when the objective has mistakes."""
    goal = objective_of(objective)
    material = read_material(documents, annotations, snapshot)
    with console.status(f"judging {len(material.annotations):,} annotations"):
        entries = None if queue is None else read_queue(queue.read_text(encoding="utf-8"), name=str(queue))
        return label_report(
            material.annotations,
            material.documents,
            goal,
            queue=entries,
            guide_version=_guide_version(goal, objective),
            complete_only=complete_only,
        )


def guide_file(goal: Objective, objective: Path) -> Path | None:
    """Beside the objective; None when it names none."""
    named = goal.contract.labels.guide
    return None if named is None else objective.parent / named


def _guide_version(goal: Objective, objective: Path) -> str:
    file = guide_file(goal, objective)
    if file is None or not file.is_file():
        return ""
    return read_guide(file.read_text(encoding="utf-8", errors="replace"), goal.classes).version


def told(report: LabelReport) -> Iterator[str]:
    """A line for each requirement, each rater to talk to, each reason why annotations do not count."""
    for need in report.verdict.requirements:
        yield plain(f"{'met    ' if need.met else 'NOT MET'} {need.name}: {need.found}" + _lacking(need.lacking))
    for each in report.suspects:
        yield plain(f"talk to {each.rater}, who {each.kind}: {each.why}")
    for why, ids in report.refused.items():
        many = f"{len(ids):,} annotations do" if len(ids) > 1 else "1 annotation does"
        yield plain(f"{many} not count: {why}")


def _lacking(text: str) -> str:
    return f" - {text}" if text else ""
