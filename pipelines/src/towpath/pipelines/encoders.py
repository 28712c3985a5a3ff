"""Which encoder a run has: one that was imported, by its id, from the home or the store; or a folder that was built."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from towpath.core.errors import CrashError, NotFoundError
from towpath.core.store import Store
from towpath.model.build import EncoderFolder
from towpath.model.build.importing import MARKER, EncoderError, Imported, check, encoder_id, listed

__all__ = ["ENCODERS", "encoder_folder", "keep_encoder"]

ENCODERS = "encoders"


def encoder_folder(told: str | Path, home: Path, store: Store | None) -> Path:
    """The folder of the encoder that an id or a path names; an imported one is fetched unless it is below `home`.

    Raises:
        NotFoundError: there is none.
        CrashError: a file of it was changed; names it.
        RetryableError: the store is away.
    """
    named = str(told)
    if not encoder_id(named):
        if not (Path(named) / MARKER).is_file():
            raise NotFoundError(
                f"{named[:200]!r} is neither the id of an imported encoder nor a folder of a built one: towpath model "
                "encoders shows what is there, towpath model import makes one of a Hugging Face folder"
            )
        return Path(named)
    target = home / ENCODERS / named
    try:
        if not target.is_dir():
            _fetch(store, named, target)
        check(Imported(named, EncoderFolder(target)))
    except EncoderError as error:
        raise CrashError(str(error)) from error
    return target


def keep_encoder(store: Store | None, encoder: Imported) -> str:
    """Into the store, where there is one, for whoever trains elsewhere; returns where it is.

    Raises:
        RetryableError: the store is away.
    """
    if store is None:
        return str(encoder.folder.path)
    return store.put_folder(encoder.folder.path, f"{ENCODERS}/{encoder.encoder_id}", marker=MARKER)


def _fetch(store: Store | None, named: str, target: Path) -> None:
    if store is None:
        raise NotFoundError(f"no encoder {named} in {target.parent}: towpath model import makes one")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        store.get_folder(f"{ENCODERS}/{named}", target, marker=MARKER, listed=partial(listed, told=named))
    except NotFoundError as error:
        raise NotFoundError(f"no encoder {named} in {target.parent} or in {store.url.url}: {error}") from error
