"""A seal's print as a picture: what it is, and how fine it has to be."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

from PIL import Image

from signing.drawing import Picture

MOST_SIDE: Final = 1200
"""Pixels of a print's longer side: 725 dpi at 42 mm."""
LEAST_DPI: Final = 300
"""The resolution a print must have: what office printers show of a stroke of 0.2 mm."""


@dataclass(frozen=True)
class Print:
    """A print as PNG (RGBA, trimmed to its ink), and its size in pixels."""

    png: bytes
    width: int
    height: int


def picture(png: bytes) -> Picture:
    """The pixels of a print that ``take`` wrote."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as opened:
        image = opened.convert("RGBA")
    return Picture(image.width, image.height, image.convert("RGB").tobytes(), image.getchannel("A").tobytes())


def dots_per_inch(pixels: tuple[int, int], size_mm: tuple[float, float]) -> float:
    """The resolution of a print of this size, in the direction in which it is lower."""
    return min(count / length for count, length in zip(pixels, size_mm, strict=True)) * 25.4
