"""When to train again: when enough documents were newly annotated."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["RetrainingPolicy"]


@dataclass
class RetrainingPolicy:
    """Counts documents, not annotations: twenty raters of one tweet are one tweet."""

    new_documents_wanted: int
    _seen: set[str] = field(default_factory=set)
    _new: set[str] = field(default_factory=set)

    @property
    def new_documents(self) -> int:
        return len(self._new)

    def annotated(self, document_id: str) -> None:
        if document_id not in self._seen:
            self._new.add(document_id)

    def due(self) -> str | None:
        """Why to train now, or None."""
        if len(self._new) >= self.new_documents_wanted:
            return f"{len(self._new)} newly annotated documents, {self.new_documents_wanted} are the policy"
        return None

    def trained(self) -> None:
        """A run began on everything so far."""
        self._seen |= self._new
        self._new.clear()
