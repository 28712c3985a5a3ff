"""The data are what was pinned, and nothing of an archive reaches the disk."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.cli.demo import tweets
from towpath.cli.demo.fetch import sdist
from towpath.cli.demo.files import write_set
from towpath.cli.demo.tweets import Tweet, parse, read_sdist, split
from towpath.cli.material import read_material
from towpath.core.errors import RejectedError
from towpath.preparation.labels.icc import icc


def archive(members: dict[str, bytes | str]) -> bytes:
    """A .tar.gz; a member given as text is a symbolic link to it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


TEXTS = b"1\t0.9\tlate &amp; sorry\n2\t-1.0\tnever again\r\n"
RATINGS = b"1\t1.5\t0.5\t[1, 2]\n2\t-3\t0\t[-3]\n"


@pytest.fixture
def pinned(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """An archive of the same shape, pinned in the place of the real one."""
    inner = archive({tweets._TEXTS.format("tweets"): TEXTS, tweets._RATINGS.format("tweets"): RATINGS})
    outer = archive({tweets._INNER: inner})
    monkeypatch.setattr(tweets, "_INNER_SHA256", hashlib.sha256(inner).hexdigest())
    monkeypatch.setattr(tweets, "SDIST_SHA256", hashlib.sha256(outer).hexdigest())
    return outer


def test_texts_are_unescaped_and_joined_with_the_raters_own_mean(pinned: bytes) -> None:
    first, second = read_sdist(pinned)
    assert first == Tweet("tweet-1", "late & sorry", (1, 2))
    assert first.mean == 1.5, "the raters' own, not the 0.9 published beside the text"
    assert (second.text, second.mean) == ("never again", -3)


def test_a_set_that_is_not_there_is_named(pinned: bytes) -> None:
    with pytest.raises(RejectedError, match=r"'films'.*movies"):
        read_sdist(pinned, "films")


@pytest.mark.parametrize(
    ("name", "documents", "ratings", "single"),
    [
        ("tweets", 4200, 159_750, 0.783),
        ("movies", 10_605, 198_810, 0.799),
        ("amazon", 3708, 74_160, 0.820),
        ("nyt", 5190, 103_800, 0.532),
    ],
)
def test_the_raters_of_each_set_agree_as_was_published(name: str, documents: int, ratings: int, single: float) -> None:
    """ICC(1) of all grades, to the digits that others computed of the same archive."""
    every = read_sdist(sdist(), name)
    grades = np.array([grade for each in every for grade in each.ratings], dtype=float)
    document = np.repeat(np.arange(len(every)), [len(each.ratings) for each in every])
    assert (len(every), len(grades)) == (documents, ratings)
    assert round(icc(document, grades).single, 3) == single
    assert len({each.document_id for each in every}) == documents
    assert not any(each.document_id.startswith("\ufeff") or "\ufeff" in each.document_id for each in every)


def test_files_of_a_set_are_what_reports_read(tmp_path: Path) -> None:
    every = [Tweet("tweet-1", 'late "& sorry\u2028', (1, -4)), Tweet("tweet-2", "never", (0,))]
    assert write_set(every, tmp_path / "new") == (2, 3)
    read = read_material(tmp_path / "new" / "documents.ndjson", tmp_path / "new" / "annotations.ndjson", None)
    assert [(each.document_id, each.text) for each in read.documents] == [(e.document_id, e.text) for e in every]
    scores = [(each.document_id, each.rater_id, each.class_label.score) for each in read.annotations]
    assert scores == [("tweet-1", "rater-1", 1), ("tweet-1", "rater-2", -4), ("tweet-2", "rater-1", 0)]
    assert len({each.annotation_id for each in read.annotations}) == 3


def test_a_line_of_material_that_is_no_message_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text(
        '{"documentId": "d", "raterId": "r", "classLabel": {"score": 1}}\n{"rater": 1}\n'
    )
    with pytest.raises(RejectedError) as caught:
        read_material(None, tmp_path / "a.ndjson", None)
    assert caught.value.where == f"{tmp_path / 'a.ndjson'}:2"


def test_one_byte_changed_is_refused(pinned: bytes) -> None:
    with pytest.raises(RejectedError, match="not what was pinned"):
        read_sdist(pinned[:-1] + bytes([pinned[-1] ^ 1]))


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({}, "not in the archive"),
        ({"a": "/etc/passwd"}, "not a plain file"),
        ({"a": b"x" * 100}, "not a plain file of at most 50 bytes"),
    ],
)
def test_links_and_giants_are_refused(
    members: dict[str, bytes | str], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tweets, "_MAX_BYTES", 50)
    with pytest.raises(RejectedError, match=reason):
        tweets._member(archive(members), "a")


def test_what_is_no_archive_is_refused() -> None:
    with pytest.raises(RejectedError, match="cannot be read"):
        tweets._member(b"not gzip", "a")


@pytest.mark.parametrize(
    ("texts", "ratings", "where"),
    [
        ("1\t0\n", "1\t0\t0\t[1]\n", "texts:1"),
        ("1\t0\ta\n2\t0\tb\n", "1\t0\t0\t[1]\n", "texts:2"),
        ("1\t0\ta\n", "1\t0\t0\t[1\n", "ratings:1"),
        ("1\t0\ta\n", "1\t0\t0\t[5]\n", "ratings:1"),
        ("1\t0\ta\n", "1\t0\t0\t[true]\n", "ratings:1"),
        ("1\t0\ta\n", "1\t0\t0\t[]\n", "ratings:1"),
        ("1\t0\ta\n", "1\t0\t0\t{}\n", "ratings:1"),
    ],
)
def test_a_line_that_is_wrong_is_named(texts: str, ratings: str, where: str) -> None:
    with pytest.raises(RejectedError) as caught:
        parse(texts, ratings)
    assert caught.value.where == where


@given(count=st.integers(0, 60), share=st.floats(0, 1), seed=st.integers(0, 5), order=st.randoms())
def test_a_split_is_a_partition_that_does_not_depend_on_order(
    count: int, share: float, seed: int, order: object
) -> None:
    every = [Tweet(f"tweet-{n}", "text", (1,)) for n in range(count)]
    learn, unseen = split(every, share, seed)
    assert sorted([*learn, *unseen], key=str) == sorted(every, key=str)
    assert len(learn) == round(share * count)
    shuffled = list(every)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert split(shuffled, share, seed) == (learn, unseen)


def test_texts_that_differ_in_case_and_spaces_only_stay_together() -> None:
    every = [Tweet(f"tweet-{n}-{m}", text, (1,)) for n in range(50) for m, text in enumerate((f"a {n}", f" A  {n}"))]
    learn, _ = split(every, 0.5)
    sides = {tweet.document_id for tweet in learn}
    assert all((f"tweet-{n}-0" in sides) == (f"tweet-{n}-1" in sides) for n in range(50))


def test_the_cache_is_used_and_a_spoilt_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from towpath.cli.demo import fetch

    good, downloads = b"the archive", []
    monkeypatch.setenv("TOWPATH_CACHE", str(tmp_path))
    monkeypatch.setattr(fetch, "SDIST_SHA256", hashlib.sha256(good).hexdigest())
    monkeypatch.setattr(fetch, "_download", lambda: downloads.append(1) or good)
    assert fetch.sdist() == good
    assert fetch.sdist() == good
    assert len(downloads) == 1
    (tmp_path / "data" / fetch._NAME).write_bytes(b"cut off")
    assert fetch.sdist() == good
    assert len(downloads) == 2
