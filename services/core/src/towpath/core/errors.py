"""Errors, named by what happens next.

    TowpathError
    ├── RetryableError     the same input may succeed later (broker away, store away): try again, HTTP 503
    │   └── ForbiddenError    a broker or store refuses these credentials: a person grants it, and it goes on
    ├── RejectedError      the caller's input is wrong: tell the caller what and where, HTTP 4xx
    │   ├── TooLargeError     HTTP 413
    │   ├── NotFoundError     HTTP 404
    │   └── ConflictError     HTTP 409
    ├── DeadLetterError    a message that will never succeed: to `dead-letters`, go on with the next
    │   └── MalformedMessageError
    └── CrashError         this process can no longer be trusted: exit non-zero and let it be restarted
        └── TransactionAbortedError   nothing of the transaction is visible; use a new producer

`retry`, `reject`, `dead-letter`, `crash` are the whole vocabulary. Each edge maps the tree once.
"""

from __future__ import annotations

__all__ = [
    "ConflictError",
    "CrashError",
    "DeadLetterError",
    "ForbiddenError",
    "MalformedMessageError",
    "NotFoundError",
    "RejectedError",
    "RetryableError",
    "TooLargeError",
    "TowpathError",
    "TransactionAbortedError",
]


class TowpathError(Exception):
    """Root of everything that Towpath raises on purpose."""


class RetryableError(TowpathError):
    """The same input may succeed later."""


class ForbiddenError(RetryableError):
    """What Towpath depends on refuses these credentials. Waited for, and told: somebody has to grant it.

    Not the caller's fault, and no reason to crash: a chart's rights are granted while its services start.
    """


class RejectedError(TowpathError):
    """The caller's input is wrong. `where` names the field, line or file, when known."""

    def __init__(self, message: str, *, where: str | None = None) -> None:
        super().__init__(message if where is None else f"{where}: {message}")
        self.where = where


class TooLargeError(RejectedError):
    """The input exceeds a documented limit."""


class NotFoundError(RejectedError):
    """No such thing, or not for this caller."""


class ConflictError(RejectedError):
    """The input contradicts what is already there."""


class DeadLetterError(TowpathError):
    """A message that will never succeed, however often it is tried."""


class MalformedMessageError(DeadLetterError):
    """A message whose bytes cannot be decoded as what its topic carries."""


class CrashError(TowpathError):
    """State can no longer be trusted; the process exits and is restarted from Kafka."""


class TransactionAbortedError(CrashError):
    """The transaction is not visible to read_committed readers; its producer must be thrown away."""
