"""Reading backups: manifests, chains, packs of objects, and everything to the end."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from retention import dump
from retention.backup_format import StreamDamaged, StreamOfOtherKey, decrypt
from retention.backup_store import BackupStore
from retention.errors import (
    BackupChainBroken,
    BackupDamaged,
    BackupKeyDiffers,
    BackupMissing,
    BackupOfOtherVersion,
)

FORMAT: Final = 1
_NAME: Final = re.compile(r"[0-9A-Za-z]+(-[0-9A-Za-z]+)*")
MANIFEST: Final = "manifest"
DATABASE: Final = "database"
PACK_HEAD_NUMBER: Final = 8
PACK_END: Final = 2**64 - 1
"""Stands where the size of a next object would, at the end of a pack."""
Progress = Callable[[int, int, str], None]
"""Called with how many are done, how many there are, and what is being done now."""


def no_progress(_done: int, _total: int, _now: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. ``chain`` names the backups that are needed, oldest first, itself last.

    ``members`` are all other files of the backup, each with its size and the SHA-256 of its encrypted
    bytes; ``objects`` says which member each object that this backup adds lies in.
    """

    format: int
    name: str
    kind: str
    revision: str
    created_at: str
    finished_at: str
    chain: list[str]
    tables: dict[str, int]
    objects: dict[str, str]
    members: dict[str, tuple[int, str]]
    bytes: int

    def to_json(self) -> dict[str, Any]:
        """The facts that a list shows."""
        return {
            "name": self.name,
            "kind": self.kind,
            "state": "done",
            "started_at": self.created_at,
            "finished_at": self.finished_at,
            "objects": len(self.objects),
            "rows": sum(self.tables.values()),
            "bytes": self.bytes,
            "error": None,
            "verified_at": None,
        }


@dataclass(frozen=True)
class Report:
    """What reading a backup to its end found."""

    name: str
    objects: int
    rows: int


def complete_names(target: BackupStore) -> list[str]:
    """The names of all backups that were finished, oldest first, whatever key they are under."""
    return [
        member.removesuffix(f"/{MANIFEST}") for member in target.sizes() if member.endswith(f"/{MANIFEST}")
    ]


def find_manifest(target: BackupStore, key: bytes, name: str) -> Manifest:
    """The manifest of a backup, or of the newest under this key when the name is ``latest``.

    A damaged newest one is never passed over in silence. Raises BackupMissing, BackupKeyDiffers,
    BackupDamaged, BackupOfOtherVersion.
    """
    if name != "latest":
        return read_manifest(target, key, name)
    other_key = None
    for candidate in reversed(complete_names(target)):
        try:
            return read_manifest(target, key, candidate)
        except BackupKeyDiffers as error:
            other_key = other_key or error
    raise other_key or BackupMissing(name=name)


def read_manifest(target: BackupStore, key: bytes, name: str) -> Manifest:
    """The manifest of a backup.

    Raises BackupMissing, BackupKeyDiffers, BackupDamaged, BackupOfOtherVersion.
    """
    if not _NAME.fullmatch(name):
        raise BackupMissing(name=name)
    try:
        data = json.loads(b"".join(open_member(target, key, name, MANIFEST)))
    except BackupMissing as error:
        raise BackupMissing(name=name) from error
    if data.get("format") != FORMAT:
        raise BackupOfOtherVersion(name=name, revision=f"format {data.get('format')}")
    data["members"] = {member: (size, digest) for member, (size, digest) in data["members"].items()}
    return Manifest(**data)


def read_chain(target: BackupStore, key: bytes, newest: Manifest) -> list[Manifest]:
    """The backups that ``newest`` needs, oldest first, itself last.

    Looks whether all members are there in their full size, without reading them. Raises BackupChainBroken
    for a link that is gone, BackupDamaged for a member.
    """
    chain = []
    for name in newest.chain:
        try:
            chain.append(newest if name == newest.name else read_manifest(target, key, name))
        except BackupMissing as error:
            raise BackupChainBroken(name=name, needed_by=newest.name) from error
    sizes = target.sizes()
    for one in chain:
        for member, (size, _digest) in one.members.items():
            if sizes.get(f"{one.name}/{member}") != size:
                raise BackupDamaged(name=one.name, member=member)
    return chain


def read_backup(
    target: BackupStore,
    key: bytes,
    name: str,
    progress: Progress = no_progress,
    *,
    on_rows: Callable[[Iterator[bytes]], object] | None = None,
    on_object: Callable[[str, bytes], object] | None = None,
) -> Report:
    """Read a backup with its chain to the end: every byte authenticated, every object's digest compared.

    ``on_object`` gets each object, then ``on_rows`` the lines of the rows. That all is there shows at
    the end of the lines only, as an error out of the iterator. Raises BackupMissing, BackupKeyDiffers,
    BackupDamaged, BackupOfOtherVersion.
    """
    manifest = find_manifest(target, key, name)
    chain = read_chain(target, key, manifest)
    total, held = sum(len(one.objects) for one in chain), set[str]()
    for one in chain:
        for member in sorted(set(one.objects.values())):
            for digest, data in _unpack(_verified(target, key, one, member), one.name, member):
                held.add(digest)
                progress(len(held), total, digest[:8])
                if on_object is not None:
                    on_object(digest, data)
        if not held.issuperset(one.objects):
            raise BackupDamaged(name=one.name, member=min(set(one.objects) - held))
    counts: dict[str, int] = {}
    lines = _checked_lines(target, key, manifest, held, counts)
    if on_rows is not None:
        on_rows(lines)
    for _left in lines:
        pass
    return Report(manifest.name, total, sum(counts.values()))


def _checked_lines(
    target: BackupStore, key: bytes, manifest: Manifest, held: set[str], counts: dict[str, int]
) -> Iterator[bytes]:
    """The lines of the rows; at the end it shows whether there were as many as the manifest says, and
    whether the backup holds the bytes of every object that a row refers to."""
    needed: set[str] = set()
    for line in split_lines(inflated(_verified(target, key, manifest, DATABASE))):
        table, values = json.loads(line)
        counts[table] = counts.get(table, 0) + 1
        needed.update(dump.referenced_object(table, values))
        yield line
    if counts != {table: count for table, count in manifest.tables.items() if count}:
        raise BackupDamaged(name=manifest.name, member=DATABASE)
    if not needed <= held:
        raise BackupDamaged(name=manifest.name, member=min(needed - held))


def _verified(target: BackupStore, key: bytes, manifest: Manifest, member: str) -> Iterator[bytes]:
    """A member's plaintext; at its end the encrypted bytes are compared with the manifest."""
    hasher = hashlib.sha256()
    yield from open_member(target, key, manifest.name, member, hasher.update)
    if hasher.hexdigest() != manifest.members[member][1]:
        raise BackupDamaged(name=manifest.name, member=member)


def open_member(
    target: BackupStore,
    key: bytes,
    name: str,
    member: str,
    seen: Callable[[bytes], object] = lambda piece: None,
) -> Iterator[bytes]:
    """A member's plaintext in pieces; ``seen`` gets the encrypted bytes.

    Raises BackupMissing, BackupKeyDiffers, BackupDamaged.
    """

    def stored() -> Iterator[bytes]:
        for piece in target.chunks(f"{name}/{member}"):
            seen(piece)
            yield piece

    try:
        yield from decrypt(key, f"{name}/{member}", stored())
    except StreamOfOtherKey as error:
        raise BackupKeyDiffers(name=name) from error
    except StreamDamaged as error:
        raise BackupDamaged(name=name, member=member) from error


def _unpack(pieces: Iterator[bytes], name: str, member: str) -> Iterator[tuple[str, bytes]]:
    """The objects of a pack, each compared with its digest."""
    waiting = bytearray()

    def take(count: int) -> bytes:
        while len(waiting) < count:
            piece = next(pieces, None)
            if piece is None:
                raise BackupDamaged(name=name, member=member)
            waiting.extend(piece)
        taken = bytes(waiting[:count])
        del waiting[:count]
        return taken

    while (number := int.from_bytes(take(PACK_HEAD_NUMBER), "big")) != PACK_END:
        digest = take(32).hex()
        data = take(number)
        if hashlib.sha256(data).hexdigest() != digest:
            raise BackupDamaged(name=name, member=digest)
        yield digest, data
    if waiting or next(pieces, None) is not None:
        raise BackupDamaged(name=name, member=member)


def packed(digest: str, data: bytes) -> Iterator[bytes]:
    """An object in a pack: size (8 bytes, big endian), digest (32), bytes."""
    yield len(data).to_bytes(PACK_HEAD_NUMBER, "big") + bytes.fromhex(digest)
    yield data


def deflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces compressed."""
    compressor = zlib.compressobj(6)
    for piece in pieces:
        yield compressor.compress(piece)
    yield compressor.flush()


def inflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The reverse of ``deflated``."""
    inflater = zlib.decompressobj()
    for piece in pieces:
        yield inflater.decompress(piece)
    yield inflater.flush()


def split_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a stream, without their ends."""
    waiting = b""
    for piece in pieces:
        *whole, waiting = (waiting + piece).split(b"\n")
        yield from whole
    if waiting:
        yield waiting
