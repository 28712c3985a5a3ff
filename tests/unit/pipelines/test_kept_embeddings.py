"""Embeddings by text: right ones and the same bits, whatever was kept, cut, changed or removed before."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from towpath.model.build import Encoder, EncoderFolder
from towpath.model.build.tiny import build_tiny_encoder
from towpath.pipelines.snapshots.purging import purge_caches
from towpath.pipelines.steps import encode
from towpath.pipelines.steps.encode import embed
from towpath.pipelines.steps.kept import FILE_ROWS, Kept

_TEXTS = st.lists(st.text("ab ", max_size=12), max_size=12)
_WIDTH = 3


def row_of(text: str) -> np.ndarray:
    return np.array([len(text), text.count("a"), text.count("b")], dtype=np.float32)


def added(kept: Kept, texts: list[str]) -> None:
    kept.keep({kept.key(each): row_of(each) for each in texts})


@given(st.lists(_TEXTS.filter(bool), max_size=8), _TEXTS)
@settings(max_examples=60, deadline=None)
def test_what_was_kept_is_found_and_nothing_else(calls: list[list[str]], asked: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept = Kept(Path(folder), "one", _WIDTH)
        for each in calls:
            added(kept, each)
        found = Kept(Path(folder), "one", _WIDTH).find(map(Kept.key, asked))
        known = {text for each in calls for text in each}
        assert set(found) == {Kept.key(each) for each in asked if each in known}
        assert all(found[Kept.key(each)].tolist() == row_of(each).tolist() for each in asked if each in known)
        assert not Kept(Path(folder), "another", _WIDTH).find(map(Kept.key, known)), "another encoder's are not found"


@given(st.lists(st.text("ab ", max_size=9), min_size=1, max_size=6, unique=True), st.data())
@settings(max_examples=60, deadline=None)
def test_a_file_that_was_changed_or_cut_is_removed_and_never_believed(texts: list[str], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept = Kept(Path(folder), "one", _WIDTH)
        added(kept, texts)
        (file,) = Path(folder).iterdir()
        whole = file.read_bytes()
        at = data.draw(st.integers(0, len(whole) - 1))
        cut = data.draw(st.booleans())
        file.write_bytes(whole[:at] if cut else whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        found = kept.find(map(Kept.key, texts))
        assert all(found[Kept.key(each)].tolist() == row_of(each).tolist() for each in texts if Kept.key(each) in found)
        added(kept, texts)
        assert len(kept.find(map(Kept.key, texts))) == len(texts), "and it is kept again"


def test_many_small_additions_become_few_files(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "one", _WIDTH)
    texts = [str(number) for number in range(FILE_ROWS // 8)]
    for each in texts:
        added(kept, [each])
    assert len(list(tmp_path.iterdir())) <= 12
    assert len(kept.find(map(Kept.key, texts))) == len(texts)


def test_what_was_of_use_the_longest_ago_goes_first(tmp_path: Path) -> None:
    one = Kept(tmp_path, "one", 1024)
    wide = {Kept.key(each): np.full(1024, 1, dtype=np.float32) for each in ("a", "b", "c")}
    for number, (key, row) in enumerate(wide.items()):
        Kept(tmp_path, f"encoder {number}", 1024).keep({key: row})
    a, b, c = (Kept(tmp_path, f"encoder {number}", 1024, most_bytes=13_000) for number in range(3))
    assert a.find([Kept.key("a")])
    one = Kept(tmp_path, "one", 1024, most_bytes=13_000)
    one.keep({Kept.key("d"): wide[Kept.key("a")]})
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 13_000
    assert a.find([Kept.key("a")])
    assert not b.find([Kept.key("b")])
    assert c.find([Kept.key("c")])
    assert one.find([Kept.key("d")])


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> EncoderFolder:
    return build_tiny_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that an encoder was given."""
    seen: list[str] = []

    class Counted(Encoder):
        def embed(self, texts: list[str]) -> np.ndarray:  # type: ignore[override]
            seen.extend(texts)
            return super().embed(texts)

    monkeypatch.setattr(encode, "Encoder", Counted)
    return seen


def test_a_renewal_embeds_only_texts_that_are_new(tmp_path: Path, tiny: EncoderFolder, embedded: list[str]) -> None:
    old = [f"text {number} of them" for number in range(200)]
    first = embed(old, tiny, tmp_path)
    assert sorted(embedded) == sorted(old)
    embedded.clear()
    both = embed([*old[::-1], "a new one", old[3], "a new one"], tiny, tmp_path)
    assert embedded == ["a new one"]
    assert np.array_equal(both[:200], first[::-1])
    assert np.array_equal(both[200], both[202])
    assert np.array_equal(both[201], first[3])
    assert np.allclose(both[200], Encoder(tiny).embed(["a new one"])[0], atol=1e-5)


@given(_TEXTS, _TEXTS)
@settings(max_examples=15, deadline=None)
def test_what_is_kept_changes_no_bit(tiny: EncoderFolder, before: list[str], texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as used, tempfile.TemporaryDirectory() as fresh:
        embed(before, tiny, Path(used))
        again = embed(texts, tiny, Path(used))
        assert again.shape == (len(texts), int(tiny.description["hidden"]))
        assert again.tobytes() == embed(texts, tiny, Path(fresh)).tobytes()


def test_long_texts_that_are_read_whole_are_kept_apart(tmp_path: Path, tiny: EncoderFolder) -> None:
    long = " ".join(["a good morning, and a bad evening"] * 200)
    cut, whole = embed([long], tiny, tmp_path), embed([long], tiny, tmp_path, windows=True)
    assert not np.array_equal(cut, whole)
    assert np.array_equal(embed([long], tiny, tmp_path), cut)


def test_forgetting_takes_all_that_is_kept(tmp_path: Path, tiny: EncoderFolder) -> None:
    embed(["to be forgotten"], tiny, tmp_path / "cache")
    assert purge_caches(tmp_path) == 1
    assert not list((tmp_path / "cache").iterdir())
