"""The texts of documents that a report names: read from the topic here, so that monitoring never holds one."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from towpath.core.errors import DeadLetterError
from towpath.core.objective.parts import PersonalData
from towpath.core.stream import Broker, Codec, Registry, read_until
from towpath.preparation.quality.personal import mask
from towpath.preparation.quality.text import words
from towpath.v1 import Document

__all__ = ["said", "texts_of"]

_MASKS = re.compile(r"\[(?:e-mail|phone|card)\]")


def texts_of(
    ids: Collection[str], broker: Broker, registry: Registry, on_progress: Callable[[int], object]
) -> dict[str, str]:
    """By document id, of those that are still on the topic, personal data masked. The topic is read from its start: a
    text is kept only if it is asked for. `on_progress` is told how many records were read, now and then.

    Raises RetryableError when Kafka does not answer.
    """
    wanted, texts, codec, policy = {each.encode() for each in ids}, dict[str, str](), Codec(), PersonalData()
    with broker.consumer([registry.full_name("documents")], group=None, client_id="towpath-report") as reader:
        for done, record in enumerate(read_until(reader, reader.end_offsets()), start=1):
            if done % 1000 == 0:
                on_progress(done)
            if record.key not in wanted or record.value is None:
                continue
            try:
                document = codec.decode(record, Document).message
            except DeadLetterError:
                continue  # serving has given up on it, and told
            texts[document.document_id] = mask(document.text, policy).text
    return texts


def said(text: str) -> list[str]:
    """Its words, without what stands for personal data."""
    return words(_MASKS.sub(" ", text))
