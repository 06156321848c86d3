"""What an OFD says of itself, as far as signatures ask: documents, pages, signature lists, signatures."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from lxml import etree

from signing.national.ofd_package import locate

Read = Callable[[str], bytes | None]
"""Gives the bytes of a part by its path, None where there is none."""

ENTRY: Final = "OFD.xml"
MOST_SIGNATURES: Final = 500
MOST_REFERENCES: Final = 20_000
_CHINA: Final = timezone(timedelta(hours=8))
_TIME: Final = re.compile(
    r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?[T ]?(?:(\d{2}):?(\d{2}):?(\d{2})(?:\.\d+)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?"
)


class PartBroken(ValueError):
    """A part is missing or is no XML that can be read; the text is its path."""


@dataclass(frozen=True)
class Body:
    """One document in the package."""

    root: str
    """Path of its Document.xml."""
    signature_list: str | None


@dataclass(frozen=True)
class Entry:
    """A line of Signatures.xml."""

    id: str
    kind: str
    path: str
    """Of Signature.xml."""


@dataclass(frozen=True)
class Reference:
    """A part that a signature covers. ``digest`` is None where it is no base64."""

    path: str
    digest: bytes | None


@dataclass(frozen=True)
class Description:
    """Signature.xml."""

    path: str
    raw: bytes
    method: str
    """How digests are made, as written; the standard's default where nothing is."""
    references: tuple[Reference, ...]
    signed_value: str
    seal: str | None
    """Path of Seal.esl."""
    signed_at: datetime | None


def bodies(read: Read) -> list[Body]:
    """The documents that OFD.xml names. Raises PartBroken."""
    found: list[Body] = []
    for body in _named(_parse(read, ENTRY), "DocBody"):
        root = _text(body, "DocRoot")
        if root is None:
            continue
        signatures = _text(body, "Signatures")
        found.append(
            Body(_existing(read, root, ENTRY), _existing(read, signatures, ENTRY) if signatures else None)
        )
    return found


def entries(read: Read, list_path: str) -> list[Entry]:
    """The signatures that a list names, in its order. Raises PartBroken."""
    found: list[Entry] = []
    for item in _named(_parse(read, list_path), "Signature"):
        path = item.get("BaseLoc")
        if path:
            found.append(
                Entry(item.get("ID") or "", item.get("Type") or "Seal", _existing(read, path, list_path))
            )
    return found[:MOST_SIGNATURES]


def description(read: Read, path: str) -> Description:
    """Read Signature.xml. Raises PartBroken."""
    raw = read(path)
    root = _parse(read, path)
    info = next(_named(root, "SignedInfo"), None)
    listed = next(_named(info, "References"), None) if info is not None else None
    if info is None or listed is None:
        raise PartBroken(path)
    references = [
        Reference(_existing(read, item.get("FileRef") or "", path), _digest(_text(item, "CheckValue")))
        for item in list(_named(listed, "Reference"))[:MOST_REFERENCES]
    ]
    seal = next(_named(info, "Seal"), None)
    seal_path = _text(seal, "BaseLoc") or (seal.text or "").strip() if seal is not None else None
    signed_value = _text(root, "SignedValue") or "SignedValue.dat"
    return Description(
        path=path,
        raw=raw or b"",
        method=listed.get("CheckMethod") or "MD5",  # GB/T 33190, table 63
        references=tuple(references),
        signed_value=_existing(read, signed_value, path),
        seal=_existing(read, seal_path, path) if seal_path else None,
        signed_at=_moment(_text(info, "SignatureDateTime")),
    )


def shown_parts(read: Read, root: str) -> tuple[set[str], set[str]]:
    """The parts that a document is drawn from: (document, pages and templates), (what it names besides).

    A document that cannot be read is its own only part.
    """
    drawn, besides = {root}, set[str]()
    try:
        document = _parse(read, root)
    except PartBroken:
        return drawn, besides
    for name in ("Page", "TemplatePage"):
        drawn |= {
            _existing(read, one.get("BaseLoc"), root) for one in _named(document, name) if one.get("BaseLoc")
        }
    for name in ("PublicRes", "DocumentRes", "Annotations", "Attachments", "CustomTags", "Extensions"):
        besides |= {
            _existing(read, one.text, root) for one in _named(document, name) if (one.text or "").strip()
        }
    return drawn, besides


def _parse(read: Read, path: str) -> Any:
    data = read(path)
    if data is None:
        raise PartBroken(path)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root: Any = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise PartBroken(path) from error
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        raise PartBroken(path)
    return root


def _named(element: Any, name: str) -> Iterator[Any]:
    """All descendants of that local name: vendors write with and without the namespace."""
    return (one for one in element.iter(f"{{*}}{name}") if one is not element)


def _text(element: Any, name: str) -> str | None:
    found = next(_named(element, name), None)
    return (found.text or "").strip() or None if found is not None else None


def _existing(read: Read, path: str, beside: str) -> str:
    """The first place of ``locate`` that exists; the first one when none does."""
    places = locate(path, beside)
    for place in places:
        if read(place) is not None:
            return place
    return places[0] if places else path[:200]


def _digest(text: str | None) -> bytes | None:
    try:
        return base64.b64decode("".join((text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _moment(text: str | None) -> datetime | None:
    """A time in any of the ways vendors write it; without a zone it is China's."""
    found = _TIME.match(text.strip()) if text else None
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(one or 0) for one in found.groups()[:6])
    zone = found[7]
    offset = _CHINA if zone is None else UTC
    if zone not in (None, "Z"):
        sign = -1 if zone[0] == "-" else 1
        offset = timezone(sign * timedelta(hours=int(zone[1:3]) % 24, minutes=int(zone[-2:]) % 60))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=offset).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
