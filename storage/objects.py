"""The object interface: bytes named by their SHA-256, written once.

An implementation is safe for many threads and processes at once. ``put`` of a digest that is there
does nothing; an object becomes visible whole or not at all, and is on stable storage when ``put``
returns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

CHUNK: Final = 1024 * 1024
"""How much is read and written at a time, in bytes."""


@dataclass(frozen=True)
class Stat:
    """What the store knows about an object. ``version_id`` where the back-end has versions."""

    digest: str
    size: int
    version_id: str | None = None
    retain_until: datetime | None = None
    legal_hold: bool = False


class Objects(Protocol):
    """One place that objects live in."""

    def put(self, digest: str, source: Path) -> Stat:
        """Store the file's bytes under ``digest`` (lower-case hex). The file stays where it is.

        The caller vouches for the digest. Raises StorageFull, StorageUnavailable; then nothing is
        visible under the digest that was not before.
        """
        ...

    def read(self, digest: str) -> bytes:
        """All bytes. Raises ObjectMissing, StorageUnavailable."""
        ...

    def chunks(self, digest: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` (0-based) on, at most ``length`` of them, in pieces.

        Raises ObjectMissing, StorageUnavailable before the first piece.
        """
        ...

    def stat(self, digest: str) -> Stat | None:
        """Facts about one object, or None when it is not there."""
        ...

    def retain(self, digest: str, until: datetime) -> bool:
        """Forbid deletion before ``until``, where the back-end can. Returns whether it can."""
        ...

    def set_legal_hold(self, digest: str, on: bool) -> bool:
        """Forbid deletion until the hold is taken off, where the back-end can. Returns whether it can."""
        ...

    def delete(self, digest: str) -> None:
        """Remove an object; one that is not there is no error. Raises ObjectRetained."""
        ...

    def list(self) -> Iterator[Stat]:
        """All objects, in order of their digests."""
        ...
