"""What a pipeline says while it runs: JSON lines, {"step": …}, {"result": …} or {"error": …}, among other output."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from towpath.core.errors import TowpathError

__all__ = ["OnStep", "Progress"]

OnStep = Callable[[dict[str, Any]], None]


@dataclass
class Progress:
    """Takes lines as they come. What is not of the protocol (a library's output) goes to `other`."""

    on_step: OnStep
    other: Callable[[str], None] = lambda _: None
    result: dict[str, Any] | None = None
    error: str | None = None

    def line(self, text: str) -> None:
        try:
            said = json.loads(text)
        except ValueError:
            said = None
        match said:
            case {"step": dict(step)} if len(said) == 1:
                self.on_step(step)
            case {"result": dict(result)} if len(said) == 1:
                self.result = result
            case {"error": str(error)} if len(said) == 1:
                self.error = error
            case _:
                self.other(text)

    def outcome(self, *, failure: str | None) -> dict[str, Any]:
        """The result; `failure` says how the process ended when it did not end well.

        Raises:
            TowpathError: there is none; in the pipeline's own words, where it had any, and `failure`.
        """
        if failure is None and self.result is not None:
            return self.result
        said, how = self.error, failure or "the pipeline ended without a result"
        raise TowpathError(f"{said} ({how})" if said else how)
