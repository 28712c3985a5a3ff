"""From a test to its cases: what is asked, and what of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from towpath.core.objective.behaviour import (
    SWAP,
    BehaviourTest,
    Directional,
    Invariance,
    MinimumFunctionality,
    Suite,
    words_of,
)
from towpath.pipelines.behaviour.perturbations import PERTURB, swapped
from towpath.pipelines.behaviour.templates import texts_of

__all__ = ["Case", "Labelled", "cases_of"]

Slices = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Labelled:
    """A document with its class."""

    text: str
    label: str


@dataclass(frozen=True)
class Case:
    """`text` is asked; `before`, where it was changed, is what it was. `slices`: (what by, which), once each."""

    text: str
    before: str | None = None
    slices: Slices = ()


@dataclass(frozen=True)
class _Source:
    text: str
    slices: Slices


def cases_of(test: BehaviourTest, suite: Suite, documents: Sequence[Labelled] | None = None) -> list[Case] | None:
    """At most `test.cases`; the same ones for the same suite and documents. None: it wants documents, and none are.

    What a change does not apply to is no case, so there may be fewer.
    """
    # Of its own seed, so that a test that comes or goes changes no other.
    random = Random(f"{suite.seed}/{test.name}")  # noqa: S311 - draws texts, no secrets
    if isinstance(test, MinimumFunctionality):
        return [Case(each.text, slices=each.slices) for each in _made(test, suite, test.cases, random)]
    if test.documents and documents is None:
        return None
    sources = _drawn(documents or (), random) if test.documents else _made(test, suite, test.cases, random)
    if isinstance(test, Directional):
        return _appended(test, suite, sources[: test.cases], random)
    return _perturbed(test, suite, sources, random)


def _made(test: BehaviourTest, suite: Suite, count: int, random: Random) -> list[_Source]:
    filled = texts_of(test.templates, suite.lexicons, count, random)
    return [_Source(each.text, (("template", each.template), *each.groups)) for each in filled]


def _drawn(documents: Sequence[Labelled], random: Random) -> list[_Source]:
    whole = [each for each in documents if each.text.strip()]
    return [_Source(each.text, (("class", each.label),)) for each in random.sample(whole, len(whole))]


def _appended(test: Directional, suite: Suite, sources: Sequence[_Source], random: Random) -> list[Case]:
    added = texts_of(test.append, suite.lexicons, max(1, len(sources)), random)
    return [
        Case(f"{each.text.rstrip()} {end.text.strip()}", each.text, each.slices)
        for n, each in enumerate(sources)
        for end in [added[n % len(added)]]
    ]


def _perturbed(test: Invariance, suite: Suite, sources: Sequence[_Source], random: Random) -> list[Case]:
    """In turn by each perturbation that applies, from source to source, until there are enough."""
    made: dict[str, Case] = {}
    for n, each in enumerate(sources):
        if len(made) == test.cases:
            break
        for name in _from(test.perturb, n):
            text, slices = _changed(name, each.text, suite.lexicons, random)
            if text != each.text and text.strip():
                made.setdefault(text, Case(text, each.text, (*_kept(each.slices, slices), *slices)))
                break
    return list(made.values())


def _changed(name: str, text: str, lexicons: Mapping[str, Any], random: Random) -> tuple[str, Slices]:
    change = ("change", name)
    if not name.startswith(SWAP):
        return PERTURB[name](text, random), (change,)
    lexicon = name.removeprefix(SWAP)
    changed, group = swapped(text, words_of(lexicons[lexicon]), random)
    return changed, (change,) if group is None else (change, (lexicon, group))


def _kept(slices: Slices, others: Slices) -> Slices:
    """A word that was swapped is of its new group."""
    return tuple(each for each in slices if each[0] not in dict(others))


def _from(names: Sequence[str], start: int) -> Iterator[str]:
    for n in range(len(names)):
        yield names[(start + n) % len(names)]
