"""The demo's data: 4,200 tweets, each graded from -4 to 4 by 20 to 99 people (Hutto & Gilbert, ICWSM 2014).

The same archive has three more sets, graded alike: snippets of film reviews, of product reviews and of editorials.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
import statistics
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from towpath.core.errors import RejectedError
from towpath.preparation.quality.text import wording

__all__ = ["SDIST_SHA256", "SETS", "Tweet", "read_sdist", "split"]

SDIST_SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
_INNER_SHA256 = "d5bb07d87474b3eb8d30b4deccbc23f19d742a6c5718fbacc65485b70b95c5fa"
_INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
# By our name of a set: what its documents are called, and the archive's name of it.
SETS = {
    "tweets": ("tweet", "tweets"),
    "movies": ("movie", "movieReviewSnippets"),
    "amazon": ("amazon", "amazonReviewSnippets"),
    "nyt": ("nyt", "nytEditorialSnippets"),
}
_TEXTS = "hutto_ICWSM_2014/{}_GroundTruth.txt"
_RATINGS = "hutto_ICWSM_2014/{}_anonDataRatings.txt"
_MAX_BYTES = 8 * 1024 * 1024
_LOWEST, _HIGHEST = -4, 4


@dataclass(frozen=True)
class Tweet:
    """`ratings`: one whole grade from -4 to 4 of each rater, in the file's order."""

    document_id: str
    text: str
    ratings: tuple[int, ...]

    @property
    def mean(self) -> float:
        """Of its raters. The means published beside the texts differ for 198 tweets; the raters' own count here."""
        return statistics.fmean(self.ratings)


def read_sdist(archive: bytes, name: str = "tweets") -> list[Tweet]:
    """The tweets, or another of the `SETS`, in vaderSentiment's source archive. Nothing is written to disk.

    Raises:
        RejectedError: there is no such set, it is not the archive that was pinned, or not what was expected in it.
    """
    if name not in SETS:
        raise RejectedError(f"no set {name!r}: there are {', '.join(SETS)}")
    prefix, stem = SETS[name]
    _check("the archive of vaderSentiment 3.3.2", archive, SDIST_SHA256)
    inner = _member(archive, _INNER)
    _check(_INNER, inner, _INNER_SHA256)
    # One of the files begins with a byte order mark.
    texts, ratings = (_member(inner, each.format(stem)).decode("utf-8-sig") for each in (_TEXTS, _RATINGS))
    return parse(texts, ratings, prefix)


def parse(texts: str, ratings: str, prefix: str = "tweet") -> list[Tweet]:
    """Join texts (id, mean, HTML-escaped text) and ratings (id, mean, deviation, JSON list) by id.

    Raises:
        RejectedError: naming the line.
    """
    grades = dict(_grades(ratings))
    tweets = []
    for number, fields in _rows(texts, columns=3, name="texts"):
        if fields[0] not in grades:
            raise RejectedError(f"{prefix} {fields[0]} has no ratings", where=f"texts:{number}")
        tweets.append(Tweet(f"{prefix}-{fields[0]}", html.unescape(fields[2]).strip(), grades[fields[0]]))
    return tweets


def split(tweets: Sequence[Tweet], share: float, seed: int = 0) -> tuple[list[Tweet], list[Tweet]]:
    """`share` of the tweets to learn from, and the rest.

    By a hash of the words, so that order does not matter and that tweets which differ in case, spacing and punctuation
    only stay together: what is streamed later was not learned by heart.
    """

    def drawn(tweet: Tweet) -> tuple[bytes, str]:
        return hashlib.sha256(f"{seed}/{wording(tweet.text)}".encode()).digest(), tweet.document_id

    ordered = sorted(tweets, key=drawn)
    cut = round(share * len(ordered))
    return ordered[:cut], ordered[cut:]


def _grades(ratings: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    for number, fields in _rows(ratings, columns=4, name="ratings"):
        try:
            given = json.loads(fields[3])
        except ValueError as error:
            raise RejectedError(f"not a list: {error}", where=f"ratings:{number}") from error
        whole = isinstance(given, list) and all(type(each) is int and _LOWEST <= each <= _HIGHEST for each in given)
        if not whole or not given:
            raise RejectedError("not a list of grades from -4 to 4", where=f"ratings:{number}")
        yield fields[0], tuple(given)


def _rows(text: str, *, columns: int, name: str) -> Iterable[tuple[int, list[str]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        fields = line.rstrip("\r").split("\t")
        if len(fields) != columns:
            raise RejectedError(f"{len(fields)} columns where {columns} are wanted", where=f"{name}:{number}")
        yield number, fields


def _check(name: str, data: bytes, sha256: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise RejectedError(f"{name} is not what was pinned: its SHA-256 is {found}, not {sha256}")


def _member(archive: bytes, name: str) -> bytes:
    """One plain file of an archive, in memory, of bounded size."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            member = tar.getmember(name)
            file: IO[bytes] | None = tar.extractfile(member) if member.isfile() else None
            if file is None or member.size > _MAX_BYTES:
                raise RejectedError(f"not a plain file of at most {_MAX_BYTES} bytes", where=name)
            return file.read(_MAX_BYTES)
    except KeyError as error:
        raise RejectedError("not in the archive", where=name) from error
    except (tarfile.TarError, EOFError, OSError) as error:
        raise RejectedError(f"the archive cannot be read: {error}", where=name) from error
