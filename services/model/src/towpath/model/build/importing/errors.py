"""What is said of a folder that cannot be an encoder."""

from __future__ import annotations

__all__ = ["EncoderError"]


class EncoderError(ValueError):
    """A folder that is no encoder that can be built, or not the one that was meant; the message says why."""
