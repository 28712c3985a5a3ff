"""A Kafka loop around sentence-transformers, which sorts by length and batches by itself; the head in numpy."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
warnings.simplefilter("ignore")

import kafka_loop  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402
from setting import BATCH, ENCODER, HEAD, THREADS  # noqa: E402


def main() -> None:
    torch.set_num_threads(THREADS)
    model = SentenceTransformer(str(ENCODER), device="cpu", local_files_only=True)
    head = np.load(HEAD)

    def predict(texts: list[str]) -> list[list[float]]:
        rows = model.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
        logits = rows @ head["coef"].T + head["intercept"]
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (odds / odds.sum(axis=1, keepdims=True)).tolist()

    kafka_loop.run(predict)


if __name__ == "__main__":
    main()
