"""A picture file becomes a PDF: upright, straightened where need be, with its words and codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from PIL import Image

from ingest.allowance import RECOGNITION
from ingest.conversion import Converted
from ingest.invoices import qr
from ingest.invoices.facts import Reading
from ingest.limits import MOST_RECOGNISED
from ingest.scanning import pictures
from ingest.scanning.picture_pdf import (
    PicturePdf,
    Stored,
    as_jpeg,
    box_on_page,
    lossless,
    orientation_after,
    placed_in,
)
from ingest.words import Page, Place

_READ_FOR_CODES: Final = 2
"""Pages in which QR codes are looked for until one is found: an invoice has its own on the first."""


def check(source: Path) -> dict[str, Any]:
    """The quick judgement at the upload: sizes from the headers, then one full decoding.

    Raises ImageTooLarge, TooManyPages, FileTruncated, FileBroken.
    """
    with pictures.opened(source) as image:
        return {"pages": sum(1 for _ in pictures.frames(image))}


def convert(source: Path, folder: Path) -> Converted:
    """The picture as PDF/A-2b. A JPEG that need not be changed keeps its very bytes (the page turns it),
    other pictures are stored without loss where their file was.

    Raises ImageTooLarge, TooManyPages, FileTruncated, FileBroken.
    """
    made = Converted(pages=[], pages_are_recognised=True, standard="2b")
    document = PicturePdf()
    assert made.pages is not None
    with pictures.opened(source) as image:
        for number, frame in enumerate(pictures.frames(image), start=1):
            page = _Page(frame, source, number)
            if number == 1 or (number <= MOST_RECOGNISED and not RECOGNITION.is_spent()):
                page.recognise(wants_codes=number <= _READ_FOR_CODES and not made.readings)
            elif not made.findings:
                made.findings.append({"code": "recognition-stopped"})
            stored = page.stored()
            made.pages.append(document.add(stored, page.words))
            made.readings += page.readings(stored)
    made.pdf = folder / "picture.pdf"
    document.save(made.pdf)
    return made


class _Page:
    """One frame on its way to a page."""

    def __init__(self, frame: Image.Image, source: Path, number: int) -> None:
        self._frame = frame
        self._source = source
        self._number = number
        self._orientation = pictures.orientation(frame)
        self._turns = 0
        self._reshaped: Image.Image | None = None
        self._codes: list[tuple[str, Place | None]] = []
        self.words: Page = ()

    def recognise(self, wants_codes: bool) -> None:
        """Straighten the picture, and read its words and codes."""
        import cv2
        import numpy as np

        from ingest.scanning.codes import codes_of_picture
        from ingest.scanning.recognition import words_of
        from ingest.scanning.straightening import straighten

        flat = pictures.flat(pictures.working(self._frame) if self._is_plain() else self._frame)
        seen = pictures.upright(pictures.working(flat), self._orientation)
        pixels = cv2.cvtColor(np.asarray(seen.convert("RGB")), cv2.COLOR_RGB2BGR)
        straight = straighten(np.asarray(pixels, dtype=np.uint8))
        self._turns = straight.turns
        if straight.is_reshaped:
            changed = Image.fromarray(cv2.cvtColor(straight.picture, cv2.COLOR_BGR2RGB))
            self._reshaped = changed if flat.mode == "RGB" else changed.convert("L")
        self.words = words_of(straight.picture, self._number, straight.line_height)
        if wants_codes:
            self._codes = [*codes_of_picture(straight.picture, self._number)]
            if not self._codes and straight.is_reshaped:  # resampling may have cost a small code
                found = codes_of_picture(np.asarray(pixels, dtype=np.uint8), self._number)
                self._codes = [(text, None) for text, _ in found]

    def _is_plain(self) -> bool:
        """Whether bringing the picture down to size before its colours are changed gives the same."""
        return self._frame.mode in ("L", "RGB", "CMYK") and "transparency" not in self._frame.info

    def stored(self) -> Stored:
        """The picture as it goes into the PDF."""
        frame = self._frame
        if self._reshaped is not None:
            if frame.mode == "1":
                return lossless(self._reshaped.point(_black_or_white, "1"))
            return as_jpeg(self._reshaped)
        orientation = orientation_after(self._orientation, self._turns)
        if frame.format in ("JPEG", "MPO") and frame.mode in ("L", "RGB"):
            data = self._source.read_bytes()
            if is_embeddable(data):
                profile = pictures.profile(frame)
                return Stored(data, *frame.size, frame.mode, True, orientation, profile)
        flat = pictures.flat(frame)
        if flat.mode != "1" and _had_losses(frame, self._source):
            return as_jpeg(flat, orientation)
        return lossless(flat, orientation)

    def readings(self, stored: Stored) -> list[Reading]:
        """What the codes say of an invoice."""
        box = box_on_page(*stored.shown_size)
        said = (qr.read(text, place and placed_in(place, box)) for text, place in self._codes)
        return [reading for reading in said if reading is not None]


def _black_or_white(value: int) -> int:
    return 255 if value >= 128 else 0


def _had_losses(frame: Image.Image, source: Path) -> bool:
    """Whether the file keeps the picture with losses, so that storing it without any would only cost."""
    if frame.format == "WEBP":
        with source.open("rb") as file:
            return b"VP8L" not in file.read(64)
    if frame.format == "TIFF":
        return frame.info.get("compression") in ("jpeg", "tiff_jpeg", "webp")
    return frame.format in ("JPEG", "MPO", "HEIF", "AVIF")


def is_embeddable(data: bytes) -> bool:
    """Whether PDF readers know this kind of JPEG: baseline or progressive, Huffman, 8 bits (ISO 32000-1,
    7.4.8)."""
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            return False
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in (0xC0, 0xC1, 0xC2):
            return data[at + 4] == 8
        elif 0xC3 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return False
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return False
