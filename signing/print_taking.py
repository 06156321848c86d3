"""The print of a seal, taken out of a photo or scan: the paper goes, the red stays.

Light on the paper is evened out first: each pixel is compared with the paper about it, which gives the
share of red, green and blue that the ink swallows. Red ink swallows green and blue and leaves red; black
and blue ink, pencil and shadow swallow red as well, and yellow paper leaves green. What is red is one ink
of varying thickness, so the print becomes one colour with an opacity for each pixel: it has no white rim,
and the text below a seal shines through as it does on paper.
"""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from signing.print_errors import PrintMissing, SeveralPrints
from signing.prints import MOST_SIDE, Print

_LOOKED_AT: Final = 1200
"""Pixels of the longer side in which the print is looked for."""
_WORKED_ON: Final = 2400
_LEAST_RED: Final = 0.14
"""Below it red is a cast of the light, not ink."""
_FULLEST: Final = 0.85
"""Share of its bounds that a print fills at most; more is a red thing, no print."""
_SECOND: Final = 0.2
"""Ink of another piece, as a share of the print's, from which it is a print of its own."""
_THIN: Final = 0.15
_THICK: Final = 0.75
"""Shares of the full ink's red between which the opacity rises from nothing to full."""
_CHANNELS: Final = 4

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def take(png: bytes) -> Print:
    """The print in a picture that is upright and in sRGB. Raises PrintMissing, SeveralPrints."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as opened:
        whole = np.asarray(opened.convert("RGB"))
    red, _ = _redness(_at_most(whole, _LOOKED_AT))
    kept = _main_piece(red)
    scale = whole.shape[0] / red.shape[0]
    top, bottom, left, right = (round(edge * scale) for edge in _bounds(kept))
    air = round(0.04 * max(bottom - top, right - left)) + 2
    rows = slice(max(0, top - air), bottom + air)
    columns = slice(max(0, left - air), right + air)
    cut = _at_most(whole[rows, columns], _WORKED_ON)
    high, wide = red.shape
    edges = (rows.start / scale, min(rows.stop / scale, high))
    sides = (columns.start / scale, min(columns.stop / scale, wide))
    return _print(cut, _stretched(kept, (*edges, *sides), cut.shape))


def _print(cut: npt.NDArray[np.uint8], kept: Mask) -> Print:
    red, shares = _redness(cut)
    ink = kept & (red > _LEAST_RED)
    if not ink.any():
        raise PrintMissing(field="scan")
    full = max(float(np.percentile(red[ink], 85)), _LEAST_RED)
    opacity = np.clip((red / full - _THIN) / (_THICK - _THIN), 0, 1) * kept
    colour = np.median(shares[ink & (red >= 0.9 * full)], axis=0)
    top, bottom, left, right = _bounds(opacity > 0.4)
    opacity = opacity[top:bottom, left:right]
    alpha = _at_most((opacity * 255).round().astype(np.uint8), MOST_SIDE)
    layers = np.empty((*alpha.shape, _CHANNELS), np.uint8)
    layers[..., :3] = np.clip(colour * 255, 0, 255).round()
    layers[..., 3] = alpha
    out = io.BytesIO()
    Image.fromarray(layers, "RGBA").save(out, "PNG", compress_level=9)
    return Print(out.getvalue(), alpha.shape[1], alpha.shape[0])


def _redness(pixels: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """How red the ink of each pixel is (0 to 1), and the share of the paper's light that it leaves (RGB)."""
    shares = np.clip(pixels.astype(np.float32) / _paper(pixels), 0, 1)
    swallowed = 1 - shares
    return np.minimum(swallowed[..., 1], swallowed[..., 2]) - swallowed[..., 0], shares


def _paper(pixels: npt.NDArray[np.uint8]) -> Floats:
    """The paper's colour about each pixel: the lightest there is within a tenth of the picture, smoothed."""
    import cv2

    small = cv2.resize(pixels, (160, 160), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (3, 3), 0)
    lightest = cv2.dilate(small, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (33, 33)))
    even = cv2.GaussianBlur(lightest, (0, 0), 12)
    size = (pixels.shape[1], pixels.shape[0])
    wide: Floats = cv2.resize(even, size, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return np.maximum(wide, 1)


def _main_piece(red: Floats) -> Mask:
    """Where the print is: its pieces (ring, letters, star) with a little about them; specks elsewhere are
    left out. Raises PrintMissing, SeveralPrints."""
    import cv2

    scaled = (np.clip(red, 0, 1) * 255).astype(np.uint8)
    level, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    ink = (red > max(_LEAST_RED, level / 255 * 0.8)).astype(np.uint8)
    reach = max(3, round(max(red.shape) * 0.02)) | 1
    joined = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    count, pieces, boxes, centres = cv2.connectedComponentsWithStats(joined)
    weights = np.bincount(pieces[ink > 0], minlength=count)
    weights[0] = 0
    main = int(weights.argmax())
    left, top, wide, high = (int(value) for value in boxes[main][:4])
    if count < 2 or max(wide, high) < max(red.shape) * 0.03 or _fills(ink, boxes[main]) > _FULLEST:
        raise PrintMissing(field="scan")
    chosen = np.zeros(count, bool)
    for number in range(1, count):
        x, y = centres[number]
        is_inside = left <= x <= left + wide and top <= y <= top + high
        chosen[number] = number == main or is_inside
        if not chosen[number] and weights[number] > _SECOND * weights[main]:
            raise SeveralPrints(field="scan")
    kept: Mask = chosen[pieces]
    return kept


def _fills(ink: npt.NDArray[np.uint8], box: Any) -> float:
    left, top, wide, high = (int(value) for value in box[:4])
    return float(ink[top : top + high, left : left + wide].mean())


def _bounds(mask: Mask) -> tuple[int, int, int, int]:
    """Top, bottom, left, right of what is set; the ends are exclusive. Raises PrintMissing."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        raise PrintMissing(field="scan")
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _stretched(mask: Mask, share: tuple[float, ...], shape: tuple[int, ...]) -> Mask:
    """A part (top, bottom, left, right) of a mask, brought to the size of ``shape``."""
    import cv2

    top, bottom, left, right = (round(edge) for edge in share)
    part = mask[top : max(bottom, top + 1), left : max(right, left + 1)].astype(np.uint8)
    wide: Mask = cv2.resize(part, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST) > 0
    return wide


def _at_most(pixels: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """The picture, made smaller where its longer side has more pixels."""
    import cv2

    high, wide = pixels.shape[:2]
    if max(high, wide) <= side:
        return pixels
    size = tuple(max(1, round(length * side / max(high, wide))) for length in (wide, high))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
