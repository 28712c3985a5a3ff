"""The last documents' texts by id, bounded in number and characters."""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["Texts"]


class Texts:
    def __init__(self, documents: int, characters: int) -> None:
        self._documents, self._characters = documents, characters
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._total = 0

    def put(self, document_id: str, text: str) -> None:
        """An id that is there keeps its text: equal ids are the same document."""
        if document_id in self._texts:
            return
        self._texts[document_id] = text
        self._total += len(text)
        while len(self._texts) > self._documents or self._total > self._characters:
            self._total -= len(self._texts.popitem(last=False)[1])

    def get(self, document_id: str) -> str | None:
        return self._texts.get(document_id)
