"""QR codes: in pictures and on the pages of PDFs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import pypdfium2
import zxingcpp

from ingest.errors import FileBroken
from ingest.words import Place

Grey = npt.NDArray[np.uint8]
MOST_CODES: Final = 8
_QR_CODE: Final = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
MOST_TEXT: Final = 2000
"""Characters of one code; more is no invoice's."""
_BINARIZERS: Final = (zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram)
_QUICK_SIDE: Final = 1600
_PAGE_SIDES: Final = (1300, 2200)
"""Pixels of the longer side of a page in which a code is looked for: one of 20 mm on A4 has 87, then 148."""


def codes_of_picture(picture: npt.NDArray[np.uint8], page: int) -> list[tuple[str, Place]]:
    """The texts of the QR codes of a picture that stands upright, with their places.

    The whole picture first, then the part where invoices have theirs, larger, then cleaned of shadows:
    each only when nothing was found before.
    """
    grey = _grey(picture)
    high, wide = grey.shape
    for part, scale, box in _attempts(grey):
        found = _read(part)
        if found:
            return [
                (text, _place(corners / scale + box, wide, high, page))
                for text, corners in found[:MOST_CODES]
            ]
    return []


def _attempts(grey: Grey) -> Any:
    """Pictures to look at: pixels, their scale, and the corner of the part that they show."""
    high, wide = grey.shape
    longer = max(high, wide)
    whole = np.zeros(2, np.float32)
    scale = min(1.0, _QUICK_SIDE / longer)
    yield _scaled(grey, scale), scale, whole
    quarter = grey[: max(high * 2 // 5, 1), : max(wide * 2 // 5, 1)]
    for side in (1000, 1800):
        scale = min(4.0, side / max(quarter.shape))
        sized = _scaled(quarter, scale)
        yield sized, scale, whole
        yield _even(sized), scale, whole
    for side in (2400, 3400):
        scale = min(2.0, side / longer)
        sized = _scaled(grey, scale)
        yield sized, scale, whole
        yield _even(sized), scale, whole


def _grey(picture: npt.NDArray[np.uint8]) -> Grey:
    if picture.ndim == 2:
        return picture
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _scaled(grey: Grey, scale: float) -> Grey:
    if scale == 1.0:
        return np.ascontiguousarray(grey)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=way), dtype=np.uint8)


def _even(grey: Grey) -> Grey:
    """The picture with shadows taken out and edges sharpened."""
    if min(grey.shape) < 64:
        return grey
    small = cv2.resize(grey, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    ground = cv2.resize(cv2.GaussianBlur(small, (0, 0), max(small.shape) / 40), grey.shape[::-1])
    even = cv2.divide(grey, np.maximum(ground, 1), scale=200)
    soft = cv2.GaussianBlur(even, (0, 0), 2)
    return np.asarray(cv2.addWeighted(even, 2.0, soft, -1.0, 0), dtype=np.uint8)


def _read(grey: Grey) -> list[tuple[str, npt.NDArray[np.float32]]]:
    for binarizer in _BINARIZERS:
        found = zxingcpp.read_barcodes(
            grey,
            formats=_QR_CODE,
            try_invert=False,
            try_downscale=True,
            binarizer=binarizer,
        )
        read = [(one.text[:MOST_TEXT], _corners(one)) for one in found if one.valid and one.text]
        if read:
            return read
    return []


def _corners(code: Any) -> npt.NDArray[np.float32]:
    place = code.position
    return np.array(
        [(at.x, at.y) for at in (place.top_left, place.top_right, place.bottom_right, place.bottom_left)],
        dtype=np.float32,
    )


def turns_of_code(picture: npt.NDArray[np.uint8]) -> int | None:
    """By how many quarter turns clockwise a picture must be turned for its code to stand upright.

    None when there is no code. A QR code has its three marks at the left top, right top and left bottom.
    """
    grey = _grey(picture)
    found = _read(_scaled(grey, min(1.0, _QUICK_SIDE / max(grey.shape))))
    if not found:
        return None
    ahead = found[0][1][1] - found[0][1][0]
    return round(-float(np.degrees(np.arctan2(ahead[1], ahead[0]))) / 90) % 4


def _place(corners: npt.NDArray[np.float32], wide: int, high: int, page: int) -> Place:
    low = np.clip(corners.min(axis=0) / (wide, high), 0, 1)
    far = np.clip(corners.max(axis=0) / (wide, high), 0, 1)
    return Place(page, float(low[0]), float(low[1]), float(far[0]), float(far[1]))


def codes_of_page(source: Path, number: int) -> list[tuple[str, Place]]:
    """The QR codes of a page (from 1) of a PDF. Raises FileBroken."""
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        raise FileBroken(reason=str(error)[:200]) from error
    try:
        if not 1 <= number <= len(document):
            raise FileBroken(reason=f"page {number}")
        try:
            page = document[number - 1]
        except pypdfium2.PdfiumError:
            return []
        longer = max(*page.get_size(), 1.0)
        for side in _PAGE_SIDES:
            grey = page.render(scale=min(side / longer, 8.0), grayscale=True).to_numpy()
            grey = np.ascontiguousarray(grey.reshape(grey.shape[:2]))
            found = _read(grey)
            if found:
                high, wide = grey.shape
                return [(text, _place(corners, wide, high, number)) for text, corners in found[:MOST_CODES]]
        return []
    finally:
        document.close()
