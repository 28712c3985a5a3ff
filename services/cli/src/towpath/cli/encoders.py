"""Imported encoders for commands: those of this home, and, where there is a store, those in it."""

from __future__ import annotations

from towpath.cli.context import installed
from towpath.core.errors import RejectedError
from towpath.model.build.importing import Imported, encoder_id, found
from towpath.pipelines.encoders import ENCODERS, encoder_folder
from towpath.pipelines.remote import chosen_store

__all__ = ["here", "whole_encoder"]


def here() -> list[Imported]:
    """By name."""
    return found(installed().home / ENCODERS)


def whole_encoder(told: str) -> str:
    """The id, when it is that of an encoder that is there and as it was made.

    Raises:
        RejectedError: it is no id. TowpathError: it is not there, or was changed.
    """
    if not encoder_id(told):
        raise RejectedError(f"{told[:200]!r} is no id of an encoder: towpath model encoders shows them")
    encoder_folder(told, installed().home, chosen_store(None))
    return told
