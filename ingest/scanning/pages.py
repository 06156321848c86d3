"""Scanned PDFs: the words of their pages, and a copy in which they can be searched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pikepdf
import pypdfium2
from pikepdf import Dictionary, Name

from ingest.allowance import RECOGNITION
from ingest.errors import FileBroken
from ingest.scanning.text_layer import Frame, TextLayer
from ingest.words import Page, Place, Word

DPI: Final = 200
_MOST_SIDE: Final = 4000
_LEAST_SIDE: Final = 1600
"""Pixels of the longer side of a page as it is recognised."""
_FONT: Final = "VermilionWords"


def recognise(source_pdf: Path, numbers: list[int]) -> dict[int, Page]:
    """The words of pages (from 1) by recognition; places are those of the page as it is shown.

    The pages stay as they are: those that lie on their side or hang are read as they would stand, and the
    places are brought back. A page that cannot be drawn has no words; pages that the time is not enough for
    are left out. Raises FileBroken.
    """
    document = _opened(source_pdf)
    found: dict[int, Page] = {}
    try:
        for number in numbers:
            if found and RECOGNITION.is_spent():
                break
            if 1 <= number <= len(document):
                found[number] = _recognised(document, number)
    finally:
        document.close()
    return found


def _recognised(document: pypdfium2.PdfDocument, number: int) -> Page:
    import cv2

    from ingest.scanning.recognition import words_of
    from ingest.scanning.straightening import straighten

    try:
        page = document[number - 1]
        longer = max(*page.get_size(), 1.0)
        side = min(max(longer / 72 * DPI, _LEAST_SIDE), _MOST_SIDE)
        drawn = page.render(scale=side / longer, rev_byteorder=False).to_numpy()
    except pypdfium2.PdfiumError:
        return ()
    pixels = (
        np.ascontiguousarray(drawn[..., :3])
        if drawn.shape[2] >= 3
        else cv2.cvtColor(drawn, cv2.COLOR_GRAY2BGR)
    )
    straight = straighten(np.asarray(pixels, dtype=np.uint8), may_cut=False)
    words = words_of(straight.picture, number, straight.line_height)
    if straight.turns == 0 and not straight.is_reshaped:
        return words
    back = np.asarray(np.linalg.inv(straight.matrix), dtype=np.float64)
    high, wide = pixels.shape[:2]
    new_high, new_wide = straight.picture.shape[:2]
    return tuple(_brought_back(word, back, (new_wide, new_high), (wide, high)) for word in words)


def _brought_back(
    word: Word, back: npt.NDArray[np.float64], size: tuple[int, int], page_size: tuple[int, int]
) -> Word:
    """A word with its place on the page, found on a picture that ``back`` leads back from."""
    place = word.place
    corners = np.array(
        [
            (x * size[0], y * size[1], 1.0)
            for x in (place.left, place.right)
            for y in (place.top, place.bottom)
        ]
    )
    moved = corners @ back.T
    moved = moved[:, :2] / moved[:, 2:]
    low = np.clip(moved.min(axis=0) / page_size, 0, 1)
    far = np.clip(moved.max(axis=0) / page_size, 0, 1)
    where = Place(place.page, float(low[0]), float(low[1]), float(far[0]), float(far[1]))
    return Word(word.text, where, word.confidence)


def add_text(source_pdf: Path, target_pdf: Path, pages: dict[int, Page]) -> None:
    """A copy of a PDF with recognised words as invisible text over the pages (from 1) they were read on.

    Changes the file: for those without signatures only. Raises FileBroken.
    """
    frames = _frames(source_pdf, list(pages))
    try:
        document = pikepdf.open(source_pdf, suppress_warnings=True)
    except pikepdf.PdfError as error:
        raise FileBroken(reason=str(error)[:200]) from error
    with document:
        texts = TextLayer(document)
        for number, words in pages.items():
            said = texts.content(words, frames[number], _FONT) if number in frames else b""
            if said:
                page = document.pages[number - 1]
                _add_font(page, texts.font)
                page.contents_add(b"q\n", prepend=True)
                page.contents_add(b"\nQ\n" + said)
        texts.finish()
        document.save(target_pdf, deterministic_id=True, fix_metadata_version=False)


def _frames(source: Path, numbers: list[int]) -> dict[int, Frame]:
    """How fractions of the shown page become the page's own coordinates."""
    document = _opened(source)
    try:
        frames = {}
        for number in numbers:
            if 1 <= number <= len(document):
                page = document[number - 1]
                frames[number] = _frame(page.get_bbox(), page.get_rotation() // 90 % 4)
                page.close()
        return frames
    except pypdfium2.PdfiumError as error:
        raise FileBroken(reason=str(error)[:200]) from error
    finally:
        document.close()


def _frame(box: tuple[float, float, float, float], turns: int) -> Frame:
    left, bottom, right, top = box
    wide, high = right - left, top - bottom
    of_turns: dict[int, Callable[[float, float], tuple[float, float]]] = {
        0: lambda x, y: (left + x * wide, top - y * high),
        1: lambda x, y: (left + y * wide, bottom + x * high),
        2: lambda x, y: (right - x * wide, bottom + y * high),
        3: lambda x, y: (right - y * wide, top - x * high),
    }
    return of_turns[turns]


def _add_font(page: pikepdf.Page, font: pikepdf.Object) -> None:
    """Name the font in the page's resources; those it shares with other pages stay as they are."""
    resources = Dictionary(_copied(page.resources if "/Resources" in page.obj or _inherits(page) else None))
    fonts = Dictionary(_copied(resources.get("/Font")))
    fonts[Name("/" + _FONT)] = font
    resources.Font = fonts
    page.obj.Resources = resources


def _inherits(page: pikepdf.Page) -> bool:
    node: Any = page.obj
    for _ in range(50):
        node = node.get("/Parent")
        if not isinstance(node, Dictionary):
            return False
        if "/Resources" in node:
            return True
    return False


def _copied(found: Any) -> dict[str, Any]:
    return {key: found[key] for key in found.keys()} if isinstance(found, Dictionary) else {}  # noqa: SIM118


def _opened(source: Path) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        raise FileBroken(reason=str(error)[:200]) from error
