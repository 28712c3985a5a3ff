"""What a prediction tells of its text: as many tokens as it has, read or not, each counted once."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import Unigram

from towpath.model import Model
from towpath.model.build.tiny import build_tiny_bundle
from towpath.model.reading import Reader
from towpath.model.sketch import sketch

TEXTS = ["Great service!", "", "漢字 and 漢字", "a long text " * 60, "Great service!"]
words = st.lists(st.sampled_from(["a", "bc", "x1", "漢", "🙂", "[UNK]", "[SEP]", "##", "!?"]), max_size=300)


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_bundle(tmp_path_factory.mktemp("input") / "tiny")


@given(texts=st.lists(words, max_size=4), max_tokens=st.integers(3, 64), windows=st.booleans())
def test_all_tokens_of_a_text_count_once_however_it_is_read(
    bundle: Path, texts: list[list[str]], max_tokens: int, windows: bool
) -> None:
    data = (bundle / "tokenizer.json").read_bytes()
    whole = Tokenizer.from_str(data.decode())
    whole.no_truncation()
    given_texts = [" ".join(each) for each in texts]
    ids = [whole.encode(each, add_special_tokens=False).ids for each in given_texts]
    pieces = Reader(data, max_tokens, windows=windows).read(given_texts)
    assert pieces.tokens.tolist() == [len(each) for each in ids]
    assert pieces.unknown.tolist() == [each.count(whole.token_to_id("[UNK]")) for each in ids]


def test_tokenizers_of_other_kinds_tell_what_they_do_not_know() -> None:
    some = Tokenizer(Unigram([("<unk>", 0.0), ("a", -1.0), ("b", -1.0)], unk_id=0, byte_fallback=False))
    assert Reader(some.to_str().encode(), 8).read(["abax"]).unknown.tolist() == [1]
    everything = json.loads(some.to_str())
    everything["model"]["unk_id"] = None
    pieces = Reader(json.dumps(everything).encode(), 8).read(["abab"])
    assert (pieces.tokens.tolist(), pieces.unknown.tolist()) == ([4], [0])


def test_predictions_tell_what_scores_say_in_their_order(bundle: Path) -> None:
    model = Model.load(bundle)
    scores, answers = model.scores(TEXTS), model.predict(TEXTS)
    told = [each.input for each in answers if each.input is not None]
    np.testing.assert_array_equal([each.sketch for each in told], sketch(scores.embeddings))
    assert [each.tokens for each in told] == scores.tokens.tolist() == [13, 0, 7, 540, 13]
    assert [each.unknown_tokens for each in told] == scores.unknown_tokens.tolist() == [0, 0, 4, 0, 0]
    assert told[0] == told[-1]
    json.dumps([asdict(each) for each in answers])
