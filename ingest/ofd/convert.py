"""An OFD becomes a PDF/A-2b that looks the same, with its text, and says what its data says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from ingest.conversion import Converted
from ingest.errors import FileBroken
from ingest.invoices.facts import Reading
from ingest.ofd import archive_pdf, custom_data, data_files
from ingest.ofd.canvas import Book, TooMuch
from ingest.ofd.document import OfdDocument, documents
from ingest.ofd.markup import said
from ingest.ofd.package import Package
from ingest.ofd.pages import Reader, finish
from ingest.ofd.seal_pictures import stamps_of
from ingest.words import Place

STANDARD: Final = "2b"


def convert(source: Path, folder: Path) -> Converted:
    """Read the package, draw all pages, and collect data, attachments and signatures.

    Raises FileBroken when it shows nothing, and other FileRefused.
    """
    try:
        return _converted(source, folder)
    except TooMuch as error:
        raise FileBroken(**error.context) from error


def _converted(source: Path, folder: Path) -> Converted:
    target = folder / "converted.pdf"
    with Package(source) as package:
        made = Converted(pdf=target, standard=STANDARD)
        book = Book()
        found = documents(package)
        number = 0
        for document in found:
            drawn = _Drawn(book, package, document, number)
            drawn.draw_all()
            number += len(document.pages)
            made.findings += drawn.findings
            made.readings += drawn.readings()
        if len(made.findings) >= number and not any("objects" in one for one in made.findings):
            raise FileBroken(reason="no page of the OFD can be read")
        for one in made.findings:
            one.pop("objects", None)
        readings, made.attachments = data_files.look(package, found, folder)
        made.readings = readings + made.readings
        book.shelf.write()
        archive_pdf.declare(book.document, _title(found))
        book.document.save(target, deterministic_id=True)
        book.document.close()
    return made


class _Drawn:
    """One document of the package while it is drawn."""

    def __init__(self, book: Book, package: Package, document: OfdDocument, before: int) -> None:
        self._book = book
        self._package = package
        self._document = document
        self._before = before
        self.findings: list[dict[str, Any]] = []
        self._texts: dict[str, str] = {}
        self._places: dict[str, Place] = {}

    def draw_all(self) -> None:
        """Every page, with the seals that stand on it."""
        reader = Reader(self._book, self._package, self._document)
        stamps = stamps_of(self._book, self._package, self._document)
        for number, page in enumerate(self._document.pages, start=self._before + 1):
            own = [one for one in stamps if one.page == page.identifier]
            leaf, seen = reader.draw(page, own)
            for identifier, text in seen.texts.items():
                self._texts.setdefault(identifier, text)
            for identifier, around in seen.places.items():
                self._places.setdefault(identifier, Place(number, *leaf.place(around)))
            if seen.broken:
                finding: dict[str, Any] = {"code": "page-incomplete", "page": number}
                if not leaf.canvas.is_empty:
                    finding["objects"] = seen.broken
                self.findings.append(finding)
            finish(self._book, leaf)

    def readings(self) -> list[Reading]:
        """What custom data and tags say."""
        found = (
            custom_data.reading(self._document),
            custom_data.tagged(self._package, self._document, self._texts, self._places),
        )
        return [one for one in found if one is not None]


def _title(found: list[OfdDocument]) -> str:
    return next((said(one.body, "DocInfo", "Title") for one in found if one.body is not None), "")
