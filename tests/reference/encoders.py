"""Make the small random encoders in tests/unit/model/data/encoders, and what the reference makes of texts with them.

The reference is PyTorch: transformers' models, pooled by sentence-transformers. Neither is in the environment that
Towpath is tested in, so what they compute is kept. docs/encoders.md says how to make it anew, in an environment of its
own. What is committed was made by torch 2.15.0, transformers 5.23.0,
sentence-transformers 6.2.0 and tokenizers 0.23.3 on one thread of an x86-64 processor. Made anew, weights are
the same; a tokenizer's ids differ where words are equally frequent, so tokenizers and references differ together.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    MPNetConfig,
    MPNetModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
)

OUT = Path(__file__).parents[1] / "unit" / "model" / "data" / "encoders"
WORDS = """\
the delivery was late again and nobody answered my three letters about it; what a lovely day in the park,
thanks to everyone who came! refund not received, order cancelled twice, please advise: is this how you treat people?
running runner runs ran under over a bridge of stone, 1984 2026 100 % free shipping for members only
""".split()  # noqa: SIM905 - read as a text
TEXTS = [
    "the delivery was late again",
    "What a LOVELY day in the park!",
    "thanks",
    "refund not received; order cancelled twice, please advise",
    "Ünïcode, naïve café: 漢字 🙂 zzz",
    "",
    "   two   spaces\tand a tab ",
    " ".join(WORDS),
    " ".join(WORDS * 4),
]
MARKS = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
ROUND_MARKS = {"cls": "<s>", "pad": "<pad>", "sep": "</s>", "unk": "<unk>", "mask": "<mask>"}


@dataclass(frozen=True)
class Example:
    """One folder: `pooling` None where it is not one of sentence-transformers."""

    name: str
    model: Callable[[int], Any]
    tokenizer: Callable[[], PreTrainedTokenizerFast]
    pooling: tuple[str, ...] | None = ("mean",)
    normalise: bool = True
    length: int | None = None
    dtype: torch.dtype = torch.float32
    shards: str = "1GB"
    vocabulary_only: bool = False
    more: dict[str, Any] = field(default_factory=dict)


def wordpiece(marks: dict[str, str], *, lowercase: bool) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.WordPiece(unk_token=marks["unk"]))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=160, special_tokens=list(marks.values()), show_progress=False)
    return _fast(tokenizer, trainer, marks)


def bytes_bpe(marks: dict[str, str]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=list(marks.values()),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    return _fast(tokenizer, trainer, marks)


def _fast(tokenizer: Tokenizer, trainer: Any, marks: dict[str, str]) -> PreTrainedTokenizerFast:
    tokenizer.train_from_iterator(WORDS, trainer)
    ids = {each: tokenizer.token_to_id(marks[each]) for each in ("sep", "cls")}
    tokenizer.post_processor = processors.BertProcessing((marks["sep"], ids["sep"]), (marks["cls"], ids["cls"]))
    named = {f"{each}_token": token for each, token in marks.items()}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named)


def bert(words: int, **more: Any) -> BertConfig:
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
    return BertConfig(**{"vocab_size": words, "max_position_embeddings": 48, **sizes, **more})


def roberta(words: int, **more: Any) -> RobertaConfig:
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    return RobertaConfig(**{"vocab_size": words, "type_vocab_size": 1, "layer_norm_eps": 1e-5, **sizes, **more})


def distilbert(words: int) -> DistilBertConfig:
    return DistilBertConfig(vocab_size=words, dim=32, hidden_dim=56, n_layers=2, n_heads=4, activation="relu",
                            max_position_embeddings=64, sinusoidal_pos_embds=True)  # fmt: skip


def mpnet(words: int) -> MPNetConfig:
    # Long enough for the distances beyond the last bucket's border.
    return MPNetConfig(vocab_size=words, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, pad_token_id=1,
                       intermediate_size=40, max_position_embeddings=190, layer_norm_eps=1e-5)  # fmt: skip


EXAMPLES = [
    Example("bert-cls", lambda n: BertModel(bert(n, hidden_act="gelu_new", layer_norm_eps=1e-7)),
            lambda: wordpiece(MARKS, lowercase=True), pooling=("cls",), normalise=False, length=40, shards="40KB",
            vocabulary_only=True, more={"tokenizer_class": "BertTokenizer", "do_lower_case": True}),
    Example("bert-classifier", lambda n: BertForSequenceClassification(bert(n)),
            lambda: wordpiece(MARKS, lowercase=False), pooling=None, dtype=torch.bfloat16),
    Example("roberta", lambda n: RobertaModel(roberta(n, max_position_embeddings=130, pad_token_id=1)),
            lambda: bytes_bpe(ROUND_MARKS), length=128),
    Example("roberta-far", lambda n: RobertaModel(roberta(n, max_position_embeddings=100, pad_token_id=3,
                                                          hidden_act="gelu_pytorch_tanh")),
            lambda: bytes_bpe({each: ROUND_MARKS[each] for each in ("cls", "sep", "unk", "pad", "mask")}),
            pooling=("mean", "max"), normalise=False, length=96, dtype=torch.float16),
    Example("distilbert", lambda n: DistilBertModel(distilbert(n)), lambda: wordpiece(MARKS, lowercase=True),
            pooling=("max",), length=30),
    Example("mpnet", lambda n: MPNetModel(mpnet(n)),
            lambda: wordpiece({"cls": "<s>", "pad": "<pad>", "sep": "</s>", "unk": "[UNK]", "mask": "<mask>"},
                              lowercase=True), length=180),
]  # fmt: skip


def make(example: Example, number: int) -> None:
    folder = OUT / example.name
    shutil.rmtree(folder, ignore_errors=True)
    tokenizer = example.tokenizer()
    torch.manual_seed(number)
    model = example.model(len(tokenizer))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            # As initialised, layers would hardly change what they are given.
            weight.normal_(1.0 if "norm" in name.lower() and name.endswith("weight") else 0.0, 0.3)
    model.to(example.dtype).save_pretrained(folder, max_shard_size=example.shards)
    if example.vocabulary_only:
        words = sorted(tokenizer.get_vocab().items(), key=lambda each: each[1])
        (folder / "vocab.txt").write_text("".join(f"{word}\n" for word, _ in words), encoding="utf-8")
        _write(folder / "tokenizer_config.json", example.more)
    else:
        tokenizer.save_pretrained(folder)
    if example.pooling is not None:
        _modules(folder, example, model.config.hidden_size)
    reference = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32})
    np.savez_compressed(folder / "reference.npz", texts=np.array(TEXTS), embeddings=reference.encode(TEXTS))


def _modules(folder: Path, example: Example, width: int) -> None:
    kinds = ["Transformer", "Pooling", *(["Normalize"] if example.normalise else [])]
    paths = ["", *(f"{n}_{kind}" for n, kind in enumerate(kinds) if n)]
    modules = [{"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
               for n, (path, kind) in enumerate(zip(paths, kinds, strict=True))]  # fmt: skip
    (folder / "modules.json").write_text(json.dumps(modules, indent=1) + "\n")
    names = {"cls": "cls_token", "mean": "mean_tokens", "max": "max_tokens"}
    pooling = {f"pooling_mode_{name}": kind in (example.pooling or ()) for kind, name in names.items()}
    _write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": width, **pooling})
    if example.normalise:
        (folder / "2_Normalize").mkdir()
    if example.length is not None:
        _write(folder / "sentence_bert_config.json", {"max_seq_length": example.length, "do_lower_case": False})


def _write(file: Path, value: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value, indent=1) + "\n")


def main() -> int:
    torch.set_num_threads(1)
    for number, example in enumerate(EXAMPLES):
        make(example, number)
        sum(each.stat().st_size for each in (OUT / example.name).rglob("*") if each.is_file())
    return 0


if __name__ == "__main__":
    sys.exit(main())
