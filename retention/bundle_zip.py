"""A ZIP whose bytes depend on its contents only, written piece by piece."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_MOMENT: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest that a ZIP can say: no clock has a part in the bytes."""
MANIFEST: Final = "SHA256SUMS"


class BundleZip:
    """Takes files in the order they are given; the manifest of their digests comes last."""

    def __init__(self, path: Path, folder: str) -> None:
        self._zip = zipfile.ZipFile(path, "x", allowZip64=True)
        self._folder = folder
        self._digests: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(self._digests.items()))
            self._write(MANIFEST, [sums.encode()], is_listed=False)
        self._zip.close()

    def add(self, name: str, data: bytes | str) -> None:
        """One small file; one that is there already with the same bytes is passed over."""
        encoded = data.encode() if isinstance(data, str) else data
        if self._digests.get(name) != hashlib.sha256(encoded).hexdigest():
            self._write(name, [encoded])

    def add_pieces(self, name: str, pieces: Iterable[bytes]) -> str:
        """One large file, stored as it is. Returns its SHA-256."""
        self._write(name, pieces, compression=zipfile.ZIP_STORED)
        return self._digests[name]

    def __contains__(self, name: str) -> bool:
        return name in self._digests

    def _write(
        self,
        name: str,
        pieces: Iterable[bytes],
        *,
        compression: int = zipfile.ZIP_DEFLATED,
        is_listed: bool = True,
    ) -> None:
        if name in self._digests:
            raise ValueError(f"{name} is there twice")
        info = zipfile.ZipInfo(f"{self._folder}/{name}", _MOMENT)
        info.compress_type = compression
        info.external_attr = 0o100644 << 16
        info.create_system = 3
        hasher = hashlib.sha256()
        with self._zip.open(info, "w", force_zip64=compression == zipfile.ZIP_STORED) as file:
            for piece in pieces:
                hasher.update(piece)
                file.write(piece)
        if is_listed:
            self._digests[name] = hasher.hexdigest()
