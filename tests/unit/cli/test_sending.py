"""towpath ingest: files become lines, lines are sent in pieces, an interruption is gone on from."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from towpath.cli.sending import PIECE_LINES, Bookmark, Sent, send
from towpath.core.errors import RejectedError, RetryableError
from towpath.preparation.sources.rows import lines_of


class Ingestion:
    """Answers as ingestion does; refuses lines that say so, is away for requests that it is told."""

    def __init__(self, away: set[int] | None = None) -> None:
        self.away, self.requests, self.lines = away or set(), 0, list[bytes]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.requests in self.away:
            return httpx.Response(503, json={"detail": "Kafka is away"})
        lines = request.content.splitlines()
        bad = [{"line": n, "detail": "bad"} for n, line in enumerate(lines, 1) if b"bad" in line]
        self.lines += [line for line in lines if b"bad" not in line]
        return httpx.Response(202, json={"accepted": len(lines) - len(bad), "rejected": len(bad), "problems": bad})

    def client(self) -> httpx.Client:
        return httpx.Client(base_url="http://ingestion", transport=httpx.MockTransport(self))


def numbered(count: int) -> list[bytes]:
    return [b"line %d" % n for n in range(1, count + 1)]


def test_pieces_arrive_once_and_bad_lines_keep_their_number() -> None:
    ingestion, lines = Ingestion(away={2}), numbered(2 * PIECE_LINES + 5)
    lines[PIECE_LINES + 6] = b"bad"
    sent = send(ingestion.client(), "documents", iter(lines), pause=lambda _: None)
    assert (sent.accepted, sent.rejected, sent.last_line) == (len(lines) - 1, 1, len(lines))
    assert sent.problems == [(PIECE_LINES + 7, "bad")]
    assert ingestion.lines == [line for line in lines if line != b"bad"]


def test_what_was_interrupted_goes_on_where_it_was(tmp_path: Path) -> None:
    file, lines = tmp_path / "tweets.ndjson", numbered(3 * PIECE_LINES)
    file.write_bytes(b"\n".join(lines))
    mark = Bookmark.of(tmp_path, file, "documents", "http://ingestion")
    broken = Ingestion(away=set(range(2, 100)))

    def note(sent: Sent) -> None:
        mark.set(sent.last_line)

    with pytest.raises(RetryableError, match="run the same command again"):
        send(broken.client(), "documents", lines_of(file, {}), on_progress=note, pause=lambda _: None)
    assert mark.line() == PIECE_LINES
    mended = Ingestion()
    again = Bookmark.of(tmp_path, file, "documents", "http://ingestion")
    sent = send(mended.client(), "documents", lines_of(file, {}), skip=again.line(), on_progress=note)
    assert broken.lines + mended.lines == lines
    assert (sent.last_line, mark.line()) == (len(lines), len(lines))
    file.write_bytes(b"other")
    assert Bookmark.of(tmp_path, file, "documents", "http://ingestion").line() == 0


def test_csv_tsv_and_parquet_become_what_ingestion_takes(tmp_path: Path) -> None:
    wanted = [
        {"text": 'Grüße, "Welt"', "documentId": "1", "attributes": {"product": "x"}},
        {"text": "second", "documentId": "2"},
    ]
    (tmp_path / "a.csv").write_text('body,id,attributes.product\n"Grüße, ""Welt""",1,x\nsecond,2,\n', "utf-8")
    columns = {"text": "body", "documentId": "id"}
    pq.write_table(
        pa.table({"body": ['Grüße, "Welt"', "second"], "id": ["1", "2"], "attributes.product": ["x", None]}),
        tmp_path / "a.parquet",
    )
    for name in ("a.csv", "a.parquet"):
        assert [json.loads(line) for line in lines_of(tmp_path / name, columns)] == wanted
    (tmp_path / "r.tsv").write_text("documentId\traterId\tscore\nd\tr\t-2.5\n")
    (row,) = lines_of(tmp_path / "r.tsv", {})
    assert json.loads(row) == {"documentId": "d", "raterId": "r", "classLabel": {"score": -2.5}}


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"no parquet")
    for name, reason in (("a.pkl", "only .ndjson"), ("a.parquet", "not Parquet")):
        (tmp_path / name).touch()
        with pytest.raises(RejectedError, match=reason):
            list(lines_of(tmp_path / name, {}))
