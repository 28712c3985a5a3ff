"""An explanation as one HTML file, its picture in it."""

from __future__ import annotations

from towpath.cli.explaining.explanation import Explanation, money, percent
from towpath.cli.explaining.picture import draw
from towpath.cli.explaining.terminal import certainty, recall
from towpath.preparation.reports import Fact, Facts, Figure, Section, Table, Text, page

__all__ = ["as_page"]


def as_page(explanation: Explanation) -> str:
    """Everything that the terminal shows, and the picture."""
    svg = draw(explanation, "svg").decode()
    objective = explanation.objective
    named = zip(objective.classes, explanation.shares, strict=True)
    shares = Text(
        f"Class shares: {', '.join(f'{name} {percent(share)}' for name, share in named)} ({explanation.shares_from})."
    )
    picture = Figure(
        svg[svg.index("<svg") :], "Models are drawn with symmetric errors, or with calibrated binormal scores."
    )
    sections = [
        Section("Good enough", [_facts(explanation), *map(Text, explanation.verdict), Text(explanation.alarm), shares]),
        Section("In pictures", [picture]),
        Section("Without a model", [_policies(explanation)], "What a document costs where none is read."),
        Section(
            "When to act", [_classes(explanation), _pairs(explanation)], "Thresholds of the rule that serving applies."
        ),
    ]
    about = f"How good is good enough, by the costs of the objective ({objective.unit} a document)"
    return page(objective.name, sections, subtitle=about, footer=f"objective {objective.hash}")


def _facts(explanation: Explanation) -> Facts:
    unit, found, best = explanation.objective.unit, explanation.break_even, explanation.policy_rows[0]
    facts = [Fact("the price to beat", f"{money(best[1])} {unit}", best[0])]
    for value, note in ((found.acted_on, "every answer acted on"), (found.weighed, "answers weighed by the costs")):
        facts.append(Fact("a model pays from", "never" if value is None else percent(value), f"accuracy, {note}"))
    return Facts(facts)


def _policies(explanation: Explanation) -> Table:
    rows = [[name, money(cost)] for name, cost in explanation.policy_rows]
    return Table(["policy", f"{explanation.objective.unit} a document"], rows, tones={0: "good"})


def _classes(explanation: Explanation) -> Table:
    rows = [
        [name, recall(explanation, n), certainty(sure.never_below), certainty(sure.always_from)]
        for n, (name, sure) in enumerate(zip(explanation.objective.classes, explanation.acting, strict=True))
    ]
    about = "Recall: what a class needs where all others are recognised without error. Act: on its probability alone."
    return Table(["class", "recall that is needed", "never act below", "act from"], rows, about)


def _pairs(explanation: Explanation) -> Table:
    rows = []
    for each in explanation.pairs:
        boundary = "always one" if each.boundary is None else percent(each.boundary)
        rows.append(
            [f"{explanation.name(each.first)} / {explanation.name(each.second)}", boundary, explanation.regions(each)]
        )
    return Table(["p of the first", "without asking, from", "cheapest, as p grows"], rows, "Dearest pairs first.")
