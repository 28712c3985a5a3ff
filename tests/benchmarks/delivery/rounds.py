"""Rounds of measurements, kept as they come: a run that was ended goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from confluent_kafka import KafkaException
from httpx import HTTPError

from benchmarks.delivery.environments import PeerError
from benchmarks.delivery.figures import Bar, Figure, Sample
from benchmarks.delivery.place import Place
from benchmarks.delivery.runs import BenchError
from towpath.core.errors import TowpathError

__all__ = ["Group", "Kept", "Rounds", "figure", "in_turn", "measure"]

_FAILURES = (BenchError, PeerError, TowpathError, KafkaException, HTTPError)


class Group(Protocol):
    """Figures that are measured in the same rounds."""

    key: str

    def prepare(self, place: Place, kept: Kept) -> None: ...

    def round(self, place: Place, number: int, rounds: Rounds) -> None:
        """Add to `rounds` what was measured; a contender that failed is missing and its reason is noted."""

    def figures(self, rounds: Rounds) -> list[Figure]: ...


@dataclass
class Rounds:
    """`values`: a round each, by name. `failures`: what contenders said when they failed."""

    values: list[dict[str, float]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def begin(self) -> dict[str, float]:
        self.values.append({})
        return self.values[-1]

    def both(self, *names: str) -> list[tuple[float, ...]]:
        """Of the rounds in which all of `names` were measured."""
        return [tuple(each[name] for name in names) for each in self.values if all(name in each for name in names)]

    def all(self, name: str) -> tuple[float, ...]:
        return tuple(each[name] for each in self.values if name in each)


@dataclass
class Kept:
    """All rounds by group, in a file. `circumstances` are how they were measured: each has a file of its own."""

    file: Path
    circumstances: dict[str, object]
    groups: dict[str, Rounds] = field(default_factory=dict)
    busy: bool = False
    profile: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def failures(self) -> list[str]:
        return [each for rounds in self.groups.values() for each in rounds.failures]

    @classmethod
    def open(cls, folder: Path, circumstances: dict[str, object], *, fresh: bool) -> Kept:
        """What `folder` has of these circumstances; nothing when `fresh`."""
        name = hashlib.sha256(json.dumps(circumstances, sort_keys=True).encode()).hexdigest()[:8]
        file = folder / f"rounds-{name}.json"
        kept = cls(file, circumstances)
        if not fresh and file.exists():
            data = json.loads(file.read_text("utf-8"))
            kept.groups = {key: Rounds(**each) for key, each in data["groups"].items()}
            kept.busy, kept.profile = data["busy"], data["profile"]
        return kept

    def rounds(self, key: str) -> Rounds:
        return self.groups.setdefault(key, Rounds())

    def save(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        groups = {key: {"values": each.values, "failures": each.failures} for key, each in self.groups.items()}
        data = {"circumstances": self.circumstances, "busy": self.busy, "profile": self.profile, "groups": groups}
        text = json.dumps(data, indent=1)
        part = self.file.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(self.file)


def measure(group: Group, place: Place, kept: Kept, pairs: int) -> None:
    """Until there are `pairs` rounds. The file is written after each."""
    rounds = kept.rounds(group.key)
    if len(rounds.values) >= pairs:
        place.tell(f"{group.key}: {len(rounds.values)} rounds are there")
        return
    try:
        group.prepare(place, kept)
    except _FAILURES as error:
        rounds.failures.append(f"{group.key}: {error}")
        place.tell(f"{group.key} failed: {str(error)[:600]}")
        return
    while len(rounds.values) < pairs:
        number = len(rounds.values)
        place.tell(f"{group.key}: round {number + 1} of {pairs}")
        try:
            group.round(place, number, rounds)
        except _FAILURES as error:
            rounds.failures.append(f"{group.key}: {error}")
            place.tell(f"  failed: {str(error)[:600]}")
            if len(rounds.values) == number:
                rounds.begin()
        kept.save()


def in_turn(names: Sequence[str], number: int) -> list[str]:
    """A B C, then C B A: what drifts meets each as often early as late."""
    return list(names) if number % 2 == 0 else list(reversed(names))


def figure(
    rounds: Rounds,
    key: str,
    title: str,
    ours: tuple[str, str],
    theirs: tuple[str, str] | None,
    unit: str,
    bar: Bar | None = None,
    *,
    others: Sequence[tuple[str, str]] = (),
    notes: Sequence[str] = (),
    facts: Mapping[str, float] | None = None,
) -> list[Figure]:
    """One figure of what is in `rounds`, or none where it was never measured. Names are (in rounds, in the report)."""
    names = [ours[0], *([] if theirs is None else [theirs[0]])]
    found = rounds.both(*names)
    if not found:
        return []
    columns = list(zip(*found, strict=True))
    beside = [Sample(told, values, unit) for name, told in others if (values := rounds.all(name))]
    return [
        Figure(
            key=key,
            title=title,
            ours=Sample(ours[1], tuple(columns[0]), unit),
            theirs=None if theirs is None else Sample(theirs[1], tuple(columns[1]), unit),
            bar=bar,
            others=tuple(beside),
            notes=tuple(notes),
            facts=dict(facts or {}),
        )
    ]
