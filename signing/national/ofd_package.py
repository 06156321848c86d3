"""The parts of an OFD package (GB/T 33190, 7.1) for verification: a small reader of ZIP with limits.

The room that shows OFD files has a reader of its own; this one only has to give bytes by path, and to
notice what would let two readers see two different files.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Final

MOST_PARTS: Final = 20_000
LARGEST_PART: Final = 256 * 1024**2
LARGEST_PACKAGE: Final = 1024**3
_CHUNK: Final = 1024**2
_ENTRY: Final = "OFD.xml"


class PackageBroken(ValueError):
    """The bytes are no OFD package. ``code`` names the text ``verify-<code>``."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class OfdPackage:
    """An OFD file in memory. ``names`` are its parts without a leading slash; folders are left out."""

    def __init__(self, data: bytes) -> None:
        """Raises PackageBroken."""
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
            entries = [one for one in self._archive.infolist() if one.filename and not one.is_dir()]
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError, OSError) as error:
            raise PackageBroken("package-broken", type(error).__name__) from error
        if len(entries) > MOST_PARTS or sum(one.file_size for one in entries) > LARGEST_PACKAGE:
            raise PackageBroken("package-too-large")
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._by_lower: dict[str, str] = {}
        self.doubled: list[str] = []
        for entry in entries:
            name = clean(entry.filename)
            if name is None or name.lower() in self._by_lower:
                self.doubled.append(entry.filename[:120])
                continue
            self._entries[name] = entry
            self._by_lower[name.lower()] = name
        if _ENTRY.lower() not in self._by_lower:
            raise PackageBroken("not-a-pdf")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def read(self, path: str) -> bytes | None:
        """The bytes of a part; None where it is missing, damaged or larger than the limit."""
        name = clean(path)
        entry = self._entries.get(self._by_lower.get((name or "").lower(), ""))
        if entry is None or entry.file_size > LARGEST_PART:
            return None
        pieces, size = [], 0
        try:
            with self._archive.open(entry) as stream:
                while piece := stream.read(_CHUNK):
                    size += len(piece)
                    if size > entry.file_size:
                        return None
                    pieces.append(piece)
        except (
            zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError,
        ):  # fmt: skip
            return None
        return b"".join(pieces)


def is_zip(data: bytes) -> bool:
    """Whether the bytes begin as a ZIP file does."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def clean(path: str) -> str | None:
    """A path from the root without a leading slash, without dots; None when it leads out of the package."""
    parts: list[str] = []
    for part in path.strip().replace("\\", "/").split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts) or None


def locate(path: str, beside: str) -> tuple[str, ...]:
    """Where a path in the part ``beside`` may lead: from the root with a slash, else beside it, else root.

    GB/T 33190, 7.5: without a slash it is relative to the file that holds it; some vendors mean the root.
    """
    from_root = clean(path)
    if path.strip().startswith(("/", "\\")):
        return (from_root,) if from_root else ()
    folder = beside.rpartition("/")[0]
    relative = clean(f"{folder}/{path.strip()}")
    return tuple(dict.fromkeys(one for one in (relative, from_root) if one))
