"""A real bundle that is small: the same graph with one layer and random weights. For trying and testing."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import BertProcessing

from towpath.model.build.bundle import Head, write_bundle
from towpath.model.build.encoder import EncoderFolder, write_encoder
from towpath.model.build.graph import BertConfig
from towpath.model.manifest import Lineage

__all__ = ["build_tiny_bundle", "build_tiny_encoder"]

_CONFIG = BertConfig(hidden=32, layers=1, heads=2, epsilon=1e-12, max_tokens=64)
_INNER = 64
_OBJECTIVE = """{"contract":{"costs":{"askPerson":0.8,"matrix":{\
"negative":{"negative":0,"neutral":5,"positive":8},\
"neutral":{"negative":1,"neutral":0,"positive":0.5},\
"positive":{"negative":1,"neutral":0.5,"positive":0}},"unit":"EUR"}}}"""


def build_tiny_encoder(out: Path, *, seed: int = 0) -> EncoderFolder:
    """An encoder of one layer with random weights, in the folder `out`."""
    tokenizer = _tokenizer()
    weights = _weights(np.random.default_rng(seed), tokenizer.get_vocab_size())
    return write_encoder(out, f"tiny-{seed}", weights, _CONFIG, tokenizer)


def build_tiny_bundle(
    out: Path,
    *,
    seed: int = 0,
    name: str = "tweet-sentiment",
    classes: tuple[str, ...] = ("negative", "neutral", "positive"),
    objective_json: str = _OBJECTIVE,
    lineage: Lineage | None = None,
) -> Path:
    """A bundle in the folder `out` whose predictions depend on the text and mean nothing; `seed` makes another."""
    encoder = build_tiny_encoder(out.with_name(f".{out.name}.encoder"), seed=seed)
    random = np.random.default_rng(seed + 1)
    head = Head(random.normal(0, 4, (len(classes), _CONFIG.hidden)), random.normal(0, 0.1, len(classes)))
    return write_bundle(
        out,
        name=name,
        encoder=encoder,
        head=head,
        classes=classes,
        objective_json=objective_json,
        lineage=lineage or Lineage(encoder=encoder.identity),
    )


def _tokenizer() -> Tokenizer:
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    letters = list(string.ascii_lowercase + string.digits + string.punctuation)
    vocabulary = {token: n for n, token in enumerate([*marks, *letters, *(f"##{each}" for each in letters)])}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106 - a token of text, not a secret
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def _weights(random: np.random.Generator, words: int) -> dict[str, NDArray[np.float32]]:
    hidden = _CONFIG.hidden
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (words, hidden),
        "embeddings.position_embeddings.weight": (_CONFIG.max_tokens, hidden),
        "embeddings.token_type_embeddings.weight": (1, hidden),
    }
    layer = "encoder.layer.0."
    for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
        shapes |= {f"{layer}{part}.weight": (hidden, hidden), f"{layer}{part}.bias": (hidden,)}
    shapes |= {f"{layer}intermediate.dense.weight": (_INNER, hidden), f"{layer}intermediate.dense.bias": (_INNER,)}
    shapes |= {f"{layer}output.dense.weight": (hidden, _INNER), f"{layer}output.dense.bias": (hidden,)}
    weights = {name: random.normal(0, 0.2, shape).astype(np.float32) for name, shape in shapes.items()}
    for norm in ("embeddings", f"{layer}attention.output", f"{layer}output"):
        weights[f"{norm}.LayerNorm.weight"] = np.ones(hidden, dtype=np.float32)
        weights[f"{norm}.LayerNorm.bias"] = np.zeros(hidden, dtype=np.float32)
    return weights
