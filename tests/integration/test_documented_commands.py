"""Every command of the documents, typed in an installation of its own, in the order in which a user comes to them."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from towpath.cli.local.ports import choose_port
from towpath.cli.local.state import Up
from towpath.core.service import KafkaSettings
from towpath.core.stream import KafkaBroker, Message
from towpath.model.build.tiny import build_tiny_bundle, build_tiny_encoder

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# tests/e2e types these; tests/unit/docs looks that it does.
ON_A_CLUSTER = ("README.md", "## On your cluster"), ("docs/kubernetes.md", "# On Kubernetes")
TYPED = ("towpath ", "curl ", "kcat ", "make ", "TOWPATH_", "python ")
ELSEWHERE = {
    "make demo": "test_demo runs it",
    "make test": "is running",
    "curl -s localhost:9090": "asks a pod, from the runbooks",
    "curl -s $MONITORING": "asks a pod, from the runbooks",
    'curl -s -H "X-API-Key: $KEY" $TRAINING': "asks a pod, from the runbooks",
    "python -m towpath.pipelines --run-id": "wants an S3 bucket; the Job's tests run it",
    "towpath predict --over s3://": "wants a Dask cluster: tests/unit/pipelines/scoring has one",
    "towpath labels connect": "wants a Label Studio: tests/integration/label_studio types it at the real one",
    "towpath labels tasks --": "likewise",
    "towpath labels reconcile": "likewise",
    "towpath labels import": "likewise, with files of each kind",
    "towpath labels next --count 100 --alert": "wants an alert: tests/unit/cli/test_labels_queue types it",
    "towpath data snapshot --as-of": "wants a past: tests/integration/test_snapshots has one",
    "towpath alerts show": "wants an alert: tests/unit/monitoring/test_alerts types it",
    "towpath alerts ack": "likewise",
    "towpath alerts resolve": "likewise",
    "towpath alerts unsilence": "wants a silence's id: likewise",
    "towpath release shadow": "wants a second release: tests/unit/training/test_rollouts_api types it",
    "towpath release canary": "likewise",
    "towpath release promote": "likewise",
    "towpath release rollback": "likewise",
    "kcat": "test_other_clients reads with the same librdkafka; the program itself is in no Python package",
}
FOLLOWS = "towpath tail predictions"
IMPORTED = "enc-103c81b1138b39698012925861"
# What a user does first comes first; a command that is in none of these comes where its page has it.
_KEPT = ("towpath data snapshot", "towpath data pin")
FIRST = (
    "towpath up",
    "towpath objective",
    "towpath ingest",
    "curl ",
    *_KEPT,
    "towpath model import",
    "towpath train",
    "TOWPATH_",
)
LAST = ("towpath lineage", "towpath data forget", "towpath dead-letters", "towpath status", "towpath down")
# No words of any lexicon: the model has to beat VADER.
WORDS = {"negative": ("zzz zzz", -3), "neutral": ("mmm mmm", 0), "positive": ("aaa aaa", 3)}
# What the page's tests are for English, these are for such words.
BEHAVIOUR = {
    "lexicons": {"number": [f"{n}" for n in range(40)]},
    "tests": [
        {
            "name": f"plain {kind} words",
            "kind": "minimum-functionality",
            "capability": "vocabulary",
            "limit": 0.2,
            "expect": kind,
            "templates": [f"{words} {{number}}"],
        }
        for kind, (words, _) in WORDS.items()
    ],
}


def typed_here(page: Path) -> str:
    """The page without its sections for a cluster."""
    text = page.read_text()
    for name, title in ON_A_CLUSTER:
        if page == ROOT / name:
            level = title.split()[0]
            text, cut = re.subn(rf"^{title}\n.*?(?=^{level} |\Z)", "", text, flags=re.DOTALL | re.MULTILINE)
            assert cut == 1, f"{name} has no section {title}"
    return text


def documented() -> list[str]:
    """Command lines, continuation lines joined, comments taken off; each once."""
    found: dict[str, None] = {}
    for page in PAGES:
        for line in re.sub(r"\\\n\s+", "", typed_here(page)).splitlines():
            if line.startswith("    ") and line.strip().startswith(TYPED):
                found[re.sub(r"\s{2,}#.*", "", line.strip())] = None
    return list(found)


def rank(line: str) -> int:
    for place, start in enumerate([*FIRST, "", *LAST]):
        if start and line.startswith(start) and "/models/" not in line:
            return place
    return len(FIRST)


class Installation:
    """A folder in which a user types."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ports, self.trained = folder, dict[str, str](), False
        encoder = build_tiny_encoder(folder / "encoder").path
        objective = yaml.safe_load((ROOT / "objective.yaml").read_text())
        objective["contract"]["readiness"]["minTestDocuments"] = 100
        objective["contract"]["behaviour"] = BEHAVIOUR
        (folder / "objective.yaml").write_text(yaml.safe_dump(objective))
        (folder / "labelling-guide.md").write_text((ROOT / "labelling-guide.md").read_text())
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOWPATH_")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**kept, "PATH": path, "TOWPATH_TRAINING_ENCODER": str(encoder)}
        (folder / "behaviour.yaml").write_text(yaml.safe_dump(BEHAVIOUR))
        self.background: list[subprocess.Popen[bytes]] = []
        self._write_inputs()

    def _write_inputs(self) -> None:
        random.seed(1)
        kinds = [random.choice(list(WORDS)) for _ in range(900)]
        rows = ["id,body"] + [f"tweet-{1000 + n},{WORDS[kind][0]} {n}" for n, kind in enumerate(kinds)]
        (self.folder / "tweets.csv").write_text("\n".join(rows))
        labelled = ["id,body,label"] + [f"new-{n},{WORDS[kind][0]} {n},{kind}" for n, kind in enumerate(kinds)]
        (self.folder / "labelled.csv").write_text("\n".join(labelled))
        rated = [
            {"documentId": f"tweet-{1000 + n}", "raterId": f"r{rater}", "classLabel": {"score": WORDS[kind][1]}}
            for n, kind in enumerate(kinds)
            for rater in range(3)
        ]
        (self.folder / "ratings.ndjson").write_text("\n".join(map(json.dumps, rated)))
        told = {"documentId": "tweet-1203", "source": "agent", "classLabel": {"label": "positive"}}
        (self.folder / "feedback.ndjson").write_text(json.dumps(told))
        shutil.copytree(ROOT / "tests" / "unit" / "model" / "data" / "encoders" / "mpnet", self.folder / "my-encoder")
        (self.folder / "semeval2017").mkdir()
        (self.folder / "semeval2017" / "a.tsv").write_text('264183816548130816\tpositive\tI\\u2019m "aaa\n')
        (self.folder / "tweets.ndjson").write_text('{"text": "one"}\n{"text": "two"}')

    def type(self, line: str) -> subprocess.CompletedProcess[str]:
        """Type it, with the ports and ids of this installation for those of the page."""
        for said, here in self.ports.items():
            line = line.replace(said, here)
        if line == FOLLOWS:
            line = f"timeout --preserve-status -s INT 8 {line}"  # Ctrl-C
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def learn_ports(self) -> None:
        up = Up.load(self.folder / ".towpath")
        assert up is not None
        urls = {each.name: each.url or "" for each in up.processes}
        self.ports = {
            "127.0.0.1:9092": up.bootstrap_servers,
            "http://127.0.0.1:8081": urls["ingestion"],
            "8083": str(choose_port()),
        }
        self.environment["TOWPATH_KAFKA_BOOTSTRAP_SERVERS"] = up.bootstrap_servers
        self.serving = urls["serving"]

    def poison(self) -> None:
        """A dead letter to look at; its place stands for the one in the documents."""
        settings = KafkaSettings(bootstrap_servers=self.environment["TOWPATH_KAFKA_BOOTSTRAP_SERVERS"])
        with KafkaBroker(settings) as broker:
            with broker.producer(client_id="test") as producer:
                producer.send([Message("towpath.documents", b"poison", b"p")], timeout_s=20)
            deadline = time.monotonic() + 60
            while not (
                found := re.search(r"towpath\.documents/\d+/\d+", self.type("towpath dead-letters list").stdout)
            ):
                assert time.monotonic() < deadline
        self.ports["towpath.documents/3/1042"] = found.group()

    def serve_in_background(self, line: str) -> None:
        for said, here in self.ports.items():
            line = line.replace(said, here)
        with (self.folder / "endpoint.log").open("wb") as log:
            self.background.append(
                subprocess.Popen(
                    ["bash", "-c", f"exec env {line}"],
                    cwd=self.folder,
                    env={**self.environment, "TOWPATH_SERVING_GRPC_PORT": str(choose_port())},
                    stdout=log,
                    stderr=log,
                )
            )
        wait_for(f"http://127.0.0.1:{self.ports['8083']}/readyz", self.folder / "endpoint.log")


def wait_for(url: str, log: Path | None = None) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < deadline, log.read_text()[-2000:] if log else url
        time.sleep(0.1)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    for process in made.background:
        process.terminate()
        process.wait(15)
    made.type("towpath down")


def test_every_documented_command_does_what_it_says(installation: Installation) -> None:
    lines = [line for line in documented() if not line.startswith(tuple(ELSEWHERE))]
    assert len(lines) > 15
    for line in sorted(lines, key=rank):
        if line.startswith("TOWPATH_"):
            installation.serve_in_background(line)
            continue
        if line.startswith("towpath dead-letters"):
            installation.poison()
        done = installation.type(line)
        assert done.returncode == expected(line, installation), f"{line}\n{done.stdout}\n{done.stderr}"
        if line == "towpath up":
            installation.learn_ports()
        elif line.startswith("towpath model import"):
            installation.ports[IMPORTED] = done.stdout.split()[0]
        elif line.startswith("towpath train"):
            wait_for(f"{installation.serving}/readyz")
            installation.trained = True
        assert re.search(shown_by(line), done.stdout), f"{line}\n{done.stdout}"
    assert not (installation.folder / ".towpath" / "up.json").exists()


def expected(line: str, installation: Installation) -> int:
    if line == FOLLOWS:
        return 130  # interrupted
    # A second model of the same data does not beat the first, and 3 is how that is said.
    return 3 if line.startswith("towpath train") and installation.trained else 0


def shown_by(line: str) -> str:
    """What a user sees who has typed `line`."""
    shown = {
        "curl": r'"accepted":\s*[12]|"outputs"|"predictions"',
        "towpath predict": "negative|neutral|positive",
        FOLLOWS + " ": r"(.+\n){5}",
        "towpath ingest": r"[1-9]\d* (documents|annotations|feedback)",
        "towpath train": "pass|fail",
        "towpath model import": "enc-",
        "towpath model encoders": "my-encoder  mpnet",
        "towpath lineage": "tweet-1203",
    }
    return next((pattern for start, pattern in shown.items() if line.startswith(start)), "")


def test_the_example_of_embedding_runs(tmp_path: Path) -> None:
    """The Python of choose.md, with a bundle where its ellipsis is. That of embed.md is run with the wheel alone."""
    bundle = build_tiny_bundle(tmp_path / ".towpath" / "bundles" / "rel-1")
    page = (ROOT / "docs" / "choose.md").read_text()
    code = re.search(r"((?:    .*\n|\n)*    from towpath.model import Model\n(?:    .*\n|\n)*)", page)
    assert code is not None
    program = re.sub(r"^    ", "", code.group(1), flags=re.MULTILINE).replace("rel-…", bundle.name)
    program = "texts = ['Great service!']\n" + program
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
