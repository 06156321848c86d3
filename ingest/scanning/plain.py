"""A picture of any kind as one plain picture: upright, in sRGB, of a size that can be worked on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image

from ingest import pdf
from ingest.media import MediaType
from ingest.scanning import pictures

MOST_PIXELS: Final = 40_000_000
PAGE_WIDTH: Final = 4000
"""Pixels across a page of a PDF: 480 dpi on A4."""


def plain(source: Path, media_type: MediaType, target: Path) -> None:
    """Write the first frame, or the first page of a PDF, as an RGB PNG. Raises FileRefused."""
    if media_type is MediaType.PDF:
        pdf.picture(source, 1, PAGE_WIDTH, target)
        return
    with pictures.opened(source) as image:
        turned = pictures.orientation(image)
        frame = next(pictures.frames(image))
        made = pictures.upright(pictures.flat(frame), turned).convert("RGB")
    share = (MOST_PIXELS / (made.width * made.height)) ** 0.5
    if share < 1:
        size = (max(1, int(made.width * share)), max(1, int(made.height * share)))
        made = made.resize(size, Image.Resampling.BOX)
    made.save(target, "PNG", compress_level=1)
