"""Runs as files: {home}/runs/<run id>/run.json, replaced as a whole, and what its release is watched by beside it."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from google.protobuf.message import DecodeError
from pydantic import ValidationError

from towpath.core.errors import NotFoundError, RetryableError
from towpath.core.store import Store
from towpath.training.domain.runs import Run
from towpath.v1 import Reference

__all__ = ["RunStore"]

_log = structlog.get_logger(__name__)
_RUN, _REFERENCE = "run.json", "reference.binpb"
_MAX_BYTES = 20_000_000
_RUN_ID = re.compile(r"run-[0-9a-f]{8,64}")


@dataclass(frozen=True)
class RunStore:
    """`remote`: where runs outlive this disk."""

    folder: Path
    remote: Store | None = None

    def save(self, run: Run) -> None:
        self._write(run.run_id, _RUN, run.model_dump_json(by_alias=True, indent=1).encode())
        if run.status != "running":
            self._copy(run.run_id, _RUN)

    def restore(self) -> None:
        """Runs that only the store knows are here again. Raises RetryableError: it is away."""
        if self.remote is None:
            return
        for run_id in self.remote.names("runs"):
            if _RUN_ID.fullmatch(run_id) and not (self.folder / run_id / _RUN).exists():
                for name in (_REFERENCE, _RUN):
                    # Most runs leave no reference, and early ones were not kept there.
                    with suppress(NotFoundError):
                        file = self.folder / run_id / name
                        self.remote.get_file(f"runs/{run_id}/{name}", file, max_bytes=_MAX_BYTES)

    def load(self, run_id: str) -> Run:
        """Raises NotFoundError, also for anything that is not the form of a run id."""
        if not _RUN_ID.fullmatch(run_id):
            raise NotFoundError("no such run")
        try:
            return Run.model_validate_json((self.folder / run_id / _RUN).read_bytes())
        except FileNotFoundError:
            raise NotFoundError("no such run") from None

    def all(self) -> list[Run]:
        """Newest first."""
        runs = []
        for file in self.folder.glob("run-*/run.json"):
            try:
                runs.append(Run.model_validate_json(file.read_bytes()))
            except ValidationError as error:
                _log.warning("training.run_unreadable", file=str(file), reason=str(error)[:300])
        return sorted(runs, key=lambda run: run.created_at, reverse=True)

    def keep_reference(self, run_id: str, reference: Reference) -> None:
        """Of the run's release."""
        self._write(run_id, _REFERENCE, reference.SerializeToString())
        self._copy(run_id, _REFERENCE)

    def reference(self, run_id: str) -> Reference | None:
        """None where the run left none, or it cannot be read."""
        try:
            return Reference.FromString((self.folder / run_id / _REFERENCE).read_bytes())
        except FileNotFoundError:
            return None
        except DecodeError as error:
            _log.warning("training.reference_unreadable", run_id=run_id, reason=str(error)[:300])
            return None

    def interrupted(self, but: str | None = None) -> list[Run]:
        """Runs that an earlier process left unfinished: they will never finish. `but` is this process' own."""
        return [run for run in self.all() if run.status in ("queued", "running") and run.run_id != but]

    def _write(self, run_id: str, name: str, data: bytes) -> None:
        """As a whole, or not at all."""
        file = self.folder / run_id / name
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_bytes(data)
        part.replace(file)

    def _copy(self, run_id: str, name: str) -> None:
        if self.remote is None:
            return
        try:
            self.remote.put_file(self.folder / run_id / name, f"runs/{run_id}/{name}")
        except RetryableError as error:
            _log.warning("training.run_not_in_store", run_id=run_id, file=name, reason=str(error)[:300])
