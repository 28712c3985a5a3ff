"""Cases from tests: the same by seed, bounded, never empty, and changed in nothing that a change must leave alone."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from towpath.core.objective import Suite
from towpath.core.objective.behaviour import PERTURBATIONS
from towpath.pipelines.behaviour import Labelled, cases_of
from towpath.pipelines.behaviour.perturbations import PERTURB, swapped
from towpath.pipelines.behaviour.templates import fill

WORD = st.text(st.characters(categories=["L", "N", "P"], exclude_characters="{}"), min_size=1, max_size=12)
TEXT = st.lists(
    st.one_of(
        WORD, st.sampled_from(["@someone", "#fail", "https://t.co/a1B2", "is not", "isn't", "I am", "10.5", "…"])
    ),
    min_size=1,
    max_size=20,
).map(" ".join)
LEXICONS = st.fixed_dictionaries(
    {
        "thing": st.lists(WORD, min_size=1, max_size=8),
        "name": st.fixed_dictionaries({"women": st.just(["Mary", "Aisha"]), "men": st.just(["John", "Ivan", "Wei"])}),
    }
)
TEMPLATES = ["{thing}", "{name} likes {thing} and {thing}", "{name:men} is here", "no gap"]
PROGRAMS = re.compile(r"[@#]|://|[0-9]")


def suite(lexicons: dict[str, Any], **test: Any) -> Suite:
    seed = test.pop("seed", 0)
    about = {"name": "a test", "capability": "c", "limit": 0.5, **test}
    return Suite.model_validate({"seed": seed, "lexicons": lexicons, "tests": [about]})


@given(LEXICONS, st.integers(1, 40), st.integers(0, 9))
def test_templates_are_filled_to_the_number_asked_for_the_same_by_seed(lexicons: Any, count: int, seed: int) -> None:
    for template in TEMPLATES:
        made = fill(template, lexicons, count, Random(seed))
        assert made == fill(template, lexicons, count, Random(seed))
        assert len(made) <= count
        for each in made:
            assert each.text.strip()
            assert "{" not in each.text
            if template == "{name} likes {thing} and {thing}":
                name, rest = each.text.split(" likes ", 1)
                assert name in lexicons["name"][dict(each.groups)["name"]]
                first, second = rest.split(" and ", 1)
                assert first == second  # one placeholder is one word


@given(LEXICONS, st.integers(1, 1000))
def test_a_sample_is_as_large_as_can_be_and_has_no_text_twice(lexicons: Any, count: int) -> None:
    given_words = set(lexicons["thing"])
    (test,) = suite(
        lexicons, kind="minimum-functionality", expect="x", templates=["The {thing}", "A {thing}"], cases=count
    ).tests
    cases = cases_of(test, suite(lexicons, kind="minimum-functionality", expect="x", templates=["x"])) or []
    texts = [each.text for each in cases]
    assert len(set(texts)) == len(texts) == min(count, 2 * len(given_words))


def test_millions_of_possible_texts_are_sampled_without_being_written_down() -> None:
    words = {f"w{n}": [f"{n}-{m}" for m in range(1000)] for n in range(6)}
    made = fill(" ".join(f"{{w{n}}}" for n in range(6)), words, 30, Random(0))
    assert len({each.text for each in made}) == 30


@given(TEXT, st.sampled_from(PERTURBATIONS), st.integers(0, 9))
def test_a_change_is_the_same_by_seed_and_leaves_addresses_tags_and_numbers(text: str, name: str, seed: int) -> None:
    changed = PERTURB[name](text, Random(seed))
    assert changed == PERTURB[name](text, Random(seed))
    assert changed.strip()
    for kept in filter(PROGRAMS.search, text.split()):
        assert kept.rstrip(".") in changed


@given(TEXT, st.integers(0, 9))
def test_each_change_is_what_its_name_says(text: str, seed: int) -> None:
    typo = PERTURB["typo"](text, Random(seed))
    assert sorted(typo) == sorted(text)
    assert sum(one != other for one, other in zip(text, typo, strict=True)) in (0, 2)
    plain = text.encode("ascii", "ignore").decode()
    for name in ("lower-case", "upper-case"):
        assert PERTURB[name](plain, Random(seed)).lower() == plain.lower()
    assert PERTURB["punctuation"](text, Random(seed)).rstrip(". ") == text.rstrip(". ")
    assert PERTURB["mention"](text, Random(seed)).endswith(f" {text}")
    assert PERTURB["url"](text, Random(seed)).startswith(f"{text} https://")


def test_contractions_are_written_out_or_made() -> None:
    for short, long in (
        ("It isn't good", "It is not good"),
        ("I can't, you won't", "I cannot, you will not"),
        ("They're late", "They are late"),
        ("I'm here and we'll see", "I am here and we will see"),
    ):
        assert PERTURB["contractions"](short, Random(0)) == long
        assert PERTURB["contractions"](long, Random(0)) == short
    for text in ("That is what they are", "John's car", "nothing"):
        assert PERTURB["contractions"](text, Random(0)) == text


@given(TEXT, st.sampled_from(["Mary", "John"]), st.integers(0, 9))
def test_a_swap_changes_that_word_alone_and_names_the_group_of_the_new_one(text: str, name: str, seed: int) -> None:
    words = [("Mary", "women"), ("Aisha", "women"), ("John", "men")]
    changed, group = swapped(f"{name} {text} {name}", words, Random(seed))
    new = changed.split(" ")[0]
    assert new != name
    assert dict(words)[new] == group
    assert changed == f"{new} {text} {new}"
    assert swapped(f"{name}land", words, Random(seed)) == (f"{name}land", None)


@given(st.lists(TEXT, max_size=40), st.integers(1, 50), st.integers(0, 5))
def test_cases_of_documents_are_bounded_changed_and_told_by_class(texts: list[str], most: int, seed: int) -> None:
    documents = [Labelled(text, f"class-{n % 2}") for n, text in enumerate(texts)]
    given_suite = suite({}, kind="invariance", documents=True, perturb=["typo", "url"], cases=most, seed=seed)
    (test,) = given_suite.tests
    cases = cases_of(test, given_suite, documents)
    assert cases == cases_of(test, given_suite, documents)
    assert cases is not None
    assert len(cases) <= most
    assert len(cases) >= min(most, len({each.text for each in documents}))  # a link can be put to any text
    for each in cases:
        assert each.text != each.before
        assert each.before in texts
        assert {by for by, _ in each.slices} == {"class", "change"}


def test_another_test_changes_nothing_of_the_cases_of_one() -> None:
    one = {"name": "one", "capability": "c", "limit": 0, "kind": "minimum-functionality", "expect": "x", "cases": 3}
    other = {**one, "name": "other"}
    lexicons = {"word": [f"w{n}" for n in range(50)]}
    alone, both = (
        Suite.model_validate({"lexicons": lexicons, "tests": [{**each, "templates": ["{word}"]} for each in tests]})
        for tests in ([one], [other, one])
    )
    assert cases_of(alone.tests[0], alone) == cases_of(both.tests[1], both)
    assert cases_of(both.tests[0], both) != cases_of(both.tests[1], both)


def test_an_addition_comes_at_the_end_and_no_documents_is_no_cases() -> None:
    given_suite = suite(
        {"bad": ["awful", "sad"]},
        kind="directional",
        documents=True,
        mustNotRaise="positive",
        append=["But it was {bad}."],
    )
    (test,) = given_suite.tests
    assert cases_of(test, given_suite) is None
    cases = cases_of(test, given_suite, [Labelled("Nice. ", "positive"), Labelled(" ", "negative")]) or []
    assert [each.before for each in cases] == ["Nice. "]
    assert cases[0].text in ("Nice. But it was awful.", "Nice. But it was sad.")
