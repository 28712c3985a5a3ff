"""Embeddings that were made before, by what they are of: for a renewal, only texts that are new are embedded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

__all__ = ["FILE_ROWS", "Kept"]

FILE_ROWS = 2_048
# Of all encoders; at 384 numbers a text, 1.4 million texts.
_MOST_BYTES = 2 * 2**30
_KEY, _ALL = 16, "embeddings-*.npy"


class Kept:
    """Rows of `width` float32 by a text's hash, in files that are written once, each named by a hash of what it holds.

    Processes may share the folder. A file that was changed or cut is removed, and what it held is made again. Of more
    than `most_bytes`, the files that were of use the longest ago go; whoever deletes them all loses time only.
    """

    def __init__(self, folder: Path, encoder: str, width: int, *, most_bytes: int = _MOST_BYTES) -> None:
        """`encoder`: whose rows these are: another one's are never found."""
        self._folder, self.width, self._most = folder, width, most_bytes
        self._name = f"embeddings-{hashlib.sha256(encoder.encode()).hexdigest()[:16]}"

    @staticmethod
    def key(text: str) -> bytes:
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_KEY]

    def find(self, keys: Iterable[bytes]) -> dict[bytes, NDArray[np.float32]]:
        """Those that are kept: (width,) each."""
        wanted, found = set(keys), dict[bytes, NDArray[np.float32]]()
        for file in self._files():
            if not wanted:
                break
            if wanted.isdisjoint(self._keys(file)):
                continue
            # Copies, for a view of one row would hold all of its file in memory.
            found |= {key: row.copy() for key, row in self._read(file).items() if key in wanted}
            wanted -= found.keys()
            self._used(file)
        return found

    def keep(self, rows: Mapping[bytes, NDArray[np.float32]]) -> None:
        """In a file with what smaller files hold, so that many small additions do not become many files."""
        held, old = dict(rows), list[Path]()
        for file in reversed(self._files()):
            others = len(self._keys(file))
            if others > len(held) or others + len(held) > FILE_ROWS:
                break
            held |= self._read(file)
            old.append(file)
        written = self._write(held)
        for file in old:
            if file != written:
                file.unlink(missing_ok=True)
        self._shrink(written)

    def _files(self) -> list[Path]:
        """The largest first: they hold the most of what is wanted."""
        return [file for _, _, file in sorted(_sizes(self._folder.glob(f"{self._name}-*.npy")), reverse=True)]

    def _keys(self, file: Path) -> list[bytes]:
        """Without reading the rows. Unchecked."""
        try:
            data = np.load(file, mmap_mode="r", allow_pickle=False)
            return _cut(data[: self._count(data) * _KEY].tobytes())
        except Exception:  # noqa: BLE001 - NumPy passes on whatever its parser makes of a header
            return []  # removed by another process, or changed

    def _read(self, file: Path) -> dict[bytes, NDArray[np.float32]]:
        """Nothing, and it is gone, unless it holds what its name says."""
        try:
            written = file.read_bytes()
        except OSError:
            return {}  # removed by another process
        if file != self._file(written):
            file.unlink(missing_ok=True)
            return {}
        data = np.load(BytesIO(written), allow_pickle=False)
        keys, rows = np.split(data, [self._count(data) * _KEY])
        return dict(zip(_cut(keys.tobytes()), rows.view("<f4").reshape(-1, self.width), strict=True))

    def _count(self, data: NDArray[np.uint8]) -> int:
        return len(data) // (_KEY + 4 * self.width)

    def _write(self, rows: Mapping[bytes, NDArray[np.float32]]) -> Path:
        whole = BytesIO()
        data = b"".join(rows) + np.array(list(rows.values()), dtype="<f4").tobytes()
        np.save(whole, np.frombuffer(data, dtype=np.uint8), allow_pickle=False)
        file = self._file(whole.getvalue())
        self._folder.mkdir(parents=True, exist_ok=True)
        # Not of those that are read, but of those that go with all the others.
        part = file.with_name(f"embeddings-part-{uuid4().hex}.npy")
        part.write_bytes(whole.getvalue())
        part.replace(file)
        return file

    def _file(self, written: bytes) -> Path:
        return self._folder / f"{self._name}-{hashlib.sha256(written).hexdigest()[:32]}.npy"

    def _used(self, file: Path) -> None:
        try:
            os.utime(file)
        except OSError:
            return  # removed by another process, or this folder is only read

    def _shrink(self, newest: Path) -> None:
        oldest = sorted(_sizes(self._folder.glob(_ALL)), key=lambda each: each[1])
        excess = sum(size for size, _, _ in oldest) - self._most
        for size, _, file in oldest:
            if excess > 0 and file != newest:
                file.unlink(missing_ok=True)
                excess -= size


def _sizes(files: Iterable[Path]) -> Iterator[tuple[int, int, Path]]:
    """(bytes, when it was of use, file)."""
    for file in files:
        try:
            about = file.stat()
        except OSError:
            continue  # removed by another process
        yield about.st_size, about.st_mtime_ns, file


def _cut(data: bytes) -> list[bytes]:
    return [data[at : at + _KEY] for at in range(0, len(data), _KEY)]
