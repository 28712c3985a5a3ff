"""What scoring over history costs beside the bare model: python tests/benchmarks/scoring.py BUNDLE TEXTS

TEXTS has one document a line. Processor seconds of all threads are counted, so that other programs on the machine count
little: of the model alone on a chunk, and of everything else on many of them, with a model that answers at once.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from towpath.core.service import StoreSettings
from towpath.model import Model, Prediction, manifest_sha256
from towpath.pipelines.scoring import BundleRef, Here, Place, open_documents, places, predict_over
from towpath.pipelines.scoring.score import CHUNK
from towpath.preparation.sources import Reading

_ROUNDS, _DOCUMENTS = 3, 16 * CHUNK


class AtOnce:
    """Answers as the model did, whatever is asked."""

    def __init__(self, model: Model, answers: Sequence[Prediction]) -> None:
        self.classes, self.release_id, self._answers = model.classes, model.release_id, answers

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        return list(islice(cycle(self._answers), len(texts)))


def seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def write(texts: list[str], folder: Path) -> None:
    table = pa.table({"documentId": [f"d{n}" for n in range(len(texts))], "text": texts})
    pq.write_table(table, folder / "documents.parquet")
    quoted = "".join(f'd{n},"{text.replace(chr(34), chr(34) * 2)}"\n' for n, text in enumerate(texts))
    (folder / "documents.csv").write_text("documentId,text\n" + quoted, encoding="utf-8")


def main(bundle: Path, file: Path) -> None:
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    texts = list(islice(cycle(lines), _DOCUMENTS))
    model, ref = Model.load(bundle), BundleRef(Place(bundle.resolve().as_uri()), manifest_sha256(bundle))
    answers = model.predict(texts[:100])
    places._models[(ref.sha256, None)] = AtOnce(model, answers)  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(texts, folder)

        def scored(source: str, to: str) -> None:
            opened = open_documents(str(folder / source), Reading(), StoreSettings())
            predict_over(opened, ref, folder / to, Here(), home=folder)

        for source in ("documents.parquet", "documents.csv"):
            ours, bare = [], []
            for number in range(_ROUNDS):
                ours.append(seconds(lambda number=number, source=source: scored(source, f"{source}.{number}")))
                at = number * CHUNK // 2
                bare.append(seconds(lambda at=at: model.predict(texts[at : at + CHUNK // 2])))
            each, alone = statistics.median(ours) / _DOCUMENTS, statistics.median(bare) / (CHUNK // 2)
            print(
                f"{source}: {each * 1e6:.0f} µs a document beside the model's {alone * 1e6:.0f} µs: +{each / alone:.2%}"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
