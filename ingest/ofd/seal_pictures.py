"""The pictures of seals, read out of their structures and drawn once for all places they stand in.

What a seal is worth is for ``signing.national`` to say; here its picture is found even where the rest of
the structure is not as the standards want it, because people should see what they were sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ingest.errors import FileRefused
from ingest.ofd import images
from ingest.ofd.canvas import Book, TooMuch
from ingest.ofd.document import OfdDocument, documents
from ingest.ofd.images import Picture
from ingest.ofd.package import Package
from ingest.ofd.pages import Reader
from ingest.ofd.stamps import Drawn, Placed, Stamp, places, signature_files
from signing.national import der

_MOST_ELEMENTS: Final = 5000
_DEEPEST: Final = 10
_ZIP: Final = b"PK\x03\x04"


@dataclass(frozen=True)
class SealPicture:
    """The picture as the seal holds it; its size there does not count: the stamp says how large it is."""

    kind: str
    data: bytes


def stamps_of(book: Book, package: Package, document: OfdDocument) -> list[Stamp]:
    """The stamps on all pages of a document. One whose picture cannot be had is drawn by nothing."""
    found: list[Stamp] = []
    known: dict[bytes, Picture | Drawn | None] = {}
    for signature in signature_files(package, document):
        spots = places(signature)
        if not spots:
            continue
        picture = _picture(package, signature)
        drawn = None
        if picture is not None:
            if picture.data not in known:
                known[picture.data] = _drawn(book, package, picture, len(known))
            drawn = known[picture.data]
        found.extend(Stamp(page, boundary, clip, drawn) for page, boundary, clip in spots)
    return found


def _picture(package: Package, signature: Placed) -> SealPicture | None:
    """The picture in the signed value, which cannot be exchanged; else in the seal that lies beside it."""
    for path in (signature.signed_value, signature.seal):
        if path is None:
            continue
        try:
            found = picture_in(package.read(path))
        except FileRefused:
            continue
        if found is not None:
            return found
    return None


def picture_in(data: bytes) -> SealPicture | None:
    """The picture of a seal or a seal signature: the first SEQUENCE of a string, octets and two integers,
    which are type, picture, width and height in all versions."""
    try:
        waiting = [(der.read(data, is_padded=True), 0)]
    except der.DerBroken:
        return None
    count = 0
    while waiting and count < _MOST_ELEMENTS:
        element, depth = waiting.pop()
        count += 1
        if not element.is_constructed or depth > _DEEPEST:
            continue
        try:
            children = element.children
        except der.DerBroken:
            continue
        found = _read(children)
        if found is not None:
            return found
        waiting.extend((child, depth + 1) for child in reversed(children))
    return None


def _read(children: tuple[der.Element, ...]) -> SealPicture | None:
    if len(children) < 4 or not all(one.is_universal(der.INTEGER) for one in children[2:4]):
        return None
    try:
        kind, data = children[0].text().strip().lower().lstrip("."), children[1].octets()
    except der.DerBroken:
        return None
    return SealPicture(kind, data) if len(kind) <= 16 and len(data) > 8 else None


def _drawn(book: Book, package: Package, picture: SealPicture, number: int) -> Picture | Drawn | None:
    try:
        if picture.data.startswith(_ZIP) or picture.kind == "ofd":
            return _page(book, package, picture.data, number)
        return images.picture(book.document, picture.data)
    except TooMuch:
        raise
    except FileRefused:
        return None


def _page(book: Book, package: Package, data: bytes, number: int) -> Drawn:
    """The first page of an OFD that is a seal's picture, without seals of its own. Raises FileRefused."""
    with Package(data, package.budget, label=f"{package.label}seal-{number}/") as inner:
        document = documents(inner)[0]
        leaf, _ = Reader(book, inner, document).draw(document.pages[0], [])
        return Drawn(leaf.canvas.form(is_group=False), leaf.width, leaf.height)
