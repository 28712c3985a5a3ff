"""Texts from templates: a sample of all that the lexicons make possible, without writing them all down."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from random import Random
from typing import Any

from towpath.core.objective.behaviour import grouped, slots, with_words, words_of

__all__ = ["Filled", "fill", "texts_of"]

Slot = tuple[str, str | None]


@dataclass(frozen=True)
class Filled:
    """`groups`: which group a word is of, by lexicon, where a template left that open."""

    template: str
    text: str
    groups: tuple[tuple[str, str], ...] = ()


def texts_of(templates: tuple[str, ...], lexicons: Mapping[str, Any], count: int, random: Random) -> list[Filled]:
    """At most `count` texts, from all templates in turn, no text twice."""
    made = [fill(each, lexicons, count, random) for each in templates]
    in_turn = (each for each in chain.from_iterable(zip_longest(*made)) if each is not None)
    return list(islice({each.text: each for each in in_turn}.values(), count))


def fill(template: str, lexicons: Mapping[str, Any], count: int, random: Random) -> list[Filled]:
    """At most `count` fillings; where there are no more of them, all. The same placeholder has the same word."""
    wanted = list(dict.fromkeys(slots(template)))
    choices = [words_of(lexicons[name], group) for name, group in wanted]
    possible = math.prod(map(len, choices))
    return [_filled(template, lexicons, wanted, choices, n) for n in _numbers(possible, count, random)]


def _numbers(possible: int, count: int, random: Random) -> Iterator[int]:
    """`count` different ones below `possible`, in random order; of few, all."""
    if possible <= 4 * count:
        yield from random.sample(range(possible), min(count, possible))
        return
    seen: set[int] = set()
    while len(seen) < count:
        number = random.randrange(possible)
        if number not in seen:
            seen.add(number)
            yield number


def _filled(
    template: str, lexicons: Mapping[str, Any], wanted: list[Slot], choices: list[list[tuple[str, str | None]]], n: int
) -> Filled:
    words, groups = dict[Slot, str](), []
    for (name, group), known in zip(wanted, choices, strict=True):
        n, place = divmod(n, len(known))
        words[name, group], of = known[place]
        if group is None and of is not None and grouped(lexicons[name]):
            groups.append((name, of))
    return Filled(template, with_words(template, words), tuple(groups))
