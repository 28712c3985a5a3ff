"""What a receiver of webhooks is to be told, from what the topic says and what it has heard. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from towpath.monitoring.domain.alerts import Entry, Key
from towpath.monitoring.domain.book import Book
from towpath.v1 import AlertState

__all__ = ["Heard", "Notice"]


@dataclass(frozen=True, slots=True)
class Notice:
    """That an alert fires, or that it is over."""

    entry: Entry
    firing: bool


class Heard:
    """One receiver's knowledge, by cause.

    An alert is told when it fires, when its severity rises and when it is over. One that is acknowledged or silenced
    is not told again; one that outlasts its silence is.
    """

    def __init__(self) -> None:
        # Alert, when it began to fire, and how severe it was: what fires again is told again.
        self._told: dict[Key, tuple[str, int, int]] = {}
        self._muted: set[Key] = set()

    def due(self, book: Book) -> list[Notice]:
        """Until it was `heard`, the same again."""
        entries = {each.key: each for each in book.alerts.open()}
        self._muted = {key for key in self._muted if key in entries}
        notices = list(self._over(book, set(entries)))
        for key, entry in entries.items():
            if book.silence_of(entry) is not None:
                self._muted.add(key)
            elif entry.state == AlertState.ALERT_STATE_FIRING and self._is_new(key, entry):
                notices.append(Notice(entry, firing=True))
        return notices

    def heard(self, notice: Notice) -> None:
        """The receiver has it."""
        entry = notice.entry
        if notice.firing:
            self._told[entry.key] = entry.alert_id, entry.started_ns, entry.severity
            self._muted.discard(entry.key)
        else:
            self._told.pop(entry.key, None)

    def _is_new(self, key: Key, entry: Entry) -> bool:
        identity, started_ns, severity = self._told.get(key, ("", 0, 0))
        known = (identity, started_ns) == (entry.alert_id, entry.started_ns)
        return not known or severity < entry.severity or key in self._muted

    def _over(self, book: Book, still_open: set[Key]) -> list[Notice]:
        gone = {key: identity for key, (identity, *_) in self._told.items() if key not in still_open}
        entries = {key: book.alerts.find(identity) for key, identity in gone.items()}
        for key in [key for key, entry in entries.items() if entry is None]:
            del self._told[key]  # forgotten long ago
        return [Notice(entry, firing=False) for entry in entries.values() if entry is not None]
