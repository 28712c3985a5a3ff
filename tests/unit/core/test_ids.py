"""Ids: the same content gives the same id, other content another."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from towpath.core import ids
from towpath.core.stream import trace_id_of
from towpath.v1 import ClassLabel

texts = st.text(max_size=30)


@given(first=st.tuples(texts, texts), second=st.tuples(texts, texts))
def test_ids_are_equal_exactly_when_content_is(first: tuple[str, str], second: tuple[str, str]) -> None:
    assert (ids.document_id(*first) == ids.document_id(*second)) == (first == second)


def test_parts_do_not_run_into_each_other() -> None:
    assert ids.document_id("ab", "c") != ids.document_id("a", "bc")
    assert ids.prediction_id("d1", "rel") != ids.prediction_id("d", "1rel")


def test_ids_do_not_change_between_versions() -> None:
    """They are in people's topics: a change would make every replay a duplicate."""
    assert ids.document_id("twitter", "Great service!") == "doc-3445f6bdc4dfacb12672b85561921497"
    assert ids.prediction_id("doc-1", "rel-1") == "prd-10fcccf50609b86bf6c7d3cbfa6f9900"


@given(score=st.floats(allow_nan=False))
def test_an_annotation_of_another_score_is_another(score: float) -> None:
    one = ids.annotation_id("d", "r", ClassLabel(score=score))
    assert one == ids.annotation_id("d", "r", ClassLabel(score=score))
    assert one != ids.annotation_id("d", "r", ClassLabel(label="x"))
    assert one != ids.annotation_id("d", "r2", ClassLabel(score=score))


def test_new_ids_sort_by_time_and_look_like_ids() -> None:
    made = [ids.new_id("run") for _ in range(200)]
    assert made == sorted(set(made))
    assert all(re.fullmatch(r"run-[0-9a-f]{32}", each) for each in made)


def test_a_traceparent_is_one() -> None:
    assert len(trace_id_of(ids.new_traceparent())) == 32
    assert trace_id_of("nonsense") == trace_id_of(None) == ""
