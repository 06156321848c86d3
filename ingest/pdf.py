"""Reading PDFs: inspection, text, page pictures, repair. Runs in the worker process only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pikepdf
import pypdfium2

from ingest import substitute_fonts
from ingest.errors import FileBroken, FileEncrypted, FileTruncated, TooManyPages
from ingest.pdf_findings import SIGN_BLOCKERS, UNSIGNABLE, findings

__all__ = [
    "SIGN_BLOCKERS",
    "UNSIGNABLE",
    "check",
    "inspect",
    "pages_with_pictures",
    "picture",
    "repair",
    "text",
]

substitute_fonts.provide()

MOST_TEXT: Final = 200_000
"""Characters of text that are kept of one page."""


def check(source: Path, most_pages: int) -> dict[str, Any]:
    """The quick judgement at the upload. Raises FileTruncated, FileEncrypted, FileBroken, TooManyPages."""
    _require_end(source)
    with opened(source) as document:
        pages = len(document.pages)
    if pages == 0:
        raise FileBroken(reason="no pages")
    if pages > most_pages:
        raise TooManyPages(pages=pages, limit=most_pages)
    return {"pages": pages}


def inspect(source: Path) -> dict[str, Any]:
    """Pages and findings: ``[{"code": …, "page": …, "name": …}, …]``, bounded, each once.

    ``page`` stands where the finding belongs to one page, ``name`` where it is a file inside.
    """
    with opened(source) as document:
        found = sorted(
            findings(document), key=lambda one: (one["code"], one.get("page", 0), one.get("name", ""))
        )
        if document.get_warnings():
            found.append({"code": "repaired"})
        return {"pages": len(document.pages), "findings": found}


def text(source: Path) -> list[str]:
    """The text of each page."""
    document = _open_pdfium(source)
    try:
        pages = []
        for page in document:
            words = page.get_textpage()
            pages.append(
                words.get_text_range(0, min(words.count_chars(), MOST_TEXT)) if words.count_chars() else ""
            )
            words.close()
            page.close()
        return pages
    finally:
        document.close()


def pages_with_pictures(source: Path, numbers: Sequence[int]) -> list[int]:
    """Those of the pages (from 1) on which something is drawn that may be a scan; pages that pdfium cannot
    load are left out."""
    document = _open_pdfium(source)
    try:
        found = []
        for number in numbers:
            try:
                page = document[number - 1]
            except pypdfium2.PdfiumError:
                continue
            if any(
                item.type in (pypdfium2.raw.FPDF_PAGEOBJ_IMAGE, pypdfium2.raw.FPDF_PAGEOBJ_PATH)
                for item in page.get_objects(max_depth=3)
            ):
                found.append(number)
            page.close()
        return found
    finally:
        document.close()


def picture(source: Path, page: int, width: int, target: Path) -> None:
    """Draw a page (from 1) as PNG, ``width`` pixels wide, at most four times as high."""
    document = _open_pdfium(source)
    try:
        if not 1 <= page <= len(document):
            raise FileBroken(reason=f"page {page}")
        drawn = document[page - 1]
        page_width, page_height = drawn.get_size()
        scale = min(width / max(page_width, 1), 4 * width / max(page_height, 1))
        image = drawn.render(scale=scale, may_draw_forms=True).to_pil()
        image.convert("RGB").save(target, "PNG", optimize=False, compress_level=4)
    finally:
        document.close()


def repair(source: Path, target: Path) -> dict[str, Any]:
    """Write the file anew with a sound structure. For unsigned files only."""
    with opened(source) as document:
        # the version in the XMP data is left alone: damaged XMP must not cost the pages
        document.save(target, linearize=False, deterministic_id=True, fix_metadata_version=False)
        return {"pages": len(document.pages)}


def _require_end(source: Path) -> None:
    with source.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 2048))
        if b"%%EOF" not in file.read():
            raise FileTruncated()


def opened(source: Path) -> pikepdf.Pdf:
    """The document. Raises FileEncrypted, FileBroken."""
    try:
        document = pikepdf.open(source, suppress_warnings=True)
    except pikepdf.PasswordError as error:
        raise FileEncrypted() from error
    except pikepdf.PdfError as error:
        raise FileBroken(reason=str(error)[:200]) from error
    if document.is_encrypted:
        document.close()
        raise FileEncrypted()
    return document


def _open_pdfium(source: Path) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(source)
        document.init_forms()
    except pypdfium2.PdfiumError as error:
        raise FileBroken(reason=str(error)[:200]) from error
    return document
