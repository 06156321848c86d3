"""A ZIP: each member becomes a document of its own. Runs in the worker process only.

What a member cannot be taken for (encrypted, damaged, packed in an unknown way, too large) is a
finding with its name and costs that member only. A ZIP that unpacks to much more than it weighs is
refused as a whole.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from ingest.conversion import Converted, Member
from ingest.errors import ContainerEmpty, ContainerTooLarge
from ingest.zipping import UNREADABLE, display_name, opened

MOST_MEMBERS: Final = 1000
MOST_BYTES: Final = 200 * 1024**2
"""Of one member."""
MOST_BYTES_TOGETHER: Final = 1024**3
MOST_RATIO: Final = 200
"""Unpacked to packed, beyond the first ``FREE_BYTES``: papers stay far below, bombs are above 1000."""
FREE_BYTES: Final = 32 * 1024**2
_CHUNK: Final = 1024 * 1024
_JUNK: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
ENCRYPTED: Final = "member-encrypted"
BROKEN: Final = "member-broken"
TOO_LARGE: Final = "member-too-large"
UNSUPPORTED: Final = "member-unsupported"


def convert(source: Path, folder: Path) -> Converted:
    """The members of a ZIP; no PDF. Files in the folder are numbered: no name of the ZIP becomes a path.

    Raises FileBroken, TooManyMembers, ContainerTooLarge, ContainerEmpty.
    """
    made = Converted()
    weight = source.stat().st_size
    together = 0
    with opened(source, MOST_MEMBERS) as archive:
        wanted = [one for one in archive.infolist() if not _is_junk(one)]
        for number, member in enumerate(wanted, start=1):
            name, target = display_name(member), folder / f"member-{number:04d}"
            reason = _why_not(member)
            if reason is None:
                most = min(MOST_BYTES_TOGETHER, FREE_BYTES + MOST_RATIO * weight) - together
                size, reason = _unpack(archive, member, target, most)
                together += size
            if reason is None:
                made.members.append(Member(name, target))
            else:
                target.unlink(missing_ok=True)
                made.findings.append({"code": reason, "name": name})
    if not wanted:
        raise ContainerEmpty()
    return made


def _is_junk(member: zipfile.ZipInfo) -> bool:
    """Folders, and what operating systems leave behind."""
    parts = member.filename.replace("\\", "/").split("/")
    last = parts[-1].lower()
    return not last or "__MACOSX" in parts or last in _JUNK or last.startswith("._")


def _why_not(member: zipfile.ZipInfo) -> str | None:
    if member.flag_bits & 0x1:
        return ENCRYPTED
    if member.external_attr >> 28 == 0xA:  # a symbolic link, as Unix systems write it
        return UNSUPPORTED
    return TOO_LARGE if member.file_size > MOST_BYTES else None


def _unpack(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, most: int
) -> tuple[int, str | None]:
    """Unpack one member; returns its size and why it is not taken. Raises ContainerTooLarge.

    Counts what comes out, for the sizes in the ZIP are only what its maker says.
    """
    size = 0
    try:
        with archive.open(member) as packed, target.open("xb") as file:
            while piece := packed.read(_CHUNK):
                size += len(piece)
                if size > most:
                    raise ContainerTooLarge(limit=MOST_BYTES_TOGETHER // 1024**2)
                if size > MOST_BYTES:
                    return size, TOO_LARGE
                file.write(piece)
    except NotImplementedError:
        return size, UNSUPPORTED
    except UNREADABLE:
        return size, BROKEN
    return size, None
