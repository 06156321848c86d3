"""Reading PDFs: inspection, text, page pictures, repair. Runs in the worker process only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pikepdf
import pypdfium2

from ingest.errors import FileBroken, FileEncrypted, FileTruncated, TooManyPages

MOST_TEXT: Final = 200_000
"""Characters of text that are kept of one page."""
MOST_OBJECTS: Final = 500_000
_ACTIONS: Final = {
    "/JavaScript": "javascript",
    "/Launch": "launch",
    "/SubmitForm": "submit-form",
    "/ImportData": "external-reference",
    "/GoToR": "external-reference",
    "/GoToE": "external-reference",
    "/Rendition": "rich-media",
    "/Movie": "rich-media",
    "/Sound": "rich-media",
    "/RichMediaExecute": "rich-media",
}
_ANNOTATIONS: Final = {
    "/RichMedia": "rich-media",
    "/Screen": "rich-media",
    "/Movie": "rich-media",
    "/Sound": "rich-media",
    "/3D": "rich-media",
    "/FileAttachment": "embedded-files",
}
_NAME: Final = re.compile(rb"/[^\x00\t\n\f\r ()<>\[\]{}/%]*")
_NAME_ESCAPE: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
SIGN_BLOCKERS: Final = frozenset(
    {
        "javascript",
        "launch",
        "xfa",
        "need-appearances",
        "external-reference",
        "hidden-layers",
        "submit-form",
        "rich-media",
    }
)
"""Findings with which a PDF is not signed in place: what is seen may not be what is signed."""


def check(source: Path, most_pages: int) -> dict[str, Any]:
    """The quick judgement at the upload. Raises FileTruncated, FileEncrypted, FileBroken, TooManyPages."""
    _require_end(source)
    with _open(source) as document:
        pages = len(document.pages)
    if pages == 0:
        raise FileBroken(reason="no pages")
    if pages > most_pages:
        raise TooManyPages(pages=pages, limit=most_pages)
    return {"pages": pages}


def inspect(source: Path) -> dict[str, Any]:
    """Pages and findings: ``[{"code": …}, …]``, each code once."""
    with _open(source) as document:
        found = set(_findings(document))
        if document.get_warnings():
            found.add("repaired")
        return {"pages": len(document.pages), "findings": [{"code": code} for code in sorted(found)]}


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
    with _open(source) as document:
        document.save(target, linearize=False, deterministic_id=True)
        return {"pages": len(document.pages)}


def _require_end(source: Path) -> None:
    with source.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 2048))
        if b"%%EOF" not in file.read():
            raise FileTruncated()


def _open(source: Path) -> pikepdf.Pdf:
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


def _findings(document: pikepdf.Pdf) -> Iterator[str]:
    root = document.Root
    form = root.get("/AcroForm")
    if isinstance(form, pikepdf.Dictionary):
        if "/XFA" in form:
            yield "xfa"
        if form.get("/NeedAppearances", False):
            yield "need-appearances"
    if _has_switchable_layers(root):
        yield "hidden-layers"
    names = root.get("/Names")
    if isinstance(names, pikepdf.Dictionary):
        if "/JavaScript" in names:
            yield "javascript"
        if "/EmbeddedFiles" in names:
            yield "embedded-files"
    for number, item in enumerate(document.objects):
        if number > MOST_OBJECTS:
            raise FileBroken(reason=f"more than {MOST_OBJECTS} objects")
        if isinstance(item, pikepdf.Stream):
            # the data, the page or the picture to print lies in another file
            if any(key in item.stream_dict for key in ("/F", "/Ref", "/OPI")):
                yield "external-reference"
        elif isinstance(item, pikepdf.Dictionary | pikepdf.Array):
            try:
                yield from _nested(item, 0)
            except UnicodeDecodeError:  # names in GBK, which Chinese programs write
                yield from _written(item.unparse())


def _written(source: bytes) -> Iterator[str]:
    """The same by the names in an object's source text, where they cannot be read one by one.

    Finds rather more than there is: a string that holds such a name counts too.
    """
    names = {
        _NAME_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), name) for name in _NAME.findall(source)
    }
    known = {**_ACTIONS, **_ANNOTATIONS, "/JS": "javascript", "/ByteRange": "signed"}
    yield from (code for name, code in known.items() if name.encode() in names)


def _nested(item: Any, depth: int) -> Iterator[str]:
    """Look at a dictionary and at the direct ones inside it."""
    if depth > 30:
        return
    values: list[Any]
    if isinstance(item, pikepdf.Dictionary):
        kind = str(item.get("/S", ""))
        if kind in _ACTIONS:
            yield _ACTIONS[kind]
        if "/JS" in item:
            yield "javascript"
        if "/Subtype" in item and str(item.get("/Subtype")) in _ANNOTATIONS:
            yield _ANNOTATIONS[str(item.get("/Subtype"))]
        if (str(item.get("/FT", "")) == "/Sig" and "/V" in item) or "/ByteRange" in item:
            yield "signed"  # a signature's own dictionary counts too: /FT may be inherited
        values = [item[key] for key in item.keys() if key != "/Parent"]  # noqa: SIM118 (not a dict)
    else:
        values = list(item)
    for value in values:
        if isinstance(value, pikepdf.Dictionary | pikepdf.Array) and not value.is_indirect:
            yield from _nested(value, depth + 1)


def _has_switchable_layers(root: pikepdf.Object) -> bool:
    """Whether optional content is hidden, or can be switched by who looks at it."""
    properties = root.get("/OCProperties")
    if not isinstance(properties, pikepdf.Dictionary):
        return False
    groups = properties.get("/OCGs")
    return isinstance(groups, pikepdf.Array) and len(groups) > 0
