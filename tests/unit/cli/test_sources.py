"""What towpath ingest reads, and that nothing is lost on the way: it is taken, or refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from towpath.cli.account import refused_file, send_items
from towpath.core.errors import NotFoundError, RejectedError, RetryableError
from towpath.core.service import StoreSettings
from towpath.core.stream import Codec, MemoryBroker, Registry
from towpath.ingestion.bootstrap import build
from towpath.ingestion.settings import IngestionSettings
from towpath.preparation.formats.ground_truth import read_ground_truth
from towpath.preparation.formats.label_studio import Naming, read_export
from towpath.preparation.sources import Format, Item, Reading, open_source
from towpath.preparation.sources.shaping import unescaped
from towpath.v1 import Document

NONE = StoreSettings()


def read(place: Path | str, store: StoreSettings = NONE, **how: Any) -> list[Item]:
    return list(open_source(str(place), Reading(**how), store).items())


def rows(place: Path | str, **how: Any) -> list[Any]:
    """What would be sent; nothing may be refused."""
    items = read(place, **how)
    assert [each.refused for each in items] == [""] * len(items)
    return [json.loads(each.data or b"") for each in items]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def make(name: str, content: str | bytes) -> Path:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


Write = Callable[[str, str | bytes], Path]


def test_a_file_without_a_header_with_escapes_and_lone_quotes_is_read_as_it_is(write: Write) -> None:
    """As the files of SemEval-2017 are."""
    file = write(
        "tweets.tsv",
        '264183816548130816\tpositive\tI\\u2019m here \\ud83d\\ude00 &amp; "well\n'
        '264249301910310912\tnegative\t"whole"\t\n264249301910310913\tneutral\ttext\twith a tab\n',
    )
    how: dict[str, Any] = {"header": ("documentId", "attributes.label", "text"), "unescape": True, "snowflakes": True}
    first, second, third = read(file, constants={"source": "twitter", "language": "en"}, **how)
    assert json.loads(first.data or b"") == {
        "documentId": "264183816548130816",
        "text": 'I’m here 😀 & "well',
        "attributes": {"label": "positive"},
        "source": "twitter",
        "language": "en",
        "createdAt": "2012-11-02T01:55:04.820Z",
    }
    assert json.loads(second.data or b"")["text"] == '"whole"'
    assert (third.line, third.data, third.refused) == (3, None, "4 columns, 3 are named")
    assert third.original == b"264249301910310913\tneutral\ttext\twith a tab"


def test_the_same_file_gives_annotations_too(write: Write) -> None:
    file = write("tweets.tsv", "264183816548130816\tpositive\ttext\n")
    (row,) = rows(
        file, kind="annotations", header=("documentId", "label", "-"), constants={"raterId": "semeval"}, snowflakes=True
    )
    assert row == {
        "documentId": "264183816548130816",
        "raterId": "semeval",
        "classLabel": {"label": "positive"},
        "createdAt": "2012-11-02T01:55:04.820Z",
    }


def test_an_id_without_a_time_in_it_is_told(write: Write) -> None:
    (item,) = read(write("a.csv", "documentId,text\nabc,x\n"), snowflakes=True)
    assert (item.line, "no time is in the id 'abc'" in item.refused) == (2, True)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r"y\u2019all", "y’all"),
        (r"\ud83d\ude00 \U0001f600", "😀 😀"),
        (r"lone \ud83d stays", r"lone \ud83d stays"),
        (r"\u0000 \u001b[31m stay", r"\u0000 \u001b[31m stay"),
        ("&lt;3 &amp;amp; &#8217;", "<3 &amp; ’"),
        (r"C:\users \u12", r"C:\users \u12"),
    ],
)
def test_escapes_become_characters_and_what_is_none_stays(text: str, wanted: str) -> None:
    assert unescaped(text) == wanted


def test_columns_that_no_field_is_named_after_stop_everything_until_told(write: Write) -> None:
    file = write("a.csv", "body,retweets,text id\nx,3,7\n")
    with pytest.raises(RejectedError, match=r"a\.csv: no field is named after retweets, text id, --keep-columns"):
        read(file, columns={"text": "body"})
    assert rows(file, columns={"text": "body", "documentId": "text id"}, keep_columns=True) == [
        {"text": "x", "documentId": "7", "attributes": {"retweets": "3"}}
    ]
    assert rows(file, columns={"text": "body"}, keep_columns=False) == [{"text": "x"}]
    with pytest.raises(RejectedError, match="no column 'tweet'; there are body, retweets"):
        read(file, columns={"text": "tweet"})
    pq.write_table(pa.table({"text": ["x"], "n": [1]}), file.with_suffix(".parquet"))
    with pytest.raises(RejectedError, match="named after n,"):
        read(file.with_suffix(".parquet"))
    assert rows(file.with_suffix(".parquet"), keep_columns=True) == [{"text": "x", "attributes": {"n": "1"}}]


def test_bytes_of_another_encoding_are_refused_by_line_and_read_when_it_is_named(write: Write) -> None:
    file = write("a.csv", 'documentId,text\n1,ok\n2,"caf\né"\n3,ok\n'.encode("latin-1"))
    first, second, third = read(file)
    assert [each.refused for each in (first, third)] == ["", ""]
    assert (second.line, second.original) == (3, b'2,"caf\n\xe9"')
    assert second.refused == "text: not utf-8: byte 0xe9 at character 5; give --encoding"
    assert rows(file, encoding="latin-1")[1]["text"] == "caf\né"
    wide = write("wide.tsv", "text\nGrüße\n".encode("utf-16"))
    assert rows(wide, encoding="utf-16") == [{"text": "Grüße"}]
    lines = write("a.ndjson", '{"text": "é"}\n'.encode("latin-1"))
    assert rows(lines, encoding="latin-1") == [{"text": "é"}]
    with pytest.raises(RejectedError, match="no encoding 'klingon'"):
        Reading(encoding="klingon")


def test_a_quote_that_is_never_closed_is_told_with_its_line(write: Write) -> None:
    file = write("a.csv", 'text\nfine\n"open ' + ("x" * 1000 + "\n") * 1100)
    with pytest.raises(RejectedError, match=r"a\.csv: line 3: no table from here on.*--no-quotes"):
        read(file)
    assert rows(file, quoted=False)[1] == {"text": '"open ' + "x" * 1000}


def test_a_folder_of_texts_is_read_with_ids_of_its_paths(write: Write, tmp_path: Path) -> None:
    write("b.txt", "\ufeffplain\n")
    write("2026/nov/mail-1.txt", "deep\r\n")
    write("2026/Grüße an alle.txt", "odd name")
    write("2026/latin.txt", "one\ncaf\xe9".encode("latin-1"))
    write("large.txt", b"x" * 1_000_001)
    write("rows.csv", "text\nfrom a table\n")
    write("picture.png", b"\x89PNG")
    write(".git/config.txt", "hidden")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "in" / "leak.txt").symlink_to(tmp_path / "secret.txt")
    (tmp_path / "in" / "all").symlink_to(tmp_path / "outside")
    source = open_source(str(tmp_path / "in"), Reading(), NONE)
    items = list(source.items())
    taken = {json.loads(each.data)["text"]: json.loads(each.data) for each in items if each.data}
    assert set(taken) == {"plain", "deep", "odd name", "from a table"}
    assert taken["deep"] == {
        "documentId": "in:2026:nov:mail-1.txt",
        "text": "deep",
        "source": "in",
        "attributes": {"path": "2026/nov/mail-1.txt"},
    }
    assert taken["odd name"]["documentId"].startswith("file-")
    refused = {each.file: (each.line, each.refused) for each in items if each.refused}
    assert refused == {
        "2026/latin.txt": (2, "not utf-8: byte 0xe9; give --encoding"),
        "all": (1, "a link to a folder is not followed"),
        "large.txt": (1, "1000001 bytes, at most 1000000 are read as one document"),
        "leak.txt": (1, "a link that leads out of the folder"),
    }
    assert dict(source.passed_over) == {".png": 1}
    assert source.total() == len(items)


def test_one_bad_file_of_a_folder_does_not_stop_the_others(write: Write, tmp_path: Path) -> None:
    write("a.parquet", b"no parquet")
    write("b.csv", "text\nx\n")
    bad, good = read(tmp_path / "in")
    assert (bad.file, "not Parquet" in bad.refused, good.refused) == ("a.parquet", True, "")
    with pytest.raises(RejectedError, match="not Parquet"):
        read(tmp_path / "in" / "a.parquet")
    with pytest.raises(NotFoundError, match="no such file or folder"):
        read(tmp_path / "nothing")
    with pytest.raises(RejectedError, match=r"only \.ndjson"):
        read(write("a.pkl", b""))


def test_tasks_of_label_studio_are_the_documents_that_its_annotations_are_of(write: Write) -> None:
    said = {
        "id": 1, "completed_by": 7, "created_at": "2026-11-01T10:00:00Z", "updated_at": "2026-11-01T10:00:00Z",
        "result": [{"type": "choices", "value": {"choices": ["negative"]}}],
    }  # fmt: skip
    tasks = [
        {"id": 1, "data": {"text": "derived"}, "annotations": [said]},
        {"id": 2, "data": {"text": "known", "document_id": "doc-2", "source": "mail"}},
        {"id": 3, "data": {"image": "x.png"}},
    ]
    file = write("export.json", json.dumps(tasks, indent=1))
    first, second, third = read(file)
    (annotation,) = read_export(file.read_text(), Naming("label-studio")).annotations
    assert json.loads(first.data or b"") == {
        "documentId": annotation.document_id, "text": "derived", "source": "label-studio",
    }  # fmt: skip
    assert json.loads(second.data or b"") == {"documentId": "doc-2", "text": "known", "source": "mail"}
    assert (third.line, "neither document_id nor text" in third.refused) == (3, True)
    with pytest.raises(RejectedError, match="towpath labels import --from label-studio"):
        read(file, kind="annotations")
    with pytest.raises(RejectedError, match="half a file"):
        read(write("half.json", json.dumps(tasks)[:-20]))


def test_manifests_of_ground_truth_are_the_documents_that_its_labels_are_of(write: Write) -> None:
    label = {"label": 0, "label-metadata": {"class-name": "negative", "human-annotated": "yes", "job-name": "j"}}
    lines = [{"source": "some text", **label}, {"source-ref": "s3://bucket/a.txt"}, {"source": "y", "document_id": "d"}]
    for name in ("in.manifest", "in.jsonl"):
        file = write(name, "\n".join(map(json.dumps, lines)))
        first, second, third = read(file)
        (annotation,) = read_ground_truth(json.dumps(lines[0]), "ground-truth").annotations
        assert json.loads(first.data or b"")["documentId"] == annotation.document_id
        assert "s3://bucket/a.txt: ingest that" in second.refused
        assert json.loads(third.data or b"") == {"documentId": "d", "text": "y", "source": "ground-truth"}


def test_lines_of_json_get_constants_and_characters(write: Write) -> None:
    lines = write("a.ndjson", '\ufeff{"text": "a &amp; b", "source": "own"}\n\n{"text": "c"}\nno json\n')
    first, second, third = read(lines, unescape=True, constants={"source": "twitter"}, format=Format.ndjson)
    assert json.loads(first.data or b"") == {"text": "a & b", "source": "own"}
    assert json.loads(second.data or b"") == {"text": "c", "source": "twitter"}
    assert (third.line, "not JSON" in third.refused) == (4, True)


def test_a_bucket_is_read_like_a_folder(s3: Any, write: Write, tmp_path: Path) -> None:
    import boto3

    write("day=1/part 0.csv", "text\nfrom csv\n")
    write("day=2/mail.txt", "from txt")
    write("day=2/x.bin", "x")
    store = s3.store("p")
    client = boto3.client("s3", endpoint_url=s3.url, region_name="us-east-1")
    for name in ("day=1/part 0.csv", "day=2/mail.txt", "day=2/x.bin"):
        client.upload_file(str(tmp_path / "in" / name), s3.bucket, f"p/docs/{name}")
    client.close()
    told = StoreSettings(url=store.url.url, endpoint_url=s3.url, region="us-east-1")
    place = f"s3://{s3.bucket}/p/docs"
    source = open_source(place, Reading(), told)
    assert [json.loads(each.data or b"")["text"] for each in source.items()] == ["from csv", "from txt"]
    assert (source.name, dict(source.passed_over), source.total()) == ("docs", {".bin": 1}, None)
    (one,) = read(f"{place}/day=2/mail.txt", store=told)
    assert (one.file, json.loads(one.data or b"")["source"]) == ("mail.txt", "day=2")
    with pytest.raises(NotFoundError, match="no such"):
        read(f"s3://{s3.bucket}/nothing", store=told)
    s3.stop()
    with pytest.raises(RetryableError, match="cannot be read"):
        read(place, store=told)
    s3.start()


class Ingestion:
    """The real one, in process, on a broker of its own."""

    def __init__(self) -> None:
        self.broker, self.registry = MemoryBroker(), Registry.load()
        self.broker.create_topics(self.registry.specs())
        app = build(IngestionSettings(), broker=self.broker).app
        assert app is not None
        self.client: httpx.Client = TestClient(app)

    def texts(self) -> list[str]:
        with self.broker.consumer([self.registry.full_name("documents")], group=None) as reader:
            records = reader.poll(timeout_s=0, max_records=100_000).records
        return [Codec().decode(each, Document).message.text for each in records]


def test_all_that_was_refused_is_written_with_its_line_reason_and_original(write: Write, tmp_path: Path) -> None:
    lines = [b"text" + b",language"] + [b"good %d,en" % n if n % 2 else b"bad %d,no/language" % n for n in range(3000)]
    lines[10] = b"caf\xe9,en"
    file, out, ingestion = write("a.csv", b"\n".join(lines)), tmp_path / "refused.ndjson", Ingestion()
    with refused_file(out, again=False) as note:
        account = send_items(ingestion.client, "documents", iter(read(file)), on_refused=note)
    assert (account.items, account.accepted, account.refused) == (3000, 1499, 1501)
    told = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(told) == 1501
    assert {each["line"] for each in told} == {n for n in range(2, 3002) if n % 2 == 0 or n == 11}
    undecodable = next(each for each in told if each["line"] == 11)
    assert (undecodable["file"], undecodable["original"]) == ("a.csv", r"caf\xe9,en")
    assert sorted(account.reasons.values()) == [1, 1500], "reasons are counted without what differs from line to line"
    assert len(ingestion.texts()) == 1499


def test_an_interruption_goes_on_where_it_was_and_keeps_what_was_refused(write: Write, tmp_path: Path) -> None:
    file = write("a.csv", "text\n" + "".join(f"line {n}\n" if n != 7 else "a,b\n" for n in range(2500)))
    ingestion, out, reached = Ingestion(), tmp_path / "refused.ndjson", list[int]()
    source = open_source(str(file), Reading(), NONE)

    def interrupt(_: Any) -> None:
        reached.append(1000)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), refused_file(out, again=False) as note:
        send_items(ingestion.client, "documents", source.items(), on_piece=interrupt, on_refused=note)
    with refused_file(out, again=True) as note:
        account = send_items(ingestion.client, "documents", source.items(), skip=reached[0], on_refused=note)
    assert account.items == 2500
    assert sorted(ingestion.texts()) == sorted(f"line {n}" for n in range(2500) if n != 7)
    assert len(out.read_text().splitlines()) == 1


def test_a_source_is_another_when_a_file_or_its_reading_is(write: Write) -> None:
    file = write("a.csv", "text\nx\n")
    version = open_source(str(file), Reading(), NONE).version
    assert open_source(str(file), Reading(), NONE).version == version
    assert open_source(str(file), Reading(unescape=True), NONE).version != version
    assert open_source(str(file), Reading(kind="feedback"), NONE).version != version
    file.write_text("text\nxy\n")
    assert open_source(str(file), Reading(), NONE).version != version
