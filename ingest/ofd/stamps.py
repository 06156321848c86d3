"""Seals of the signatures of a document: whose picture stands where (GB/T 33190, 18; GB/T 38540)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ingest.errors import FileRefused
from ingest.ofd.document import OfdDocument
from ingest.ofd.images import Picture
from ingest.ofd.markup import Box, Element, box, said
from ingest.ofd.package import Package, folder

MOST_SIGNATURES: Final = 200
MOST_STAMPS: Final = 5000


@dataclass(frozen=True)
class Drawn:
    """A seal's picture that was drawn as vectors: a form of ``width`` by ``height`` points."""

    form: Any
    width: float
    height: float


@dataclass(frozen=True)
class Stamp:
    """A picture of a seal on a page. ``clip`` counts from the corner of ``boundary``."""

    page: str
    boundary: Box
    clip: Box | None
    drawn: Picture | Drawn | None


@dataclass(frozen=True)
class Placed:
    """Where the seal of one signature stands, and the files that hold its picture."""

    element: Element
    path: str
    signed_value: str | None
    seal: str | None


def signature_files(package: Package, document: OfdDocument) -> list[Placed]:
    """Every signature of a document whose description can be read."""
    if document.body is None:
        return []
    found: list[Placed] = []
    for body_part in document.body.iter("Signatures"):
        path = package.find(str(body_part.text or ""), document.folder)
        if path is None:
            continue
        try:
            listed = package.tree(path)
        except FileRefused:
            continue
        for one in list(listed.iter("Signature"))[:MOST_SIGNATURES]:
            inner = package.find(one.get("BaseLoc") or "", folder(path), document.folder)
            if inner is None:
                continue
            try:
                root = package.tree(inner)
            except FileRefused:
                continue
            here = (folder(inner), folder(path), document.folder)
            seal = next(root.iter("Seal"), None)
            found.append(
                Placed(
                    root,
                    inner,
                    package.find(said(root, "SignedValue"), *here),
                    package.find(said(seal, "BaseLoc"), *here) if seal is not None else None,
                )
            )
    return found


def places(signature: Placed) -> list[tuple[str, Box, Box | None]]:
    """Page ID, box and clip of every stamp of a signature."""
    found = []
    for one in list(signature.element.iter("StampAnnot"))[:MOST_STAMPS]:
        boundary = box(one.get("Boundary"))
        if boundary is not None:
            found.append(((one.get("PageRef") or "").strip(), boundary, box(one.get("Clip"))))
    return found
