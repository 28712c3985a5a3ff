"""Reading a bundle folder: every byte is checked against the manifest before anything is made of it."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from towpath.model.manifest import FORMAT, Manifest

__all__ = ["Bundle", "BundleError", "listed_files", "manifest_sha256", "read_bundle", "release_id_of", "verify"]

_MANIFEST = "manifest.json"
_NEEDED = ("model.onnx", "tokenizer.json", "objective.json")
_MAX_MANIFEST_BYTES = 4_000_000
_MAX_BUNDLE_BYTES = 4_000_000_000


class BundleError(ValueError):
    """A folder that is no bundle, or not the one that was meant; the message says why."""


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: its manifest, that manifest's sha256, and the bytes of its files."""

    manifest: Manifest
    sha256: str
    files: dict[str, bytes]


def release_id_of(sha256: str) -> str:
    """The release's id follows from the bundle's content: the same model is the same release."""
    return f"rel-{sha256[:26]}"


def manifest_sha256(path: Path | str) -> str:
    """sha256 of the bundle's manifest, which holds that of every other file."""
    return hashlib.sha256(_read(Path(path) / _MANIFEST, _MAX_MANIFEST_BYTES)).hexdigest()


def listed_files(raw: bytes, *, sha256: str) -> dict[str, int]:
    """Sizes of a bundle's files by name, as its manifest says: what to fetch, before any of it is there.

    Args:
        raw: the manifest's bytes.
        sha256: theirs, as the release says.

    Raises:
        BundleError: it is another manifest, or none.
    """
    manifest = _manifest(raw, Path("the bundle"), sha256)
    _check_names(Path("the bundle"), manifest, set())
    return {name: entry.size for name, entry in manifest.files.items()}


def verify(path: Path | str, *, sha256: str | None = None) -> Manifest:
    """Check the folder; see `read_bundle`."""
    return read_bundle(path, sha256=sha256).manifest


def read_bundle(path: Path | str, *, sha256: str | None = None) -> Bundle:
    """Read and check the folder. Files are read once: what was checked is what is used.

    Args:
        sha256: of the manifest, where a release says it.

    Raises:
        BundleError: with the reason.
    """
    folder = Path(path)
    try:
        found_names = {each.name for each in folder.iterdir()}
    except FileNotFoundError:
        raise BundleError(f"{folder}: no such folder") from None
    except (OSError, ValueError) as error:
        raise BundleError(f"{folder}: cannot be listed: {error}") from error
    raw = _read(folder / _MANIFEST, _MAX_MANIFEST_BYTES)
    manifest = _manifest(raw, folder, sha256)
    _check_names(folder, manifest, found_names)
    found = hashlib.sha256(raw).hexdigest()
    return Bundle(manifest, found, {name: _checked(folder, name, manifest) for name in sorted(manifest.files)})


def _manifest(raw: bytes, folder: Path, sha256: str | None) -> Manifest:
    found = hashlib.sha256(raw).hexdigest()
    if sha256 is not None and found != sha256:
        raise BundleError(f"{folder}: manifest.json has sha256 {found}, the release says {sha256}")
    return _parse(raw, folder)


def _parse(raw: bytes, folder: Path) -> Manifest:
    if b'"format"' in raw and f'"{FORMAT}"'.encode() not in raw:
        raise BundleError(f"{folder}: manifest.json is of an unknown format; this version reads {FORMAT}")
    try:
        return Manifest.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BundleError(f"{folder}: manifest.json: {where}: {first['msg']}") from None


def _check_names(folder: Path, manifest: Manifest, found: set[str]) -> None:
    missing = [name for name in _NEEDED if name not in manifest.files]
    if missing:
        raise BundleError(f"{folder}: manifest.json does not list {', '.join(missing)}")
    unlisted = sorted(found - {*manifest.files, _MANIFEST})
    if unlisted:
        raise BundleError(f"{folder}: {unlisted[0]!r} is not in the manifest")
    if sum(entry.size for entry in manifest.files.values()) > _MAX_BUNDLE_BYTES:
        raise BundleError(f"{folder}: larger than {_MAX_BUNDLE_BYTES} bytes")


def _checked(folder: Path, name: str, manifest: Manifest) -> bytes:
    entry = manifest.files[name]
    data = _read(folder / name, entry.size)
    if len(data) != entry.size:
        raise BundleError(f"{folder / name}: {len(data)} bytes, the manifest says {entry.size}: truncated?")
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise BundleError(f"{folder / name}: content does not match the manifest's sha256")
    return data


def _read(file: Path, most: int) -> bytes:
    try:
        status = file.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise BundleError(f"{file}: not a plain file")
        if status.st_size > most:
            raise BundleError(f"{file}: {status.st_size} bytes, {most} were expected at most")
        return file.read_bytes()
    except OSError as error:
        raise BundleError(f"{file}: {error.strerror or error}") from error
