"""Tests of a model's behaviour, as data: what it must be able to do, must not be moved by, and which way it must go.

Ribeiro et al., "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList", ACL 2020.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from towpath.core.objective.parts import ClassName, Part

__all__ = [
    "PERTURBATIONS",
    "SWAP",
    "TESTS",
    "BehaviourTest",
    "Directional",
    "Invariance",
    "Limit",
    "MinimumFunctionality",
    "Suite",
    "grouped",
    "slots",
    "with_words",
    "words_of",
]

PERTURBATIONS = ("typo", "lower-case", "upper-case", "punctuation", "contractions", "mention", "url")
SWAP = "swap:"
_KEY = "[a-z][a-z0-9-]{0,39}"
_SLOT = re.compile(rf"\{{({_KEY})(?::({_KEY}))?\}}")

Key = Annotated[str, StringConstraints(pattern=rf"^{_KEY}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", strip_whitespace=True)]
Words = Annotated[tuple[Word, ...], Field(min_length=1, max_length=1000)]
Groups = Annotated[dict[Key, Words], Field(min_length=1, max_length=50)]
Template = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"\S")]
Templates = Annotated[tuple[Template, ...], Field(max_length=100)]
TestName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*( [a-z0-9-]+)*$", max_length=60)]
Perturbation = Annotated[str, StringConstraints(pattern=rf"^({'|'.join(PERTURBATIONS)}|{SWAP}{_KEY})$")]
Limit = Annotated[
    Annotated[float, Field(ge=0, le=1), Tag("share")]
    | Annotated[Literal["no-worse-than-champion", "report"], Tag("word")],
    Discriminator(lambda given: "word" if isinstance(given, str) else "share"),
]

Lexicon = Annotated[
    Annotated[Words, Tag("words")] | Annotated[Groups, Tag("groups")],
    Discriminator(lambda given: "groups" if isinstance(given, Mapping) else "words"),
]


class _Test(Part):
    name: TestName = Field(description="lower case, digits, hyphens and spaces; metrics go by it")
    capability: Annotated[str, StringConstraints(min_length=1, max_length=60)] = Field(
        description="what of the language it is about: vocabulary, negation, robustness, …"
    )
    limit: Limit = Field(
        description="share of cases that may fail, 0 to 1; no-worse-than-champion: than the release that reigns, on "
        "the same cases; report: told, and refuses nothing"
    )
    judge: Literal["class", "decision"] = Field(
        "class",
        description="class: the most probable one; decision: what is done by the costs, where asking a person fails "
        "nothing",
    )
    cases: int = Field(30, ge=1, le=1000, description="at most so many, drawn by the seed")
    templates: Templates = Field(
        (), description="texts, where {lexicon} and {lexicon:group} stand for one of the words there"
    )


class MinimumFunctionality(_Test):
    """Texts whose class is beyond doubt."""

    kind: Literal["minimum-functionality"] = Field(description="texts whose class is beyond doubt")
    expect: ClassName = Field(description="the class that each must be given")


class _Changed(_Test):
    documents: bool = Field(
        False, description="of the labelled test documents, instead of templates; slices are their classes"
    )


class Invariance(_Changed):
    """Changes of a text that must not change the answer."""

    kind: Literal["invariance"] = Field(description="changes of a text that must not change the answer")
    perturb: Annotated[tuple[Perturbation, ...], Field(min_length=1, max_length=20)] = Field(
        description=f"{', '.join(PERTURBATIONS)}, or {SWAP}LEXICON: another of its words"
    )


class Directional(_Changed):
    """Words at the end of a text that may move a probability in one direction only."""

    kind: Literal["directional"] = Field(description="an addition that may move a probability one way only")
    append: Annotated[Templates, Field(min_length=1)] = Field(description="one of these is put at the end of the text")
    must_not_raise: ClassName | None = Field(None, description="the class that must not become more probable")
    must_not_lower: ClassName | None = Field(None, description="the class that must not become less probable")
    tolerance: float = Field(0.05, ge=0, le=1, description="by how much of the probability it may, all the same")


BehaviourTest = Annotated[MinimumFunctionality | Invariance | Directional, Field(discriminator="kind")]
TESTS = (MinimumFunctionality, Invariance, Directional)


class Suite(Part):
    """Tests of a model's behaviour; the gate refuses a model that fails one beyond its limit."""

    seed: int = Field(0, ge=0, le=2**31 - 1, description="the same one gives the same cases")
    lexicons: Annotated[dict[Key, Lexicon], Field(max_length=200)] = Field(
        default_factory=dict,
        description="words by name, in a list or in groups; groups are slices: name: {women: [Mary], men: [John]}",
    )
    tests: Annotated[tuple[BehaviourTest, ...], Field(min_length=1, max_length=200)] = Field(
        description="each of a kind: minimum-functionality, invariance, directional"
    )


def slots(template: str) -> list[tuple[str, str | None]]:
    """(lexicon, group or None) of each placeholder, in order.

    Raises:
        ValueError: a brace is of no placeholder.
    """
    rest = _SLOT.sub("", template)
    if "{" in rest or "}" in rest:
        raise ValueError("a brace belongs to no placeholder: {lexicon} or {lexicon:group} is wanted")
    return [(found[1], found[2]) for found in _SLOT.finditer(template)]


def with_words(template: str, words: Mapping[tuple[str, str | None], str]) -> str:
    """The template with a word for each of its `slots`, in one pass: braces in words stay what they are."""
    return _SLOT.sub(lambda found: words[found[1], found[2]], template)


def words_of(lexicon: Any, group: str | None = None) -> list[tuple[str, str | None]]:
    """(word, its group or None) of a lexicon or of one group of it, each once."""
    if not isinstance(lexicon, Mapping):
        return [(word, None) for word in dict.fromkeys(lexicon)]
    chosen = lexicon if group is None else {group: lexicon[group]}
    return list(dict.fromkeys((word, name) for name, words in chosen.items() for word in words))


def grouped(lexicon: Any) -> tuple[str, ...]:
    """Names of its groups; none where it is a list."""
    return tuple(lexicon) if isinstance(lexicon, Mapping) else ()
