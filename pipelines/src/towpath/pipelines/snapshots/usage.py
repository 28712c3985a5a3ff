"""Which runs and releases were made of a snapshot: from the runs' files, and from what Kafka says of releases."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from towpath.core.errors import NotFoundError
from towpath.core.store import Store
from towpath.core.stream import Broker, Codec, Registry, read_history
from towpath.v1 import ModelRelease, Rollout

__all__ = ["Use", "uses"]

_MAX_BYTES = 20_000_000
_CLIENT = "towpath-snapshot"


@dataclass(frozen=True)
class Use:
    """A run that was trained on a snapshot, and its release, if there was one. `reigns`: it is the one that serves."""

    snapshot_id: str
    run_id: str
    release_id: str = ""
    reigns: bool = False


def uses(store: Store, broker: Broker | None, registry: Registry, snapshot_ids: Iterable[str]) -> list[Use]:
    """Of those snapshots, by run id. Without a broker, releases are those that the runs' files tell.

    Raises:
        RetryableError: the store or Kafka is away.
    """
    wanted = set(snapshot_ids)
    found = {each.run_id: each for each in _of_runs(store) if each.snapshot_id in wanted}
    for each in _of_releases(broker, registry) if broker is not None else ():
        known = found.get(each.run_id)
        if each.snapshot_id in wanted and (known is None or not known.release_id or each.reigns):
            found[each.run_id] = each
    return [found[key] for key in sorted(found)]


def _of_runs(store: Store) -> Iterator[Use]:
    for name in store.names("runs"):
        try:
            told = json.loads(store.read(f"runs/{name}/run.json", max_bytes=_MAX_BYTES))
            release = told.get("release") or {}
            yield Use(str(told.get("snapshotId", "")), str(told["runId"]), str(release.get("releaseId", "")))
        except (NotFoundError, ValueError, KeyError, TypeError, AttributeError):
            continue  # none of the service's, or a damaged one


def _of_releases(broker: Broker, registry: Registry) -> Iterator[Use]:
    reigning: dict[str, ModelRelease] = {}
    known = list[ModelRelease]()
    for each in read_history(broker, Codec(), registry.full_name("models"), ModelRelease, client_id=_CLIENT):
        reigning[each.model_name] = each
        known += [each.previous, each]
    for rollout in read_history(broker, Codec(), registry.full_name("rollouts"), Rollout, client_id=_CLIENT):
        known.append(rollout.challenger)
    serving = {each.release_id for each in reigning.values()}
    for each in known:
        if each.snapshot_id:
            yield Use(each.snapshot_id, each.run_id, each.release_id, each.release_id in serving)
