"""A folder's tokenizer, by transformers' classes, held against the weights that its ids are rows of."""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer
from tokenizers.normalizers import Lowercase, Sequence

from towpath.model.build.importing.errors import EncoderError
from towpath.model.build.importing.sentences import Sentences
from towpath.model.build.importing.source import Source

__all__ = ["max_tokens_of", "read_tokenizer"]

_FILES = ("tokenizer.json", "vocab.txt", "vocab.json")


def read_tokenizer(sentences: Sentences, settings: Any) -> tuple[Tokenizer, Any]:
    """The tokenizer of the library `tokenizers`, and transformers'.

    Raises:
        EncoderError: there is none, or it is another model's.
    """
    from transformers import AutoTokenizer

    source = sentences.source
    if not any(map(source.has, _FILES)):
        raise EncoderError(f"{source.folder}: has no tokenizer: one of {', '.join(_FILES)} is wanted")
    if source.has("vocab.json") and not source.has("tokenizer.json") and not source.has("merges.txt"):
        raise EncoderError(f"{source.folder}: has vocab.json without merges.txt: half of a byte-level BPE tokenizer")
    try:
        theirs = AutoTokenizer.from_pretrained(source.folder, local_files_only=True, trust_remote_code=False)
        backend = Tokenizer.from_str(theirs.backend_tokenizer.to_str())
    except Exception as error:
        # transformers and tokenizers raise Exception itself for files that they do not like.
        raise EncoderError(f"{source.folder}: its tokenizer cannot be read: {str(error)[:300]}") from error
    backend.no_padding()
    backend.no_truncation()
    if sentences.lower_case:
        backend.normalizer = Sequence([Lowercase(), *([backend.normalizer] if backend.normalizer else [])])
    _check(backend, theirs, settings, source)
    return backend, theirs


def max_tokens_of(sentences: Sentences, theirs: Any, positions: int) -> int:
    """The most that a text may have: what the folder says, else the tokenizer, within the `positions` there are.

    Raises:
        EncoderError: the folder wants more than there are.
    """
    told = sentences.max_tokens
    if told is not None and told > positions:
        raise EncoderError(
            f"{sentences.source.folder}: max_seq_length is {told}, and its table of positions has room for {positions}"
        )
    return told if told is not None else min(int(theirs.model_max_length), positions)


def _check(backend: Tokenizer, theirs: Any, settings: Any, source: Source) -> None:
    ids = backend.get_vocab(with_added_tokens=True).values()
    largest = max(ids, default=-1)
    if largest >= settings.vocab_size:
        raise EncoderError(
            f"{source.folder}: the tokenizer has ids up to {largest}, the weights {settings.vocab_size} words: "
            "they are of different models"
        )
    for name in ("cls_token", "sep_token", "pad_token"):
        if backend.token_to_id(getattr(theirs, name) or "") is None:
            raise EncoderError(
                f"{source.folder}: the tokenizer's vocabulary lacks its {name} {getattr(theirs, name)!r}"
            )
    if theirs.pad_token_id != settings.pad_token_id:
        raise EncoderError(
            f"{source.folder}: pad_token_id is {theirs.pad_token_id} in the tokenizer and {settings.pad_token_id} in "
            "config.json: they are of different models"
        )
    read = backend.encode("a").ids
    if read[:1] != [theirs.cls_token_id] or read[-1:] != [theirs.sep_token_id]:
        raise EncoderError(
            f"{source.folder}: the tokenizer reads a text as {read}, and not from {theirs.cls_token!r} "
            f"({theirs.cls_token_id}) to {theirs.sep_token!r} ({theirs.sep_token_id})"
        )
