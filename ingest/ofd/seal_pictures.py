"""The pictures of seals, read out of their structures and drawn once for all places they stand in."""

from __future__ import annotations

from ingest.ofd.canvas import Book
from ingest.ofd.document import OfdDocument
from ingest.ofd.package import Package
from ingest.ofd.stamps import Stamp


def stamps_of(book: Book, package: Package, document: OfdDocument) -> list[Stamp]:
    return []
