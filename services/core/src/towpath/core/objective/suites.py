"""What no schema can say of a suite: names that lead nowhere, and tests that could not fail."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from towpath.core.objective.behaviour import (
    SWAP,
    BehaviourTest,
    Directional,
    Invariance,
    MinimumFunctionality,
    Suite,
    grouped,
    slots,
    words_of,
)

__all__ = ["suite_inconsistencies"]

Found = tuple[tuple[str, ...], str]


def suite_inconsistencies(suite: Suite, classes: Sequence[str], path: tuple[str, ...] = ()) -> Iterator[Found]:
    """(path, message) of each; `path` is where the suite stands in its file."""
    for name, count in Counter(each.name for each in suite.tests).items():
        if count > 1:
            yield (*path, "tests"), f"{name!r} is there {count} times: name each test once"
    for n, test in enumerate(suite.tests):
        here = (*path, "tests", str(n))
        yield from _sources(test, here)
        yield from _classes(test, classes, here)
        for key, template in _texts(test):
            for message in _unknown(template, suite):
                yield (*here, *key), message
        if isinstance(test, Invariance):
            yield from _swaps(test, suite, here)


def _sources(test: BehaviourTest, here: tuple[str, ...]) -> Iterator[Found]:
    documents = not isinstance(test, MinimumFunctionality) and test.documents
    if documents and test.templates:
        yield (*here, "templates"), "documents are taken already: remove one of the two"
    elif not documents and not test.templates:
        other = "" if isinstance(test, MinimumFunctionality) else ", or documents: true"
        yield here, f"has no texts: add templates{other}"


def _classes(test: BehaviourTest, classes: Sequence[str], here: tuple[str, ...]) -> Iterator[Found]:
    named: dict[str, str | None] = {}
    if isinstance(test, MinimumFunctionality):
        named = {"expect": test.expect}
    elif isinstance(test, Directional):
        named = {"mustNotRaise": test.must_not_raise, "mustNotLower": test.must_not_lower}
        if sum(each is not None for each in named.values()) != 1:
            yield here, "has no one direction: say mustNotRaise or mustNotLower, not both"
        if test.judge == "decision":
            yield (*here, "judge"), "directional tests judge a probability: remove it"
    for key, name in named.items():
        if name is not None and name not in classes:
            yield (*here, key), f"{name!r} is no class of the task{_near(name, classes)}"


def _texts(test: BehaviourTest) -> Iterator[tuple[tuple[str, str], str]]:
    for n, template in enumerate(test.templates):
        yield ("templates", str(n)), template
    for n, template in enumerate(test.append if isinstance(test, Directional) else ()):
        yield ("append", str(n)), template


def _unknown(template: str, suite: Suite) -> Iterator[str]:
    try:
        wanted = dict.fromkeys(slots(template))
    except ValueError as error:
        yield str(error)
        return
    for name, group in wanted:
        if name not in suite.lexicons:
            yield f"no lexicon {name!r}{_near(name, suite.lexicons)}"
        elif group is not None and group not in grouped(suite.lexicons[name]):
            yield f"the lexicon {name!r} has no group {group!r}{_near(group, grouped(suite.lexicons[name]))}"


def _swaps(test: Invariance, suite: Suite, here: tuple[str, ...]) -> Iterator[Found]:
    for n, each in enumerate(test.perturb):
        if not each.startswith(SWAP):
            continue
        name = each.removeprefix(SWAP)
        if name not in suite.lexicons:
            yield (*here, "perturb", str(n)), f"no lexicon {name!r}{_near(name, suite.lexicons)}"
        elif len({word for word, _ in words_of(suite.lexicons[name])}) < 2:
            yield (*here, "perturb", str(n)), f"the lexicon {name!r} has one word: nothing to swap it for"


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f": did you mean {near[0]!r}?" if near else f"; known are {', '.join(known) or 'none'}"
