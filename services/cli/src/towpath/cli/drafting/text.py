"""A draft as YAML, with comments that say what each part does. Strings are quoted as JSON is, which YAML reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from towpath.cli.drafting.draft import CANVAS, ENTITY_ERRORS, TO_BE_WRITTEN, Draft, possible_costs

__all__ = ["SCHEMA_FILE", "as_yaml"]

SCHEMA_FILE = "objective.schema.json"
_PLAIN = re.compile(r"^[A-Za-z][A-Za-z0-9_-]*$")
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}  # which YAML takes for something else


def as_yaml(draft: Draft) -> str:
    """The file."""
    return "\n".join([*_head(draft), *_task(draft), *_costs(draft), *_REST[draft.kind == "text-classification"], ""])


def _head(draft: Draft) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={SCHEMA_FILE}"
    yield "# One file drives the whole path. `towpath objective check` names mistakes, `explain` says how good is good"
    yield "# enough, `render` draws the canvas for the wall."
    yield "version: 1"
    yield f"name: {_string(draft.name)}"
    yield from ("", "# Ten sentences for people. Programs do not read them.", "canvas:")
    for key, about in CANVAS.items():
        text = draft.canvas.get(key) or f"{TO_BE_WRITTEN}: {about[0].lower()}{about[1:]}."
        yield f"  {key}: {json.dumps(text, ensure_ascii=False)}"


def _task(draft: Draft) -> Iterator[str]:
    yield from ("", "# What programs obey.", "contract:", "  task:", f"    kind: {draft.kind}")
    if draft.kind == "text-classification":
        yield f"    classes: {_list(draft.names)}"
    elif draft.kind == "entity-extraction":
        yield f"    entities: {_list(draft.names)}"
    elif draft.kind == "semantic-search":
        yield "    results: 10    # how many a query is shown"


def _costs(draft: Draft) -> Iterator[str]:
    yield from ("  costs:", f"    unit: {_string(draft.unit)}")
    if draft.kind == "text-classification":
        yield from (
            "    # cost[truth][decision]: what it costs to act on the decision when the truth is another.",
            "    matrix:",
        )
        for truth in draft.names:
            row = [(name, 0.0 if name == truth else draft.cost(f"{truth}:{name}")) for name in draft.names]
            yield f"      {_string(truth)}: {_mapping(row)}"
    elif draft.kind == "entity-extraction":
        yield from ("    # What an error about an entity of this type costs.", "    entities:")
        for name in draft.names:
            yield f"      {_string(name)}: {_mapping((each, draft.cost(f'{name}:{each}')) for each in ENTITY_ERRORS)}"
    else:
        for key in possible_costs(draft.kind, draft.names):
            yield f"    {key}: {draft.cost(key):g}    # {_ERRORS[key]}"
    if draft.ask_person is None:
        yield "    # askPerson: 0.5    # what it costs to let a person decide; without it nobody is asked"
    else:
        yield f"    askPerson: {draft.ask_person:g}    # asked where every decision is expected to cost more"


_ERRORS = {
    "wrong": "an answer is given, and it is wrong",
    "missed": "the text has an answer, and none is given",
    "answeredUnanswerable": "the text has no answer, and one is given",
    "missedRelevant": "a document that the query is about is not shown",
    "shownIrrelevant": "a document is shown that the query is not about",
}


def _string(text: str) -> str:
    return text if _PLAIN.match(text) and text.lower() not in _WORDS else json.dumps(text, ensure_ascii=False)


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(map(_string, names))}]"


def _mapping(row: Iterable[tuple[str, float]]) -> str:
    return "{" + ", ".join(f"{_string(name)}: {cost:g}" for name, cost in row) + "}"


_LABELS = """\
  labels:
    # guide: labelling-guide.md    # beside this file
    minRatersPerDocument: {raters}
    # Krippendorff's alpha, its lower bound: below that, raters disagree on what is asked of them.
    agreement: {{scale: nominal, floor: {floor}}}
  dataQuality:
    maxDocumentChars: 10000
    minDocuments: 500
    # languages: [en]
    personalData: {{action: flag}}    # mask: replaced before a document goes to Kafka
  readiness:
    # The gate: a model is released when it is cheaper than these, with this confidence.
    baselines: {baselines}
    confidence: 0.95
  monitoring:
    falseAlarms: {{budget: 1, period: 90d}}
  retraining:
    newAnnotatedDocuments: 500"""
_REST = {
    True: _LABELS.format(raters=2, floor=0.667, baselines="[majority]").splitlines(),
    False: _LABELS.format(raters=2, floor=0.667, baselines="[nothing]").splitlines(),
}
