"""What a whole run shares: a Kafka, bundles, texts, a folder for logs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from towpath.cli.demo.fetch import sdist
from towpath.cli.demo.tweets import read_sdist
from towpath.cli.local import LocalKafka, choose_port
from towpath.core.objective import load_objective
from towpath.core.stream import KafkaBroker, Registry, TopicSpec
from towpath.model.batching import feed
from towpath.model.build import EncoderFolder, Head, build_encoder, merged, quantised, smoothed, write_bundle
from towpath.model.build.encoder import source_folder
from towpath.model.manifest import Lineage
from towpath.model.reading import Reader

__all__ = ["Place", "Scale", "build_bundles", "texts_of"]

ROOT = Path(__file__).parents[3]
CLASSES = ("negative", "neutral", "positive")
_SAMPLE = 256  # texts that show which columns of activations are large
BROKER_TIME = {"message.timestamp.type": "LogAppendTime"}


@dataclass(frozen=True)
class Scale:
    """How much of everything. `quick` is for seeing that it runs."""

    pairs: int = 5
    documents: int = 2000
    waiting: int = 1_000_000
    load_s: float = 16.0
    requests: int = 300

    @classmethod
    def quick(cls) -> Scale:
        return cls(pairs=1, documents=1100, waiting=5_000, load_s=4.0, requests=20)


@dataclass(frozen=True)
class Place:
    """`threads`: of inference, the same for all. Topics are led by a prefix each figure chooses."""

    folder: Path
    kafka: LocalKafka
    bundle: Path
    other_bundle: Path
    small_bundle: Path
    texts: tuple[str, ...]
    scale: Scale
    tell: Callable[[str], None]
    threads: int
    profile: bool = False

    @property
    def servers(self) -> str:
        return self.kafka.bootstrap_servers

    def create_topics(self, prefix: str) -> None:
        """Towpath's own, the peers' `PREFIXpeers` and `PREFIXrequests`. What comes out is stamped by the broker."""
        specs = []
        for each in Registry.load(prefix).specs():
            out = each.name == f"{prefix}predictions"
            specs.append(replace(each, config={**each.config, **BROKER_TIME}) if out else each)
        peers = [TopicSpec(f"{prefix}{name}", 6, BROKER_TIME) for name in ("peers", "requests")]
        with KafkaBroker(self.kafka.settings) as broker:
            broker.create_topics([*specs, *peers])

    def peer_environment(self) -> dict[str, str]:
        return {
            "BENCH_BUNDLE": str(self.bundle),
            "BENCH_ENCODER": str(source_folder()),
            "BENCH_HEAD": str(self.folder / "head.npz"),
            "BENCH_THREADS": str(self.threads),
            "BENCH_SERVERS": self.servers,
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "true",
        }

    def our_environment(self, prefix: str, group: str, *, bundle: Path | None) -> dict[str, str]:
        found = {
            "TOWPATH_KAFKA_BOOTSTRAP_SERVERS": self.servers,
            "TOWPATH_TOPIC_PREFIX": prefix,
            "TOWPATH_HOME": str(self.folder / "home"),
            "TOWPATH_HTTP_PORT": str(choose_port()),
            "TOWPATH_LOG_LEVEL": "WARNING",
            "TOWPATH_SERVING_GROUP": group,
            "TOWPATH_SERVING_INSTANCE": group,
            "TOWPATH_SERVING_THREADS": str(self.threads),
            "PYTHONPATH": str(ROOT / "tests"),
        }
        return found if bundle is None else {**found, "TOWPATH_SERVING_BUNDLE": str(bundle)}


def texts_of(folder: Path | None) -> tuple[str, ...]:
    """Different tweets in an order that means nothing: SemEval's files in `folder`, else vaderSentiment's 4,200."""
    if folder is None:
        texts = [each.text for each in read_sdist(sdist())]
    else:
        lines = [line for file in sorted(folder.glob("*.tsv")) for line in file.read_text("utf-8").split("\n")]
        texts = [line.split("\t")[2] for line in lines if line.count("\t") >= 2]
    kept = [each for each in dict.fromkeys(texts) if each.strip()]
    return tuple(kept[n] for n in np.random.default_rng(7).permutation(len(kept)))


def build_bundles(folder: Path, texts: Sequence[str]) -> tuple[Path, Path, Path]:
    """Two bundles of the real encoder with heads that mean nothing, and the first in int8, smoothed on some `texts`.

    Below `folder`, with head.npz for torch's peers. Speed does not depend on what a head says.
    """
    encoder, home = build_encoder(folder / "encoder"), folder / "home" / "bundles"
    heads = [_head(seed) for seed in (0, 1)]
    made = [_bundle(home / f"bench-{seed}", encoder, head, merged(encoder, head)) for seed, head in enumerate(heads)]
    reader = Reader((encoder.path / "tokenizer.json").read_bytes(), int(encoder.description["max_tokens"]))
    sample = [feed([each]) for each in reader.read(texts[:_SAMPLE]).ids]
    small = _bundle(home / "bench-int8", encoder, heads[0], quantised(smoothed(merged(encoder, heads[0]), sample)))
    np.savez(
        folder / "head.npz", coef=heads[0].coef.astype(np.float32), intercept=heads[0].intercept.astype(np.float32)
    )
    return made[0], made[1], small


def _head(seed: int) -> Head:
    random = np.random.default_rng(seed)
    return Head(random.normal(0, 4, (3, 384)), random.normal(0, 0.1, 3))


def _bundle(out: Path, encoder: EncoderFolder, head: Head, graph: bytes) -> Path:
    return write_bundle(
        out,
        name="tweet-sentiment",
        encoder=encoder,
        head=head,
        classes=CLASSES,
        objective_json=load_objective(ROOT / "objective.yaml").to_json(),
        lineage=Lineage(encoder=encoder.identity),
        graph=graph,
    )


def module(name: str) -> list[str]:
    """The command that runs a module of this bench in the product's own environment."""
    return [sys.executable, "-m", f"benchmarks.delivery.{name}"]
