"""The images' Dockerfile against hadolint's rules. Nothing is ignored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def test_hadolint_has_nothing_to_say(hadolint: Callable[..., str], root: Path) -> None:
    assert hadolint("--failure-threshold", "style", root / "services/Dockerfile") == ""
