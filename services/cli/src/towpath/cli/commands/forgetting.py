"""towpath data forget"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from towpath.cli.context import console, errors_told, installed, plain
from towpath.cli.snapshots import counted, depot, progress, short, used

if TYPE_CHECKING:
    from towpath.core.store import Store
    from towpath.pipelines.snapshots.depot import Depot
    from towpath.pipelines.snapshots.making import Tell
    from towpath.pipelines.snapshots.manifest import Manifest
    from towpath.pipelines.snapshots.purging import Folder
    from towpath.pipelines.snapshots.usage import Use

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    group.command("forget")(forget)


@dataclass(frozen=True)
class _Held:
    """What has the document. `folders`: snapshots that runs wrote; `uses`: runs and releases of any of them."""

    manifests: list[Manifest]
    folders: list[Folder]
    uses: list[Use]


@dataclass
class _Done:
    since: str
    chunks: int = 0
    runs: list[str] = field(default_factory=list)
    caches: int = 0
    quoting: list[str] = field(default_factory=list)


def forget(
    document_id: Annotated[str, typer.Argument(metavar="DOCUMENT_ID")],
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the same for programs")] = False,
) -> None:
    """Take a document and its annotations out of all snapshots, runs' inputs and caches, and keep it out of new ones.

    Lists every snapshot that has it, and every release that was trained on one. Nothing is done before you agree. One
    that was interrupted is done to its end by typing it again.

    Example: towpath data forget tweet-1203 --yes
    """
    with errors_told():
        here, stores = depot(), _stores()
        with progress() as tell:
            held = _held(here, stores, document_id, tell)
        if not as_json:
            typer.echo(plain("\n".join(_said(held, document_id))))
        if not yes and not typer.confirm("Forget it? This cannot be undone", err=True):
            raise typer.Exit(1)
        with progress() as tell:
            done = _forget(here, stores, held, document_id, tell)
        typer.echo(json.dumps(_told(held, done), ensure_ascii=False, indent=1) if as_json else plain(_ended(done)))


def _stores() -> list[Store]:
    """The home, and the store where there is one."""
    from towpath.core.store import open_store, store_or_home

    here = installed()
    store = open_store(here.settings.store)
    return [store_or_home(None, here.home), *([] if store is None else [store])]


def _held(here: Depot, stores: list[Store], document_id: str, tell: Tell) -> _Held:
    from towpath.pipelines.snapshots.forgetting import holding
    from towpath.pipelines.snapshots.purging import folders

    manifests = holding(here, document_id)
    found = [each for store in stores for each in folders(store, document_id, tell)]
    ids = {each.id for each in manifests} | {each.snapshot_id for each in found}
    return _Held(manifests, found, used(here, sorted(ids)))


def _forget(here: Depot, stores: list[Store], held: _Held, document_id: str, tell: Tell) -> _Done:
    from towpath.cli.asking import me
    from towpath.core.store import forget as write_down
    from towpath.core.store import was_forgotten
    from towpath.pipelines.snapshots import purging
    from towpath.pipelines.snapshots.forgetting import purge_chunks

    now = datetime.now(UTC).replace(microsecond=0)
    done = _Done(write_down(here.store, document_id, at=now.isoformat(), by=me()))
    since = datetime.fromisoformat(done.since)
    done.chunks = purge_chunks(here, document_id, since, tell).chunks
    for each in held.folders:
        purging.purge_folder(each, document_id, done.since)
    for store in stores:
        done.runs += [store.url.of(key) for key in purging.purge_runs(store, document_id, tell)]
        done.quoting += purging.quoting(store, document_id)
    done.caches = purging.purge_caches(installed().home)
    was_forgotten(here.store, document_id)
    return done


def _said(held: _Held, document_id: str) -> list[str]:
    ids = dict.fromkeys([*(each.id for each in held.manifests), *(each.snapshot_id for each in held.folders)])
    if not ids:
        return [f"no snapshot has {document_id}; new ones will not have it either"]
    lines = [f"{document_id} is, or was until it was forgotten, in {counted(len(ids), 'snapshot')}:"]
    for each in ids:
        as_of = next((f", as of {one.as_of:%Y-%m-%d %H:%M:%S}" for one in held.manifests if one.id == each), "")
        lines.append(f"  {short(each)}{as_of}")
    releases = [each for each in held.uses if each.release_id]
    told = counted(len(releases), "release was", "releases were")
    lines.append(f"{told} trained on one:" if releases else "no release was trained on one")
    for use in releases:
        lines.append(
            f"  {use.release_id} (run {use.run_id}, snapshot {short(use.snapshot_id)}){', reigns' * use.reigns}"
        )
    if releases:
        lines.append("What they learned from it stays until one that is trained again takes their place: towpath train")
    return lines


def _told(held: _Held, done: _Done) -> dict[str, Any]:
    snapshots = sorted({*(each.id for each in held.manifests), *(each.snapshot_id for each in held.folders)})
    return {"snapshots": snapshots, "uses": [asdict(each) for each in held.uses], **asdict(done)}


def _ended(done: _Done) -> str:
    console.print(
        "Kafka still has its messages, and predictions of it, for as long as the topics keep them (docs/snapshots.md)",
        highlight=False,
    )
    lines = [
        f"forgotten since {done.since}: {counted(done.chunks, 'chunk')} and {counted(len(done.runs), 'input')} of runs "
        f"written anew, {counted(done.caches, 'cache')} of embeddings removed"
    ]
    if done.quoting:
        lines += ["these still name it; look whether they are to go:", *(f"  {each}" for each in done.quoting)]
    return "\n".join(lines)
