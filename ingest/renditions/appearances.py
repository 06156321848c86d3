"""How annotations and form fields look: made where the file leaves it to the viewer, drawn into the page."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

import pikepdf
import pypdfium2
from pikepdf import Array, Dictionary, Name

from ingest import pdf
from ingest.errors import FileBroken

_NEVER_DRAWN: Final = frozenset({"/Link", "/Popup"})


def opened(source: Path) -> pikepdf.Pdf:
    """The document; fields and annotations without an appearance have got the one that people see.

    PDFium makes it, which draws the pages in the portal too. Raises FileBroken, FileEncrypted.
    """
    document = pdf.opened(source)
    if len(document.pages) == 0:
        document.close()
        raise FileBroken(reason="no pages")
    if not _lacks_appearances(document):
        return document
    document.close()
    return pikepdf.open(io.BytesIO(_with_appearances(source)), suppress_warnings=True)


def _lacks_appearances(document: pikepdf.Pdf) -> bool:
    form = document.Root.get("/AcroForm")
    if isinstance(form, Dictionary) and bool(form.get("/NeedAppearances", False)):
        return True
    return any(
        "/AP" not in annotation and str(annotation.get("/Subtype", "")) not in _NEVER_DRAWN
        for page in document.pages
        for annotation in annotations_of(page.obj)
    )


def annotations_of(page: Any) -> list[Any]:
    """The annotation dictionaries of a page."""
    listed = page.get("/Annots")
    return [one for one in listed if isinstance(one, Dictionary)] if isinstance(listed, Array) else []


def _with_appearances(source: Path) -> bytes:
    try:
        document = pypdfium2.PdfDocument(source)
        document.init_forms()
        for page in document:
            width, height = page.get_size()
            # drawing the smallest picture makes PDFium write the appearances into its document
            page.render(scale=1 / max(width, height, 1), may_draw_forms=True)
            page.close()
        out = io.BytesIO()
        document.save(out)
        document.close()
    except pypdfium2.PdfiumError as error:
        raise FileBroken(reason=str(error)[:200]) from error
    return out.getvalue()


def flatten(document: pikepdf.Pdf) -> None:
    """Draw annotations and fields into their pages and remove them all."""
    for page in document.pages:
        seen = [one for one in annotations_of(page.obj) if str(one.get("/Subtype", "")) != "/Popup"]
        if "/Annots" in page.obj:
            page.obj.Annots = Array(seen)
    form = document.Root.get("/AcroForm")
    if isinstance(form, Dictionary) and "/NeedAppearances" in form:
        del form["/NeedAppearances"]
    document.flatten_annotations("screen")
    for page in document.pages:
        if "/Annots" in page.obj:
            del page.obj["/Annots"]
    if Name.AcroForm in document.Root:
        del document.Root["/AcroForm"]
